"""What several models, or views of one, say of people's joints, and how that goes together with labels.

Shapes: N people, J joints of one skeleton, (x, y) order, px of one image each.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pose.skeleton import Skeleton

# As shares of a person's size: how far apart two answers are that mean the same, and how far a label and an answer may
# be apart to tell a habit.
_SAME, _NEAR = 0.05, 0.15
# The fewest pairs that tell one.
_MIN_PAIRS = 20
# The share of a person's labels that models must agree with, if they are to be believed where there is no label.
_BELIEVED = 0.5
_TRUNK = ("left_shoulder", "right_shoulder", "left_hip", "right_hip")


def person_size(xy_px: np.ndarray, known: np.ndarray) -> np.ndarray:
    """The longer side of the box around the known joints, float (N,) px, 1 at least; from (N, J, 2) and bool (N, J)."""
    high = np.where(known[..., None], xy_px, -np.inf).max(axis=-2)
    low = np.where(known[..., None], xy_px, np.inf).min(axis=-2)
    # Where no joint is known, the difference is minus infinity.
    return np.maximum(high - low, 1.0).max(axis=-1)


def consensus(xy_px: np.ndarray, scores: np.ndarray, size_px: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Finds where most answers agree that a joint is ("data distillation", Radosavovic et al., arXiv 1712.04440).

    Of the answers, weighted by their scores, the one with the most others beside it is taken, and moved to their mean.

    Args:
        xy_px: float (V, N, J, 2), V answers.
        scores: float (V, N, J), 0 to 1; 0 for joints that an answer does not have.
        size_px: float (N,), `person_size`.

    Returns:
        Joints (N, J, 2), and scores (N, J): the mean score of those answers that have the joint, less by their
        distances.
    """
    away = np.linalg.norm(xy_px[:, None] - xy_px, axis=-1) / (_SAME * size_px[:, None])
    weights = scores * np.exp(-0.5 * away**2)
    # Weights for the neighborhood of each answer, of which the heaviest is taken.
    weights = np.take_along_axis(weights, weights.sum(axis=1).argmax(axis=0)[None, None], axis=0)[0]
    total = weights.sum(axis=0)
    mean = (weights[..., None] * xy_px).sum(axis=0) / np.maximum(total, 1e-9)[..., None]
    return mean, total / np.maximum((scores > 0).sum(axis=0), 1)


@dataclass(frozen=True, eq=False)
class Habit:
    """How one source's joints differ from another's: offsets that turn with the body.

    Attributes:
        shares: float (J, 3): each joint's offset in three vectors of the trunk, from the middle of the hips to that of
            the shoulders, from the right shoulder to the left one, and from the right hip to the left one; 0 for joints
            of too few pairs.
    """

    shares: np.ndarray

    @classmethod
    def fit(cls, xy_px: np.ndarray, known: np.ndarray, other_px: np.ndarray, theirs: np.ndarray, of: Skeleton) -> Habit:
        """Fits the offsets to another source's joints of the same people, by least squares over those that are near.

        Args:
            xy_px: float (N, J, 2), one source's joints.
            known: bool (N, J).
            other_px: float (N, J, 2), the other's.
            theirs: bool (N, J).
            of: the skeleton.
        """
        trunk_px, whole = _trunk(xy_px, known, of)
        size_px, offsets = person_size(xy_px, known), other_px - xy_px
        near = np.linalg.norm(offsets, axis=-1) < _NEAR * size_px[:, None]
        near &= known & theirs & whole[:, None]
        shares = np.zeros((xy_px.shape[1], 3))
        for joint in np.flatnonzero(near.sum(axis=0) >= _MIN_PAIRS):
            rows = near[:, joint]
            weights = 1 / size_px[rows, None]
            vectors = (trunk_px[rows] * weights[..., None]).swapaxes(1, 2).reshape(-1, 3)
            shares[joint] = np.linalg.lstsq(vectors, (offsets[rows, joint] * weights).reshape(-1), rcond=None)[0]
        return cls(shares)

    def apply(self, xy_px: np.ndarray, known: np.ndarray, of: Skeleton) -> np.ndarray:
        """The joints (N, J, 2) as the other source would have them; those of people without a whole trunk stay."""
        trunk_px, whole = _trunk(xy_px, known, of)
        moved = (known & whole[:, None])[..., None]
        return xy_px + np.where(moved, np.einsum("jk,nkd->njd", self.shares, trunk_px), 0)


