"""Calibration of the scores: a joint's score is the probability that it lies near its label."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from evaluate.pose_2d.metrics import joint_distances, mean_over_people


@dataclass(frozen=True, eq=False)
class Calibration:
    """A reliability diagram (Niculescu-Mizil and Caruana, ICML 2005).

    Attributes:
        edges: float (K + 1,), the bins' edges on the score axis, 0 to 1.
        count: int (K,), how many joints each bin holds.
        claimed: float (K,), their mean score; NaN for an empty bin.
        found: float (K,), the share of them that is right; NaN for an empty bin.
        error: expected calibration error (Guo et al., arXiv 1706.04599): mean |claimed - found| over joints.
        invalid: how many labelled joints have a score that is not a number from 0 to 1; no bin holds them.
        joint_claimed: float (J,), the mean score of each joint; NaN where no one has it.
        joint_found: float (J,), the share of them that is right; NaN where no one has it.
    """

    edges: np.ndarray
    count: np.ndarray
    claimed: np.ndarray
    found: np.ndarray
    error: float
    invalid: int
    joint_claimed: np.ndarray
    joint_found: np.ndarray


def calibrate(
    predicted_px: np.ndarray,
    scores: np.ndarray,
    true_px: np.ndarray,
    visible: np.ndarray,
    reach_px: float,
    bins: int = 10,
) -> Calibration:
    """Compares the scores of labelled joints with the share of them that is right.

    Args:
        predicted_px: float (N, J, 2).
        scores: float (N, J).
        true_px: float (N, J, 2).
        visible: int (N, J).
        reach_px: the distance from the label up to which a joint is right, in the scores' sense.
        bins: K, how many bins of equal width to sort the scores into.

    Raises:
        ValueError: the shapes do not fit each other.
    """
    distances, scores = joint_distances(predicted_px, true_px, visible), np.asarray(scores, np.float64)
    if scores.shape != distances.shape:
        raise ValueError(f"there must be one score for each of {distances.shape} joints, got shape {scores.shape}")
    labelled, valid = ~np.isnan(distances), (scores >= 0) & (scores <= 1)
    counted = labelled & valid
    kept, right = scores[counted], distances[counted] <= reach_px
    place = np.minimum((kept * bins).astype(int), bins - 1)
    count = np.bincount(place, minlength=bins)
    per_joint = np.where(count > 0, 1 / np.maximum(count, 1), np.nan)
    claimed = np.bincount(place, weights=kept, minlength=bins) * per_joint
    found = np.bincount(place, weights=right, minlength=bins) * per_joint
    error = float(np.nansum(np.abs(claimed - found) * count) / count.sum()) if count.any() else float("nan")
    joint_claimed, joint_found = (mean_over_people(values, counted) for values in (scores, distances <= reach_px))
    invalid = int((labelled & ~valid).sum())
    return Calibration(np.linspace(0, 1, bins + 1), count, claimed, found, error, invalid, joint_claimed, joint_found)
