"""Compares our backbones with those of keras.applications."""

import keras
import numpy as np


def assert_same_output_with_their_weights(ours, theirs, *, seed):
    """Copies weights over by layer name, with random normalization statistics, and compares outputs at 32 px."""
    rng = np.random.default_rng(seed)
    for layer in theirs.layers:
        if layer.weights:
            if isinstance(layer, keras.layers.BatchNormalization):
                layer.set_weights([rng.uniform(0.5, 1.5, w.shape) for w in layer.weights])
            ours.get_layer(layer.name).set_weights(layer.get_weights())
    pictures = rng.uniform(-1, 1, (2, 32, 32, 3)).astype("float32")
    expected = keras.ops.convert_to_numpy(theirs(pictures))
    assert expected.std() > 0.1
    np.testing.assert_allclose(keras.ops.convert_to_numpy(ours(pictures)), expected, atol=1e-4, rtol=0)