def trunk_deg(xy_px: np.ndarray, visible: np.ndarray, of: Skeleton) -> float:
    """The angle from upright of a person's trunk, clockwise; 0 where it is not labeled. From (J, 2) and (J,)."""
    trunk_px, whole = _trunk(xy_px[None], visible[None] > 0, of)
    (x, y), *_ = trunk_px[0]
    return float(np.rad2deg(np.arctan2(x, -y))) if whole[0] else 0.0


def _trunk(xy_px: np.ndarray, known: np.ndarray, of: Skeleton) -> tuple[np.ndarray, np.ndarray]:
    """The vectors (N, 3, 2) of `Habit`, and whether all are known, (N,)."""
    if not set(_TRUNK) <= set(of.joints):
        return np.zeros((len(xy_px), 3, 2)), np.zeros(len(xy_px), np.bool_)
    joints = [of.index(name) for name in _TRUNK]
    left, right, left_hip, right_hip = xy_px[:, joints].swapaxes(0, 1)
    vectors = [(left + right - left_hip - right_hip) / 2, left - right, left_hip - right_hip]
    return np.stack(vectors, axis=1), np.all(known[:, joints], axis=1)


def taught(
    labels_px: np.ndarray,
    visible: np.ndarray,
    answers_px: np.ndarray,
    scores: np.ndarray,
    of: Skeleton,
    *,
    agreement: float = 0.1,
    min_score: float = 0.3,
    exact: bool = False,
) -> tuple[np.ndarray, np.ndarray]:
    """Joins people's labels with what models say.

    Labels that the models agree with are replaced by theirs. Joints without labels are taken from the models, where
    these agree with half of the person's labels or more, and with the label that is nearest along the limbs: with the
    ankle's for a heel. If they agree with more labels when left and right are exchanged, they are.

    Args:
        labels_px: float (N, J, 2), of the models' habits (`Habit`).
        visible: int (N, J), 0 not labeled.
        answers_px: float (N, J, 2), the models' `consensus`.
        scores: float (N, J), 0 to 1.
        of: the skeleton.
        agreement: a label and an answer agree if they are nearer than this share of `person_size`.
        min_score: minimum score of an answer for a joint without a label.
        exact: labels are not replaced.

    Returns:
        Joints (N, J, 2), and visibility (N, J): that of the labels, 2 for joints without.
    """
    labeled, answered = visible > 0, (scores >= min_score) & (scores > 0)
    size_px = person_size(labels_px, labeled)
    ways = []
    for order in (np.arange(of.num_joints), np.array(of.flip_order)):
        away = np.linalg.norm(answers_px[:, order] - labels_px, axis=-1) / size_px[:, None]
        ways.append((order, labeled & (scores[:, order] > 0) & (away < agreement)))
    (_, near), (flipped, near_flipped) = ways
    turned = (near_flipped.sum(axis=1) > near.sum(axis=1))[:, None]
    near, answered = np.where(turned, near_flipped, near), np.where(turned, answered[:, flipped], answered)
    answers_px = np.where(turned[..., None], answers_px[:, flipped], answers_px)
    comparable = labeled & (scores > 0).any(axis=0)
    believed = near.sum(axis=1) >= _BELIEVED * np.maximum(comparable.sum(axis=1), 1)
    nearest = _nearest_along_limbs(comparable, of)
    added = ~labeled & answered & believed[:, None] & np.take_along_axis(near, nearest, axis=1)
    replaced = near & (not exact)
    xy_px = np.where((added | replaced)[..., None], answers_px, np.where(labeled[..., None], labels_px, 0))
    return xy_px, np.where(added, 2, visible)


def _nearest_along_limbs(known: np.ndarray, of: Skeleton) -> np.ndarray:
    """For each joint (N, J) the known one from which the fewest limbs lead to it; where none does, any known one."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import shortest_path

    rows, columns = np.array(of.limbs, int).reshape(-1, 2).T
    size = (of.num_joints, of.num_joints)
    steps = shortest_path(coo_array((np.ones(len(rows)), (rows, columns)), shape=size).tocsr(), directed=False)
    # No limb leads from COCO's face to the trunk.
    return np.where(known[:, None], np.minimum(steps, of.num_joints), np.inf).argmin(axis=2)
