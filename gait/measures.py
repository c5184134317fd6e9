"""Measures of gait from events: times, lengths and speed, each with an interval and how many strides it rests on.

Whittle, "Gait Analysis", chapter 2, defines them: a stride lasts from a foot's contact to its next one, a step from one
foot's contact to the other's; a foot stands from its contact to its off. Numbers are means over strides or steps, and
their 95 % intervals are bootstrapped (Efron and Tibshirani, 1993).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from gait.events import MIN_SWING, Event, foot
from gait.motion import SIDES, STANDING, Motion

#: Strides of other durations, in s, are breaks between two walks, or an event was missed.
STRIDE_S = (0.4, 2.5)
# Of someone who jumps both feet touch the ground within this time.
_LEAST_STEP_S = 0.1
_DRAWS, _LEVEL = 2000, 0.95
#: Fewer values give no interval.
MIN_VALUES = 3
_OTHER = {"left": "right", "right": "left"}


@dataclass(frozen=True)
class Stride:
    """One stride of a foot.

    Attributes:
        side: of the foot.
        start_s: its contact.
        end_s: its next contact.
        stance_s: until it left the ground; None if that was not seen.
        step_s: from the other foot's contact in between to the end: the step of this foot; None likewise.
        double_s: for how long both feet stood; None likewise.
        length: way of the heel over ground from contact to contact, in the motion's unit; NaN where not known.
        step_length: how far ahead of the other heel this one is at the end, NaN likewise.
        step_width: how far beside it, NaN likewise, and in an image.
        pelvis: way of the pelvis, NaN likewise.
    """

    side: str
    start_s: float
    end_s: float
    stance_s: float | None
    step_s: float | None
    double_s: float | None
    length: float
    step_length: float
    step_width: float
    pelvis: float

    @property
    def seconds(self) -> float:
        """Its duration."""
        return self.end_s - self.start_s


@dataclass(frozen=True)
class Measure:
    """A number, and how sure it is.

    Attributes:
        name: such as "step time, left".
        unit: such as "s".
        value: the mean; NaN where it is not known.
        low: lower end of its 95 % interval, NaN of fewer than `MIN_VALUES` values.
        high: the upper end, likewise.
        count: of how many strides or steps.
    """

    name: str
    unit: str
    value: float
    low: float
    high: float
    count: int


def find_strides(motion: Motion, events: Sequence[Event]) -> list[Stride]:
    """The strides between successive contacts of each foot, in order of time.

    Where the other foot touches the ground more than once in between, a contact was missed, and there is no stride; nor
    is there where the foot stays and the pelvis alone moves, as of someone who sits down and stands up, or where both
    feet touch the ground at once, as of someone who jumps.

    Args:
        motion: `Motion.filtered`.
        events: in order of time.
    """
    contacts = {side: [one.time_s for one in events if (one.side, one.kind) == (side, "contact")] for side in SIDES}
    strides = []
    for side in SIDES:
        for start_s, end_s in pairwise(contacts[side]):
            others = contacts[_OTHER[side]]
            between = sum(start_s < time_s < end_s for time_s in others)
            jumps = any(min(abs(time_s - start_s), abs(time_s - end_s)) < _LEAST_STEP_S for time_s in others)
            fits = STRIDE_S[0] <= end_s - start_s <= STRIDE_S[1] and between <= 1 and not jumps
            if fits and _swings(motion, side, start_s, end_s):
                strides.append(_stride(motion, events, side, start_s, end_s))
    return sorted(strides, key=lambda stride: stride.start_s)


def _swings(motion: Motion, side: str, start_s: float, end_s: float) -> bool:
    heel = motion.level(foot(motion, side)[0])[round(start_s * motion.fps) : round(end_s * motion.fps) + 1]
    return bool(np.nanmax(np.linalg.norm(heel - heel[0], axis=1)) >= MIN_SWING * motion.leg)


def _stride(motion: Motion, events: Sequence[Event], side: str, start_s: float, end_s: float) -> Stride:
    def only(of: str, kind: str) -> float | None:
        """The one event of its kind within the stride; None if there is none, or are several."""
        found = [one.time_s for one in events if (one.side, one.kind) == (of, kind) and start_s < one.time_s < end_s]
        return found[0] if len(found) == 1 else None

    off_s, other_off_s, other_s = only(side, "off"), only(_OTHER[side], "off"), only(_OTHER[side], "contact")
    double_s = None
    if off_s is not None and other_off_s is not None and other_s is not None and other_off_s < other_s < off_s:
        # Both feet stand from this foot's contact to the other's off, and from the other's contact to this one's off.
        double_s = (other_off_s - start_s) + (off_s - other_s)
    heel, other = foot(motion, side)[0], foot(motion, _OTHER[side])[0]
    first, last = (min(round(time_s * motion.fps), len(heel) - 1) for time_s in (start_s, end_s))
    apart, ahead = motion.level(heel[last] - other[last]) / motion.enlargement[last], motion.ahead[last]
    step_length = float(apart @ ahead)
    width = float(np.linalg.norm(apart - step_length * ahead)) if len(ahead) == 3 else np.nan
    size = float(motion.enlargement[first : last + 1].mean())
    ways = [float(np.linalg.norm(motion.level(point[last] - point[first]))) / size for point in (heel, motion.pelvis)]
    stance_s = off_s - start_s if off_s is not None else None
    step_s = end_s - other_s if other_s is not None else None
    return Stride(side, start_s, end_s, stance_s, step_s, double_s, ways[0], step_length, width, ways[1])


def measure(motion: Motion, strides: Sequence[Stride], *, seed: int = 0) -> list[Measure]:
    """The measures of a walk.

    Args:
        motion: `Motion.filtered`.
        strides: of it.
        seed: of the bootstrap.
    """
    random = np.random.default_rng(seed)
    made: list[Measure] = []

    def add(name: str, unit: str, values: Sequence[float | None], share: float = 1) -> None:
        made.append(measured(name, unit, mean, random, share * _known(values)))

    def add_sides(name: str, unit: str, value: Callable[[Stride], float | None], share: float = 1) -> None:
        for side in SIDES:
            add(f"{name}, {side}", unit, [value(stride) for stride in strides if stride.side == side], share)

    steps_s = _known([stride.step_s for stride in strides])
    made.append(measured("cadence", "steps/min", _per_minute, random, steps_s))
    add_sides("stride time", "s", lambda stride: stride.seconds)
    add_sides("step time", "s", lambda stride: stride.step_s)
    add_sides("stance", "% of the stride", lambda stride: _percent(stride.stance_s, stride))
    add_sides("swing", "% of the stride", lambda stride: 100 - _percent(stride.stance_s, stride))
    add("double support", "% of the stride", [_percent(stride.double_s, stride) for stride in strides])
    seconds = np.array([stride.seconds for stride in strides])
    made.append(measured("variability of the stride time", "%", _variation, random, seconds, least=MIN_VALUES))
    for name, by in (("step time", "step_s"), ("stance", "stance_s")):
        sides = [_known([getattr(stride, by) for stride in strides if stride.side == side]) for side in SIDES]
        made.append(measured(f"left to right, {name}", "%", _symmetry, random, *sides))
    moves = moves_on(motion, strides)
    units = [("legs", 1 / motion.leg)] + ([("m", 1e-3 * motion.mm_per_unit)] if motion.mm_per_unit else [])
    for unit, share in units:
        if moves:
            add("speed", f"{unit}/s", [stride.pelvis / stride.seconds for stride in strides], share)
            add_sides("stride length", unit, lambda stride: stride.length, share)
        add_sides("step length", unit, lambda stride: stride.step_length, share)
        if motion.xyz.shape[2] == 3:
            add("step width", unit, [stride.step_width for stride in strides], share)
    return made


def moves_on(motion: Motion, strides: Sequence[Stride]) -> bool:
    """Whether the person gets anywhere: on a treadmill the way over ground says nothing."""
    speeds = _known([stride.pelvis / stride.seconds for stride in strides])
    return bool(len(speeds)) and float(np.median(speeds)) > STANDING * motion.leg


def _percent(seconds: float | None, stride: Stride) -> float:
    return np.nan if seconds is None else 100 * seconds / stride.seconds


def measured(
    name: str,
    unit: str,
    statistic: Callable[..., np.ndarray],
    random: np.random.Generator,
    *samples: np.ndarray,
    least: int = 1,
) -> Measure:
    """A statistic of one sample or of several, over their last axis, with its interval; NaN of fewer than `least`."""
    count = min(map(len, samples))
    value = float(statistic(*samples)) if count >= least else np.nan
    if count < MIN_VALUES:
        return Measure(name, unit, value, np.nan, np.nan, count)
    drawn = [random.choice(sample, (_DRAWS, len(sample))) for sample in samples]
    low, high = np.quantile(statistic(*drawn), [(1 - _LEVEL) / 2, (1 + _LEVEL) / 2])
    return Measure(name, unit, value, float(low), float(high), count)


def _known(values: Sequence[float | None]) -> np.ndarray:
    return np.array([value for value in values if value is not None and np.isfinite(value)], np.float64)


def mean(values: np.ndarray) -> np.ndarray:
    """The mean over the last axis."""
    return values.mean(axis=-1)


def _per_minute(values_s: np.ndarray) -> np.ndarray:
    """How many make a minute, by the mean time: where one step is found too short, the next is too long."""
    return 60 / values_s.mean(axis=-1)


def _variation(values: np.ndarray) -> np.ndarray:
    """The coefficient of variation in per cent."""
    return 100 * values.std(axis=-1, ddof=1) / values.mean(axis=-1)


def _symmetry(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """The symmetry index of Robinson, Herzog and Nigg (1987): 100 (left - right) / mean of both; 0 is symmetric."""
    left, right = left.mean(axis=-1), right.mean(axis=-1)
    return 200 * (left - right) / (left + right)
