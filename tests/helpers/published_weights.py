"""Weights that a public implementation and ours can both compute, so that a test vector needs no weights."""

import zlib
from collections.abc import Callable

import keras
import numpy as np


def published_weight(name: str, shape: tuple[int, ...]) -> np.ndarray:
    """The weight of a PyTorch net's `state_dict` by its name: uniform, seeded by the name, of a fixed stream of NumPy.

    Kernels keep the variance of what they convolve, scales and variances lie between 0.5 and 1.5, the rest between -0.2
    and 0.2.
    """
    values = np.random.RandomState(zlib.crc32(name.encode())).uniform(-1.0, 1.0, shape)
    if len(shape) == 4:
        return (values * np.sqrt(3 / np.prod(shape[1:]))).astype("float32")
    positive = name.endswith((".weight", ".running_var"))
    return (1.0 + 0.5 * values if positive else 0.2 * values).astype("float32")


def set_published_weights(net: keras.Model, published: Callable[[str], str], own: set[str]) -> set[str]:
    """Gives a net the weights of the published one, and returns their names.

    Args:
        net: changed in place.
        published: from the name of a convolution or normalization of ours to the prefix of its weights' names.
        own: layers that the published net lacks.
    """
    names = set()
    for layer in net.layers:
        if not layer.weights or layer.name in own:
            continue
        prefix = published(layer.name)
        if isinstance(layer, keras.layers.BatchNormalization):
            kinds = ("weight", "bias", "running_mean", "running_var")
        else:
            kinds = ("weight", "bias")[: len(layer.weights)]
        values = []
        for kind, weight in zip(kinds, layer.weights, strict=True):
            # Kernels are (out, in, h, w) there and (h, w, in, out) here; of transposed convolutions in and out swap.
            transposed = (3, 2, 0, 1) if len(weight.shape) == 4 else (0,)
            value = published_weight(f"{prefix}.{kind}", tuple(weight.shape[axis] for axis in transposed))
            values.append(value.transpose(2, 3, 1, 0) if value.ndim == 4 else value)
            names.add(f"{prefix}.{kind}")
        layer.set_weights(values)
    return names
