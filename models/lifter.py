"""Nets that lift joints from 2D to 3D: Martinez et al., arXiv 1705.03098, and Pavllo et al., arXiv 1811.11742.

Both are as published, but for the inputs, which here have a third number for each joint: its score, 0 where it is not
seen. Masked so, hidden joints and those outside the image are completed. Pavllo's convolutions are dilated, or strided
where a single frame is answered, with the same result; here they are strided.
"""

import keras
from keras import ops

from models.blocks import Head, Normalization
from models.forms.lifted import lifted_head

#: Channels of both published nets.
FILTERS = 1024
#: Frames of the published temporal nets.
FRAMES = (27, 81, 243)


def build_lifter(
    num_joints: int,
    *,
    filters: int = FILTERS,
    blocks: int = 2,
    dropout: float = 0.5,
    values: int = 3,
    head: Head = lifted_head,
    normalization: Normalization = keras.layers.BatchNormalization,
    name: str | None = None,
) -> keras.Model:
    """Build Martinez' net, which lifts a frame by itself: 4.29 million parameters for 16 joints of 2 values.

    Args:
        num_joints: Number of joints J.
        filters: Width of its layers.
        blocks: Number of residual blocks, of two layers each.
        dropout: Share of the features that training drops after each layer.
        values: Numbers for each joint of the input: x, y and the score, or 2 without the score.
        head: Function from features and number of joints to named outputs.
        normalization: Called as `normalization(epsilon=..., name=...)` for each normalization layer.
        name: Name of the model; `lifter_<filters>` if None.

    Returns:
        A model from joints (B, 1, J, values) to "lifted" (B, J, 3) in meters.

    Raises:
        ValueError: If a number is too small.
    """
    _check(filters, blocks, dropout)
    inputs = keras.Input((1, num_joints, values), name="joints")
    x = _layer(ops.reshape(inputs, (-1, num_joints * values)), filters, dropout, normalization, "lift")
    for block in range(1, blocks + 1):
        seen = _layer(x, filters, dropout, normalization, f"block{block}_1")
        x = x + _layer(seen, filters, dropout, normalization, f"block{block}_2")
    return keras.Model(inputs, head([x], num_joints), name=name or f"lifter_{filters}")


def build_temporal_lifter(
    num_joints: int,
    *,
    frames: int = 243,
    filters: int = FILTERS,
    dropout: float = 0.25,
    values: int = 3,
    head: Head = lifted_head,
    normalization: Normalization = keras.layers.BatchNormalization,
    name: str | None = None,
) -> keras.Model:
    """Build Pavllo's net: 16.95, 12.75 or 8.56 million parameters for 243, 81 or 27 frames of 17 joints of 2 values.

    Args:
        num_joints: Number of joints J.
        frames: T, a power of 3 from 3 on; the middle one is answered.
        filters: Number of its channels.
        dropout: Share of the features that training drops after each convolution.
        values: Numbers for each joint of the input: x, y and the score, or 2 without the score.
        head: Function from features and number of joints to named outputs.
        normalization: Called as `normalization(epsilon=..., name=...)` for each normalization layer.
        name: Name of the model; `lifter_<frames>_<filters>` if None.

    Returns:
        A model from joints (B, T, J, values) to "lifted" (B, J, 3) in meters.

    Raises:
        ValueError: If a number is too small, or `frames` is no power of 3.
    """
    _check(filters, 1, dropout)
    if frames not in (3**power for power in range(1, 8)):
        raise ValueError(f"frames must be a power of 3, such as {', '.join(map(str, FRAMES))}, got {frames}")
    inputs = keras.Input((frames, num_joints, values), name="joints")
    x = ops.reshape(inputs, (-1, frames, num_joints * values))
    x = _layer(x, filters, dropout, normalization, "expand", kernel=3)
    block = 1
    while x.shape[1] > 1:
        seen = _layer(x, filters, dropout, normalization, f"block{block}_1", kernel=3)
        x = x[:, 1::3] + _layer(seen, filters, dropout, normalization, f"block{block}_2", kernel=1)
        block += 1
    return keras.Model(inputs, head([x[:, 0]], num_joints), name=name or f"lifter_{frames}_{filters}")


def _check(filters: int, blocks: int, dropout: float) -> None:
    if filters < 1 or blocks < 1:
        raise ValueError(f"filters and blocks must be 1 or more, got {filters} and {blocks}")
    if not 0 <= dropout < 1:
        raise ValueError(f"dropout must be from 0 to below 1, got {dropout}")


def _layer(x, filters: int, dropout: float, normalization: Normalization, name: str, *, kernel: int = 0):
    """Apply weights, normalization, ReLU and dropout: fully connected, or a convolution in time of stride `kernel`."""
    if kernel:
        # The bias would be in front of a normalization.
        x = keras.layers.Conv1D(
            filters, kernel, strides=kernel, use_bias=False, kernel_initializer="he_normal", name=f"{name}_conv"
        )(x)
    else:
        x = keras.layers.Dense(
            filters, kernel_initializer="he_normal", kernel_constraint=keras.constraints.MaxNorm(1.0), name=name
        )(x)
    x = keras.layers.ReLU(name=f"{name}_relu")(normalization(epsilon=1e-5, name=f"{name}_norm")(x))
    return keras.layers.Dropout(dropout, name=f"{name}_dropout")(x)
