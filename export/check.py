"""Compares exported files with the original model, each in a process without our code."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import keras
import numpy as np

from artefact import alone
from artefact.formats import DESCRIPTION_FILE, FORMATS
from export.differences import differences
from export.keras_answers import encode_jpegs, model_answers
from export.measurement import Difference, Measurement
from pose.tasks import POSE_2D, Task

_ALONE = Path(alone.__file__)
THREADS = (1, 2)
# Not all: where a map has two equal peaks, rounding may move the joint from one to the other.
SHARE_WITHIN = 0.99
# Time limit for one file.
_LONGEST_S = 900


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
