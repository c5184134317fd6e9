"""Convolutional pose machines: Wei et al., arXiv 1602.00134.

The layers are those of the paper and its released net, but for the pooling: 2 x 2 as in the paper's figure, where the
released net has 3 x 3, which is not symmetric.
"""

import keras
import numpy as np
from keras import ops

from models.blocks import Head, Neck, Normalization, ReadOut, no_neck, pose_net
from models.forms.beliefs import belief_head
from models.movenet import movenet
from models.necks import narrow_neck
from models.openpose import check_input_size, check_no_neck, conv_relu
from models.openpose_light import projected, refined, separable

#: Stages of the published and of the light net.
STAGES, LIGHT_STAGES = 6, 3
#: Channels of the light net's stages.
LIGHT_FILTERS = 64
#: Standard deviation of the center map as a share of the image's side.
CENTER_SIGMA = 21 / 368
# Channels of the image that a later stage reads beside the maps.
_IMAGE_FILTERS = 32
_STRIDE = 8


def trunk(x, *, name: str):
    """Compute features (B, H / 8, W / 8, 128) of images (B, H, W, 3)."""
    for i in range(1, 4):
        x = conv_relu(x, 128, 9, name=f"{name}_conv{i}")
        x = keras.layers.MaxPooling2D(2, name=f"{name}_pool{i}")(x)
    return x


def center_map(like):
    """Make a map (B, h, w, 1) of a Gaussian about the middle of the image, where the person is.

    Args:
        like: Features (B, h, w, C) of the same image.
    """
    rows, columns = like.shape[1:3]
    down, along = ((np.arange(side) - (side - 1) / 2) / (CENTER_SIGMA * side) for side in (rows, columns))
    peak = np.exp(-(down[:, None] ** 2 + along**2) / 2).astype(np.float32)
    return ops.zeros_like(like[..., :1]) + peak[None, :, :, None]


def pose_machine(x, read_out: ReadOut, stages: int, dropout: float) -> list:
    """Build the stages of the published net, and return the last one's features, as the only level.

    The first stage looks at the image alone. Each later one reads features of the image, the maps of the stage before
    and the center map. The second has a trunk of its own, which all after it share.

    Args:
        x: Images (B, H, W, 3), scaled to [-1, 1].
        read_out: Reads out a stage.
        stages: Number of stages.
        dropout: Share of the first stage's last features that training drops.
    """
    seen = conv_relu(trunk(x, name="stage1_trunk"), _IMAGE_FILTERS, 5, name="stage1_image")
    for i, kernel_size in ((1, 9), (2, 1)):
        seen = conv_relu(seen, 512, kernel_size, name=f"stage1_conv{i}")
        seen = keras.layers.Dropout(dropout, name=f"stage1_dropout{i}")(seen)
    shared = trunk(x, name="later_trunk") if stages > 1 else None
    for stage in range(2, stages + 1):
        maps = read_out([seen])["belief_maps"]
        image = conv_relu(shared, _IMAGE_FILTERS, 5, name=f"stage{stage}_image")
        seen = keras.layers.Concatenate(name=f"stage{stage}_concat")([image, maps, center_map(image)])
        for i, kernel_size in enumerate((11, 11, 11, 1), 1):
            seen = conv_relu(seen, 128, kernel_size, name=f"stage{stage}_conv{i}")
    return [seen]


def light_machine(x, read_out: ReadOut, stages: int, filters: int, *, normalization: Normalization) -> list:
    """Build stages of separable convolutions on shared features; a later one sees 31 x 31 cells of maps, as published.

    Args:
        x: Features (B, h, w, C).
        read_out: Reads out a stage.
        stages: Number of stages.
        filters: Channels of the stages.
        normalization: Called as `normalization(epsilon=..., name=...)` for each normalization layer.
    """
    seen = shared = projected(x, filters, normalization=normalization, name="light_align")
    for i in range(1, 4):
        seen = separable(seen, filters, normalization=normalization, name=f"light_stage1_conv{i}")
    for stage in range(2, stages + 1):
        maps = read_out([seen])["belief_maps"]
        image = projected(shared, _IMAGE_FILTERS, normalization=normalization, name=f"light_stage{stage}_image")
        seen = keras.layers.Concatenate(name=f"light_stage{stage}_concat")([image, maps, center_map(image)])
        seen = refined(seen, filters, normalization=normalization, name=f"light_stage{stage}")
    return [seen]


def build_cpm(
    num_joints: int,
    *,
    input_size: int = 368,
    stages: int = STAGES,
    dropout: float = 0.5,
    neck: Neck = no_neck,
    head: Head = belief_head,
    normalization: Normalization = keras.layers.BatchNormalization,
    name: str | None = None,
) -> keras.Model:
    """Build the published net: 31.2 million parameters for 6 stages and 14 joints, with a cell of 8 px.

    Args:
        num_joints: Number of joints J.
        input_size: Side S of the square input in pixels, a multiple of 8.
        stages: Number of stages.
        dropout: Share of the first stage's last features that training drops, as in the released net.
        neck: Must be `no_neck`.
        head: `models.forms.beliefs.belief_head`.
        normalization: Not used: the net has none.
        name: Name of the model; `cpm_<stages>` if None.

    Returns:
        A model from RGB images (B, S, S, 3), uint8 or float 0..255, to the maps of every stage.

    Raises:
        ValueError: If a number is too small, `input_size` is no multiple of 8, or there is a neck.
    """
    check_input_size(input_size, _STRIDE)
    check_no_neck(neck)
    _check_stages(stages)
    return pose_net(
        lambda x, read_out: pose_machine(x, read_out, stages, dropout),
        num_joints,
        input_size=input_size,
        smallest=_STRIDE,
        head=head,
        name=name or f"cpm_{stages}",
    )


def build_cpm_light(
    width: float,
    num_joints: int,
    *,
    input_size: int = 256,
    stages: int = LIGHT_STAGES,
    filters: int = LIGHT_FILTERS,
    neck: Neck = narrow_neck,
    head: Head = belief_head,
    normalization: Normalization = keras.layers.BatchNormalization,
    name: str | None = None,
) -> keras.Model:
    """Build the light net: stages on MoveNet's backbone and pyramid, with a cell of 4 px.

    Args:
        width: Multiplier of the backbone's numbers of channels; 1.0 is MoveNet Lightning's, 1.75 Thunder's.
        num_joints: Number of joints J.
        input_size: Side S of the square input in pixels.
        stages: Number of stages.
        filters: Channels of the stages.
        neck: Function `(features, normalization=..., prefix=...) -> features`, before the stages.
        head: `models.forms.beliefs.belief_head`.
        normalization: Called as `normalization(epsilon=..., name=...)` for each normalization layer.
        name: Name of the model; `cpm_light_<width>` if None.

    Returns:
        A model from RGB images (B, S, S, 3), uint8 or float 0..255, to the maps of every stage.

    Raises:
        ValueError: If a number is too small.
    """
    _check_stages(stages)

    def backbone(x, read_out: ReadOut) -> list:
        levels = neck(movenet(x, width, normalization=normalization), normalization=normalization)
        return light_machine(levels[0], read_out, stages, filters, normalization=normalization)

    return pose_net(
        backbone,
        num_joints,
        input_size=input_size,
        smallest=32,
        head=head,
        normalization=normalization,
        name=name or f"cpm_light_{width:g}",
    )


def _check_stages(stages: int) -> None:
    if stages < 1:
        raise ValueError(f"stages must be 1 or more, got {stages}; {STAGES} is the published net")
