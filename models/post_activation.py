"""Post-activation residual units and ResNets: He et al., "Deep Residual Learning", arXiv 1512.03385.

Layer for layer those of torchvision: convolutions have no bias, and a stage's first unit strides, in bottlenecks on the
3x3 convolution.
"""

from collections.abc import Callable
from typing import Any

import keras

from models.blocks import EPSILON, Normalization, convolution, normalize_relu, pyramid, stem_pool
from models.resnet import UNITS, basic_block

#: Momentum of the published nets' batch normalization.
MOMENTUM = 0.9
# Called as convolve(x, filters, kernel_size, strides=..., name=...), as `convolution`.
Convolve = Callable[..., Any]


def separable_convolution(x, filters: int, kernel_size: int, *, strides: int = 1, name: str):
    """Convolve each channel by itself and mix them; `convolution` with far fewer weights, padded likewise."""
    if kernel_size == 1:
        return convolution(x, filters, 1, strides=strides, name=name)
    padding = "same"
    if strides > 1:
        x = keras.layers.ZeroPadding2D(kernel_size // 2, name=f"{name}_pad")(x)
        padding = "valid"
    return keras.layers.SeparableConv2D(
        filters, kernel_size, strides=strides, padding=padding, use_bias=False, name=name
    )(x)


def conv_bn(
    x,
    filters: int,
    kernel_size: int,
    *,
    strides: int = 1,
    relu: bool = True,
    convolve: Convolve = convolution,
    normalization: Normalization = keras.layers.BatchNormalization,
    name: str,
):
    """Convolve, normalize and, if `relu`, apply ReLU, in layers `<name>_conv`, `<name>_bn` and `<name>_relu`."""
    x = convolve(x, filters, kernel_size, strides=strides, name=f"{name}_conv")
    if relu:
        return normalize_relu(x, normalization, name=f"{name}_")
    return normalization(epsilon=EPSILON, name=f"{name}_bn")(x)


def basic_unit(
    x,
    filters: int,
    *,
    strides: int = 1,
    convolve: Convolve = convolution,
    normalization: Normalization = keras.layers.BatchNormalization,
    name: str,
):
    """Apply a residual unit of two 3x3 convolutions; the shortcut is projected where the shape changes.

    Args:
        x: Features (B, H, W, C).
        filters: Number of output channels.
        strides: Stride of the first convolution.
        convolve: Makes a convolution.
        normalization: Called as `normalization(epsilon=..., name=...)` for each normalization layer.
        name: Prefix of the layers' names; the output is `<name>_out`.

    Returns:
        Features (B, ceil(H / strides), ceil(W / strides), filters).
    """
    options: dict[str, Any] = {"convolve": convolve, "normalization": normalization}
    shortcut = _shortcut(x, filters, strides, normalization, name)
    x = conv_bn(x, filters, 3, strides=strides, name=f"{name}_1", **options)
    x = conv_bn(x, filters, 3, relu=False, name=f"{name}_2", **options)
    return _sum_relu(shortcut, x, name)


def bottleneck_unit(
    x,
    filters: int,
    *,
    strides: int = 1,
    normalization: Normalization = keras.layers.BatchNormalization,
    name: str,
):
    """Apply a residual unit of 1x1, 3x3 and 1x1 convolutions, from which `4 * filters` channels leave.

    The arguments are those of `basic_unit`.
    """
    shortcut = _shortcut(x, 4 * filters, strides, normalization, name)
    x = conv_bn(x, filters, 1, normalization=normalization, name=f"{name}_1")
    x = conv_bn(x, filters, 3, strides=strides, normalization=normalization, name=f"{name}_2")
    x = conv_bn(x, 4 * filters, 1, relu=False, normalization=normalization, name=f"{name}_3")
    return _sum_relu(shortcut, x, name)


def post_activation_resnet(
    x,
    depth: int,
    *,
    width: int = 64,
    normalization: Normalization = keras.layers.BatchNormalization,
) -> list:
    """Build the backbone: a stem and four stages of post-activation units.

    Args:
        x: Images, scaled to about [-1, 1], (B, H, W, 3).
        depth: One of `models.resnet.UNITS`.
        width: Channels of the stem and inside the first stage's units; doubled in each later stage.
        normalization: Called as `normalization(epsilon=..., name=...)` for each normalization layer.

    Returns:
        Features at strides 4, 8, 16 and 32, the last with `8 * width` channels for basic units, else `32 * width`.

    Raises:
        ValueError: If `depth` is not in the table.
    """
    if depth not in UNITS:
        raise ValueError(f"depth must be one of {', '.join(map(str, UNITS))}, got {depth!r}; choose one of these.")
    block, stages = UNITS[depth]
    make_unit: Callable = basic_unit if block is basic_block else bottleneck_unit
    x = conv_bn(x, width, 7, strides=2, normalization=normalization, name="conv1")
    x = stem_pool(x, name="pool1_pool")
    outputs = []
    for stage, units in enumerate(stages):
        for unit in range(units):
            strides = 2 if stage and not unit else 1
            name = f"conv{stage + 2}_block{unit + 1}"
            x = make_unit(x, width * 2**stage, strides=strides, normalization=normalization, name=name)
            outputs.append(x)
    return pyramid(outputs)


def _shortcut(x, filters, strides, normalization, name):
    if strides == 1 and x.shape[-1] == filters:
        return x
    return conv_bn(x, filters, 1, strides=strides, relu=False, normalization=normalization, name=f"{name}_0")


def _sum_relu(shortcut, x, name):
    x = keras.layers.Add(name=f"{name}_sum")([shortcut, x])
    return keras.layers.ReLU(name=f"{name}_out")(x)
