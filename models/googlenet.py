"""GoogLeNet: Szegedy et al., "Going Deeper with Convolutions", arXiv 1409.4842."""

from typing import NamedTuple

import keras

from models.blocks import convolution
from models.normalization import local_response_normalization


class Inception(NamedTuple):
    """Channels of an inception module: a row of table 1."""

    one: int
    reduce3: int
    three: int
    reduce5: int
    five: int
    pool: int


#: The modules of the three resolutions, strides 8, 16 and 32.
INCEPTIONS = (
    (("3a", Inception(64, 96, 128, 16, 32, 32)), ("3b", Inception(128, 128, 192, 32, 96, 64))),
    (
        ("4a", Inception(192, 96, 208, 16, 48, 64)),
        ("4b", Inception(160, 112, 224, 24, 64, 64)),
        ("4c", Inception(128, 128, 256, 24, 64, 64)),
        ("4d", Inception(112, 144, 288, 32, 64, 64)),
        ("4e", Inception(256, 160, 320, 32, 128, 128)),
    ),
    (("5a", Inception(256, 160, 320, 32, 128, 128)), ("5b", Inception(384, 192, 384, 48, 128, 128))),
)


def googlenet(x) -> list:
    """Build the backbone, without the two classifiers in its middle that helped to train it.

    Args:
        x: Images (B, H, W, C), scaled to [-1, 1], of any number of channels.

    Returns:
        Features at stride 32, (B, ceil(H / 32), ceil(W / 32), 1024), as the only level.
    """
    x = _conv_relu(x, 64, 7, strides=2, name="conv1")
    x = local_response_normalization(keras.layers.MaxPooling2D(3, 2, "same", name="pool1")(x))
    x = _conv_relu(_conv_relu(x, 64, 1, name="conv2_reduce"), 192, 3, name="conv2")
    x = local_response_normalization(x)
    for level, modules in enumerate(INCEPTIONS, 2):
        x = keras.layers.MaxPooling2D(3, 2, "same", name=f"pool{level}")(x)
        for name, channels in modules:
            x = inception(x, channels, name=f"inception{name}")
    return [x]


def inception(x, channels: Inception, *, name: str):
    """Concatenate convolutions of 1 x 1, 3 x 3 and 5 x 5 and a pooling (figure 2b)."""
    one = _conv_relu(x, channels.one, 1, name=f"{name}_1")
    three = _conv_relu(x, channels.reduce3, 1, name=f"{name}_3_reduce")
    three = _conv_relu(three, channels.three, 3, name=f"{name}_3")
    five = _conv_relu(x, channels.reduce5, 1, name=f"{name}_5_reduce")
    five = _conv_relu(five, channels.five, 5, name=f"{name}_5")
    pool = keras.layers.MaxPooling2D(3, 1, "same", name=f"{name}_pool")(x)
    pool = _conv_relu(pool, channels.pool, 1, name=f"{name}_pool_conv")
    return keras.layers.Concatenate(name=f"{name}_out")([one, three, five, pool])


def _conv_relu(x, filters: int, kernel_size: int, *, strides: int = 1, name: str):
    x = convolution(x, filters, kernel_size, strides=strides, use_bias=True, name=name)
    return keras.layers.ReLU(name=f"{name}_relu")(x)
