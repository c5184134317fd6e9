"""Code that depends on Keras internals, which is why requirements.txt pins Keras."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras


def weights_named_as(other: type[keras.Layer]) -> Callable[[type[keras.Layer]], type[keras.Layer]]:
    """Class decorator: weights files of one layer class load into nets with another.

    Keras stores weights under the snake-case name of each layer's class, numbered within its net.

    Args:
        other: the class whose name is taken. Put the decorator above `keras.saving.register_keras_serializable`, which
            registers the class under its own name.
    """

    def rename(layer: type[keras.Layer]) -> type[keras.Layer]:
        layer.__name__ = other.__name__
        return layer

    return rename


class AdamWOfSummedGradients(keras.optimizers.AdamW):
    """AdamW for a `tf.distribute` strategy that takes gradients already summed over the replicas.

    `keras.optimizers.AdamW` sums them itself, after it has clipped each replica's own.
    """

    def _all_reduce_sum_gradients(self, grads_and_vars: Any) -> Any:
        return list(grads_and_vars)
