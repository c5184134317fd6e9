"""A body as a net sees it in a crop of an image, by a camera of weak perspective, and where it then stands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from body.rig import Rig, free_rig
from pose.camera import Camera
from pose.crop import Crop
from pose.space.lifting import turn_to
from pose.space.turns import nearest_rotations

_MM_PER_M = 1000.0
# No one is seen larger than this distance shows them, or smaller.
_NEAREST_MM, _FARTHEST_MM = 100.0, 1e6


@dataclass(frozen=True, eq=False)
class SeenBody:
    """One person in a crop.

    Attributes:
        camera: (3,), scale s and place t: a point (x, y) m from the root's head is at s ((x, y) + t), where -1 and 1
            are the crop's edges.
        rotations: (31, 3, 3), each bone's relative to its parent, and the first as seen from straight ahead (x right,
            y down, z away).
        shape_values: (10,).
        crop: of the image.
    """

    camera: np.ndarray
    rotations: np.ndarray
    shape_values: np.ndarray
    crop: Crop

    #: How many of `values` are in px.
    NUM_PX: ClassVar[int] = 3

    def values(self) -> np.ndarray:
        """What can be smoothed over time, whatever the crop: root (x, y) and a meter in px, rotations and shape."""
        root = self.project(np.zeros((1, 3)))[0]
        return np.concatenate([root, [self.px_per_m], np.ravel(self.rotations), self.shape_values]).astype(np.float64)

    def of_values(self, values: np.ndarray) -> SeenBody:
        """The body of such values in this crop, with the nearest rotations."""
        scale = max(values[2] / (self.crop.size / 2 * self.crop.scale), 1e-9)
        place = (self.crop.points_to_crop(values[:2]) + 0.5) * 2 / self.crop.size - 1
        count = np.size(self.rotations)
        rotations, shape = np.split(values[self.NUM_PX :], [count])
        camera = np.array([scale, *(place / scale)])
        return SeenBody(camera, nearest_rotations(rotations.reshape(-1, 3, 3)), shape, self.crop)

    @property
    def px_per_m(self) -> float:
        """How large it is in the image."""
        return float(self.camera[0]) * self.crop.size / 2 * self.crop.scale

    def project(self, points_mm: np.ndarray) -> np.ndarray:
        """Points (N, 3) about the root's head, as seen from straight ahead, in px of the image, float64 (N, 2)."""
        scale, *place = self.camera.astype(np.float64)
        xy = scale * (points_mm[:, :2] / _MM_PER_M + place)
        return self.crop.points_to_frame((xy + 1) * self.crop.size / 2 - 0.5)

    def skin(self) -> tuple[Rig, np.ndarray]:
        """The body of this shape, and its vertices float32 (V, 3) in mm about the root's head, from straight ahead."""
        rig = free_rig(self.shape_values)
        return rig, rig.vertices(self.rotations[None], np.zeros((1, 3)))[0]

    def distance_mm(self, camera: Camera) -> float:
        """How far away a camera that sees it at this size is."""
        focal_px = float(np.mean(np.diag(camera.matrix)[:2]))
        # Comparisons with NaN are false.
        size = self.px_per_m if self.px_per_m > 0 else 0.0
        return float(np.clip(focal_px * _MM_PER_M / max(size, 1e-9), _NEAREST_MM, _FARTHEST_MM))

    def in_camera(self, camera: Camera) -> tuple[np.ndarray, np.ndarray]:
        """The body in a camera's frame.

        Returns:
            Rotations (31, 3, 3), the first in the camera's frame, and the root's head (3,) in mm.
        """
        rays = camera.without_distortion(self.project(np.zeros((1, 3))))[0]
        line = np.append(rays, 1.0) / np.hypot(1.0, np.linalg.norm(rays))
        rotations = np.array(self.rotations, np.float64)
        rotations[0] = turn_to(line).T @ rotations[0]
        return rotations, line * self.distance_mm(camera)
