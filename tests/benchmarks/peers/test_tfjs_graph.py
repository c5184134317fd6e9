import base64
import json

import numpy as np
import pytest
import tensorflow as tf

from benchmarks.peers.tfjs_graph import read_tfjs_graph

KERNEL = np.array([[[[1.0, -2.0], [0.5, 1.0]]]], np.float32)
DEPTHWISE = np.array([[[[2.0], [0.25]]]], np.float32)
BIAS, DEPTHWISE_BIAS = np.array([0.5, 1.0], np.float32), np.array([-1.0, 3.0], np.float32)


def text(word):
    return {"s": base64.b64encode(word.encode()).decode()}


def words(*fused):
    return {"list": {"s": [text(word)["s"] for word in fused]}}


def constant(name, shape, kind="DT_FLOAT"):
    sides = {"dim": [{"size": str(side)} for side in shape]}
    return {
        "name": name,
        "op": "Const",
        "attr": {"dtype": {"type": kind}, "value": {"tensor": {"dtype": kind, "tensorShape": sides}}},
    }


def fused(op, name, inputs, *parts):
    attributes = {
        "T": {"type": "DT_FLOAT"},
        "strides": {"list": {"i": ["1", "1", "1", "1"]}},
        "padding": text("SAME"),
        "data_format": text("NHWC"),
        "num_args": {"i": "1"},
        "fused_ops": words(*parts),
    }
    return {"name": name, "op": op, "input": inputs, "device": "/device:CPU:0", "attr": attributes}


def write_model(folder, *, activation="Relu6", stored="float16", cut=0):
    """A convolution, a convolution by channels and a reshape, as TensorFlow.js's converter writes them."""
    shape = {"dim": [{"size": "1"}, {"size": "-1"}, {"size": "1"}, {"size": "2"}]}
    nodes = [
        {"name": "x", "op": "Placeholder", "attr": {"dtype": {"type": "DT_FLOAT"}, "shape": {"shape": shape}}},
        constant("kernel", KERNEL.shape),
        constant("bias", BIAS.shape),
        constant("depthwise", DEPTHWISE.shape),
        constant("depthwise_bias", DEPTHWISE_BIAS.shape),
        constant("shape", (2,), "DT_INT32"),
        fused("_FusedConv2D", "conv", ["x", "kernel", "bias"], "BiasAdd", activation),
        fused("FusedDepthwiseConv2dNative", "each", ["conv", "depthwise", "depthwise_bias"], "BiasAdd"),
        {
            "name": "out",
            "op": "Reshape",
            "input": ["each", "shape"],
            "attr": {"T": {"type": "DT_FLOAT"}, "Tshape": {"type": "DT_INT32"}},
        },
    ]
    arrays = {"kernel": KERNEL, "bias": BIAS, "depthwise": DEPTHWISE, "depthwise_bias": DEPTHWISE_BIAS}
    half = {"dtype": stored, "original_dtype": "float32"}
    weights = [
        {"name": name, "shape": list(a.shape), "dtype": "float32", "quantization": half} for name, a in arrays.items()
    ]
    weights.append({"name": "shape", "shape": [2], "dtype": "int32"})
    content = b"".join(a.astype("<f2").tobytes() for a in arrays.values()) + np.array([-1, 2], "<i4").tobytes()
    (folder / "net.bin").write_bytes(content[: len(content) - cut])
    model = {
        "modelTopology": {"node": nodes, "library": {}, "versions": {"producer": 1645}},
        "weightsManifest": [{"paths": ["net.bin"], "weights": weights}],
    }
    (folder / "net.json").write_text(json.dumps(model))
    return folder / "net.json"


@pytest.mark.parametrize(("activation", "limit"), [("Relu6", 6.0), ("Relu", np.inf)])
def test_a_converted_graph_computes_the_same(tmp_path, activation, limit):
    graph = read_tfjs_graph(write_model(tmp_path, activation=activation))
    # By hand: (1, 2) -> (1 * 1 + 2 * 0.5 + 0.5, 1 * -2 + 2 * 1 + 1) = (2.5, 1) -> (2 * 2.5 - 1, 0.25 * 1 + 3).
    pictures = np.array([[[[1.0, 2.0]], [[8.0, 0.0]]]], np.float32)
    expected = [[4.0, 3.25], [2 * min(8.5, limit) - 1, 3.0]]
    wrapped = tf.compat.v1.wrap_function(lambda: tf.import_graph_def(graph, name=""), [])
    found = wrapped.prune("x:0", "out:0")(tf.constant(pictures))
    np.testing.assert_allclose(found, expected)


def test_only_operations_that_every_runtime_knows_are_left(tmp_path):
    graph = read_tfjs_graph(write_model(tmp_path))
    ops = [node.op for node in graph.node if node.op not in ("Const", "Placeholder")]
    assert ops == ["Conv2D", "BiasAdd", "Relu6", "DepthwiseConv2dNative", "BiasAdd", "Reshape"]
    assert not any(node.device for node in graph.node)


def test_weights_that_are_cut_short_raise(tmp_path):
    with pytest.raises(ValueError, match="its weights have 26 bytes, not what it says; download it again"):
        read_tfjs_graph(write_model(tmp_path, cut=2))


def test_weights_of_another_kind_raise(tmp_path):
    with pytest.raises(ValueError, match="kernel is float32 stored as uint8; only float32, int32 and"):
        read_tfjs_graph(write_model(tmp_path, stored="uint8"))


def test_an_unknown_activation_raises(tmp_path):
    with pytest.raises(ValueError, match=r"conv fuses BiasAdd and \['Prelu'\]"):
        read_tfjs_graph(write_model(tmp_path, activation="Prelu"))


def test_missing_weights_raise(tmp_path):
    path = write_model(tmp_path)
    (tmp_path / "net.bin").unlink()
    with pytest.raises(ValueError, match=r"names weights that cannot be read .* keep its files together"):
        read_tfjs_graph(path)


@pytest.mark.parametrize("content", ["", "{}", '{"modelTopology": {"node": [{"op": 3}]}, "weightsManifest": []}'])
def test_a_file_that_is_no_graph_model_raises(tmp_path, content):
    path = tmp_path / "net.json"
    path.write_text(content)
    with pytest.raises(ValueError, match="is no TensorFlow.js graph model"):
        read_tfjs_graph(path)
