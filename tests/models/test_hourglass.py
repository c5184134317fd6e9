"""Stacked hourglasses: parameter counts, the released PyTorch code, symmetries, images learned by heart, errors."""

from pathlib import Path

import keras
import numpy as np
import pytest
from by_heart import errors_after_training
from symmetries import mirrored, random_weights, trained_parameters

from models import build_hourglass, build_hourglass_light, form_of, inference_model, stages_of
from models.blocks import SCORES

#: From `princeton-vl/pytorch_stacked_hourglass`, BSD-3, commit ceedc14: `PoseNet(nstack=2, inp_dim=16, oup_dim=3)` with
#: random weights, one image and the maps of both stacks. Its Torch ancestor computes the same; the PyTorch code also
#: has unused shortcuts, which are left out here.
VECTOR = Path(__file__).parent / "data/hourglass.npz"


def by_hand(stacks, joints, filters=256):
    """Trained parameters, by the paper's layers."""

    def conv(size, before, after):
        return size * size * before * after + after

    def residual(before, after):
        half = after // 2
        inside = 2 * before + conv(1, before, half) + 2 * half + conv(3, half, half) + 2 * half + conv(1, half, after)
        return inside + (conv(1, before, after) if before != after else 0)

    stem = conv(7, 3, 64) + 2 * 64 + residual(64, 128) + residual(128, 128) + residual(128, filters)
    # Four levels of three blocks, one at the bottom and one after the hourglass.
    stack = 14 * residual(filters, filters) + conv(1, filters, filters) + 2 * filters + conv(1, filters, joints)
    return stem + stacks * stack + (stacks - 1) * (conv(1, filters, filters) + conv(1, joints, filters))


def test_parameter_counts():
    counts = {stacks: by_hand(stacks, 16) for stacks in (1, 2, 4, 8)}
    assert counts == {1: 3_426_448, 2: 6_570_400, 4: 12_858_304, 8: 25_434_112}
    net = build_hourglass(2, 5, input_size=64, filters=16)
    assert trained_parameters(net, without=[SCORES]) == by_hand(2, 5, 16)


@pytest.mark.slow
def test_the_published_net():
    net = build_hourglass(8, 16)
    assert trained_parameters(net, without=[SCORES]) == 25_434_112
    # With the statistics of normalization.
    assert net.count_params() - net.get_layer(SCORES).count_params() == 25_554_688
    stages = stages_of(net.output)
    assert list(stages) == [*(f"stage{stack}" for stack in range(1, 8)), ""]
    assert {one["heatmap_logits"].shape for one in stages.values()} == {(None, 64, 64, 16)}


def published_name(layer):
    """The name in the PyTorch code of one of our layers, such as stack1_level3_here_2_conv."""
    blocks = {"here": "up1", "down": "low1", "bottom": "low2", "up": "low3"}
    place, _, part = layer.partition("_")
    if place == "stem":
        names = {"conv": "pre.0.conv", "bn": "pre.0.bn"}
        number, _, rest = part.partition("_")
        return names.get(part) or f"pre.{ {'1': 1, '2': 3, '3': 4}[number] }.{within_block(rest)}"
    if place.startswith("stage"):
        return f"outs.{int(place.removeprefix('stage')) - 1}.conv"
    if place == "heatmap":
        return "outs.1.conv"
    stack = int(place.removeprefix("stack")) - 1
    if part.startswith("level"):
        level, block, rest = part.split("_", 2)
        inner = "low2." * (4 - int(level.removeprefix("level")))
        return f"hgs.{stack}.0.{inner}{blocks[block]}.{within_block(rest)}"
    if part.startswith("after"):
        return f"features.{stack}.0.{within_block(part.removeprefix('after_'))}"
    return {
        "features_conv": f"features.{stack}.1.conv",
        "features_bn": f"features.{stack}.1.bn",
        "from_features": f"merge_features.{stack}.conv.conv",
        "from_maps": f"merge_preds.{stack}.conv.conv",
    }[part]


def within_block(part):
    if part == "shortcut":
        return "skip_layer.conv"
    number, kind = part.split("_")
    return f"bn{number}" if kind == "bn" else f"conv{number}.conv"


