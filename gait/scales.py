"""Items of published instruments, with what a recording suggests: a professional confirms or changes each.

An item has a suggestion only where the instrument itself says which figure decides it. Where it is judged by eye and
names no number, or asks for something that joints do not show, the item says why it cannot be judged. It suggests; it
does not diagnose.

Times are rounded to 0.01 s, as the instruments' bands are, and speeds to 0.01 m/s.
"""

from __future__ import annotations

from dataclasses import dataclass

from gait.analysis import Analysis
from gait.items import NO_STRIDES, NOT_FROM_THE_SIDE, Choice, Item, band, known_measure, oblique, with_interval
from gait.measures import MIN_VALUES
from gait.tinetti import gait_items
from machine.words import counted

#: Where people stand and turn differs; ways to the turn between these, in m, are taken for the 3 m of Timed Up and Go.
UP_AND_GO_M = (2.0, 4.0)
_WALK = (
    Choice("under 4.82 s", 4, 0),
    Choice("4.82 to 6.20 s", 3, 4.82),
    Choice("6.21 to 8.70 s", 2, 6.21),
    Choice("over 8.70 s", 1, 8.71),
    Choice("cannot do the walk", 0),
)
_CHAIR = (
    Choice("11.19 s or less", 4, 0),
    Choice("11.20 to 13.69 s", 3, 11.2),
    Choice("13.70 to 16.69 s", 2, 13.7),
    Choice("16.70 to 60 s", 1, 16.7),
    Choice("over 60 s, or cannot do it", 0, 60.01),
)
_BALANCE = (
    Choice("side by side, semi-tandem and tandem 10 s each", 4),
    Choice("side by side and semi-tandem 10 s each, tandem 3 to 9.99 s", 3),
    Choice("side by side and semi-tandem 10 s each, tandem under 3 s", 2),
    Choice("side by side 10 s, semi-tandem under 10 s", 1),
    Choice("side by side under 10 s", 0),
)
_UP_AND_GO = (
    Choice("under 10 s", least=0),
    Choice("10 to under 20 s", least=10),
    Choice("20 to under 30 s", least=20),
    Choice("30 s or more", least=30),
)
_INDEPENDENCE = (
    "Of the authors' frail old patients those under 20 s were mostly independent in basic transfers, and those of 30 s "
    "or more mostly needed help; in between it varied. Healthy old people took 10 s or less."
)
_SPEED_CUT = (Choice("0.8 m/s or less", least=0), Choice("above 0.8 m/s", least=0.81))
_CHAIR_CUT = (Choice("15 s or less", least=0), Choice("more than 15 s", least=15.01))
_UP_AND_GO_CUT = (Choice("under 20 s", least=0), Choice("20 s or more", least=20))
_GO = "A stopwatch starts at “go”, which is earlier."
_PACE = "The instrument asks for the usual pace."
_ARMS = f"{_GO} The instrument asks for arms folded over the chest, and that they are not used to stand up."
_WAY_THERE = f"{_GO} The instrument asks for an armchair, a comfortable pace and a way of 3 m."


@dataclass(frozen=True)
class Scale:
    """An instrument.

    Attributes:
        name: of the instrument.
        source: where it was published.
        most: highest sum of its items' points; None where it has no sum.
        items: in the instrument's order.
    """

    name: str
    source: str
    most: int | None
    items: tuple[Item, ...]


