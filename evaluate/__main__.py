"""Measures a trained or exported model on a shard set, or another tool's results on labels.

python -m evaluate MODEL [--records FOLDER]
python -m evaluate --predictions FILE --records FRAMES
python -m evaluate --predictions FILE --annotations COCO.json
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import tyro

from artefact.formats import RUN_FILE
from artefact.origin import renewal_notice
from evaluate.own_files import check_replaceable
from machine.command import run_command
from machine.quiet import import_tensorflow
from machine.words import counted
from pose.tasks import POSE_2D, POSE_BODY, POSE_DEPTH, POSE_LIFT
from records.manifest import read_manifest, shard_paths
from weights import shipped

if TYPE_CHECKING:
    from evaluate.poses_2d.evaluation import ManyEvaluation
    from evaluate.predictor import Predictor
    from pose.space.completing import Lift


_COUNTED = {"people": ("person", "people"), "frames": ("image", "images"), "sequences": ("clip", "clips")}


@dataclass(frozen=True)
class Options:
    """Measures a model, and the mean pose as a baseline, on one split of a shard set; or a file of found people.

    Attributes:
        model: a training run's folder, a .keras file beside its run.json, an exported SavedModel folder, or the name of
            a model that comes with PanoPose, such as fast; --model may stand before it.
        records: the shard set, as `python -m data_prep` makes it; the one that the run was trained on if not given. For
            predictions, and models that find many people, one of whole images (--kind frames); for lifters one of
            sequences (--kind sequences).
        predictions: in place of a model, the people that any tool found: COCO's keypoint results, PoseTrack's JSON, or
            OpenPose's folder; of several videos a folder with a file SEQUENCE/CAMERA.json for each. Where labels and
            predictions have people's lasting numbers, tracks are measured too.
        annotations: for predictions, an annotation file of COCO's form in place of records.
        joints: names of the predictions' joints, where their file has none and they are not the labels': a skeleton,
            such as lsp14, or names separated by commas.
        common_joints: measure on the joints that both predictions and labels have; otherwise, as COCO does, labeled
            joints that the predictions lack are wrong in AP and AR.
        split: which people to measure on.
        out: where to write report.html, metrics.json and the CSV files; RUN/evaluation-SPLIT, beside an exported model
            EXPORT-evaluation-SPLIT, for one that comes with PanoPose runs/NAME/evaluation-SPLIT, or beside predictions
            NAME-evaluation, if not given.
        flip_test: merge the answers for each image and its mirror image: their score-weighted mean where they are near
            each other, else the one with the higher score.
        batch_size: number of people (64 by default) or of whole images (8) in a batch.
        exact: show lifters the true places of joints, without the errors of 2D models.
        complete: of nets on depth images, a lifter, such as lift, by which joints of low scores are completed.
        gallery: number of worst cases in the report, of ones chosen at random and, of joints in space, of best cases.
        seed: random seed of that choice.
    """

    model: tyro.conf.Positional[Path | None] = None
    records: Path | None = None
    predictions: Path | None = None
    annotations: Path | None = None
    joints: str | None = None
    common_joints: bool = False
    split: Literal["train", "val", "test"] = "test"
    out: Path | None = None
    flip_test: bool = False
    batch_size: int | None = None
    exact: bool = False
    complete: Path | None = None
    gallery: int = 24
    seed: int = 0

    def __post_init__(self) -> None:
        if (self.model is None) == (self.predictions is None):
            raise ValueError("give a model or --predictions FILE, one of the two")
        if self.predictions is None and self.annotations is not None:
            raise ValueError(
                "--annotations is for --predictions; a model is measured on --records, which have pictures"
            )
        if self.predictions is not None and (self.records is None) == (self.annotations is None):
            raise ValueError("--predictions needs labels: --records FOLDER or --annotations FILE, one of the two")
        if self.predictions is not None and self.flip_test:
            raise ValueError("--flip-test is for a model, not for --predictions")
        if self.predictions is None and (self.joints is not None or self.common_joints):
            raise ValueError("--joints and --common-joints are for --predictions; a model has the records' joints")
        if self.batch_size is not None and self.batch_size < 1:
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
        if self.predictions is not None:
            return self.predictions.with_name(f"{self.predictions.stem}-evaluation")
        model, name = self.model_path, f"evaluation-{self.split}"
        if shipped(model) is not None:
            return Path("runs") / model / name
        if (model / "saved_model.pb").is_file():
            # Not inside it: an exported folder is shipped as it is, and replaced by the next export.
            return model.with_name(f"{model.name}-{name}")
        return (model if model.is_dir() else model.parent) / name

    @property
    def model_path(self) -> Path:
        """The model as the user named it.

        Raises:
            ValueError: there are predictions in place of a model.
        """
        if self.model is None:
            raise ValueError("there is no model, but --predictions")
        return self.model


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
        ValueError: the model, predictions or labels are missing or damaged, or do not fit each other.
        OSError: the report cannot be written.
    """
    if options.predictions is not None:
        _measure_predictions(options, options.predictions)
    else:
        _measure_model(options, options.model_path)


def _measure_predictions(options: Options, predictions: Path) -> None:
    check_replaceable(options.folder)
    from evaluate.poses_2d.evaluation import evaluate_annotations, evaluate_predictions

    if options.records is not None:
        evaluation = evaluate_predictions(
            predictions,
            options.records,
            options.split,
            joints=options.joints,
            common=options.common_joints,
            gallery=options.gallery,
            seed=options.seed,
        )
    elif options.annotations is not None:
        evaluation = evaluate_annotations(
            predictions, options.annotations, joints=options.joints, common=options.common_joints
        )
    _report_many(evaluation, options)


