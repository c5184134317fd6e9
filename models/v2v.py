"""V2V-PoseNet: Moon et al., "V2V-PoseNet: Voxel-to-Voxel Prediction Network", arXiv 1711.07399."""

from typing import Any

import keras
from keras import ops

from models.blocks import Head, Normalization
from models.depth import depth_net
from models.forms.volumes import CELLS, occupancy, volume_head

#: The layers' channels: the stem's, the residual blocks', the encoder's.
_STEM, _BLOCKS, _ENCODER = 16, 32, (64, 128)


def v2v(x, *, width: float = 1.0, normalization: Normalization = keras.layers.BatchNormalization):
    """Build the net of 3D convolutions: a stem, an encoder and decoder with skips, two layers of 1 x 1 x 1.

    Args:
        x: Occupancy (B, 2 N, 2 N, 2 N, 1).
        width: Share of the published channels.
        normalization: Called as `normalization(epsilon=..., name=...)` for each normalization layer.

    Returns:
        Features (B, N, N, N, 32 x width).
    """
    stem, blocks = round(width * _STEM), round(width * _BLOCKS)
    encoder = [round(width * filters) for filters in _ENCODER]

    def block(x, filters: int, kernel: int, name: str):
        x = keras.layers.Conv3D(filters, kernel, padding="same", kernel_initializer="he_normal", name=f"{name}_conv")(x)
        return keras.layers.ReLU(name=f"{name}_relu")(normalization(epsilon=1e-5, name=f"{name}_bn")(x))

    def residual(x, filters: int, name: str):
        shortcut = x
        if x.shape[-1] != filters:
            shortcut = keras.layers.Conv3D(filters, 1, kernel_initializer="he_normal", name=f"{name}_skip_conv")(x)
            shortcut = normalization(epsilon=1e-5, name=f"{name}_skip_bn")(shortcut)
        x = block(x, filters, 3, f"{name}_1")
        x = keras.layers.Conv3D(filters, 3, padding="same", kernel_initializer="he_normal", name=f"{name}_2_conv")(x)
        x = normalization(epsilon=1e-5, name=f"{name}_2_bn")(x)
        return keras.layers.ReLU(name=f"{name}_relu")(x + shortcut)

    def upsampled(x, filters: int, name: str):
        x = keras.layers.Conv3DTranspose(filters, 2, strides=2, kernel_initializer="he_normal", name=f"{name}_conv")(x)
        return keras.layers.ReLU(name=f"{name}_relu")(normalization(epsilon=1e-5, name=f"{name}_bn")(x))

    x = keras.layers.MaxPooling3D(2, name="stem_pool")(block(x, stem, 7, "stem"))
    for number in (1, 2, 3):
        x = residual(x, blocks, f"front{number}")
    skip1 = residual(x, blocks, "skip1")
    x = residual(keras.layers.MaxPooling3D(2, name="encoder1_pool")(x), encoder[0], "encoder1")
    skip2 = residual(x, encoder[0], "skip2")
    x = residual(keras.layers.MaxPooling3D(2, name="encoder2_pool")(x), encoder[1], "encoder2")
    x = residual(residual(x, encoder[1], "middle"), encoder[1], "decoder2")
    x = residual(upsampled(x, encoder[0], "up2") + skip2, encoder[0], "decoder1")
    x = residual(upsampled(x, blocks, "up1") + skip1, blocks, "back")
    return block(block(x, blocks, 1, "last1"), blocks, 1, "last2")


def build_v2v(
    num_joints: int,
    *,
    cells: int = CELLS,
    width: float = 1.0,
    input_size: int = 128,
    head: Head = volume_head,
    normalization: Normalization = keras.layers.BatchNormalization,
    name: str = "v2v",
) -> keras.Model:
    """Build V2V-PoseNet behind a depth image, which it sees as voxels of a cube about the person.

    With 15 joints and 44 cells it is the published net of 3 410 255 parameters.

    Args:
        num_joints: Number of joints J.
        cells: Cells N of the joints' volumes along an edge, a multiple of 4; the net sees twice as many.
        width: Share of the published channels.
        input_size: Side S of the square image in pixels.
        head: Function from features and number of joints to named outputs.
        normalization: Called as `normalization(epsilon=..., name=...)` for each normalization layer.
        name: Name of the model.

    Returns:
        A model as of `models.depth.depth_net`, with "volume_logits" (B, N, N, N, J).

    Raises:
        ValueError: If a number is too small, or `cells` is no multiple of 4.
    """
    if cells < 4 or cells % 4:
        raise ValueError(f"cells must be a multiple of 4, got {cells}; the paper has 44")

    def outputs_of(image: Any, camera: Any, body: Any) -> dict[str, Any]:
        x = ops.expand_dims(occupancy(image, camera, body, 2 * cells), axis=-1)
        return head([v2v(x, width=width, normalization=normalization)], num_joints)

    return depth_net(outputs_of, num_joints, input_size=input_size, smallest=32, name=name)
