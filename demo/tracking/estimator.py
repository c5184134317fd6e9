"""A single-person model on square crops of a frame."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from demo.tracking.rule import FollowRule
from pose import Crop, Skeleton, box_from_joints

#: pictures uint8 (B, size, size, 3) -> joints (B, J, 2) in crop px and scores (B, J)
Predict = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]

_MIN_JOINTS = 3


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
