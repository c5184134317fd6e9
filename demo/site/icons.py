"""The icons with which phones show the page among their apps: a walking skeleton, drawn."""

from __future__ import annotations

import cv2
import numpy as np

from pose import LSP14
from pose.draw import draw_skeleton

#: Files and their sides in px: those that Android and iOS ask for.
ICONS = {"icon-192.png": 192, "icon-512.png": 512, "apple-touch-icon.png": 180}
_GROUND = (20, 20, 20)
# Someone who walks to the right, in shares of the icon. Phones cut icons round, so that the corners stay empty.
_WALKER = {
    "head_top": (0.53, 0.17),
    "neck": (0.52, 0.31),
    "left_shoulder": (0.50, 0.33),
    "right_shoulder": (0.54, 0.33),
    "left_elbow": (0.40, 0.43),
    "right_elbow": (0.60, 0.45),
    "left_wrist": (0.37, 0.54),
    "right_wrist": (0.70, 0.50),
    "left_hip": (0.49, 0.55),
    "right_hip": (0.52, 0.55),
    "left_knee": (0.61, 0.67),
    "right_knee": (0.47, 0.69),
    "left_ankle": (0.65, 0.82),
    "right_ankle": (0.33, 0.80),
}


def icon_png(side_px: int) -> bytes:
    """An icon as a PNG file."""
    xy_px = side_px * np.array([_WALKER[joint] for joint in LSP14.joints]) - 0.5
    ground = np.full((side_px, side_px, 3), _GROUND, np.uint8)
    shown = np.ones(LSP14.num_joints, bool)
    drawn = draw_skeleton(ground, xy_px, shown, LSP14, thickness=max(2, side_px // 26))
    return cv2.imencode(".png", drawn[..., ::-1])[1].tobytes()
