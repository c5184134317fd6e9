"""MoveNet for one person: Votel and Li, "Next-Generation Pose Detection with MoveNet and TensorFlow.js", 2021."""

from itertools import accumulate
from typing import Any

import keras

from models.blocks import Normalization, normalize_relu, pose_net
from models.heatmaps import map_scores
from models.mobilenet_v2 import LAST_FILTERS, STAGES, mobilenet_v2_units
from models.pyramid import narrowing_pyramid

#: Channels of the pyramid at strides 4, 8, 16 and 32.
PYRAMID = (24, 32, 64, 64)
#: Channels that the maps are made from.
MAP_FILTERS = 96


def movenet(x, width: float = 1.0, *, normalization: Normalization = keras.layers.BatchNormalization) -> list:
    """Build MoveNet's backbone, a MobileNetV2 that is tapped where the published graph taps it.

    Args:
        x: Pictures (B, H, W, 3), scaled to [-1, 1].
        width: Multiplier of the numbers of channels; 1.0 is Lightning, 1.75 Thunder.
        normalization: Called as `normalization(epsilon=..., momentum=..., name=...)` for each normalisation layer.

    Returns:
        Features at strides 4, 8, 16 and 32, each (B, ceil(H / stride), ceil(W / stride), C). Those at stride 16 are of
        the fourth stage, not of the fifth, which has that stride too.
    """
    units = mobilenet_v2_units(x, width, last_filters=LAST_FILTERS, normalization=normalization)
    # The last units of the second, third and fourth stage.
    ends = accumulate(stage.units for stage in STAGES[1:4])
    return [*(units[end - 1] for end in ends), units[-1]]


def movenet_head(
    features: list, num_joints: int, *, normalization: Normalization = keras.layers.BatchNormalization
) -> dict[str, Any]:
    """Predict a map for each joint by MoveNet's narrow pyramid, and a score for each.

    MoveNet's maps know no persons, and three more outputs tell whose a peak is. With one person in the middle of the
    picture the maps alone do, once trained on such pictures.

    Args:
        features: Features (B, h, w, C) of four levels, from fine to coarse.
        num_joints: Number of joints J.
        normalization: Called as `normalization(epsilon=..., name=...)` for each normalisation layer.

    Returns:
        "heatmap_logits" (B, h, w, J) and "score_logits" (B, J), both float32, as of `heatmap_head`.
    """
    x = narrowing_pyramid(features, PYRAMID, normalization=normalization)
    x = keras.layers.SeparableConv2D(MAP_FILTERS, 3, padding="same", use_bias=False, name="heatmap_conv")(x)
    x = normalize_relu(x, normalization, name="heatmap_")
    logits = keras.layers.Conv2D(num_joints, 1, dtype="float32", name="heatmap_logits")(x)
    return {"heatmap_logits": logits, "score_logits": map_scores(features, logits)}


def build_movenet(
    width: float,
    num_joints: int,
    *,
    input_size: int = 192,
    normalization: Normalization = keras.layers.BatchNormalization,
    name: str | None = None,
) -> keras.Model:
    """Build a MoveNet that locates the joints of the person in a picture.

    Args:
        width: Multiplier of the numbers of channels; 1.0 is Lightning, 1.75 Thunder.
        num_joints: Number of joints J.
        input_size: Side S of the square input in pixels, at least 32; Lightning has 192, Thunder 256.
        normalization: Called as `normalization(epsilon=..., name=...)` for each normalisation layer.
        name: Name of the model; `movenet_<width>` if None.

    Returns:
        A model from RGB pictures (B, S, S, 3), uint8 or float 0..255, to the outputs of `movenet_head`.

    Raises:
        ValueError: If `width` is not above 0, or `num_joints` or `input_size` is too small.
    """
    return pose_net(
        lambda x: movenet(x, width, normalization=normalization),
        num_joints,
        input_size=input_size,
        smallest=32,
        head=lambda features, joints: movenet_head(features, joints, normalization=normalization),
        name=name or f"movenet_{width:g}",
    )
