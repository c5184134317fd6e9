"""Compares exported files with the original model, each in a process without our code."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import cv2
import keras
import numpy as np
from keras import ops

from artefact import alone
from artefact.formats import DESCRIPTION_FILE, FORMATS
from export.differences import differences, is_point
from export.graph import FINE
from pose.fields import Affine, Field, warp
from pose.picture import decode_picture
from pose.tasks import POSE_2D, Answer, Task, as_net_takes

_ALONE = Path(alone.__file__)
THREADS = (1, 2)
# Not all: where a map has two equal peaks, rounding may move the joint from one to the other.
SHARE_WITHIN = 0.99
# Time limit for one file.
_LONGEST_S = 900


@dataclass(frozen=True)
class Difference:
    """How far the values of one answer are from Keras's.

    Attributes:
        answer: the answer.
        greatest: the largest difference.
        most: the 99th percentile.
        mean: the mean difference.
        limit: maximum of `most`.
        jpeg: as `most`, from JPEGs, if the file takes them.
        jpeg_limit: maximum of `jpeg`.
    """

    answer: Answer
    greatest: float
    most: float
    mean: float
    limit: float
    jpeg: float = 0.0
    jpeg_limit: float = 0.0

    @property
    def passed(self) -> bool:
        """Whether 99 % of the values are within the limit."""
        return self.most <= self.limit and self.jpeg <= self.jpeg_limit

    @property
    def is_distance(self) -> bool:
        """Whether it is a distance of points."""
        return is_point(self.answer)


@dataclass(frozen=True)
class Measurement:
    """How close one file came in one runtime, and how fast.

    Attributes:
        path: the file in the export's folder, "." for the SavedModel.
        runtime: the runtime's name and version.
        differences: each answer's, by name.
        latency_ms: for each number of threads, the median time of one sample in ms.
        bytes: of all files of the format.
    """

    path: str
    runtime: str
    differences: dict[str, Difference]
    latency_ms: dict[int, float]
    bytes: int

    @property
    def passed(self) -> bool:
        """Whether every answer is within its limit."""
        return all(one.passed for one in self.differences.values())

    def to_json(self) -> dict:
        """An entry of formats.json."""
        entry: dict = {"path": self.path, "runtime": self.runtime}
        for name, one in self.differences.items():
            error, limit = _keys(name)
            parts = {"max": one.greatest, "99 %": one.most, "mean": one.mean} if one.is_distance else {"99 %": one.most}
            entry[error] = {part: round(value, 5) for part, value in parts.items()}
            entry[limit] = one.limit
        entry |= {
            "passed": self.passed,
            "latency_ms": {str(threads): round(value, 3) for threads, value in self.latency_ms.items()},
            "bytes": self.bytes,
        }
        if self.path == ".":
            entry |= {f"jpeg_{_keys(name)[0]}": {"99 %": round(one.jpeg, 5)} for name, one in self.differences.items()}
        return entry


def _keys(name: str) -> tuple[str, str]:
    """The names of an answer's error and limit in formats.json."""
    known = {"joints_xy_px": ("error_px", "limit_px"), "scores": ("score_error", "limit_score")}
    return known.get(name, (f"{name}_error", f"{name}_limit"))


def run_alone(name: str, file: Path, inputs: dict[str, np.ndarray], threads: int, jpegs: list[bytes]) -> dict:
    """Runs a file in a fresh process, in another folder, with no module of ours except the two that run it.

    Args:
        name: of the format.
        file: the file, or the SavedModel's folder.
        inputs: (N, ...) by name, such as images uint8 RGB (N, R, R, 3).
        threads: of the runtime.
        jpegs: M images of R x R px as JPEG; only a SavedModel reads them.

    Returns:
        The answers (N, ...) by name, such as joints_xy_px (N, J, 2); description, runtime, latency_ms and, where JPEGs
        were read, the answers (M, ...) by "jpeg_" and their names.

    Raises:
        RuntimeError: the process failed or hangs; the message ends with the last line that it printed.
    """
    with tempfile.TemporaryDirectory() as scratch:
        np.savez(Path(scratch) / "inputs.npz", **inputs)  # type: ignore[arg-type]
        for i, jpeg in enumerate(jpegs):
            (Path(scratch) / f"{i:06d}.jpg").write_bytes(jpeg)
        environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
        engine, settings = _ALONE.parent / "engines" / f"{FORMATS[name].engine}.py", json.dumps(FORMATS[name].settings)
        # -P keeps the folder of alone.py, where our other modules are, off the path.
        words = (_ALONE, engine, settings, file.resolve(), scratch, threads)
        command = [sys.executable, "-P", *map(str, words)]
        try:
            done = subprocess.run(
                command, cwd=scratch, env=environment, capture_output=True, text=True, check=False, timeout=_LONGEST_S
            )
        except subprocess.TimeoutExpired as error:
            raise RuntimeError(f"does not end by itself within {_LONGEST_S} s") from error
        if done.returncode:
            ended = f"signal {-done.returncode}" if done.returncode < 0 else f"exit code {done.returncode}"
            last = " ".join(done.stderr.split("\n  ")[-1].split()) or "it printed nothing"
            raise RuntimeError(f"does not run by itself ({ended}: {last[-500:]})")
        with np.load(Path(scratch) / "outputs.npz") as outputs:
            return dict(outputs)


