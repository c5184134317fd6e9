"""Every runtime rounds gray levels half way between two integers alike."""

import json

import keras
import numpy as np
import pytest

from export.graph import frozen_graph
from export.keras_answers import model_answers
from export.onnx_file import write_onnx
from pose.tasks import POSE_2D

RECORD_SIZE, SIZE = 32, 24


def gray_levels():
    """A model that answers the gray levels of its image as coordinates."""
    pictures = keras.Input((SIZE, SIZE, 3), dtype="uint8", name="pictures")
    levels = keras.ops.reshape(keras.ops.cast(pictures, "float32"), (-1, SIZE * SIZE * 3 // 2, 2))
    return keras.Model(pictures, {"joints_xy_px": levels, "scores": levels[..., 0] / 255})


def test_onnx_runtime_gets_the_gray_levels_that_keras_gets(tmp_path):
    runtime = pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")
    pytest.importorskip("tf2onnx", reason="tf2onnx is not installed")
    model, notes = gray_levels(), {"record_size": RECORD_SIZE, "input_size": SIZE}
    write_onnx(frozen_graph(model, notes, json.dumps({})), POSE_2D, json.dumps({}), tmp_path / "model.onnx")
    pictures = np.random.default_rng(0).integers(0, 256, (2, RECORD_SIZE, RECORD_SIZE, 3), np.uint8)
    session = runtime.InferenceSession(tmp_path / "model.onnx", providers=["CPUExecutionProvider"])
    found, _ = session.run(["joints_xy_px", "scores"], {"pictures": pictures})
    # A level is 4 / 3 px here.
    np.testing.assert_allclose(found, model_answers(model, {"pictures": pictures})["joints_xy_px"], atol=0.01)
