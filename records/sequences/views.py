"""Sequences as virtual cameras and imperfect 2D models see them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np

from pose import Skeleton
from pose.space.lifting import LEAST_LIFTED_SCORE, SIZE_SHARE, STATURE_MM, about_hips, hips_of, seen

_ERRORS = Path(__file__).with_name("errors.npz")
# A 2D model's errors stay alike for about so long.
_ERROR_S = 0.3
# What models of `pose.LSP14` do not give.
_FACE = ("nose", "left_eye", "right_eye", "left_ear", "right_ear")
# What stays of a body of which the image shows the upper part only, as a share of its height.
_LEFT_BY_A_CUT = (0.35, 0.95)


@dataclass(frozen=True)
class Viewing:
    """How virtual cameras and 2D models see the people of training.

    Attributes:
        flip: probability of mirroring a person, which swaps left and right joints.
        distance_m: the least and greatest distance of the camera, uniform in its logarithm.
        elevation_deg: the least and greatest angle from which it looks down.
        roll_deg: it is tilted sideways by up to this angle.
        errors: the measured errors of 2D models (`records/sequences/errors.npz`) are multiplied by this; 0 shows the
            true places.
        hidden: probability of each joint to be hidden in the whole window.
        without_face: probability of a 2D model that gives no face.
        cut: probability of an image that shows only the upper part of the body.
        live: probability of a live camera, whose later frames are not known yet.
        still: probability of a single image.
    """

    flip: float = 0.5
    distance_m: tuple[float, float] = (1.5, 7.0)
    elevation_deg: tuple[float, float] = (-10.0, 45.0)
    roll_deg: float = 25.0
    errors: float = 1.0
    hidden: float = 0.03
    without_face: float = 0.4
    cut: float = 0.2
    live: float = 0.4
    still: float = 0.15

    def __post_init__(self) -> None:
        for name in ("flip", "hidden", "without_face", "cut", "live", "still"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"augmentation {name} must lie between 0 and 1, got {getattr(self, name)}")
        for name, (low, high) in (("distance_m", (0.5, math.inf)), ("elevation_deg", (-80.0, 80.0))):
            least, most = getattr(self, name)
            if not low <= least <= most <= high or not math.isfinite(most):
                raise ValueError(
                    f"augmentation {name} must be two numbers, ascending, from {low} to {high}, got {least} and {most}"
                )
        for name in ("roll_deg", "errors"):
            if not 0 <= getattr(self, name) < math.inf:
                raise ValueError(f"augmentation {name} must be 0 or more, got {getattr(self, name)}")


#: Where people are measured: virtual cameras and errors as in training, all of the body shown, and all frames known.
MEASURED = Viewing(flip=0.0, hidden=0.0, without_face=0.0, cut=0.0, live=0.0, still=0.0)


class Views(NamedTuple):
    """What is seen of N people in F frames, and what is true.

    Attributes:
        rays: float64 (N, F, J, 2), x / z and y / z in the camera's frame.
        scores: float64 (N, F, J), 0 for what is not seen.
        xyz_mm: float64 (N, F, J, 3), in the camera's frame about the middle of the hips, for a person of `STATURE_MM`.
        known: bool (N, F, J), which of these are known, and the hips as well.
        distance_mm: float64 (N,), from the camera to the person, scaled as the person.
    """

    rays: np.ndarray
    scores: np.ndarray
    xyz_mm: np.ndarray
    known: np.ndarray
    distance_mm: np.ndarray


def view(
    rng: np.random.Generator,
    xyz_mm: np.ndarray,
    known: np.ndarray,
    sizes_mm: np.ndarray,
    fps: np.ndarray,
    skeleton: Skeleton,
    options: Viewing,
) -> Views:
    """Puts a camera before each person, and sees the joints as a 2D model would.

    Args:
        rng: the random generator; as many numbers are drawn whatever the options are.
        xyz_mm: float (N, F, J, 3) in the world.
        known: bool (N, F, J).
        sizes_mm: float (N,), the people's sizes (`pose.space.lifting.size_mm`).
        fps: float (N,), frames per second.
        skeleton: of the J joints.
        options: how.
    """
    count, frames, _ = known.shape
    xyz = np.asarray(xyz_mm, np.float64) * (STATURE_MM * SIZE_SHARE / sizes_mm)[:, None, None, None]
    mirrored = np.asarray(rng.uniform(size=count) < options.flip)
    xyz = np.where(mirrored[:, None, None, None], xyz[:, :, skeleton.flip_order] * np.array([-1, 1, 1]), xyz)
    known = np.where(mirrored[:, None, None], known[:, :, skeleton.flip_order], known)
    turn, distance_mm, shift = _cameras(rng, count, options)
    middle = _middles(xyz, known)
    in_camera = (xyz - middle[:, None, None]) @ np.swapaxes(turn, 1, 2)[:, None]
    ahead = np.concatenate([shift, np.ones((count, 1))], axis=1)
    placed = in_camera + (distance_mm[:, None] * ahead)[:, None, None]
    in_front = known & (placed[..., 2] > 0.1 * distance_mm[:, None, None])
    rays = placed[..., :2] / np.where(in_front, placed[..., 2], 1.0)[..., None]
    extents = _extents(rays, in_front)
    errors, scores = _errors(rng, count, frames, fps, skeleton)
    rays = rays + options.errors * errors * extents[:, None, None, None]
    scores = np.where(in_front, scores if options.errors else 1.0, 0.0)
    shown = _shown(rng, rays, in_front, skeleton, options)
    scores = np.where(shown & (scores >= LEAST_LIFTED_SCORE), scores, 0.0)
    known = known & np.all(known[..., hips_of(skeleton)], axis=-1, keepdims=True)
    return Views(rays, scores, about_hips(in_camera, skeleton), known, distance_mm)


def windows(
    views: Views, starts: np.ndarray, length: int, draws: np.ndarray | None = None, options: Viewing = MEASURED
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Windows of F frames as a net takes them, and the labels of their middle frames.

    Args:
        views: of N people.
        starts: int (N, W), the first frame of W windows of each, from -length // 2 on; frames beyond the ends repeat
            the ends, unseen.
        length: T, the frames of a window.
        draws: float (N, W) from 0 to 1, which decide whether a window is of a live camera or a single image.
        options: how often these are.

    Returns:
        Joints float32 (N * W, T, J, 3), and labels of the middle frames: "joints_xyz_mm" float32 (N * W, J, 3) in the
        frame of the camera turned to the person, "xyz_known" and "seen" int32 (N * W, J), "distance_mm" (N * W,).
    """
    frames = starts[..., None] + np.arange(length)
    there = np.asarray((frames >= 0) & (frames < views.known.shape[1]))
    if draws is not None:
        after, live = np.arange(length) - length // 2, (draws < options.live + options.still)[..., None]
        there &= ~(live & (after > 0)) & ~((draws < options.still)[..., None] & (after != 0))
    rows = np.arange(len(starts))[:, None, None], np.clip(frames, 0, views.known.shape[1] - 1)
    scores = np.where(there[..., None], views.scores[rows], 0)
    joints, turn = seen(views.rays[rows], scores)
    middle = rows[0][..., 0], rows[1][..., length // 2]
    xyz_mm = views.xyz_mm[middle] @ np.swapaxes(turn, -1, -2)
    known = views.known[middle]
    labels = {
        "joints_xyz_mm": np.where(known[..., None], xyz_mm, 0).astype(np.float32),
        "xyz_known": known.astype(np.int32),
        "seen": (scores[..., length // 2, :] > 0).astype(np.int32),
        "distance_mm": np.broadcast_to(views.distance_mm[:, None], starts.shape).astype(np.float32),
    }
    return _flat(joints), {name: _flat(value) for name, value in labels.items()}


def _flat(values: np.ndarray) -> np.ndarray:
    return values.reshape(-1, *values.shape[2:])


def _cameras(rng: np.random.Generator, count: int, options: Viewing) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Rotations from the world (N, 3, 3), distances in mm (N,), and where people stand off the axis (N, 2)."""
    azimuth = rng.uniform(0, 2 * np.pi, count)
    low, high = np.radians(options.elevation_deg)
    elevation = rng.uniform(low, high, count)
    roll = rng.uniform(-1, 1, count) * np.radians(options.roll_deg)
    near, far = np.log(options.distance_m)
    distance_mm = 1000 * np.exp(rng.uniform(near, far, count))
    shift = rng.uniform(-0.3, 0.3, (count, 2))
    return _about(2, roll) @ _about(0, elevation) @ _about(1, azimuth), distance_mm, shift


def _about(axis: int, angles: np.ndarray) -> np.ndarray:
    """Rotations (N, 3, 3) about a coordinate axis."""
    turned = np.tile(np.eye(3), (len(angles), 1, 1))
    a, b = (axis + 1) % 3, (axis + 2) % 3
    turned[:, a, a] = turned[:, b, b] = np.cos(angles)
    turned[:, a, b], turned[:, b, a] = -np.sin(angles), np.sin(angles)
    return turned


def _middles(xyz: np.ndarray, known: np.ndarray) -> np.ndarray:
    """The middle (N, 3) of all that is known of each person."""
    weights = known[..., None].astype(np.float64)
    return (weights * xyz).sum(axis=(1, 2)) / np.maximum(weights.sum(axis=(1, 2)), 1)


def _extents(rays: np.ndarray, there: np.ndarray) -> np.ndarray:
    """The longer side (N,) of the box around a person, the median over the frames."""
    low = np.where(there[..., None], rays, np.inf).min(axis=2)
    high = np.where(there[..., None], rays, -np.inf).max(axis=2)
    sides = np.where(there.any(axis=2), (high - low).max(axis=-1), 0)
    return np.median(sides, axis=1)


def _shown(
    rng: np.random.Generator, rays: np.ndarray, there: np.ndarray, skeleton: Skeleton, options: Viewing
) -> np.ndarray:
    """Which joints (N, F, J) are in the image and not hidden."""
    count, _, joints = there.shape
    hidden = rng.uniform(size=(count, 1, joints)) < options.hidden
    face = np.isin(skeleton.joints, _FACE)
    hidden |= (rng.uniform(size=(count, 1, 1)) < options.without_face) & face
    cut, share = rng.uniform(size=count) < options.cut, rng.uniform(*_LEFT_BY_A_CUT, count)
    top = np.where(there, rays[..., 1], np.inf).min(axis=(1, 2))
    bottom = np.where(there, rays[..., 1], -np.inf).max(axis=(1, 2))
    edge = np.where(cut & there.any(axis=(1, 2)), top + share * (bottom - top), np.inf)
    return ~hidden & (rays[..., 1] < edge[:, None, None])


@cache
def _bank(joints: tuple[str, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Measured errors (M, J, 2) as shares of the person's box, and the scores (M, J) that went with them."""
    with np.load(_ERRORS) as stored:
        names = stored["joints"].tolist()
        errors, scores = stored["errors"].astype(np.float64), stored["scores"].astype(np.float64)
    # A joint that was not measured takes the errors of another.
    order = [names.index(joint) if joint in names else number % len(names) for number, joint in enumerate(joints)]
    return errors[:, order], scores[:, order]


def _errors(
    rng: np.random.Generator, count: int, frames: int, fps: np.ndarray, skeleton: Skeleton
) -> tuple[np.ndarray, np.ndarray]:
    """Errors (N, F, J, 2) as shares of the person's box, and scores (N, F, J): measured ones, slowly changing."""
    errors, scores = _bank(skeleton.joints)
    # Between whole people who were measured: all joints of a frame are of the same two.
    keys = int(np.ceil(frames / max(_ERROR_S * float(np.min(fps)), 1))) + 2
    chosen = rng.integers(len(errors), size=(count, keys))
    time = rng.uniform(size=(count, 1)) + np.arange(frames) / (_ERROR_S * fps[:, None])
    before = np.minimum(time.astype(int), keys - 2)
    share = (time - before)[..., None]
    rows = np.arange(count)[:, None]
    first, second = chosen[rows, before], chosen[rows, before + 1]
    mixed = errors[first] * (1 - share)[..., None] + errors[second] * share[..., None]
    return mixed, scores[first] * (1 - share) + scores[second] * share
