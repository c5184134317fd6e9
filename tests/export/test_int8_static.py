"""Weights and features of 8 bits, in ranges that were measured on images."""

import json

import numpy as np
import pytest
from tensorflow.lite.python import schema_py_generated as schema

from artefact.formats import chosen_formats
from artefact.model import Model
from export.__main__ import Options, export
from export.calibration import training_pictures
from export.write import write_formats


@pytest.fixture(scope="module")
def folder(moved_run, shards, tmp_path_factory):
    folder = tmp_path_factory.mktemp("static") / "export"
    options = Options(moved_run, ("litert-int8-static",), folder, calibration=shards, reduced_tolerance_px=1000.0)
    assert export(options) == 0
    return folder


def test_convolutions_have_fixed_ranges_and_the_rest_is_float(folder):
    model = schema.ModelT.InitFromPackedBuf((folder / "model-int8-static.tflite").read_bytes(), 0)
    codes = [max(code.builtinCode, code.deprecatedBuiltinCode) for code in model.operatorCodes]
    graph = model.subgraphs[0]
    types = {schema.BuiltinOperator.CONV_2D: set(), schema.BuiltinOperator.MEAN: set()}
    for operator in graph.operators:
        if codes[operator.opcodeIndex] in types:
            tensors = [graph.tensors[index] for index in (*operator.inputs[:2], *operator.outputs)]
            kinds = [tensor.type for tensor in tensors if tensor.type != schema.TensorType.INT32]
            types[codes[operator.opcodeIndex]] |= set(kinds)
            if schema.TensorType.INT8 in kinds:
                # One range per channel for weights, one range for all features.
                scales = [len(tensor.quantization.scale) for tensor in tensors]
                assert scales[0] == scales[2] == 1 and scales[1] == tensors[1].shape[0]
    assert types[schema.BuiltinOperator.CONV_2D] == {schema.TensorType.INT8}
    assert types[schema.BuiltinOperator.MEAN] == {schema.TensorType.FLOAT32}


def test_it_answers_nearly_as_the_model_does(folder, moved_run):
    entry = json.loads((folder / "formats.json").read_text())["formats"]["litert-int8-static"]
    loaded = Model(folder, "litert-int8-static", 1)
    joints = loaded.run({"pictures": np.load(moved_run / "samples.npy")[:1]})["joints_xy_px"]
    assert joints.shape == (1, 14, 2) and joints.dtype == np.float32
    assert 0 < entry["error_px"]["mean"] < 2
    assert json.loads(loaded._engine.carried) == json.loads((folder / "pose.json").read_text())


def test_it_is_written_only_if_it_is_named():
    assert "litert-int8-static" not in sum(chosen_formats(("all",)), [])
    assert chosen_formats(("litert-int8-static",))[0] == ["litert-int8-static"]


def test_without_pictures_it_raises(tmp_path):
    with pytest.raises(ValueError, match="needs pictures to calibrate with, got none"):
        write_formats(None, {}, ["litert-int8-static"], tmp_path)


def test_training_pictures_are_read_from_shards(shards):
    pictures = training_pictures(shards, 64)
    assert pictures.shape == (8, 64, 64, 3) and pictures.dtype == np.uint8 and pictures.std() > 0


def test_shards_of_another_size_or_none_raise(shards, tmp_path):
    with pytest.raises(ValueError, match="must have pictures of 32 px as the run's records have, got 64 px"):
        training_pictures(shards, 32)
    with pytest.raises(ValueError, match="must be a shard set with training pictures, got '.*nothing'"):
        training_pictures(tmp_path / "nothing", 64)
