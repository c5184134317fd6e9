"""How alike labelled and found people are, for the metrics of tracks."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from evaluate.pose_2d.metrics import oks_area_px
from pose.similarity import oks_matrix

#: PoseTrack's distance of a right joint, as a share of the head's size.
PCKH_SHARE = 0.5


def oks_of_people(
    true_px: np.ndarray, visible: np.ndarray, area_px: np.ndarray, found_px: np.ndarray, sigmas: Sequence[float]
) -> np.ndarray:
    """OKS of each labelled person to each found one.

    Args:
        true_px: float (P, J, 2).
        visible: int (P, J); joints that are not labelled are ignored.
        area_px: float (P,) in square px; 0 where unknown, and then estimated from the joints (`oks_area_px`).
        found_px: float (Q, J, 2); a joint that is not finite is wrong.
        sigmas: J constants.

    Returns:
        float64 (P, Q).
    """
    return oks_matrix(true_px, found_px, oks_area_px(true_px, visible, area_px), sigmas, visible)


def pckh_of_people(
    true_px: np.ndarray,
    visible: np.ndarray,
    head_size_px: np.ndarray,
    found_px: np.ndarray,
    threshold: float = PCKH_SHARE,
) -> np.ndarray:
    """Share of the labelled joints that are near enough, by which PoseTrack matches people (arXiv 1710.10000).

    Args:
        true_px: float (P, J, 2).
        visible: int (P, J).
        head_size_px: float (P,); of people where it is 0 no joint is near.
        found_px: float (Q, J, 2); a joint that is not finite is wrong.
        threshold: the largest distance of a right joint, as a multiple of the head's size.

    Returns:
        float64 (P, Q).
    """
    labelled = (np.asarray(visible) > 0)[:, None]
    apart = np.linalg.norm(np.asarray(true_px, np.float64)[:, None] - np.asarray(found_px, np.float64), axis=-1)
    near_px = threshold * np.asarray(head_size_px, np.float64)[:, None, None]
    right = (apart <= near_px) & (near_px > 0) & labelled
    return right.sum(axis=-1) / np.maximum(labelled.sum(axis=-1), 1)
