"""A picture of the people in space, which turns to and fro so that one sees their depth."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from demo.tracking.people import TrackedPerson
from pose import Skeleton, draw_skeleton, draw_text

BACKGROUND, FLOOR = (32, 32, 36), (72, 72, 80)
#: How far to either side it turns, how long that takes, and how far from above one looks.
SWING_DEG, SWING_S, TILT_DEG = 50.0, 8.0, 12.0
#: What the picture shows at least, and the side of the floor's tiles.
LEAST_MM, TILE_MM = 2400.0, 500.0


def space_panel(
    people: Sequence[TrackedPerson], skeleton: Skeleton, side_px: int, time_s: float, *, mirror: bool = False
) -> np.ndarray:
    """Draws people with joints in space, uint8 RGB (side_px, side_px, 3).

    Args:
        people: those without joints in space are left out.
        skeleton: of the joints in space.
        side_px: height and width of the picture.
        time_s: by which it turns.
        mirror: as the image beside it is.
    """
    panel = np.full((side_px, side_px, 3), BACKGROUND, np.uint8)
    poses = [person.xyz_mm for person in people if person.xyz_mm is not None and np.isfinite(person.xyz_mm).all()]
    if not poses:
        return draw_text(panel, "nobody in space")
    points = np.stack(poses)
    middle = points.mean(axis=(0, 1))
    reach = max(np.abs(points - middle).max() * 2.3, LEAST_MM)
    angle = np.radians(SWING_DEG) * np.sin(2 * np.pi * time_s / SWING_S)
    turn = _turn(angle)

    def place(xyz_mm: np.ndarray) -> np.ndarray:
        x, y, _ = np.moveaxis((xyz_mm - middle) @ turn.T, -1, 0)
        return np.stack([-x if mirror else x, y], axis=-1) * (side_px / reach) + side_px / 2

    floor = points[..., 1].max()
    for line in _floor_lines(middle, floor, reach):
        (x1, y1), (x2, y2) = place(line).round().astype(int).tolist()
        cv2.line(panel, (x1, y1), (x2, y2), FLOOR, 1, cv2.LINE_AA)
    for pose in sorted(poses, key=lambda pose: -pose[:, 2].mean()):
        panel = draw_skeleton(panel, place(pose), np.ones(len(pose), bool), skeleton, thickness=max(2, side_px // 160))
    distances = ", ".join(f"{np.linalg.norm(pose.mean(axis=0)) / 1000:.1f} m" for pose in poses)
    return draw_text(panel, f"distance {distances}")


def _turn(angle: float) -> np.ndarray:
    """About the vertical, then looking down a little."""
    sin, cos = np.sin(angle), np.cos(angle)
    tilt_sin, tilt_cos = np.sin(np.radians(TILT_DEG)), np.cos(np.radians(TILT_DEG))
    about = np.array([[cos, 0, -sin], [0, 1, 0], [sin, 0, cos]])
    return np.array([[1, 0, 0], [0, tilt_cos, -tilt_sin], [0, tilt_sin, tilt_cos]]) @ about


def _floor_lines(middle: np.ndarray, floor: float, reach: float) -> np.ndarray:
    """Lines (N, 2, 3) of a grid below the people."""
    half = np.floor(reach / 2 / TILE_MM) * TILE_MM
    marks = np.arange(-half, half + 1, TILE_MM)
    lines = [[(mark, -half), (mark, half)] for mark in marks] + [[(-half, mark), (half, mark)] for mark in marks]
    x, z = np.moveaxis(np.array(lines), -1, 0)
    return np.stack([x + middle[0], np.full_like(x, floor), z + middle[2]], axis=-1)
