"""Angles of joints and of body segments over time, projected onto the image plane.

They mean what their names say in side views, in which the limb moves parallel to the image. NumPy alone, for any
skeleton that has the joints in question.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from pose.skeleton import Skeleton

#: Names of the joint at the tip of the foot, without the side, in different skeletons.
TOES = ("big_toe", "foot_index", "toe", "toes")
_DOWN, _TOE = "down", "{side}_toe"


@dataclass(frozen=True)
class Angle:
    """An angle between two directions in the image.

    Attributes:
        name: with `{side}` where there is one for left and right.
        first: two points, whose line from one to the other is the first direction; `down` is the vertical.
        second: the two points of the second direction.
        sign: 0 for the angle between the directions, 0 to 180 degrees. +1 or -1 for the rotation from the first to the
            second, whose sense the person's facing determines. It is unwrapped over time, and its median lies within
            -180 to 180 degrees.
        offset_deg: is added.
    """

    name: str
    first: tuple[str, str] | str
    second: tuple[str, str]
    sign: int = 0
    offset_deg: float = 0.0


_TRUNK = ("mid_shoulders", "mid_hips")
#: The angles that have a name; docs/video.md says what 0 degrees and the positive direction are.
ANGLES = (
    Angle("{side}_knee_flexion", ("{side}_hip", "{side}_knee"), ("{side}_knee", "{side}_ankle")),
    Angle("{side}_hip_flexion", _TRUNK, ("{side}_hip", "{side}_knee"), sign=1),
    Angle("{side}_ankle_dorsiflexion", ("{side}_knee", "{side}_ankle"), ("{side}_ankle", _TOE), offset_deg=-90.0),
    Angle("{side}_elbow_flexion", ("{side}_shoulder", "{side}_elbow"), ("{side}_elbow", "{side}_wrist")),
    Angle("{side}_shoulder_flexion", _TRUNK, ("{side}_shoulder", "{side}_elbow"), sign=1),
    Angle("{side}_thigh_inclination", _DOWN, ("{side}_hip", "{side}_knee"), sign=1),
    Angle("trunk_inclination", _DOWN, _TRUNK, sign=-1),
)


def angle_names(skeleton: Skeleton) -> tuple[str, ...]:
    """The names of the angles whose joints a skeleton has."""
    return tuple(angle.name for angle in _angles_of(skeleton))


def measure_angles(
    xy_px: np.ndarray,
    skeleton: Skeleton,
    *,
    facing: float | np.ndarray | None = None,
    custom: Mapping[str, tuple[str, str, str]] | None = None,
) -> dict[str, np.ndarray]:
    """Measures the angles of one person over time.

    Args:
        xy_px: float (T, J, 2), NaN where a joint is missing.
        skeleton: names of the J joints.
        facing: 1 where the person faces the image's right, -1 where left, for all frames or (T,); None is
            `facing_of(xy_px, skeleton)`.
        custom: three joints a, b, c for each further name. The angle is that at b between the lines to a and to c,
            0 to 180 degrees; 180 is straight.

    Returns:
        float64 (T,) in degrees for each of `angle_names(skeleton)` and each custom name; NaN where a joint is missing
        or two of them coincide.

    Raises:
        ValueError: a custom angle names a joint that the skeleton lacks, or has the name of another angle.
    """
    xy_px = np.asarray(xy_px, np.float64)
    facing = facing_of(xy_px, skeleton) if facing is None else facing
    series = {angle.name: _series(angle, xy_px, skeleton, facing) for angle in _angles_of(skeleton)}
    for name, (a, b, c) in (custom or {}).items():
        if name in series:
            raise ValueError(f"there is an angle {name!r} already; choose another name")
        for joint in (a, b, c):
            skeleton.index(joint)
        series[name] = _series(Angle(name, (b, a), (b, c)), xy_px, skeleton, facing)
    return series


def facing_of(xy_px: np.ndarray, skeleton: Skeleton) -> int:
    """To which side of the image a person faces, on average over time: that to which the elbows and knees bend.

    Args:
        xy_px: float (T, J, 2), NaN where a joint is missing.
        skeleton: names of the J joints.

    Returns:
        1 for the right, -1 for the left; 1 where the skeleton has neither elbows nor knees, or none is ever bent.
    """
    # Elbows bend forward and knees backward, in whatever direction the upper arm or the thigh points.
    bends = {"elbow_flexion": 1, "knee_flexion": -1}
    forward = 0.0
    for angle in _angles_of(skeleton):
        sense = bends.get(angle.name.partition("_")[2], 0)
        if sense:
            turned = _between(*_directions(angle, np.asarray(xy_px, np.float64), skeleton), sign=1)
            forward += sense * float(np.nansum(np.sin(turned)))
    return -1 if forward < 0 else 1


def _angles_of(skeleton: Skeleton) -> list[Angle]:
    """The angles whose joints the skeleton has, with their sides filled in."""
    found = []
    for angle in ANGLES:
        for side in ("left", "right") if "{side}" in angle.name else ("",):
            first = angle.first if isinstance(angle.first, str) else _fill(angle.first, side)
            filled = Angle(angle.name.format(side=side), first, _fill(angle.second, side), angle.sign, angle.offset_deg)
            points = (*(() if isinstance(filled.first, str) else filled.first), *filled.second)
            if all(_joints_of(point, skeleton) for point in points):
                found.append(filled)
    return found


def _fill(points: tuple[str, str], side: str) -> tuple[str, str]:
    return points[0].format(side=side), points[1].format(side=side)


def _joints_of(point: str, skeleton: Skeleton) -> tuple[int, ...]:
    """Indices of the joints whose mean is a point; none where the skeleton lacks one."""
    names: tuple[str, ...] = (point,)
    if point.startswith("mid_"):
        stem = point.removeprefix("mid_").removesuffix("s")
        names = (f"left_{stem}", f"right_{stem}")
    elif point in (_TOE.format(side="left"), _TOE.format(side="right")):
        side = point.partition("_")[0]
        names = next(((name,) for toe in TOES if (name := f"{side}_{toe}") in skeleton.joints), (point,))
    return tuple(map(skeleton.index, names)) if all(name in skeleton.joints for name in names) else ()


def _directions(angle: Angle, xy_px: np.ndarray, skeleton: Skeleton) -> tuple[np.ndarray, np.ndarray]:
    """The two directions of an angle, float64 (T, 2) each."""

    def direction(points: tuple[str, str]) -> np.ndarray:
        start, end = (xy_px[:, list(_joints_of(point, skeleton))].mean(axis=1) for point in points)
        return end - start

    second = direction(angle.second)
    first = np.broadcast_to((0.0, 1.0), second.shape) if isinstance(angle.first, str) else direction(angle.first)
    return first, second


def _between(first: np.ndarray, second: np.ndarray, *, sign: int) -> np.ndarray:
    """The angle from one direction to another in rad: 0 to pi for the sign 0, else -pi to pi.

    A positive rotation is counterclockwise as one sees the image, times the sign. NaN for a direction of no length.
    """
    # With y down, the cross product of a counterclockwise rotation is negative.
    cross = first[:, 1] * second[:, 0] - first[:, 0] * second[:, 1]
    turned = np.arctan2(cross, (first * second).sum(axis=1))
    turned[~(first.any(axis=1) & second.any(axis=1))] = np.nan
    return turned * sign if sign else np.abs(turned)


def _series(angle: Angle, xy_px: np.ndarray, skeleton: Skeleton, facing: float | np.ndarray) -> np.ndarray:
    turned = _between(*_directions(angle, xy_px, skeleton), sign=angle.sign)
    if angle.sign:
        turned = turned * facing
        known = np.isfinite(turned)
        turned[known] = np.unwrap(turned[known])
        if known.any():
            # However the first frames turn, as those of someone mistaken to stand on the head.
            turned -= 2 * np.pi * np.round(np.median(turned[known]) / (2 * np.pi))
    return np.degrees(turned) + angle.offset_deg
