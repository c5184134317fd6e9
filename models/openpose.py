"""OpenPose: nets of several stages that compute maps of joints and part affinity fields of limbs.

The published net: Cao et al., "Realtime Multi-Person 2D Pose Estimation using Part Affinity Fields", arXiv 1611.08050.
The order with the fields first: Cao et al., "OpenPose", arXiv 1812.08008. The light one: Osokin, arXiv 1811.12004.
"""

from typing import Any

import keras

from models.blocks import Head, Neck, Normalization, ReadOut, convolution, no_neck, normalize_relu, pose_net
from models.forms.fields import BranchFeatures
from models.movenet import movenet
from models.necks import narrow_neck

#: (filters, number of convolutions) of VGG-19's blocks as far as they are used; a pooling follows all but the last.
VGG_BLOCKS = ((64, 2), (128, 2), (256, 4), (512, 2))
#: Stages of the net of 2017; stages of fields and of maps of the order with the fields first.
STAGES, FIELD_STAGES, MAP_STAGES = 6, 4, 2
#: Channels of the light net's stages.
LIGHT_FILTERS = 96
# The features of VGG-19 that the stages read have a cell of 8 px.
_STRIDE = 8


def vgg_features(x):
    """Compute the features (B, H / 8, W / 8, 128) of the published nets: VGG-19 to conv4_2, and two convolutions."""
    for block, (filters, count) in enumerate(VGG_BLOCKS, 1):
        for i in range(1, count + 1):
            x = _conv_relu(x, filters, 3, name=f"vgg{block}_{i}")
        if block < len(VGG_BLOCKS):
            x = keras.layers.MaxPooling2D(2, name=f"vgg{block}_pool")(x)
    x = _conv_relu(x, 256, 3, name="features1")
    return _conv_relu(x, 128, 3, name="features2")


def branch(x, first: bool, *, name: str):
    """Compute one branch of a stage of the net of 2017, without the layer that reads it out.

    Args:
        x: Features (B, h, w, C).
        first: Whether it is a branch of the first stage.
        name: Prefix of the layers' names.

    Returns:
        Features (B, h, w, 512) of the first stage, (B, h, w, 128) of later ones.
    """
    kernel_size, count, last = (3, 3, 512) if first else (7, 5, 128)
    for i in range(1, count + 1):
        x = _conv_relu(x, 128, kernel_size, name=f"{name}_conv{i}")
    return _conv_relu(x, last, 1, name=f"{name}_conv{count + 1}")


def dense_branch(x, first: bool, *, name: str):
    """Compute a stage of the order with the fields first: five blocks of three 3 x 3 convolutions, and a 1 x 1.

    The outputs of a block's three convolutions are concatenated: together they see as far as one of 7 x 7.
    """
    filters, last = (96, 256) if first else (128, 512)
    for block in range(1, 6):
        outputs = []
        for i in range(1, 4):
            x = _conv_relu(x, filters, 3, name=f"{name}_block{block}_conv{i}")
            outputs.append(x)
        x = keras.layers.Concatenate(name=f"{name}_block{block}_concat")(outputs)
    return _conv_relu(x, last, 1, name=f"{name}_conv6")


def two_branches(x, read_out: ReadOut, stages: int = STAGES) -> list:
    """Build the published backbone: from the second stage on each reads features, fields and maps.

    Args:
        x: Images (B, H, W, 3), scaled to [-1, 1].
        read_out: Reads out a stage.
        stages: Number of stages.

    Returns:
        The last stage's features of maps and of fields, as the only level.
    """
    features = x = vgg_features(x)
    for stage in range(1, stages + 1):
        fields, maps = (branch(x, stage == 1, name=f"stage{stage}_{kind}") for kind in ("fields", "maps"))
        if stage < stages:
            found = read_out([BranchFeatures(maps, fields)])
            x = [features, found["limb_fields"], found["joint_maps"]]
            x = keras.layers.Concatenate(name=f"stage{stage}_concat")(x)
    return [BranchFeatures(maps, fields)]


