"""Simple Baselines: Xiao et al., "Simple Baselines for Human Pose Estimation and Tracking", arXiv 1804.06208."""

from functools import partial

import keras

from models.blocks import Head, Neck, Normalization, pose_net
from models.forms.heatmaps import plain_heatmap_head
from models.necks import deconv_neck
from models.post_activation import MOMENTUM, post_activation_resnet


def build_simple_baseline(
    depth: int,
    num_joints: int,
    *,
    input_size: int = 256,
    width: int = 64,
    neck: Neck = deconv_neck,
    head: Head = plain_heatmap_head,
    normalization: Normalization = keras.layers.BatchNormalization,
    name: str | None = None,
) -> keras.Model:
    """Build the published net: a post-activation ResNet, three deconvolutions and a 1x1 convolution.

    With depth 50 and 17 joints it has the published 33 999 697 trainable weights, and those of the scores, which are
    ours. The released code, MIT, is `lib/models/pose_resnet.py` of microsoft/human-pose-estimation.pytorch.

    Args:
        depth: 50, 101 or 152 in the paper; any of `models.resnet.UNITS`.
        num_joints: Number of joints J.
        input_size: Side S of the square input in pixels, at least 32. The paper's 256 x 192 is not square.
        width: Channels of the stem; 64 in the paper.
        neck: Function `(features, normalization=..., prefix=...) -> features`.
        head: Function `(features, num_joints, normalization=..., prefix=...) -> dict` of named outputs.
        normalization: Called as `normalization(epsilon=..., momentum=..., name=...)` for each normalization layer.
        name: Name of the model; `simple_baseline<depth>` if None.

    Returns:
        A model from RGB images (B, S, S, 3), uint8 or float 0..255, to the head's outputs, maps with a cell of 4 px.

    Raises:
        ValueError: If `depth` is not in the table, or `num_joints` or `input_size` is too small.
    """
    normalization = partial(normalization, momentum=MOMENTUM)
    return pose_net(
        lambda x, _: post_activation_resnet(x, depth, width=width, normalization=normalization),
        num_joints,
        input_size=input_size,
        smallest=32,
        neck=neck,
        head=head,
        normalization=normalization,
        name=name or f"simple_baseline{depth}",
    )
