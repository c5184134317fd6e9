"""Completes poses in space: joints that were not seen, by a net that lifts those that were."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from pose.space.lifting import in_camera, seen

#: Joints of lower scores are completed.
LEAST_SEEN = 0.5
# With fewer joints a pose cannot be turned onto them.
_LEAST_JOINTS = 4


class Lift(NamedTuple):
    """A lifter: windows (N, T, J, 3) of `pose.space.lifting.Seen` to poses (N, J, 3) in mm; and its T."""

    forward: Callable[[np.ndarray], np.ndarray]
    frames: int


class Similarity(NamedTuple):
    """A motion and scale: points @ turn * scale + shift."""

    turn: np.ndarray
    scale: float
    shift: np.ndarray

    def __call__(self, points: np.ndarray) -> np.ndarray:
        """The moved points (..., 3)."""
        return points @ self.turn * self.scale + self.shift


def similarity(points: np.ndarray, targets: np.ndarray) -> Similarity:
    """The similarity that takes points (N, 3) nearest to targets by the least squares (Umeyama, TPAMI 1991)."""
    middle, goal = points.mean(axis=0), targets.mean(axis=0)
    points, targets = points - middle, targets - goal
    u, sizes, vt = np.linalg.svd(points.T @ targets)
    signs = np.array([1.0, 1.0, np.sign(np.linalg.det(u @ vt))])
    spread = (points**2).sum()
    turn = (u * signs) @ vt
    scale = (sizes * signs).sum() / spread if spread > 0 else np.nan
    return Similarity(turn, scale, goal - middle @ turn * scale)


def completed(xyz_mm: np.ndarray, scores: np.ndarray, lift: Lift) -> np.ndarray:
    """Poses whose joints of low scores are where the lifted pose has them, once that is moved onto the others.

    Args:
        xyz_mm: float (N, J, 3), in the camera's frame.
        scores: float (N, J), the probability that a joint was seen.
        lift: a lifter of the same joints. It is shown one frame.

    Returns:
        float64 (N, J, 3); poses with fewer than four joints seen stay as they are.
    """
    there = (scores >= LEAST_SEEN) & (xyz_mm[..., 2] > 0)
    rays = xyz_mm[..., :2] / np.where(there, xyz_mm[..., 2], 1.0)[..., None]
    joints, turn = seen(rays[:, None], np.where(there, scores, 0.0)[:, None])
    windows = np.zeros((len(joints), lift.frames, *joints.shape[2:]), np.float32)
    windows[:, lift.frames // 2] = joints[:, 0]
    lifted = in_camera(np.asarray(lift.forward(windows), np.float64), turn)
    result = xyz_mm.astype(np.float64)
    for number in np.flatnonzero(there.sum(axis=1) >= _LEAST_JOINTS):
        known = there[number]
        moved = similarity(lifted[number, known], result[number, known])
        result[number, ~known] = moved(lifted[number, ~known])
    return result
