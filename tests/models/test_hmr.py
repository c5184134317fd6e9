"""Human Mesh Recovery: published counts, iterations of shared weights from a trained mean, cameras, errors."""

from functools import partial

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import ops
from scipy.spatial.transform import Rotation

from body import nets
from body.linear import free_body
from models import BodyValues, build_hmr, build_hmr_light, project, resnet, stages_of
from models.hmr import FREE_VALUES, SMPL_VALUES, UPRIGHT, regressor
from pose import PANOPTIC19

SIZE = 64
PICTURES = np.random.default_rng(0).integers(0, 256, (2, SIZE, SIZE, 3), dtype=np.uint8)


def small(values=FREE_VALUES, **options):
    return build_hmr_light(0.25, values, input_size=SIZE, units=16, **options)


def change_of(net):
    return net.get_layer("regressor").get_layer("body_change")


def test_published_parameter_counts():
    assert SMPL_VALUES.size == 85 and BodyValues().size == 3 + 6 * 31 + 10
    assert regressor(2048, 85).count_params() == 3_321_941
    net = build_hmr(input_size=SIZE)
    assert net.get_layer("body_mean").count_params() == 85
    # The pre-activation ResNet-50 is that of test_resnet_model.py.
    assert net.count_params() == 23_564_800 + 3_321_941 + 85
    assert net.output["rotations"].shape == (None, 24, 3, 3)


def test_any_backbone_fits():
    net = build_hmr(BodyValues(5, 2), backbone=partial(resnet, depth=10, width=8), input_size=32, units=4, steps=1)
    outputs = net(PICTURES[:, :32, :32])
    assert {name: value.shape for name, value in outputs.items()} == {
        "camera": (2, 3),
        "rotations": (2, 5, 3, 3),
        "shape_values": (2, 2),
    }


def test_each_iteration_adds_to_the_one_before_from_the_mean_on():
    values = BodyValues(4, 3)
    rng = np.random.default_rng(1)
    net = small(values, mean=rng.normal(size=values.size), steps=3)
    kernel, _ = change_of(net).get_weights()
    change = rng.normal(size=values.size).astype("float32")
    change_of(net).set_weights([np.zeros_like(kernel), change])
    stages = stages_of(net(PICTURES))
    assert list(stages) == ["stage1", "stage2", ""]
    start = net.get_layer("body_mean").get_weights()[0]
    for step, outputs in enumerate(stages.values(), start=1):
        expected = values.split(start + step * change)
        for name, value in expected.items():
            np.testing.assert_allclose(outputs[name][:1], value, atol=1e-5, err_msg=name)


def test_later_iterations_see_what_the_earlier_ones_found():
    one, three = small(steps=1), small(steps=3)
    assert one.count_params() == three.count_params()
    three.set_weights(one.get_weights())
    with_one, with_three = one(PICTURES), stages_of(three(PICTURES))
    np.testing.assert_allclose(with_three["stage1"]["camera"], with_one["camera"], atol=1e-6)
    first = with_three["stage1"]["camera"] - one.get_layer("body_mean").get_weights()[0][:, :3]
    second = with_three["stage2"]["camera"] - with_three["stage1"]["camera"]
    assert np.abs(first - second).max() > 1e-5


def test_the_last_layer_begins_small_and_the_mean_learns():
    net = small()
    kernel = change_of(net).get_weights()[0]
    # Uniform of variance 0.01 / the mean of both sides.
    assert np.abs(kernel).max() <= np.sqrt(3 * 0.01 / np.mean(kernel.shape))
    assert kernel.var() == pytest.approx(0.01 / np.mean(kernel.shape), rel=0.1)
    with tf.GradientTape() as tape:
        total = ops.sum(net(PICTURES, training=True)["shape_values"])
    mean = net.get_layer("body_mean").trainable_weights[0]
    slopes = tape.gradient(total, mean.value).numpy()[0]
    assert slopes[-10:] == pytest.approx(2.0, abs=0.2) and np.abs(slopes).max() < 2.5


def test_the_mean_is_a_person_upright_before_the_camera():
    poses = (
        Rotation.from_rotvec(np.random.default_rng(0).normal(0, 0.3, (40 * 31, 3))).as_matrix().reshape(40, 31, 3, 3)
    )
    for rotations in (None, poses):
        values = BodyValues()
        parts = values.split(values.mean(rotations)[None])
        np.testing.assert_allclose(parts["rotations"][0, 0], UPRIGHT, atol=1e-6)
        turns = np.asarray(parts["rotations"][0])
        np.testing.assert_allclose(turns @ np.swapaxes(turns, 1, 2), np.tile(np.eye(3), (31, 1, 1)), atol=1e-5)
        body = free_body(10)
        bones = nets.pose_bones(body, parts["rotations"], parts["shape_values"])
        joints_m = nets.joints(body, parts["shape_values"], bones) / 1000.0
        xy = dict(zip(PANOPTIC19.joints, np.asarray(project(joints_m, parts["camera"]))[0], strict=True))
        # Facing the camera, upright, inside the image.
        assert xy["left_shoulder"][0] - xy["right_shoulder"][0] > 0.2
        assert xy["nose"][1] < xy["neck"][1] < xy["body_center"][1] < xy["left_knee"][1] < xy["left_ankle"][1]
        assert 1.2 < xy["left_ankle"][1] - xy["nose"][1] < 1.6 and np.abs(list(xy.values())).max() < 1
        depths = dict(zip(PANOPTIC19.joints, np.asarray(joints_m)[0, :, 2], strict=True))
        assert depths["nose"] < depths["left_ear"]


def test_the_mean_of_poses_is_that_of_rotations():
    values, angles = BodyValues(3, 1), np.array([0.2, 0.6])
    poses = np.tile(np.eye(3), (2, 3, 1, 1))
    poses[:, 2] = Rotation.from_rotvec(angles[:, None] * np.array([0.0, 0, 1])).as_matrix()
    for axis_angle in (False, True):
        values = BodyValues(3, 1, axis_angle)
        parts = values.split(values.mean(poses)[None])
        np.testing.assert_allclose(parts["rotations"][0, 2], Rotation.from_rotvec([0, 0, 0.4]).as_matrix(), atol=1e-5)
        np.testing.assert_allclose(parts["rotations"][0, 0], UPRIGHT, atol=1e-5)


def test_a_weak_perspective_by_hand():
    points, camera = np.array([[[0.5, -0.25, 7.0], [0, 0, -7.0]]]), np.array([[0.8, 0.1, 0.05]])
    np.testing.assert_allclose(project(points, camera), [[[0.48, -0.16], [0.08, 0.04]]], atol=1e-6)


def test_it_is_saved_with_its_iterations(tmp_path):
    net = small(steps=2)
    net.save(tmp_path / "net.keras")
    again, expected = keras.models.load_model(tmp_path / "net.keras")(PICTURES), net(PICTURES)
    for name, value in expected.items():
        np.testing.assert_allclose(again[name], value, atol=1e-5)


def test_wrong_arguments_raise():
    with pytest.raises(
        ValueError, match="steps and units must be 1 or more .* got 0, 16 and 0.5; published are 3, 1024"
    ):
        small(steps=0)
    with pytest.raises(ValueError, match=r"mean must have the 199 numbers of the values, got \(85,\)"):
        small(mean=np.zeros(85))
    with pytest.raises(ValueError, match="bones and shape must be 1 or more, got 0 and 10"):
        BodyValues(0)
    with pytest.raises(ValueError, match="input_size must be at least 32 px"):
        build_hmr_light(0.25, input_size=31)
