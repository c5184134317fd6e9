"""Writing a run's model in the chosen formats into one folder."""

from __future__ import annotations

import functools
import json
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from artefact.formats import DESCRIPTION_FILE, FORMATS
from export.description import describe
from export.graph import frozen_graph
from export.litert import write_litert, write_litert_fp16, write_litert_int8, write_litert_int8_static
from export.onnx_file import write_onnx
from export.openvino_file import write_openvino
from export.saved_model import write_saved_model
from pose.tasks import task_of


def write_formats(
    model: keras.Model,
    notes: dict,
    names: Sequence[str],
    folder: Path,
    calibration: dict[str, np.ndarray] | None = None,
    failed: dict[str, str] | None = None,
) -> dict[str, int]:
    """Writes the model in some formats, and pose.json beside them.

    Args:
        model: an inference model, as saved by a run in best.keras.
        notes: the run's run.json.
        names: keys of `FORMATS`.
        folder: a new or empty folder.
        calibration: inputs (N, ...) by name, such as images uint8 RGB (N, R, R, 3), for formats whose ranges are
            fixed beforehand.
        failed: receives the reason for each format that could not be written; if None, the error is raised.

    Returns:
        The bytes of each written format's files.

    Raises:
        OSError: the folder cannot be written to.
        ValueError: a format needs images, and none were given.
    """
    if "litert-int8-static" in names and calibration is None:
        raise ValueError("litert-int8-static needs pictures to calibrate with, got none; give some of the training set")
    description, task = json.dumps(describe(notes)), task_of(notes)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / DESCRIPTION_FILE).write_text(description + "\n")
    sizes = {}
    with tempfile.TemporaryDirectory() as scratch:
        frozen = Path(scratch) / "frozen.pb"

        @functools.cache
        def graph() -> tf.compat.v1.GraphDef:
            return frozen_graph(model, notes, description)

        def frozen_file() -> Path:
            frozen.write_bytes(graph().SerializeToString(deterministic=True))
            return frozen

        writers = {
            "saved-model": lambda file: write_saved_model(model, notes, description, file),
            "frozen": lambda file: shutil.copyfile(frozen_file(), file),
            "litert": lambda file: write_litert(graph(), task, description, file),
            "litert-fp16": lambda file: write_litert_fp16(graph(), task, description, file),
            "litert-int8": lambda file: write_litert_int8(graph(), task, description, file),
            "onnx": lambda file: write_onnx(graph(), task, description, file),
            "openvino": lambda file: write_openvino(frozen_file(), task, description, file),
        }
        if calibration is not None:
            static = functools.partial(write_litert_int8_static, inputs=calibration)
            writers["litert-int8-static"] = lambda file: static(graph(), task, description, file)
        for name in names:
            # In a folder of its own, so that a format that fails leaves nothing behind.
            own = Path(tempfile.mkdtemp(prefix=f"{name}-", dir=scratch))
            try:
                writers[name](FORMATS[name].path(own))
            except Exception as error:  # Converters raise many types.
                if failed is None:
                    raise
                failed[name] = f"could not be written ({in_one_line(error)})"
                continue
            sizes[name] = sum(path.stat().st_size for path in own.rglob("*") if path.is_file())
            for path in own.iterdir():
                shutil.move(path, folder / path.name)
    return sizes


def in_one_line(error: Exception) -> str:
    """The type of an error and the first line of its message."""
    lines = str(error).strip().splitlines() or [""]
    return f"{type(error).__name__}: {lines[0][:300]}"
