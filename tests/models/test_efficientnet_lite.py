"""EfficientNet-Lite: counts as published, rounding of channels, resolutions, errors."""

import keras
import pytest

from models import build_efficientnet_lite, efficientnet_lite
from models.efficientnet_lite import scaled_filters

# With classifier, in millions: github.com/tensorflow/tpu, models/official/efficientnet/lite; 0 to one more digit.
PUBLISHED_MILLIONS = {0: 4.652, 1: 5.4, 2: 6.1, 3: 8.2, 4: 13.0}
_LAST_FILTERS, _CLASSES = 1280, 1000


@pytest.mark.parametrize("scale", [0, 4])
def test_trained_weights_are_as_many_as_published(scale):
    pictures = keras.Input((64, 64, 3))
    net = keras.Model(pictures, efficientnet_lite(pictures, scale))
    ours = sum(int(keras.ops.size(weight)) for weight in net.trainable_weights)
    # The backbone lacks the layers that only the classifier needs.
    classifier = (net.outputs[-1].shape[-1] + 2) * _LAST_FILTERS + (_LAST_FILTERS + 1) * _CLASSES
    digits = 3 if scale == 0 else 1
    assert round((ours + classifier) / 1e6, digits) == PUBLISHED_MILLIONS[scale]


def test_features_halve_from_stride_four():
    pictures = keras.Input((65, 65, 3))
    features = efficientnet_lite(pictures, 0)
    assert [tuple(x.shape[1:]) for x in features] == [(17, 17, 24), (9, 9, 40), (5, 5, 112), (3, 3, 320)]


@pytest.mark.parametrize(("filters", "width", "scaled"), [(24, 1.0, 24), (24, 1.1, 24), (40, 1.4, 56), (10, 1.1, 16)])
def test_channels_are_rounded_to_multiples_of_eight_by_less_than_a_tenth_down(filters, width, scaled):
    assert scaled_filters(filters, width) == scaled


def test_wrong_arguments_raise():
    with pytest.raises(ValueError, match="scale must be one of 0, 1, 2, 3, 4, got 5; choose one of these"):
        build_efficientnet_lite(5, 14)
    with pytest.raises(ValueError, match="input_size must be at least 32 px.*efficientnet_lite0.*got 31"):
        build_efficientnet_lite(0, 14, input_size=31)
