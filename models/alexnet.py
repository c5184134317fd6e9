"""AlexNet as DeepPose has it: Toshev and Szegedy, arXiv 1312.4659, section 3.1."""

from typing import Any

import keras

from models.blocks import Normalization, convolution
from models.forms.coordinates import point_layer
from models.forms.scores import score_head
from models.normalization import local_response_normalization

#: Units of the two fully connected layers, and the share of them that dropout leaves out.
UNITS, DROPOUT = 4096, 0.6


def alexnet(x) -> list:
    """Build the convolutions: C(96)-LRN-P-C(256)-LRN-P-C(384)-C(384)-C(256)-P.

    Args:
        x: Images (B, H, W, 3), scaled to [-1, 1].

    Returns:
        Features (B, h, w, 256) as the only level; 6 x 6 cells for images of 220 px.
    """
    x = _conv_relu(x, 96, 11, strides=4, name="conv1")
    x = keras.layers.MaxPooling2D(3, 2, name="pool1")(local_response_normalization(x))
    x = _conv_relu(x, 256, 5, name="conv2")
    x = keras.layers.MaxPooling2D(3, 2, name="pool2")(local_response_normalization(x))
    for number, filters in ((3, 384), (4, 384), (5, 256)):
        x = _conv_relu(x, filters, 3, name=f"conv{number}")
    return [keras.layers.MaxPooling2D(3, 2, name="pool5")(x)]


def dense_coordinate_head(
    features: list, num_joints: int, *, normalization: Normalization | None = None, prefix: str = ""
) -> dict[str, Any]:
    """Regress the joints' coordinates through two fully connected layers; outputs as of `coordinate_head`."""
    x = keras.layers.Flatten(name=f"{prefix}coordinates_flat")(features[-1])
    for number in (1, 2):
        x = keras.layers.Dense(
            UNITS, activation="relu", kernel_initializer="he_normal", name=f"{prefix}coordinates_full{number}"
        )(x)
        x = keras.layers.Dropout(DROPOUT, name=f"{prefix}coordinates_dropout{number}")(x)
    x = keras.ops.cast(x, "float32")
    return {
        "coordinates": point_layer(x, num_joints, prefix=prefix),
        "score_logits": score_head(x, num_joints, prefix=prefix),
    }


def _conv_relu(x, filters: int, kernel_size: int, *, strides: int = 1, name: str):
    x = convolution(x, filters, kernel_size, strides=strides, use_bias=True, name=name)
    return keras.layers.ReLU(name=f"{name}_relu")(x)
