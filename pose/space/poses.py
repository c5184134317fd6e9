"""People in space from what a 2D model finds of them in several cameras, over time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from pose.camera import Camera
from pose.skeleton import Skeleton
from pose.space.points import MAX_ERROR, linear_points, reprojection_errors, triangulate

#: Joints of lower scores are not used.
LEAST_SCORE = 0.1


# Left and right of a camera's pair of joints are exchanged if that leaves less than this share of the error; in so many
# cameras of a frame at most.
_CLEARLY, _MOST_EXCHANGED = 0.5, 2


class Located(NamedTuple):
    """A person in space over T frames.

    Attributes:
        xyz_mm: float64 (T, J, 3) in the world; NaN where fewer than two cameras agree.
        errors_px: float64 (V, T, J), how far the joint's image lies from where the camera's model put it; NaN where it
            did not.
        used: bool (V, T, J), what it rests on.
        xy_px: float64 (V, T, J, 2), where the cameras' models put it, left and right exchanged back.
        weights: float64 (V, T, J), the scores of that; 0 where it is not used.
    """

    xyz_mm: np.ndarray
    errors_px: np.ndarray
    used: np.ndarray
    xy_px: np.ndarray
    weights: np.ndarray


def locate(
    cameras: Sequence[Camera],
    skeleton: Skeleton,
    xy_px: np.ndarray,
    scores: np.ndarray,
    least_score: float = LEAST_SCORE,
    max_error: float = MAX_ERROR,
) -> Located:
    """Finds the joints of one person in space, each frame by itself.

    Where a camera's model has exchanged left and right, against the other cameras, they are exchanged back.

    Args:
        cameras: V cameras.
        skeleton: of the J joints.
        xy_px: float (V, T, J, 2).
        scores: float (V, T, J), from 0 to 1.
        least_score: joints of lower scores are not used.
        max_error: as of `pose.space.triangulate`.

    Raises:
        ValueError: the shapes do not fit.
    """
    xy_px, scores = np.array(xy_px, np.float64), np.array(scores, np.float64)
    if xy_px.shape != (*scores.shape, 2) or scores.shape[0::2] != (len(cameras), skeleton.num_joints):
        raise ValueError(
            f"{len(cameras)} cameras and {skeleton.num_joints} joints need xy_px (V, T, J, 2) and scores (V, T, J), "
            f"got {xy_px.shape} and {scores.shape}"
        )
    weights = np.where(np.isfinite(xy_px).all(axis=-1) & (scores >= least_score), scores, 0.0)
    found = _each_by_itself(cameras, xy_px, weights, max_error)
    pairs = np.array(skeleton.pairs).reshape(-1, 2)
    if len(cameras) < 3 or not len(pairs):
        return found
    flip = skeleton.flip_order
    costs = _pair_costs(cameras, found.xyz_mm, xy_px, weights, max_error, pairs)
    for _ in range(_MOST_EXCHANGED):
        others = []
        for view in range(len(cameras)):
            xy, weight = xy_px.copy(), weights.copy()
            xy[view], weight[view] = xy_px[view][:, flip], weights[view][:, flip]
            flat = linear_points(cameras, xy.reshape(len(cameras), -1, 2), weight.reshape(len(cameras), -1))
            others.append(_pair_costs(cameras, flat.reshape(found.xyz_mm.shape), xy, weight, max_error, pairs))
        best = np.argmin(others, axis=0)
        lower = np.min(others, axis=0) < _CLEARLY * costs
        if not lower.any():
            break
        frames, numbers = np.nonzero(lower)
        views, (left, right) = best[frames, numbers], pairs[numbers].T
        xy_px, weights = xy_px.copy(), weights.copy()
        for values in (xy_px, weights):
            values[views, frames, left], values[views, frames, right] = (
                values[views, frames, right],
                values[views, frames, left],
            )
        found = _each_by_itself(cameras, xy_px, weights, max_error)
        costs = _pair_costs(cameras, found.xyz_mm, xy_px, weights, max_error, pairs)
    return found


def _each_by_itself(cameras: Sequence[Camera], xy_px: np.ndarray, weights: np.ndarray, max_error: float) -> Located:
    found = triangulate(cameras, xy_px.reshape(len(cameras), -1, 2), weights.reshape(len(cameras), -1), max_error)
    used = found.used.reshape(weights.shape)
    xyz_mm = found.xyz_mm.reshape(*xy_px.shape[1:3], 3)
    return Located(xyz_mm, found.errors_px.reshape(weights.shape), used, xy_px, np.where(used, weights, 0.0))


def _pair_costs(
    cameras: Sequence[Camera],
    xyz_mm: np.ndarray,
    xy_px: np.ndarray,
    weights: np.ndarray,
    max_error: float,
    pairs: np.ndarray,
) -> np.ndarray:
    """Weighted squared errors (T, P) of both joints of each pair in all cameras, as shares of the largest allowed."""
    limits_px = np.array([max_error * max(camera.size) for camera in cameras])[:, None, None]
    errors = np.minimum(reprojection_errors(cameras, xyz_mm, xy_px) / limits_px, 1.0)
    joints = (weights * errors**2).sum(axis=0)
    return joints[:, pairs].sum(axis=-1)
