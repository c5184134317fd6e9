"""Gait in the Performance-Oriented Mobility Assessment (Tinetti, J Am Geriatr Soc 34, 1986), the version of 12 points.

Two things follow from figures: whether a foot passes the other one, and whether the person stops between steps. What
else is judged by eye has its figures beside it.
"""

from __future__ import annotations

import math
from itertools import pairwise

from gait.analysis import Analysis
from gait.items import NO_STRIDES, NOT_FROM_THE_SIDE, Choice, Item, known_measure, length_unit, oblique, with_interval
from gait.measures import MIN_VALUES
from gait.motion import LEG_SHARE, SIDES

#: A foot's length in legs: 0.152 of the height (Drillis and Contini, in Winter's book).
FOOT = 0.152 / LEG_SHARE
_BY_EYE = "the item is judged by eye and names no number"
_PASSES = (Choice("passes the other foot", 1), Choice("does not pass it", 0))
_CLEARS = (Choice("clears the floor completely", 1), Choice("does not clear it completely", 0))
_CONTINUOUS = (Choice("steps appear continuous", 1), Choice("stopping or discontinuity between steps", 0))


def gait_items(analysis: Analysis) -> tuple[Item, ...]:
    """The ten items, in the order of the form."""
    floor = "joints do not show whether the sole drags"
    steps = [item for side in ("right", "left") for item in (_passes(analysis, side), _clears(side, floor))]
    aid = "joints show no walking aid"
    return (
        Item(
            "Initiation of gait",
            "Immediately after the person is told to go.",
            (Choice("no hesitancy", 1), Choice("any hesitancy or multiple attempts to start", 0)),
            reason="when the person is told to go is not in the joints",
        ),
        *steps,
        Item(
            "Step symmetry",
            "Right and left step length, estimated.",
            (Choice("appear equal", 1), Choice("not equal", 0)),
            _sides(analysis),
            reason=_BY_EYE,
        ),
        _continuity(analysis),
        Item(
            "Path",
            "How far one foot strays over about 3 m of the way, estimated against floor tiles of 30 cm.",
            (
                Choice("straight without walking aid", 2),
                Choice("mild or moderate deviation, or uses a walking aid", 1),
                Choice("marked deviation", 0),
            ),
            reason=f"{aid}, and {_BY_EYE}",
        ),
        Item(
            "Trunk",
            "Sway, bent knees or back, arms spread, walking aid.",
            (
                Choice("no sway, no flexion, no use of arms, and no walking aid", 2),
                Choice("no sway, but flexion of knees or back, or spreads arms out while walking", 1),
                Choice("marked sway, or uses a walking aid", 0),
            ),
            reason=f"{aid}, and {_BY_EYE}",
        ),
        Item(
            "Walking stance",
            "How far the heels are apart.",
            (Choice("heels almost touching while walking", 1), Choice("heels apart", 0)),
            _width(analysis),
            reason=_BY_EYE,
        ),
    )


def _passes(analysis: Analysis, side: str) -> Item:
    """A step from heel to heel that is longer than a foot has passed the other; one of nothing has not."""
    other = SIDES[1 - SIDES.index(side)]
    name = f"Step length, {side} foot"
    rule = (
        f"Passes the {other} foot where the steps, heel to heel, are longer than a foot (0.152 of the height) with all "
        "of the 95 % interval, and does not where all of it is below 0."
    )
    found = known_measure(analysis, f"step length, {side}", "legs")
    if found is None or found.count < MIN_VALUES:
        return Item(name, rule, _PASSES, reason=NO_STRIDES)
    figure = f"{found.value / FOOT:.1f} foot lengths ({found.low / FOOT:.1f} to {found.high / FOOT:.1f})"
    if oblique(analysis):
        return Item(name, rule, _PASSES, figure, reason=NOT_FROM_THE_SIDE)
    if found.low > FOOT or found.high < 0:
        return Item(name, rule, _PASSES, figure, _PASSES[0 if found.low > FOOT else 1])
    return Item(name, rule, _PASSES, figure, reason=f"the foot lands beside the {other} one, or nearly so")


def _clears(side: str, reason: str) -> Item:
    return Item(f"Step height, {side} foot", "Whether the foot clears the floor.", _CLEARS, reason=reason)


def _continuity(analysis: Analysis) -> Item:
    rule = "Stopping is standing for 0.4 s or longer between two spells of walking."
    if len(analysis.strides) < MIN_VALUES:
        return Item("Step continuity", rule, _CONTINUOUS, reason=NO_STRIDES)
    actions, start_s = analysis.actions, analysis.motion.start_s
    stops = [
        f"{start_s + stop.start_s:.1f} to {start_s + stop.end_s:.1f} s"
        for (before, stop), (_, after) in pairwise(pairwise(actions))
        if (before.kind, stop.kind, after.kind) == ("walking", "standing", "walking")
        and math.isclose(before.end_s, stop.start_s)
        and math.isclose(stop.end_s, after.start_s)
    ]
    figure = f"stands between walking: {', '.join(stops)}" if stops else "no stop between steps"
    check = "The person may have been asked to stop." if stops else "Hesitation that is no stop is judged by eye."
    return Item("Step continuity", rule, _CONTINUOUS, figure, _CONTINUOUS[bool(stops)], check=check)


def _sides(analysis: Analysis) -> str:
    found = {side: known_measure(analysis, f"step length, {side}", length_unit(analysis)) for side in SIDES}
    return "; ".join(f"{side} {with_interval(one)}" for side, one in found.items() if one is not None)


def _width(analysis: Analysis) -> str:
    found = known_measure(analysis, "step width", length_unit(analysis))
    return f"step width {with_interval(found)}" if found is not None else ""
