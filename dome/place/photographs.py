"""Photographs as backgrounds: one behind the stage for each camera."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from pose import BadInput
from pose.picture import read_picture

# The most photographs of a place, and the most pixels of their longer side.
_MOST, _LONGEST_PX = 12, 1600


class Photographs:
    """A few photographs, drawn from many. Each camera always has the same part of the same photograph.

    Attributes:
        pictures: uint8 RGB (H, W, 3).
        skipped: the unreadable files, among those tried.
    """

    def __init__(self, rng: np.random.Generator, paths: Sequence[Path]) -> None:
        """Reads files in random order until there are enough.

        Raises:
            ValueError: none of them can be read.
        """
        self.pictures: list[np.ndarray] = []
        self.skipped: list[BadInput] = []
        self._seed = int(rng.integers(2**32))
        for i in rng.permutation(len(paths)).tolist():
            try:
                self.pictures.append(_reduced(read_picture(paths[i])))
            except BadInput as problem:
                self.skipped.append(problem)
            if len(self.pictures) == _MOST:
                break
        if not self.pictures:
            raise ValueError(
                f"photographs must have at least one readable picture, and none of {len(paths)} is; the first: "
                f"{self.skipped[0]}; give JPEG or PNG files, or none at all"
            )

    def behind(self, center_mm: np.ndarray, size: tuple[int, int]) -> np.ndarray:
        """The background of the camera at (3,): float32 RGB of (height, width) `size`, from 0 to 1."""
        place = np.round(center_mm).astype(np.int64) + 10**6
        rng = np.random.default_rng([self._seed, *np.maximum(place, 0).tolist()])
        picture = self.pictures[rng.integers(len(self.pictures))]
        height, width = picture.shape[:2]
        # A crop of the requested shape, the largest or a smaller one.
        zoom = min(width / size[1], height / size[0]) * rng.uniform(0.6, 1.0)
        left, top = rng.uniform(0, (width - zoom * size[1], height - zoom * size[0]))
        columns, rows = np.arange(size[1], dtype=np.float32), np.arange(size[0], dtype=np.float32)
        if rng.uniform() < 0.5:
            columns = columns[::-1]
        x, y = np.meshgrid((columns + 0.5) * zoom + left - 0.5, (rows + 0.5) * zoom + top - 0.5)
        if zoom > 1.5:
            picture = cv2.GaussianBlur(picture, (0, 0), 0.4 * zoom)
        cut = cv2.remap(
            picture, x.astype(np.float32), y.astype(np.float32), cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT
        )
        return cut.astype(np.float32) * np.float32(rng.uniform(0.8, 1.1) / 255)


def _reduced(picture: np.ndarray) -> np.ndarray:
    scale = _LONGEST_PX / max(picture.shape[:2])
    if scale >= 1:
        return picture
    size = [max(1, round(side * scale)) for side in picture.shape[1::-1]]
    return cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
