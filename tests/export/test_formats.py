"""Every format except the SavedModel, which test_export.py tests."""

import dataclasses
import importlib.util
import json
from pathlib import Path

import keras
import numpy as np
import pytest

from artefact.formats import FORMATS, WRITTEN, chosen_formats
from artefact.model import Model
from export.__main__ import Options, export
from export.graph import frozen_graph
from export.keras_answers import model_answers
from export.onnx_file import write_onnx
from export.trained_run import load_run
from pose.tasks import POSE_2D, POSES_2D_CENTERS

OTHERS = tuple(name for name, form in WRITTEN.items() if name != "saved-model" and not form.by_name)


def need(*packages: str) -> None:
    for package in packages:
        if importlib.util.find_spec(package) is None:
            pytest.skip(f"{package} is not installed")


@pytest.fixture
def load(exported):
    """Loads a format's file here instead of in a process of its own."""

    def load(name: str) -> Model:
        need(*FORMATS[name].missing)
        # TensorFlow's number of threads cannot change once it has run.
        return Model(exported, name, None if FORMATS[name].module == "tensorflow" else 1)

    return load


@pytest.mark.parametrize("name", OTHERS)
def test_a_file_answers_as_the_model_does_alone_and_in_batches(name, load, exported, moved_run):
    loaded = load(name)
    model, _ = load_run(moved_run)
    pictures = np.load(moved_run / "samples.npy")[:3]
    expected = model_answers(model, {"pictures": pictures})["joints_xy_px"]
    assert np.ptp(expected, axis=0).max() > 1
    together = loaded.run({"pictures": pictures})
    assert together["joints_xy_px"].shape == (3, 14, 2) and together["scores"].shape == (3, 14)
    assert {value.dtype for value in together.values()} == {np.dtype("float32")}
    single = loaded.run({"pictures": pictures[1:2]})
    np.testing.assert_allclose(single["joints_xy_px"][0], together["joints_xy_px"][1], atol=1e-3)
    entry = json.loads((exported / "formats.json").read_text())["formats"][name]
    assert entry["limit_px"] == (2.0 if name == "litert-int8" else 0.5)
    np.testing.assert_allclose(together["joints_xy_px"], expected, atol=entry["limit_px"])
    assert entry["passed"] and 0 <= entry["error_px"]["mean"] <= entry["error_px"]["max"] < entry["limit_px"]
    assert entry["bytes"] > 0 and set(entry["latency_ms"]) == {"1"}


@pytest.mark.parametrize("name", OTHERS)
def test_a_file_carries_the_description(name, load, exported):
    description = json.loads(load(name)._engine.carried)
    assert description == json.loads((exported / "pose.json").read_text())
    assert description["skeleton"]["joints"][13] == "head_top"


def test_smaller_weights_make_smaller_files(exported):
    entries = json.loads((exported / "formats.json").read_text())["formats"]
    assert entries["litert-fp16"]["bytes"] < entries["litert"]["bytes"]


def test_a_format_over_its_limit_fails_once_all_are_written(moved_run, tmp_path, capsys):
    options = Options(moved_run, to=("litert-int8", "litert"), out=tmp_path / "export", reduced_tolerance_px=1e-6)
    assert export(options) == 1
    entries = json.loads((tmp_path / "export/formats.json").read_text())["formats"]
    assert {name: entry["passed"] for name, entry in entries.items()} == {"litert": True, "litert-int8": False}
    assert (tmp_path / "export/model-int8.tflite").is_file() and (tmp_path / "export/model.tflite").is_file()
    printed = capsys.readouterr()
    assert "OVER 1e-06 px" in printed.out
    assert printed.err.strip() == "error: more px from Keras than allowed: litert-int8"


def test_missing_packages_raise_with_the_command_that_installs_them(monkeypatch):
    monkeypatch.setitem(FORMATS, "onnx", dataclasses.replace(FORMATS["onnx"], written_by=("tensorflow", "no_such_one")))
    with pytest.raises(ValueError, match="the format onnx needs `pip install no_such_one`"):
        chosen_formats(("litert", "onnx"))
    names, left_out = chosen_formats(("all",))
    assert left_out[0] == "onnx" and names[:2] == ["saved-model", "frozen"] and "onnx" not in names


def test_onnx_pads_with_zeros_before_a_max_pooling(tmp_path):
    """Features below zero, padded with zeros: the pooled border is 0 instead of a feature."""
    need(*FORMATS["onnx"].missing)
    pictures = keras.Input((4, 4, 3), dtype="uint8")
    x = keras.layers.Conv2D(2, 1, kernel_initializer="ones")(keras.ops.cast(pictures, "float32") - 300.0)
    x = keras.layers.MaxPooling2D(3, strides=2)(keras.layers.ZeroPadding2D(1)(x))
    joints = keras.layers.Reshape((4, 2))(keras.layers.Conv2D(2, 1, kernel_initializer="ones")(x))
    model = keras.Model(pictures, {"joints_xy_px": joints, "scores": keras.layers.Reshape((8,))(joints)})
    graph = frozen_graph(model, {"record_size": 4, "input_size": 4}, "{}")
    write_onnx(graph, POSE_2D, "{}", tmp_path / "model.onnx")
    answer = Model(tmp_path / "model.onnx", "onnx", 1).run({"pictures": np.full((1, 4, 4, 3), 200, np.uint8)})
    np.testing.assert_allclose(answer["joints_xy_px"][0, :, 0], [0, 0, 0, -600], atol=1e-6)


def test_formats_of_8_bits_are_left_out_where_a_task_needs_more_unless_they_are_named():
    names = ["saved-model", "litert", "litert-fp16", "litert-int8"]
    assert Options(Path("run")).too_coarse(names, POSES_2D_CENTERS) == ["litert-int8"]
    assert Options(Path("run")).too_coarse(names, POSE_2D) == []
    assert Options(Path("run"), ("all", "litert-int8")).too_coarse(names, POSES_2D_CENTERS) == []
