"""One tracked person."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from demo.tracking.estimator import Eye, Pose
from demo.tracking.one_euro import OneEuro
from pose import Crop

# A crop that is too tight makes a model squeeze the body into it, and the next crop is tighter still. So a crop
# shrinks by no more than this rate, and widens by this factor with each miss, until the model is sure again.
_SHRINK_PER_S = 0.3
_WIDEN = 1.25


class Track:
    """One person who is followed.

    Attributes:
        number: tells people apart.
        pose: of the last frame.
        crop: where to look in the next one.
        square: (3,) centre x, y and side of the person when last seen.
        misses: frames in a row without the person.
        twins: frames in a row in which someone who was taken up before stood in the same place.
    """

    def __init__(self, number: int, eye: Eye, pose: Pose, square: np.ndarray, time_s: float) -> None:
        """Takes a person up."""
        self.number = number
        self.pose = replace(pose, fresh=True)
        self.square = square
        self.misses = self.twins = 0
        self.crop = eye.crop_around(square)
        self._eye = eye
        # Of the crop's centre. A crop that trembles makes the joints tremble.
        self._filter = OneEuro(min_cutoff_hz=2.0, beta=10.0)
        self._filter(square[:2], time_s, unit=square[2])
        self.time_s = time_s

    def seen(self, pose: Pose, square: np.ndarray, time_s: float) -> None:
        """Puts the crop of the next frame around the person's square."""
        before = self.crop.scale * self._eye.size / self._eye.padding
        side = max(square[2], before * np.exp(-_SHRINK_PER_S * (time_s - self.time_s)))
        x, y = self._filter(square[:2], time_s, unit=side)
        self.crop = self._eye.crop_around(np.array([x, y, side]))
        self.pose, self.square, self.misses, self.time_s = pose, square, 0, time_s

    def missed(self, pose: Pose) -> None:
        """Widens the crop where it is."""
        center = self.crop.points_to_frame(np.full(2, (self._eye.size - 1) / 2))
        self.crop = Crop.centered(tuple(center), _WIDEN * self.crop.scale * self._eye.size, self._eye.size)
        self.pose = pose
        self.misses += 1
