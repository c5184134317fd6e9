"""Angles over the stride, in the plane in which a person walks, and how trunk and arms move.

Segments are projected onto the plane of the directions ahead and up, which a film from the side shows. There

- the hip is flexed by the angle of the thigh against the trunk, or against the vertical where no shoulders are known,
- the knee by that of the shank against the thigh,
- the ankle by that of the line from heel to big toe against the shank, less 90 degrees; positive with the toe raised,
- the trunk leans forward by the angle of the line from hips to shoulders against the vertical.

A straight leg under an upright trunk is at 0 degrees, flexion is positive.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from gait.measures import MIN_VALUES, Measure, Stride, mean, measured
from gait.motion import SIDES, Motion

#: The angles of each side, in degrees.
ANGLES = ("hip flexion", "knee flexion", "ankle dorsiflexion", "trunk lean")
#: Where in the stride the curves are sampled.
PERCENT = np.arange(101)
# The knee's highest flexion in the second half is that of the swing.
_SECOND_HALF = slice(50, None)
_NONE = np.zeros((0, len(PERCENT)))


@dataclass(frozen=True, eq=False)
class Curve:
    """An angle over the strides of a side.

    Attributes:
        side: "left" or "right", whose contacts are at 0 and 100 %.
        angle: one of `ANGLES`.
        strides_deg: float64 (S, 101), of each stride in which it is known throughout, at `PERCENT`.
    """

    side: str
    angle: str
    strides_deg: np.ndarray

    @property
    def mean_deg(self) -> np.ndarray:
        """Float64 (101,)."""
        return self.strides_deg.mean(axis=0)

    @property
    def sd_deg(self) -> np.ndarray:
        """The standard deviation, float64 (101,); NaN of fewer than `MIN_VALUES` strides."""
        if len(self.strides_deg) < MIN_VALUES:
            return np.full(len(PERCENT), np.nan)
        return self.strides_deg.std(axis=0, ddof=1)


def side_angles(motion: Motion, side: str) -> dict[str, np.ndarray]:
    """The angles of one side in each frame, in degrees.

    Args:
        motion: `Motion.filtered`.
        side: "left" or "right".

    Returns:
        float64 (F,) for each of `ANGLES`; NaN where not known.
    """
    # Of each segment the angle of its lower end ahead of its upper one: 0 hangs down, 90 points ahead.
    thigh, shank = (
        _inclination(motion, _joint(motion, f"{side}_{upper}"), _joint(motion, f"{side}_{lower}"))
        for upper, lower in (("hip", "knee"), ("knee", "ankle"))
    )
    foot = _inclination(motion, _joint(motion, f"{side}_heel"), _joint(motion, f"{side}_big_toe"))
    trunk = _inclination(motion, _shoulders(motion), motion.pelvis)
    return {
        "hip flexion": _turned(thigh - (trunk if np.isfinite(trunk).any() else 0)),
        "knee flexion": _turned(thigh - shank),
        "ankle dorsiflexion": _turned(foot - shank - 90),
        "trunk lean": -trunk,
    }


def find_curves(motion: Motion, strides: Sequence[Stride]) -> list[Curve]:
    """The curves of both sides, of the angles that are known in any stride.

    Args:
        motion: `Motion.filtered`.
        strides: of it.
    """
    curves = []
    for side in SIDES:
        for angle, values_deg in side_angles(motion, side).items():
            sampled = _sampled(values_deg, motion.fps, [stride for stride in strides if stride.side == side])
            if len(sampled):
                curves.append(Curve(side, angle, sampled))
    return curves


def measure_angles(
    motion: Motion, strides: Sequence[Stride], curves: Sequence[Curve], *, seed: int = 0
) -> list[Measure]:
    """Ranges of the angles within a stride, the knee's highest flexion in swing, and the sway of trunk and arms.

    Args:
        motion: `Motion.filtered`.
        strides: of it.
        curves: `find_curves` of them.
        seed: of the bootstrap.
    """
    random = np.random.default_rng(seed)
    made: list[Measure] = []

    def add(name: str, values: np.ndarray) -> None:
        if len(values):
            made.append(measured(name, "deg", mean, random, values))

    found = {(curve.angle, curve.side): curve.strides_deg for curve in curves}
    for angle in ANGLES[:3]:
        for side in SIDES:
            add(f"{angle}, range, {side}", np.ptp(found.get((angle, side), _NONE), axis=1))
    for side in SIDES:
        knee = found.get(("knee flexion", side), _NONE)
        add(f"knee flexion, highest in swing, {side}", knee[:, _SECOND_HALF].max(axis=1))
    for side in SIDES:
        arm = _inclination(motion, _joint(motion, f"{side}_shoulder"), _joint(motion, f"{side}_wrist"))
        add(f"arm swing, range, {side}", _ranges(arm, motion, [stride for stride in strides if stride.side == side]))
    trunk = _shoulders(motion) - motion.pelvis
    add("trunk sway, forward and back", _ranges(side_angles(motion, "left")["trunk lean"], motion, strides))
    if motion.xyz.shape[2] == 3:
        beside = (trunk * np.cross(motion.up, motion.ahead)).sum(axis=1)
        add("trunk sway, side to side", _ranges(np.degrees(np.arctan2(beside, motion.height(trunk))), motion, strides))
    return made


def _joint(motion: Motion, name: str) -> np.ndarray:
    return motion.joint(name) if motion.has(name) else np.full_like(motion.pelvis, np.nan)


def _shoulders(motion: Motion) -> np.ndarray:
    return (_joint(motion, "left_shoulder") + _joint(motion, "right_shoulder")) / 2


def _inclination(motion: Motion, upper: np.ndarray, lower: np.ndarray) -> np.ndarray:
    """How far a segment (F, D) is turned forward from hanging down, (F,) in degrees."""
    segment = lower - upper
    return np.degrees(np.arctan2((segment * motion.ahead).sum(axis=1), -motion.height(segment)))


def _turned(angle_deg: np.ndarray) -> np.ndarray:
    """The same angle between -180 and 180 degrees."""
    return (angle_deg + 180) % 360 - 180


def _sampled(values: np.ndarray, fps: float, strides: Sequence[Stride]) -> np.ndarray:
    """A series (F,) at `PERCENT` of each stride in which it is known throughout, (S, 101)."""
    shares = PERCENT / 100
    places = np.array([fps * (one.start_s + shares * one.seconds) for one in strides]).reshape(-1, len(PERCENT))
    rows = np.interp(places, np.arange(len(values)), values)
    return rows[np.isfinite(rows).all(axis=1)]


def _ranges(values_deg: np.ndarray, motion: Motion, strides: Sequence[Stride]) -> np.ndarray:
    return np.ptp(_sampled(values_deg, motion.fps, strides), axis=1)
