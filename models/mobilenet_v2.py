"""MobileNetV2: Sandler et al., "Inverted Residuals and Linear Bottlenecks", arXiv 1801.04381."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import keras

from models.blocks import Head, Neck, Normalization, no_neck, pose_net, pyramid
from models.forms.coordinates import coordinate_head

# Batch normalization of Google's MobileNets and EfficientNets; the published weights need these.
_EPSILON, _MOMENTUM = 1e-3, 0.99


class Stage(NamedTuple):
    """A stage of inverted bottlenecks: a row of table 2 of the paper."""

    expansion: int
    filters: int
    units: int
    strides: int
    kernel_size: int = 3


STAGES = (
    Stage(1, 16, 1, 1),
    Stage(6, 24, 2, 2),
    Stage(6, 32, 3, 2),
    Stage(6, 64, 4, 2),
    Stage(6, 96, 3, 1),
    Stage(6, 160, 3, 2),
    Stage(6, 320, 1, 1),
)
#: Channels of the published net's last convolution.
LAST_FILTERS = 1280
STEM_FILTERS = 32


def inverted_bottleneck(
    x,
    filters: int,
    *,
    expansion: int,
    kernel_size: int,
    strides: int = 1,
    normalization: Normalization = keras.layers.BatchNormalization,
    gate: Any = None,
    residual: bool = True,
    name: str,
):
    """Expand the channels, convolve each by itself, and project them back (figure 4 of the paper).

    Args:
        x: Features (B, H, W, C).
        filters: Number of output channels.
        expansion: The channels inside are C times this.
        kernel_size: Side of the depthwise kernel.
        strides: Stride of the depthwise convolution.
        normalization: Called as `normalization(epsilon=..., momentum=..., name=...)` for each normalization layer.
        gate: Multiplied to the channels inside, if given: of a shape that broadcasts to theirs.
        residual: Whether the input is added where shapes agree.
        name: Prefix of the layers' names; the output is `<name>_out`.

    Returns:
        Features (B, ceil(H / strides), ceil(W / strides), filters).
    """
    channels = x.shape[-1]
    inside = x
    if expansion > 1:
        inside = keras.layers.Conv2D(channels * expansion, 1, use_bias=False, name=f"{name}_expand_conv")(inside)
        inside = normalize_relu6(inside, normalization, name=f"{name}_expand_")
    inside = keras.layers.DepthwiseConv2D(
        kernel_size, strides=strides, padding="same", use_bias=False, name=f"{name}_depthwise_conv"
    )(inside)
    inside = normalize_relu6(inside, normalization, name=f"{name}_depthwise_")
    if gate is not None:
        inside = keras.layers.Multiply(name=f"{name}_gate")([inside, gate])
    inside = keras.layers.Conv2D(filters, 1, use_bias=False, name=f"{name}_project_conv")(inside)
    adds = residual and strides == 1 and channels == filters
    inside = normalization(epsilon=_EPSILON, momentum=_MOMENTUM, name=f"{name}_project_bn" if adds else f"{name}_out")(
        inside
    )
    return keras.layers.Add(name=f"{name}_out")([x, inside]) if adds else inside


def normalize_relu6(x, normalization: Normalization, *, name: str):
    """Normalize and apply ReLU6, whose bounded range suits 8-bit arithmetic, in layers `<name>bn` and `<name>relu`."""
    x = normalization(epsilon=_EPSILON, momentum=_MOMENTUM, name=f"{name}bn")(x)
    return keras.layers.ReLU(6.0, name=f"{name}relu")(x)


def stem(x, filters: int, *, normalization: Normalization):
    """Convolve images (B, H, W, 3) with stride 2 to features (B, ceil(H / 2), ceil(W / 2), filters)."""
    x = keras.layers.Conv2D(filters, 3, strides=2, padding="same", use_bias=False, name="stem_conv")(x)
    return normalize_relu6(x, normalization, name="stem_")


def last_convolution(x, filters: int, *, number: int = len(STAGES) + 1, normalization: Normalization):
    """Convolve the last stage's features (B, h, w, C) to (B, h, w, filters), in layers `stage<number>_...`."""
    x = keras.layers.Conv2D(filters, 1, use_bias=False, name=f"stage{number}_conv")(x)
    return normalize_relu6(x, normalization, name=f"stage{number}_")


