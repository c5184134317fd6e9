"""How exact lifters are on sets of sequences, as virtual cameras see them: beside each other and the mean pose.

    python -m benchmarks.lifting_sets lift runs/martinez --records data/motions data/recordings

Each is measured on the test split, with the joints where 2D models put them and in their true places.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import pandas as pd
import tyro

from benchmarks.many.ours import title_of
from evaluate.pose_3d.evaluation import Summary
from machine.command import run_command
from machine.whole import whole
from tools.result_tables import markdown
from weights import shipped

_SHOWN = {False: "where 2D models put them", True: "in their true places"}


@dataclass(frozen=True)
class Options:
    """Measures lifters on sets of sequences.

    Attributes:
        lifters: runs, exports, or names of models that come with PanoPose.
        records: shard sets of sequences.
        out: the table to write, a .csv file.
    """

    lifters: Annotated[tuple[Path, ...], tyro.conf.Positional]
    records: tuple[Path, ...]
    out: Path = Path("runs/lifting_sets.csv")


def run(options: Options) -> None:
    """Runs the benchmark."""
    from evaluate.pose_3d.lifting import evaluate_lifter
    from evaluate.predictor import load_predictor

    predictors = [(title_of(path), load_predictor(shipped(path) or path)) for path in options.lifters]
    rows = []
    for records in options.records:
        for exact, shown in _SHOWN.items():
            found = [(f"`{title}`", evaluate_lifter(one, records, "test", exact=exact)) for title, one in predictors]
            summaries = [*((title, one.summary) for title, one in found), ("mean pose", found[0][1].baseline)]
            shared = {"people": records.name, "joints shown": shown}
            rows += [{"net": title, **shared, **_row(one)} for title, one in summaries]
    options.out.parent.mkdir(parents=True, exist_ok=True)
    with whole(options.out) as unfinished:
        pd.DataFrame(rows).to_csv(unfinished, index=False)
    print(markdown(options.out))


def _row(summary: Summary) -> dict[str, str]:
    values = summary.scalars()
    return {
        "MPJPE, mm": f"{values['mpjpe']:.0f}",
        "N-MPJPE, mm": f"{values['n_mpjpe']:.0f}",
        "PA-MPJPE, mm": f"{values['pa_mpjpe']:.0f}",
        "PCK3D at 150 mm, %": f"{100 * values['pck_3d']:.1f}",
        "velocity error, mm/s": f"{values['mpjve']:.0f}",
    }


def main(arguments: list[str] | None = None) -> int:
    """Returns the exit code."""
    return run_command(Options, run, arguments, prog="python -m benchmarks.lifting_sets", description=__doc__)


if __name__ == "__main__":
    sys.exit(main())
