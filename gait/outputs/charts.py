"""What the report draws: each angle over the stride as SVG, and when each foot stands."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from gait.actions import Action
from gait.angles import PERCENT, Curve
from gait.events import Event
from gait.measures import STRIDE_S, Stride
from gait.motion import SIDES

#: Size of a chart in its own units, and the frame of its curves: left, top, right, bottom.
WIDTH, HEIGHT = 360, 230
FRAME = (40, 12, 350, 190)
# Charts span this many degrees at least, so that small motions look small.
_LEAST_SPAN_DEG = 20.0
#: Seconds in a row of the timeline.
ROW_S = 10.0


@dataclass(frozen=True)
class Line:
    """The curve of a side.

    Attributes:
        side: "left" or "right".
        path: SVG path of the mean.
        band: SVG path around one standard deviation on both sides, "" of few strides.
        off: x of the mean moment at which the foot leaves the ground, None if not known.
        count: of strides.
    """

    side: str
    path: str
    band: str
    off: float | None
    count: int


@dataclass(frozen=True)
class Chart:
    """An angle over the stride, left and right.

    Attributes:
        angle: its name.
        lines: of the sides.
        levels: y and text of the horizontal lines.
    """

    angle: str
    lines: Sequence[Line]
    levels: Sequence[tuple[float, str]]


@dataclass(frozen=True)
class TimelineRow:
    """A part of the recording.

    Attributes:
        start_s: where it begins.
        seconds: what its width stands for.
        stands: by side, the begin and end in s at which the foot stands.
        touches: by side, when it touches the ground, in s.
        actions: what the person does, with times of the recording.
    """

    start_s: float
    seconds: float
    stands: dict[str, list[tuple[float, float]]]
    touches: dict[str, list[float]]
    actions: list[Action]

    def place(self, time_s: float) -> str:
        """Where a time lies within the row, in CSS."""
        return f"{100 * (time_s - self.start_s) / self.seconds:.2f}%"

    @property
    def ticks_s(self) -> list[int]:
        """Whole seconds within it; none at its very end, where a number would not fit."""
        return list(range(math.ceil(self.start_s), math.floor(self.start_s + 0.98 * self.seconds) + 1))


def charts(curves: Sequence[Curve], strides: Sequence[Stride]) -> list[Chart]:
    """A chart for each angle, in the order in which they come."""
    return [
        _chart([curve for curve in curves if curve.angle == angle], strides)
        for angle in dict.fromkeys(curve.angle for curve in curves)
    ]


def _chart(curves: Sequence[Curve], strides: Sequence[Stride]) -> Chart:
    edges = [curve.mean_deg + sign * np.nan_to_num(curve.sd_deg) for curve in curves for sign in (-1, 1)]
    low, high = float(np.min(edges)), float(np.max(edges))
    spare = max(0.0, _LEAST_SPAN_DEG - (high - low)) / 2
    step = 10 if high - low < 60 else 20
    low, high = step * math.floor((low - spare) / step), step * math.ceil((high + spare) / step)
    left, top, right, bottom = FRAME
    x = left + (right - left) * PERCENT / 100

    def y(values: np.ndarray) -> np.ndarray:
        return bottom - (bottom - top) * (values - low) / (high - low)

    lines = []
    for curve in curves:
        band = ""
        if np.isfinite(curve.sd_deg).all():
            above, below = (y(curve.mean_deg + sign * curve.sd_deg) for sign in (1, -1))
            band = f"{_path(np.concatenate([x, x[::-1]]), np.concatenate([above, below[::-1]]))}Z"
        stances = [one.stance_s / one.seconds for one in strides if one.side == curve.side and one.stance_s]
        off = left + (right - left) * float(np.mean(stances)) if stances else None
        lines.append(Line(curve.side, _path(x, y(curve.mean_deg)), band, off, len(curve.strides_deg)))
    levels = [
        (bottom - (bottom - top) * (level - low) / (high - low), str(level)) for level in range(low, high + 1, step)
    ]
    return Chart(curves[0].angle, lines, levels)


def _path(x: np.ndarray, y: np.ndarray) -> str:
    return "M" + "L".join(f"{a:.1f},{b:.1f}" for a, b in zip(x, y, strict=True))


def timeline(events: Sequence[Event], actions: Sequence[Action], start_s: float, seconds: float) -> list[TimelineRow]:
    """The recording in rows of equal length, `ROW_S` at most, in which times are those of the recording.

    Args:
        events: in order of time.
        actions: likewise.
        start_s: time of the first frame.
        seconds: how long it lasts.
    """
    count = max(1, math.ceil(seconds / ROW_S))
    length = seconds / count
    stands = {side: [(start_s + a, start_s + b) for a, b in stances(events, side)] for side in SIDES}
    touches = {
        side: [start_s + one.time_s for one in events if (one.side, one.kind) == (side, "contact")] for side in SIDES
    }
    rows = []
    for number in range(count):
        begin = start_s + number * length
        end = begin + length
        cut = {
            side: [(max(a, begin), min(b, end)) for a, b in spans if a < end and b > begin]
            for side, spans in stands.items()
        }
        within = {side: [time_s for time_s in times if begin <= time_s <= end] for side, times in touches.items()}
        done = [
            replace(one, start_s=max(start_s + one.start_s, begin), end_s=min(start_s + one.end_s, end))
            for one in actions
            if start_s + one.start_s < end and start_s + one.end_s > begin
        ]
        rows.append(TimelineRow(begin, length, cut, within, done))
    return rows


def stances(events: Sequence[Event], side: str) -> list[tuple[float, float]]:
    """When a foot stands: from each contact to the off that follows, if nothing was missed in between."""
    own = [one for one in events if one.side == side]
    return [
        (first.time_s, second.time_s)
        for first, second in pairwise(own)
        if (first.kind, second.kind) == ("contact", "off") and second.time_s - first.time_s < STRIDE_S[1]
    ]
