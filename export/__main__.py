"""Writes a trained run in formats that need none of our code, and checks each against the Keras model.

    python -m export runs/resnet50-lspet                        # every format whose packages are installed
    python -m export runs/resnet50-lspet --to saved-model onnx

Exit code 1 if a format cannot be written or its answers differ from the model's (the other formats are still written),
2 for a wrong argument, 130 after Ctrl-C.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import numpy as np
import tyro

from artefact.formats import FORMATS, FORMATS_FILE, WRITTEN, chosen_formats, install
from export.folder import check_replaceable, replacing
from export.table import complaints, table
from export.trained_run import check_run, load_run, read_samples
from machine.command import run_command
from machine.quiet import import_tensorflow
from machine.words import counted
from pose.tasks import POSE_BODY, POSE_DEPTH, POSE_LIFT, Task, task_of

if TYPE_CHECKING:
    import keras

    from export.measurement import Measurement

_BF16 = "openvino-bf16"
_Name = Literal[("all", *WRITTEN)]  # type: ignore[valid-type]


class NothingWritten(RuntimeError):
    """No format could be written."""

    exit_code = 1

    def __init__(self, folder: Path, failed: dict[str, str]) -> None:
        why = "; ".join(f"{name} {reason}" for name, reason in failed.items())
        super().__init__(f"nothing was exported, {folder} is as it was: {why}")


@dataclass(frozen=True)
class Options:
    """What to export.

    Attributes:
        run: the run's folder, with run.json, best.keras and samples.npy.
        to: formats; "all" stands for each one whose packages are installed, less litert-int8-static, and litert-int8 of
            nets for which it is too coarse.
        out: the folder to write, RUN/export if not given; it must be new, empty or an earlier export.
        calibration: shard set whose training images fix the ranges of litert-int8-static; the run's sample images if
            not given; as the check uses the same images, the file then looks better than it is.
        tolerance_px: maximum distance in px of a file's joints from the model's; 1 % of them may exceed it.
        reduced_tolerance_px: as --tolerance-px, for a file that computes in 8 bits or bfloat16.
        tolerance_score: maximum difference of a file's scores from the model's; 1 % of them may exceed it.
        reduced_tolerance_score: as --tolerance-score, for a file that computes in 8 bits or bfloat16. Answers of other
            tasks have tolerances of their own.
    """

    run: Annotated[Path, tyro.conf.Positional]
    to: tuple[_Name, ...] = ("all",)
    out: Path | None = None
    calibration: Path | None = None
    tolerance_px: float = 0.5
    reduced_tolerance_px: float = 2.0
    tolerance_score: float = 0.02
    reduced_tolerance_score: float = 0.1

    def __post_init__(self) -> None:
        if not self.to:
            raise ValueError("to must name a format, got none; leave it out for all")
        for name in ("tolerance_px", "reduced_tolerance_px", "tolerance_score", "reduced_tolerance_score"):
            if not getattr(self, name) > 0:
                remedy = "0.5 is half a pixel" if name.endswith("px") else "scores lie between 0 and 1"
                raise ValueError(f"{name} must be above 0, got {getattr(self, name)}; {remedy}")

    def limits(self, task: Task, *, reduced: bool) -> dict[str, float]:
        """The maximum difference of each answer from the model's, by name."""
        given = {
            "joints_xy_px": self.reduced_tolerance_px if reduced else self.tolerance_px,
            "scores": self.reduced_tolerance_score if reduced else self.tolerance_score,
        }
        own = {name: one.reduced_tolerance if reduced else one.tolerance for name, one in task.answers.items()}
        return own | {name: limit for name, limit in given.items() if name in own}

    def too_coarse(self, names: list[str], task: Task) -> list[str]:
        """Those of the chosen formats that are left out, as the task needs more than 8 bits and nobody named them."""
        return [name for name in names if FORMATS[name].reduced and not task.fits_8_bits and name not in self.to]

    @property
    def folder(self) -> Path:
        """The export's folder."""
        return self.out or self.run / "export"


