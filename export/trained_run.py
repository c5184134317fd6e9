"""The run to export: its model, notes and sample inputs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from artefact.formats import MODEL_FILE, RUN_FILE, SAMPLES_FILE
from artefact.origin import ORIGIN, origin_of
from export.description import describe
from pose.tasks import task_of

if TYPE_CHECKING:
    import keras


def check_run(run: Path) -> None:
    """Checks that a folder holds the files that an export needs.

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
    """Loads a run's best model and its notes, to which the identity of the model's file is added.

    Raises:
        ValueError: the folder is no run, has no finished epoch, or cannot be read.
    """
    check_run(run)
    import keras

    try:
        # Before loading: if training replaces the file in between, the export counts as outdated, not as newer than it
        # is.
        origin = origin_of(run / MODEL_FILE)
        notes = json.loads((run / RUN_FILE).read_text())
        notes["input_size"], describe(notes)
        return keras.models.load_model(run / MODEL_FILE), {**notes, ORIGIN: origin}
    except Exception as error:  # Keras raises many kinds for a file that is damaged or of another version.
        raise ValueError(f"{run} cannot be read ({type(error).__name__}: {error!s:.300}); train it again") from error


def read_samples(run: Path, notes: dict) -> dict[str, np.ndarray]:
    """The run's sample inputs, (N, ...) by name, such as images uint8 RGB (N, R, R, 3).

    Raises:
        ValueError: they cannot be read, or have another type or shape.
    """
    try:
        samples = np.load(run / SAMPLES_FILE)
    except (ValueError, OSError, EOFError) as error:
        raise ValueError(f"{run / SAMPLES_FILE} cannot be read ({error}); train the run again") from error
    inputs, size = task_of(notes).inputs, notes["record_size"]
    found = {name: samples[name] for name in samples.dtype.names or ()} or dict.fromkeys(inputs, samples)
    for name, one in inputs.items():
        shape, value = one.sized(len(notes["skeleton"]["joints"]), size), found.get(name, samples)
        if value.dtype != one.dtype or value.shape[1:] != shape or not len(value):
            wanted = f"pictures of {size} x {size} px" if one.geometry == "picture" else f"{name} of shape {shape}"
            raise ValueError(
                f"{run / SAMPLES_FILE} must hold {one.dtype} {wanted}, got {value.dtype} {value.shape}; train the run "
                "again"
            )
    return found
