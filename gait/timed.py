"""Timed tests of mobility, where a recording shows them: Timed Up and Go, chair stands, a walk of 4 or 6 m.

- Timed Up and Go (Podsiadlo and Richardson, J Am Geriatr Soc 39, 1991): from a chair over 3 m, around and back.
- Five chair stands (Guralnik et al., J Gerontol 49, 1994): from the first rise to the fifth stand.
- Chair stands in 30 s (Jones, Rikli and Beam, Res Q Exerc Sport 70, 1999): full stands; one counts if more than half of
  it is done when the time is over.

A stopwatch starts at "go"; here a test starts when the hips have risen by 5 % of the way.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from gait.actions import Action
from gait.motion import Motion
from machine.words import counted

#: The walks, in m.
WALKS_M = (4, 6)
_STANDS, _STANDS_S = 5, 30.0
# Who rests longer between two stands has ended the test.
_REST_S = 6.0
# A turn back, in degrees.
_BACK_DEG = 120.0
# The chair stands' only actions.
_CHAIR = ("standing up", "standing", "sitting down", "sitting")


@dataclass(frozen=True)
class TimedTest:
    """A test's result.

    Attributes:
        name: of the test.
        unit: "s" or "stands".
        value: in that unit; None where the recording does not show the test.
        about: its parts, or why it cannot be judged.
        way_m: of Timed Up and Go, from the chair to where the person turns; None where it is not known, and of others.
    """

    name: str
    unit: str
    value: float | None
    about: str
    way_m: float | None = None


def timed_tests(motion: Motion, actions: Sequence[Action]) -> list[TimedTest]:
    """All tests, also those that the recording does not show.

    Args:
        motion: `Motion.filtered`.
        actions: of it.
    """
    return [
        _up_and_go(motion, actions),
        *_chair_stands(motion, actions),
        *(_walk(motion, actions, length_m) for length_m in WALKS_M),
    ]


def _up_and_go(motion: Motion, actions: Sequence[Action]) -> TimedTest:
    name, unit = "Timed Up and Go", "s"
    for number, up in enumerate(actions):
        if up.kind != "standing up":
            continue
        rest = [one for one in actions[number + 1 :] if one.kind != "standing"]
        length = next((k for k, one in enumerate(rest) if one.kind not in ("walking", "turning")), len(rest))
        way = rest[:length]
        if length == len(rest) or rest[length].kind != "sitting down":
            continue
        down = rest[length]
        walks = [k for k, one in enumerate(way) if one.kind == "walking"]
        back = [
            one
            for k, one in enumerate(way)
            if one.kind == "turning" and _goes_back(one) and walks and walks[0] < k < walks[-1]
        ]
        if back:
            end = way[-1].start_s if way[-1].kind == "turning" and way[-1] is not back[0] else down.start_s
            parts = {
                "standing up": up.seconds,
                "way there": back[0].start_s - up.end_s,
                "turning": back[0].seconds,
                "way back": end - back[0].end_s,
                "turning and sitting down" if end < down.start_s else "sitting down": down.end_s - end,
            }
            about = ", ".join(f"{part} {seconds:.1f} s" for part, seconds in parts.items())
            way_m = _one_way(motion, up.end_s, back[0])
            about += "; how far it was is not known" if way_m is None else f"; one way was {way_m:.1f} m"
            return TimedTest(name, unit, down.end_s - up.start_s, about, way_m)
    return TimedTest(name, unit, None, "nobody stands up, walks, turns back, walks and sits down in it")


def _goes_back(turn: Action) -> bool:
    return turn.turn_deg is None or abs(turn.turn_deg) >= _BACK_DEG


def _one_way(motion: Motion, start_s: float, turn: Action) -> float | None:
    """How far it was from the chair to where the person turns, in m."""
    if motion.mm_per_unit is None:
        return None
    first, last = (round(motion.fps * time_s) for time_s in (start_s, (turn.start_s + turn.end_s) / 2))
    way = float(np.linalg.norm(motion.level(motion.pelvis[last] - motion.pelvis[first])))
    return 1e-3 * motion.mm_per_unit * way if np.isfinite(way) else None


def _chair_stands(motion: Motion, actions: Sequence[Action]) -> list[TimedTest]:
    """Five stands, and those in 30 s, of the longest series of them."""
    series: list[list[Action]] = [[]]
    for one in actions:
        if one.kind == "standing up":
            if series[-1] and one.start_s - series[-1][-1].end_s > _REST_S:
                series.append([])
            series[-1].append(one)
        elif one.kind not in _CHAIR:
            series.append([])
    rises = max(series, key=len)
    five, most = f"{_STANDS} chair stands", f"chair stands in {_STANDS_S:.0f} s"
    row = f"the person stands up {counted(len(rises), 'time')} in a row"
    if len(rises) < _STANDS:
        return [TimedTest(five, "s", None, row), TimedTest(most, "stands", None, row)]
    start_s = rises[0].start_s
    each = ", ".join(f"{one.seconds:.1f}" for one in rises[:_STANDS])
    tests = [TimedTest(five, "s", rises[_STANDS - 1].end_s - start_s, f"the rises last {each} s")]
    end_s = start_s + _STANDS_S
    if motion.seconds < end_s or rises[-1].end_s < end_s - _REST_S:
        lasts_s = min(motion.seconds, rises[-1].end_s) - start_s
        return [*tests, TimedTest(most, "stands", None, f"{row}, for {lasts_s:.1f} s")]
    stands = sum((one.start_s + one.end_s) / 2 <= end_s for one in rises)
    return [*tests, TimedTest(most, "stands", float(stands), f"from {motion.start_s + start_s:.1f} s on")]


def _walk(motion: Motion, actions: Sequence[Action], length_m: int) -> TimedTest:
    """The time of the middle part of the longest straight walk."""
    name, unit = f"{length_m} m walk", "s"
    if motion.mm_per_unit is None:
        return TimedTest(name, unit, None, "meters are not known; --height-m gives the person's height")
    longest, best_s = 0.0, None
    steps_m = 1e-3 * motion.mm_per_unit * np.linalg.norm(motion.speed, axis=1) / motion.fps
    for one in actions:
        if one.kind != "walking":
            continue
        first, last = round(one.start_s * motion.fps), round(one.end_s * motion.fps)
        way_m = np.cumsum(steps_m[first:last])
        if len(way_m) and way_m[-1] > longest:
            longest = float(way_m[-1])
            middle = longest / 2 + length_m * np.array([-0.5, 0.5])
            frames = np.interp(middle, way_m, np.arange(len(way_m)))
            best_s = float(np.ptp(frames)) / motion.fps
    if best_s is None or longest < length_m:
        about = f"the longest straight walk is {longest:.1f} m" if longest else "there is no straight walk"
        return TimedTest(name, unit, None, about)
    return TimedTest(name, unit, best_s, f"of the middle of {longest:.1f} m, walking before and after")
