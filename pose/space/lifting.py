"""What a net that lifts joints from 2D to 3D takes and answers: joints as seen along the line of sight to the person.

The net never learns about the camera. The camera is turned, in thought, until it looks at the middle of the person, and
the joints are scaled by their extent; the answered pose lies about its hips in that turned camera's frame, for a person
of `STATURE_MM`. Both ways are NumPy, so that training, evaluation and demos share them.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from pose.camera import Camera
from pose.skeleton import Skeleton

#: The stature of the person that is answered.
STATURE_MM = 1700.0
#: Legs (hip to knee to ankle) and trunk (middle of the hips to that of the shoulders) as a share of the stature: the
#: mean of the bodies of `body.shape.Shape.random`, whose standard deviation is 0.006.
SIZE_SHARE = 0.75
#: Joints of lower scores are not shown to the net.
LEAST_LIFTED_SCORE = 0.1
#: Focal length of a camera that is not calibrated, as a share of the image's longer side: 60 degrees of view.
USUAL_FOCAL = 0.87
#: Frames per second of the windows.
LIFTED_FPS = 30.0
#: Between frames that are farther apart in time a person is not followed.
LONGEST_GAP_S = 0.25
_LEG = ("hip", "knee", "ankle")
# A person of no extent, in tangents of angles.
_LEAST_EXTENT = 1e-4


class Seen(NamedTuple):
    """Joints over time, as the net takes them.

    Attributes:
        joints: float32 (..., T, J, 3): x, y in about -1 to 1, and the score; all 0 for joints that are not seen.
        turn: float64 (..., 3, 3), from the camera's frame to that of the camera turned to the person.
    """

    joints: np.ndarray
    turn: np.ndarray


class Track(NamedTuple):
    """A person's joints over time: values (..., J, 2) and scores (..., J)."""

    values: np.ndarray
    scores: np.ndarray


def usual_camera(size: tuple[int, int], focal_share: float = USUAL_FOCAL) -> Camera:
    """A camera for images (height, width) of one that is not calibrated, with a focal length as `USUAL_FOCAL` is."""
    focal, (height, width) = focal_share * max(size), size
    matrix = np.array([[focal, 0, (width - 1) / 2], [0, focal, (height - 1) / 2], [0, 0, 1]])
    return Camera("usual", size, matrix, np.zeros(5), np.eye(3), np.zeros(3))


def seen(rays: np.ndarray, scores: np.ndarray) -> Seen:
    """Turns the camera to the person, and scales.

    Args:
        rays: float (..., T, J, 2), x / z and y / z in the camera's frame; anything where the score is 0.
        scores: float (..., T, J), from 0 to 1; 0 for a joint that is not seen.
    """
    there = scores > 0
    turned, turn = rays, np.eye(3)
    # The middle of a box is not quite that of the turned box.
    for _ in range(2):
        middle = _box(turned, there)[0]
        further = turn_to(np.concatenate([middle, np.ones_like(middle[..., :1])], axis=-1))
        points = np.concatenate([turned, np.ones_like(turned[..., :1])], axis=-1)
        points = points @ np.swapaxes(further, -1, -2)[..., None, :, :]
        # What lies behind the turned camera is not seen.
        there = there & (points[..., 2] > _LEAST_EXTENT)
        turned, turn = points[..., :2] / np.where(there, points[..., 2], 1.0)[..., None], further @ turn
    extent = np.maximum(_box(turned, there)[1].max(axis=-1), _LEAST_EXTENT)
    xy = turned / (extent / 2)[..., None, None, None]
    joints = np.concatenate([xy, scores[..., None]], axis=-1)
    return Seen(np.where(there[..., None], joints, 0).astype(np.float32), turn)


def in_camera(xyz_mm: np.ndarray, turn: np.ndarray) -> np.ndarray:
    """Poses (..., J, 3) of the turned camera's frame in the camera's."""
    return xyz_mm @ turn