def scales(analysis: Analysis) -> list[Scale]:
    """The instruments, with what the recording of one person suggests."""
    return [
        Scale(
            "Short Physical Performance Battery",
            "Guralnik JM, Simonsick EM, Ferrucci L, et al. A short physical performance battery assessing lower "
            "extremity function. J Gerontol 1994; 49(2): M85-M94. Bands of the 4 m walk: its protocol and score sheet, "
            "National Institute on Aging.",
            12,
            (
                Item(
                    "Balance",
                    "How long the person stands with the feet side by side, semi-tandem and tandem.",
                    _BALANCE,
                    reason="how the feet are placed in standing is not recognized",
                ),
                _walk(analysis),
                _timed(
                    analysis,
                    "5 chair stands",
                    "Five chair stands",
                    "From the first rise to the fifth stand.",
                    _CHAIR,
                    _ARMS,
                ),
            ),
        ),
        Scale(
            "Timed Up and Go",
            'Podsiadlo D, Richardson S. The timed "Up & Go": a test of basic functional mobility for frail elderly '
            "persons. J Am Geriatr Soc 1991; 39(2): 142-148.",
            None,
            (_up_and_go(analysis, _INDEPENDENCE, _UP_AND_GO),),
        ),
        Scale(
            "Cut-offs of the European Working Group on Sarcopenia in Older People (EWGSOP2)",
            "Cruz-Jentoft AJ, Bahat G, Bauer J, et al. Sarcopenia: revised European consensus on definition and "
            "diagnosis. Age Ageing 2019; 48(1): 16-31. They are part of a definition that also rests on grip strength "
            "and muscle mass, and say nothing alone.",
            None,
            (
                _speed(analysis),
                _timed(
                    analysis, "5 chair stands", "Five chair stands", "The cut-off is more than 15 s.", _CHAIR_CUT, _ARMS
                ),
                _up_and_go(analysis, "The cut-off is 20 s or more.", _UP_AND_GO_CUT),
            ),
        ),
        Scale(
            "Chair stands in 30 s",
            "Jones CJ, Rikli RE, Beam WC. A 30-s chair-stand test as a measure of lower body strength in "
            "community-residing older adults. Res Q Exerc Sport 1999; 70(2): 113-119.",
            None,
            (_count(analysis),),
        ),
        Scale(
            "Performance-Oriented Mobility Assessment, gait (12 points)",
            "Tinetti ME. Performance-oriented assessment of mobility problems in elderly patients. J Am Geriatr Soc "
            "1986; 34(2): 119-126. In the version of 12 points: Tinetti ME, Williams TF, Mayewski R. Fall risk "
            "index for elderly patients based on number of chronic disabilities. Am J Med 1986; 80(3): 429-434.",
            12,
            gait_items(analysis),
        ),
    ]


def _timed(analysis: Analysis, test: str, name: str, rule: str, choices: tuple[Choice, ...], check: str) -> Item:
    """An item that a timed test decides."""
    found = next(one for one in analysis.tests if one.name == test)
    if found.value is None:
        return Item(name, rule, choices, reason=found.about)
    return Item(name, rule, choices, f"{found.value:.2f} s", band(found.value, choices), check=check)


def _walk(analysis: Analysis) -> Item:
    name, rule = "Gait speed", "The time of a walk of 4 m."
    if oblique(analysis):
        return Item(name, rule, _WALK, reason=NOT_FROM_THE_SIDE)
    start = (
        "The instrument asks for the better of two walks at the usual pace from a standing start; in the middle of a "
        "longer walk, as here, people are faster."
    )
    return _timed(analysis, "4 m walk", name, rule, _WALK, start)


def _up_and_go(analysis: Analysis, rule: str, choices: tuple[Choice, ...]) -> Item:
    item = _timed(analysis, "Timed Up and Go", "Time", rule, choices, _WAY_THERE)
    way_m = next(one.way_m for one in analysis.tests if one.name == "Timed Up and Go")
    if way_m is not None and not UP_AND_GO_M[0] <= way_m <= UP_AND_GO_M[1]:
        reason = f"one way was {way_m:.1f} m, and the bands are for 3 m"
        return Item(item.name, item.rule, choices, item.figure, reason=reason)
    return item


def _speed(analysis: Analysis) -> Item:
    name, rule = "Gait speed", "The cut-off is 0.8 m/s or less."
    found = known_measure(analysis, "speed", "m/s")
    if oblique(analysis):
        return Item(name, rule, _SPEED_CUT, reason=NOT_FROM_THE_SIDE)
    if found is None:
        known = analysis.motion.mm_per_unit is not None
        reason = "speed over ground is not known" if known else "meters are not known; --height-m gives the height"
        return Item(name, rule, _SPEED_CUT, reason=reason if analysis.strides else NO_STRIDES)
    if found.count < MIN_VALUES:
        return Item(name, rule, _SPEED_CUT, f"{found.value:.2f} m/s", reason=NO_STRIDES)
    suggested = band(found.value, _SPEED_CUT)
    sure = {band(end, _SPEED_CUT) for end in (found.low, found.high)} == {suggested}
    check = _PACE if sure else f"{_PACE} The 95 % interval reaches beyond the cut-off."
    return Item(name, rule, _SPEED_CUT, with_interval(found), suggested, check=check)


def _count(analysis: Analysis) -> Item:
    found = next(one for one in analysis.tests if one.unit == "stands")
    rule = "How many full stands in 30 s; one counts if more than half of it is done at the end. No norms are applied."
    if found.value is None:
        return Item("Stands", rule, (), reason=found.about)
    count = int(found.value)
    return Item("Stands", rule, (), str(count), Choice(counted(count, "stand"), count), check=_ARMS)
