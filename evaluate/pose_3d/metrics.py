"""Metrics of joints in space in NumPy, in mm, for each joint of each person.

Shapes: N poses of J joints, (x, y, z). `known` says which joints have a true place; what is not known is NaN in what
these return. A prediction that is not finite is infinitely far off; alignment leaves it out.
"""

from __future__ import annotations

from typing import Literal

import numpy as np

from pose.space.completing import similarity

#: What is done to a predicted pose before its joints are compared with the true ones.
Alignment = Literal["none", "root", "scale", "similarity"]
#: A joint nearer than this is right, in MPI-INF-3DHP (Mehta et al., 3DV 2017) and in ITOP (Haque et al., ECCV 2016).
PCK_MM, AP_MM = 150.0, 100.0
#: The thresholds over which MPI-INF-3DHP takes the area under the curve.
AUC_MM = np.arange(0.0, PCK_MM + 1, 5.0)


def joint_errors(
    predicted_mm: np.ndarray,
    true_mm: np.ndarray,
    known: np.ndarray,
    alignment: Alignment = "none",
    root: int | tuple[int, ...] = 0,
) -> np.ndarray:
    """How far each predicted joint lies from the true one; its mean is MPJPE, after some alignment.

    Args:
        predicted_mm: float (N, J, 3).
        true_mm: float (N, J, 3).
        known: bool (N, J).
        alignment: "none" compares places in the world or the camera's frame; "root" moves the roots onto each other
            (MPJPE as usually reported, protocol 1 of Human3.6M); "scale" also multiplies the pose by the factor of the
            least squares (N-MPJPE, Rhodin et al., CVPR 2018); "similarity" turns it as well (PA-MPJPE, protocol 2).
        root: the joint that is the root, or several whose mean is.

    Returns:
        float64 (N, J) in mm; infinity for a prediction that is not finite, NaN where the joint is not known, or where
        the pose cannot be aligned: without its root, or with fewer than three joints for a rotation.

    Raises:
        ValueError: the shapes do not fit, or there is no such alignment.
    """
    predicted, true, known = _checked(predicted_mm, true_mm, known)
    there = known & np.isfinite(predicted).all(axis=2)
    aligned = _aligned(predicted, true, there, alignment, np.atleast_1d(root))
    errors = np.linalg.norm(aligned[0] - aligned[1], axis=2)
    return np.where(known & ~there, np.inf, np.where(known, errors, np.nan))


def pck_3d(errors_mm: np.ndarray, threshold_mm: float = PCK_MM) -> np.ndarray:
    """Whether each joint is right: 1 within the threshold, else 0; NaN where not known. (N, J)."""
    return np.where(np.isnan(errors_mm), np.nan, errors_mm <= threshold_mm)


def auc_3d(errors_mm: np.ndarray) -> np.ndarray:
    """The mean of `pck_3d` over the thresholds `AUC_MM`, (N, J)."""
    return np.mean([pck_3d(errors_mm, threshold) for threshold in AUC_MM], axis=0)


def mean_average_precision(errors_mm: np.ndarray, threshold_mm: float = AP_MM) -> float:
    """ITOP's mAP: the mean over joints of the share of poses in which the joint is nearer than the threshold."""
    right = pck_3d(errors_mm, threshold_mm)
    counts = (~np.isnan(right)).sum(axis=0)
    shares = np.nansum(right, axis=0)[counts > 0] / counts[counts > 0]
    return float(shares.mean()) if len(shares) else float("nan")


def velocity_errors(
    predicted_mm: np.ndarray, true_mm: np.ndarray, known: np.ndarray, times_s: np.ndarray
) -> np.ndarray:
    """How far the velocity of each joint between two frames is from the true one; its mean is MPJVE.

    Pavllo et al., arXiv 1811.11742, in mm per second in place of per frame.

    Args:
        predicted_mm: float (T, J, 3), of one person over time.
        true_mm: float (T, J, 3).
        known: bool (T, J).
        times_s: (T,), increasing.

    Returns:
        float64 (T - 1, J) in mm / s, NaN where one of the two is not known, infinity where it is not predicted.

    Raises:
        ValueError: the shapes do not fit.
    """
    predicted, true, known = _checked(predicted_mm, true_mm, known)
    both = known[1:] & known[:-1]
    with np.errstate(invalid="ignore"):
        difference = np.diff(predicted, axis=0) - np.diff(true, axis=0)
        speeds = np.linalg.norm(difference, axis=2) / np.diff(np.asarray(times_s, np.float64))[:, None]
    return np.where(both, np.where(np.isfinite(speeds), speeds, np.inf), np.nan)


def _checked(
    predicted_mm: np.ndarray, true_mm: np.ndarray, known: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    predicted, true = np.asarray(predicted_mm, np.float64), np.asarray(true_mm, np.float64)
    known = np.asarray(known, bool)
    if true.ndim != 3 or true.shape[2] != 3 or predicted.shape != true.shape or known.shape != true.shape[:2]:
        raise ValueError(
            "joints must have shape (N, J, 3), for predictions and truth alike, and known (N, J); "
            f"got predictions {predicted.shape}, truth {true.shape}, known {known.shape}"
        )
    if not np.isfinite(true[known]).all():
        raise ValueError("a joint that is known has a place that is not finite")
    return predicted, true, known


def _aligned(
    predicted: np.ndarray, true: np.ndarray, there: np.ndarray, alignment: Alignment, root: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    if alignment == "none":
        return predicted, true
    if alignment == "similarity":
        return _turned(predicted, true, there), true
    if alignment not in ("root", "scale"):
        raise ValueError(f"alignment must be none, root, scale or similarity, got {alignment!r}")
    rooted = np.all(there[:, root], axis=1).reshape(-1, 1, 1)
    predicted, true = (
        np.where(rooted, values - values[:, root].mean(axis=1, keepdims=True), np.nan) for values in (predicted, true)
    )
    if alignment == "scale":
        weights = np.where(there[..., None], 1.0, 0.0)
        products = np.nansum(weights * np.nan_to_num(predicted) * np.nan_to_num(true), axis=(1, 2))
        squares = np.nansum(weights * np.nan_to_num(predicted) ** 2, axis=(1, 2))
        factor = np.divide(products, squares, out=np.full(len(squares), np.nan), where=squares > 0)
        predicted = predicted * factor[:, None, None]
    return predicted, true


def _turned(predicted: np.ndarray, true: np.ndarray, there: np.ndarray) -> np.ndarray:
    """The poses moved, turned and scaled onto the true ones by the least squares (Umeyama, TPAMI 1991)."""
    turned = np.full(predicted.shape, np.nan)
    for number in np.flatnonzero(there.sum(axis=1) >= 3):
        rows = there[number]
        turned[number] = similarity(predicted[number, rows], true[number, rows])(predicted[number])
    return turned
