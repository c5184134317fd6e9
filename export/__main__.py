"""Writes a trained run in formats that need none of our code, and checks each against the Keras model.

    python -m export runs/resnet50-lspet                        # every format whose packages are installed
    python -m export runs/resnet50-lspet --to saved-model onnx

Exit code 1 if a format cannot be written or does not answer as the model does, once all others are written; 2 for a
wrong argument, 130 after Ctrl-C.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import numpy as np
import tyro

from artefact.formats import (
    FORMATS,
    FORMATS_FILE,
    MODEL_FILE,
    RUN_FILE,
    SAMPLES_FILE,
    WRITTEN,
    chosen_formats,
    install,
)
from artefact.origin import ORIGIN, origin_of
from export.description import describe
from export.folder import check_replaceable, replacing
from machine.command import run_command
from machine.quiet import import_tensorflow
from machine.words import counted

if TYPE_CHECKING:
    import keras

    from export.check import Measurement

_BF16 = "openvino-bf16"
_Name = Literal[("all", *WRITTEN)]  # type: ignore[valid-type]


class NothingWritten(RuntimeError):
    """No format could be written."""

    exit_code = 1

    def __init__(self, folder: Path, failed: dict[str, str]) -> None:
        """Says why each failed."""
        why = "; ".join(f"{name} {reason}" for name, reason in failed.items())
        super().__init__(f"nothing was exported, {folder} is as it was: {why}")


@dataclass(frozen=True)
class Options:
    """What to export.

    Attributes:
        run: the run's folder, with run.json, best.keras and samples.npy.
        to: formats; "all" stands for each one whose packages are installed, less litert-int8-static.
        out: the folder to write, RUN/export if not given; it may be there only if it is empty or an earlier export.
        calibration: shard set whose training pictures fix the ranges of litert-int8-static; the run's sample pictures
            if not given, on which it is also checked, and looks better than it is.
        tolerance_px: how far from the model's a file's joints may be; one in a hundred may be further.
        reduced_tolerance_px: the same for a file that computes in 8 bits, and for bfloat16.
        tolerance_score: how far from the model's a file's scores may be; one in a hundred may be further.
        reduced_tolerance_score: the same for a file that computes in 8 bits, and for bfloat16.
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
        """Checks the values."""
        if not self.to:
            raise ValueError("to must name a format, got none; leave it out for all")
        for name in ("tolerance_px", "reduced_tolerance_px", "tolerance_score", "reduced_tolerance_score"):
            if not getattr(self, name) > 0:
                remedy = "0.5 is half a pixel" if name.endswith("px") else "scores lie between 0 and 1"
                raise ValueError(f"{name} must be above 0, got {getattr(self, name)}; {remedy}")

    @property
    def folder(self) -> Path:
        """Where the export goes."""
        return self.out or self.run / "export"


def check_run(run: Path) -> None:
    """Checks that a folder holds what is exported.

    Raises:
        ValueError: the folder is no run, or has no finished epoch.
    """
    for name, remedy in (
        (RUN_FILE, "give a folder made by `python -m train.resnet` or another recipe"),
        (MODEL_FILE, "train for at least one epoch"),
        (SAMPLES_FILE, "it was written when the run began; train again, or copy it along with the rest of the run"),
    ):
        if not (run / name).is_file():
            raise ValueError(f"{run} has no {name}; {remedy}")


def load_run(run: Path) -> tuple[keras.Model, dict]:
    """Loads a run's best model and its notes, with what tells this model from those of later epochs.

    Raises:
        ValueError: the folder is no run, has no finished epoch, or cannot be read.
    """
    check_run(run)
    import keras

    try:
        # First: should training replace the file in between, the export is rather taken for an older one.
        origin = origin_of(run / MODEL_FILE)
        notes = json.loads((run / RUN_FILE).read_text())
        notes["input_size"], describe(notes)
        return keras.models.load_model(run / MODEL_FILE), {**notes, ORIGIN: origin}
    except Exception as error:  # Keras raises many kinds for a file that is damaged or of another version.
        raise ValueError(f"{run} cannot be read ({type(error).__name__}: {error!s:.300}); train it again") from error


def read_samples(run: Path, size: int) -> np.ndarray:
    """The run's sample pictures, uint8 RGB (N, size, size, 3).

    Raises:
        ValueError: they cannot be read, or are something else.
    """
    try:
        pictures = np.load(run / SAMPLES_FILE)
    except (ValueError, OSError, EOFError) as error:
        raise ValueError(f"{run / SAMPLES_FILE} cannot be read ({error}); train the run again") from error
    if pictures.dtype != np.uint8 or pictures.shape[1:] != (size, size, 3) or not len(pictures):
        raise ValueError(
            f"{run / SAMPLES_FILE} must hold uint8 pictures of {size} x {size} px, got {pictures.dtype} "
            f"{pictures.shape}; train the run again"
        )
    return pictures


