"""Makes a folder of `weights/` from a training run.

    python -m tools.make_weights RUN NAME --joint-score 0.2 --found-score 0.4 --lost-score 0.3

The scores are the demos' minimum scores: of a joint, to start to track a person, and to keep tracking; a lifter has
none.

Kernels are rounded to 16 bits, which halves the files, before the export, so that every file computes with the same
numbers. The run's sample images are not copied, because data sets have their own terms. Evaluate the result afterwards:
`python -m evaluate NAME --records RECORDS`.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
import zipfile
from pathlib import Path

import cv2
import keras
import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from artefact.formats import FORMATS_FILE
from export.__main__ import Options, export, measure_formats
from export.folder import replacing
from export.trained_run import read_samples
from pose.tasks import POSE_DEPTH, POSE_LIFT, task_of

_WEIGHTS = Path(__file__).parents[1] / "weights"
_FORMATS = ("litert-fp16", "onnx")
# How far 16 bits may move 99 % of the joints; the rest may have two equal maxima in a map.
_MOST_PX = 1.0
_SCORES = ("joint_score", "found_score", "lost_score")
# Constants of fewer bytes are not worth a cast.
_LEAST_BYTES = 4096


def make(run: Path, name: str, follow: dict[str, float], formats: tuple[str, ...] = _FORMATS) -> Path:
    """Writes weights/NAME: the rounded model, its exports, its notes and its learning curve.

    Args:
        run: a finished training run.
        name: of the folder to write; its files are replaced, README.md stays.
        follow: scores for the demos, see `demo.tracking.rule.FollowRule`; empty for joints in space.
        formats: to export to.

    Returns:
        The folder.
    """
    folder = _WEIGHTS / name
    folder.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as place:
        rounded = Path(place)
        model = keras.models.load_model(run / "best.keras")
        model.set_weights([_rounded(value) for value in model.get_weights()])
        model.save(rounded / "whole.keras")
        # First, because every export names the best.keras that it was made from.
        _compress(rounded / "whole.keras", rounded / "best.keras")
        notes = json.loads((run / "run.json").read_text())
        # Without the paths of the training machine.
        places = {key: notes["config"].get(key) for key in ("records", "initial", "movenet")}
        notes["config"] |= {key: Path(place).name for key, place in places.items() if place}
        # Exports take images of the net's input size, since resizing inside would take time.
        notes["record_size"] = size = notes["input_size"]
        notes["follow"] = notes.get("follow", {}) | follow
        (rounded / "run.json").write_text(json.dumps(notes, indent=2) + "\n")
        samples, task = np.load(run / "samples.npy"), task_of(notes)
        if task.takes_pictures:
            samples = np.stack([cv2.resize(picture, (size, size)) for picture in samples])
        np.save(rounded / "samples.npy", samples)
        options = Options(rounded, formats, tolerance_px=_MOST_PX)
        if code := export(options):
            sys.exit(code)
        if "onnx" in formats:
            _halve_onnx(model, notes, rounded / "export", read_samples(rounded, notes), options)
        with replacing(folder / "export") as new:
            shutil.copytree(rounded / "export", new, dirs_exist_ok=True)
        for file in ("run.json", "best.keras"):
            shutil.copy(rounded / file, folder)
    # Published weights have none, until they are trained.
    if (run / "history.csv").is_file():
        shutil.copy(run / "history.csv", folder)
    return folder


def _rounded(weights: np.ndarray) -> np.ndarray:
    """Kernels in 16 bits; vectors, such as variances, may be too small for them."""
    return weights.astype(np.float16).astype(weights.dtype) if weights.ndim > 1 else weights


def _halve_onnx(
    model: keras.Model, notes: dict, folder: Path, samples: dict[str, np.ndarray], options: Options
) -> None:
    """Halves the ONNX file of an export, checks it again and updates formats.json."""
    path = folder / "model.onnx"
    halve(path)
    failed: dict[str, str] = {}
    sizes = {"onnx": path.stat().st_size}
    measured = measure_formats(model, notes, folder, sizes, samples, options, failed).get("onnx")
    if measured is None:
        sys.exit(f"error: with 16-bit weights model.onnx {failed['onnx']}")
    if not measured.passed:
        away = ", ".join(f"{name} by {one.most:.4f}" for name, one in measured.differences.items())
        sys.exit(f"error: with 16-bit weights model.onnx differs from Keras by more than allowed: {away}")
    formats = json.loads((folder / FORMATS_FILE).read_text())
    formats["formats"]["onnx"] = measured.to_json()
    (folder / FORMATS_FILE).write_text(json.dumps(formats, indent=1) + "\n")


def halve(path: Path) -> None:
    """Stores the large constants of an ONNX model in 16 bits; a runtime casts them once, at load time."""
    model = onnx.load(path)
    for constant in list(model.graph.initializer):
        values = numpy_helper.to_array(constant)
        if constant.data_type != TensorProto.FLOAT or values.nbytes < _LEAST_BYTES:
            continue
        halved = numpy_helper.from_array(values.astype(np.float16), f"{constant.name}_half")
        model.graph.initializer.remove(constant)
        model.graph.initializer.append(halved)
        model.graph.node.insert(0, helper.make_node("Cast", [halved.name], [constant.name], to=TensorProto.FLOAT))
    onnx.checker.check_model(model)
    onnx.save(model, path)


def _compress(source: Path, target: Path) -> None:
    """Compresses a .keras file, which Keras does not: half the bits of rounded weights are zero."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w") as new:
        for entry in old.infolist():
            new.writestr(zipfile.ZipInfo(entry.filename), old.read(entry), zipfile.ZIP_LZMA)


def main() -> int:
    """The command line; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tools.make_weights", description=__doc__.splitlines()[0])
    parser.add_argument("run", type=Path)
    parser.add_argument("name")
    for score in _SCORES:
        parser.add_argument(f"--{score.replace('_', '-')}", type=float)
    parser.add_argument("--formats", nargs="+", default=_FORMATS)
    arguments = parser.parse_args()
    follow = {score: value for score in _SCORES if (value := getattr(arguments, score)) is not None}
    followed = task_of(json.loads((arguments.run / "run.json").read_text())) not in (POSE_LIFT, POSE_DEPTH)
    if len(follow) != (len(_SCORES) if followed else 0):
        parser.error("give all three scores, or none for joints in space")
    folder = make(arguments.run, arguments.name, follow, tuple(arguments.formats))
    size_mb = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6
    print(f"wrote {folder}, {size_mb:.1f} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