def fields_first(
    x, read_out: ReadOut, head: Head, num_joints: int, *, field_stages: int = FIELD_STAGES, map_stages: int = MAP_STAGES
) -> list:
    """Build the backbone of 2018: stages of fields, then stages of maps that read the last fields.

    Args:
        x: Images (B, H, W, 3), scaled to [-1, 1].
        read_out: Reads out a stage.
        head: Reads out the last fields, which are the whole net's.
        num_joints: Number of joints J.
        field_stages: Number of stages of fields.
        map_stages: Number of stages of maps.

    Returns:
        The last stage's features of maps and the last fields, as the only level.
    """
    features = x = vgg_features(x)
    for stage in range(1, field_stages + 1):
        level = [BranchFeatures(fields=dense_branch(x, stage == 1, name=f"fields{stage}"))]
        last = stage == field_stages
        found = head(level, num_joints, prefix="last_") if last else read_out(level)
        fields = found["limb_fields"]
        x = keras.layers.Concatenate(name=f"fields{stage}_concat")([features, fields])
    for stage in range(1, map_stages + 1):
        maps = dense_branch(x, stage == 1, name=f"maps{stage}")
        if stage < map_stages:
            found = read_out([BranchFeatures(maps=maps)])
            x = [features, found["joint_maps"], fields]
            x = keras.layers.Concatenate(name=f"maps{stage}_concat")(x)
    return [BranchFeatures(maps=maps, finished_fields=fields)]


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

    def separable(x, name: str, dilation: int = 1):
        options = {"dilation_rate": dilation, "padding": "same", "use_bias": False}
        x = keras.layers.SeparableConv2D(filters, 3, **options, name=f"{name}_conv")(x)
        return normalize_relu(x, normalization, name=f"{name}_")

    def projected(x, name: str):
        x = convolution(x, filters, 1, name=f"{name}_conv")
        return normalize_relu(x, normalization, name=f"{name}_")

    x = features = projected(x, "light_align")
    for i in range(1, 4):
        x = separable(x, f"light_initial{i}")
    x = keras.layers.Add(name="light_initial_sum")([features, x])
    for stage in range(1, refinements + 1):
        found = read_out([x])
        x = [features, found["joint_maps"], found["limb_fields"]]
        x = keras.layers.Concatenate(name=f"light_refine{stage}_concat")(x)
        for block in range(1, 6):
            name = f"light_refine{stage}_block{block}"
            x = start = projected(x, f"{name}_in")
            x = separable(separable(x, f"{name}_near"), f"{name}_far", dilation=2)
            x = keras.layers.Add(name=f"{name}_sum")([start, x])
    return x


def build_openpose(
    num_joints: int,
    *,
    head: Head,
    input_size: int = 368,
    stages: int = STAGES,
    neck: Neck = no_neck,
    normalization: Normalization = keras.layers.BatchNormalization,
    name: str | None = None,
) -> keras.Model:
    """Build the net of 2017: 52.3 million parameters for 18 joints and 19 limbs.

    Args:
        num_joints: Number of joints J.
        head: That of `models.forms.fields.fields_form`, for the limbs.
        input_size: Side S of the square input in pixels, a multiple of 8.
        stages: Number of stages.
        neck: Must be `no_neck`.
        normalization: Not used: the net has none.
        name: Name of the model; `openpose` if None.

    Returns:
        A model from RGB images (B, S, S, 3), uint8 or float 0..255, to maps and fields of every stage.

    Raises:
        ValueError: If a number is too small, `input_size` is no multiple of 8, or there is a neck.
    """
    _check(input_size, _STRIDE, neck)
    if stages < 1:
        raise ValueError(f"stages must be 1 or more, got {stages}; {STAGES} is the published net")
    return pose_net(
        lambda x, read_out: two_branches(x, read_out, stages),
        num_joints,
        input_size=input_size,
        smallest=_STRIDE,
        head=head,
        name=name or "openpose",
    )


def build_openpose_fields_first(
    num_joints: int,
    *,
    head: Head,
    input_size: int = 368,
    neck: Neck = no_neck,
    normalization: Normalization = keras.layers.BatchNormalization,
    name: str | None = None,
) -> keras.Model:
    """Build the net of 2018; the arguments are those of `build_openpose`."""
    _check(input_size, _STRIDE, neck)
    return pose_net(
        lambda x, read_out: fields_first(x, read_out, head, num_joints),
        num_joints,
        input_size=input_size,
        smallest=_STRIDE,
        head=head,
        name=name or "openpose_fields_first",
    )


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
    _check(input_size, 32)

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


def _conv_relu(x, filters: int, kernel_size: int, *, name: str):
    x = convolution(x, filters, kernel_size, use_bias=True, name=name)
    return keras.layers.ReLU(name=f"{name}_relu")(x)


def _check(input_size: int, stride: int, neck: Neck = no_neck) -> None:
    if input_size % stride:
        raise ValueError(
            f"input_size must be a multiple of {stride}, got {input_size}; pass {stride * -(-input_size // stride)}"
        )
    if neck is not no_neck:
        raise ValueError("the published nets read their own features, without a neck; pass no_neck")
