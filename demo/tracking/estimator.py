"""A single-person model on square crops of a frame."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from demo.tracking.rule import CompleteRule
from pose import Crop, Skeleton, box_from_joints

#: Crops uint8 RGB (B, size, size, 3) -> joints (B, J, 2) in crop px and scores (B, J).
Predict = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]


def min_joints(num_joints: int) -> int:
    """How many joints a person's box needs: three, or all where there are fewer."""
    return min(3, num_joints)


@dataclass(frozen=True, eq=False)
class Pose:
    """One person in one frame.

    Attributes:
        xy_px: float64 (J, 2) in the frame.
        scores: float (J,), 0 to 1.
        crop: the crop that the model was given.
        fresh: whether the person's track starts with this frame.
    """

    xy_px: np.ndarray
    scores: np.ndarray
    crop: Crop
    fresh: bool = False


def confidence(scores: np.ndarray, skeleton: Skeleton) -> float:
    """How sure the model is that there is a person: the mean score of the better half of the main joints.

    The joints are `Skeleton.main_joints`; half of them, because at a desk the legs are hidden. NaN counts as 0.
    """
    limb_scores = np.sort(np.nan_to_num(np.asarray(scores)[list(skeleton.main_joints)]))
    return float(limb_scores[len(limb_scores) // 2 :].mean())


class CropEstimator:
    """Estimates one person in each crop, and judges the estimates.

    Args:
        predict: the model.
        skeleton: the model's skeleton.
        size: side of the model's crops, in px.
        padding: side of a crop as a multiple of the longer side of the person's box.
        rule: gives the minimum score of a joint and the minimum size of a person.
    """

    def __init__(self, predict: Predict, skeleton: Skeleton, size: int, padding: float, rule: CompleteRule) -> None:
        self._predict = predict
        self._skeleton = skeleton
        self._rule = rule
        self.size = size
        self.padding = padding

    def estimate(self, views: Sequence[tuple[np.ndarray, Crop]]) -> list[Pose]:
        """Estimates one person in each view: a frame, uint8 RGB (H, W, 3), and a crop of it."""
        if not views:
            return []
        joints, scores = self._predict(np.stack([crop.cut(picture) for picture, crop in views]))
        predictions = zip(views, joints, scores, strict=True)
        return [Pose(crop.points_to_frame(xy), score, crop) for (_, crop), xy, score in predictions]

    def confidence(self, pose: Pose) -> float:
        """See the function `confidence`."""
        return confidence(pose.scores, self._skeleton)

    def box(self, pose: Pose, frame_size: tuple[int, int]) -> np.ndarray | None:
        """Box around the joints of sufficient score inside the frame.

        Returns:
            float64 (4,) x, y, width, height in px; None with fewer than `min_joints` of these.
        """
        height, width = frame_size
        inside = ((pose.xy_px >= -0.5) & (pose.xy_px < (width - 0.5, height - 0.5))).all(axis=1)
        trusted = inside & (pose.scores >= self._rule.joint_score)
        return (
            box_from_joints(pose.xy_px, trusted)
            if np.count_nonzero(trusted) >= min_joints(self._skeleton.num_joints)
            else None
        )

    def square(self, pose: Pose, frame_size: tuple[int, int]) -> np.ndarray | None:
        """Square around the person, by the rule from `box`: float64 (3,) center x, y and side in px; None without."""
        box = self.box(pose, frame_size)
        return None if box is None else self.square_around(box, frame_size)

    def square_around(self, box: np.ndarray, frame_size: tuple[int, int]) -> np.ndarray:
        """The same around a box of joints (4,)."""
        joints_side = max(box[2:])
        side = max(self._rule.box_scale * joints_side, self._rule.smallest_share * min(frame_size))
        x, y = box[:2] + box[2:] / 2
        return np.array([x, y + self._rule.box_shift * joints_side, side])

    def crop_around(self, square: np.ndarray) -> Crop:
        """The padded crop of a square (center x, y, side)."""
        x, y, side = square
        return Crop.centered((x, y), self.padding * side, self.size)
