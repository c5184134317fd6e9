"""Points in space from where several calibrated cameras see them.

Hartley and Zisserman, "Multiple View Geometry in Computer Vision", chapter 12: the linear solution, each equation
divided by the point's depth so that its error is in px; a search over pairs of cameras, as some of them may be wrong;
and the minimum of the reprojection error, lens distortion included.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import NamedTuple

import numpy as np

from pose.camera import Camera

#: A camera whose point lies further than this share of its image's longer side from where the others put it is wrong.
MAX_ERROR = 0.03
#: What a 2D model's joint of score 1 deviates by usually, as such a share.
USUAL_ERROR = 0.004
# Pairs of cameras that are tried; with more cameras than that makes, those of the highest weights.
_MOST_PAIRS = 120
_DEPTH_ROUNDS, _STEPS = 2, 6
_STEP_MM, _ENOUGH_MM = 1.0, 1e-3
_TINY = 1e-12


class Points(NamedTuple):
    """N points in space.

    Attributes:
        xyz_mm: float64 (N, 3) in the world; NaN where fewer than two cameras agree.
        errors_px: float64 (V, N), how far the point's image lies from where each of V cameras saw it; NaN where it did
            not.
        used: bool (V, N), the cameras that the point rests on.
    """

    xyz_mm: np.ndarray
    errors_px: np.ndarray
    used: np.ndarray


def triangulate(
    cameras: Sequence[Camera], xy_px: np.ndarray, weights: np.ndarray, max_error: float = MAX_ERROR
) -> Points:
    """Finds N points that V cameras see.

    Args:
        cameras: V cameras.
        xy_px: float (V, N, 2), where each camera sees each point.
        weights: float (V, N), how far to trust it, such as a joint's score; 0 where the camera does not see it.
        max_error: the largest distance of a camera's point from the others', as a share of the image's longer side.

    Returns:
        The points. Each minimizes the weighted squared distances in the images of the cameras that agree.

    Raises:
        ValueError: the shapes do not fit, or a weight is negative.
    """
    xy_px, weights = np.asarray(xy_px, np.float64), np.asarray(weights, np.float64)
    if xy_px.shape != (len(cameras), *weights.shape[1:], 2) or weights.ndim != 2 or len(weights) != len(cameras):
        raise ValueError(
            f"{len(cameras)} cameras need xy_px (V, N, 2) and weights (V, N), got {xy_px.shape} and {weights.shape}"
        )
    if (weights < 0).any():
        raise ValueError(f"weights must be 0 or more, got {weights.min()}")
    weights = np.where(np.isfinite(xy_px).all(axis=-1) & np.isfinite(weights), weights, 0.0)
    seen = weights > 0
    limits_px = np.array([max_error * max(camera.size) for camera in cameras])[:, None]
    equations = _equations(cameras, np.where(seen[..., None], xy_px, 0.0))
    xyz = _best_of_pairs(cameras, xy_px, weights, limits_px, equations)
    errors = reprojection_errors(cameras, xyz, xy_px)
    # A pair's point is noisy; with all cameras that agree it is better, and others may agree with that.
    used = np.zeros_like(seen)
    for _ in range(2):
        before, used = used, seen & (errors < limits_px)
        if (used == before).all():
            break
        xyz = _refined(
            cameras, _linear(equations, np.where(used, weights, 0), cameras), xy_px, np.where(used, weights, 0)
        )
        errors = reprojection_errors(cameras, xyz, xy_px)
    known = (used.sum(axis=0) >= 2) & np.isfinite(xyz).all(axis=-1)
    xyz = np.where(known[:, None], xyz, np.nan)
    return Points(xyz, np.where(seen & known, errors, np.nan), used & known)


def linear_points(cameras: Sequence[Camera], xy_px: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """The linear solution alone, of all cameras: float64 (N, 3), of arguments as of `triangulate`."""
    return _linear(_equations(cameras, np.where(weights[..., None] > 0, xy_px, 0.0)), weights, cameras)


def _equations(cameras: Sequence[Camera], xy_px: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A (V, N, 3, 3) and b (V, N, 3) of each camera's A x = b for its points, in px times depth."""
    blocks, right = [], []
    for camera, xy in zip(cameras, xy_px, strict=True):
        rays = camera.without_distortion(xy)
        focal = camera.matrix[[0, 1], [0, 1]][:, None]
        rows = focal * (rays[..., None] * camera.rotation[2] - camera.rotation[:2])
        values = focal[:, 0] * (camera.translation_mm[:2] - rays * camera.translation_mm[2])
        blocks.append(np.einsum("nki,nkj->nij", rows, rows))
        right.append(np.einsum("nki,nk->ni", rows, values))
    return np.stack(blocks), np.stack(right)


