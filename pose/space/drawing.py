"""Poses about the hips as pictures: what was seen, and the pose as seen, from the side and from above."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import cv2
import numpy as np

from pose.draw import captioned, draw_skeleton
from pose.skeleton import Skeleton

#: The color of true poses beside those of a net.
TRUE = (150, 150, 150)
#: Side of a cell of `strip`.
CELL_PX = 180
#: Half of what a view shows.
REACH_MM = 1150.0
# The axes of a view, in the frame of the camera turned to the person.
_VIEWS = {"as seen": (0, 1), "side": (2, 1), "above": (0, 2)}


class Drawn(NamedTuple):
    """A pose to draw: joints (J, 3) in mm, which of them, and one color or None for a color of each side."""

    xyz_mm: np.ndarray
    known: np.ndarray
    color: tuple[int, int, int] | None = None


def strip(shown: np.ndarray, poses: Sequence[Drawn], skeleton: Skeleton) -> np.ndarray:
    """Puts poses in three views on white beside what was shown.

    Args:
        shown: uint8 RGB (`CELL_PX`, `CELL_PX`, 3), such as of `joints_shown`.
        poses: one over the other.
        skeleton: of the J joints.

    Returns:
        uint8 RGB.
    """
    cells = [captioned(shown, "shown")]
    for name, axes in _VIEWS.items():
        cell = _blank()
        for pose in poses:
            xy = _placed(pose.xyz_mm[:, axes] / REACH_MM)
            cell = draw_skeleton(cell, xy, pose.known, skeleton, color=pose.color)
        cells.append(captioned(cell, name))
    return np.concatenate(cells, axis=1)


def joints_shown(xy: np.ndarray, visible: np.ndarray, skeleton: Skeleton) -> np.ndarray:
    """Joints (J, 2) from -1 to 1 as a picture, those that are visible, bool (J,)."""
    return draw_skeleton(_blank(), _placed(xy / 1.1), visible, skeleton)


def depth_shown(depth_mm: np.ndarray, body_mm: float) -> np.ndarray:
    """A depth image (S, S) as a picture: from `REACH_MM` before the body, blue, to as much behind it, red."""
    share = np.clip((depth_mm.astype(np.float64) - body_mm) / REACH_MM, -1, 1)
    colors = cv2.applyColorMap(np.round((share + 1) * 127.5).astype(np.uint8), cv2.COLORMAP_TURBO)
    colors[depth_mm == 0] = 0
    return cv2.resize(colors, (CELL_PX, CELL_PX), interpolation=cv2.INTER_NEAREST)[..., ::-1].copy()


def _blank() -> np.ndarray:
    return np.full((CELL_PX, CELL_PX, 3), 255, np.uint8)


def _placed(xy: np.ndarray) -> np.ndarray:
    """Points of -1 to 1 in px of a cell."""
    return (xy + 1) / 2 * CELL_PX - 0.5
