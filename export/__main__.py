"""Writes a trained run in formats that need none of our code, and checks each against the Keras model.

    python -m export runs/resnet50-lspet                        # every format whose packages are installed
    python -m export runs/resnet50-lspet --to saved-model onnx

Exit code 1 if a file does not answer as the model does, 2 for a wrong argument, 130 after Ctrl-C.
"""

from __future__ import annotations

import json
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import numpy as np
import tyro

from export.formats import FORMATS, chosen_formats, install
from machine.command import run_command
from machine.quiet import import_tensorflow

if TYPE_CHECKING:
    import keras

    from export.check import Measurement

FORMATS_FILE = "formats.json"


@dataclass(frozen=True)
class Options:
    """What to export.

    Attributes:
        run: the run's folder, with run.json, best.keras and samples.npy.
        to: formats; "all" stands for each one whose packages are installed, less litert-int8-static.
        out: the folder to write; RUN/export if not given.
        calibration: shard set whose training pictures fix the ranges of litert-int8-static; the run's sample pictures
            if not given, on which it is also checked, and looks better than it is.
        tolerance_px: how far from the model's a file's joints may be; one in a hundred may be further.
        reduced_tolerance_px: the same for a file that computes in 8 bits, and for bfloat16.
    """

    run: Annotated[Path, tyro.conf.Positional]
    to: tuple[
        Literal[
            "all",
            "saved-model",
            "frozen",
            "litert",
            "litert-fp16",
            "litert-int8",
            "litert-int8-static",
            "onnx",
            "openvino",
        ],
        ...,
    ] = ("all",)
    out: Path | None = None
    calibration: Path | None = None
    tolerance_px: float = 0.5
    reduced_tolerance_px: float = 2.0

    def __post_init__(self) -> None:
        """Checks the values."""
        if not self.to:
            raise ValueError("to must name a format, got none; leave it out for all")
        for name in ("tolerance_px", "reduced_tolerance_px"):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name} must be above 0, got {getattr(self, name)}; 0.5 is half a pixel")


def check_run(run: Path) -> None:
    """Checks that a folder holds what is exported.

    Raises:
        ValueError: the folder is no run, or has no finished epoch.
    """
    for name, remedy in (
        ("run.json", "give a folder made by `python -m train.resnet` or train.densenet"),
        ("best.keras", "train for at least one epoch"),
        ("samples.npy", "it was written when the run began; train again, or copy it along with the rest of the run"),
    ):
        if not (run / name).is_file():
            raise ValueError(f"{run} has no {name}; {remedy}")


def load_run(run: Path) -> tuple[keras.Model, dict]:
    """Loads a run's best model and its notes.

    Raises:
        ValueError: the folder is no run, has no finished epoch, or cannot be read.
    """
    check_run(run)
    import keras

    try:
        return keras.models.load_model(run / "best.keras"), json.loads((run / "run.json").read_text())
    except (ValueError, OSError, KeyError) as error:
        raise ValueError(f"{run} cannot be read ({error}); train it again") from error


def measure_formats(
    model: keras.Model, folder: Path, sizes: dict[str, int], pictures: np.ndarray, options: Options
) -> dict[str, Measurement]:
    """Measures each written format in each runtime that this machine has for it."""
    from export.check import measure
    from export.openvino_file import computes_in_bf16

    measured = {}
    for name, size_bytes in sizes.items():
        for runtime in FORMATS[name].runtimes:
            in_bf16 = runtime == "openvino-bf16"
            if in_bf16 and not computes_in_bf16():
                continue
            limit_px = options.reduced_tolerance_px if in_bf16 or FORMATS[name].reduced else options.tolerance_px
            key = runtime if in_bf16 else name
            measured[key] = measure(model, folder, FORMATS[name].path, runtime, pictures, limit_px, size_bytes)
    return measured


def table(measured: dict[str, Measurement]) -> str:
    """The measurements for people."""
    lines = ["format         max px  99 % px  mean px   1 thread  2 threads        MB  runtime"]
    for name, one in measured.items():
        times = "".join(f"{value:8.1f} ms" for value in one.latency_ms.values())
        lines.append(
            f"{name:13}{one.max_px:8.3f} {one.most_px:8.3f} {one.mean_px:8.3f}{times} {one.bytes / 1e6:9.2f}  "
            + one.runtime
            + ("" if one.passed else f"  OVER {one.limit_px} px")
        )
    return "\n".join(lines)


def export(options: Options) -> int:
    """Exports a run and returns the exit code."""
    names, left_out = chosen_formats(options.to)
    check_run(options.run)
    import_tensorflow()
    import tensorflow as tf

    from export.calibration import training_pictures
    from export.write import replace_folder, write_formats

    # What converters call is old, and TensorFlow would say so at length.
    tf.get_logger().setLevel("ERROR")
    model, notes = load_run(options.run)
    pictures = np.load(options.run / "samples.npy")
    folder = options.out or options.run / "export"
    temporary = folder.with_name(folder.name + ".partial")
    shutil.rmtree(temporary, ignore_errors=True)
    calibration = training_pictures(options.calibration, notes["record_size"]) if options.calibration else pictures
    sizes = write_formats(model, notes, names, temporary, calibration)
    measured = measure_formats(model, temporary, sizes, pictures, options)
    entries = {name: one.to_json() for name, one in measured.items()}
    (temporary / FORMATS_FILE).write_text(json.dumps({"pictures": len(pictures), "formats": entries}, indent=1) + "\n")
    replace_folder(temporary, folder)
    print(f"{folder}: {notes['model']}, {notes['skeleton']['name']}, pictures of {notes['record_size']} px")
    print(f"each file by itself, without our code, against Keras on {len(pictures)} pictures:\n{table(measured)}")
    for name in left_out:
        print(f"{name} is left out: it needs {install(name)}")
    over = [name for name, one in measured.items() if not one.passed]
    if over:
        print(f"error: more px from Keras than allowed: {', '.join(over)}", file=sys.stderr)
    # bfloat16 is a way to run a file that is right otherwise; formats.json tells the demos to leave it.
    return 1 if set(over) - {"openvino-bf16"} else 0


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
