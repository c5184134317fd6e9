"""Looking at crops with a single-person model, and keeping one crop on one person."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from demo.one_euro import OneEuro
from pose import Crop, Skeleton, box_from_joints

#: pictures uint8 (B, size, size, 3) -> joints (B, J, 2) in crop px and scores (B, J)
Predict = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]

_MIN_JOINTS = 3
# A crop that is too tight makes a model squeeze the body into it, and the next crop is tighter still. So a crop
# shrinks by no more than this rate, and widens by this factor with each miss, until the model is sure again.
_SHRINK_PER_S = 0.3
_WIDEN = 1.25


_OWN_SCORES = {"joint_score": 0.1, "found_score": 0.25, "lost_score": 0.2}


@dataclass(frozen=True)
class FollowRule:
    """When a person counts as found and as lost.

    The three scores are the model's own where they are not given, and 0.1, 0.25 and 0.2 where it has none: see
    `for_model`.

    Attributes:
        joint_score: from this score on a joint is trusted: drawn, and counted into the person's box.
        found_score: the confidence (see `confidence`) that a person is taken up with.
        lost_score: below this confidence a frame is a miss.
        lost_after: number of misses in a row after which the person is lost.
        refinements: most closer looks before a person is taken up, each around the joints of the last.
        search_every_s: while someone is followed, how often to look around. A model that has only ever seen
            people may follow a table.
        better_by: how much more confident it must be of another to change over, when nobody more may be followed.
        smallest_share: of the frame's shorter side, the least that a person's square may measure: a few wrong joints
            must not zoom in on a spot. Lower it for people who are further off.
    """

    joint_score: float | None = None
    found_score: float | None = None
    lost_score: float | None = None
    lost_after: int = 5
    refinements: int = 2
    search_every_s: float = 1.0
    better_by: float = 0.1
    smallest_share: float = 0.05

    def __post_init__(self) -> None:
        """Checks the ranges."""
        scores = [getattr(self, name) for name in _OWN_SCORES]
        backwards = None not in scores and self.lost_score > self.found_score
        if not all(0 <= score <= 1 for score in scores if score is not None) or backwards:
            raise ValueError(
                "scores must lie in 0..1 and lost_score must not exceed found_score, got joint_score="
                f"{self.joint_score}, lost_score={self.lost_score}, found_score={self.found_score}"
            )
        if not (self.search_every_s > 0 and self.better_by >= 0):
            raise ValueError(
                "search_every_s must be above 0 and better_by 0 or more, got "
                f"search_every_s={self.search_every_s}, better_by={self.better_by}"
            )
        if not 0 < self.smallest_share <= 1:
            raise ValueError(f"smallest_share must be above 0 and at most 1, got {self.smallest_share}")
        if self.lost_after < 1 or self.refinements < 0:
            raise ValueError(
                "lost_after must be 1 or more and refinements 0 or more, got "
                f"lost_after={self.lost_after}, refinements={self.refinements}"
            )

    def for_model(self, own: dict[str, float]) -> FollowRule:
        """Fills in the scores that are not given.

        Args:
            own: those of `joint_score`, `found_score` and `lost_score` that the model's description gives.

        Raises:
            ValueError: a score given and one filled in do not fit.
        """
        filled = {name: own.get(name, usual) for name, usual in _OWN_SCORES.items() if getattr(self, name) is None}
        try:
            return replace(self, **filled)
        except ValueError as error:
            scores = ", ".join(f"{name}={score}" for name, score in filled.items())
            raise ValueError(
                f"{error}; of these the model's own are {scores}: give fitting ones beside yours"
            ) from error


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


class Eye:
    """A single-person model, and what its answers are worth.

    Args:
        predict: the model.
        skeleton: of the model's joints.
        size: of the model's crops, in px.
        padding: side of a crop as a multiple of the longer side of the person's box.
        rule: says which joints are trusted, and how small a person may be.
    """

    def __init__(self, predict: Predict, skeleton: Skeleton, size: int, padding: float, rule: FollowRule) -> None:
        """Looks at nothing yet."""
        self._predict = predict
        self._skeleton = skeleton
        self._joint_score = rule.joint_score
        self._smallest_share = rule.smallest_share
        self.size = size
        self.padding = padding

    def look(self, views: Sequence[tuple[np.ndarray, Crop]]) -> list[Pose]:
        """Estimates one person in each view, a picture uint8 RGB (H, W, 3) and the crop of it to look at."""
        if not views:
            return []
        joints, scores = self._predict(np.stack([crop.cut(picture) for picture, crop in views]))
        answers = zip(views, joints, scores, strict=True)
        return [Pose(crop.points_to_frame(xy), score, crop) for (_, crop), xy, score in answers]

    def confidence(self, pose: Pose) -> float:
        """See `confidence`."""
        return confidence(pose.scores, self._skeleton)

    def box(self, pose: Pose, frame_size: tuple[int, int]) -> np.ndarray | None:
        """(4,) x, y, width, height of the trusted joints inside the frame of (H, W); None with too few of them."""
        height, width = frame_size
        inside = ((pose.xy_px >= -0.5) & (pose.xy_px < (width - 0.5, height - 0.5))).all(axis=1)
        trusted = inside & (pose.scores >= self._joint_score)
        return box_from_joints(pose.xy_px, trusted) if np.count_nonzero(trusted) >= _MIN_JOINTS else None

    def square(self, pose: Pose, frame_size: tuple[int, int]) -> np.ndarray | None:
        """(3,) centre x, y and side of the square about `box`; None with too few trusted joints."""
        box = self.box(pose, frame_size)
        if box is None:
            return None
        side = max(box[2], box[3], self._smallest_share * min(frame_size))
        return np.array([*(box[:2] + box[2:] / 2), side])

    def crop_around(self, square: np.ndarray) -> Crop:
        """The padded crop of a square (centre x, y, side)."""
        x, y, side = square
        return Crop.centered((x, y), self.padding * side, self.size)


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