def _report_many(evaluation: ManyEvaluation, options: Options) -> None:
    from evaluate.poses_2d import report, tables

    split = "" if evaluation.split is None else f", {evaluation.split} split"
    images = counted(evaluation.summary.frames, "image")
    print(f"{evaluation.what} on the {images} of {evaluation.labels}{split}\n\n{tables.as_text(evaluation)}")
    _print_files(report.write_report(evaluation, options.folder))


def _print_files(files: list[Path]) -> None:
    report, *others = files
    print(f"\nreport: {report}; beside it {', '.join(path.name for path in others)}")


def _measure_model(options: Options, model: Path) -> None:
    # Quick checks before TensorFlow and the model are loaded: the records, the split and its shards exist.
    records = options.records or records_of_run(shipped(model) or model)
    shard_paths(records, options.split)
    check_replaceable(options.folder)
    if notice := renewal_notice(model):
        print(notice, file=sys.stderr)
    import_tensorflow()
    from tqdm import tqdm

    from evaluate import figures
    from evaluate.measures import measure_of
    from evaluate.pose_2d import tables
    from evaluate.pose_2d.evaluation import evaluate
    from evaluate.pose_2d.report import write_report
    from evaluate.pose_3d import tables as tables_3d
    from evaluate.pose_3d.body_report import evaluate_bodies
    from evaluate.pose_3d.depth import evaluate_depth
    from evaluate.pose_3d.lifting import evaluate_lifter
    from evaluate.pose_3d.report import write_report as write_report_3d
    from evaluate.poses_2d.evaluation import evaluate_model
    from evaluate.predictor import load_predictor

    predictor = load_predictor(shipped(model) or model, flip_test=options.flip_test)
    measure, kind = measure_of(predictor.task.name), predictor.task.kind
    if options.exact and predictor.task is not POSE_LIFT:
        raise ValueError("--exact is for lifters; the model takes images")
    if options.complete is not None and predictor.task is not POSE_DEPTH:
        raise ValueError("--complete is for nets on depth images; the model takes others")
    number, what = read_manifest(records).counts[options.split], _COUNTED[kind]
    many = kind == "frames"
    # A clip has several windows.
    total, unit = (None, "windows") if kind == "sequences" else (number, what[1])
    bar = tqdm(total=total, unit=f" {unit}", desc=f"evaluating {options.split}", disable=None)
    sizes = {"batch_size": options.batch_size or (8 if many else 64)}
    sample = {"gallery": options.gallery, "seed": options.seed}
    if many:
        with bar as progress:
            of_many = evaluate_model(predictor, records, options.split, **sizes, **sample, progress=progress)
        _report_many(of_many, options)
        return
    named = "" if options.records else f" (as {RUN_FILE} names them)"
    heading = f"{model} on the {counted(number, *what)} of {records}{named}, {options.split} split\n"
    if predictor.task in (POSE_LIFT, POSE_DEPTH, POSE_BODY):
        with bar as progress:
            if predictor.task is POSE_LIFT:
                space = evaluate_lifter(
                    predictor, records, options.split, exact=options.exact, **sample, progress=progress
                )
            elif predictor.task is POSE_BODY:
                space = evaluate_bodies(predictor, records, options.split, **sizes, **sample, progress=progress)
            else:
                lift = None if options.complete is None else lift_for(options.complete, predictor)
                space = evaluate_depth(
                    predictor, records, options.split, **sizes, complete=lift, **sample, progress=progress
                )
        print(f"{heading}\n{tables_3d.as_text(space)}")
        _print_files(write_report_3d(space, options.folder))
        return
    if predictor.task is not POSE_2D:
        with bar as progress:
            found = figures.measure_split(predictor, measure, records, options.split, **sizes, progress=progress)
        print(f"{heading}\n{figures.as_text(measure, found)}")
        about = {"model": str(model), "records": str(records), "split": options.split, "people": number}
        print(f"\nfigures: {figures.write_figures(measure, found, about, options.folder)}")
        return
    with bar as progress:
        evaluation = evaluate(predictor, records, options.split, **sizes, **sample, progress=progress)
    print(f"{heading}\n{tables.as_text(evaluation)}")
    _print_files(write_report(evaluation, options.folder))


def lift_for(path: Path, predictor: Predictor) -> Lift:
    """A lifter of the joints of another net.

    Raises:
        ValueError: it is none, or of other joints.
    """
    from evaluate.predictor import load_predictor
    from pose.space.completing import Lift

    lifter = load_predictor(shipped(path) or path)
    if lifter.task is not POSE_LIFT or lifter.skeleton.joints != predictor.skeleton.joints:
        raise ValueError(f"--complete needs a lifter of the joints of {predictor.skeleton.name}, got {path}")
    return Lift(lambda windows: lifter.predict({"joints": windows})["joints_xyz_mm"], lifter.input_size)


def main(arguments: list[str] | None = None) -> int:
    """The command line; returns the exit code, 2 for a mistake in the user's input."""
    words = sys.argv[1:] if arguments is None else arguments
    # The demos take --model, so it is accepted here as well.
    words = [word.removeprefix("--model=") for word in words if word != "--model"]
    stopped = "stopped; nothing was written"
    return run_command(Options, run, words, prog="python -m evaluate", description=__doc__, stopped=stopped)


if __name__ == "__main__":
    sys.exit(main())
