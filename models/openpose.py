"""OpenPose: nets of several stages that compute maps of joints and part affinity fields of limbs.

The published net: Cao et al., "Realtime Multi-Person 2D Pose Estimation using Part Affinity Fields", arXiv 1611.08050.
The order with the fields first: Cao et al., "OpenPose", arXiv 1812.08008. A light one is `models.openpose_light`.
"""

from collections.abc import Callable

import keras

from models.blocks import Head, Neck, Normalization, ReadOut, convolution, no_neck, pose_net
from models.forms.fields import BranchFeatures

#: (filters, number of convolutions) of VGG-19's blocks as far as they are used; a pooling follows all but the last.
VGG_BLOCKS = ((64, 2), (128, 2), (256, 4), (512, 2))
#: Stages of the net of 2017; stages of fields and of maps of the order with the fields first.
STAGES, FIELD_STAGES, MAP_STAGES = 6, 4, 2
# The features of VGG-19 that the stages read have a cell of 8 px.
_STRIDE = 8


def vgg_features(x):
    """Compute the features (B, H / 8, W / 8, 128) of the published nets: VGG-19 to conv4_2, and two convolutions."""
    for block, (filters, count) in enumerate(VGG_BLOCKS, 1):
        for i in range(1, count + 1):
            x = conv_relu(x, filters, 3, name=f"vgg{block}_{i}")
        if block < len(VGG_BLOCKS):
            x = keras.layers.MaxPooling2D(2, name=f"vgg{block}_pool")(x)
    x = conv_relu(x, 256, 3, name="features1")
    return conv_relu(x, 128, 3, name="features2")


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
        x = conv_relu(x, 128, kernel_size, name=f"{name}_conv{i}")
    return conv_relu(x, last, 1, name=f"{name}_conv{count + 1}")


def dense_branch(x, first: bool, *, name: str):
    """Compute a stage of the order with the fields first: five blocks of three 3 x 3 convolutions, and a 1 x 1.

    The outputs of a block's three convolutions are concatenated: together they see as far as one of 7 x 7.
    """
    filters, last = (96, 256) if first else (128, 512)
    for block in range(1, 6):
        outputs = []
        for i in range(1, 4):
            x = conv_relu(x, filters, 3, name=f"{name}_block{block}_conv{i}")
            outputs.append(x)
        x = keras.layers.Concatenate(name=f"{name}_block{block}_concat")(outputs)
    return conv_relu(x, last, 1, name=f"{name}_conv6")


def two_branches(features, read_out: ReadOut, stages: int = STAGES, make_branch: Callable = branch) -> list:
    """Build the stages of 2017: each has two branches, and from the second on reads features, fields and maps.

    Args:
        features: Features (B, h, w, C).
        read_out: Reads out a stage.
        stages: Number of stages.
        make_branch: Function `(features, first, name=...) -> features`, as `branch`.

    Returns:
        The last stage's features of maps and of fields, as the only level.
    """
    x = features
    for stage in range(1, stages + 1):
        fields, maps = (make_branch(x, stage == 1, name=f"stage{stage}_{kind}") for kind in ("fields", "maps"))
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
    check_input_size(input_size, _STRIDE)
    check_no_neck(neck)
    if stages < 1:
        raise ValueError(f"stages must be 1 or more, got {stages}; {STAGES} is the published net")
    return pose_net(
        lambda x, read_out: two_branches(vgg_features(x), read_out, stages),
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
    check_input_size(input_size, _STRIDE)
    check_no_neck(neck)
    return pose_net(
        lambda x, read_out: fields_first(x, read_out, head, num_joints),
        num_joints,
        input_size=input_size,
        smallest=_STRIDE,
        head=head,
        name=name or "openpose_fields_first",
    )


def conv_relu(x, filters: int, kernel_size: int, *, name: str):
    """Convolve with zeros on every side and apply ReLU, in the layers `<name>` and `<name>_relu`."""
    x = convolution(x, filters, kernel_size, use_bias=True, name=name)
    return keras.layers.ReLU(name=f"{name}_relu")(x)


def check_input_size(input_size: int, multiple: int) -> None:
    """Raises ValueError for an input size that is no multiple."""
    if input_size % multiple:
        remedy = multiple * -(-input_size // multiple)
        raise ValueError(f"input_size must be a multiple of {multiple}, got {input_size}; pass {remedy}")


def check_no_neck(neck: Neck) -> None:
    """Raises ValueError for a neck."""
    if neck is not no_neck:
        raise ValueError("the published nets read their own features, without a neck; pass no_neck")
