"""Silhouettes of walking people, brought to one size as gait recognition takes them."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

#: (height, width) in px of GaitSet's silhouettes (arXiv 1811.06186).
SILHOUETTE_SIZE = (64, 44)
# Fewer pixels are noise.
_LEAST_PIXELS = 64


def largest_part(mask: np.ndarray) -> np.ndarray:
    """The largest connected part of a mask with its holes filled, uint8 (h, w) of 0 and 255."""
    contours, _ = cv2.findContours((mask > 0).astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    drawn = np.zeros(mask.shape, np.uint8)
    if contours:
        cv2.drawContours(drawn, [max(contours, key=cv2.contourArea)], -1, 255, cv2.FILLED)
    return drawn


def normalized(mask: np.ndarray, size: tuple[int, int] = SILHOUETTE_SIZE) -> np.ndarray | None:
    """The person in a mask, as high as the result, with half of their area left and right of the middle.

    This is what GaitSet's authors do with CASIA-B.

    Args:
        mask: (h, w), above 0 inside the person.
        size: (height, width) of the result in px.

    Returns:
        uint8 (height, width), 0 to 255; None if hardly anything is inside.
    """
    inside = (np.asarray(mask) > 0).astype(np.uint8)
    rows, columns = (np.flatnonzero(inside.any(axis=axis)) for axis in (1, 0))
    if inside.sum() < _LEAST_PIXELS:
        return None
    height, width = size
    part: np.ndarray = inside[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1] * np.uint8(255)
    scale = height / len(part)
    wide = max(1, round(part.shape[1] * scale))
    part = cv2.resize(part, (wide, height), interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    area = np.cumsum(part.sum(axis=0, dtype=np.int64))
    middle = int(np.searchsorted(area, area[-1] / 2))
    padded = np.pad(part, ((0, 0), (width, width)))
    left = middle + width - width // 2
    return np.ascontiguousarray(padded[:, left : left + width])


def energy_image(silhouettes: Sequence[np.ndarray]) -> np.ndarray:
    """The gait energy image (Han and Bhanu, 2006): the mean of silhouettes, uint8 of their size."""
    if not len(silhouettes):
        raise ValueError("an energy image is the mean of one silhouette or more, got none")
    return np.rint(np.mean(np.asarray(silhouettes, np.float64), axis=0)).astype(np.uint8)
