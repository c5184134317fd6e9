"""HRNet: Sun et al., "Deep High-Resolution Representation Learning for Human Pose Estimation", arXiv 1902.09212."""

from collections.abc import Sequence
from functools import partial
from typing import Any

import keras

from models.blocks import Head, Neck, Normalization, no_neck, pose_net
from models.exchange import exchange, parallel_units
from models.forms.heatmaps import plain_heatmap_head
from models.post_activation import MOMENTUM, bottleneck_unit, conv_bn

#: Modules in the second, third and fourth stage, residual units of each resolution in a module and of the first stage.
MODULES, UNITS, FIRST_UNITS = (1, 4, 3), 4, 4
# Channels of the stem; four times as many leave the first stage.
_STEM = 64
#: After which modules resolutions are exchanged: all of them, the last of each stage, or the last of all (table 6).
EXCHANGES = ("all", "across-stages", "last")


def hrnet(
    x,
    channels: int,
    *,
    modules: Sequence[int] = MODULES,
    units: int = UNITS,
    exchanges: str = "all",
    normalization: Normalization = keras.layers.BatchNormalization,
) -> list:
    """Build the backbone: a stem and stages, each with one more resolution, half of the last, beside the others.

    Args:
        x: Images, scaled to about [-1, 1], (B, H, W, 3).
        channels: Channels of the finest resolution, doubled in each coarser one; 32 and 48 in the paper.
        modules: Number of modules in each stage after the first.
        units: Residual units of each resolution in a module.
        exchanges: After which modules resolutions are exchanged.
        normalization: Called as `normalization(epsilon=..., name=...)` for each normalization layer.

    Returns:
        Features (B, H / 4, W / 4, channels), as the only level.

    Raises:
        ValueError: If a number is below 1, or `exchanges` is not one of `EXCHANGES`.
    """
    if exchanges not in EXCHANGES:
        raise ValueError(f"exchanges must be one of {', '.join(EXCHANGES)}, got {exchanges!r}")
    if min(channels, units, *modules) < 1:
        raise ValueError(
            f"channels, modules and units must be 1 or more, got {channels}, {tuple(modules)} and {units}; the paper "
            f"has 32 or 48, {MODULES} and {UNITS}"
        )
    for number in (1, 2):
        x = conv_bn(x, _STEM, 3, strides=2, normalization=normalization, name=f"stem{number}")
    for unit in range(1, FIRST_UNITS + 1):
        x = bottleneck_unit(x, _STEM, normalization=normalization, name=f"stage1_unit{unit}")
    features = [x]
    for stage, count in enumerate(modules, 2):
        features = _one_more(features, channels, normalization=normalization, name=f"stage{stage}_new")
        for module in range(1, count + 1):
            name, ends = f"stage{stage}_module{module}", module == count
            features = parallel_units(features, units, normalization=normalization, name=name)
            last = ends and stage == len(modules) + 1
            if last or exchanges == "all" or (exchanges == "across-stages" and ends):
                features = exchange(features, only_finest=last, normalization=normalization, name=f"{name}_exchange")
    return features


def build_hrnet(
    channels: int,
    num_joints: int,
    *,
    input_size: int = 256,
    modules: Sequence[int] = MODULES,
    units: int = UNITS,
    exchanges: str = "all",
    neck: Neck = no_neck,
    head: Head = plain_heatmap_head,
    normalization: Normalization = keras.layers.BatchNormalization,
    name: str | None = None,
) -> keras.Model:
    """Build an HRNet that locates the joints of the person in an image.

    With 17 joints, W32 has the published 28 536 113 trainable weights, W48 63 595 745, and those of the scores, which
    are ours. The released code, MIT, is `lib/models/pose_hrnet.py` of leoxiaobin/deep-high-resolution-net.pytorch.

    Args:
        channels: Channels of the finest resolution; 32 and 48 in the paper.
        num_joints: Number of joints J.
        input_size: Side S of the square input in pixels, at least 32. The paper's 256 x 192 is not square.
        modules: Number of modules in each stage after the first.
        units: Residual units of each resolution in a module.
        exchanges: After which modules resolutions are exchanged.
        neck: Function `(features, normalization=..., prefix=...) -> features`.
        head: Function `(features, num_joints, normalization=..., prefix=...) -> dict` of named outputs.
        normalization: Called as `normalization(epsilon=..., momentum=..., name=...)` for each normalization layer.
        name: Name of the model; `hrnet_w<channels>` if None.

    Returns:
        A model from RGB images (B, S, S, 3), uint8 or float 0..255, to the head's outputs, maps with a cell of 4 px.

    Raises:
        ValueError: If a number is too small, or `exchanges` is not one of `EXCHANGES`.
    """
    normalization = partial(normalization, momentum=MOMENTUM)
    options: dict[str, Any] = {"modules": modules, "units": units, "exchanges": exchanges}
    return pose_net(
        lambda x, _: hrnet(x, channels, normalization=normalization, **options),
        num_joints,
        input_size=input_size,
        smallest=32,
        neck=neck,
        head=head,
        normalization=normalization,
        name=name or f"hrnet_w{channels}",
    )


def _one_more(features: list, channels: int, *, normalization: Normalization, name: str) -> list:
    """Begin the next coarser resolution from the coarsest, and give the others their numbers of channels."""
    kept = []
    for level, x in enumerate(features):
        filters = channels * 2**level
        if x.shape[-1] != filters:
            x = conv_bn(x, filters, 3, normalization=normalization, name=f"{name}{level + 1}")
        kept.append(x)
    level = len(features)
    new = conv_bn(
        features[-1], channels * 2**level, 3, strides=2, normalization=normalization, name=f"{name}{level + 1}"
    )
    return [*kept, new]
