"""Necks: merge coarse features into the fine ones."""

from collections.abc import Sequence
from typing import Any

import keras

from models.blocks import EPSILON, Normalization, fitted_to, no_neck, normalize_relu
from models.exchange import exchange, parallel_units
from models.post_activation import conv_bn, separable_convolution

#: Prefixes of the names of the necks' layers.
PYRAMID_LAYERS, DECONV_LAYERS, EXCHANGE_LAYERS = NECK_LAYERS = "pyramid", "deconv", "exchange"
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
    """Carry the coarsest features down to the finest, adding those of each level on the way: arXiv 1612.03144.

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


def deconv_neck(
    features: list,
    *,
    layers: int = 3,
    filters: int = 256,
    kernel_size: int = 4,
    normalization: Normalization = keras.layers.BatchNormalization,
    prefix: str = "",
) -> list:
    """Enlarge the coarsest features by deconvolutions of stride 2, as Simple Baselines do (arXiv 1804.06208).

    An even kernel keeps each cell's place; an odd one moves features by half a cell of the result.

    Args:
        features: Features (B, h, w, C) from fine to coarse; all but the coarsest only give the sizes.
        layers: Number of deconvolutions: each doubles the resolution.
        filters: Channels of each.
        kernel_size: Side of their kernels, 2, 3 or 4 in the paper's table 2.
        normalization: Called as `normalization(epsilon=..., name=...)` for each normalization layer.
        prefix: Prefix of the layers' names.

    Returns:
        Features (B, h, w, filters) of the last deconvolution, and the coarsest of the backbone.

    Raises:
        ValueError: If `layers` or `filters` is below 1, or `kernel_size` below 2.
    """
    if layers < 1 or filters < 1 or kernel_size < 2:
        raise ValueError(
            "deconvolutions must be 1 or more, of 1 or more filters and kernels of 2 or more cells, got "
            f"{layers}, {filters} and {kernel_size}; the paper has 3, 256 and 4"
        )
    x = features[-1]
    for layer in range(1, layers + 1):
        name = f"{prefix}{DECONV_LAYERS}{layer}"
        options = {"strides": 2, "padding": "same", "use_bias": False, "kernel_initializer": "he_normal"}
        x = keras.layers.Conv2DTranspose(filters, kernel_size, **options, name=f"{name}_conv")(x)
        x = normalize_relu(x, normalization, name=f"{name}_")
        if layer < len(features):
            x = fitted_to(x, features[-1 - layer], name=name)
    return [x, features[-1]]


def exchange_neck(
    features: list,
    *,
    modules: int = 2,
    units: int = 2,
    channels: int = 32,
    only_last: bool = False,
    normalization: Normalization = keras.layers.BatchNormalization,
    prefix: str = "",
) -> list:
    """Keep all resolutions beside one another and exchange them, as the last stage of HRNet does (arXiv 1902.09212).

    With separable convolutions, which is cheap beside the backbone.

    Args:
        features: Features (B, h, w, C) from fine to coarse, each twice as wide as the next, rounded up or down.
        modules: Number of modules: residual units of each resolution, then an exchange.
        units: Residual units of each resolution in a module.
        channels: Channels of the finest resolution, doubled in each coarser one.
        only_last: Whether only the last module exchanges resolutions.
        normalization: Called as `normalization(epsilon=..., name=...)` for each normalization layer.
        prefix: Prefix of the layers' names.

    Returns:
        Features (B, h, w, channels) with h and w of the finest, and the backbone's.

    Raises:
        ValueError: If a number is below 1.
    """
    if min(modules, units, channels) < 1:
        raise ValueError(f"modules, units and channels must be 1 or more, got {modules}, {units} and {channels}")
    prefix = f"{prefix}{EXCHANGE_LAYERS}"
    levels = [
        conv_bn(x, channels * 2**level, 1, normalization=normalization, name=f"{prefix}_lateral{level + 1}")
        for level, x in enumerate(features)
    ]
    for module in range(1, modules + 1):
        last, name = module == modules, f"{prefix}_module{module}"
        options: dict[str, Any] = {"convolve": separable_convolution, "normalization": normalization}
        levels = parallel_units(levels, units, name=name, **options)
        if last or not only_last:
            levels = exchange(levels, only_finest=last, name=f"{name}_sum", **options)
    return [levels[0], *features]


#: The necks by name.
NECKS = {
    "none": no_neck,
    "pyramid": pyramid_neck,
    "narrow": narrow_neck,
    "deconv": deconv_neck,
    "exchange": exchange_neck,
}


def sum_with_coarser(lateral, coarser, interpolation: str, name: str):
    """Add features (B, h, w, C) to those of the next coarser level, enlarged twice and cut or filled to their size."""
    x = keras.layers.UpSampling2D(2, interpolation=interpolation, name=f"{name}_up")(coarser)
    return keras.layers.Add(name=f"{name}_sum")([fitted_to(x, lateral, name=name), lateral])
