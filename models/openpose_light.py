"""A light OpenPose: Osokin's stages (arXiv 1811.12004) on MoveNet's backbone and pyramid."""

from functools import partial
from typing import Any

import keras

from models.blocks import Head, Neck, Normalization, ReadOut, convolution, normalize_relu, pose_net
from models.movenet import movenet
from models.necks import narrow_neck
from models.openpose import check_input_size

#: Channels of the stages.
LIGHT_FILTERS = 96
# Scale at the start of the branches that are added to features: with random branches as strong as the features
# (arXiv 1706.02677 starts them at 0, which no gradient would leave through a ReLU) nets learn more slowly.
_BRANCH_SCALE = 0.1


def light_stages(x, read_out: ReadOut, *, filters: int, refinements: int, normalization: Normalization):
    """Compute stages like Osokin's, of separable convolutions: an initial one, and refinements of five blocks.

    Args:
        x: Features (B, h, w, C).
        read_out: Reads out a stage.
        filters: Channels of the stages.
        refinements: Number of refinement stages.
        normalization: Called as `normalization(epsilon=..., name=...)` for each normalization layer.

    Returns:
        The last stage's features (B, h, w, filters), of which maps and fields are read.
    """
    # As in MoveNet, whose weights it may have, before the maps of the joints.
    x = features = separable(x, filters, normalization=normalization, name="light_joints")
    for i in range(1, 4):
        scale = _BRANCH_SCALE if i == 3 else 1.0
        x = separable(x, filters, scale=scale, normalization=normalization, name=f"light_initial{i}")
    x = keras.layers.Add(name="light_initial_sum")([features, x])
    for stage in range(1, refinements + 1):
        found = read_out([x])
        x = [features, found["joint_maps"], found["limb_fields"]]
        x = keras.layers.Concatenate(name=f"light_refine{stage}_concat")(x)
        x = refined(x, filters, normalization=normalization, name=f"light_refine{stage}")
    return x


def separable(x, filters: int, *, dilation: int = 1, scale: float = 1.0, normalization: Normalization, name: str):
    """Apply a 3 x 3 separable convolution, normalization that begins at a scale, and ReLU, named `<name>_...`."""
    options = {"dilation_rate": dilation, "padding": "same", "use_bias": False}
    x = keras.layers.SeparableConv2D(filters, 3, **options, name=f"{name}_conv")(x)
    scaled = partial(normalization, gamma_initializer=keras.initializers.Constant(scale))
    return normalize_relu(x, scaled, name=f"{name}_")


def projected(x, filters: int, *, normalization: Normalization, name: str):
    """Apply a 1 x 1 convolution, normalization and ReLU, in layers named `<name>_...`."""
    x = convolution(x, filters, 1, name=f"{name}_conv")
    return normalize_relu(x, normalization, name=f"{name}_")


def refined(x, filters: int, *, normalization: Normalization, name: str):
    """Apply five blocks, which together see 31 x 31 cells, in layers named `<name>_block1_...` and so on."""
    for block in range(1, 6):
        of_block = f"{name}_block{block}"
        x = start = projected(x, filters, normalization=normalization, name=f"{of_block}_in")
        x = separable(x, filters, normalization=normalization, name=f"{of_block}_near")
        x = separable(x, filters, dilation=2, scale=_BRANCH_SCALE, normalization=normalization, name=f"{of_block}_far")
        x = keras.layers.Add(name=f"{of_block}_sum")([start, x])
    return x


def build_openpose_light(
    width: float,
    num_joints: int,
    *,
    head: Head,
    input_size: int = 256,
    filters: int = LIGHT_FILTERS,
    refinements: int = 1,
    neck: Neck = narrow_neck,
    normalization: Normalization = keras.layers.BatchNormalization,
    name: str | None = None,
) -> keras.Model:
    """Build the light net: stages on MoveNet's backbone and pyramid, with a cell of 4 px.

    Args:
        width: Multiplier of the backbone's numbers of channels; 1.0 is MoveNet Lightning's, 1.75 Thunder's.
        num_joints: Number of joints J.
        head: That of `models.forms.fields.fields_form`, for the limbs.
        input_size: Side S of the square input in pixels, a multiple of 32.
        filters: Channels of the stages.
        refinements: Number of refinement stages.
        neck: Function `(features, normalization=..., prefix=...) -> features`, before the stages.
        normalization: Called as `normalization(epsilon=..., name=...)` for each normalization layer.
        name: Name of the model; `openpose_light_<width>` if None.

    Returns:
        A model from RGB images (B, S, S, 3), uint8 or float 0..255, to maps and fields of every stage.

    Raises:
        ValueError: If a number is too small, or `input_size` is no multiple of 32.
    """
    check_input_size(input_size, 32)

    def backbone(x, read_out: ReadOut) -> list:
        levels = neck(movenet(x, width, normalization=normalization), normalization=normalization)
        options: dict[str, Any] = {"filters": filters, "refinements": refinements, "normalization": normalization}
        return [light_stages(levels[0], read_out, **options)]

    return pose_net(
        backbone,
        num_joints,
        input_size=input_size,
        smallest=32,
        head=head,
        normalization=normalization,
        name=name or f"openpose_light_{width:g}",
    )
