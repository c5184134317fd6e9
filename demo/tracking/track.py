"""One tracked person."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from demo.tracking.estimator import CropEstimator, Pose
from demo.tracking.one_euro import OneEuro
from pose import Crop

# In a crop that is too tight a model squeezes the body, which makes the next crop tighter still. So a crop shrinks no
# faster than at this rate, and widens by this factor with each miss, until the model is confident again.
SHRINK_PER_S = 0.3
WIDEN = 1.25
#: One-euro filter of the crop's center, whose jitter would make the joints jitter: cutoff in Hz and beta.
CENTER_FILTER = (2.0, 10.0)


class Track:
    """One tracked person.

    Attributes:
        number: identifies the person.
        pose: in the last frame.
        crop: to estimate in the next frame.
        square: (3,) center x, y and side of the person when last seen, in px.
        misses: consecutive frames without the person.
        duplicate_frames: consecutive frames in which an older track holds the same person.
        time_s: when the person was last seen.
    """

    def __init__(self, number: int, estimator: CropEstimator, pose: Pose, square: np.ndarray, time_s: float) -> None:
        self.number = number
        self.pose = replace(pose, fresh=True)
        self.square = square
        self.misses = self.duplicate_frames = 0
        self.crop = estimator.crop_around(square)
        self.time_s = time_s
        self._estimator = estimator
        self._filter = OneEuro(*CENTER_FILTER)
        self._filter(square[:2], time_s, unit=square[2])

    def seen(self, pose: Pose, square: np.ndarray, time_s: float) -> None:
        """Updates the track, with the next crop around the person's square."""
        before = self.crop.scale * self._estimator.size / self._estimator.padding
        side = max(square[2], before * np.exp(-SHRINK_PER_S * (time_s - self.time_s)))
        x, y = self._filter(square[:2], time_s, unit=side)
        self.crop = self._estimator.crop_around(np.array([x, y, side]))
        self.pose, self.square, self.misses, self.time_s = pose, square, 0, time_s

    def missed(self, pose: Pose) -> None:
        """Counts a miss, and widens the crop about its center."""
        size = self._estimator.size
        x, y = self.crop.points_to_frame(np.full(2, (size - 1) / 2))
        self.crop = Crop.centered((x, y), WIDEN * self.crop.scale * size, size)
        self.pose = pose
        self.misses += 1
