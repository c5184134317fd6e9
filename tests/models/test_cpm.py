"""Convolutional pose machines: counts, what a stage reads, two targets, symmetries, images learned by heart."""

import keras
import numpy as np
import pytest
from by_heart import errors_after_training
from symmetries import mirrored, random_weights, trained_parameters

from models import build_cpm, build_cpm_light, form_of, inference_model, pyramid_neck, stages_of
from models.blocks import SCORES
from models.cpm import center_map, light_machine
from models.forms.beliefs import FORM, SIGMA_CELLS, belief_head, belief_loss, decode_beliefs, everybody_loss
from models.forms.fields import encode_maps


def by_hand(stages, joints):
    """Parameters, by the paper's layers."""

    def conv(size, before, after):
        return size * size * before * after + after

    trunk = conv(9, 3, 128) + 2 * conv(9, 128, 128)
    image = conv(5, 128, 32)
    first = trunk + image + conv(9, 32, 512) + conv(1, 512, 512) + conv(1, 512, joints + 1)
    reads = 32 + joints + 1 + 1
    later = image + conv(11, reads, 128) + 2 * conv(11, 128, 128) + conv(1, 128, 128) + conv(1, 128, joints + 1)
    return first + (trunk if stages > 1 else 0) + (stages - 1) * later


def test_parameter_counts():
    counts = {stages: by_hand(stages, 14) for stages in (1, 2, 3, 6)}
    assert counts == {1: 4_386_095, 2: 11_901_406, 3: 16_731_021, 6: 31_219_866}
    net = build_cpm(14, input_size=16, stages=3)
    assert trained_parameters(net, without=[SCORES]) == counts[3]
    assert net.count_params() - net.get_layer(SCORES).count_params() == counts[3]


def test_what_the_stages_read():
    net = build_cpm(3, input_size=32, stages=3)
    stages = stages_of(net.output)
    assert list(stages) == ["stage1", "stage2", ""] and form_of(net) is FORM
    assert {one["belief_maps"].shape for one in stages.values()} == {(None, 4, 4, 4)}
    # 32 channels of the image, 3 joints and the background, and the center map.
    assert net.get_layer("stage2_concat").output.shape[-1] == 32 + 4 + 1
    # The second stage and the third read one trunk, which the first does not.
    assert net.get_layer("stage3_image").input is net.get_layer("stage2_image").input
    assert net.get_layer("stage1_image").input is not net.get_layer("stage2_image").input


def test_the_center_map():
    inputs = keras.Input((46, 46, 5))
    found = np.asarray(keras.Model(inputs, center_map(inputs))(np.ones((2, 46, 46, 5))))
    assert found.shape == (2, 46, 46, 1)
    np.testing.assert_array_equal(found, found[:, ::-1, ::-1])
    # At 8 px in a cell: half a cell from the middle along both axes, and from there 21 px along x.
    assert found[0, 22, 22, 0] == pytest.approx(np.exp(-(4**2 + 4**2) / (2 * 21**2)))
    assert found[0, 22, 12, 0] == pytest.approx(np.exp(-(84**2 + 4**2) / (2 * 21**2)), rel=1e-4)


def two_people():
    """Labels of one image of 64 px: the person in the middle, one other, and rows of nobody."""
    xy, visible = np.array([[[20, 30], [40, 30]]], np.float32), np.array([[2, 0]])
    others, theirs = np.zeros((1, 8, 2, 2), np.float32), np.zeros((1, 8, 2), np.int32)
    others[0, 0], theirs[0, 0] = [[50, 50], [10, 10]], 2
    return {"joints_xy_px": xy, "visible": visible, "others_xy_px": others, "others_visible": theirs}


def test_the_first_stage_sees_everybody_and_the_others_one_person():
    labels = two_people()
    alone = encode_maps(labels["joints_xy_px"][:, None], labels["visible"][:, None], 64, 16, 4 * SIGMA_CELLS)
    everybody = np.array(alone)
    cells = np.arange(16)
    # The center of a cell of 4 px lies at 1.5, 5.5, ... px.
    column = np.exp(-((4 * cells + 1.5 - 50) ** 2) / (2 * (4 * SIGMA_CELLS) ** 2))
    everybody[0, ..., 1] = np.maximum(everybody[0, ..., 1], column[:, None] * column)
    corner = np.exp(-((4 * cells + 1.5 - 10) ** 2) / (2 * (4 * SIGMA_CELLS) ** 2))
    everybody[0, ..., 2] = corner[:, None] * corner
    everybody[0, ..., 0] = 1 - everybody[0, ..., 1:].max(axis=-1)
    for loss, own, other in ((belief_loss, alone, everybody), (everybody_loss, everybody, alone)):
        assert float(loss(labels, {"belief_maps": own}, size=64)["joint_loss"].value) == pytest.approx(0, abs=1e-6)
        # One peak too many or too few in the map of the labeled joint, and in the background; the other joint of the
        # person is not labeled.
        wrong = float(loss(labels, {"belief_maps": other}, size=64)["joint_loss"].value)
        assert 0.9 < wrong < 1.6
    nobody = labels | {"others_visible": np.zeros((1, 8, 2), np.int32)}
    assert float(everybody_loss(nobody, {"belief_maps": alone}, size=64)["joint_loss"].value) == pytest.approx(0)


