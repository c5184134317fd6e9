"""Canaries: each private interface of TensorFlow that this project uses still does what is needed."""

import json

import numpy as np
import pytest
import tensorflow as tf
from canary import canary


@pytest.fixture
def function():
    """x (N, 2) -> y, its double, which needs a variable; the node `unused` is not needed."""
    factor = tf.Variable([1.0, 1.0])

    def serve(x):
        tf.identity(x, "unused")
        return tf.identity(x * (factor + factor), "y")

    made = tf.function(serve).get_concrete_function(tf.TensorSpec([None, 2], tf.float32, name="x"))
    # A function holds its variables only by weak references.
    made.factor = factor
    return made


@pytest.fixture
def converter(tmp_path):
    """A converter of a convolution and a mean, from x (1, 8, 8, 3) to y (1, 4)."""
    kernel = tf.constant(np.random.default_rng(0).normal(size=(3, 3, 3, 4)), tf.float32)
    module = tf.Module()
    module.serve = tf.function(
        lambda x: {"y": tf.reduce_mean(tf.nn.conv2d(x, kernel, 1, "SAME"), [1, 2])},
        input_signature=[tf.TensorSpec([1, 8, 8, 3], tf.float32, name="x")],
    )
    tf.saved_model.save(module, str(tmp_path), signatures={"serving_default": module.serve})
    made = tf.lite.TFLiteConverter.from_saved_model(str(tmp_path), signature_keys=["serving_default"])
    made.optimizations = [tf.lite.Optimize.DEFAULT]
    return made


def test_variables_become_constants(function):
    interface = "tensorflow.python.framework.convert_to_constants.convert_variables_to_constants_v2"
    with canary("tensorflow", interface, "export.private_tensorflow.freeze"):
        from export.private_tensorflow import freeze

        kinds = {node.op for node in freeze(function).node}
        assert "Const" in kinds and not kinds & {"ReadVariableOp", "VarHandleOp"}


def test_grappler_folds_constants(function):
    with canary("tensorflow", "tensorflow.python.grappler.tf_optimizer", "export.private_tensorflow.fold"):
        from export.private_tensorflow import fold, freeze

        nodes = fold(freeze(function), ["x", "y"]).node
        assert sorted(node.op for node in nodes) == ["Const", "Identity", "Mul", "Placeholder"]


def test_the_quantization_debugger_leaves_operations_in_float(converter):
    interface = "tf.lite.experimental.QuantizationDebugger or schema_py_generated.BuiltinOperator"
    with canary("tensorflow", interface, "export.private_tensorflow.quantize"):
        from tensorflow.lite.python import schema_py_generated as schema

        from export.private_tensorflow import quantize

        values = np.random.default_rng(1).normal(size=(4, 1, 8, 8, 3)).astype(np.float32)
        content = quantize(converter, ("CONV_2D",), lambda: ({"x": value} for value in values))
        model = schema.ModelT.InitFromPackedBuf(content, 0)
        graph, codes = model.subgraphs[0], [code.builtinCode for code in model.operatorCodes]
        kinds = {
            codes[operator.opcodeIndex]: graph.tensors[operator.outputs[0]].type
            for operator in graph.operators
            if codes[operator.opcodeIndex] in (schema.BuiltinOperator.CONV_2D, schema.BuiltinOperator.MEAN)
        }
        assert kinds == {
            schema.BuiltinOperator.CONV_2D: schema.TensorType.INT8,
            schema.BuiltinOperator.MEAN: schema.TensorType.FLOAT32,
        }


@pytest.mark.parametrize("package", ["tensorflow.lite.python", "ai_edge_litert"])
def test_metadata_of_a_litert_file(converter, package):
    pinned = "tensorflow" if package.startswith("tensorflow") else "ai-edge-litert"
    with canary("tensorflow", "tensorflow.lite.tools.flatbuffer_utils", "export.private_tensorflow.with_metadata"):
        from export.private_tensorflow import with_metadata

        content = with_metadata(converter.convert(), "pose", json.dumps({"a": "ü"}))
    with canary(pinned, f"{package}.schema_py_generated", "artefact.engines.litert"):
        schema = __import__(f"{package}.schema_py_generated", fromlist=["Model"])
        model = schema.Model.GetRootAs(content, 0)
        entries = {entry.Name(): entry.Buffer() for entry in map(model.Metadata, range(model.MetadataLength()))}
        assert json.loads(model.Buffers(entries[b"pose"]).DataAsNumpy().tobytes()) == {"a": "ü"}


def test_the_profilers_files_can_be_read():
    with canary("tensorflow", "tensorflow.tsl.profiler.protobuf.xplane_pb2", "benchmarks' profile of a training step"):
        from tensorflow.tsl.profiler.protobuf import xplane_pb2

        assert {"planes"} <= set(xplane_pb2.XSpace.DESCRIPTOR.fields_by_name)
        assert {"lines", "event_metadata"} <= set(xplane_pb2.XPlane.DESCRIPTOR.fields_by_name)
