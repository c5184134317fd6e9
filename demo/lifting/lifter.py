"""An exported lifter, which gives a person's joints in space from those of a 2D model over time."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from artefact.formats import ArtefactError, installed, trusted
from artefact.model import Model
from demo.errors import ArgumentError, ModelError
from demo.runtimes.exports import check_export
from pose import Camera, Skeleton, convert_joints
from pose.space.lifting import (
    LIFTED_FPS,
    STATURE_MM,
    USUAL_FOCAL,
    at_times,
    in_camera,
    placed,
    seen,
    usual_camera,
)
from pose.tasks import POSE_LIFT, task_of
from weights import shipped

# Formats by how fast they run nets as small as these.
_RUNTIMES = ("litert", "litert-fp16", "onnx", "openvino", "frozen", "saved-model")
_BATCH = 256
_SHORTEST_MM, _TALLEST_MM = 300.0, 3000.0


@dataclass(frozen=True, kw_only=True)
class LiftOptions:
    """Options of demos that also give joints in space.

    Attributes:
        space: also give the joints in space, in mm before the camera.
        lifter: the model that lifts them, an exported one or the name of one that comes with PanoPose.
        stature_mm: the people's height, by which they are scaled.
        focal: the camera's focal length as a share of the longer side of its image.
    """

    space: bool = False
    lifter: Path = Path("lift")
    stature_mm: float = STATURE_MM
    focal: float = USUAL_FOCAL

    def check_lifting(self) -> None:
        """Checks the numbers.

        Raises:
            ArgumentError: one of them cannot be.
        """
        if not _SHORTEST_MM <= self.stature_mm <= _TALLEST_MM:
            raise ArgumentError(
                f"--stature-mm must be {_SHORTEST_MM:.0f} to {_TALLEST_MM:.0f}, got {self.stature_mm:g}"
            )
        if not 0.1 <= self.focal <= 20:
            raise ArgumentError(f"--focal must be 0.1 to 20 of the longer side, got {self.focal:g}")

    def export(self) -> Path:
        """The lifter's export.

        Raises:
            ModelError: there is none.
        """
        run = shipped(self.lifter)
        return check_export(run / "export" if run else self.lifter)

    def load_lifter(self, skeleton: Skeleton) -> Lifter | None:
        """Loads the lifter for people of a skeleton; None without --space."""
        return Lifter(self.export(), skeleton, self.stature_mm, self.focal) if self.space else None


class Lifted(NamedTuple):
    """Poses in space: joints (N, J, 3) in mm about the hips in the camera's frame, and where the hips are, (N, 3)."""

    xyz_mm: np.ndarray
    hips_mm: np.ndarray

    @property
    def before_camera_mm(self) -> np.ndarray:
        """The joints (N, J, 3) where they stand; NaN where the place is unknown."""
        return self.xyz_mm + self.hips_mm[:, None]


class Lifter:
    """An exported lifter.

    Attributes:
        skeleton: of the joints in space.
        frames: T, of the windows that it takes.

    Args:
        path: of the export.
        people: the skeleton of the 2D model's people.
        stature_mm: the people's height.
        focal: the camera's focal length as a share of the longer side of the image.

    Raises:
        ModelError: it cannot be loaded, is no lifter, or shares fewer than the joints of arms and legs with `people`.
    """

    def __init__(
        self, path: Path, people: Skeleton, stature_mm: float = STATURE_MM, focal: float = LiftOptions.focal
    ) -> None:
        self._model = opened(path)
        description = self._model.description
        self.skeleton = check_lifter(description, people)
        self.frames = int(description["size"])
        self._people, self._scale, self._focal = people, stature_mm / STATURE_MM, focal

    def lift(
        self,
        xy_px: np.ndarray,
        scores: np.ndarray,
        times_s: np.ndarray,
        wanted_s: np.ndarray,
        size: tuple[int, int],
        camera: Camera | None = None,
    ) -> Lifted:
        """Lifts one person's joints at some times; a frame of other times helps if it is less than half a second away.

        Args:
            xy_px: float (F, J, 2), of the 2D model; NaN where there is none.
            scores: float (F, J); 0 for joints that are not to be used.
            times_s: float (F,), ascending.
            wanted_s: float (N,).
            size: (height, width) of the images in px.
            camera: the calibrated one; None for one of the usual focal length.
        """
        camera = camera or usual_camera(size, self._focal)
        scores = np.where(np.isfinite(xy_px).all(axis=-1), scores, 0.0)
        xy, score = convert_joints(np.nan_to_num(xy_px), scores, self._people, self.skeleton)
        steps = (np.arange(self.frames) - self.frames // 2) / LIFTED_FPS
        track = at_times(camera.without_distortion(xy), score, times_s, wanted_s[:, None] + steps)
        windows, turn = seen(track.values, track.scores)
        xyz_mm = in_camera(self.forward(windows).astype(np.float64), turn) * self._scale
        middle = self.frames // 2
        return Lifted(xyz_mm, placed(xyz_mm, track.values[:, middle], track.scores[:, middle]))

    def forward(self, windows: np.ndarray) -> np.ndarray:
        """The model's own answers, (N, J, 3) in mm, for windows (N, T, J, 3) of `pose.space.lifting.Seen`."""
        parts = [
            self._model.run({"joints": windows[k : k + _BATCH]})["joints_xyz_mm"]
            for k in range(0, len(windows), _BATCH)
        ]
        return np.concatenate(parts)


def check_lifter(description: dict, people: Skeleton) -> Skeleton:
    """The skeleton of a lifter's joints in space.

    Args:
        description: of the export.
        people: the skeleton of the people who are to be lifted.

    Raises:
        ModelError: it is no lifter, or the people lack joints.
    """
    if task_of(description) is not POSE_LIFT:
        raise ModelError("that model lifts no joints to 3D; train one that does with `python -m train.lifter`")
    if not people.has_arms_and_legs:
        raise ModelError(
            f"joints in space need shoulders, elbows, wrists, hips, knees and ankles, which {people.name} lacks"
        )
    return Skeleton.from_description(description["skeleton"])


def opened(path: Path) -> Model:
    """The export in the first installed runtime whose file passed the export's check.

    Raises:
        ModelError: there is none, or it cannot be loaded.
    """
    try:
        passed = trusted(path)
        runtime = next((name for name in _RUNTIMES if name in passed and installed(name)), None)
        if runtime is None:
            raise ModelError(f"{str(path)!r} holds no format that passed its check and whose runtime is installed")
        return Model(path, runtime, threads=1)
    except ArtefactError as error:
        raise ModelError(str(error)) from error
