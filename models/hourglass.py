"""Stacked hourglasses: Newell et al., "Stacked Hourglass Networks for Human Pose Estimation", arXiv 1603.06937.

As in the authors' Torch code, `princeton-vl/pose-hg-train`, with one residual block in each place. Their PyTorch code
computes the same, but has a convolution for the shortcut of every residual block, used or not: 32.8 million parameters.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import keras

from models.blocks import Head, Neck, Normalization, ReadOut, convolution, no_neck, normalize_relu, pose_net
from models.forms.heatmaps import plain_heatmap_head
from models.movenet import movenet
from models.necks import narrow_neck, sum_with_coarser

#: Of the published net: stacks, resolutions in an hourglass below its own, channels.
STACKS, DEPTH, FILTERS = 8, 4, 256
#: Channels of the light net.
LIGHT_FILTERS = 64
# The channels of the stem, which halves the resolution twice.
_STEM_FILTERS = (64, 128)
_STRIDE = 4

#: block(x, filters, name=...) -> features (B, H, W, filters).
Block = Callable[..., Any]


def residual(x, filters: int, *, normalization: Normalization, name: str):
    """Compute a pre-activation bottleneck block; its shortcut convolves the raw input where the channels differ.

    Args:
        x: Features (B, H, W, C).
        filters: Number of output channels.
        normalization: Called as `normalization(epsilon=..., name=...)` for each normalization layer.
        name: Prefix of the layers' names.

    Returns:
        Features (B, H, W, filters).
    """
    shortcut = x
    if x.shape[-1] != filters:
        shortcut = convolution(x, filters, 1, use_bias=True, name=f"{name}_shortcut")
    for i, (count, kernel_size) in enumerate(((filters // 2, 1), (filters // 2, 3), (filters, 1)), 1):
        x = normalize_relu(x, normalization, name=f"{name}_{i}_")
        x = convolution(x, count, kernel_size, use_bias=True, name=f"{name}_{i}_conv")
    return keras.layers.Add(name=f"{name}_sum")([x, shortcut])


def separable_residual(x, filters: int, *, normalization: Normalization, name: str):
    """Compute a block of the light net: a normalized separable convolution, added to its input of as many channels."""
    inside = keras.layers.SeparableConv2D(filters, 3, padding="same", use_bias=False, name=f"{name}_conv")(x)
    return keras.layers.Add(name=f"{name}_sum")([x, normalize_relu(inside, normalization, name=f"{name}_")])


def hourglass(x, depth: int, *, block: Block, name: str):
    """Carry features down to a coarse resolution and up again, adding those of each resolution on the way.

    Args:
        x: Features (B, H, W, C).
        depth: How many times the resolution is halved.
        block: Computes the features of each resolution.
        name: Prefix of the layers' names.

    Returns:
        Features (B, H, W, C).
    """
    filters, name = x.shape[-1], f"{name}_level{depth}"
    here = block(x, filters, name=f"{name}_here")
    x = keras.layers.MaxPooling2D(2, name=f"{name}_pool")(x)
    x = block(x, filters, name=f"{name}_down")
    if depth > 1:
        x = hourglass(x, depth - 1, block=block, name=name.rpartition("_")[0])
    else:
        x = block(x, filters, name=f"{name}_bottom")
    return sum_with_coarser(here, block(x, filters, name=f"{name}_up"), "nearest", name)


def stacked(x, read_out: ReadOut, stacks: int, depth: int, *, block: Block, normalization: Normalization) -> list:
    """Build the stacks; each but the last is read out, and its maps and features are added to the next one's input.

    Args:
        x: Features (B, h, w, C).
        read_out: Reads out a stack.
        stacks: Number of hourglasses.
        depth: See `hourglass`.
        block: See `hourglass`.
        normalization: Called as `normalization(epsilon=..., name=...)` for each normalization layer.

    Returns:
        The last stack's features (B, h, w, C), as the only level.
    """
    filters = x.shape[-1]
    for stack in range(1, stacks + 1):
        name = f"stack{stack}"
        found = hourglass(x, depth, block=block, name=name)
        found = block(found, filters, name=f"{name}_after")
        found = convolution(found, filters, 1, use_bias=True, name=f"{name}_features_conv")
        found = normalize_relu(found, normalization, name=f"{name}_features_")
        if stack < stacks:
            # The outputs that are maps; scores are none.
            maps = [value for value in read_out([found]).values() if len(value.shape) == 4]
            added = [x, convolution(found, filters, 1, use_bias=True, name=f"{name}_from_features")]
            added += [
                convolution(one, filters, 1, use_bias=True, name=f"{name}_from_maps{i or ''}")
                for i, one in enumerate(maps)
            ]
            x = keras.layers.Add(name=f"{name}_merged")(added)
    return [found]


def hourglass_stem(x, filters: int, *, normalization: Normalization):
    """Compute the published net's features (B, H / 4, W / 4, filters) of images (B, H, W, 3)."""
    narrow, wide = _STEM_FILTERS
    x = convolution(x, narrow, 7, strides=2, use_bias=True, name="stem_conv")
    x = normalize_relu(x, normalization, name="stem_")
    x = residual(x, wide, normalization=normalization, name="stem_1")
    x = keras.layers.MaxPooling2D(2, name="stem_pool")(x)
    x = residual(x, wide, normalization=normalization, name="stem_2")
    return residual(x, filters, normalization=normalization, name="stem_3")