def measure_formats(
    model: keras.Model,
    notes: dict,
    folder: Path,
    sizes: dict[str, int],
    inputs: dict[str, np.ndarray],
    options: Options,
    failed: dict[str, str],
) -> dict[str, Measurement]:
    """Measures each written format in each runtime installed here; failures are added to `failed`, with the reason."""
    from export.check import measure
    from export.openvino_file import computes_in_bf16
    from export.write import in_one_line

    task, measured = task_of(notes), {}
    for written, size_bytes in sizes.items():
        for name in (name for name, form in FORMATS.items() if written in (name, form.written_as)):
            limits = options.limits(task, reduced=FORMATS[name].reduced)
            try:
                if name != _BF16 or computes_in_bf16():
                    measured[name] = measure(model, folder, name, inputs, limits, size_bytes, task)
            except (RuntimeError, ImportError) as error:
                failed[name] = str(error) if type(error) is RuntimeError else in_one_line(error)
    return measured


def export(options: Options) -> int:
    """Exports a run and returns the exit code."""
    names, left_out = chosen_formats(options.to)
    check_run(options.run)
    check_replaceable(options.folder)
    import_tensorflow()
    import tensorflow as tf

    from export.calibration import training_pictures
    from export.write import write_formats

    # Converters call deprecated functions, about which TensorFlow prints long warnings.
    tf.get_logger().setLevel("ERROR")
    model, notes = load_run(options.run)
    coarse = options.too_coarse(names, task_of(notes))
    names = [name for name in names if name not in coarse]
    inputs = calibration = read_samples(options.run, notes)
    if options.calibration:
        if not task_of(notes).takes_pictures:
            raise ValueError(f"--calibration is for models that take pictures alone, {options.run} takes more")
        calibration = dict.fromkeys(inputs, training_pictures(options.calibration, notes["record_size"]))
    failed: dict[str, str] = {}
    with replacing(options.folder) as folder:
        sizes = write_formats(model, notes, names, folder, calibration, failed)
        if not sizes:
            raise NothingWritten(options.folder, failed)
        measured = measure_formats(model, notes, folder, sizes, inputs, options, failed)
        entries = {name: one.to_json() for name, one in measured.items()}
        entries |= {name: {"passed": False, "failed": why} for name, why in failed.items()}
        count = len(next(iter(inputs.values())))
        (folder / FORMATS_FILE).write_text(json.dumps({"pictures": count, "formats": entries}, indent=1) + "\n")
    task, size = task_of(notes), notes["record_size"]
    inputs_are, *what = {
        POSE_LIFT.name: (f"windows of {counted(size, 'frame')}", "window"),
        POSE_DEPTH.name: (f"depth pictures of {size} px", "picture"),
    }.get(task.name, (f"pictures of {size} px", "picture"))
    print(f"{options.folder}: {notes['model']}, {notes['skeleton']['name']}, {inputs_are}")
    number = counted(count, *what)
    print(f"each file by itself, without our code, against Keras on {number}:")
    print(table(measured, failed))
    for name in left_out:
        print(f"{name} is left out: it needs {install(name)}")
    for name in coarse:
        print(f"{name} is left out: it is too coarse for this kind of net; `--to {name}` writes it all the same")
    if found := complaints(measured, failed):
        print(f"error: {found}", file=sys.stderr)
    wrong = {name for name, one in measured.items() if not one.passed} | failed.keys()
    # bfloat16 is one way to run a file that is correct in others; formats.json makes the demos avoid it.
    if wrong - {_BF16}:
        return 1
    demos = {POSE_LIFT: "webcam --space --lifter", POSE_DEPTH: "depth --model", POSE_BODY: "webcam --mesh"}
    demo = demos.get(task, "webcam --model")
    print(f"next: python -m demo.{demo} {options.folder}")
    return 0


def main(arguments: list[str] | None = None) -> int:
    """The command line; returns the exit code."""
    return run_command(
        Options,
        export,
        arguments,
        prog="python -m export",
        description=__doc__,
        stopped="stopped; the export is as it was",
        errors=(ValueError, OSError, RuntimeError),
    )


if __name__ == "__main__":
    sys.exit(main())
