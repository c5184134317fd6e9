"""When feet touch the ground and leave it: two published methods, and how well they agree.

- Coordinates (Zeni, Richards and Higginson, Gait & Posture 27, 2008): a foot touches the ground when its heel is
  furthest ahead of the pelvis, and leaves it when its toe is furthest behind.
- Velocities (O'Connor, Thorpe, O'Malley and Vaughan, Gait & Posture 25, 2007): it touches when the middle of heel and
  toe falls fastest while the heel is low, and leaves when that rises fastest.

Without heels or toes the ankle stands for them, which moves the events of both.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.signal import find_peaks

from gait.motion import SIDES, Motion

Kind = Literal["contact", "off"]

# A stride of a foot takes this long at least.
_STRIDE_S = 0.5
# Peaks stand out from what is around them by these shares of the range.
_PROMINENCE, _FALL_PROMINENCE, _RISE_PROMINENCE = 0.25, 0.05, 0.3
# The heel is low below this share of its range (O'Connor et al.).
_LOW = 0.35
#: Feet swing by this share of the leg's length at least; who moves them less does not walk.
MIN_SWING = 0.2
#: The two methods mean the same event if they are nearer than this.
SAME_S = 0.1


@dataclass(frozen=True)
class Event:
    """A foot touches the ground, or leaves it.

    Attributes:
        side: "left" or "right".
        kind: "contact" or "off".
        time_s: when, from the motion's first frame.
        coordinates_s: when by coordinates.
        velocities_s: when by velocities; None where they find nothing near.
    """

    side: str
    kind: Kind
    time_s: float
    coordinates_s: float
    velocities_s: float | None


def find_events(motion: Motion) -> list[Event]:
    """Finds all events of both feet in order of time.

    An event is one that the coordinates show, because they hold where joints are noisy; its time is the mean of both
    methods where they agree.

    Args:
        motion: `Motion.filtered`.
    """
    events = []
    for side in SIDES:
        by_coordinates, by_velocities = coordinate_events(motion, side), velocity_events(motion, side)
        for kind, times_s in by_coordinates.items():
            others_s = by_velocities[kind]
            for time_s in times_s:
                near = np.abs(others_s - time_s)
                other_s = float(others_s[near.argmin()]) if len(near) and near.min() <= SAME_S else None
                mean_s = time_s if other_s is None else (time_s + other_s) / 2
                events.append(Event(side, kind, float(mean_s), float(time_s), other_s))
    return sorted(events, key=lambda event: event.time_s)


def coordinate_events(motion: Motion, side: str) -> dict[Kind, np.ndarray]:
    """Times in s of a foot's contacts and offs by Zeni's coordinates."""
    heel, toe = foot(motion, side)
    heel_ahead, toe_ahead = (((point - motion.pelvis) * motion.ahead).sum(axis=1) for point in (heel, toe))
    return {
        "contact": _peaks(heel_ahead, motion, _PROMINENCE, MIN_SWING),
        "off": _peaks(-toe_ahead, motion, _PROMINENCE, MIN_SWING),
    }


def velocity_events(motion: Motion, side: str) -> dict[Kind, np.ndarray]:
    """Times in s of a foot's contacts and offs by O'Connor's velocities."""
    heel, toe = foot(motion, side)
    rise = np.gradient(motion.height((heel + toe) / 2)) * motion.fps
    height = motion.height(heel)
    if not np.isfinite(height).any():
        return {"contact": np.zeros(0), "off": np.zeros(0)}
    # The lowest of a few frames may be a mistake.
    floor, top = np.nanpercentile(height, [2, 100])
    falls = _peaks(-rise, motion, _FALL_PROMINENCE, 0.0, 0.0)
    frames = np.round(falls * motion.fps).astype(int)
    low = (height[frames] - floor < _LOW * (top - floor)) & (rise[frames] < 0)
    return {"contact": falls[low], "off": _peaks(rise, motion, _RISE_PROMINENCE, 0.0)}


def foot(motion: Motion, side: str) -> tuple[np.ndarray, np.ndarray]:
    """A foot's heel and toe, (F, D) each; the ankle where they are not known at all."""
    names = [name if motion.has(name) else f"{side}_ankle" for name in (f"{side}_heel", f"{side}_big_toe")]
    heel, toe = map(motion.joint, names)
    return heel, toe


def _peaks(
    values: np.ndarray, motion: Motion, prominence: float, least: float, apart_s: float = _STRIDE_S
) -> np.ndarray:
    """Times of the maxima of a series (F,), between frames where a parabola says so.

    Args:
        values: the series; NaN where not known.
        motion: of which.
        prominence: how far a maximum must stand out, as a share of the range.
        least: the least range, in legs.
        apart_s: the least time between two.
    """
    known = np.isfinite(values)
    if known.sum() < 3 or np.ptp(values[known]) < least * motion.leg:
        return np.zeros(0)
    span = float(np.ptp(values[known]))
    filled = np.where(known, values, values[known].min() - span)
    frames, _ = find_peaks(filled, prominence=prominence * span, distance=max(1, round(apart_s * motion.fps)))
    # Beside a gap, the highest known value need not be the maximum.
    frames = frames[known[frames - 1] & known[frames + 1]]
    before, middle, after = filled[frames - 1], filled[frames], filled[frames + 1]
    bend = before - 2 * middle + after
    shift = np.where(bend < 0, (before - after) / np.where(bend < 0, 2 * bend, 1), 0)
    return (frames + shift) / motion.fps
