"""Looking for a person of whom nothing is known, with a model that sees one square crop at a time."""

from __future__ import annotations

import numpy as np

from demo.tracking.estimator import Eye, Pose
from demo.tracking.rule import FollowRule
from pose import Crop


def search_squares(height: int, width: int) -> list[tuple[float, float, float]]:
    """Where to look for a person of whom nothing is known.

    The whole frame; three overlapping squares of the frame's shorter side; and three of 0.6 times that for
    people who stand farther away. The three stand at the start, middle and end of the longer side.

    Returns:
        (x, y, side) of each square in px, x and y of its centre.
    """
    center = np.array([(width - 1) / 2, (height - 1) / 2])
    along = np.array([1.0, 0.0]) if width >= height else np.array([0.0, 1.0])
    longer, shorter = max(height, width), min(height, width)
    squares = [(*center, float(longer))]
    for side in (shorter, 0.6 * shorter):
        reach = max((longer - side) / 2, 0.1 * side)
        squares += [(*(center + step * reach * along), float(side)) for step in (-1, 0, 1)]
    return squares


class Search:
    """Looks around a frame: at once, or in a round of one square a frame beside what else the model has to do.

    Args:
        eye: the model.
        rule: how often to begin a round, and how many closer looks to take.
    """

    def __init__(self, eye: Eye, rule: FollowRule) -> None:
        """Looks at nothing yet."""
        self._eye = eye
        self._rule = rule
        self._left: list[Crop] = []
        self._best: Pose | None = None
        self._begun_s = -np.inf

    def at_once(self, picture: np.ndarray, time_s: float) -> Pose | None:
        """The best of the search squares, looked at more closely; None if it has too few trusted joints."""
        self._left, self._begun_s = [], time_s
        poses = self._eye.look([(picture, crop) for crop in self._crops(picture)])
        return self._closer(picture, max(poses, key=self._eye.confidence))

    def hurry(self) -> None:
        """Begins the next round with the next frame."""
        self._begun_s = -np.inf

    def next_crop(self, picture: np.ndarray, time_s: float) -> Crop | None:
        """Where to look in this frame; None between two rounds."""
        if not self._left and time_s - self._begun_s >= self._rule.search_every_s:
            self._left, self._best, self._begun_s = self._crops(picture), None, time_s
        return self._left[0] if self._left else None

    def note(self, picture: np.ndarray, pose: Pose) -> Pose | None:
        """Takes what was seen in `next_crop`; at the end of a round, returns the best of it as `at_once` does.

        The best may have been seen some frames ago, so it is looked at again in this one.
        """
        self._left.pop(0)
        if self._best is None or self._eye.confidence(pose) > self._eye.confidence(self._best):
            self._best = pose
        if self._left or self._eye.confidence(self._best) < self._rule.lost_score:
            return None
        return self._closer(picture, self._eye.look([(picture, self._best.crop)])[0])

    def _crops(self, picture: np.ndarray) -> list[Crop]:
        squares = search_squares(*picture.shape[:2])
        return [Crop.centered((x, y), side, self._eye.size) for x, y, side in squares]

    def _closer(self, picture: np.ndarray, pose: Pose) -> Pose | None:
        """Looks at a person again, around the joints of the last look, while the model does not become less sure.

        The first of these looks counts whatever it says: the joints of a search square may be those of two people.
        """
        for number in range(self._rule.refinements):
            square = self._eye.square(pose, picture.shape[:2])
            if square is None:
                return None
            closer = self._eye.look([(picture, self._eye.crop_around(square))])[0]
            if number and self._eye.confidence(closer) < self._eye.confidence(pose):
                break
            pose = closer
        return pose