def measure_formats(
    model: keras.Model,
    folder: Path,
    sizes: dict[str, int],
    pictures: np.ndarray,
    options: Options,
    failed: dict[str, str],
) -> dict[str, Measurement]:
    """Measures each written format in each runtime that this machine has for it; `failed` receives why one fails."""
    from export.check import Limits, measure
    from export.openvino_file import computes_in_bf16
    from export.write import in_one_line

    exact = Limits(options.tolerance_px, options.tolerance_score)
    reduced = Limits(options.reduced_tolerance_px, options.reduced_tolerance_score)
    measured = {}
    for written, size_bytes in sizes.items():
        for name in (name for name, form in FORMATS.items() if written in (name, form.written_as)):
            limits = reduced if FORMATS[name].reduced else exact
            try:
                if name != _BF16 or computes_in_bf16():
                    measured[name] = measure(model, folder, name, pictures, limits, size_bytes)
            except (RuntimeError, ImportError) as error:
                failed[name] = str(error) if type(error) is RuntimeError else in_one_line(error)
    return measured


def table(measured: dict[str, Measurement], failed: dict[str, str]) -> str:
    """The measurements for people, and what failed."""
    lines = ["format         max px  99 % px  mean px   scores   1 thread  2 threads        MB  runtime"]
    for name, one in measured.items():
        times = "".join(f"{value:8.1f} ms" for value in one.latency_ms.values())
        lines.append(
            f"{name:13}{one.max_px:8.3f} {one.most_px:8.3f} {one.mean_px:8.3f} {one.most_score:8.4f}{times} "
            f"{one.bytes / 1e6:9.2f}  {one.runtime}"
            + ("" if one.joints_passed else f"  OVER {one.limits.px} px")
            + ("" if one.scores_passed else f"  SCORES OFF BY OVER {one.limits.score}")
        )
    return "\n".join([*lines, *(f"{name:13}FAILED: {why}" for name, why in failed.items())])


def _complaints(measured: dict[str, Measurement], failed: dict[str, str]) -> str:
    """What is wrong with which formats, in one line."""
    groups = {
        "more px from Keras than allowed": [name for name, one in measured.items() if not one.joints_passed],
        "scores further from Keras's than allowed": [name for name, one in measured.items() if not one.scores_passed],
        "failed, as told above": list(failed),
    }
    return "; ".join(f"{what}: {', '.join(names)}" for what, names in groups.items() if names)


def export(options: Options) -> int:
    """Exports a run and returns the exit code."""
    names, left_out = chosen_formats(options.to)
    check_run(options.run)
    check_replaceable(options.folder)
    import_tensorflow()
    import tensorflow as tf

    from export.calibration import training_pictures
    from export.write import write_formats

    # What converters call is old, and TensorFlow would say so at length.
    tf.get_logger().setLevel("ERROR")
    model, notes = load_run(options.run)
    pictures = read_samples(options.run, notes["record_size"])
    calibration = training_pictures(options.calibration, notes["record_size"]) if options.calibration else pictures
    failed: dict[str, str] = {}
    with replacing(options.folder) as folder:
        sizes = write_formats(model, notes, names, folder, calibration, failed)
        if not sizes:
            raise NothingWritten(options.folder, failed)
        measured = measure_formats(model, folder, sizes, pictures, options, failed)
        entries = {name: one.to_json() for name, one in measured.items()}
        entries |= {name: {"passed": False, "failed": why} for name, why in failed.items()}
        (folder / FORMATS_FILE).write_text(json.dumps({"pictures": len(pictures), "formats": entries}, indent=1) + "\n")
    print(f"{options.folder}: {notes['model']}, {notes['skeleton']['name']}, pictures of {notes['record_size']} px")
    number = counted(len(pictures), "picture")
    print(f"each file by itself, without our code, against Keras on {number}:")
    print(table(measured, failed))
    for name in left_out:
        print(f"{name} is left out: it needs {install(name)}")
    if complaints := _complaints(measured, failed):
        print(f"error: {complaints}", file=sys.stderr)
    wrong = {name for name, one in measured.items() if not one.passed} | failed.keys()
    # bfloat16 is a way to run a file that is right otherwise; formats.json tells the demos to leave it.
    if wrong - {_BF16}:
        return 1
    print(f"next: python -m demo.webcam --model {options.folder}")
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
