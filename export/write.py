"""Writing a run's model in the chosen formats into one folder."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

import keras
import numpy as np

from export.description import DESCRIPTION_FILE, describe
from export.formats import FORMATS
from export.graph import frozen_graph
from export.litert import write_litert, write_litert_fp16, write_litert_int8, write_litert_int8_static
from export.onnx_file import write_onnx
from export.openvino_file import write_openvino
from export.saved_model import write_saved_model


def write_formats(
    model: keras.Model, notes: dict, names: Sequence[str], folder: Path, calibration: np.ndarray | None = None
) -> dict[str, int]:
    """Writes the model in some formats, and pose.json beside them.

    Args:
        model: an inference model, as saved by a run in best.keras.
        notes: the run's run.json.
        names: keys of `FORMATS`.
        folder: a new or empty folder.
        calibration: uint8 RGB pictures (N, R, R, 3) for formats whose ranges are fixed beforehand.

    Returns:
        The bytes of each format's files.

    Raises:
        OSError: the folder cannot be written to.
        ValueError: a format needs pictures, and none were given.
    """
    if "litert-int8-static" in names and calibration is None:
        raise ValueError("litert-int8-static needs pictures to calibrate with, got none; give some of the training set")
    description = json.dumps(describe(notes))
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        graph = frozen_graph(model, notes, description)
        frozen = Path(scratch) / "frozen.pb"
        frozen.write_bytes(graph.SerializeToString(deterministic=True))
        writers = {
            "saved-model": lambda file: write_saved_model(model, notes, description, file),
            "frozen": lambda file: shutil.copyfile(frozen, file),
            "litert": lambda file: write_litert(graph, description, file),
            "litert-fp16": lambda file: write_litert_fp16(graph, description, file),
            "litert-int8": lambda file: write_litert_int8(graph, description, file),
            "litert-int8-static": lambda file: write_litert_int8_static(graph, description, file, calibration),
            "onnx": lambda file: write_onnx(graph, description, file),
            "openvino": lambda file: write_openvino(frozen, description, file),
        }
        sizes, before = {}, 0
        for name in names:
            writers[name](folder / FORMATS[name].path)
            after = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
            sizes[name], before = after - before, after
    (folder / DESCRIPTION_FILE).write_text(description + "\n")
    return sizes


def replace_folder(new: Path, folder: Path) -> None:
    """Puts a finished folder in the place of an old one."""
    old = folder.with_name(folder.name + ".old")
    shutil.rmtree(old, ignore_errors=True)
    if folder.exists():
        os.replace(folder, old)
    os.replace(new, folder)
    shutil.rmtree(old, ignore_errors=True)
