"""HRNet: published counts and maps, exchanges, what moves with the image, images learned by heart, errors."""

import re
from functools import partial
from pathlib import Path
from typing import get_args

import keras
import numpy as np
import pytest
from by_heart import JOINTS, SIZE, errors_after_training
from published_weights import set_published_weights
from symmetries import assert_maps_move, trained_parameters

from models import build_hrnet, build_movenet, exchange_neck, plain_heatmap_head
from models.exchange import exchange
from models.hrnet import EXCHANGES
from train.hrnet import Exchanges

VECTOR = Path(__file__).parent / "data/hrnet.npz"
SMALLEST = {"modules": (1, 1, 1), "units": 1}


@pytest.mark.slow
@pytest.mark.parametrize(("channels", "count"), [(32, 28_536_113), (48, 63_595_745)])
def test_published_parameter_counts(channels, count):
    net = build_hrnet(channels, 17, input_size=64)
    assert trained_parameters(net, without=["score_logits"]) == count
    assert net.output["heatmap_logits"].shape == (None, 16, 16, 17)


def published(name):
    """The published name of one of our layers."""
    kind = name.rsplit("_", 1)[-1]
    index = 0 if kind == "conv" else 1
    if name == "heatmap_logits":
        return "final_layer"
    if found := re.match(r"stem(\d)_", name):
        return f"{kind}{found[1]}"
    if found := re.match(r"stage(\d)_new(\d)_", name):
        stage, branch = map(int, found.groups())
        # That of a resolution that was there before is nested less.
        return f"transition{stage - 1}.{branch - 1}.{'0.' if branch == stage else ''}{index}"
    if found := re.match(r"stage(\d)_module(\d)_exchange_(\d)to(\d)_(?:(\d)_)?", name):
        stage, module, source, to, step = found.groups()
        place = f"{int(step) - 1}.{index}" if step else index
        return f"stage{stage}.{int(module) - 1}.fuse_layers.{int(to) - 1}.{int(source) - 1}.{place}"
    where, part = re.match(r"(.*)_(\d)_\w+$", name).groups()
    part = f"{kind}{part}" if part != "0" else f"downsample.{index}"
    if found := re.match(r"stage1_unit(\d)", where):
        return f"layer1.{int(found[1]) - 1}.{part}"
    stage, *places = map(int, re.match(r"stage(\d)_module(\d)_branch(\d)_unit(\d)$", where).groups())
    module, branch, unit = (place - 1 for place in places)
    return f"stage{stage}.{module}.branches.{branch}.{unit}.{part}"


def test_maps_are_those_of_the_released_code():
    """The vector's maps are of PoseHighResolutionNet of leoxiaobin/deep-high-resolution-net.pytorch.

    With 4, 8, 16 and 32 channels, 1, 2 and 2 modules of 2 basic blocks, 5 joints and the weights of `published_weight`,
    in evaluation, of images / 127.5 - 1.
    """
    vector = np.load(VECTOR)
    net = build_hrnet(4, 5, input_size=64, modules=(1, 2, 2), units=2)
    names = set_published_weights(net, published, own={"score_logits"})
    assert names == set(vector["names"])
    maps = net(vector["pictures"])["heatmap_logits"]
    # They are large: each exchange adds up to four resolutions.
    scale = np.ptp(vector["maps"])
    assert scale > 1
    np.testing.assert_allclose(maps, vector["maps"], atol=1e-6 * scale)


def test_maps_move_with_the_image():
    assert_maps_move(build_hrnet(4, 2, input_size=512, **SMALLEST), 512, 32, 8)


def sums(net):
    """The names of the layers that exchange resolutions."""
    return [layer.name for layer in net.layers if re.search(r"exchange_sum\d$", layer.name)]


def test_exchanges_can_be_left_out():
    names = {
        kind: sums(build_hrnet(4, 2, input_size=32, modules=(1, 2, 1), units=1, exchanges=kind)) for kind in EXCHANGES
    }
    stage2 = [f"stage2_module1_exchange_sum{branch}" for branch in (1, 2)]
    stage3 = [[f"stage3_module{module}_exchange_sum{branch}" for branch in (1, 2, 3)] for module in (1, 2)]
    last = ["stage4_module1_exchange_sum1"]
    assert {kind: sorted(found) for kind, found in names.items()} == {
        "all": [*stage2, *stage3[0], *stage3[1], *last],
        "across-stages": [*stage2, *stage3[1], *last],
        "last": last,
    }
    assert get_args(Exchanges) == EXCHANGES


def test_an_exchange_by_hand():
    """Two resolutions of one channel: the coarse one is repeated, the fine one convolved by ones with stride 2."""
    fine, coarse = keras.Input((4, 4, 1)), keras.Input((2, 2, 1))
    net = keras.Model([fine, coarse], exchange([fine, coarse], name="x"))
    for layer in net.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.epsilon = 0.0
        elif layer.weights:
            layer.set_weights([np.ones(weight.shape) for weight in layer.weights])
    values = np.arange(16.0).reshape(1, 4, 4, 1)
    found, reduced = net([values, np.array([100.0, 200, 300, -400]).reshape(1, 2, 2, 1)])
    np.testing.assert_allclose(
        found[0, ..., 0], [[100, 101, 202, 203], [104, 105, 206, 207], [308, 309, 0, 0], [312, 313, 0, 0]]
    )
    # Around the first cell there are 0, 1, 4 and 5; the sum of the last is negative.
    np.testing.assert_allclose(reduced[0, ..., 0], [[110, 224], [351, 0]])


@pytest.mark.slow
@pytest.mark.usefixtures("few_units")
@pytest.mark.graph
def test_eight_images_are_learned_by_heart():
    keras.utils.set_random_seed(0)
    net = build_movenet(0.25, JOINTS, input_size=SIZE, neck=partial(exchange_neck, modules=1), head=plain_heatmap_head)
    assert errors_after_training(net, 80)[0][""] < 2.0


def test_wrong_arguments_raise():
    with pytest.raises(ValueError, match="exchanges must be one of all, across-stages, last, got 'none'"):
        build_hrnet(4, 5, exchanges="none")
    with pytest.raises(ValueError, match=r"must be 1 or more, got 4, \(1, 0, 1\) and 4; the paper has 32 or 48"):
        build_hrnet(4, 5, modules=(1, 0, 1))
