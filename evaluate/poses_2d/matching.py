"""Which labeled people were found, and which found people are not there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import linear_sum_assignment

from evaluate.poses_2d.frames import LabeledFrame
from pose import Skeleton
from pose.results.people import ImagePeople
from pose.similarity import oks_matrix

#: A labeled person is found by someone of a higher OKS.
FOUND_OKS = 0.5
#: People with fewer labeled joints do not count as missed.
MIN_JOINTS = 8


def min_joints(num_joints: int) -> int:
    """The fewest labeled joints of a person who counts: 8, and half of a skeleton of fewer than 16."""
    return min(MIN_JOINTS, -(-num_joints // 2))


@dataclass(frozen=True, eq=False)
class Match:
    """The people of one image, each labeled one with at most one found one.

    Attributes:
        partner: int (P,), the index of the found person, -1 if missed.
        oks: float64 (P,), the similarity to the partner, 0 if missed.
        counted: bool (P,), people with enough labeled joints.
        false: bool (Q,), found people without a partner who do not lie on someone not labeled.
        joints_right: bool (P, J), labeled joints whose similarity to the partner's is above 0.5.
    """

    partner: np.ndarray
    oks: np.ndarray
    counted: np.ndarray
    false: np.ndarray
    joints_right: np.ndarray

    @property
    def missed(self) -> np.ndarray:
        """The counted people who were not found, bool (P,)."""
        return self.counted & (self.partner < 0)


def match(frame: LabeledFrame, people: ImagePeople, skeleton: Skeleton, known: np.ndarray | None = None) -> Match:
    """Pairs the people of an image so that the sum of OKS is largest; pairs need an OKS above 0.5.

    Args:
        frame: the labeled people.
        people: the found people.
        skeleton: of both.
        known: bool (J,), the joints that the found people can have, on which alone OKS is measured; None for all.
    """
    known = np.ones(skeleton.num_joints, bool) if known is None else known
    visible = np.where(known, frame.visible, 0)
    similarity = oks_matrix(frame.joints_xy_px, people.xy_px, frame.areas_px, skeleton.sigmas, visible)
    similarity = np.where(similarity > FOUND_OKS, similarity, 0)
    rows, columns = linear_sum_assignment(similarity, maximize=True)
    real = similarity[rows, columns] > 0
    partner = np.full(frame.num_people, -1)
    partner[rows[real]] = columns[real]
    found = partner >= 0
    alone = ~np.isin(np.arange(len(people.xy_px)), partner)
    right = np.zeros(visible.shape, bool)
    for p in np.flatnonzero(found):
        near = _near(people.xy_px[partner[p]], frame.joints_xy_px[p], frame.areas_px[p], np.array(skeleton.sigmas))
        right[p] = near & (visible[p] > 0)
    return Match(
        partner=partner,
        oks=np.where(found, similarity[np.arange(len(partner)), partner], 0)
        if similarity.size
        else np.zeros(len(partner)),
        counted=(visible > 0).sum(axis=1) >= min_joints(skeleton.num_joints),
        false=alone & ~excused(frame, people, skeleton),
        joints_right=right,
    )


def _near(xy: np.ndarray, true: np.ndarray, area: float, sigmas: np.ndarray) -> np.ndarray:
    """Which joints (J,) have a similarity above 0.5; those without a place have none."""
    with np.errstate(invalid="ignore"):
        return np.exp(-((xy - true) ** 2).sum(axis=-1) / (8 * area * sigmas**2)) > 0.5


def excused(frame: LabeledFrame, people: ImagePeople, skeleton: Skeleton) -> np.ndarray:
    """Found people who lie on someone not labeled, by COCO's rule.

    Joints within the box, or beyond it by no more than its size, count as right.

    Returns:
        bool (Q,): those whose OKS by this rule is above 0.5.
    """
    ignored = frame.ignored
    if not len(ignored.areas_px) or not len(people.xy_px):
        return np.zeros(len(people.xy_px), bool)
    low = ignored.boxes_px[:, :2] - ignored.boxes_px[:, 2:]
    high = low + 3 * ignored.boxes_px[:, 2:]
    known = np.isfinite(people.xy_px).all(axis=-1)
    xy = np.nan_to_num(people.xy_px)[:, None]
    outside = np.maximum(np.maximum(low[:, None] - xy, xy - high[:, None]), 0)
    exponents = (outside**2).sum(axis=-1) / (8 * np.array(skeleton.sigmas) ** 2)
    similarity = np.exp(-exponents / np.maximum(ignored.areas_px, 1e-9)[:, None]) * known[:, None]
    return (similarity.sum(axis=-1) / np.maximum(known.sum(axis=-1), 1)[:, None] > FOUND_OKS).any(axis=1)


def share_found(matches: Sequence[Match], chosen: Sequence[np.ndarray] | None = None) -> float:
    """The share of counted people who were found, of all or of those chosen in each image."""
    counted = [one.counted if chosen is None else one.counted & chosen[k] for k, one in enumerate(matches)]
    number = sum(int(one.sum()) for one in counted)
    hits = sum(int((one.partner[who] >= 0).sum()) for one, who in zip(matches, counted, strict=True))
    return hits / number if number else float("nan")