def test_maps_are_decoded_between_the_cells():
    xy = np.random.default_rng(0).uniform(8, 56, (4, 3, 2)).astype(np.float32)
    maps = encode_maps(xy[:, None], np.full((4, 1, 3), 2), 64, 16, 4 * SIGMA_CELLS)
    noisy = maps + np.random.default_rng(1).uniform(0, 0.005, maps.shape)
    for one, atol in ((maps, 0.05), (noisy, 0.5)):
        np.testing.assert_allclose(decode_beliefs({"belief_maps": one}, 64), xy, atol=atol)


def test_mirrored_kernels_give_mirrored_maps_in_all_stages():
    net = build_cpm(2, input_size=64, stages=2)
    picture = np.random.default_rng(1).uniform(0, 255, (1, 64, 64, 3)).astype(np.float32)
    found, expected = mirrored(net)(picture[:, :, ::-1]), net(picture)
    for name in ("stage1/belief_maps", "belief_maps"):
        scale = np.ptp(expected[name])
        assert scale > 0
        np.testing.assert_allclose(found[name], expected[name][:, :, ::-1], atol=1e-4 * scale)


@pytest.mark.slow
def test_a_moved_image_gives_moved_maps():
    # Of the first stage, which has no center map; it sees 160 px.
    net = build_cpm(1, input_size=240, stages=1, head=belief_head)
    picture = np.random.default_rng(1).uniform(0, 255, (1, 240, 240, 3)).astype(np.float32)
    expected = np.asarray(net(picture)["belief_maps"])[0]
    found = np.asarray(net(np.roll(picture, (8, 8), (1, 2)))["belief_maps"])[0]
    np.testing.assert_allclose(found[14:17, 14:17], expected[13:16, 13:16], atol=1e-4 * np.ptp(expected))


def test_the_light_stages_are_symmetric():
    features, outputs = keras.Input((16, 16, 8)), []

    def read_out(levels):
        outputs.append(belief_head(levels, 2, prefix=f"stage{len(outputs) + 1}_"))
        return outputs[-1]

    read_out(light_machine(features, read_out, 2, 8, normalization=keras.layers.BatchNormalization))
    net = keras.Model(features, [one["belief_maps"] for one in outputs])
    random_weights(net)
    values = np.random.default_rng(1).normal(size=(1, 16, 16, 8)).astype(np.float32)
    for found, expected in zip(mirrored(net)(values[:, :, ::-1]), net(values), strict=True):
        np.testing.assert_allclose(found, expected[:, :, ::-1], atol=1e-5)


def test_the_light_net():
    net = build_cpm_light(0.25, 3, input_size=64, stages=2, filters=8)
    shapes = {name: one.shape for name, one in net.output.items()}
    maps = (None, 16, 16, 4)
    assert shapes == {"stage1/belief_maps": maps, "belief_maps": maps, SCORES: (None, 3)}
    answers = inference_model(net, 64)(np.zeros((2, 64, 64, 3), np.uint8))
    assert answers["joints_xy_px"].shape == (2, 3, 2) and answers["scores"].shape == (2, 3)


@pytest.mark.slow
@pytest.mark.usefixtures("few_units")
@pytest.mark.graph
def test_eight_images_are_learned_by_heart():
    keras.utils.set_random_seed(0)
    net = build_cpm_light(0.25, 3, input_size=64, stages=2, filters=24)
    nobody = {"others_xy_px": np.zeros((8, 8, 3, 2), np.float32), "others_visible": np.zeros((8, 8, 3), np.int32)}
    errors, losses = errors_after_training(net, 150, labels=nobody, stage_losses={"stage1": everybody_loss})
    assert errors.keys() == {"stage1", ""} and errors[""] < 2.0
    assert losses["joint_loss"] < 0.1


def test_wrong_arguments_raise():
    with pytest.raises(ValueError, match="input_size must be a multiple of 8, got 42; pass 48"):
        build_cpm(14, input_size=42)
    with pytest.raises(ValueError, match="stages must be 1 or more, got 0; 6 is the published net"):
        build_cpm_light(1.0, 14, stages=0)
    with pytest.raises(ValueError, match="without a neck; pass no_neck"):
        build_cpm(14, neck=pyramid_neck)
