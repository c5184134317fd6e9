"""Holding an artefact against the model it came from, in a process that has none of our code."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import cv2
import keras
import numpy as np
from keras import ops

# Runs in a fresh interpreter in another folder: what a stranger with TensorFlow alone has.
_RELOAD = """
import pathlib
import sys
import numpy as np
import tensorflow as tf
folder, scratch = sys.argv[1], pathlib.Path(sys.argv[2])
signatures = tf.saved_model.load(folder).signatures
jpegs = [path.read_bytes() for path in sorted(scratch.glob("*.jpg"))]
inputs = {
    "serving_default": {"pictures": tf.constant(np.load(scratch / "pictures.npy"))},
    "jpeg": {"jpeg": tf.constant(jpegs)},
    "describe": {},
}
results = {}
for name, arguments in inputs.items():
    for output, tensor in signatures[name](**arguments).items():
        results[f"{name}/{output}"] = tensor.numpy()
np.savez(scratch / "outputs.npz", **results)
"""


def reload_and_run(folder: Path, pictures: np.ndarray, jpegs: list[bytes]) -> dict[str, np.ndarray]:
    """Loads a SavedModel in a fresh process and runs every signature.

    Args:
        folder: the SavedModel.
        pictures: uint8 RGB (N, R, R, 3).
        jpegs: M pictures of R x R px as JPEG.

    Returns:
        "serving_default/joints_xy_px" (N, J, 2) and "serving_default/scores" (N, J), "jpeg/joints_xy_px" and
        "jpeg/scores" for the M pictures, and "describe/json".

    Raises:
        RuntimeError: the process failed; the message holds its last lines.
    """
    with tempfile.TemporaryDirectory() as scratch:
        np.save(Path(scratch) / "pictures.npy", pictures)
        for i, jpeg in enumerate(jpegs):
            (Path(scratch) / f"{i:06d}.jpg").write_bytes(jpeg)
        environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
        command = [sys.executable, "-c", _RELOAD, str(folder.resolve()), scratch]
        done = subprocess.run(command, cwd=scratch, env=environment, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"{folder} does not run by itself:\n" + "\n".join(done.stderr.splitlines()[-8:]))
        return dict(np.load(Path(scratch) / "outputs.npz"))


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
        pictures = ops.cast(ops.round(resized), "uint8")
    joints = ops.convert_to_numpy(model(pictures, training=False)["joints_xy_px"])
    return (joints + 0.5) * (size / input_size) - 0.5


def greatest_distance_px(a: np.ndarray, b: np.ndarray) -> float:
    """The greatest distance between two sets of joints (N, J, 2), in px."""
    return float(np.linalg.norm(a - b, axis=-1).max())
