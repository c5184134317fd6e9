"""Who walks there, from joints in time: convolutions over time as in Pavllo et al. (arXiv 1811.11742), over a walk.

GaitGraph (arXiv 2101.11228) and GaitTR (arXiv 2204.03873) learn the same from the same input by graphs and attention.
"""

from __future__ import annotations

from collections.abc import Sequence

import keras
from keras import ops

#: Channels of the blocks; each looks twice as far as the one before it.
CHANNELS, EMBEDDING = (128, 128, 256), 128
_KERNEL, _SLOPE = 3, 0.01


def build_gait_joints(
    channels: Sequence[int] = CHANNELS,
    *,
    joints: int = 19,
    axes: int = 2,
    embedding: int = EMBEDDING,
    name: str = "gait_joints",
) -> keras.Model:
    """Build the net: 580 608 parameters.

    Their places and how they move from frame to frame go through convolutions over time, block by block twice as far;
    the mean and the maximum over the walk, each by itself, are made into a description.

    Args:
        channels: Channels of the blocks.
        joints: Number of joints.
        axes: 2 for joints in an image, 3 for those in space.
        embedding: Numbers of each of the two descriptions.
        name: Name of the model.

    Returns:
        A model from joints (B, F, joints, axes) float32, about the hips and divided by the person's height, to "parts"
        (B, 2, embedding) float32; of the same walker they are near one another.
    """
    inputs = keras.Input((None, joints, axes), name="joints")
    x = keras.layers.Reshape((-1, axes * joints))(inputs)
    moves = ops.pad(x[:, 1:] - x[:, :-1], ((0, 0), (1, 0), (0, 0)))
    x = keras.layers.Concatenate()([x, 10.0 * moves])
    for i, filters in enumerate(channels):
        x = _block(x, filters, 2**i, name=f"block{i + 1}")
    both = ops.stack([ops.mean(x, axis=1), ops.max(x, axis=1)], axis=1)
    shape = (2, embedding)
    outputs = keras.layers.EinsumDense("bpc,pcd->bpd", shape, dtype="float32", name="parts")(both)
    return keras.Model(inputs, {"parts": outputs}, name=name)


def _block(x, filters: int, dilation: int, *, name: str):
    """Convolve (B, F, C) over time twice, with a shortcut."""
    shortcut = x if x.shape[-1] == filters else keras.layers.Dense(filters, use_bias=False, name=f"{name}_shortcut")(x)
    for i in (1, 2):
        x = keras.layers.Conv1D(filters, _KERNEL, padding="same", dilation_rate=dilation, name=f"{name}_conv{i}")(x)
        x = keras.layers.LeakyReLU(_SLOPE, name=f"{name}_relu{i}")(x)
    return x + shortcut
