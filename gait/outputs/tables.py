"""An analysis as tables and as JSON."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import asdict, fields
from typing import TypeVar

import pandas as pd

from gait.actions import Action
from gait.analysis import Analysis
from gait.angles import PERCENT
from gait.events import Event
from gait.measures import Measure, Stride
from gait.scales import scales

_Row = TypeVar("_Row", Event, Action, Stride, Measure)
# Attributes that are times from the motion's first frame.
_TIMES = {"time_s", "coordinates_s", "velocities_s", "start_s", "end_s"}


def as_table(kind: type[_Row], rows: Sequence[_Row], start_s: float = 0.0) -> pd.DataFrame:
    """A row for each, a column for each attribute of their kind.

    Args:
        kind: of the rows, of which there may be none.
        rows: in order.
        start_s: is added to times, so that they are those of the recording.
    """
    table = pd.DataFrame([asdict(row) for row in rows], columns=[field.name for field in fields(kind)])
    times = [name for name in table if name in _TIMES]
    table[times] = table[times].astype(float) + start_s
    return table


def angle_table(analysis: Analysis) -> pd.DataFrame:
    """A row for each side, angle and per cent of the stride, with mean and standard deviation over the strides."""
    rows = [
        (curve.side, curve.angle, percent, mean, sd, len(curve.strides_deg))
        for curve in analysis.curves
        for percent, mean, sd in zip(PERCENT, curve.mean_deg, curve.sd_deg, strict=True)
    ]
    return pd.DataFrame(rows, columns=["side", "angle", "percent", "mean_deg", "sd_deg", "strides"])


def as_json(analysis: Analysis, source: str, person: int) -> str:
    """The measures and what they rest on; null where one is not known."""
    measures, tests = (
        [
            {name: None if isinstance(value, float) and math.isnan(value) else value for name, value in row.items()}
            for row in map(asdict, rows)
        ]
        for rows in (analysis.measures, analysis.tests)
    )
    motion = analysis.motion
    content = {
        "source": source,
        "person": person,
        "fps": motion.fps,
        "unit": motion.unit,
        "measures": measures,
        "tests": tests,
        "scales": [asdict(scale) for scale in scales(analysis)],
    }
    return json.dumps(content, indent=1, allow_nan=False) + "\n"
