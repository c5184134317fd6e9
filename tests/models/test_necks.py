"""Backbone, neck and head are chosen apart."""

import keras
import numpy as np
import pytest
from symmetries import mirrored

from models import (
    FORMS,
    NECKS,
    build_densenet,
    build_movenet,
    build_resnet,
    deconv_neck,
    exchange_neck,
    form_of,
    heatmap_head,
)
from models.necks import NECK_LAYERS


@pytest.mark.parametrize(
    ("neck", "head"), [*((neck, "heatmaps") for neck in NECKS), *(("narrow", head) for head in FORMS)]
)
def test_movenet_takes_every_neck_and_every_head(neck, head):
    net = build_movenet(0.25, 5, input_size=64, neck=NECKS[neck], head=FORMS[head].head)
    assert form_of(net) is FORMS[head]
    reads_fine_features = head in ("heatmaps", "integral")
    assert any(layer.name.startswith(NECK_LAYERS) for layer in net.layers) == (neck != "none" and reads_fine_features)


def test_without_a_neck_maps_are_made_of_the_finest_features():
    net = build_resnet(18, 3, input_size=64, width=4, neck=NECKS["none"], head=heatmap_head)
    maps = net.output["heatmap_logits"]
    assert maps.shape == (None, 16, 16, 3)
    assert net.get_layer("heatmap_conv").input is net.get_layer("conv2_block2_out").output


def test_the_narrow_neck_takes_four_levels():
    with pytest.raises(ValueError, match="the narrow neck takes features of 4 levels, got 2; choose another"):
        build_densenet((1, 1), 3, input_size=32, growth_rate=4, neck=NECKS["narrow"], head=heatmap_head)


def four_levels():
    return [keras.Input((16 >> level, 16 >> level, 4 << level)) for level in range(4)]


@pytest.mark.parametrize("neck", sorted(NECKS.keys() - {"none"}))
def test_mirrored_features_give_mirrored_features(neck):
    keras.utils.set_random_seed(0)
    levels = four_levels()
    # Convolutions of stride 2, by which more modules exchange, read cells that are not symmetric.
    net = keras.Model(levels, NECKS[neck](levels, **({"modules": 1} if neck == "exchange" else {}))[0])
    features = [np.random.default_rng(0).normal(size=(1, *x.shape[1:])).astype("float32") for x in levels]
    expected = np.asarray(net(features))[:, :, ::-1]
    found = np.asarray(mirrored(net)([x[:, :, ::-1] for x in features]))
    scale = np.ptp(found)
    assert found.shape[1:3] == (16, 16) and np.abs(found - found[:, :, ::-1]).max() > 0.3 * scale
    np.testing.assert_allclose(found, expected, atol=1e-5 * scale)


def test_deconvolutions_keep_the_place_of_each_cell():
    """A bilinear kernel enlarges a ramp to a ramp with the same edges."""
    x = keras.Input((6, 6, 1))
    net = keras.Model(x, deconv_neck([x], layers=1, filters=1)[0])
    along = np.array([0.25, 0.75, 0.75, 0.25])
    net.get_layer("deconv1_conv").set_weights([np.outer(along, along)[:, :, None, None]])
    net.get_layer("deconv1_bn").epsilon = 0.0
    ramp = np.tile(np.arange(6.0), (6, 1)).reshape(1, 6, 6, 1)
    found = np.asarray(net(ramp))[0, 2:-2, 2:-2, 0]
    np.testing.assert_allclose(found, np.tile((np.arange(2, 10) + 0.5) / 2 - 0.5, (8, 1)), atol=1e-6)


@pytest.mark.parametrize(("layers", "cells"), [(1, 4), (2, 8), (3, 16), (4, 32)])
def test_each_deconvolution_doubles_the_resolution(layers, cells):
    found, coarsest = deconv_neck(levels := four_levels(), layers=layers, filters=8)
    assert found.shape == (None, cells, cells, 8) and coarsest is levels[-1]


def test_necks_fit_levels_of_odd_size():
    levels = [keras.Input((side, side, 4)) for side in (17, 9, 5, 3)]
    for neck in (deconv_neck, exchange_neck):
        assert neck(levels)[0].shape[1:3] == (17, 17)


def test_an_exchange_may_be_the_last_alone():
    levels = four_levels()
    net = keras.Model(levels, exchange_neck(levels, modules=3, only_last=True)[0])
    assert [layer.name for layer in net.layers if "_sum_sum" in layer.name] == ["exchange_module3_sum_sum1"]


@pytest.mark.parametrize("size", ["modules", "units", "channels"])
def test_an_exchange_of_nothing_raises(size):
    with pytest.raises(ValueError, match="modules, units and channels must be 1 or more, got "):
        exchange_neck(four_levels(), **{size: 0})
