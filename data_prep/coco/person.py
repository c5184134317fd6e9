"""One annotation of a COCO keypoints file: joints, box and area; the latter two may be missing or wrong."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pose import box_from_joints

# No position, length or side of an image is that large.
FARTHEST_PX = 1e6
# How far joints may lie outside the box, and a box outside the image, as a share of the side.
_MARGIN = 0.1
# A person's area is at most that of the box, except for rounding.
_MOST_COVERED = 1.05


@dataclass(frozen=True, eq=False)
class Labels:
    """The labels of an annotation.

    Attributes:
        xy_px: float32 (J, 2), 0 where not labeled.
        visible: int64 (J,), 0, 1 or 2.
        box_px: float64 (4,), the annotation's box, moved by half a pixel to our pixel centers; or that of the joints.
        from_joints: whether the box is that of the joints.
        area_px: the person's area, None if unknown.
        score: 0 to 1, of a prediction; None if there is none.
    """

    xy_px: np.ndarray
    visible: np.ndarray
    box_px: np.ndarray
    from_joints: bool
    area_px: float | None
    score: float | None = None


def read_labels(entry: dict, order: tuple[int, ...], size: tuple[int, int] | None) -> Labels | None:
    """Reads an annotation.

    Args:
        entry: as in the file.
        order: the index in the skeleton of each of the J keypoints.
        size: (height, width) of the image that the labels are for, None if unknown.

    Returns:
        None where no keypoint is labeled.

    Raises:
        ValueError: the keypoints are malformed.
    """
    try:
        keypoints = np.array(entry["keypoints"], np.float64).reshape(len(order), 3)
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise ValueError(f"malformed ({type(error).__name__}: {error})") from error
    keypoints[np.isnan(keypoints).all(axis=1)] = 0
    if not np.isin(keypoints[:, 2], (0, 1, 2)).all():
        raise ValueError(f"visibility must be 0, 1 or 2, got {sorted(set(keypoints[:, 2].tolist()))}")
    keypoints[keypoints[:, 2] == 0] = 0
    # Comparing is false for NaN.
    if not (np.abs(keypoints) < FARTHEST_PX).all():
        raise ValueError("a labeled keypoint is NaN, infinite or a million pixels away")
    xy_px, visible = np.zeros((len(order), 2)), np.zeros(len(order), np.int64)
    xy_px[list(order)], visible[list(order)] = keypoints[:, :2], keypoints[:, 2]
    if not visible.any():
        return None
    box_px = _box(entry.get("bbox"), xy_px[visible > 0], size)
    from_joints = box_px is None
    area_px, score = _area(entry.get("area"), box_px), _number(entry.get("score"))
    if box_px is None:
        box_px = box_from_joints(xy_px, visible)
    return Labels(xy_px.astype(np.float32), visible, box_px, from_joints, area_px, score)


def _box(box: object, xy_px: np.ndarray, size: tuple[int, int] | None) -> np.ndarray | None:
    """The annotation's box, None where it cannot be the person's."""
    try:
        x, y, width, height = np.array(box, np.float64).reshape(4)
    except (TypeError, ValueError, OverflowError):
        return None
    if not (np.abs([x, y, width, height]) < FARTHEST_PX).all() or min(width, height) <= 0:
        return None
    low, side = np.array([x, y]) - 0.5, np.array([width, height])
    outside = ((xy_px < low - _MARGIN * side) | (xy_px > low + (1 + _MARGIN) * side)).any(axis=1)
    if outside.mean() > 0.5:
        return None
    if size is not None:
        picture = np.array(size[::-1])
        # This also catches most boxes given as two corners instead of corner and size.
        if (low < -_MARGIN * picture).any() or (low + side > (1 + _MARGIN) * picture).any():
            return None
    return np.array([*low, *side])


def _area(area: object, box_px: np.ndarray | None) -> float | None:
    found = _number(area)
    most = np.inf if box_px is None else _MOST_COVERED * box_px[2] * box_px[3]
    return found if found is not None and 0 < found <= most else None


def _number(value: object) -> float | None:
    """A finite number, None if it is none."""
    try:
        found = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return found if np.isfinite(found) else None
