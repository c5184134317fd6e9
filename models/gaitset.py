"""GaitSet: who walks there, from a set of silhouettes. Chao et al., arXiv 1811.06186."""

from collections.abc import Sequence

import keras
from keras import ops

#: Channels of the three blocks, parts of the pyramid, and numbers that describe each part.
CHANNELS, PARTS, EMBEDDING = (32, 64, 128), (16, 8, 4, 2, 1), 256
_SLOPE = 0.01


def build_gaitset(
    channels: Sequence[int] = CHANNELS,
    *,
    size: tuple[int, int] = (64, 44),
    parts: Sequence[int] = PARTS,
    embedding: int = EMBEDDING,
    name: str = "gaitset",
) -> keras.Model:
    """Build the net: 2 594 592 parameters.

    The frames are a set: their order and number do not matter. Convolutions see each by itself, and the maximum over
    all is taken after every block; the maxima have blocks of their own, the paper's multilayer global pipeline.

    Args:
        channels: Channels of the three blocks.
        size: (height, width) of the silhouettes in pixels, multiples of 4.
        parts: Numbers of horizontal strips that the last features are cut into, each a divisor of height / 4.
        embedding: Numbers that describe a strip.
        name: Name of the model.

    Returns:
        A model from silhouettes (B, F, height, width), uint8 or float 0..255, to "parts" (B, P, embedding) float32, for
        P = 2 * sum(parts); of the same walker they are near one another.

    Raises:
        ValueError: If the size is no multiple of 4, or cannot be cut so.
    """
    if any(side % 4 for side in size):
        raise ValueError(f"size must be multiples of 4, got {size}; the published net has 64 x 44")
    if any((size[0] // 4) % count for count in parts):
        raise ValueError(f"parts must divide {size[0] // 4} rows of features, got {tuple(parts)}")
    inputs = keras.Input((None, *size), name="silhouettes")
    x = keras.layers.Rescaling(1 / 255)(inputs)
    x = keras.layers.Reshape((-1, *size, 1))(x)
    x = _block(x, channels[0], (5, 3), pool=True, name="block1")
    whole = _block(_maximum(x), channels[1], (3, 3), pool=True, name="set_block2")
    x = _block(x, channels[1], (3, 3), pool=True, name="block2")
    whole = _block(whole + _maximum(x), channels[2], (3, 3), pool=False, name="set_block3")
    x = _maximum(_block(x, channels[2], (3, 3), pool=False, name="block3"))
    strips = [_strips(one, count) for one in (x, whole + x) for count in parts]
    x = keras.layers.Concatenate(axis=1)(strips)
    shape = (2 * sum(parts), embedding)
    outputs = keras.layers.EinsumDense("bpc,pcd->bpd", shape, dtype="float32", name="parts")(x)
    return keras.Model(inputs, {"parts": outputs}, name=name)


def _block(x, filters: int, kernels: Sequence[int], *, pool: bool, name: str):
    """Convolve each frame of (B, F, H, W, C) by itself; a kernel one frame long leaves the number of frames open."""
    for i, size in enumerate(kernels, 1):
        x = keras.layers.Conv3D(filters, (1, size, size), padding="same", use_bias=False, name=f"{name}_conv{i}")(x)
        x = keras.layers.LeakyReLU(_SLOPE, name=f"{name}_relu{i}")(x)
    return keras.layers.MaxPooling3D((1, 2, 2), name=f"{name}_pool")(x) if pool else x


def _maximum(x):
    """The maximum over the set, as a set of one."""
    return ops.max(x, axis=1, keepdims=True)


def _strips(x, count: int):
    """The mean plus the maximum of each of `count` horizontal strips of (B, 1, h, w, C): (B, count, C)."""
    _, _, height, width, channels = x.shape
    x = keras.layers.Reshape((count, height // count * width, channels))(x)
    return ops.mean(x, axis=2) + ops.max(x, axis=2)


def triplet_loss(people, parts, margin: float = 0.2):
    """Take the loss of all triplets: somebody's walk is to be nearer to their own walks than to others' by a margin.

    Args:
        people: Int (B,) or (B, 1), who walks.
        parts: Float (B, P, C), the outputs of `build_gaitset`.
        margin: The least difference of the distances.

    Returns:
        The mean over the triplets that do not keep the margin, of each part, averaged over the parts; 0 if all do.
    """
    people = ops.reshape(people, (-1,))
    same = people[:, None] == people[None, :]
    alike = ops.logical_and(same, ops.logical_not(ops.eye(ops.shape(people)[0], dtype="bool")))
    apart = distances(parts)
    excess = margin + apart[:, :, :, None] - apart[:, :, None, :]
    valid = ops.logical_and(alike[:, :, None], ops.logical_not(same)[:, None, :])
    excess = ops.where(valid[None], ops.maximum(excess, 0.0), 0.0)
    count = ops.sum(ops.cast(excess > 0, "float32"), axis=(1, 2, 3))
    return ops.mean(ops.sum(excess, axis=(1, 2, 3)) / ops.maximum(count, 1.0))


def distances(parts):
    """Euclidean distances (P, B, B) between the walks of (B, P, C), of each part by itself."""
    parts = ops.transpose(parts, (1, 0, 2))
    square = ops.sum(parts**2, axis=2)
    product = ops.matmul(parts, ops.transpose(parts, (0, 2, 1)))
    # The root has no gradient at 0.
    return ops.sqrt(ops.maximum(square[:, :, None] + square[:, None, :] - 2 * product, 1e-12))
