"""Poses about the hips as pictures: what was seen, and the pose as seen, from the side and from above."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from pose.draw import captioned, draw_skeleton
from pose.skeleton import Skeleton

#: The color of true poses beside those of a net.
TRUE = (150, 150, 150)
_CELL_PX = 180
# Half of what a view shows.
_REACH_MM = 1150.0
# The axes of a view, in the frame of the camera turned to the person.
_VIEWS = {"as seen": (0, 1), "side": (2, 1), "above": (0, 2)}


class Drawn(NamedTuple):
    """A pose to draw: joints (J, 3) in mm, which of them, and one color or None for a color of each side."""

    xyz_mm: np.ndarray
    known: np.ndarray
    color: tuple[int, int, int] | None = None


def strip(joints: np.ndarray, poses: Sequence[Drawn], skeleton: Skeleton) -> np.ndarray:
    """Draws what was seen, and poses in three views on white.

    Args:
        joints: float (J, 3), x, y in -1 to 1 and the score (`pose.space.lifting.Seen`).
        poses: one over the other.
        skeleton: of the J joints.

    Returns:
        uint8 RGB.
    """
    blank = np.full((_CELL_PX, _CELL_PX, 3), 255, np.uint8)
    cells = [captioned(draw_skeleton(blank, _placed(joints[:, :2] / 1.1), joints[:, 2] > 0, skeleton), "shown")]
    for name, axes in _VIEWS.items():
        cell = blank
        for pose in poses:
            xy = _placed(pose.xyz_mm[:, axes] / _REACH_MM)
            cell = draw_skeleton(cell, xy, pose.known, skeleton, color=pose.color)
        cells.append(captioned(cell, name))
    return np.concatenate(cells, axis=1)


def _placed(xy: np.ndarray) -> np.ndarray:
    """Points of -1 to 1 in px of a cell."""
    return (xy + 1) / 2 * _CELL_PX - 0.5
