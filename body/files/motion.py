"""A body that moves, as files want it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.spatial.transform import Rotation, Slerp

from body.rig import Rig

#: From a camera's frame (x right, y down, z away) to that of files: x right, y up, z to the camera.
TO_FILE = np.diag([1.0, -1.0, -1.0])


@dataclass(frozen=True, eq=False)
class BodyMotion:
    """A body in F frames, in the frame of files: x right, y up, z to the camera.

    Attributes:
        rig: the body.
        times_s: float64 (F,), increasing.
        rotations: float64 (F, B, 3, 3), each bone's rotation relative to its parent.
        root_mm: float64 (F, 3), the head of the first bone.
    """

    rig: Rig
    times_s: np.ndarray
    rotations: np.ndarray
    root_mm: np.ndarray

    def __post_init__(self) -> None:
        count, bones = len(self.times_s), len(self.rig.parents)
        shapes = self.rotations.shape, self.root_mm.shape
        if not count or shapes != ((count, bones, 3, 3), (count, 3)) or not (np.diff(self.times_s) > 0).all():
            raise ValueError(
                f"a motion of {count} increasing times needs rotations ({count}, {bones}, 3, 3) and root_mm "
                f"({count}, 3), got {shapes[0]} and {shapes[1]}"
            )

    @classmethod
    def in_camera(cls, rig: Rig, times_s: np.ndarray, rotations: np.ndarray, root_mm: np.ndarray) -> BodyMotion:
        """A motion in a camera's frame."""
        rotations = np.array(rotations, np.float64)
        rotations[:, 0] = TO_FILE @ rotations[:, 0]
        return cls(rig, np.asarray(times_s, np.float64), rotations, np.asarray(root_mm, np.float64) @ TO_FILE)

    def vertices_mm(self) -> np.ndarray:
        """The skin, float32 (F, V, 3)."""
        return self.rig.vertices(self.rotations, self.root_mm)

    def evenly(self) -> tuple[BodyMotion, float]:
        """The same at even times, as far apart as its frames mostly are, and that time in seconds."""
        step = float(np.median(np.diff(self.times_s))) if len(self.times_s) > 1 else 1 / 30
        times = self.times_s[0] + step * np.arange(round((self.times_s[-1] - self.times_s[0]) / step) + 1)
        if len(times) == len(self.times_s) and np.allclose(times, self.times_s, atol=1e-3 * step):
            return self, step
        times = np.minimum(times, self.times_s[-1])
        bones = range(len(self.rig.parents))
        turns = [Slerp(self.times_s, Rotation.from_matrix(self.rotations[:, b]))(times).as_matrix() for b in bones]
        root = np.stack([np.interp(times, self.times_s, axis) for axis in self.root_mm.T], axis=1)
        return BodyMotion(self.rig, times, np.stack(turns, axis=1), root), step
