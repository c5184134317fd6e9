"""Normalizations: a batch normalization that trains faster on TensorFlow, and the local one of older nets."""

import keras
from keras import ops

from models.private_keras import weights_named_as


@weights_named_as(keras.layers.BatchNormalization)
@keras.saving.register_keras_serializable("panopose")
class FusedBatchNormalization(keras.layers.BatchNormalization):
    """Batch normalization (arXiv 1502.03167) by TensorFlow's fused kernel where it applies.

    `keras.layers.BatchNormalization` trains by a dozen elementwise operations, each of which reads all features. On the
    TensorFlow backend, training on float32 or bfloat16 features (B, H, W, C), this layer calls the one kernel made for
    it; otherwise (inference, other backends, masks, other ranks, `renorm`, `synchronized`) it is the plain layer.
    Results, weights and arguments are those of the plain layer, and weight files fit either way.
    """

    def call(self, inputs, training=None, mask=None):
        """Normalize `inputs`, by the batch's statistics if `training`, else by the moving ones."""
        if training and self.trainable and mask is None and self._can_fuse(inputs):
            return self._fused(inputs)
        return super().call(inputs, training=training, mask=mask)

    def _can_fuse(self, inputs):
        return (
            keras.backend.backend() == "tensorflow"
            and len(inputs.shape) == 4
            and self.axis in (-1, 3)
            and keras.backend.standardize_dtype(inputs.dtype) in ("float32", "bfloat16")
            and not getattr(self, "renorm", False)  # Keras before 3.14 has none.
            and not self.synchronized
        )

    def _fused(self, inputs):
        # Imported only here, so that models train on other backends where TensorFlow is not installed.
        import tensorflow as tf

        channels = inputs.shape[-1]
        # The kernel keeps scale, offset and statistics in float32 also for bfloat16 features.
        outputs, mean, variance, *_ = tf.raw_ops.FusedBatchNormV3(
            x=inputs,
            scale=self.gamma if self.scale else tf.ones([channels]),
            offset=self.beta if self.center else tf.zeros([channels]),
            mean=tf.zeros([0]),
            variance=tf.zeros([0]),
            epsilon=self.epsilon,
            is_training=True,
        )
        # The kernel reports the variance over n - 1 values; the plain layer averages the one over n.
        count = tf.cast(tf.size(inputs, out_type=tf.int64) // channels, "float32")
        variance *= (count - 1.0) / count
        kept = self.momentum
        self.moving_mean.assign(self.moving_mean * kept + mean * (1.0 - kept))
        self.moving_variance.assign(self.moving_variance * kept + variance * (1.0 - kept))
        return keras.ops.cast(outputs, self.compute_dtype)


def plain_copy(net: keras.Model) -> keras.Model:
    """Copy a net, with its weights, into float32 and Keras' own layers.

    Args:
        net: Functional model of Keras layers and `FusedBatchNormalization`, under any dtype policy.

    Returns:
        An uncompiled model with the same structure, names and weights.
    """

    def plain_layer(layer):
        config = layer.get_config()
        if isinstance(layer, keras.Layer):
            config["dtype"] = "float32"
        if isinstance(layer, FusedBatchNormalization):
            return keras.layers.BatchNormalization.from_config(config)
        return layer.__class__.from_config(config)

    # A model around the same graph, because cloning a compiled one would recompile it with its losses.
    uncompiled = keras.Model(net.input, net.output, name=net.name)
    copy = keras.models.clone_model(uncompiled, clone_function=plain_layer, recursive=True)
    copy.set_weights(net.get_weights())
    return copy


def local_response_normalization(x, *, size: int = 5, alpha: float = 1e-4, beta: float = 0.75):
    """Divide each value by a power of the sum of squares over the channels near it: AlexNet, section 3.3.

    Args:
        x: Features (B, H, W, C).
        size: Number of neighboring channels n, odd.
        alpha: Factor of their mean square, as in Caffe, where the paper has that of the sum.
        beta: The power.

    Returns:
        x / (1 + alpha / n * sum of the squares of n channels) ** beta.
    """
    reach = size // 2
    squares = ops.pad(ops.square(x), [[0, 0], [0, 0], [0, 0], [reach, reach]])
    total = sum(squares[..., i : i + x.shape[-1]] for i in range(size))
    return x / (1.0 + alpha / size * total) ** beta
