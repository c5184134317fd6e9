"""All that is found in one person's walk."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gait.actions import Action, find_actions
from gait.angles import Curve, find_curves, measure_angles
from gait.events import Event, find_events
from gait.inputs.tracks import Tracks
from gait.measures import Measure, Stride, find_strides, measure
from gait.motion import Motion
from gait.timed import TimedTest, timed_tests

_SPARED_S = 0.1
# The first and last steps may lie so far outside of walking.
_NEAR_S = 0.3


@dataclass(frozen=True, eq=False)
class Analysis:
    """What is found in one person's walk.

    Attributes:
        motion: `Motion.filtered`, on which everything rests.
        events: of the feet while they walk or turn, in order of time.
        actions: what the person does, in order of time.
        strides: those of walking straight ahead, in order of time; none where nobody walks.
        left_out: how many strides lie in turns, between standing and sitting, or where joints were lost.
        measures: of the strides.
        curves: of the angles over the strides.
        tests: timed ones, also those that the recording does not show.
    """

    motion: Motion
    events: Sequence[Event]
    actions: Sequence[Action]
    strides: Sequence[Stride]
    left_out: int
    measures: Sequence[Measure]
    curves: Sequence[Curve]
    tests: Sequence[TimedTest]

    @property
    def empty(self) -> bool:
        """Whether there is nothing to report."""
        return not self.strides and all(test.value is None for test in self.tests)


def analyze(motion: Motion, height_m: float | None = None) -> Analysis:
    """Finds the events and strides of raw joints in time, and measures them.

    Args:
        motion: of one person.
        height_m: of the person, where the motion has no scale.

    Raises:
        ValueError: the height is none, or not needed.
    """
    motion = motion.filtered()
    if height_m is not None:
        motion = motion.of_height(height_m)
    events = find_events(motion)
    found = find_strides(motion, events)
    actions = find_actions(motion, found)
    strides = [stride for stride in found if _undisturbed(stride, actions)]
    events = [one for one in events if _afoot(one, actions)]
    curves, tests = find_curves(motion, strides), timed_tests(motion, actions)
    measures = [*measure(motion, strides), *measure_angles(motion, strides, curves)] if strides else []
    left_out = len(found) - len(strides)
    return Analysis(motion, events, actions, strides, left_out, measures, curves, tests)


def _afoot(event: Event, actions: Sequence[Action]) -> bool:
    """Whether the person walks or turns then; of someone who sits down the hips alone move, not the feet."""
    spells = [(one.start_s, one.end_s) for one in actions if one.kind in ("walking", "turning")]
    return any(start_s - _NEAR_S <= event.time_s <= end_s + _NEAR_S for start_s, end_s in spells)


def _undisturbed(stride: Stride, actions: Sequence[Action]) -> bool:
    """Whether all of a stride but `_SPARED_S` is walking or standing."""
    upright = [one for one in actions if one.kind in ("walking", "standing")]
    shared_s = [max(0.0, min(stride.end_s, one.end_s) - max(stride.start_s, one.start_s)) for one in upright]
    return sum(shared_s) >= stride.seconds - _SPARED_S


def analyze_people(tracks: Tracks, person: int | None = None, height_m: float | None = None) -> tuple[int, Analysis]:
    """Analyzes one person, and says who.

    Args:
        tracks: of everybody.
        person: whom; None is who makes most strides, or else does a timed test; of equal ones who is seen longest.
        height_m: see `analyze`.

    Raises:
        ValueError: there is no such person, nobody at all, or the joints of nobody are enough for gait.
    """
    if person is not None:
        return person, analyze(tracks.motion(person), height_m)
    found: list[tuple[int, Analysis]] = []
    problem = ValueError("there is nobody in the recording")
    for number in tracks.longest_first():
        try:
            found.append((number, analyze(tracks.motion(number), height_m)))
        except ValueError as error:
            problem = error if not found else problem
    if not found:
        raise problem
    # Of equal ones the first, who is seen longest.
    return max(found, key=lambda one: (len(one[1].strides), not one[1].empty))
