"""Following one person from frame to frame with a single-person model.

The model sees a square crop. While a person is followed, the crop of a frame comes from the joints found in
the frame before. Without a person, several squares of the frame are tried at once, and the best is looked at
again more closely.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from demo.one_euro import OneEuro
from pose import Crop, Skeleton, box_from_joints

#: pictures uint8 (B, size, size, 3) -> joints (B, J, 2) in crop px and scores (B, J)
Predict = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]

_MIN_JOINTS = 3
# Of the frame's shorter side. A box never becomes smaller: a few wrong joints must not zoom in on a spot.
_MIN_BOX_SHARE = 0.2
# A crop that is too tight makes a model squeeze the body into it, and the next crop is tighter still. So a crop
# shrinks by no more than this rate, and widens by this factor with each miss, until the model is sure again.
_SHRINK_PER_S = 0.3
_WIDEN = 1.25


@dataclass(frozen=True)
class FollowRule:
    """When a person counts as found and as lost.

    Attributes:
        joint_score: from this score on a joint is trusted: drawn, and counted into the person's box.
        found_score: the confidence (see `confidence`) that a person is taken up with.
        lost_score: below this confidence a frame is a miss.
        lost_after: number of misses in a row after which the person is lost.
        refinements: most closer looks before a person is taken up, each around the joints of the last.
        search_every_s: while a person is followed, how often to look around for a better one. A model that has
            only ever seen people may follow a table.
        better_by: how much more confident it must be of another to change over.
    """

    joint_score: float = 0.1
    found_score: float = 0.25
    lost_score: float = 0.2
    lost_after: int = 5
    refinements: int = 2
    search_every_s: float = 1.0
    better_by: float = 0.1

    def __post_init__(self) -> None:
        """Checks the ranges."""
        scores = (self.joint_score, self.lost_score, self.found_score)
        if not all(0 <= score <= 1 for score in scores) or self.lost_score > self.found_score:
            raise ValueError(
                "scores must lie in 0..1 and lost_score must not exceed found_score, got joint_score="
                f"{self.joint_score}, lost_score={self.lost_score}, found_score={self.found_score}"
            )
        if not (self.search_every_s > 0 and self.better_by >= 0):
            raise ValueError(
                "search_every_s must be above 0 and better_by 0 or more, got "
                f"search_every_s={self.search_every_s}, better_by={self.better_by}"
            )
        if self.lost_after < 1 or self.refinements < 0:
            raise ValueError(
                "lost_after must be 1 or more and refinements 0 or more, got "
                f"lost_after={self.lost_after}, refinements={self.refinements}"
            )


@dataclass(frozen=True, eq=False)
class Pose:
    """One person in one frame.

    Attributes:
        xy_px: float64 (J, 2) in the frame.
        scores: float (J,), 0 to 1.
        crop: where the model looked.
        fresh: whether the person was taken up in this very frame.
    """

    xy_px: np.ndarray
    scores: np.ndarray
    crop: Crop
    fresh: bool = False


def confidence(scores: np.ndarray, skeleton: Skeleton) -> float:
    """How sure the model is that there is a person: the mean score of the better half of the limb joints.

    Half of them, because before a webcam the legs are under the table.
    """
    limb_scores = np.sort(np.nan_to_num(np.asarray(scores)[list(skeleton.limb_joints)]))
    return float(limb_scores[len(limb_scores) // 2 :].mean())


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


class Follower:
    """Keeps the crop on one person.

    A person is *taken up* when the best of `search_squares`, looked at more closely up to `refinements` times
    for as long as the model does not become less sure, reaches `found_score`. A frame is a *miss* when its
    confidence is below `lost_score`, or fewer than three trusted joints lie inside the frame; the crop then stays
    where it is, and widens. After `lost_after` misses in a row the person is *lost* and the search begins again,
    in the same frame. Every `search_every_s` the search runs beside, and someone of whom the model is surer by
    `better_by` takes over.

    Args:
        predict: the model.
        skeleton: of the model's joints.
        size: of the model's crops, in px.
        padding: side of a crop as a multiple of the longer side of the person's box.
        rule: when a person counts as found and as lost.
    """

    def __init__(
        self, predict: Predict, skeleton: Skeleton, size: int, padding: float, rule: FollowRule | None = None
    ) -> None:
        """Begins with nobody."""
        self._predict = predict
        self._skeleton = skeleton
        self._size = size
        self._padding = padding
        self._rule = rule or FollowRule()
        # Of the crop's centre. A crop that trembles makes the joints tremble.
        self._filter = OneEuro(min_cutoff_hz=2.0, beta=10.0)
        self._crop: Crop | None = None
        self._time_s = self._searched_s = 0.0
        self._misses = 0

    @property
    def following(self) -> bool:
        """Whether a person is being followed."""
        return self._crop is not None

    def update(self, picture: np.ndarray, time_s: float) -> Pose | None:
        """Finds the person in the next frame.

        Args:
            picture: uint8 RGB (H, W, 3).
            time_s: when it was taken, in seconds.

        Returns:
            The pose, or None while there is nobody. During a miss it is what the model says, with low scores.
        """
        if self._crop is None:
            return self._acquire(picture, time_s, self._rule.found_score)
        pose = self._look(picture, [self._crop])[0]
        if time_s - self._searched_s >= self._rule.search_every_s:
            least = max(self._rule.found_score, self._confidence(pose) + self._rule.better_by)
            better = self._acquire(picture, time_s, least)
            if better is not None:
                return better
        square = self._square(pose, picture.shape[:2])
        if square is not None and self._confidence(pose) >= self._rule.lost_score:
            self._move(square, time_s)
            return pose
        self._misses += 1
        if self._misses < self._rule.lost_after:
            self._crop = self._widened(self._crop)
            return pose
        self._crop = None
        return self._acquire(picture, time_s, self._rule.found_score)

    def _acquire(self, picture: np.ndarray, time_s: float, least: float) -> Pose | None:
        """Takes up the person that a search finds with more than the least confidence."""
        pose = self._search(picture)
        self._searched_s = time_s
        square = None if pose is None else self._square(pose, picture.shape[:2])
        if square is None or self._confidence(pose) < least:
            return None
        self._crop = None
        self._move(square, time_s)
        return Pose(pose.xy_px, pose.scores, pose.crop, fresh=True)

    def _search(self, picture: np.ndarray) -> Pose | None:
        """The best of the search squares, looked at more closely; None if it has too few trusted joints."""
        frame_size = picture.shape[:2]
        crops = [Crop.centered((x, y), side, self._size) for x, y, side in search_squares(*frame_size)]
        pose = max(self._look(picture, crops), key=self._confidence)
        for _ in range(self._rule.refinements):
            square = self._square(pose, frame_size)
            if square is None:
                return None
            closer = self._look(picture, [self._crop_around(square)])[0]
            if self._confidence(closer) < self._confidence(pose):
                break
            pose = closer
        return pose

    def _look(self, picture: np.ndarray, crops: list[Crop]) -> list[Pose]:
        joints, scores = self._predict(np.stack([crop.cut(picture) for crop in crops]))
        looks = zip(crops, joints, scores, strict=True)
        return [Pose(crop.points_to_frame(xy), score, crop) for crop, xy, score in looks]

    def _confidence(self, pose: Pose) -> float:
        return confidence(pose.scores, self._skeleton)

    def _square(self, pose: Pose, frame_size: tuple[int, int]) -> np.ndarray | None:
        """Centre x, y and side of the square about the trusted joints inside the frame; None with too few."""
        height, width = frame_size
        inside = ((pose.xy_px >= -0.5) & (pose.xy_px < (width - 0.5, height - 0.5))).all(axis=1)
        trusted = inside & (pose.scores >= self._rule.joint_score)
        if np.count_nonzero(trusted) < _MIN_JOINTS:
            return None
        x, y, box_width, box_height = box_from_joints(pose.xy_px, trusted)
        side = max(box_width, box_height, _MIN_BOX_SHARE * min(frame_size))
        return np.array([x + box_width / 2, y + box_height / 2, side])

    def _widened(self, crop: Crop) -> Crop:
        center = crop.points_to_frame(np.full(2, (self._size - 1) / 2))
        return Crop.centered(tuple(center), _WIDEN * crop.scale * self._size, self._size)

    def _crop_around(self, square: np.ndarray) -> Crop:
        x, y, side = square
        return Crop.centered((x, y), self._padding * side, self._size)

    def _move(self, square: np.ndarray, time_s: float) -> None:
        """Puts the crop of the next frame around a square."""
        side = square[2]
        if self._crop is None:
            self._filter.reset()
        else:
            before = self._crop.scale * self._size / self._padding
            side = max(side, before * np.exp(-_SHRINK_PER_S * (time_s - self._time_s)))
        x, y = self._filter(square[:2], time_s, unit=side)
        self._crop = self._crop_around(np.array([x, y, side]))
        self._misses, self._time_s = 0, time_s
