"""The folder of --bodies: each person of a picture as OBJ, each track of a video as glTF and BVH, and a table."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

import numpy as np
from scipy.spatial.transform import Rotation

from body.files.bvh import body_bvh
from body.files.glb import glb_bytes
from body.files.motion import BodyMotion
from body.files.obj import obj_text
from body.human import BONES
from body.rig import free_rig
from body.seen import SeenBody
from demo.bodies.options import BODIES_OPTION
from demo.outputs.new_folder import NewFolder
from demo.outputs.table import TABLE_ENDINGS, TableRow, check_table, write_table
from pose.space.bvh_writing import bvh_text
from pose.space.lifting import usual_camera

if TYPE_CHECKING:
    import pandas as pd

_TABLE = "rotations"


@dataclass(frozen=True, eq=False)
class _Row:
    """A body: rotations as axis times angle (31, 3), the root (3,) before the camera, the shape (10,)."""

    key: str | int
    time_s: float | None
    number: int
    vectors: np.ndarray
    root_mm: np.ndarray
    shape_values: np.ndarray


class BodyFolder(NewFolder):
    """The folder, as a context manager; it has its final name after `finish` only.

    Everything stands in one frame: that of the camera in the table, x right, y up, z to the camera in the other files.

    Args:
        folder: its final name, checked by `demo.bodies.options.BodyOptions.check_bodies`.
        focal: the camera's focal length as a share of the longer side of the image.
        table: the ending of the table, .csv or .parquet.
    """

    def __init__(self, folder: Path, focal: float, table: str = ".csv") -> None:
        super().__init__(BODIES_OPTION, folder)
        self._focal = focal
        self._table = table if table in TABLE_ENDINGS else ".csv"
        check_table(Path(self._table))
        self._rows: list[_Row] = []

    def add(self, key: str | int, time_s: float | None, number: int, body: SeenBody, size: tuple[int, int]) -> None:
        """Adds a person of an image (height, width); of a picture, whose `time_s` is None, the OBJ file is written.

        Raises:
            OutputError: it cannot be written.
        """
        rotations, root_mm = body.in_camera(usual_camera(size, self._focal))
        vectors = Rotation.from_matrix(rotations).as_rotvec().astype(np.float32)
        shape = np.asarray(body.shape_values, np.float32)
        self._rows.append(_Row(key, time_s, number, vectors, root_mm.astype(np.float32), shape))
        if time_s is None:
            motion = BodyMotion.in_camera(free_rig(shape), np.zeros(1), rotations[None], root_mm[None])
            text = obj_text(motion.vertices_mm()[0], motion.rig.faces, f"person_{number}")
            self._write(self._free_name(str(key), number), text.encode())

    def add_all(self, people: Iterable[TableRow], size: tuple[int, int]) -> None:
        """Adds those people of an image (height, width) whose bodies are known; see `add`."""
        for one in people:
            if one.body is not None:
                self.add(one.key, one.time_s, one.number, one.body, size)

    def finish(self) -> None:
        """Writes the tracks and the table, and renames the folder.

        Raises:
            OutputError: something cannot be written.
        """
        tracks: dict[int, list[_Row]] = {}
        for row in self._rows:
            if row.time_s is not None:
                tracks.setdefault(row.number, []).append(row)
        for number, rows in tracks.items():
            motion, name = _motion_of(rows), f"person_{number}"
            self._write(self.partial / f"{name}.glb", glb_bytes(motion, name))
            self._write(self.partial / f"{name}.bvh", bvh_text(body_bvh(motion)).encode())
        write_table(_table_of(self._rows), self.partial / f"{_TABLE}{self._table}", BODIES_OPTION)
        super().finish()

    def _free_name(self, key: str, number: int) -> Path:
        """PICTURE_NUMBER.obj; with the picture's ending where two pictures differ in it alone."""
        path = self.partial / f"{PurePosixPath(key).with_suffix('')}_{number}.obj"
        return self.partial / f"{key}_{number}.obj" if path.exists() else path

    def _write(self, path: Path, content: bytes) -> None:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        except OSError as error:
            raise self.problem(error) from error


def _motion_of(rows: Iterable[_Row]) -> BodyMotion:
    """A track, whose body has the mean of its shapes."""
    rows = list(rows)
    vectors = np.stack([row.vectors for row in rows])
    rotations = Rotation.from_rotvec(vectors.reshape(-1, 3)).as_matrix().reshape(*vectors.shape, 3)
    times = np.array([row.time_s for row in rows], np.float64)
    rig = free_rig(np.mean([row.shape_values for row in rows], axis=0))
    return BodyMotion.in_camera(rig, times, rotations, np.stack([row.root_mm for row in rows]))


def _table_of(rows: list[_Row]) -> pd.DataFrame:
    """A row for each person in an image: place, shape, and each bone's rotation as an axis times degrees."""
    import pandas as pd

    video = any(row.time_s is not None for row in rows)
    columns: dict[str, object] = {"frame" if video else "picture": [row.key for row in rows]}
    if video:
        columns["time_s"] = [row.time_s for row in rows]
    columns["person"] = [row.number for row in rows]
    roots = np.array([row.root_mm for row in rows], np.float32).reshape(-1, 3)
    columns |= {f"root_{letter}_mm": roots[:, axis] for axis, letter in enumerate("xyz")}
    shapes = np.array([row.shape_values for row in rows], np.float32).reshape(len(rows), -1)
    columns |= {f"shape_{number}": shapes[:, number] for number in range(shapes.shape[1])}
    degrees = np.degrees(np.array([row.vectors for row in rows], np.float32).reshape(-1, len(BONES), 3))
    for bone, name in enumerate(BONES):
        columns |= {f"{name}_{letter}_deg": degrees[:, bone, axis] for axis, letter in enumerate("xyz")}
    return pd.DataFrame(columns)
