"""How alike people of one picture are: object keypoint similarity (OKS), overlap of boxes, and removal of duplicates.

Shapes: P and Q people, J joints, (x, y) order, px of one picture.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def oks_matrix(
    xy: np.ndarray,
    other_xy: np.ndarray,
    areas: np.ndarray,
    sigmas: Sequence[float] | np.ndarray,
    visible: np.ndarray | None = None,
) -> np.ndarray:
    """Object keypoint similarity of each person to each other one: 1 is equal, 0 is far off.

    The mean over the joints that count of exp(-d^2 / (2 area (2 sigma)^2)), https://cocodataset.org/#keypoints-eval.

    Args:
        xy: float (P, J, 2) px, the people whose areas and visibility are known: labels, or the tracks.
        other_xy: float (Q, J, 2) px; the similarity of a joint that is not finite is 0.
        areas: float (P,) in square px, or (P, Q) with one for each pair.
        sigmas: (J,) constants, `Skeleton.sigmas`, or (P, J).
        visible: (P, J), or (P, Q, J) with the joints of each pair; those above 0 count. All count if None. Joints of
            `xy` that are not finite never do.

    Returns:
        float64 (P, Q); 0 where no joint counts, or the area is not above 0.

    Raises:
        ValueError: the shapes do not fit each other.
    """
    xy, other = np.asarray(xy, np.float64), np.asarray(other_xy, np.float64)
    areas, sigmas = np.asarray(areas, np.float64), np.asarray(sigmas, np.float64)
    people, others, joints = shape = (len(xy), len(other), sigmas.shape[-1])
    counted = np.ones((people, joints), bool) if visible is None else np.asarray(visible) > 0
    fits = xy.shape == (people, joints, 2) and other.shape == (others, joints, 2)
    fits &= areas.shape in (shape[:1], shape[:2]) and sigmas.shape in ((joints,), (people, joints))
    if not fits or counted.shape not in ((people, joints), shape):
        raise ValueError(
            "OKS needs people (P, J, 2) and (Q, J, 2), areas (P,) or (P, Q), sigmas (J,) or (P, J) and visibility "
            f"(P, J) or (P, Q, J); got people {xy.shape} and {other.shape}, areas {areas.shape}, sigmas {sigmas.shape} "
            f"and visibility {counted.shape}"
        )
    areas = areas[:, None, None] if areas.ndim == 1 else areas[..., None]
    sigmas = np.broadcast_to(sigmas, (people, joints))[:, None]
    counted = (counted[:, None] if counted.ndim == 2 else counted) & np.isfinite(xy).all(axis=-1)[:, None]
    with np.errstate(invalid="ignore"):
        squared = ((xy[:, None] - other) ** 2).sum(axis=-1)
    known = counted & np.isfinite(squared) & (areas > 0)
    similarity = np.exp(-np.where(known, squared, 0) / (8 * np.where(areas > 0, areas, 1) * sigmas**2))
    return (similarity * known).sum(axis=-1) / np.maximum(counted.sum(axis=-1), 1)


def box_iou_matrix(boxes: np.ndarray, other_boxes: np.ndarray) -> np.ndarray:
    """Intersection over union of each box with each other one.

    Args:
        boxes: float (P, 4) x_min, y_min, width, height in px.
        other_boxes: float (Q, 4).

    Returns:
        float64 (P, Q); 0 for boxes without area.
    """
    a, b = (np.asarray(boxes, np.float64).reshape(-1, 4) for boxes in (boxes, other_boxes))
    both = box_intersections(a, b)
    union = a[:, 2:].prod(axis=1)[:, None] + b[:, 2:].prod(axis=1) - both
    return np.where(union > 0, both / np.where(union > 0, union, 1), 0)


def box_intersections(boxes: np.ndarray, other_boxes: np.ndarray) -> np.ndarray:
    """The area, float64 (P, Q) in square px, that each of the boxes (P, 4) shares with each other one (Q, 4)."""
    low = np.maximum(boxes[:, None, :2], other_boxes[:, :2])
    high = np.minimum((boxes[:, :2] + boxes[:, 2:])[:, None], other_boxes[:, :2] + other_boxes[:, 2:])
    areas: np.ndarray = np.maximum(high - low, 0).prod(axis=-1)
    return areas


def oks_suppression(
    xy: np.ndarray,
    person_scores: np.ndarray,
    areas: np.ndarray,
    sigmas: Sequence[float] | np.ndarray,
    threshold: float,
    visible: np.ndarray | None = None,
) -> np.ndarray:
    """Non-maximum suppression: removes who is as good as another person of higher score.

    Args:
        xy: float (P, J, 2) px.
        person_scores: float (P,).
        areas: float (P,) in square px.
        sigmas: J constants.
        threshold: minimum OKS of a duplicate to the person who is kept.
        visible: (P, J), as for `oks_matrix`, of the person who is kept.

    Returns:
        int64: the indices of those who are kept, by falling score; equal scores keep their order.
    """
    similarity = oks_matrix(xy, xy, areas, sigmas, visible)
    kept: list[int] = []
    for person in np.argsort(-np.asarray(person_scores, np.float64), kind="stable"):
        if all(similarity[other, person] < threshold for other in kept):
            kept.append(int(person))
    return np.array(kept, np.int64)
