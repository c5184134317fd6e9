"""Rotation matrices."""

from __future__ import annotations

import numpy as np


def turn(axis: int, radians: np.ndarray) -> np.ndarray:
    """Rotation matrices (..., 3, 3) about the x (0), y (1) or z (2) axis by angles (...,)."""
    cos, sin = np.cos(radians), np.sin(radians)
    matrices = np.zeros((*np.shape(radians), 3, 3))
    second, third = (axis + 1) % 3, (axis + 2) % 3
    matrices[..., axis, axis] = 1
    matrices[..., second, second] = matrices[..., third, third] = cos
    matrices[..., third, second], matrices[..., second, third] = sin, -sin
    return matrices


def between(start: np.ndarray, end: np.ndarray) -> np.ndarray:
    """The smallest rotation (3, 3) that takes one unit vector to another that is not its opposite."""
    axis, cos = np.cross(start, end), float(start @ end)
    cross = np.array([[0, -axis[2], axis[1]], [axis[2], 0, -axis[0]], [-axis[1], axis[0], 0]])
    return np.eye(3) + cross + cross @ cross / max(1 + cos, 1e-9)


def nearest_rotations(matrices: np.ndarray) -> np.ndarray:
    """The rotations (..., 3, 3) that are nearest to matrices (..., 3, 3), such as to means of rotations."""
    left, _, right = np.linalg.svd(np.asarray(matrices, np.float64))
    left[..., -1] *= np.linalg.det(left @ right)[..., None]
    return left @ right
