"""Parallel resolutions that exchange features: the modules of HRNet (Sun et al., arXiv 1902.09212)."""

from collections.abc import Sequence
from typing import Any

import keras

from models.blocks import Normalization, convolution, fitted_to
from models.post_activation import Convolve, basic_unit, conv_bn


def parallel_units(
    features: Sequence,
    units: int,
    *,
    convolve: Convolve = convolution,
    normalization: Normalization = keras.layers.BatchNormalization,
    name: str,
) -> list:
    """Apply residual units to each resolution by itself.

    Args:
        features: Features (B, h, w, C) from fine to coarse.
        units: Number of units for each.
        convolve: Makes a convolution.
        normalization: Called as `normalization(epsilon=..., name=...)` for each normalization layer.
        name: Prefix of the layers' names.

    Returns:
        Features of the same shapes.
    """
    outputs = []
    for branch, x in enumerate(features, 1):
        for unit in range(1, units + 1):
            unit_name = f"{name}_branch{branch}_unit{unit}"
            x = basic_unit(x, x.shape[-1], convolve=convolve, normalization=normalization, name=unit_name)
        outputs.append(x)
    return outputs


def exchange(
    features: Sequence,
    *,
    only_finest: bool = False,
    convolve: Convolve = convolution,
    normalization: Normalization = keras.layers.BatchNormalization,
    name: str,
) -> list:
    """Sum the features of all resolutions in each of them (figure 3 of the paper).

    Coarser features are projected and enlarged, each cell repeated, as in the released code (the paper's text says
    bilinear); finer ones go through 3x3 convolutions of stride 2, with ReLU between these.

    Args:
        features: Features (B, h, w, C) from fine to coarse, each twice as wide as the next, rounded up or down.
        only_finest: Whether only the sum at the finest resolution is needed.
        convolve: Makes a convolution.
        normalization: Called as `normalization(epsilon=..., name=...)` for each normalization layer.
        name: Prefix of the layers' names.

    Returns:
        Features of the same shapes; those of the finest resolution alone if `only_finest`.
    """
    if len(features) == 1:
        return [*features]
    options: dict[str, Any] = {"convolve": convolve, "normalization": normalization}
    outputs = []
    for to, target in enumerate(features[:1] if only_finest else features):
        parts = [
            x if level == to else _carried(x, to - level, target, name=f"{name}_{level + 1}to{to + 1}", **options)
            for level, x in enumerate(features)
        ]
        x = keras.layers.Add(name=f"{name}_sum{to + 1}")(parts)
        outputs.append(keras.layers.ReLU(name=f"{name}_relu{to + 1}")(x))
    return outputs


def _carried(x, levels: int, target, *, name: str, **options):
    """Bring features to the shape of the target, so many levels coarser, or finer if below 0."""
    if levels < 0:
        x = conv_bn(x, target.shape[-1], 1, relu=False, name=name, **options)
        x = keras.layers.UpSampling2D(2**-levels, interpolation="nearest", name=f"{name}_up")(x)
    for step in range(1, levels + 1):
        last = step == levels
        filters = target.shape[-1] if last else x.shape[-1]
        x = conv_bn(x, filters, 3, strides=2, relu=not last, name=f"{name}_{step}", **options)
    return fitted_to(x, target, name=name)
