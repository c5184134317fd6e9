"""Pose metrics in NumPy, for each joint, limb or person. Training and `python -m evaluate` call the same.

Shapes: N people, J joints, (x, y) order, every length in px of the image that the joints are in. Joints with
    visibility 0 are not labelled and are ignored; labelled but hidden ones count like any other. A prediction that is
    not finite counts as infinitely far off: wrong in PCK, PCP, AUC and OKS, and its joint's mean pixel error is
    infinite.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

#: The share of its bounding box that a person covers: what evaluation in COCO's manner multiplies a box's
#: area by where no segmentation is known (xtcocotools, github.com/jin-s13/xtcocoapi; Ultralytics' validator).
BOX_FILL = 0.53


def joint_distances(predicted_px: np.ndarray, true_px: np.ndarray, visible: np.ndarray) -> np.ndarray:
    """How far each predicted joint lies from its label.

    Args:
        predicted_px: float (N, J, 2).
        true_px: float (N, J, 2).
        visible: int (N, J), COCO's 0, 1, 2.

    Returns:
        float64 (N, J) in px: NaN where not labelled, infinity for a prediction that is not finite.

    Raises:
        ValueError: the shapes do not fit each other, or a labelled joint is not finite.
    """
    predicted, true = np.asarray(predicted_px, np.float64), np.asarray(true_px, np.float64)
    labelled = np.asarray(visible) > 0
    if true.ndim != 3 or true.shape[2] != 2 or predicted.shape != true.shape or labelled.shape != true.shape[:2]:
        raise ValueError(
            "joints must have shape (N, J, 2), for predictions and labels alike, and visibility (N, J); "
            f"got predictions {predicted.shape}, labels {true.shape}, visibility {labelled.shape}"
        )
    if not np.isfinite(true[labelled]).all():
        bad = np.argwhere(labelled & ~np.isfinite(true).all(axis=2))[0]
        raise ValueError(f"joint {bad[1]} of person {bad[0]} is labelled but not finite; set its visibility to 0")
    known = np.isfinite(predicted).all(axis=2)
    with np.errstate(invalid="ignore"):
        difference = predicted - true
    distances = np.where(known, np.hypot(difference[..., 0], difference[..., 1]), np.inf)
    return np.where(labelled, distances, np.nan)


def pck(
    predicted_px: np.ndarray,
    true_px: np.ndarray,
    visible: np.ndarray,
    normaliser_px: np.ndarray,
    threshold: float,
) -> np.ndarray:
    """Percentage of correct keypoints, as fractions: joints within `threshold` times the person's normaliser.

    With the torso (left shoulder to right hip) it is PCK (Yang and Ramanan, TPAMI 2013; Sapp and Taskar,
    CVPR 2013), with the size of the head's labelled box and 0.5 it is PCKh (Andriluka et al., CVPR 2014).

    Args:
        predicted_px: float (N, J, 2).
        true_px: float (N, J, 2).
        visible: int (N, J).
        normaliser_px: float (N,); people for whom it is 0 (unknown) are left out.
        threshold: largest distance that is right, as a multiple of the normaliser.

    Returns:
        float64 (J,), NaN for a joint that no counted person has.

    Raises:
        ValueError: shapes, normalizers or the threshold are out of range.
    """
    if not threshold >= 0:
        raise ValueError(f"a PCK threshold must be 0 or more, got {threshold}")
    distances = joint_distances(predicted_px, true_px, visible)
    normaliser = _checked_normaliser(normaliser_px, len(distances))[:, None]
    return mean_over_people(distances <= threshold * normaliser, ~np.isnan(distances) & (normaliser > 0))


def pooled_pck(
    predicted_px: np.ndarray,
    true_px: np.ndarray,
    visible: np.ndarray,
    normaliser_px: np.ndarray,
    threshold: float,
) -> float:
    """As `pck`, over all joints together: a joint that is labelled for more people weighs more.

    MPII's evaluation computes its total PCKh this way, over all joints but pelvis and thorax.
    """
    labelled = ~np.isnan(joint_distances(predicted_px, true_px, visible))
    number = (labelled & (np.asarray(normaliser_px)[:, None] > 0)).sum(axis=0)
    shares = pck(predicted_px, true_px, visible, normaliser_px, threshold)
    return float(np.nansum(shares * number) / number.sum()) if number.any() else float("nan")


def pck_auc(
    predicted_px: np.ndarray,
    true_px: np.ndarray,
    visible: np.ndarray,
    normaliser_px: np.ndarray,
    max_threshold: float = 0.5,
) -> np.ndarray:
    """Area under the PCK curve from threshold 0 to `max_threshold`, as a share of the whole.

    It is exact, not a sum over sampled thresholds: a joint at d normalizers from its label is right at the
    thresholds from d to T, which is max(0, 1 - d / T) of them, and the area is the mean of that.

    Args:
        predicted_px: float (N, J, 2).
        true_px: float (N, J, 2).
        visible: int (N, J).
        normaliser_px: float (N,); people for whom it is 0 (unknown) are left out.
        max_threshold: T, where the curve ends.

    Returns:
        float64 (J,), NaN for a joint that no counted person has.

    Raises:
        ValueError: shapes, normalizers or the threshold are out of range.
    """
    if not max_threshold > 0:
        raise ValueError(f"the end of the PCK curve must be above 0, got max_threshold {max_threshold}")
    distances = joint_distances(predicted_px, true_px, visible)
    normaliser = _checked_normaliser(normaliser_px, len(distances))[:, None]
    share = np.clip(1 - distances / (max_threshold * np.where(normaliser > 0, normaliser, 1)), 0, 1)
    return mean_over_people(share, ~np.isnan(distances) & (normaliser > 0))


def pixel_error(predicted_px: np.ndarray, true_px: np.ndarray, visible: np.ndarray) -> np.ndarray:
    """Mean Euclidean distance between predicted and labelled joints.

    Args:
        predicted_px: float (N, J, 2).
        true_px: float (N, J, 2).
        visible: int (N, J).

    Returns:
        float64 (J,) in px; NaN for a joint that no one has, infinity where a prediction is not finite.

    Raises:
        ValueError: the shapes do not fit each other, or a labelled joint is not finite.
    """
    distances = joint_distances(predicted_px, true_px, visible)
    return mean_over_people(distances, ~np.isnan(distances))


def pcp(
    predicted_px: np.ndarray,
    true_px: np.ndarray,
    visible: np.ndarray,
    limbs: Sequence[tuple[int, int]],
    fraction: float = 0.5,
) -> np.ndarray:
    """Percentage of correct parts, as fractions, in the strict form: both ends must be near, not their mean.

    A limb is right if each end lies within `fraction` of the labelled limb's length of its label (Ferrari
    et al., CVPR 2008; the strict reading is that of Eichner et al., IJCV 2012).

    Args:
        predicted_px: float (N, J, 2).
        true_px: float (N, J, 2).
        visible: int (N, J).
        limbs: L pairs of joint indices.
        fraction: of the limb's length.

    Returns:
        float64 (L,), NaN for a limb of which no one has both ends labelled apart from each other.

    Raises:
        ValueError: the shapes do not fit each other, or a limb names a joint that does not exist.
    """
    distances = joint_distances(predicted_px, true_px, visible)
    ends = np.asarray(limbs, int).reshape(-1, 2)
    if ends.size and not (0 <= ends.min() and ends.max() < distances.shape[1]):
        raise ValueError(f"limbs must name joints from 0 to {distances.shape[1] - 1}, got {ends.tolist()}")
    start, end = distances[:, ends[:, 0]], distances[:, ends[:, 1]]
    true = np.asarray(true_px, np.float64)
    span = true[:, ends[:, 0]] - true[:, ends[:, 1]]
    labelled = ~(np.isnan(start) | np.isnan(end))
    length = np.where(labelled, np.hypot(span[..., 0], span[..., 1]), 0)
    return mean_over_people(np.maximum(start, end) <= fraction * length, labelled & (length > 0))


def oks(
    predicted_px: np.ndarray,
    true_px: np.ndarray,
    visible: np.ndarray,
    area_px: np.ndarray,
    sigmas: np.ndarray,
) -> np.ndarray:
    """Object keypoint similarity of each person: 1 is perfect, 0 is far off.

    The mean over labelled joints of exp(-d^2 / (2 area (2 sigma)^2)), https://cocodataset.org/#keypoints-eval.

    Args:
        predicted_px: float (N, J, 2).
        true_px: float (N, J, 2).
        visible: int (N, J).
        area_px: float (N,), the people's areas in square px; see `oks_area_px` where they are unknown.
        sigmas: float (J,), the skeleton's constants.

    Returns:
        float64 (N,), NaN for people without labelled joints or with area 0.

    Raises:
        ValueError: shapes or areas are out of range.
    """
    distances = joint_distances(predicted_px, true_px, visible)
    area = _checked_normaliser(area_px, len(distances))[:, None]
    sigmas = np.asarray(sigmas, np.float64)
    if sigmas.shape != distances.shape[1:]:
        raise ValueError(f"OKS needs one sigma for each of {distances.shape[1]} joints, got shape {sigmas.shape}")
    similarity = np.exp(-(distances**2) / (2 * np.where(area > 0, area, 1) * (2 * sigmas) ** 2))
    return mean_over_people(similarity.T, (~np.isnan(distances) & (area > 0)).T)


def oks_area_px(true_px: np.ndarray, visible: np.ndarray, area_px: np.ndarray) -> np.ndarray:
    """The areas that OKS divides by: as labelled, or estimated where the records know none.

    The estimate is `BOX_FILL` times the area of the box about the labelled joints. That box is tighter than
    the person's, so the estimate is strict. It stays 0 where the labelled joints span no area.

    Args:
        true_px: float (N, J, 2).
        visible: int (N, J).
        area_px: float (N,), 0 where unknown.

    Returns:
        float64 (N,) in square px.
    """
    labelled = (np.asarray(visible) > 0)[..., None]
    low = np.where(labelled, true_px, np.inf).min(axis=1)
    high = np.where(labelled, true_px, -np.inf).max(axis=1)
    area = _checked_normaliser(area_px, len(low))
    box = np.where(labelled.any(axis=1), high - low, 0).prod(axis=1)
    return np.where(area > 0, area, BOX_FILL * box)


def _checked_normaliser(values: np.ndarray, people: int) -> np.ndarray:
    values = np.asarray(values, np.float64)
    if values.shape != (people,) or not (np.isfinite(values) & (values >= 0)).all():
        raise ValueError(
            "normalisers and areas must be one finite number of 0 (unknown) or more for each of "
            f"{people} people, got shape {values.shape} and values {values.ravel()[:5].tolist()}"
        )
    return values


def mean_over_people(values: np.ndarray, counted: np.ndarray) -> np.ndarray:
    """The mean of each column over the rows that count, NaN where none does."""
    number = counted.sum(axis=0)
    total = np.where(counted, values, 0).sum(axis=0, dtype=np.float64)
    return np.where(number > 0, total / np.maximum(number, 1), np.nan)
