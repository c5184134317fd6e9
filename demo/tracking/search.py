"""Search of a whole frame with a model that sees one square crop at a time."""

from __future__ import annotations

import numpy as np

from demo.tracking.estimator import CropEstimator, Pose
from demo.tracking.rule import CompleteRule
from pose import Crop

#: Side of the smaller search squares, as a share of the frame's shorter side.
SMALL_SQUARE = 0.6
#: Minimum distance between neighboring squares, as a share of their side.
MIN_STEP = 0.1


def search_squares(height: int, width: int) -> list[tuple[float, float, float]]:
    """The squares of a frame to search.

    The whole frame; three overlapping squares of the frame's shorter side; and three of `SMALL_SQUARE` times that, for
    people farther away. The three stand at the start, middle and end of the longer side.

    Returns:
        (x, y, side) of each square in px, x and y of its center.
    """
    x, y = (width - 1) / 2, (height - 1) / 2
    longer, shorter = max(height, width), min(height, width)
    squares = [(x, y, float(longer))]
    for side in (shorter, SMALL_SQUARE * shorter):
        step = max((longer - side) / 2, MIN_STEP * side)
        shifts = [(step * k, 0.0) if width >= height else (0.0, step * k) for k in (-1, 0, 1)]
        squares += [(x + right, y + down, float(side)) for right, down in shifts]
    return squares


class Search:
    """Searches frames for a person: one frame at once, or in rounds of one square per frame beside the tracked people.

    Args:
        estimator: the model.
        rule: gives the time between rounds, and the number of refinements.
    """

    def __init__(self, estimator: CropEstimator, rule: CompleteRule) -> None:
        self._estimator = estimator
        self._rule = rule
        self._pending: list[Crop] = []
        self._best: Pose | None = None
        self._round_start_s = -np.inf

    def at_once(self, picture: np.ndarray, time_s: float) -> Pose | None:
        """The refined best of all search squares; None if it has too few joints of sufficient score."""
        self._pending, self._round_start_s = [], time_s
        poses = self._estimator.estimate([(picture, crop) for crop in self._crops(picture)])
        return self._refine(picture, max(poses, key=self._estimator.confidence))

    def search_on_next_frame(self) -> None:
        """Starts the next round with the next frame."""
        self._round_start_s = -np.inf

    def next_crop(self, picture: np.ndarray, time_s: float) -> Crop | None:
        """The crop to estimate in this frame; None between two rounds."""
        if not self._pending and time_s - self._round_start_s >= self._rule.search_every_s:
            self._pending, self._best, self._round_start_s = self._crops(picture), None, time_s
        return self._pending[0] if self._pending else None

    def add(self, picture: np.ndarray, pose: Pose) -> Pose | None:
        """Takes the estimate of `next_crop`; at the end of a round, returns the refined best of it as `at_once` does.

        The best may be some frames old, so it is estimated again in this frame.
        """
        self._pending.pop(0)
        best, confidence = self._best, self._estimator.confidence
        if best is None or confidence(pose) > confidence(best):
            self._best = best = pose
        if self._pending or confidence(best) < self._rule.lost_score:
            return None
        return self._refine(picture, self._estimator.estimate([(picture, best.crop)])[0])

    def _crops(self, picture: np.ndarray) -> list[Crop]:
        squares = search_squares(*picture.shape[:2])
        return [Crop.centered((x, y), side, self._estimator.size) for x, y, side in squares]

    def _refine(self, picture: np.ndarray, pose: Pose) -> Pose | None:
        """Estimates again around the joints of the last estimate, while the confidence does not fall.

        The first of these estimates is kept in any case: joints from a search square may belong to two people.
        """
        for number in range(self._rule.refinements):
            square = self._estimator.square(pose, picture.shape[:2])
            if square is None:
                return None
            refined = self._estimator.estimate([(picture, self._estimator.crop_around(square))])[0]
            if number and self._estimator.confidence(refined) < self._estimator.confidence(pose):
                break
            pose = refined
        return pose
