"""Finds the steps of a walking person and measures them.

    python -m gait walk.trc --out walk-gait
    python -m gait joints.csv --person 1 --out walk-gait

It reads joints in space (.trc, .c3d, the .csv of `panopose cameras`) or in an image (.csv of `panopose video`, filmed
from the side). It writes events.csv, strides.csv and gait.json. It suggests; it does not diagnose.

Exit codes:
    0: everything is written.
    2: wrong arguments, a file that cannot be read, or joints that are not enough.
    3: nobody walks there.
"""

from __future__ import annotations

import json
import math
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

import pandas as pd
import tyro

from gait.events import find_events
from gait.measures import Measure, find_strides, measure
from gait.read import read_motion
from machine.command import run_command
from machine.whole import whole


@dataclass(frozen=True)
class Options:
    """Finds the steps of a walking person and measures them.

    Attributes:
        path: the joints in time: .trc, .c3d, or .csv of `panopose cameras` or `panopose video`.
        out: folder for the results, created if missing.
        person: number of the person, in a table of several; the one who is seen longest if not given.
    """

    path: Annotated[Path, tyro.conf.Positional]
    out: Path
    person: int | None = None


def run(options: Options) -> int:
    """Runs the command and returns its exit code."""
    motion = read_motion(options.path, options.person).filtered()
    events = find_events(motion)
    strides = find_strides(motion, events)
    if not strides:
        print(f"no stride was found in {options.path}: nobody walks, or too few joints are known", file=sys.stderr)
        return 3
    measures = measure(motion, strides)
    options.out.mkdir(parents=True, exist_ok=True)
    with whole(options.out / "events.csv") as unfinished:
        pd.DataFrame([asdict(event) for event in events]).to_csv(unfinished, index=False, float_format="%.4f")
    with whole(options.out / "strides.csv") as unfinished:
        pd.DataFrame([asdict(stride) for stride in strides]).to_csv(unfinished, index=False, float_format="%.4f")
    with whole(options.out / "gait.json") as unfinished:
        content = {"source": options.path.name, "fps": motion.fps, "unit": motion.unit, "measures": _plain(measures)}
        unfinished.write_text(json.dumps(content, indent=1, allow_nan=False) + "\n")
    table = pd.DataFrame([asdict(one) for one in measures]).round(3)
    print(table.to_string(index=False))
    print(f"{len(strides)} strides; written: {options.out}/events.csv, strides.csv, gait.json")
    return 0


def _plain(measures: list[Measure]) -> list[dict]:
    """For JSON, which has no NaN."""
    rows = [asdict(one) for one in measures]
    return [
        {name: None if isinstance(value, float) and math.isnan(value) else value for name, value in row.items()}
        for row in rows
    ]


def main(arguments: list[str] | None = None) -> int:
    """The command line; returns the exit code."""
    return run_command(Options, run, arguments, prog="python -m gait", description=__doc__)


if __name__ == "__main__":
    sys.exit(main())
