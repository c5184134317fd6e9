"""EfficientNet-Lite: Tan and Le, "EfficientNet", arXiv 1905.11946, in the form made for phones and CPUs."""

import math

import keras

from models.blocks import Head, Neck, Normalization, no_neck, pose_net, pyramid
from models.forms.coordinates import coordinate_head
from models.mobilenet_v2 import STEM_FILTERS, Stage, bottleneck_stages, scaled_filters

# Table 1 of the paper.
STAGES = (
    Stage(1, 16, 1, 1, 3),
    Stage(6, 24, 2, 2, 3),
    Stage(6, 40, 2, 2, 5),
    Stage(6, 80, 3, 2, 3),
    Stage(6, 112, 3, 1, 5),
    Stage(6, 192, 4, 2, 5),
    Stage(6, 320, 1, 1, 3),
)
#: Width and depth multipliers of the published sizes.
SCALES = {0: (1.0, 1.0), 1: (1.0, 1.1), 2: (1.1, 1.2), 3: (1.2, 1.4), 4: (1.4, 1.8)}


def efficientnet_lite(
    x,
    scale: int = 0,
    *,
    normalization: Normalization = keras.layers.BatchNormalization,
) -> list:
    """Build the backbone: a stem and seven stages of inverted bottlenecks.

    Unlike EfficientNet it has no squeeze-and-excitation, ReLU6 replaces swish, and stem, first and last stage do not
    grow with the scale, as in the published code of EfficientNet-Lite. The last 1x1 convolution, which only the
    classifier needs, is left out. Layers are padded as TensorFlow's "same", so that the published weights fit.

    Args:
        x: Images (B, H, W, 3), scaled to about [-1, 1].
        scale: 0 to 4.
        normalization: Called as `normalization(epsilon=..., momentum=..., name=...)` for each normalization layer.

    Returns:
        Features at strides 4, 8, 16 and 32, each (B, ceil(H / stride), ceil(W / stride), C).

    Raises:
        ValueError: If `scale` is not in the table.
    """
    if scale not in SCALES:
        raise ValueError(f"scale must be one of {', '.join(map(str, SCALES))}, got {scale!r}; choose one of these.")
    width, depth = SCALES[scale]
    stages = [
        stage._replace(filters=scaled_filters(stage.filters, width), units=math.ceil(stage.units * depth))
        for stage in STAGES
    ]
    for end in (0, -1):
        stages[end] = stages[end]._replace(units=STAGES[end].units)
    return pyramid(bottleneck_stages(x, STEM_FILTERS, stages, normalization=normalization))


def build_efficientnet_lite(
    scale: int,
    num_joints: int,
    *,
    input_size: int = 224,
    neck: Neck = no_neck,
    head: Head = coordinate_head,
    normalization: Normalization = keras.layers.BatchNormalization,
    name: str | None = None,
) -> keras.Model:
    """Build an EfficientNet-Lite that locates the joints of the person in an image.

    Reference: Tan and Le, "EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks",
    arXiv 1905.11946; see `efficientnet_lite` for what the Lite form changes.

    Args:
        scale: 0 to 4.
        num_joints: Number of joints J.
        input_size: Side S of the square input in pixels, at least 32.
        neck: Function `(features, normalization=..., prefix=...) -> features`.
        head: Function `(features, num_joints, normalization=..., prefix=...) -> dict` of named outputs.
        normalization: Called as `normalization(epsilon=..., name=...)` for each normalization layer.
        name: Name of the model; `efficientnet_lite<scale>` if None.

    Returns:
        A model from RGB images (B, S, S, 3), uint8 or float 0..255, to the head's outputs.

    Raises:
        ValueError: If `scale` is not in the table, or `num_joints` or `input_size` is too small.
    """
    return pose_net(
        lambda x, _: efficientnet_lite(x, scale, normalization=normalization),
        num_joints,
        input_size=input_size,
        smallest=32,
        neck=neck,
        head=head,
        normalization=normalization,
        name=name or f"efficientnet_lite{scale}",
    )
