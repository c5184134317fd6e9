"""Tables of people's joints, as files: a row for each person (wide), or for each joint (long)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from demo.errors import OutputError
from demo.outputs.files import Output
from demo.tracking.estimator import confidence
from pose import Skeleton

if TYPE_CHECKING:
    import pandas as pd

    from body.seen import SeenBody

TABLE_ENDINGS = (".parquet", ".csv")


def check_table(out: Path) -> None:
    """Checks that a table of this ending can be written.

    Raises:
        OutputError: the ending needs a package that is missing.
    """
    if out.suffix == ".parquet" and find_spec("pyarrow") is None:
        raise OutputError("a .parquet file needs pyarrow: pip install pyarrow, or let --out end in .csv")


def wide_table(
    first: Mapping[str, Sequence | np.ndarray],
    boxes_px: np.ndarray,
    xy_px: np.ndarray,
    scores: np.ndarray,
    skeleton: Skeleton,
) -> pd.DataFrame:
    """A table with a row for each person, and three columns for each joint.

    Args:
        first: the first columns, N values each.
        boxes_px: (N, 4) x and y of the top left corner, width and height.
        xy_px: (N, J, 2).
        scores: (N, J).
        skeleton: of the people; `attrs["skeleton"]` describes it.
    """
    import pandas as pd

    boxes, joints = np.asarray(boxes_px, np.float32), np.dstack([xy_px, scores]).astype(np.float32)
    columns: dict[str, Any] = dict(first)
    columns |= {f"box_{name}_px": boxes[:, k] for k, name in enumerate(("x", "y", "width", "height"))}
    for j, joint in enumerate(skeleton.joints):
        columns |= {f"{joint}_{name}": joints[:, j, k] for k, name in enumerate(("x_px", "y_px", "score"))}
    return _described(pd.DataFrame(columns), skeleton)


def long_table(
    first: Mapping[str, Sequence | np.ndarray], xy_px: np.ndarray, scores: np.ndarray, skeleton: Skeleton
) -> pd.DataFrame:
    """A table with a row for each joint of each person; see `wide_table`. Joints without a place have no row."""
    import pandas as pd

    known = np.isfinite(xy_px).all(axis=2)
    people, joints = np.nonzero(known)
    columns: dict[str, Any] = {name: np.asarray(values)[people] for name, values in first.items()}
    columns["joint"] = pd.Categorical.from_codes(joints, list(skeleton.joints))
    columns["x_px"], columns["y_px"] = xy_px[known].astype(np.float32).T
    columns["score"] = scores[known].astype(np.float32)
    return _described(pd.DataFrame(columns), skeleton)


def with_space(table: pd.DataFrame, xyz_mm: np.ndarray, skeleton: Skeleton) -> pd.DataFrame:
    """A wide table with the people's joints in space (N, K, 3) as columns JOINT_x_mm, JOINT_y_mm and JOINT_z_mm."""
    import pandas as pd

    columns = {
        f"{name}_{letter}_mm": xyz_mm[:, joint, axis].astype(np.float32)
        for joint, name in enumerate(skeleton.joints)
        for axis, letter in enumerate("xyz")
    }
    both = pd.concat([table, pd.DataFrame(columns, index=table.index)], axis=1)
    both.attrs |= table.attrs
    return both


def _described(table: pd.DataFrame, skeleton: Skeleton) -> pd.DataFrame:
    table.attrs["skeleton"] = skeleton.describe()
    return table


def write_table(table: pd.DataFrame, out: Path, option: str = "--out") -> None:
    """Writes a table completely or not at all, as the format of the file's ending.

    Args:
        table: the table.
        out: the file.
        option: that names it, for messages.

    Raises:
        OutputError: it cannot be written.
    """
    output = Output(option, out)
    try:
        with output.writing():
            if out.suffix == ".parquet":
                table.to_parquet(output.file, index=False)
            else:
                table.to_csv(output.file, index=False, float_format="%.4f")
        output.finish()
    finally:
        output.discard()


@dataclass(frozen=True, eq=False)
class TableRow:
    """One person in one image.

    Attributes:
        key: the image's name, or the frame's number.
        time_s: the frame's time in the video; None for an image.
        number: the person's, from 0.
        box_px: (4,) x and y of the top left corner, width and height.
        xy_px: (J, 2) in the image.
        scores: (J,), 0 to 1.
        score: of the person; None for the mean score of the better half of the main joints.
        xyz_mm: (K, 3), joints in space in mm before the camera; None if nothing is lifted.
        body: None if no bodies are looked for.
    """

    key: str | int
    time_s: float | None
    number: int
    box_px: np.ndarray
    xy_px: np.ndarray
    scores: np.ndarray
    score: float | None = None
    xyz_mm: np.ndarray | None = None
    body: SeenBody | None = None

    def person_score(self, skeleton: Skeleton) -> float:
        """The person's score."""
        return confidence(self.scores, skeleton) if self.score is None else self.score


class Table:
    """Collects people and their joints, and writes them as a table.

    Args:
        skeleton: of the people.
        key: name of the first column, "picture" or "frame".
        space: of the people's joints in space; None if there are none.
    """

    def __init__(self, skeleton: Skeleton, key: str, space: Skeleton | None = None) -> None:
        self._skeleton, self._space = skeleton, space
        self._key = key
        self._people: list[TableRow] = []

    def __len__(self) -> int:
        return len(self._people)

    def add(self, people: list[TableRow]) -> None:
        """Adds the people of an image."""
        self._people += people

    def frame(self) -> pd.DataFrame:
        """Returns the table; see `wide_table`."""
        people, joints = self._people, self._skeleton.num_joints
        first: dict[str, list] = {self._key: [person.key for person in people]}
        if self._key == "frame":
            first["time_s"] = [person.time_s for person in people]
        first["person"] = [person.number for person in people]
        table = wide_table(
            first,
            np.array([person.box_px for person in people]).reshape(-1, 4),
            np.array([person.xy_px for person in people]).reshape(-1, joints, 2),
            np.array([person.scores for person in people]).reshape(-1, joints),
            self._skeleton,
        )
        if self._space is None:
            return table
        xyz_mm = np.array([person.xyz_mm for person in people]).reshape(-1, self._space.num_joints, 3)
        return with_space(table, xyz_mm, self._space)

    def write(self, out: Path) -> None:
        """Writes the table; see `write_table`."""
        write_table(self.frame(), out)
