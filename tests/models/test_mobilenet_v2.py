"""MobileNetV2: the numbers of Keras' own with the same weights, resolutions, errors."""

import keras
import numpy as np
import pytest

from models import build_mobilenet_v2, mobilenet_v2


@pytest.mark.slow
@pytest.mark.parametrize("width", [0.5, 1.0])
def test_features_are_those_of_keras_own_net(width):
    theirs = keras.applications.MobileNetV2((64, 64, 3), alpha=width, include_top=False, weights=None)
    rng = np.random.default_rng(0)
    for layer in theirs.layers:
        # Statistics unlike a fresh layer's, so that swapped means and variances would show.
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.set_weights([rng.uniform(0.5, 1.5, weight.shape) for weight in layer.weights])
    pictures = keras.Input((64, 64, 3))
    ours = keras.Model(pictures, mobilenet_v2(pictures, width))
    ours.set_weights(theirs.get_weights())
    batch = rng.uniform(-1, 1, (2, 64, 64, 3)).astype("float32")
    expected = keras.ops.convert_to_numpy(theirs(batch))
    assert expected.std() > 0.01
    np.testing.assert_allclose(keras.ops.convert_to_numpy(ours(batch)[-1]), expected, rtol=1e-4, atol=1e-4)


def test_features_halve_from_stride_four():
    pictures = keras.Input((65, 65, 3))
    features = mobilenet_v2(pictures, 1.75)
    assert [tuple(x.shape[1:]) for x in features] == [(17, 17, 40), (9, 9, 56), (5, 5, 168), (3, 3, 1280)]
    assert mobilenet_v2(pictures, 1.75, last_filters=0)[-1].shape == (None, 3, 3, 560)


def test_wrong_arguments_raise():
    with pytest.raises(ValueError, match="width must be above 0, got 0; 1.0 is the published net"):
        build_mobilenet_v2(0, 14)
    with pytest.raises(ValueError, match="input_size must be at least 32 px.*mobilenet_v2_0.5.*got 31"):
        build_mobilenet_v2(0.5, 14, input_size=31)
