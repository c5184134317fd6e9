"""A closer look at the people whom a finder has found: each is estimated by itself, in a crop of its own."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from demo.tracking.estimator import CropEstimator, confidence
from pose import Skeleton
from pose.people import People

#: Two people of at least this OKS to each other are one.
SAME_OKS = 0.5


def look_closer(
    picture: np.ndarray, boxes_px: Sequence[np.ndarray], estimator: CropEstimator, skeleton: Skeleton
) -> People:
    """Estimates one person in each box around joints (4,) of an image, uint8 RGB (H, W, 3).

    Returns:
        As many people as boxes, in their order; a person's score is the `demo.tracking.estimator.confidence`.
    """
    size = (picture.shape[0], picture.shape[1])
    squares = [estimator.square_around(box, size) for box in boxes_px]
    poses = estimator.estimate([(picture, estimator.crop_around(square)) for square in squares])
    if not poses:
        return People.empty(skeleton.num_joints)
    scores = np.stack([np.nan_to_num(pose.scores) for pose in poses]).astype(np.float64)
    joints = np.nan_to_num(np.stack([pose.xy_px for pose in poses]))
    return People(joints, scores, np.array([confidence(row, skeleton) for row in scores]))
