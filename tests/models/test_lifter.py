"""Lifters: counts by hand, which frames matter, masks, and windows learned by heart."""

import keras
import numpy as np
import pytest
from by_heart import train_by_heart
from symmetries import random_weights, trained_parameters

from models import build_lifter, build_temporal_lifter, form_of, inference_model
from models.forms.lifted import FORM, lifted_loss


def by_hand(joints, frames, values=2, filters=1024):
    """Parameters, by the papers' layers; normalization has two for each channel."""
    inputs, outputs = values * joints, filters * 3 * joints + 3 * joints
    if frames == 1:
        dense = filters * filters + 3 * filters
        return inputs * filters + 3 * filters + 4 * dense + outputs
    blocks = round(np.log(frames) / np.log(3)) - 1
    return 3 * inputs * filters + 2 * filters + blocks * (4 * filters * filters + 4 * filters) + outputs


def test_parameter_counts():
    counts = {frames: by_hand(17, frames) for frames in (27, 81, 243)}
    assert counts == {27: 8_555_571, 81: 12_753_971, 243: 16_952_371}
    assert by_hand(16, 1) == 4_291_632
    assert trained_parameters(build_lifter(16, values=2)) == 4_291_632
    assert trained_parameters(build_temporal_lifter(17, values=2)) == 16_952_371
    small = build_temporal_lifter(19, frames=27, filters=8)
    assert trained_parameters(small) == by_hand(19, 27, values=3, filters=8)


def test_every_frame_of_the_window_matters():
    net = build_temporal_lifter(4, frames=27, filters=8)
    random_weights(net)
    joints = np.random.default_rng(0).normal(size=(1, 27, 4, 3)).astype(np.float32)
    before = np.asarray(net(joints)["lifted"])
    for frame in range(27):
        other = joints.copy()
        other[:, frame] += 5.0
        assert np.abs(np.asarray(net(other)["lifted"]) - before).max() > 1e-6, frame


def test_strided_convolutions_are_the_dilated_ones():
    """Pavllo's net is written with dilations, and answers the middle frame of 9: the same weights, the same answer."""
    net = build_temporal_lifter(3, frames=9, filters=6)
    random_weights(net)
    joints = np.random.default_rng(1).normal(size=(2, 9, 3, 3)).astype(np.float32)

    def layer(x, name, dilation):
        kernel = net.get_layer(f"{name}_conv").kernel
        y = keras.ops.conv(x, kernel, dilation_rate=dilation, padding="valid")
        return keras.ops.relu(net.get_layer(f"{name}_norm")(y, training=False))

    x = layer(joints.reshape(2, 9, 9), "expand", 1)
    seen = layer(layer(x, "block1_1", 3), "block1_2", 1)
    x = x[:, 3:-3] + seen
    expected = net.get_layer("lifted_dense")(x[:, 0])
    np.testing.assert_allclose(np.asarray(net(joints)["lifted"]).reshape(2, -1), expected, atol=1e-5)


def test_the_loss_is_the_mean_distance_of_known_joints():
    lifted, true = np.zeros((1, 3, 3), np.float32), np.array([[[3000.0, 4000, 0], [0, 0, 1000], [9e9, 0, 0]]])
    labels = {"joints_xyz_mm": true.astype(np.float32), "xyz_known": np.array([[1, 1, 0]])}
    term = lifted_loss(labels, {"lifted": lifted}, size=9)["joint_loss"]
    assert float(term.value) == pytest.approx((5 + 1) / 2, abs=1e-3)
    nothing = {**labels, "xyz_known": np.zeros((1, 3), int)}
    assert float(lifted_loss(nothing, {"lifted": lifted}, size=9)["joint_loss"].value) == 0


@pytest.mark.parametrize("build", [build_lifter, build_temporal_lifter])
def test_windows_are_learned_by_heart(build):
    from train.loop.trainer import PoseTrainer

    frames = 1 if build is build_lifter else 9
    options = {} if frames == 1 else {"frames": frames}
    keras.utils.set_random_seed(0)
    net = build(5, filters=64, dropout=0.0, **options)
    assert form_of(net) is FORM
    rng = np.random.default_rng(2)
    joints = rng.normal(size=(8, frames, 5, 3)).astype(np.float32)
    true = rng.normal(0, 400, (8, 5, 3)).astype(np.float32)
    trainer = PoseTrainer(net, input_size=frames, score_radius=0.05, form=FORM)
    labels = {"joints_xyz_mm": true, "xyz_known": np.ones((8, 5), np.int32)}
    train_by_heart(trainer, 300, joints, labels)
    answer = np.asarray(inference_model(net, frames, FORM)(joints)["joints_xyz_mm"])
    # Normalization answers with its moving statistics.
    assert np.linalg.norm(answer - true, axis=2).mean() < 120
    assert np.linalg.norm(true, axis=2).mean() > 500


@pytest.mark.parametrize(
    ("options", "message"),
    [({"frames": 10}, "power of 3"), ({"filters": 0}, "1 or more"), ({"dropout": 1.0}, "below 1")],
)
def test_wrong_options(options, message):
    with pytest.raises(ValueError, match=message):
        build_temporal_lifter(3, **options)
