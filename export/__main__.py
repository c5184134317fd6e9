"""Writes a trained run as a SavedModel that needs none of our code, and checks it against the Keras model.

    python -m export runs/resnet50-lspet

Exit code 1 if the artefact does not answer as the model does, 2 for a wrong argument.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import keras
import numpy as np
import tyro

from export.check import encode_jpegs, greatest_distance_px, model_joints, reload_and_run
from export.saved_model import write_saved_model

# OpenCV's and TensorFlow's JPEG decoders may differ by a grey level, which moves joints a little.
_JPEG_TOLERANCE_PX = 0.5


@dataclass(frozen=True)
class Options:
    """What to export.

    Attributes:
        run: the run's folder, with run.json and best.keras.
        out: the SavedModel's folder; RUN/export if not given.
        tolerance_px: the greatest distance between the artefact's and the model's joints that passes.
    """

    run: Annotated[Path, tyro.conf.Positional]
    out: Path | None = None
    tolerance_px: float = 0.1

    def __post_init__(self) -> None:
        """Checks the tolerance."""
        if not self.tolerance_px > 0:
            raise ValueError(f"tolerance_px must be above 0, got {self.tolerance_px}")


def load_run(run: Path) -> tuple[keras.Model, dict]:
    """Loads a run's best model and its notes.

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
    try:
        return keras.models.load_model(run / "best.keras"), json.loads((run / "run.json").read_text())
    except (ValueError, OSError, KeyError) as error:
        raise ValueError(f"{run} cannot be read ({error}); train it again") from error


def check(model: keras.Model, folder: Path, pictures: np.ndarray) -> tuple[float, float]:
    """Runs the artefact in a fresh process; returns its greatest joint error in px, from pictures and from JPEGs."""
    jpegs, decoded = encode_jpegs(pictures)
    outputs = reload_and_run(folder, pictures, jpegs)
    return (
        greatest_distance_px(outputs["serving_default/joints_xy_px"], model_joints(model, pictures)),
        greatest_distance_px(outputs["jpeg/joints_xy_px"], model_joints(model, decoded)),
    )


def main(options: Options) -> int:
    """Runs the command and returns its exit code."""
    model, notes = load_run(options.run)
    folder = options.out or options.run / "export"
    write_saved_model(model, notes, folder)
    pictures = np.load(options.run / "samples.npy")
    from_pictures, from_jpegs = check(model, folder, pictures)
    print(f"{folder}: {notes['model']}, {notes['skeleton']['name']}, pictures of {notes['record_size']} px")
    print(
        f"reloaded without our code: joints within {from_pictures:.5f} px of Keras on {len(pictures)} pictures, "
        f"within {from_jpegs:.5f} px from JPEG"
    )
    if from_pictures > options.tolerance_px or from_jpegs > options.tolerance_px + _JPEG_TOLERANCE_PX:
        print(f"error: that is more than {options.tolerance_px} px", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(tyro.cli(Options, prog="python -m export", description=__doc__)))
    except (ValueError, OSError, RuntimeError) as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)
