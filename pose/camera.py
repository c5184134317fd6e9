"""A calibrated camera with the five-coefficient lens model of OpenCV, which Panoptic Studio uses as well."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np

_MOST_PIXELS, _LARGEST = 1 << 16, 1e6


@dataclass(frozen=True, eq=False)
class Camera:
    """A pinhole camera with radial and tangential distortion (Brown's model as in OpenCV).

    World points X become camera points R X + t; the camera looks along its own +z, y points down.

    Attributes:
        name: the data set's name of the camera, such as "00_03".
        size: (height, width) of its images in px.
        matrix: float64 (3, 3), focal lengths and principal point in px.
        distortion: float64 (5,): k1, k2, p1, p2, k3.
        rotation: float64 (3, 3), world to camera.
        translation_mm: float64 (3,), world to camera.
    """

    name: str
    size: tuple[int, int]
    matrix: np.ndarray
    distortion: np.ndarray
    rotation: np.ndarray
    translation_mm: np.ndarray

    def __post_init__(self) -> None:
        """Converts the arrays to float64 and checks their shapes and values."""
        shapes = {"matrix": (3, 3), "distortion": (5,), "rotation": (3, 3), "translation_mm": (3,)}
        for field, shape in shapes.items():
            value = np.asarray(getattr(self, field), dtype=np.float64)
            if value.shape != shape or not np.isfinite(value).all():
                raise ValueError(
                    f"camera {self.name!r}: {field} must be finite numbers of shape {shape}, got {value.tolist()}"
                )
            object.__setattr__(self, field, value)

    @property
    def center_mm(self) -> np.ndarray:
        """float64 (3,): where the camera stands in the world."""
        return -self.rotation.T @ self.translation_mm

    @cached_property
    def _max_radius_squared(self) -> float:
        """The normalized radius squared beyond which the radial polynomial folds back on itself and is invalid."""
        k1, k2, _, _, k3 = self.distortion
        roots = np.roots([7 * k3, 5 * k2, 3 * k1, 1.0])
        turns = roots[(np.abs(roots.imag) < 1e-12) & (roots.real > 0)].real
        return float(turns.min()) if turns.size else np.inf

    def to_camera(self, points_world_mm: np.ndarray) -> np.ndarray:
        """World points (..., 3) in mm -> points in the camera's frame (..., 3) in mm."""
        return np.asarray(points_world_mm, np.float64) @ self.rotation.T + self.translation_mm

    def to_world(self, points_camera_mm: np.ndarray) -> np.ndarray:
        """Points in the camera's frame (..., 3) in mm -> world points (..., 3) in mm."""
        return (np.asarray(points_camera_mm, np.float64) - self.translation_mm) @ self.rotation

    def project_camera(self, points_camera_mm: np.ndarray) -> np.ndarray:
        """Points in the camera's frame (..., 3) in mm -> image points (..., 2) in px; NaN where z <= 0."""
        points = np.asarray(points_camera_mm, np.float64)
        z = np.where(points[..., 2] > 0, points[..., 2], np.nan)
        x, y = points[..., 0] / z, points[..., 1] / z
        k1, k2, p1, p2, k3 = self.distortion
        r2 = x * x + y * y
        radial = 1 + r2 * (k1 + r2 * (k2 + r2 * k3))
        # Both tangential terms use the undistorted x and y.
        distorted_x = x * radial + 2 * p1 * x * y + p2 * (r2 + 2 * x * x)
        distorted_y = y * radial + p1 * (r2 + 2 * y * y) + 2 * p2 * x * y
        homogeneous = np.stack([distorted_x, distorted_y, np.ones_like(x)], axis=-1)
        return (homogeneous @ self.matrix.T)[..., :2]

    def project(self, points_world_mm: np.ndarray) -> np.ndarray:
        """World points (..., 3) in mm -> image points (..., 2) in px; NaN where behind the camera."""
        return self.project_camera(self.to_camera(points_world_mm))

    def without_distortion(self, xy_px: np.ndarray) -> np.ndarray:
        """Image points (..., 2) in px -> where their rays cross the plane z = 1 of the camera's frame, (..., 2)."""
        xy_px = np.asarray(xy_px, np.float64)
        flat = np.ascontiguousarray(xy_px.reshape(-1, 1, 2))
        if not len(flat):
            return xy_px
        criteria = (cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, 100, 1e-12)
        return cv2.undistortPoints(flat, self.matrix, self.distortion, criteria=criteria).reshape(xy_px.shape)

    def back_project(self, xy_px: np.ndarray, depth_mm: np.ndarray | float) -> np.ndarray:
        """Image points (..., 2) in px and their depth z (...) in mm -> world points (..., 3) in mm."""
        rays = self.without_distortion(xy_px)
        depth = np.broadcast_to(np.asarray(depth_mm, np.float64), rays.shape[:-1])[..., None]
        return self.to_world(np.concatenate([rays * depth, depth], axis=-1))

    def in_front(self, points_world_mm: np.ndarray) -> np.ndarray:
        """Whether world points (..., 3) lie in front of the camera and inside the lens model's range, bool (...)."""
        points = self.to_camera(points_world_mm)
        z = points[..., 2]
        r2 = np.sum(points[..., :2] ** 2, axis=-1) / np.where(z > 0, z, np.inf) ** 2
        return (z > 0) & (r2 < self._max_radius_squared)

    def contains(self, xy_px: np.ndarray) -> np.ndarray:
        """Whether image points (..., 2) fall on a pixel of the image, bool (...); False for NaN."""
        height, width = self.size
        x, y = np.asarray(xy_px)[..., 0], np.asarray(xy_px)[..., 1]
        return (x >= -0.5) & (x < width - 0.5) & (y >= -0.5) & (y < height - 0.5)


def check_camera(camera: Camera) -> None:
    """Raises for impossible cameras, whose numbers would move joints anywhere or overflow later.

    Raises:
        ValueError: its image size, focal lengths, rotation, distortion or position is impossible.
    """
    numbers = np.hstack([camera.matrix.ravel(), camera.distortion, camera.rotation.ravel(), camera.translation_mm])
    if np.abs(numbers).max() > _LARGEST:
        raise ValueError(f"K, distCoef, R and t must be smaller than {_LARGEST:g}, got {np.abs(numbers).max():g}")
    if not 1 <= min(camera.size) <= max(camera.size) <= _MOST_PIXELS:
        raise ValueError(f"resolution must be from 1 to {_MOST_PIXELS} px, got {camera.size[::-1]}")
    if not np.allclose(camera.rotation @ camera.rotation.T, np.eye(3), atol=1e-3):
        raise ValueError(f"R must be a rotation, got {camera.rotation.tolist()}")
    if (camera.matrix[[0, 1], [0, 1]] <= 0).any() or camera.matrix[2].tolist() != [0, 0, 1]:
        raise ValueError(f"K must have focal lengths above 0 and end in 0, 0, 1, got {camera.matrix.tolist()}")
