"""Which of a Panoptic sequence's bodies become people: told from their 3D joints, before any picture is read."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from data_prep.panoptic.poses import Bodies
from pose import PANOPTIC19, Camera

_CENTER = PANOPTIC19.joints.index("body_center")
# Poses that are compared at a time, so that a table of them with those kept fits into the cache.
_BLOCK = 128


@dataclass(frozen=True, eq=False)
class View:
    """All N bodies as one camera sees them.

    Attributes:
        xyz_mm: float64 (N, J, 3), in the camera's frame.
        xy_px: float64 (N, J, 2); NaN behind the camera.
        known: bool (N, J), joints with enough confidence.
        on_picture: bool (N, J), those of them that fall on the picture.
        box_px: float64 (N, 4), x_min, y_min, width, height about the joints on the picture.
    """

    xyz_mm: np.ndarray
    xy_px: np.ndarray
    known: np.ndarray
    on_picture: np.ndarray
    box_px: np.ndarray

    @classmethod
    def of(cls, bodies: Bodies, camera: Camera, min_confidence: float) -> View:
        """Projects bodies into a camera."""
        joints = bodies.joints_world_mm
        known = bodies.confidence > min_confidence
        xyz_mm = camera.to_camera(joints)
        xy_px = camera.project_camera(xyz_mm)
        on_picture = known & camera.in_front(joints) & camera.contains(xy_px)
        low = np.where(on_picture[..., None], xy_px, np.inf).min(axis=1)
        high = np.where(on_picture[..., None], xy_px, -np.inf).max(axis=1)
        box_px = np.where(on_picture.any(axis=1)[:, None], np.concatenate([low, high - low], axis=1), 0)
        return cls(xyz_mm, xy_px, known, on_picture, box_px)

    def shown(self, min_joints: int, min_box_px: float) -> np.ndarray:
        """Tells (N,) which bodies have enough joints on the picture, and a box that is large enough."""
        return (self.on_picture.sum(axis=1) >= min_joints) & (self.box_px[:, 2:].max(axis=1) >= min_box_px)


def spread(shown: np.ndarray, frames: np.ndarray, budget: int) -> np.ndarray:
    """Chooses views of bodies evenly over the time that there are any.

    Each frame's views are drawn from in an order that depends on the frame alone, so that no camera and no body is
    preferred.

    Args:
        shown: bool (V, N), which of V cameras see which of N bodies well enough.
        frames: int64 (N,), the bodies' frames, ascending.
        budget: how many to choose.

    Returns:
        bool (V, N): `shown`, less all but `budget` of them.
    """
    cameras, bodies = np.nonzero(shown)
    if len(bodies) <= budget:
        return shown
    draw = np.random.default_rng(0).random(len(bodies))
    order = np.lexsort((draw, frames[bodies]))
    picked = order[(np.arange(budget) * 2 + 1) * len(order) // (2 * budget)]
    chosen = np.zeros_like(shown)
    chosen[cameras[picked], bodies[picked]] = True
    return chosen


def distinct(joints_mm: np.ndarray, known: np.ndarray, min_change_mm: float, center: int = _CENTER) -> np.ndarray:
    """Passes by poses that were there before.

    A pose is kept if it differs from every pose that is kept before it by at least `min_change_mm`: the mean distance
    of the joints that are known in both, but for the body centre, on which both are laid. Which way a body faces
    counts. A body whose centre is not known cannot be compared, and is passed by; two without a common joint differ.

    Args:
        joints_mm: float (N, J, 3), in order of time.
        known: bool (N, J).
        min_change_mm: above 0.
        center: the index of the body centre.

    Returns:
        bool (N,): which are kept.
    """
    poses = np.where(known[..., None], joints_mm - joints_mm[:, [center]], 0).astype(np.float64)
    # On the centre all are laid: it would count as a joint that never changes.
    others = np.arange(known.shape[1]) != center
    poses, known, keep = poses[:, others], known[:, others], known[:, center].copy()
    for start in range(0, len(poses), _BLOCK):
        block = start + np.flatnonzero(keep[start : start + _BLOCK])
        kept = np.flatnonzero(keep[:start])
        for first in range(0, len(kept), _BLOCK):
            if len(block):
                before = kept[first : first + _BLOCK]
                near = _change_mm(poses, known, block, before) < min_change_mm
                keep[block[near.any(axis=1)]] = False
                block = block[~near.any(axis=1)]
        near = _change_mm(poses, known, block, block) < min_change_mm
        for i in range(len(block)):
            # A pose that is passed by hides none that comes after it.
            if keep[block[i]]:
                keep[block[i + 1 :][near[i, i + 1 :]]] = False
    return keep


def _change_mm(poses: np.ndarray, known: np.ndarray, some: np.ndarray, others: np.ndarray) -> np.ndarray:
    """The mean distance (A, B) of the joints known in both, of some poses from others; infinite without any."""
    # Late: it takes a third of a second to import, and few selections need it.
    from scipy.spatial.distance import cdist

    total, count = np.zeros((len(some), len(others))), np.zeros((len(some), len(others)))
    for joint in range(poses.shape[1]):
        both = np.outer(known[some, joint], known[others, joint])
        total += both * cdist(poses[some, joint], poses[others, joint])
        count += both
    return np.divide(total, count, out=np.full_like(total, np.inf), where=count > 0)
