"""The dome's cameras."""

from __future__ import annotations

import numpy as np

from pose import Camera

#: The studio's HD cameras are named 00_00 to 00_30.
MAX_CAMERAS = 31
RADIUS_MM = 2750.0
MIDDLE_MM = np.array([0.0, -1100.0, 0.0])

# The two ends of the range of lenses that the studio's HD cameras have, as published in its calibration files:
# focal length by picture width, k1, k2, p1, p2, k3.
_WIDE = np.array([1395 / 1920, -0.285, 0.185, 0.0, 0.001, -0.050])
_LONG = np.array([1640 / 1920, -0.223, 0.195, -0.001, 0.001, 0.030])


def dome_cameras(rng: np.random.Generator, count: int, size: tuple[int, int]) -> list[Camera]:
    """Cameras on the dome's wall, spread about it, that look at its middle.

    Args:
        rng: where all randomness comes from.
        count: how many, at most 31.
        size: (height, width) of the pictures in px.
    """
    height, width = size
    first = rng.uniform(0, 2 * np.pi)
    cameras = []
    for i in range(count):
        azimuth = first + 2 * np.pi * (i + rng.uniform(-0.25, 0.25)) / count
        up = rng.uniform(-2500, -800)
        across = 0.98 * np.sqrt(RADIUS_MM**2 - (up - MIDDLE_MM[1]) ** 2)
        center = np.array([across * np.sin(azimuth), up, across * np.cos(azimuth)])
        rotation = look_at(center, rng.normal((0, -900, 0), 60), roll=rng.normal(0, 0.015))
        lens = _WIDE + rng.uniform() * (_LONG - _WIDE)
        focal = lens[0] * width
        middle = np.array([width - 1, height - 1]) / 2 + rng.normal(0, 0.01 * width, 2)
        matrix = np.array([[focal, 0, middle[0]], [0, focal * 0.998, middle[1]], [0, 0, 1]])
        cameras.append(Camera(f"00_{i:02d}", size, matrix, lens[1:], rotation, -rotation @ center))
    return cameras


def look_at(center: np.ndarray, target: np.ndarray, *, roll: float) -> np.ndarray:
    """The rotation (3, 3), world to camera, of a camera that stands at one point and looks at another."""
    forward = (target - center) / np.linalg.norm(target - center)
    right = np.cross([0.0, 1.0, 0.0], forward)
    right /= np.linalg.norm(right)
    down = np.cross(forward, right)
    sin, cos = np.sin(roll), np.cos(roll)
    return np.stack([cos * right + sin * down, cos * down - sin * right, forward])
