"""Frames at the resolution that tracking needs."""

from __future__ import annotations

import cv2
import numpy as np

#: The longer side of reduced images, in px.
SIDE_PX = 320


def reduced(picture: np.ndarray) -> tuple[np.ndarray, float]:
    """An image uint8 RGB (H, W, 3) whose longer side is at most `SIDE_PX`, and its scale, at most 1."""
    height, width = picture.shape[:2]
    scale = min(1.0, SIDE_PX / max(height, width))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return cv2.resize(picture, size, interpolation=cv2.INTER_AREA), scale
