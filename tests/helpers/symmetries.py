"""What shows half-pixel mistakes: nets whose kernels are mirrored, applied to mirrored images."""

import keras
import numpy as np


def mirrored(net):
    """A copy of a net whose kernels are mirrored; where images and padding are symmetric, so are its maps."""
    copy = keras.models.clone_model(net)
    # The kernels of convolutions are the weights of four dimensions.
    copy.set_weights([np.flip(weight, 1) if weight.ndim == 4 else weight for weight in net.get_weights()])
    return copy


def trained_parameters(net, *, without=()):
    """How many weights gradients train, without those of some layers."""
    left_out = {id(weight) for name in without for weight in net.get_layer(name).weights}
    return sum(int(np.prod(weight.shape)) for weight in net.trainable_weights if id(weight) not in left_out)


def random_weights(net, seed=0):
    """Sets random statistics and offsets of normalization, which a new net has not."""
    random = np.random.default_rng(seed)
    for layer in net.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.set_weights([random.uniform(0.7, 1.3, weight.shape) for weight in layer.get_weights()])
