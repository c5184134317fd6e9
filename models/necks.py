"""Necks: merge coarse features into the fine ones. Lin et al., arXiv 1612.03144."""

from collections.abc import Sequence

import keras

from models.blocks import EPSILON, Normalization, no_neck, normalize_relu

#: Prefix of the names of the necks' layers.
PYRAMID_LAYERS = "pyramid"
_CHANNELS = 64
#: Channels of MoveNet's pyramid at strides 4, 8, 16 and 32.
MOVENET_CHANNELS = (24, 32, 64, 64)


def feature_pyramid(
    features: list,
    channels: int,
    *,
    normalization: Normalization = keras.layers.BatchNormalization,
    prefix: str = "",
):
    """Carry the coarsest features down to the finest, adding those of each level on the way.

    As in the paper, but with separable convolutions and normalization after each, which is cheap beside the backbone.

    Args:
        features: Features (B, h, w, C) from fine to coarse, each twice as wide as the next, rounded up or down.
        channels: Number of channels of every level.
        normalization: Called as `normalization(epsilon=..., name=...)` for each normalization layer.
        prefix: Prefix of the layers' names.

    Returns:
        Features (B, h, w, channels) with h and w of the finest.
    """
    x = None
    for level in reversed(range(len(features))):
        name = f"{prefix}{PYRAMID_LAYERS}{level}"
        lateral = keras.layers.Conv2D(channels, 1, use_bias=False, name=f"{name}_lateral_conv")(features[level])
        lateral = normalization(epsilon=EPSILON, name=f"{name}_lateral_bn")(lateral)
        if x is not None:
            lateral = sum_with_coarser(lateral, x, "nearest", name)
        x = keras.layers.SeparableConv2D(channels, 3, padding="same", use_bias=False, name=f"{name}_conv")(lateral)
        x = normalize_relu(x, normalization, name=f"{name}_")
    return x


def narrowing_pyramid(
    features: list,
    channels: Sequence[int],
    *,
    normalization: Normalization = keras.layers.BatchNormalization,
    prefix: str = "",
):
    """Carry the coarsest features down to the finest as MoveNet does: with fewer channels the finer they are.

    Reference: Votel and Li, "Next-Generation Pose Detection with MoveNet and TensorFlow.js", 2021, and the published
    graph. It takes a third of the time of `feature_pyramid` with 64 channels.

    Args:
        features: Features (B, h, w, C) from fine to coarse, each twice as wide as the next, rounded up or down.
        channels: Number of channels of every level, from fine to coarse.
        normalization: Called as `normalization(epsilon=..., name=...)` for each normalization layer.
        prefix: Prefix of the layers' names.

    Returns:
        Features (B, h, w, channels[0]) with h and w of the finest.
    """
    x = None
    for level in reversed(range(len(features))):
        name = f"{prefix}{PYRAMID_LAYERS}{level}"
        lateral = keras.layers.Conv2D(channels[level], 1, name=f"{name}_lateral_conv")(features[level])
        if x is None:
            x = lateral
            continue
        x = sum_with_coarser(lateral, x, "bilinear", name)
        # As many as the next finer level adds to them.
        filters = channels[max(level - 1, 0)]
        x = keras.layers.SeparableConv2D(filters, 3, padding="same", use_bias=False, name=f"{name}_conv")(x)
        x = normalize_relu(x, normalization, name=f"{name}_")
    return x


def pyramid_neck(
    features: list, *, normalization: Normalization = keras.layers.BatchNormalization, prefix: str = ""
) -> list:
    """Prepend the output of a `feature_pyramid` of 64 channels to the backbone's features."""
    return [feature_pyramid(features, _CHANNELS, normalization=normalization, prefix=prefix), *features]


def narrow_neck(
    features: list, *, normalization: Normalization = keras.layers.BatchNormalization, prefix: str = ""
) -> list:
    """Prepend the output of MoveNet's narrowing pyramid to the backbone's features.

    Raises:
        ValueError: If the backbone's features have another number of levels than MoveNet's pyramid.
    """
    if len(features) != len(MOVENET_CHANNELS):
        raise ValueError(
            f"the narrow neck takes features of {len(MOVENET_CHANNELS)} levels, got {len(features)}; choose another"
        )
    return [narrowing_pyramid(features, MOVENET_CHANNELS, normalization=normalization, prefix=prefix), *features]


#: The necks by name.
NECKS = {"none": no_neck, "pyramid": pyramid_neck, "narrow": narrow_neck}


def sum_with_coarser(lateral, coarser, interpolation: str, name: str):
    """Add features (B, h, w, C) to those of the next coarser level, enlarged twice and cut or filled to their size."""
    x = keras.layers.UpSampling2D(2, interpolation=interpolation, name=f"{name}_up")(coarser)
    # A level of odd size was rounded up on the way to the coarser one, or down.
    rows, columns = (now - wanted for now, wanted in zip(x.shape[1:3], lateral.shape[1:3], strict=True))
    if rows or columns:
        x = _fitted(x, rows, columns, name)
    return keras.layers.Add(name=f"{name}_sum")([x, lateral])


def _fitted(x, rows, columns, name):
    """Crop the last rows and columns where there are too many, append zeros where there are too few."""
    crop = keras.layers.Cropping2D(((0, max(rows, 0)), (0, max(columns, 0))), name=f"{name}_crop")
    pad = keras.layers.ZeroPadding2D(((0, max(-rows, 0)), (0, max(-columns, 0))), name=f"{name}_fill")
    return pad(crop(x))
