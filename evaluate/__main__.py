"""Measures a trained or exported model on a shard set: `python -m evaluate MODEL [--records FOLDER]`."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import tyro

from artefact.formats import RUN_FILE
from artefact.origin import renewal_notice
from evaluate.own_files import check_replaceable
from machine.command import run_command
from machine.quiet import import_tensorflow
from machine.words import counted
from pose.tasks import POSE_2D
from records.manifest import read_manifest, shard_paths
from weights import shipped


@dataclass(frozen=True)
class Options:
    """Measures a model, and the mean pose as a baseline, on one split of a shard set.

    Attributes:
        model: a training run's folder, a .keras file beside its run.json, an exported SavedModel folder, or the name of
            a model that comes with PanoPose, such as fast; --model may stand before it.
        records: the shard set, as `python -m data_prep` makes it; the one that the run was trained on if not given.
        split: which people to measure on.
        out: where to write report.html, metrics.json and the CSV files; RUN/evaluation-SPLIT, beside an exported model
            EXPORT-evaluation-SPLIT, or for one that comes with PanoPose runs/NAME/evaluation-SPLIT, if not given.
        flip_test: merge the answers for each image and its mirror image: their score-weighted mean where they are near
            each other, else the one with the higher score.
        batch_size: number of people in a batch.
        gallery: number of worst cases in the report, and of people chosen at random.
        seed: random seed of that choice.
    """

    model: tyro.conf.Positional[Path]
    records: Path | None = None
    split: Literal["train", "val", "test"] = "test"
    out: Path | None = None
    flip_test: bool = False
    batch_size: int = 64
    gallery: int = 24
    seed: int = 0

    def __post_init__(self) -> None:
        if self.batch_size < 1:
            raise ValueError(f"--batch-size must be 1 or more, got {self.batch_size}")
        if self.gallery < 0:
            raise ValueError(f"--gallery must be 0 (no pictures) or more, got {self.gallery}")
        if self.seed < 0:
            raise ValueError(f"--seed must be 0 or more, got {self.seed}")

    @property
    def folder(self) -> Path:
        """The report's folder."""
        if self.out is not None:
            return self.out
        name = f"evaluation-{self.split}"
        if shipped(self.model) is not None:
            return Path("runs") / self.model / name
        if (self.model / "saved_model.pb").is_file():
            # Not inside it: an exported folder is shipped as it is, and replaced by the next export.
            return self.model.with_name(f"{self.model.name}-{name}")
        return (self.model if self.model.is_dir() else self.model.parent) / name


def records_of_run(model: Path) -> Path:
    """The shard set that a run was trained on, by the run.json beside its model, or around its export.

    Raises:
        ValueError: there is no run.json, it names no shard set, or the shard set is missing.
    """
    folder = model if model.is_dir() else model.parent
    places = [place / RUN_FILE for place in (folder, folder.resolve().parent) if (place / RUN_FILE).is_file()]
    if not places:
        raise ValueError(f"{model} has no {RUN_FILE} that names the records of its training; give --records FOLDER")
    try:
        records = Path(json.loads(places[0].read_text())["config"]["records"])
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{places[0]} names no records of its training; give --records FOLDER") from error
    if not records.is_dir():
        raise ValueError(f"{places[0]} names the records {records}, which are not there; give --records FOLDER")
    return records


def run(options: Options) -> None:
    """Evaluates, prints the tables and writes the report.

    Raises:
        ValueError: the model or the records are missing or damaged, or do not fit each other.
        OSError: the report cannot be written.
    """
    # Quick checks before TensorFlow and the model are loaded: the records, the split and its shards exist.
    records = options.records or records_of_run(shipped(options.model) or options.model)
    shard_paths(records, options.split)
    check_replaceable(options.folder)
    if notice := renewal_notice(options.model):
        print(notice, file=sys.stderr)
    import_tensorflow()
    from tqdm import tqdm

    from evaluate import figures
    from evaluate.measures import measure_of
    from evaluate.pose_2d import tables
    from evaluate.pose_2d.evaluation import evaluate
    from evaluate.pose_2d.report import write_report
    from evaluate.predictor import load_predictor

    people = read_manifest(records).counts[options.split]
    predictor = load_predictor(shipped(options.model) or options.model, flip_test=options.flip_test)
    measure = measure_of(predictor.task.name)
    named = "" if options.records else f" (as {RUN_FILE} names them)"
    number = counted(people, "person", "people")
    heading = f"{options.model} on the {number} of {records}{named}, {options.split} split\n"
    bar = tqdm(total=people, unit=" people", desc=f"evaluating {options.split}", disable=None)
    if predictor.task is not POSE_2D:
        with bar as progress:
            found = figures.measure_split(
                predictor, measure, records, options.split, batch_size=options.batch_size, progress=progress
            )
        print(f"{heading}\n{figures.as_text(measure, found)}")
        about = {"model": str(options.model), "records": str(records), "split": options.split, "people": people}
        print(f"\nfigures: {figures.write_figures(measure, found, about, options.folder)}")
        return
    with bar as progress:
        evaluation = evaluate(
            predictor,
            records,
            options.split,
            batch_size=options.batch_size,
            gallery=options.gallery,
            seed=options.seed,
            progress=progress,
        )
    print(f"{heading}\n{tables.as_text(evaluation)}")
    report, *others = write_report(evaluation, options.folder)
    print(f"\nreport: {report}; beside it {', '.join(path.name for path in others)}")


def main(arguments: list[str] | None = None) -> int:
    """The command line; returns the exit code, 2 for a mistake in the user's input."""
    words = sys.argv[1:] if arguments is None else arguments
    # The demos take --model, so it is accepted here as well.
    words = [word.removeprefix("--model=") for word in words if word != "--model"]
    stopped = "stopped; nothing was written"
    return run_command(Options, run, words, prog="python -m evaluate", description=__doc__, stopped=stopped)


if __name__ == "__main__":
    sys.exit(main())
