"""The Keras model's own answers, with which those of exported files are compared."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import cv2
import keras
import numpy as np
from keras import ops

from export.graph import FINE
from pose.fields import Affine, Field, warp
from pose.picture import decode_picture
from pose.tasks import POSE_2D, Task, as_net_takes


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
