"""The stages of two branches against a published net: the small OpenPose net of ildoonet/tf-pose-estimation.

Its layers are separable and normalized, unlike those of the paper; how its stages read one another is the paper's.
"""

import keras
import numpy as np
import pytest
import tensorflow as tf

from models.openpose import STAGES, two_branches

GRAPH = "peers/openpose_mobilenet_v2_small.pb"
SIDE, CELLS, FEATURES, EPSILON = 96, 12, 64, 1e-3
#: Its later stages read fields, maps and features, ours features, fields and maps.
ORDER = np.concatenate([np.arange(57, 57 + FEATURES), np.arange(38), np.arange(38, 57)])
_COPIED = {"depthwise_weights", "weights", "Const", "beta", "moving_mean", "moving_variance"}


def separable(x, filters, kernel_size, name):
    x = keras.layers.DepthwiseConv2D(kernel_size, padding="same", use_bias=False, name=f"{name}_depthwise")(x)
    x = keras.layers.Conv2D(filters, 1, use_bias=False, name=f"{name}_pointwise")(x)
    return keras.layers.BatchNormalization(epsilon=EPSILON, name=f"{name}_bn")(x)


def published(stage):
    """The published name of one of our stages, such as stage1_fields."""
    number, kind = stage.removeprefix("stage").split("_")
    return f"Openpose/MConv_Stage{number}_L{('fields', 'maps').index(kind) + 1}"


def branch(x, first, *, name):
    for i in (1, 2, 3):
        x = keras.layers.ReLU()(separable(x, 64, 3, f"{name}_{i}"))
    return keras.layers.ReLU()(separable(x, 256 if first else 64, 1, f"{name}_4"))


def build_net():
    features, outputs = keras.Input((CELLS, CELLS, FEATURES)), []

    def read_out(levels):
        stage = len(outputs) + 1
        outputs.append(
            {
                "limb_fields": separable(levels[0].fields, 38, 1, f"stage{stage}_fields_5"),
                "joint_maps": separable(levels[0].maps, 19, 1, f"stage{stage}_maps_5"),
            }
        )
        return outputs[-1]

    read_out(two_branches(features, read_out, STAGES, branch))
    return keras.Model(features, outputs[-1])


def copy_weights(net, graph):
    constants = {
        node.name.split("/read/")[0]: tf.make_ndarray(node.attr["value"].tensor)
        for node in graph.node
        if node.op == "Const" and node.name.startswith("Openpose/MConv")
    }
    copied = set()
    for layer in (layer for layer in net.layers if layer.weights):
        stage, number, kind = layer.name.rsplit("_", 2)
        name = f"{published(stage)}_{number}"
        # The first layer of a later stage reads what is concatenated.
        reordered = number == "1" and not stage.startswith("stage1")
        if kind == "depthwise":
            names = [f"{name}_depthwise/depthwise_weights"]
        elif kind == "pointwise":
            names = [f"{name}_pointwise/weights"]
        else:
            parts = ("Const", "beta", "moving_mean", "moving_variance")
            names = [f"{name}_pointwise/BatchNorm/{part}" for part in parts]
        values = [constants[name] for name in names]
        if reordered and kind != "bn":
            values = [value[:, :, ORDER] for value in values]
        layer.set_weights(values)
        copied |= {*names}
    assert copied == {name for name in constants if name.rsplit("/", 1)[-1] in _COPIED}


def test_stages_compute_the_published_maps_and_fields(shared_data):
    path = shared_data / GRAPH
    if not path.is_file():
        pytest.skip(f"{path} is not there")
    graph = tf.compat.v1.GraphDef.FromString(path.read_bytes())
    wrapped = tf.compat.v1.wrap_function(lambda: tf.compat.v1.import_graph_def(graph, name=""), [])
    picture = np.random.default_rng(0).integers(0, 256, (1, 12, 12, 3)).repeat(8, 1).repeat(8, 2)
    features, expected = wrapped.prune("image:0", ["feat_concat:0", "Openpose/concat_stage7:0"])(
        tf.constant(picture, tf.float32)
    )
    net = build_net()
    copy_weights(net, graph)
    found = net(features, training=False)
    found = np.concatenate([found["joint_maps"], found["limb_fields"]], axis=-1)
    scale = np.ptp(expected)
    assert scale > 0.3 and expected.shape == (1, CELLS, CELLS, 57)
    np.testing.assert_allclose(found, expected, atol=1e-3 * scale, rtol=0)
