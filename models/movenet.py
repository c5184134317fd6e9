"""MoveNet for one person: Votel and Li, "Next-Generation Pose Detection with MoveNet and TensorFlow.js", 2021."""

from itertools import accumulate
from typing import Any

import keras

from models.blocks import Head, Neck, Normalization, pose_net
from models.forms.heatmaps import heatmap_head
from models.mobilenet_v2 import LAST_FILTERS, STAGES, mobilenet_v2_units
from models.necks import narrow_neck

#: Channels before MoveNet's maps, and the kernel size of the convolution that computes them.
MAP_FILTERS, MAP_KERNEL = 96, 3


def movenet(x, width: float = 1.0, *, normalization: Normalization = keras.layers.BatchNormalization) -> list:
    """Build MoveNet's backbone, a MobileNetV2 whose features are taken where the published graph takes them.

    Args:
        x: Images (B, H, W, 3), scaled to [-1, 1].
        width: Multiplier of the numbers of channels; 1.0 is Lightning, 1.75 Thunder.
        normalization: Called as `normalization(epsilon=..., momentum=..., name=...)` for each normalization layer.

    Returns:
        Features at strides 4, 8, 16 and 32, each (B, ceil(H / stride), ceil(W / stride), C). Those at stride 16 are of
        the fourth stage, not of the fifth, which has that stride too.
    """
    units = mobilenet_v2_units(x, width, last_filters=LAST_FILTERS, normalization=normalization)
    # The last units of the second, third and fourth stage.
    ends = accumulate(stage.units for stage in STAGES[1:4])
    return [*(units[end - 1] for end in ends), units[-1]]


def movenet_head(features: list, num_joints: int, **options: Any) -> dict[str, Any]:
    """Predict a map for each joint as MoveNet does: `heatmap_head` with fewer filters and a smaller kernel.

    MoveNet's maps show the joints of everyone, and three more outputs assign the peaks to persons. For one person in
    the middle of the image the maps suffice, once trained on such images.
    """
    return heatmap_head(features, num_joints, filters=MAP_FILTERS, kernel_size=MAP_KERNEL, **options)


def build_movenet(
    width: float,
    num_joints: int,
    *,
    input_size: int = 192,
    neck: Neck = narrow_neck,
    head: Head = movenet_head,
    normalization: Normalization = keras.layers.BatchNormalization,
    name: str | None = None,
) -> keras.Model:
    """Build a MoveNet that locates the joints of the person in an image.

    Args:
        width: Multiplier of the numbers of channels; 1.0 is Lightning, 1.75 Thunder.
        num_joints: Number of joints J.
        input_size: Side S of the square input in pixels, at least 32; Lightning has 192, Thunder 256.
        neck: Function `(features, normalization=..., prefix=...) -> features`.
        head: Function `(features, num_joints, normalization=..., prefix=...) -> dict` of named outputs.
        normalization: Called as `normalization(epsilon=..., name=...)` for each normalization layer.
        name: Name of the model; `movenet_<width>` if None.

    Returns:
        A model from RGB images (B, S, S, 3), uint8 or float 0..255, to the head's outputs.

    Raises:
        ValueError: If `width` is not above 0, or `num_joints` or `input_size` is too small.
    """
    return pose_net(
        lambda x, _: movenet(x, width, normalization=normalization),
        num_joints,
        input_size=input_size,
        smallest=32,
        neck=neck,
        head=head,
        normalization=normalization,
        name=name or f"movenet_{width:g}",
    )
