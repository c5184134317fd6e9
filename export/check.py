"""Holding exported files against the model they came from, each in a process that has none of our code."""

from __future__ import annotations

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

from export.graph import FINE

_ALONE = Path(__file__).with_name("alone.py")
# OpenCV's and TensorFlow's JPEG decoders may differ by a grey level, which moves joints a little.
JPEG_TOLERANCE_PX = 0.5
THREADS = (1, 2)
# A net that reads joints off peaks may find two of them equal, and a rounding then moves a joint far.
SHARE_WITHIN = 0.99


@dataclass(frozen=True)
class Measurement:
    """How one file answered in one runtime.

    Attributes:
        path: the file in the export's folder, "." for the SavedModel.
        runtime: the runtime's name and version.
        max_px: the greatest distance of a joint from Keras's, over all pictures, in px of the picture.
        most_px: the distance within which 99 % of the joints lie.
        mean_px: the mean distance.
        limit_px: how far those may be.
        latency_ms: for each number of threads, the median time of one picture in ms.
        bytes: of all files of the format.
        jpeg_px: as most_px, from JPEGs, where the file takes them.
    """

    path: str
    runtime: str
    max_px: float
    most_px: float
    mean_px: float
    limit_px: float
    latency_ms: dict[int, float]
    bytes: int
    jpeg_px: float | None = None

    @property
    def passed(self) -> bool:
        """Whether 99 % of the joints are within the limit."""
        return self.most_px <= self.limit_px and (self.jpeg_px or 0) <= self.limit_px + JPEG_TOLERANCE_PX

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
            "limit_px": self.limit_px,
            "passed": self.passed,
            "latency_ms": {str(threads): round(value, 3) for threads, value in self.latency_ms.items()},
            "bytes": self.bytes,
        }
        return entry if self.jpeg_px is None else entry | {"jpeg_error_px": {"99 %": round(self.jpeg_px, 5)}}


def run_alone(runtime: str, file: Path, pictures: np.ndarray, threads: int, jpegs: list[bytes]) -> dict:
    """Runs a file in a fresh process, in another folder, with no module of ours but the one that runs it.

    Args:
        runtime: one of `export.alone.LOADERS`.
        file: the file, or the SavedModel's folder.
        pictures: uint8 RGB (N, R, R, 3).
        threads: of the runtime.
        jpegs: M pictures of R x R px as JPEG; only a SavedModel reads them.

    Returns:
        joints_xy_px (N, J, 2), scores (N, J), description, runtime, latency_ms and, where JPEGs were read,
        jpeg_joints_xy_px (M, J, 2).

    Raises:
        RuntimeError: the process failed; the message holds its last lines.
    """
    with tempfile.TemporaryDirectory() as scratch:
        np.save(Path(scratch) / "pictures.npy", pictures)
        for i, jpeg in enumerate(jpegs):
            (Path(scratch) / f"{i:06d}.jpg").write_bytes(jpeg)
        environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
        # -P keeps the folder of alone.py, where our other modules are, off the path.
        command = [sys.executable, "-P", str(_ALONE), runtime, str(file.resolve()), scratch, str(threads)]
        done = subprocess.run(command, cwd=scratch, env=environment, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"{file} does not run by itself:\n" + "\n".join(done.stderr.splitlines()[-8:]))
        return dict(np.load(Path(scratch) / "outputs.npz"))


def measure(
    model: keras.Model,
    folder: Path,
    path: str,
    runtime: str,
    pictures: np.ndarray,
    limit_px: float,
    size_bytes: int,
) -> Measurement:
    """Runs a file alone with each number of threads and compares its joints with the model's.

    Args:
        model: the model that was exported.
        folder: the export's folder.
        path: the file in it.
        runtime: one of `export.alone.LOADERS`.
        pictures: uint8 RGB (N, R, R, 3).
        limit_px: how far a joint may be from the model's, in px of the picture.
        size_bytes: noted in the result.

    Raises:
        RuntimeError: the file does not run.
    """
    jpegs, decoded = encode_jpegs(pictures) if path == "." else ([], pictures)
    runs = {threads: run_alone(runtime, folder / path, pictures, threads, jpegs) for threads in THREADS}
    expected = model_joints(model, pictures)
    distances = np.stack([np.linalg.norm(run["joints_xy_px"] - expected, axis=-1) for run in runs.values()])
    first = runs[THREADS[0]]
    jpeg_px = None
    if jpegs:
        jpeg_distances = np.linalg.norm(first["jpeg_joints_xy_px"] - model_joints(model, decoded), axis=-1)
        jpeg_px = float(np.quantile(jpeg_distances, SHARE_WITHIN))
    return Measurement(
        path=path,
        runtime=str(first["runtime"]),
        max_px=float(distances.max()),
        most_px=float(np.quantile(distances, SHARE_WITHIN)),
        mean_px=float(distances.mean()),
        limit_px=limit_px,
        latency_ms={threads: float(run["latency_ms"]) for threads, run in runs.items()},
        bytes=size_bytes,
        jpeg_px=jpeg_px,
    )


def encode_jpegs(pictures: np.ndarray) -> tuple[list[bytes], np.ndarray]:
    """Encodes uint8 RGB pictures (N, R, R, 3) as JPEG, and returns them with what they decode to."""
    jpegs = [cv2.imencode(".jpg", picture[..., ::-1])[1] for picture in pictures]
    decoded = np.stack([cv2.imdecode(jpeg, cv2.IMREAD_COLOR)[..., ::-1] for jpeg in jpegs])
    return [jpeg.tobytes() for jpeg in jpegs], decoded


def model_joints(model: keras.Model, pictures: np.ndarray) -> np.ndarray:
    """What the Keras model itself answers for pictures of the records' size.

    Args:
        model: an inference model for uint8 pictures (N, S, S, 3).
        pictures: uint8 (N, R, R, 3).

    Returns:
        float (N, J, 2) in px of the R x R pictures.
    """
    size, input_size = pictures.shape[1], model.input_shape[1]
    if size != input_size:
        resized = ops.image.resize(
            ops.cast(pictures, "float32"), (input_size, input_size), interpolation="bilinear", antialias=False
        )
        pictures = ops.cast(ops.round(ops.round(resized * FINE) / FINE), "uint8")
    joints = ops.convert_to_numpy(model(pictures, training=False)["joints_xy_px"])
    return (joints + 0.5) * (size / input_size) - 0.5