def build_hourglass(
    stacks: int,
    num_joints: int,
    *,
    input_size: int = 256,
    filters: int = FILTERS,
    depth: int = DEPTH,
    neck: Neck = no_neck,
    head: Head = plain_heatmap_head,
    normalization: Normalization = keras.layers.BatchNormalization,
    name: str | None = None,
) -> keras.Model:
    """Build the published net: 25.4 million parameters for 8 stacks and 16 joints, with a cell of 4 px.

    Its 7 x 7 convolution samples every second pixel, from the first on, so that the maps of a mirrored image are those
    of the image moved by one pixel.

    Args:
        stacks: Number of hourglasses; the paper has 1 to 8.
        num_joints: Number of joints J.
        input_size: Side S of the square input in pixels.
        filters: Channels of the hourglasses.
        depth: How many times an hourglass halves the resolution.
        neck: Before the head of each stack.
        head: Function `(features, num_joints, normalization=..., prefix=...) -> dict` of named outputs.
        normalization: Called as `normalization(epsilon=..., name=...)` for each normalization layer.
        name: Name of the model; `hourglass_<stacks>` if None.

    Returns:
        A model from RGB images (B, S, S, 3), uint8 or float 0..255, to the head's outputs of every stack.

    Raises:
        ValueError: If a number is too small.
    """
    check_stacks(stacks)

    def backbone(x, read_out: ReadOut) -> list:
        x = hourglass_stem(x, filters, normalization=normalization)
        block = partial(residual, normalization=normalization)
        return stacked(x, read_out, stacks, depth, block=block, normalization=normalization)

    return pose_net(
        backbone,
        num_joints,
        input_size=input_size,
        smallest=_STRIDE << depth,
        neck=neck,
        head=head,
        normalization=normalization,
        name=name or f"hourglass_{stacks}",
    )


def build_hourglass_light(
    width: float,
    stacks: int,
    num_joints: int,
    *,
    input_size: int = 256,
    filters: int = LIGHT_FILTERS,
    depth: int = DEPTH,
    neck: Neck = narrow_neck,
    head: Head = plain_heatmap_head,
    normalization: Normalization = keras.layers.BatchNormalization,
    name: str | None = None,
) -> keras.Model:
    """Build the light net: hourglasses of separable convolutions on MoveNet's backbone and pyramid.

    Args:
        width: Multiplier of the backbone's numbers of channels; 1.0 is MoveNet Lightning's, 1.75 Thunder's.
        stacks: Number of hourglasses.
        num_joints: Number of joints J.
        input_size: Side S of the square input in pixels.
        filters: Channels of the hourglasses.
        depth: How many times an hourglass halves the resolution.
        neck: Function `(features, normalization=..., prefix=...) -> features`, before the hourglasses.
        head: Function `(features, num_joints, normalization=..., prefix=...) -> dict` of named outputs.
        normalization: Called as `normalization(epsilon=..., name=...)` for each normalization layer.
        name: Name of the model; `hourglass_light_<width>` if None.

    Returns:
        A model from RGB images (B, S, S, 3), uint8 or float 0..255, to the head's outputs of every stack.

    Raises:
        ValueError: If a number is too small.
    """
    check_stacks(stacks)

    def backbone(x, read_out: ReadOut) -> list:
        levels = neck(movenet(x, width, normalization=normalization), normalization=normalization)
        x = convolution(levels[0], filters, 1, name="light_align_conv")
        x = normalize_relu(x, normalization, name="light_align_")
        block = partial(separable_residual, normalization=normalization)
        return stacked(x, read_out, stacks, depth, block=block, normalization=normalization)

    return pose_net(
        backbone,
        num_joints,
        input_size=input_size,
        smallest=max(32, _STRIDE << depth),
        head=head,
        normalization=normalization,
        name=name or f"hourglass_light_{width:g}",
    )


def check_stacks(stacks: int) -> None:
    """Raises ValueError for a net without hourglasses."""
    if stacks < 1:
        raise ValueError(f"stacks must be 1 or more, got {stacks}; the paper has 1 to {STACKS}")
