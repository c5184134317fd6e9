"""Parts of images, as polygons or as COCO's run lengths."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import cv2
import numpy as np

from pose import Crop

_SUBPIXEL_BITS = 4
# Beyond any crop, and within the numbers that OpenCV draws.
_FARTHEST_PX = 1e5


@dataclass(frozen=True, eq=False)
class Region:
    """A part of an image.

    Attributes:
        polygons: float (N, 2) each, with (0, 0) the center of the top-left pixel.
        runs: int (N,), in COCO's order, down the columns: the number of pixels outside, then inside, and so on.
        size: (height, width) of the image that the runs are of.
    """

    polygons: tuple[np.ndarray, ...] = ()
    runs: np.ndarray | None = None
    size: tuple[int, int] | None = None

    @classmethod
    def of_box(cls, box_px: np.ndarray) -> Self:
        """The inside of a box (4,): x_min, y_min, width, height."""
        x, y, width, height = box_px
        return cls((np.array([[x, y], [x + width, y], [x + width, y + height], [x, y + height]]),))

    def paint(self, canvas: np.ndarray, crop: Crop, size: tuple[int, int]) -> None:
        """Sets a crop's pixels in the region to 255.

        Args:
            canvas: uint8 (crop.size, crop.size).
            crop: of the image.
            size: the image's (height, width).

        Raises:
            ValueError: the runs are of an image of another size.
        """
        for polygon in self.polygons:
            points = np.clip(crop.points_to_crop(polygon), -_FARTHEST_PX, _FARTHEST_PX)
            fixed = np.round(points * (1 << _SUBPIXEL_BITS)).astype(np.int32)
            cv2.fillPoly(canvas, [fixed], 255, shift=_SUBPIXEL_BITS)
        if self.runs is not None:
            if self.size != tuple(size):
                raise ValueError(f"an outline is for a picture of {self.size} px, the picture has {tuple(size)}")
            canvas[crop.cut(_inside(self.runs, size)) >= 128] = 255


def _inside(runs: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """uint8 (H, W), 255 inside."""
    if runs.sum() != size[0] * size[1]:
        raise ValueError(f"an outline is of {runs.sum()} px, the picture of {size[0] * size[1]}")
    values = np.where(np.arange(len(runs)) % 2, 255, 0).astype(np.uint8)
    return np.repeat(values, runs).reshape(size[::-1]).T