def measure(
    model: keras.Model,
    folder: Path,
    name: str,
    inputs: dict[str, np.ndarray],
    limits: dict[str, float],
    size_bytes: int,
    task: Task = POSE_2D,
) -> Measurement:
    """Runs a file alone with each number of threads and compares its answers with the model's.

    Args:
        model: the model that was exported.
        folder: the export's folder, with its pose.json.
        name: of the format.
        inputs: (N, ...) by name, such as images uint8 RGB (N, R, R, 3).
        limits: how far each answer may be from the model's, by name.
        size_bytes: noted in the result.
        task: of the model.

    Raises:
        RuntimeError: the file does not run, its answers are not finite or have another shape, or its description is not
            that of pose.json.
        ValueError: the model's own answers are not finite.
    """
    reads_jpegs = name == "saved-model" and task.takes_pictures
    jpegs, decoded = encode_jpegs(next(iter(inputs.values()))) if reads_jpegs else ([], np.empty(0))
    file = FORMATS[name].path(folder)
    runs = {threads: run_alone(name, file, inputs, threads, jpegs) for threads in THREADS}
    expected = model_answers(model, inputs, task)
    errors = [differences(run, expected, task) for run in runs.values()]
    first = runs[THREADS[0]]
    if json.loads(str(first["description"])) != json.loads((folder / DESCRIPTION_FILE).read_text()):
        raise RuntimeError(f"has another description than {DESCRIPTION_FILE}")
    jpeg_errors = {}
    if jpegs:
        jpeg_errors = differences(first, model_answers(model, dict.fromkeys(inputs, decoded), task), task, "jpeg_")
    found = {}
    for answer_name, answer in task.answers.items():
        values = np.concatenate([error[answer_name] for error in errors])
        found[answer_name] = Difference(
            answer,
            float(values.max()),
            float(np.quantile(values, SHARE_WITHIN)),
            float(values.mean()),
            limits[answer_name],
            float(np.quantile(jpeg_errors.get(answer_name, 0.0), SHARE_WITHIN)),
            # OpenCV's and TensorFlow's JPEG decoders may differ by a gray level, which moves answers a little.
            limits[answer_name] + answer.tolerance,
        )
    return Measurement(
        path=str(file.relative_to(folder)),
        runtime=str(first["runtime"]),
        differences=found,
        latency_ms={threads: float(run["latency_ms"]) for threads, run in runs.items()},
        bytes=size_bytes,
    )


def encode_jpegs(pictures: np.ndarray) -> tuple[list[bytes], np.ndarray]:
    """Encodes uint8 RGB images (N, R, R, 3) as JPEG, and returns them with what they decode to."""
    jpegs = [cv2.imencode(".jpg", picture[..., ::-1])[1].tobytes() for picture in pictures]
    return jpegs, np.stack([decode_picture(jpeg) for jpeg in jpegs])


def model_answers(model: keras.Model, inputs: dict[str, np.ndarray], task: Task = POSE_2D) -> dict[str, np.ndarray]:
    """The Keras model's own answers for inputs at the records' size.

    Args:
        model: an inference model, for images of S x S px.
        inputs: (N, ...) by name, such as images uint8 (N, R, R, 3).
        task: of the model.

    Returns:
        The answers (N, ...) by name, such as joints_xy_px (N, J, 2) in px of the R x R images, and scores (N, J).

    Raises:
        ValueError: they are not finite.
    """
    sides = {name: (value.shape[1], model.input_shape[1]) for name, value in inputs.items() if _is_picture(task, name)}
    size, input_size = next(iter(sides.values()), (1, 1))
    if size != input_size:
        count = len(next(iter(inputs.values())))
        pictures = {name: _resampled(inputs[name], input_size) for name in sides}
        inputs = warp(inputs | pictures, _others(task.inputs, sides), Affine.resize(size, input_size, count))
    outputs = model(as_net_takes(inputs), training=False)
    answers = {name: ops.convert_to_numpy(outputs[name]) for name in task.answers}
    if not all(np.isfinite(value).all() for value in answers.values()):
        raise ValueError("the Keras model's own answers are not finite; train it again")
    back = Affine.resize(input_size, size, len(next(iter(answers.values()))))
    return warp(answers, task.answers, back)


def _is_picture(task: Task, name: str) -> bool:
    return task.inputs[name].geometry == "picture"


def _others(fields: Mapping[str, Field], pictures: Iterable[str]) -> dict[str, Field]:
    return {name: field for name, field in fields.items() if name not in pictures}


def _resampled(pictures: np.ndarray, size: int) -> np.ndarray:
    """Images resampled and rounded as in the training pipeline."""
    resized = ops.image.resize(ops.cast(pictures, "float32"), (size, size), interpolation="bilinear", antialias=False)
    return ops.convert_to_numpy(ops.cast(ops.round(ops.round(resized * FINE) / FINE), "uint8"))