def bottleneck_stages(x, stem_filters: int, stages: Sequence[Stage], *, normalization: Normalization) -> list:
    """Build a stem of stride 2, and stages of inverted bottlenecks.

    Args:
        x: Images (B, H, W, 3).
        stem_filters: Channels of the stem.
        stages: The stages to build; only the first unit of a stage strides.
        normalization: Called as `normalization(epsilon=..., momentum=..., name=...)` for each normalization layer.

    Returns:
        The features of all units but those of the first stage, which keeps the stem's stride.
    """
    x = stem(x, stem_filters, normalization=normalization)
    outputs = []
    for index, stage in enumerate(stages):
        for unit in range(stage.units):
            x = inverted_bottleneck(
                x,
                stage.filters,
                expansion=stage.expansion,
                kernel_size=stage.kernel_size,
                strides=stage.strides if unit == 0 else 1,
                normalization=normalization,
                name=f"stage{index + 1}_unit{unit + 1}",
            )
            outputs.append(x)
    return outputs[stages[0].units :]


def mobilenet_v2(
    x,
    width: float = 1.0,
    *,
    last_filters: int = LAST_FILTERS,
    normalization: Normalization = keras.layers.BatchNormalization,
) -> list:
    """Build the backbone: a stem, seven stages of inverted bottlenecks and a 1x1 convolution.

    Layers are padded as TensorFlow's "same", so that published weights fit.

    Args:
        x: Images (B, H, W, 3), scaled to [-1, 1].
        width: Multiplier of the numbers of channels, except the last convolution's: as in MoveNet, where the paper
            widens that one too above 1.
        last_filters: Channels of the last convolution; 0 leaves it out.
        normalization: Called as `normalization(epsilon=..., momentum=..., name=...)` for each normalization layer.

    Returns:
        Features at strides 4, 8, 16 and 32, each (B, ceil(H / stride), ceil(W / stride), C).

    Raises:
        ValueError: If `width` is not above 0.
    """
    return pyramid(mobilenet_v2_units(x, width, last_filters=last_filters, normalization=normalization))


def mobilenet_v2_units(x, width: float, *, last_filters: int, normalization: Normalization) -> list:
    """Build the backbone as `mobilenet_v2` does, and return the features of all units after the first stage."""
    if not width > 0:
        raise ValueError(f"width must be above 0, got {width}; 1.0 is the published net, 0.5 has half its channels.")
    stages = [stage._replace(filters=scaled_filters(stage.filters, width)) for stage in STAGES]
    outputs = bottleneck_stages(x, scaled_filters(STEM_FILTERS, width), stages, normalization=normalization)
    if last_filters:
        outputs.append(last_convolution(outputs[-1], last_filters, normalization=normalization))
    return outputs


def scaled_filters(filters: int, width: float) -> int:
    """Scale a number of channels and round it to a multiple of 8, down by a tenth at most."""
    scaled = max(8, int(filters * width + 4) // 8 * 8)
    return scaled + 8 if scaled < 0.9 * filters * width else scaled


def build_mobilenet_v2(
    width: float,
    num_joints: int,
    *,
    input_size: int = 224,
    last_filters: int = LAST_FILTERS,
    neck: Neck = no_neck,
    head: Head = coordinate_head,
    normalization: Normalization = keras.layers.BatchNormalization,
    name: str | None = None,
) -> keras.Model:
    """Build a MobileNetV2 that locates the joints of the person in an image.

    Reference: Sandler et al., "MobileNetV2: Inverted Residuals and Linear Bottlenecks", arXiv 1801.04381.

    Args:
        width: Multiplier of the numbers of channels; MoveNet Lightning has 1.0, Thunder 1.75.
        num_joints: Number of joints J.
        input_size: Side S of the square input in pixels, at least 32.
        last_filters: Channels of the backbone's last convolution; 0 leaves it out.
        neck: Function `(features, normalization=..., prefix=...) -> features`.
        head: Function `(features, num_joints, normalization=..., prefix=...) -> dict` of named outputs.
        normalization: Called as `normalization(epsilon=..., name=...)` for each normalization layer.
        name: Name of the model; `mobilenet_v2_<width>` if None.

    Returns:
        A model from RGB images (B, S, S, 3), uint8 or float 0..255, to the head's outputs.

    Raises:
        ValueError: If `width` is not above 0, or `num_joints` or `input_size` is too small.
    """
    return pose_net(
        lambda x, _: mobilenet_v2(x, width, last_filters=last_filters, normalization=normalization),
        num_joints,
        input_size=input_size,
        smallest=32,
        neck=neck,
        head=head,
        normalization=normalization,
        name=name or f"mobilenet_v2_{width:g}",
    )
