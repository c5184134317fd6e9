"""Bones that keep their lengths: a person's joints over time, corrected together."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pose.camera import Camera
from pose.skeleton import Skeleton
from pose.space.points import USUAL_ERROR, slopes
from pose.space.poses import Located

# What a bone's length deviates by, in mm: the joints that its ends are labeled at are no fixed points of the body.
_BONE_MM = 10.0
_ROUNDS = 6
# A bone needs so many frames in which both ends are known.
_FRAMES = 10


def with_constant_bones(cameras: Sequence[Camera], skeleton: Skeleton, found: Located) -> np.ndarray:
    """Moves joints so that the limbs' lengths stay near their medians over time, and the joints near their images.

    Gauss-Newton's minimum over each frame's joints at once of the squared reprojection errors and of the limbs'
    deviations, each divided by what it usually is.

    Args:
        cameras: V cameras.
        skeleton: of the joints; limbs of arms and legs alone are held, as a trunk bends.
        found: a person in these cameras.

    Returns:
        The joints, float64 (T, J, 3), NaN where they were.
    """
    xyz_mm, xy_px = found.xyz_mm, found.xy_px
    known = np.isfinite(xyz_mm).all(axis=-1)
    lengths = {}
    for a, b in held_limbs(skeleton):
        both = known[:, a] & known[:, b]
        if both.sum() >= _FRAMES:
            lengths[a, b] = float(np.median(np.linalg.norm(xyz_mm[both, a] - xyz_mm[both, b], axis=-1)))
    noise_px = np.array([USUAL_ERROR * max(camera.size) for camera in cameras])[:, None, None]
    weights = np.where(known, found.weights, 0.0) / noise_px**2
    xyz = np.where(known[..., None], xyz_mm, 0.0)
    frames, joints = known.shape
    for _ in range(_ROUNDS):
        slope = slopes(cameras, xyz)
        ahead = np.stack([xy - camera.project(xyz) for camera, xy in zip(cameras, xy_px, strict=True)])
        ahead = np.where(weights[..., None] > 0, np.nan_to_num(ahead), 0.0)
        left = np.zeros((frames, joints, 3, joints, 3))
        own = np.einsum("vtj,vtjki,vtjkl->tjil", weights, slope, slope)
        left[:, np.arange(joints), :, np.arange(joints)] = np.moveaxis(own, 1, 0)
        right = np.einsum("vtj,vtjki,vtjk->tji", weights, slope, ahead)
        for (a, b), length in lengths.items():
            along = xyz[:, a] - xyz[:, b]
            now = np.maximum(np.linalg.norm(along, axis=-1, keepdims=True), 1.0)
            along /= now
            both = (known[:, a] & known[:, b])[:, None] / _BONE_MM**2
            square = both[..., None] * along[:, :, None] * along[:, None]
            pull = both * (length - now) * along
            for one, other, sign in ((a, b, 1), (b, a, -1)):
                left[:, one, :, one] += square
                left[:, one, :, other] -= square
                right[:, one] += sign * pull
        flat = left.reshape(frames, 3 * joints, 3 * joints)
        # Joints that are not known have no equations.
        flat += np.where(known, 1e-9, 1.0).repeat(3, axis=1)[..., None] * np.eye(3 * joints)
        xyz = xyz + np.linalg.solve(flat, right.reshape(frames, -1, 1)).reshape(xyz.shape)
    return np.where(known[..., None], xyz, np.nan)


def held_limbs(skeleton: Skeleton) -> list[tuple[int, int]]:
    """The limbs of arms and legs, which keep their lengths, as pairs of joint indices."""
    return [(a, b) for a, b in skeleton.limbs if _is_held(skeleton.joints[a], skeleton.joints[b])]


def _is_held(*ends: str) -> bool:
    stems = {end.removeprefix("left_").removeprefix("right_") for end in ends}
    return stems in (
        {"shoulder", "elbow"},
        {"elbow", "wrist"},
        {"hip", "knee"},
        {"knee", "ankle"},
        {"ankle", "heel"},
        {"heel", "big_toe"},
        {"ankle", "big_toe"},
    )
