"""The square views of an image in which a model looks for people: all of it, and parts of it from nearer."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from pose import Crop

#: Neighboring squares of a level overlap by this share of their side at least.
OVERLAP = 0.25
#: Nearer than this share of a square's side to an edge inside the image, a person is cut off.
_EDGE = 0.05


@dataclass(frozen=True)
class View:
    """A square part of an image.

    Attributes:
        x: of its center, in px.
        y: of its center.
        side: in px.
        level: 0 shows the whole image, 1 squares of its shorter side, 2 of half of that, and so on.
    """

    x: float
    y: float
    side: float
    level: int

    def crop(self, size: int) -> Crop:
        """The view as an image of `size` x `size` px."""
        return Crop.centered((self.x, self.y), self.side, size)

    def cuts(self, boxes_px: np.ndarray, height: int, width: int) -> np.ndarray:
        """Which boxes (P, 4) reach an edge of the view where the image goes on: bool (P,)."""
        center = np.array([self.x, self.y])
        low, high = center - self.side / 2, center + self.side / 2
        margin, last = _EDGE * self.side, np.array([width, height]) - 0.5
        left = (boxes_px[:, :2] < low + margin) & (low > 0.5)
        right = (boxes_px[:, :2] + boxes_px[:, 2:] > high - margin) & (high < last - 1)
        return (left | right).any(axis=1)


def views_of(height: int, width: int, size: int, levels: int) -> list[View]:
    """The views of an image, from the whole to the smallest.

    Args:
        height: of the image in px.
        width: of the image.
        size: side of the model's images in px.
        levels: number of levels after the whole image. Levels that would enlarge the image more than one and a half
            times are left out.
    """
    views = [View((width - 1) / 2, (height - 1) / 2, max(height, width), 0)]
    for level in range(1, levels + 1):
        side = min(height, width) / 2 ** (level - 1)
        if 1.5 * side < size:
            break
        places = [(x, y) for y in _middles(height, side) for x in _middles(width, side)]
        if side < max(height, width):
            views += [View(x, y, side, level) for x, y in places]
    return views


def _middles(length: int, side: float) -> list[float]:
    """The middles of overlapping squares, evenly from one end to the other."""
    count = max(math.ceil((length - side) / ((1 - OVERLAP) * side) - 1e-6), 0) + 1
    if count == 1:
        return [(length - 1) / 2]
    return np.linspace(side / 2 - 0.5, length - side / 2 - 0.5, count).tolist()