def test_the_released_code_computes_the_same_maps():
    vector, used = np.load(VECTOR), set()
    net = build_hourglass(2, 3, input_size=64, filters=16)
    for layer in net.layers:
        if not layer.weights or layer.name == SCORES:
            continue
        is_conv = isinstance(layer, keras.layers.Conv2D)
        names = ("weight", "bias") if is_conv else ("weight", "bias", "running_mean", "running_var")
        names = [f"{published_name(layer.name)}.{name}" for name in names]
        values = [vector[name].astype(np.float32) for name in names]
        layer.set_weights([values[0].transpose(2, 3, 1, 0), values[1]] if is_conv else values)
        used |= {*names}
    assert used == set(vector.files) - {"picture", "maps"}
    outputs, expected = net(vector["picture"], training=False), vector["maps"]
    assert np.ptp(expected) > 1
    np.testing.assert_allclose(outputs["stage1/heatmap_logits"][0], expected[0], atol=1e-4, rtol=0)
    np.testing.assert_allclose(outputs["heatmap_logits"][0], expected[1], atol=1e-4, rtol=0)


def test_mirrored_kernels_give_mirrored_maps():
    net = build_hourglass(2, 3, input_size=64, filters=8, depth=2)
    random_weights(net)
    picture = np.random.default_rng(1).uniform(0, 255, (1, 64, 64, 3)).astype(np.float32)
    # The value of padding. The stem's samples are pixels 0 to 62.
    picture[:, :, 63] = 127.5
    moved = np.roll(picture[:, :, ::-1], -1, axis=2)
    found, expected = mirrored(net)(moved), net(picture)
    for name in ("stage1/heatmap_logits", "heatmap_logits"):
        scale = np.ptp(expected[name])
        assert scale > 0.1
        np.testing.assert_allclose(found[name], expected[name][:, :, ::-1], atol=1e-5 * scale)


def test_a_moved_image_gives_moved_maps():
    net = build_hourglass(1, 2, input_size=160, filters=8, depth=1)
    random_weights(net)
    picture = np.random.default_rng(1).uniform(0, 255, (1, 160, 160, 3)).astype(np.float32)
    # Two cells of 4 px, one of the coarsest.
    expected = np.asarray(net(picture)["heatmap_logits"])[0]
    found = np.asarray(net(np.roll(picture, (8, 8), (1, 2)))["heatmap_logits"])[0]
    scale = np.ptp(expected)
    assert scale > 0.1
    # Where the padding is out of sight.
    np.testing.assert_allclose(found[15:27, 15:27], expected[13:25, 13:25], atol=1e-5 * scale)


def test_the_light_net():
    # An image that is halved to odd sizes on the way.
    net = build_hourglass_light(0.25, 2, 3, input_size=56, filters=8, depth=3)
    shapes = {name: one.shape for name, one in net.output.items()}
    maps = (None, 14, 14, 3)
    assert shapes == {"stage1/heatmap_logits": maps, "heatmap_logits": maps, "score_logits": (None, 3)}
    assert form_of(net).name == "heatmaps"
    assert inference_model(net, 56).output.keys() == {"joints_xy_px", "scores"}


@pytest.mark.slow
@pytest.mark.usefixtures("few_units")
@pytest.mark.graph
def test_eight_images_are_learned_by_heart():
    keras.utils.set_random_seed(0)
    net = build_hourglass_light(0.25, 2, 3, input_size=64, filters=16, depth=3)
    errors, losses = errors_after_training(net, 100)
    assert errors.keys() == {"stage1", ""} and max(errors.values()) < 2.0
    assert {"stage1_joint_loss", "joint_loss", "score_loss"} <= losses.keys()


@pytest.mark.slow
@pytest.mark.usefixtures("few_units")
def test_without_intermediate_supervision_only_the_last_stack_is_trained():
    keras.utils.set_random_seed(0)
    net = build_hourglass_light(0.25, 2, 3, input_size=64, filters=8, depth=1)
    read_out = net.get_layer("stage1_out_heatmap_logits")
    net.get_layer("stack1_from_maps").set_weights([np.zeros((1, 1, 3, 8)), np.zeros(8)])
    net.get_layer("stack1_from_maps").trainable = False
    before = read_out.get_weights()
    errors_after_training(net, 1, stage_weights={"stage1": 0.0})
    # Neither its own loss nor a later stack moves it, but for the decay of weights.
    after = read_out.get_weights()
    np.testing.assert_allclose(after[1], before[1])
    np.testing.assert_allclose(after[0], before[0], rtol=1e-3)


def test_wrong_arguments_raise():
    with pytest.raises(ValueError, match="stacks must be 1 or more, got 0; the paper has 1 to 8"):
        build_hourglass(0, 16)
    with pytest.raises(ValueError, match="input_size must be at least 64 px, so that hourglass_light_1 has a feature"):
        build_hourglass_light(1.0, 2, 16, input_size=48)
