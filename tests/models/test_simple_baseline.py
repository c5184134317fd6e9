"""Simple Baselines: published counts and maps, what moves with the image, images learned by heart, errors."""

import re
from functools import partial
from pathlib import Path

import keras
import numpy as np
import pytest
from by_heart import JOINTS, SIZE, errors_after_training
from published_weights import set_published_weights
from symmetries import assert_maps_move, trained_parameters

from models import build_movenet, build_simple_baseline, deconv_neck, form_of, plain_heatmap_head
from models.post_activation import MOMENTUM

VECTOR = Path(__file__).parent / "data/simple_baseline.npz"
few_filters = partial(deconv_neck, filters=16)


@pytest.mark.slow
@pytest.mark.parametrize(("depth", "count"), [(50, 33_999_697), (101, 52_991_825), (152, 68_635_473)])
def test_published_parameter_counts(depth, count):
    net = build_simple_baseline(depth, 17, input_size=64)
    assert trained_parameters(net, without=["score_logits"]) == count
    assert net.output["heatmap_logits"].shape == (None, 16, 16, 17)


def published(name):
    """The published name of one of our layers."""
    kind = name.rsplit("_", 1)[-1]
    if name == "heatmap_logits":
        return "final_layer"
    if name.startswith("conv1_"):
        return f"{kind}1"
    if found := re.match(r"deconv(\d)_", name):
        return f"deconv_layers.{3 * int(found[1]) - (3 if kind == 'conv' else 2)}"
    stage, unit, part = map(int, re.match(r"conv(\d)_block(\d+)_(\d)_", name).groups())
    part_name = f"{kind}{part}" if part else f"downsample.{0 if kind == 'conv' else 1}"
    return f"layer{stage - 1}.{unit - 1}.{part_name}"


def test_maps_are_those_of_the_released_code():
    """The vector's maps are of PoseResNet(Bottleneck, [2, 2, 2, 2], ...) of microsoft/human-pose-estimation.pytorch.

    With 3 deconvolutions of 16 filters, 5 joints and the weights of `published_weight`, in evaluation, of images
    / 127.5 - 1.
    """
    vector = np.load(VECTOR)
    net = build_simple_baseline(26, 5, input_size=64, neck=few_filters)
    names = set_published_weights(net, published, own={"score_logits"})
    assert names == set(vector["names"])
    maps = net(vector["pictures"])["heatmap_logits"]
    assert np.ptp(vector["maps"]) > 1
    np.testing.assert_allclose(maps, vector["maps"], atol=1e-4)


def test_maps_move_with_the_image():
    net = build_simple_baseline(10, 2, input_size=384, width=4, neck=partial(deconv_neck, filters=8))
    assert_maps_move(net, 384, 32, 8)


def test_the_published_nets_momentum():
    net = build_simple_baseline(10, 2, input_size=32, width=4, neck=few_filters)
    layers = [layer for layer in net.layers if isinstance(layer, keras.layers.BatchNormalization)]
    assert {layer.momentum for layer in layers} == {MOMENTUM} == {0.9}
    assert form_of(net).name == "heatmaps"


@pytest.mark.slow
@pytest.mark.usefixtures("few_units")
@pytest.mark.graph
def test_eight_images_are_learned_by_heart():
    keras.utils.set_random_seed(0)
    net = build_movenet(0.25, JOINTS, input_size=SIZE, neck=few_filters, head=plain_heatmap_head)
    assert errors_after_training(net, 80)[0][""] < 2.0


def test_wrong_arguments_raise():
    with pytest.raises(ValueError, match="depth must be one of 10, 18, .*, got 20; choose one of these"):
        build_simple_baseline(20, 5)
    with pytest.raises(ValueError, match="got 0, 256 and 4; the paper has 3, 256 and 4"):
        build_simple_baseline(10, 5, input_size=32, width=4, neck=partial(deconv_neck, layers=0))
