"""Holding exported files against the model they came from, each in a process that has none of our code."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import cv2
import keras
import numpy as np
from keras import ops

import artefact.alone
from artefact.formats import DESCRIPTION_FILE, FORMATS
from export.graph import FINE, OUTPUTS
from pose.picture import decode_picture

_ALONE = Path(artefact.alone.__file__)
# OpenCV's and TensorFlow's JPEG decoders may differ by a grey level, which moves joints a little.
JPEG_TOLERANCE_PX = 0.5
JPEG_TOLERANCE = 0.02
THREADS = (1, 2)
# A net that reads joints off peaks may find two of them equal, and a rounding then moves a joint far.
SHARE_WITHIN = 0.99
# A file that has not answered by then hangs.
_LONGEST_S = 900


@dataclass(frozen=True)
class Limits:
    """How far 99 % of a file's answers may be from the model's.

    Attributes:
        px: the joints, in px of the picture.
        score: the scores.
    """

    px: float
    score: float


@dataclass(frozen=True)
class Measurement:
    """How one file answered in one runtime.

    Attributes:
        path: the file in the export's folder, "." for the SavedModel.
        runtime: the runtime's name and version.
        max_px: the greatest distance of a joint from Keras's, over all pictures, in px of the picture.
        most_px: the distance within which 99 % of the joints lie.
        mean_px: the mean distance.
        most_score: the difference within which 99 % of the scores are Keras's.
        limits: how far those may be.
        latency_ms: for each number of threads, the median time of one picture in ms.
        bytes: of all files of the format.
        jpeg_px: as most_px, from JPEGs, where the file takes them.
        jpeg_score: as most_score, from JPEGs.
    """

    path: str
    runtime: str
    max_px: float
    most_px: float
    mean_px: float
    most_score: float
    limits: Limits
    latency_ms: dict[int, float]
    bytes: int
    jpeg_px: float = 0.0
    jpeg_score: float = 0.0

    @property
    def joints_passed(self) -> bool:
        """Whether 99 % of the joints are within the limit."""
        return self.most_px <= self.limits.px and self.jpeg_px <= self.limits.px + JPEG_TOLERANCE_PX

    @property
    def scores_passed(self) -> bool:
        """Whether 99 % of the scores are within the limit."""
        return self.most_score <= self.limits.score and self.jpeg_score <= self.limits.score + JPEG_TOLERANCE

    @property
    def passed(self) -> bool:
        """Whether both are."""
        return self.joints_passed and self.scores_passed

    def to_json(self) -> dict:
        """An entry of formats.json."""
        entry = {
            "path": self.path,
            "runtime": self.runtime,
            "error_px": {
                "max": round(self.max_px, 5),
                "99 %": round(self.most_px, 5),
                "mean": round(self.mean_px, 5),
            },
            "limit_px": self.limits.px,
            "score_error": {"99 %": round(self.most_score, 5)},
            "limit_score": self.limits.score,
            "passed": self.passed,
            "latency_ms": {str(threads): round(value, 3) for threads, value in self.latency_ms.items()},
            "bytes": self.bytes,
        }
        if self.path == ".":
            entry |= {"jpeg_error_px": {"99 %": round(self.jpeg_px, 5)}}
            entry |= {"jpeg_score_error": {"99 %": round(self.jpeg_score, 5)}}
        return entry


def run_alone(name: str, file: Path, pictures: np.ndarray, threads: int, jpegs: list[bytes]) -> dict:
    """Runs a file in a fresh process, in another folder, with no module of ours but the two that run it.

    Args:
        name: of the format.
        file: the file, or the SavedModel's folder.
        pictures: uint8 RGB (N, R, R, 3).
        threads: of the runtime.
        jpegs: M pictures of R x R px as JPEG; only a SavedModel reads them.

    Returns:
        joints_xy_px (N, J, 2), scores (N, J), description, runtime, latency_ms and, where JPEGs were read,
        jpeg_joints_xy_px (M, J, 2) and jpeg_scores (M, J).

    Raises:
        RuntimeError: the process failed or hangs; the message ends with the last line that it printed.
    """
    with tempfile.TemporaryDirectory() as scratch:
        np.savez(Path(scratch) / "inputs.npz", pictures=pictures)
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
    pictures: np.ndarray,
    limits: Limits,
    size_bytes: int,
) -> Measurement:
    """Runs a file alone with each number of threads and compares its joints and scores with the model's.

    Args:
        model: the model that was exported.
        folder: the export's folder, with its pose.json.
        name: of the format.
        pictures: uint8 RGB (N, R, R, 3).
        limits: how far the answers may be from the model's.
        size_bytes: noted in the result.

    Raises:
        RuntimeError: the file does not run, answers with something else than finite joints and scores, or describes
            itself otherwise than pose.json.
        ValueError: the model's own answers are not finite.
    """
    jpegs, decoded = encode_jpegs(pictures) if name == "saved-model" else ([], pictures)
    file = FORMATS[name].path(folder)
    runs = {threads: run_alone(name, file, pictures, threads, jpegs) for threads in THREADS}
    expected = model_answers(model, pictures)
    errors = [_differences(run, expected) for run in runs.values()]
    px, score = (np.stack(values) for values in zip(*errors, strict=True))
    first = runs[THREADS[0]]
    if json.loads(str(first["description"])) != json.loads((folder / DESCRIPTION_FILE).read_text()):
        raise RuntimeError(f"describes itself otherwise than {DESCRIPTION_FILE}")
    jpeg_errors = _differences(first, model_answers(model, decoded), "jpeg_") if jpegs else (0.0, 0.0)
    jpeg_px, jpeg_score = (float(np.quantile(values, SHARE_WITHIN)) for values in jpeg_errors)
    return Measurement(
        path=str(file.relative_to(folder)),
        runtime=str(first["runtime"]),
        max_px=float(px.max()),
        most_px=float(np.quantile(px, SHARE_WITHIN)),
        mean_px=float(px.mean()),
        most_score=float(np.quantile(score, SHARE_WITHIN)),
        limits=limits,
        latency_ms={threads: float(run["latency_ms"]) for threads, run in runs.items()},
        bytes=size_bytes,
        jpeg_px=jpeg_px,
        jpeg_score=jpeg_score,
    )


def _differences(
    found: dict[str, np.ndarray], expected: dict[str, np.ndarray], prefix: str = ""
) -> tuple[np.ndarray, np.ndarray]:
    """The joints' distances in px and the scores' differences, (N, J) each."""
    for name in OUTPUTS:
        value = found.get(prefix + name)
        if value is None or value.shape != expected[name].shape or not np.isfinite(value).all():
            answered = "none" if value is None else f"{value.shape}, finite: {bool(np.isfinite(value).all())}"
            raise RuntimeError(f"must answer finite {name} of shape {expected[name].shape}, it answers {answered}")
    joints, scores = (np.subtract(found[prefix + name], expected[name]) for name in OUTPUTS)
    return np.linalg.norm(joints, axis=-1), np.abs(scores)


def encode_jpegs(pictures: np.ndarray) -> tuple[list[bytes], np.ndarray]:
    """Encodes uint8 RGB pictures (N, R, R, 3) as JPEG, and returns them with what they decode to."""
    jpegs = [cv2.imencode(".jpg", picture[..., ::-1])[1].tobytes() for picture in pictures]
    return jpegs, np.stack([decode_picture(jpeg) for jpeg in jpegs])


def model_answers(model: keras.Model, pictures: np.ndarray) -> dict[str, np.ndarray]:
    """What the Keras model itself answers for pictures of the records' size.

    Args:
        model: an inference model for uint8 pictures (N, S, S, 3).
        pictures: uint8 (N, R, R, 3).

    Returns:
        joints_xy_px (N, J, 2) in px of the R x R pictures, and scores (N, J).

    Raises:
        ValueError: they are not finite.
    """
    size, input_size = pictures.shape[1], model.input_shape[1]
    if size != input_size:
        resized = ops.image.resize(
            ops.cast(pictures, "float32"), (input_size, input_size), interpolation="bilinear", antialias=False
        )
        pictures = ops.cast(ops.round(ops.round(resized * FINE) / FINE), "uint8")
    outputs = model(pictures, training=False)
    joints, scores = (ops.convert_to_numpy(outputs[name]) for name in OUTPUTS)
    if not (np.isfinite(joints).all() and np.isfinite(scores).all()):
        raise ValueError("the Keras model itself answers joints or scores that are not finite; train it again")
    return {OUTPUTS[0]: (joints + 0.5) * (size / input_size) - 0.5, OUTPUTS[1]: scores}
