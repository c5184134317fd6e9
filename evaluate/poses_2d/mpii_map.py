"""MPII's multi-person mAP: a joint's average precision, with people matched by PCKh (Pishchulin et al., DeepCut)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from evaluate.poses_2d.coco_ap import check_pairs
from evaluate.poses_2d.frames import LabeledFrame
from evaluate.poses_2d.matching import excused
from pose import Skeleton
from pose.results.people import ImagePeople

#: The largest distance of a right joint, as a share of the head's size.
PCKH = 0.5


def mpii_ap(frames: Sequence[LabeledFrame], found: Sequence[ImagePeople], skeleton: Skeleton) -> np.ndarray:
    """Average precision of each joint at PCKh 0.5.

    As MPII's evaluation of several people and PoseTrack's (evaluateAP, poseval) do: each found person goes to the
    labeled one of whose joints it has the most right, each labeled person to the best of those. A joint of a pair is
    right or wrong (wrong, too, where the labeled person's joint is not labeled), every joint of other found people is
    wrong, all in the order of the joints' scores. Joints without a place do not count. Found people without a pair who
    lie on someone not labeled are left out, and so are images in which a person's head size is unknown.

    Args:
        frames: N images with their labeled people.
        found: those found in each.
        skeleton: of both.

    Returns:
        float64 (J,); NaN for a joint that nobody has labeled.

    Raises:
        ValueError: the numbers of images or joints differ.
    """
    check_pairs(frames, found, skeleton)
    counted = [pair for pair in zip(frames, found, strict=True) if (pair[0].head_sizes_px > 0).all()]
    scores, right, joints = [np.zeros(0)], [np.zeros(0, bool)], [np.zeros(0, int)]
    labeled = np.zeros(skeleton.num_joints, int)
    for frame, people in counted:
        labeled += (frame.visible > 0).sum(axis=0)
        known, hit = _judged(frame, people, skeleton)
        scores.append(np.nan_to_num(people.scores[known]))
        right.append(hit[known])
        joints.append(np.nonzero(known)[1])
    all_scores, all_right, all_joints = (np.concatenate(parts) for parts in (scores, right, joints))
    return np.array(
        [
            average_precision(all_scores[all_joints == j], all_right[all_joints == j], count)
            for j, count in enumerate(labeled.tolist())
        ]
    )


def _judged(frame: LabeledFrame, people: ImagePeople, skeleton: Skeleton) -> tuple[np.ndarray, np.ndarray]:
    """Which joints of the found people count, and which of them are right, bool (Q, J) each."""
    known = np.isfinite(people.xy_px).all(axis=-1)
    if not frame.num_people or not len(known):
        return known & ~excused(frame, people, skeleton)[:, None], np.zeros_like(known)
    labeled = frame.visible > 0
    distances = np.linalg.norm(np.nan_to_num(people.xy_px)[:, None] - frame.joints_xy_px, axis=-1)
    hit = (distances <= PCKH * frame.head_sizes_px[:, None]) & known[:, None] & labeled
    shares = hit.sum(axis=-1) / labeled.sum(axis=-1)
    # Each found person keeps the labeled one that fits best, and each of these the best of the found.
    own = np.zeros_like(shares)
    rows = np.arange(len(own))
    best = shares.argmax(axis=1)
    own[rows, best] = shares[rows, best]
    paired = {int(q): p for p, q in enumerate(own.argmax(axis=0)) if own[q, p] > 0}
    right = np.zeros_like(known)
    for q, p in paired.items():
        right[q] = hit[q, p]
    alone = ~np.isin(rows, list(paired))
    return known & ~(alone & excused(frame, people, skeleton))[:, None], right


def average_precision(scores: np.ndarray, right: np.ndarray, total: int) -> float:
    """The area under the precision-recall curve whose precision never rises with recall (PASCAL VOC's, 2010).

    Args:
        scores: float (N,); equal ones keep their order.
        right: bool (N,).
        total: how many there are to find.

    Returns:
        NaN if there is nothing to find.
    """
    if not total:
        return float("nan")
    hits = np.asarray(right, np.float64)[np.argsort(-np.asarray(scores), kind="stable")]
    number = hits.cumsum()
    precision = np.maximum.accumulate((number / np.arange(1, len(hits) + 1))[::-1])[::-1]
    return float((precision * hits).sum() / total)
