"""What an item of an instrument is, and the figures that items rest on."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from gait.analysis import Analysis
from gait.measures import MIN_VALUES, Measure
from gait.outputs.notes import OBLIQUE, apparent_width

#: Why items cannot be judged.
NO_STRIDES = f"there are fewer than {MIN_VALUES} strides straight ahead"
NOT_FROM_THE_SIDE = "the person is not seen from the side, so that lengths come out too short"


@dataclass(frozen=True)
class Choice:
    """One possible result of an item.

    Attributes:
        words: what the instrument says.
        score: its points; None where it gives none.
        least: of a band, the lowest figure that belongs to it; None of others.
    """

    words: str
    score: int | None = None
    least: float | None = None


@dataclass(frozen=True)
class Item:
    """One item of an instrument.

    Attributes:
        name: of the item.
        rule: how its suggestion follows from the figure, or what the professional judges, in words.
        choices: all results that it may have; none where the result is a count.
        figure: what the recording shows of it, in words; "" is nothing.
        suggested: the result that follows from the figure; None where it cannot be judged.
        reason: why it cannot be judged; "" of others.
        check: what the recording does not show and the suggestion takes for granted.
    """

    name: str
    rule: str
    choices: tuple[Choice, ...]
    figure: str = ""
    suggested: Choice | None = None
    reason: str = ""
    check: str = ""


def band(figure: float, choices: Sequence[Choice]) -> Choice:
    """The band that a figure lies in."""
    return [one for one in choices if one.least is not None and one.least <= round(figure, 2)][-1]


def length_unit(analysis: Analysis) -> str:
    """The unit of lengths, "m" as far as meters are known."""
    return "legs" if analysis.motion.mm_per_unit is None else "m"


def known_measure(analysis: Analysis, name: str, unit: str) -> Measure | None:
    """A measure that is known."""
    found = [one for one in analysis.measures if (one.name, one.unit) == (name, unit) and not math.isnan(one.value)]
    return found[0] if found else None


def with_interval(one: Measure) -> str:
    """A measure in words."""
    unit = "leg lengths" if one.unit == "legs" else one.unit
    interval = "" if math.isnan(one.low) else f" ({one.low:.2f} to {one.high:.2f})"
    return f"{one.value:.2f} {unit}{interval}"


def oblique(analysis: Analysis) -> bool:
    """Whether it is an image in which the person is not seen from the side."""
    return analysis.motion.unit == "px" and apparent_width(analysis.motion) > OBLIQUE
