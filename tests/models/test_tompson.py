"""Tompson's nets: parameter counts, outputs, equivariance, fine maps, eight images by heart."""

import keras
import numpy as np
import pytest
from by_heart import train_by_heart
from keras import ops
from people import write_shard_set

from models import build_tompson, form_of, named_layers, stages_of, tompson_form
from models import tompson as module
from models.fine_maps import fine_cells, fine_cross_entropy
from models.forms.heatmaps import encode_heatmaps
from records import dataset
from train.loop.trainer import PoseTrainer

SIZE = 64


def small(num_joints=3, **options):
    return build_tompson(num_joints, **{"width": 0.25, "input_size": SIZE} | options)


def conv(size, before, after):
    return size * size * before * after + after


def test_published_parameter_counts():
    net = build_tompson(14, width=None)
    counts = {name: layer.count_params() for name, layer in named_layers(net) if layer.weights}
    bank = conv(5, 3, 128) + 3 * conv(5, 128, 128)
    coarse = 3 * bank + conv(9, 128, 512) + conv(1, 512, 512) + conv(1, 512, 14)
    spatial = 31 * 31 * 15 * 14 + 15 * 14
    fine = 5 * conv(5, 128, 128) + conv(1, 128, 128) + conv(1, 128, 14)
    scores = (128 + 2 * 14) * 14 + 14
    assert sum(count for name, count in counts.items() if name.startswith(("bank", "coarse"))) == coarse == 9_295_502
    assert sum(count for name, count in counts.items() if name.startswith("fine/")) == fine
    assert counts["spatial_priors"] == spatial
    assert net.count_params() == coarse + spatial + fine + scores == 11_566_678


def test_outputs_and_what_the_options_leave_out():
    stages = stages_of(small().output)
    assert {name: set(one) for name, one in stages.items()} == {
        "stage1": {"coordinates", "heatmap_logits"},
        "stage2": {"coordinates", "heatmap_logits"},
        "": {"coordinates", "fine_logits", "fine_middles", "score_logits"},
    }
    assert stages["stage1"]["heatmap_logits"].shape == (None, 16, 16, 3)
    assert stages[""]["fine_logits"].shape == (None, 8, 8, 3)
    assert form_of(small()).name == "coordinates"
    assert stages_of(small(fine=False).output).keys() == {"stage1", ""}
    assert stages_of(small(spatial=False).output).keys() == {"stage1", ""}
    assert stages_of(small(spatial=False, fine=False).output).keys() == {""}
    names = {name.partition("/")[0] for name, _ in named_layers(small(shared=False))}
    assert {"fine1", "fine2", "fine3"} <= names and "fine" not in names


def test_coarse_maps_move_and_turn_with_the_image(monkeypatch):
    monkeypatch.setattr(module, "FILTERS", 4)
    monkeypatch.setattr(module, "WIDE_FILTERS", 4)
    keras.utils.set_random_seed(0)
    size = 320
    net = build_tompson(2, width=None, spatial=False, fine=False, input_size=size)
    for layer in net.layers:
        if isinstance(layer, keras.layers.Conv2D):
            kernel, bias = layer.get_weights()
            layer.set_weights([kernel + kernel[:, ::-1], bias])
    picture = np.full((1, size, size, 3), 128, "uint8")
    picture[:, 128:192, 120:184] = np.random.default_rng(0).integers(0, 256, (1, 64, 64, 3))
    run = lambda picture: ops.convert_to_numpy(net(picture)["heatmap_logits"])  # noqa: E731
    maps = run(picture)
    scale = maps.std()
    np.testing.assert_allclose(run(picture[:, :, ::-1]), maps[:, :, ::-1], atol=1e-3 * scale)
    # The cell of the coarsest image of the pyramid is 16 px, four cells of the maps. The maps' edges see the image's.
    moved, middle = run(np.roll(picture, (16, -16), (1, 2))), slice(24, 56)
    np.testing.assert_allclose(
        moved[:, middle, middle], np.roll(maps, (4, -4), (1, 2))[:, middle, middle], atol=1e-3 * scale
    )


@pytest.mark.parametrize(("size", "cells"), [(256, 36), (128, 16), (192, 28), (64, 8), (320, 44)])
def test_squares_are_as_large_as_the_papers_in_images_of_any_size(size, cells):
    assert fine_cells(size) == cells
    assert abs(cells / size - 36 / 256) < 2.01 / size


def test_the_fine_loss_is_of_joints_inside_the_squares():
    # Squares of 36 px about the image's middle; joint 0 is 4 px right of it, joint 1 outside, joint 2 without label.
    size, cells = 256, fine_cells(256)
    middle = size / 2 - 0.5
    joints = np.array([[[middle + 4, middle], [middle + 20, middle], [np.nan, np.nan]]], "float32")
    visible = np.array([[2, 2, 0]])
    middles = np.zeros((1, 3, 2), "float32")
    perfect = encode_heatmaps(np.full((1, 3, 2), cells / 2 - 0.5, "float32") + np.array([4, 0]), cells, cells)
    logits = ops.log(perfect + 1e-9)
    assert float(fine_cross_entropy(joints, logits, middles, visible, size)) == pytest.approx(0, abs=1e-3)
    assert float(fine_cross_entropy(joints, 0 * logits, middles, visible, size)) > 1
    assert float(fine_cross_entropy(joints, 0 * logits, middles, visible * [0, 1, 1], size)) == 0


@pytest.mark.slow
@pytest.mark.usefixtures("few_units")
@pytest.mark.graph
def test_eight_images_are_learned_by_heart(tmp_path):
    keras.utils.set_random_seed(0)
    write_shard_set(tmp_path, train=8, val=1, size=SIZE)
    pictures, labels = next(dataset(tmp_path, "train", batch_size=8).as_numpy_iterator())
    # The spatial model's time grows with the square of the joints.
    labels = {name: labels[name][:, :4] for name in ("joints_xy_px", "visible")}
    net = small(4)
    trainer = PoseTrainer(net, SIZE, 0.05, form=tompson_form())
    losses = train_by_heart(trainer, 120, pictures, labels)
    for name in ("stage1_joint_loss", "stage2_joint_loss", "joint_loss"):
        assert losses[-1][name] < 0.5 * losses[0][name]
    for layer in net.layers:
        if isinstance(layer, (keras.layers.SpatialDropout2D, keras.layers.GaussianNoise)):
            layer.rate = layer.stddev = 0
    found = stages_of(net(pictures, training=True))[""]
    errors = np.linalg.norm((found["coordinates"] + 1) * SIZE / 2 - 0.5 - labels["joints_xy_px"], axis=-1)
    assert errors.mean() < 2.0


def test_wrong_arguments_raise():
    with pytest.raises(ValueError, match="input_size must be a multiple of 32, got 100; pass 128"):
        small(input_size=100)
    with pytest.raises(ValueError, match="input_size must be at least 64 px"):
        small(input_size=32)