def placed(xyz_mm: np.ndarray, rays: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """Where poses stand before the camera: the shift whose image fits best, by weighted linear least squares.

    Args:
        xyz_mm: float (N, J, 3), poses in the camera's frame about their hips.
        rays: float (N, J, 2), x / z and y / z of the joints as seen; anything where the score is 0.
        scores: float (N, J), the weights.

    Returns:
        float64 (N, 3) in mm; NaN where fewer than two joints are seen, or the fit lies behind the camera.
    """
    weights = np.where(np.isfinite(rays).all(axis=-1), scores, 0.0)[..., None]
    rays = np.where(weights > 0, rays, 0.0)
    # (x + t_x) - ray_x (z + t_z) = 0, and the same for y.
    rows = np.zeros((*rays.shape, 3))
    rows[..., 0, 0] = rows[..., 1, 1] = 1.0
    rows[..., 2] = -rays
    right = rays * xyz_mm[..., 2:] - xyz_mm[..., :2]
    normal = np.einsum("njk,njka,njkb->nab", weights * np.ones(2), rows, rows)
    sides = np.einsum("njk,njka,njk->na", weights * np.ones(2), rows, right)
    enough = (weights[..., 0] > 0).sum(axis=-1) >= 2
    normal = np.where(enough[:, None, None], normal, np.eye(3))
    shift = np.linalg.solve(normal + 1e-9 * np.eye(3), sides[..., None])[..., 0]
    return np.where((enough & (shift[:, 2] > 0))[:, None], shift, np.nan)


def at_times(values: np.ndarray, scores: np.ndarray, times_s: np.ndarray, wanted_s: np.ndarray) -> Track:
    """A track at other times, linearly between its neighbors; scores are 0 in longer gaps and beyond its ends.

    Args:
        values: float (F, J, 2).
        scores: float (F, J).
        times_s: float (F,), ascending.
        wanted_s: float (...).

    Returns:
        Values (..., J, 2) and scores (..., J).
    """
    after = np.clip(np.searchsorted(times_s, wanted_s), 1, max(len(times_s) - 1, 1))
    before = after - 1
    after = np.minimum(after, len(times_s) - 1)
    gap = times_s[after] - times_s[before]
    share = np.divide(wanted_s - times_s[before], gap, out=np.zeros(np.shape(wanted_s)), where=gap > 0)
    followed = (share > -0.5) & (share < 1.5) & (0 < gap) & (gap <= LONGEST_GAP_S)
    at_one = np.minimum(np.abs(wanted_s - times_s[before]), np.abs(wanted_s - times_s[after])) < 1e-6
    near = np.asarray(followed | at_one)
    share = np.clip(share, 0, 1)[..., None]
    first, second = scores[before], scores[after]
    # A joint that only one neighbor shows is where that one has it.
    share = np.where(second > 0, np.where(first > 0, share, 1.0), 0.0)
    mixed = values[before] + share[..., None] * (values[after] - values[before])
    score = first + share * (second - first)
    return Track(mixed, np.where(near[..., None], score, 0.0))


def hips_of(skeleton: Skeleton) -> tuple[int, int]:
    """The joints whose middle is a pose's origin."""
    return skeleton.index("left_hip"), skeleton.index("right_hip")


def about_hips(xyz_mm: np.ndarray, skeleton: Skeleton) -> np.ndarray:
    """Poses (..., J, 3) with the middle of the hips at the origin."""
    return xyz_mm - xyz_mm[..., hips_of(skeleton), :].mean(axis=-2, keepdims=True)


def size_mm(xyz_mm: np.ndarray, known: np.ndarray, skeleton: Skeleton) -> float:
    """Length of a person's legs and trunk, `SIZE_SHARE` of the stature: the median over time.

    Args:
        xyz_mm: float (T, J, 3).
        known: bool (T, J).
        skeleton: of the joints; it needs shoulders, hips, knees and ankles.

    Returns:
        The length; NaN if no frame shows the trunk and a leg.
    """
    places = np.where(known[..., None], xyz_mm, np.nan).astype(np.float64)
    place = {name: places[:, skeleton.index(name)] for side in ("left_", "right_") for name in _names(side)}
    legs = [_length(*(place[side + joint] for joint in _LEG)) for side in ("left_", "right_")]
    hips, shoulders = (np.mean([place[side + joint] for side in ("left_", "right_")], axis=0) for joint in _TRUNK)
    # In some frames one leg is unknown.
    leg = np.where(np.isnan(legs[0]), legs[1], np.where(np.isnan(legs[1]), legs[0], np.mean(legs, axis=0)))
    lengths = leg + np.linalg.norm(hips - shoulders, axis=-1)
    return float(np.median(lengths[np.isfinite(lengths)])) if np.isfinite(lengths).any() else float("nan")


_TRUNK = ("hip", "shoulder")


def _names(side: str) -> tuple[str, ...]:
    return tuple(side + joint for joint in dict.fromkeys((*_LEG, *_TRUNK)))


def _length(*points: np.ndarray) -> np.ndarray:
    return np.sum([np.linalg.norm(a - b, axis=-1) for a, b in zip(points[1:], points[:-1], strict=True)], axis=0)


def _box(points: np.ndarray, there: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Middle and extent (..., 2) of the box around the points (..., T, J, 2) that are there; 0 if none is."""
    some = np.any(there, axis=(-2, -1), keepdims=True)[..., 0]
    low = np.where(there[..., None], points, np.inf).min(axis=(-3, -2))
    high = np.where(there[..., None], points, -np.inf).max(axis=(-3, -2))
    low, high = np.where(some, low, 0), np.where(some, high, 0)
    return (low + high) / 2, high - low


def turn_to(directions: np.ndarray) -> np.ndarray:
    """The smallest rotations (..., 3, 3) that take directions (..., 3), with z above 0, to the z axis."""
    x, y, z = np.moveaxis(directions / np.linalg.norm(directions, axis=-1, keepdims=True), -1, 0)
    share = 1 / (1 + z)
    rows = [[1 - x * x * share, -x * y * share, -x], [-x * y * share, 1 - y * y * share, -y], [x, y, z]]
    return np.moveaxis(np.array(rows), (0, 1), (-2, -1))
