"""Bundle adjustment: where cameras stand, corrected by what they see of people.

Triggs et al., "Bundle Adjustment - A Modern Synthesis", 1999: Gauss-Newton over cameras and points at once, from which
the points are eliminated by the Schur complement.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import cv2
import numpy as np

from pose.camera import Camera
from pose.space.points import MAX_ERROR, USUAL_ERROR, slopes, triangulate

# What a calibration is trusted to: standard deviations of a camera's rotation, and of its place as a share of its
# distance from the people. They also hold the world where it is.
_ROTATION_RAD, _PLACE_SHARE = 0.01, 0.01
_ROUNDS, _STEP_RAD, _STEP_MM = 15, 1e-5, 0.1
_ENOUGH = 1e-6


def refine_cameras(
    cameras: Sequence[Camera], xy_px: np.ndarray, weights: np.ndarray, max_error: float = MAX_ERROR
) -> list[Camera]:
    """Turns and moves cameras so that they agree better about N points.

    Lenses stay as they are. Cameras that are calibrated well hardly move; those that someone has touched since do.

    Args:
        cameras: V cameras.
        xy_px: float (V, N, 2), joints of people in as many frames and places as there are; some hundreds.
        weights: float (V, N), their scores; 0 where not seen.
        max_error: as of `pose.space.triangulate`, for the joints to use.

    Returns:
        The cameras.
    """
    found = triangulate(cameras, xy_px, weights, max_error)
    some = np.isfinite(found.xyz_mm).all(axis=1)
    xyz, used = found.xyz_mm[some], found.used[:, some]
    xy, weights = np.where(used[..., None], xy_px[:, some], 0.0), np.where(used, weights[:, some], 0.0)
    moves, cameras = np.zeros((len(cameras), 6)), list(cameras)
    given = cameras
    if len(xyz) < 6 * len(cameras):
        return cameras
    noise_px = np.array([USUAL_ERROR * max(camera.size) for camera in cameras])[:, None]
    middle = np.median(xyz, axis=0)
    distances = np.array([np.linalg.norm(camera.center_mm - middle) for camera in cameras])
    prior = np.hstack([np.full((len(cameras), 3), _ROTATION_RAD), np.repeat(_PLACE_SHARE * distances[:, None], 3, 1)])
    for _ in range(_ROUNDS):
        ahead = np.stack([one - camera.project(xyz) for camera, one in zip(cameras, xy, strict=True)])
        ahead = np.where(used[..., None], np.nan_to_num(ahead), 0.0) / noise_px[..., None]
        # Errors beyond the usual weigh less (Cauchy).
        robust = weights / (1 + (ahead**2).sum(axis=-1))
        by_point = slopes(cameras, xyz) / noise_px[..., None, None]
        by_camera = np.stack([_slopes_by_camera(given[v], moves[v], xyz) for v in range(len(cameras))])
        by_camera = np.where(used[..., None, None], np.nan_to_num(by_camera), 0.0) / noise_px[..., None, None]
        step, xyz_step = _solve(by_camera, by_point, ahead, robust, moves, prior)
        moves, xyz = moves + step, xyz + xyz_step
        cameras = [_moved(camera, move) for camera, move in zip(given, moves, strict=True)]
        if np.abs(step / prior).max() < _ENOUGH:
            break
    return _where_points_stay(cameras, xyz, found.xyz_mm[some])


def _where_points_stay(cameras: Sequence[Camera], points: np.ndarray, targets: np.ndarray) -> list[Camera]:
    """Turns and moves all cameras together, which see the same then, so that points (N, 3) are where they were.

    Kabsch, "A solution for the best rotation to relate two sets of vectors", 1976.
    """
    middle, target_middle = points.mean(axis=0), targets.mean(axis=0)
    u, _, vt = np.linalg.svd((points - middle).T @ (targets - target_middle))
    turn = vt.T @ np.diag([1, 1, np.sign(np.linalg.det(vt.T @ u.T))]) @ u.T
    shift = target_middle - turn @ middle
    return [
        replace(one, rotation=one.rotation @ turn.T, translation_mm=one.translation_mm - one.rotation @ turn.T @ shift)
        for one in cameras
    ]


def _moved(camera: Camera, move: np.ndarray) -> Camera:
    """Turned about the camera's own axes by a rotation vector, and moved, float (6,)."""
    turn = cv2.Rodrigues(move[:3])[0]
    return replace(camera, rotation=turn @ camera.rotation, translation_mm=turn @ camera.translation_mm + move[3:])


def _slopes_by_camera(camera: Camera, move: np.ndarray, xyz_mm: np.ndarray) -> np.ndarray:
    """How the images of points (N, 3) move with the camera's move: float64 (N, 2, 6)."""
    steps = np.diag([_STEP_RAD] * 3 + [_STEP_MM] * 3)
    columns = [
        (_moved(camera, move + step).project(xyz_mm) - _moved(camera, move - step).project(xyz_mm)) / (2 * step.sum())
        for step in steps
    ]
    return np.stack(columns, axis=-1)


def _solve(
    by_camera: np.ndarray,
    by_point: np.ndarray,
    ahead: np.ndarray,
    weights: np.ndarray,
    moves: np.ndarray,
    prior: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """The steps (V, 6) of the cameras and (N, 3) of the points."""
    count = len(by_camera)
    cameras = np.einsum("vn,vnka,vnkb->vab", weights, by_camera, by_camera)
    points = np.einsum("vn,vnki,vnkj->nij", weights, by_point, by_point)
    both = np.einsum("vn,vnka,vnki->vnai", weights, by_camera, by_point)
    right_cameras = np.einsum("vn,vnka,vnk->va", weights, by_camera, ahead) - moves / prior**2
    right_points = np.einsum("vn,vnki,vnk->ni", weights, by_point, ahead)
    inverse = np.linalg.inv(points + 1e-9 * np.trace(points, axis1=1, axis2=2)[:, None, None] * np.eye(3))
    through = np.einsum("vnai,nij->vnaj", both, inverse)
    left = -np.einsum("vnai,wnbi->vawb", through, both)
    for v in range(count):
        left[v, :, v] += cameras[v] + np.diag(1 / prior[v] ** 2)
    right = right_cameras - np.einsum("vnai,ni->va", through, right_points)
    step = np.linalg.solve(left.reshape(6 * count, 6 * count), right.ravel()).reshape(count, 6)
    return step, np.einsum("nij,nj->ni", inverse, right_points - np.einsum("vnai,va->ni", both, step))