def _linear(equations: tuple[np.ndarray, np.ndarray], weights: np.ndarray, cameras: Sequence[Camera]) -> np.ndarray:
    """The points (..., N, 3) of cameras (V,) of weights (V, ..., N); NaN without two of them."""
    blocks, right = equations
    scale = weights
    for _ in range(_DEPTH_ROUNDS):
        xyz = _solved(np.einsum("v...n,vnij->...nij", scale, blocks), np.einsum("v...n,vni->...ni", scale, right))
        depths = np.stack([camera.to_camera(xyz)[..., 2] for camera in cameras])
        scale = weights / np.maximum(np.nan_to_num(depths), 1.0) ** 2
    return np.where(((weights > 0).sum(axis=0) >= 2)[..., None], xyz, np.nan)


def _solved(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """The solutions (..., 3) of symmetric equations, also where these are singular."""
    size = np.trace(left, axis1=-2, axis2=-1)[..., None, None] + _TINY
    return np.linalg.solve(left + 1e-12 * size * np.eye(3), right[..., None])[..., 0]


def _best_of_pairs(
    cameras: Sequence[Camera],
    xy_px: np.ndarray,
    weights: np.ndarray,
    limits_px: np.ndarray,
    equations: tuple[np.ndarray, np.ndarray],
) -> np.ndarray:
    """The points (N, 3) of the two cameras with which most others agree."""
    trusted = np.argsort(-weights.sum(axis=1), kind="stable")
    pairs = list(combinations(trusted, 2))[:_MOST_PAIRS]
    both = np.zeros((len(cameras), len(pairs), 1))
    for number, pair in enumerate(pairs):
        both[list(pair), number] = 1
    chosen = both * weights[:, None]
    xyz = _linear(equations, chosen, cameras)
    errors = np.stack(
        [reprojection_errors([camera], xyz, xy[None])[0] for camera, xy in zip(cameras, xy_px, strict=True)]
    )
    costs = (weights[:, None] * np.minimum(errors, limits_px[:, None]) ** 2).sum(axis=0)
    costs = np.where(np.isfinite(xyz).all(axis=-1), costs, np.inf)
    return xyz[costs.argmin(axis=0), np.arange(xyz.shape[1])]


def main_axis(vectors: np.ndarray) -> np.ndarray:
    """The axis, with its sign, along which vectors (N, D) point in the mean, (D,); rows with NaN do not count."""
    mean = np.nanmean(vectors, axis=0)
    axis = int(np.abs(mean).argmax())
    return np.eye(len(mean))[axis] * np.sign(mean[axis])


def reprojection_errors(cameras: Sequence[Camera], xyz_mm: np.ndarray, xy_px: np.ndarray) -> np.ndarray:
    """Distances in px (V, ..., N) of points (..., N, 3) from where cameras see them; infinite where they cannot."""
    errors = []
    for camera, xy in zip(cameras, xy_px, strict=True):
        with np.errstate(invalid="ignore", over="ignore"):
            distance = np.linalg.norm(camera.project(xyz_mm) - xy, axis=-1)
            errors.append(np.where(np.isfinite(distance) & camera.in_front(xyz_mm), distance, np.inf))
    return np.stack(errors)


def slopes(cameras: Sequence[Camera], xyz_mm: np.ndarray) -> np.ndarray:
    """How the images of points (..., 3) move with these: float64 (V, ..., 2, 3) in px per mm; 0 where not in view."""
    steps = _STEP_MM * np.eye(3)
    found = []
    for camera in cameras:
        ahead = camera.project(xyz_mm[..., None, :] + steps) - camera.project(xyz_mm[..., None, :] - steps)
        found.append(np.nan_to_num(np.swapaxes(ahead, -1, -2) / (2 * _STEP_MM)))
    return np.stack(found)


def _refined(cameras: Sequence[Camera], xyz_mm: np.ndarray, xy_px: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """The points (N, 3) of the least weighted squared distances in the images, by Gauss and Newton's steps."""
    for _ in range(_STEPS):
        slope = slopes(cameras, xyz_mm)
        ahead = np.stack([xy - camera.project(xyz_mm) for camera, xy in zip(cameras, xy_px, strict=True)])
        ahead = np.where(weights[..., None] > 0, np.nan_to_num(ahead), 0.0)
        left = np.einsum("vn,vnki,vnkj->nij", weights, slope, slope)
        right = np.einsum("vn,vnki,vnk->ni", weights, slope, ahead)
        step = _solved(left, right)
        xyz_mm = xyz_mm + step
        if np.nanmax(np.abs(step), initial=0.0) < _ENOUGH_MM:
            break
    return xyz_mm
