"""The report of a walk: one page in HTML that fetches nothing, for screens, phones and paper."""

from __future__ import annotations

import base64
import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from markupsafe import Markup

from gait.analysis import Analysis
from gait.inputs.tracks import Tracks
from gait.measures import Measure
from gait.motion import SIDES
from gait.outputs.charts import FRAME, HEIGHT, WIDTH, charts, timeline
from gait.outputs.notes import notes
from gait.scales import scales
from machine.page import rendered

if TYPE_CHECKING:
    from gait.inputs.video import Picture

_TEMPLATES = Path(__file__).parent / "templates"
_VIEWS = {2: "joints in an image, which should show the person from the side", 3: "joints in space"}
_TILES = ("cadence", "speed", "stride time", "step length", "stance")
# Decimal places by unit; one for others.
_DIGITS = {"steps/min": 0, "s": 2, "legs": 2, "legs/s": 2, "m": 2, "m/s": 2, "deg": 0}
_UNITS = {"deg": "degrees", "legs": "leg lengths", "legs/s": "leg lengths per s", "steps/min": "steps per minute"}
_GROUPS = {
    "Times": ("steps/min", "s", "%", "% of the stride"),
    "Speed and lengths": ("legs/s", "legs", "m/s", "m"),
    "Angles": ("deg",),
}
_MEANINGS = {
    "cadence": "how many steps in a minute",
    "stride time": "from a foot's contact with the ground to its next one",
    "step time": "from the other foot's contact to this one's",
    "stance": "how long the foot is on the ground",
    "swing": "how long the foot is in the air",
    "double support": "how long both feet are on the ground",
    "variability of the stride time": "its standard deviation as a share of its mean",
    "left to right, step time": "left less right as a share of their mean; 0 is symmetric",
    "left to right, stance": "left less right as a share of their mean; 0 is symmetric",
    "stride length": "way of the foot from contact to contact",
    "step length": "how far the foot lands ahead of the other",
    "step width": "how far it lands beside the other",
    "trunk sway, forward and back": "range of the trunk's lean within a stride",
    "trunk sway, side to side": "range of the trunk's lean within a stride",
    "arm swing, range": "of the line from shoulder to wrist within a stride",
}
_ANGLE_MEANINGS = {
    "hip flexion": "Up is the thigh ahead of the trunk",
    "knee flexion": "Up is bent",
    "ankle dorsiflexion": "Up is the toes raised",
    "trunk lean": "Up is leaning forward",
}


@dataclass(frozen=True)
class Value:
    """A measure as the page shows it.

    Attributes:
        text: the value.
        interval: the ends of its interval; "" if there is none.
        count: of strides or steps.
    """

    text: str
    interval: str
    count: int


@dataclass(frozen=True)
class Row:
    """A measure, of both sides or of the whole walk.

    Attributes:
        name: of the measure.
        unit: in words.
        values: by side, or under "".
    """

    name: str
    unit: str
    values: dict[str, Value]


def whose(tracks: Tracks, person: int) -> str:
    """Who of those in a recording was analyzed, in words."""
    return f"person {person}, one of {len(tracks.people)}" if len(tracks.people) > 1 else "the person"


def report_html(
    analysis: Analysis, source: str, who: str, pictures: Sequence[Picture] = (), energy: bytes | None = None
) -> str:
    """The whole page.

    Args:
        analysis: of a walk with strides.
        source: name of the file.
        who: was analyzed, in words.
        pictures: of contacts.
        energy: the gait energy image, the content of a .png file.
    """
    motion = analysis.motion
    rows = measure_rows(analysis.measures, "legs" if motion.mm_per_unit is None else "m")
    counts = [sum(stride.side == side for stride in analysis.strides) for side in SIDES]
    script = (_TEMPLATES / "scales.js").read_text(encoding="utf-8")
    return rendered(
        [_TEMPLATES],
        "gait.html",
        title=f"Gait: {source}",
        source=source,
        facts={
            "Seen for": f"{motion.seconds:.1f} s, at {motion.fps:.0f} frames per second",
            "View": _VIEWS[motion.xyz.shape[2]],
            "Who": who,
            "Strides": f"{counts[0]} left, {counts[1]} right",
        },
        tiles=[row for name in _TILES for row in rows if row.name == name],
        groups={group: [row for row in rows if row.unit in units] for group, units in _GROUPS.items()},
        units=_UNITS,
        meanings=_MEANINGS,
        charts=charts(analysis.curves, analysis.strides),
        angle_meanings=_ANGLE_MEANINGS,
        size=(WIDTH, HEIGHT),
        frame=FRAME,
        actions=analysis.actions,
        tests=analysis.tests,
        start_s=motion.start_s,
        timeline=timeline(analysis.events, analysis.actions, motion.start_s, motion.seconds),
        pictures=pictures,
        energy=energy,
        notes=notes(analysis),
        scales=scales(analysis),
        script=Markup(script),
        script_hash=f"sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}",
    )


def measure_rows(measures: Sequence[Measure], length: str) -> list[Row]:
    """The measures, left beside right.

    Args:
        measures: to show.
        length: unit of lengths to show, "legs" or "m".
    """
    rows: dict[tuple[str, str], Row] = {}
    for one in measures:
        name, _, side = one.name.rpartition(", ")
        if side not in SIDES:
            name, side = one.name, ""
        if one.unit in (length, f"{length}/s") or not one.unit.startswith(("legs", "m")):
            rows.setdefault((name, one.unit), Row(name, one.unit, {})).values[side] = _value(one)
    return list(rows.values())


def _value(one: Measure) -> Value:
    def text(number: float) -> str:
        return f"{number:.{_DIGITS.get(one.unit, 1)}f}"

    known = not math.isnan(one.low)
    return Value(
        "not known" if math.isnan(one.value) else text(one.value),
        f"{text(one.low)} to {text(one.high)}" if known else "",
        one.count,
    )
