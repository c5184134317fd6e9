"""A body that faces the camera."""

import numpy as np

from body.rig import free_rig


def upright_body() -> tuple[np.ndarray, np.ndarray, float, float]:
    """Rotations (31, 3, 3) and shape (10,) of a body at rest who faces the camera; its top and bottom, y in m."""
    rotations = np.tile(np.eye(3, dtype=np.float32), (31, 1, 1))
    rotations[0] = np.diag([1, -1, -1])
    heights = free_rig(np.zeros(10)).rest_mm[:, 1] / 1000
    return rotations, np.zeros(10, np.float32), -float(heights.max()), -float(heights.min())
