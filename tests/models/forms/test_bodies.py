"""The form of bodies: labels through augmentation, losses by hand, the critic's gradients, joints."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from scipy.spatial.transform import Rotation

from body import nets
from body.human import BONES, Human
from body.linear import free_body, shape_values
from body.shape import Shape
from models import BodyLoss, build_hmr_light, form_of, hmr_forward, inference_model, labeled_bodies
from models.forms.bodies import FORM, decode_bodies, joints_m, no_head
from pose import PANOPTIC19, Camera
from pose.fields import Affine, warp
from records.features import FIELDS

SIZE = 64
CENTER = PANOPTIC19.index("body_center")
CAMERA = Camera(
    "00", (600, 800), np.array([[500.0, 0, 400], [0, 500, 300], [0, 0, 1]]), np.zeros(5), np.eye(3), np.zeros(3)
)


def people(count=4, seed=0):
    """Labels of people before a camera, whose image is the record's, and their outputs as a net should have them."""
    rng = np.random.default_rng(seed)
    body, values = free_body(10), rng.normal(0, 0.8, (count, 10)).astype(np.float32)
    turns = Rotation.from_rotvec(rng.normal(0, 0.25, (count * len(BONES), 3))).as_matrix().reshape(count, -1, 3, 3)
    turns[:, 0] = np.diag([1.0, -1, -1]) @ Rotation.from_rotvec(rng.normal(0, 0.5, (count, 3))).as_matrix()
    roots = rng.uniform((-1200, -500, 3000), (1200, 500, 5000), (count, 3))
    bones = nets.pose_bones(body, turns, values, roots)
    xyz = np.asarray(nets.joints(body, values, bones))
    labels = {
        "joints_xyz_mm": xyz,
        "xyz_known": np.ones(xyz.shape[:2], np.int32),
        "joints_xy_px": CAMERA.project_camera(xyz.astype(np.float64)).astype(np.float32),
        "visible": np.full(xyz.shape[:2], 2, np.int32),
        "body_rotations": turns.astype(np.float32),
        "body_shape": values,
        "to_frame": np.tile(np.eye(2, 3, dtype=np.float32), (count, 1, 1)),
    }
    return labels


def perfect(labels):
    true = labeled_bodies(labels)
    return {"rotations": true["rotations"], "shape_values": true["shape_values"]}


def changed(labels, *, mirrored, degrees):
    """The labels after the image is turned, shrunk and perhaps mirrored."""
    count = len(labels["to_frame"])
    cos, sin = 2 * np.cos(np.radians(degrees)), 2 * np.sin(np.radians(degrees))
    matrix = np.tile([[-cos if mirrored else cos, -sin, 300.0], [-sin if mirrored else sin, cos, 80.0]], (count, 1, 1))
    affine = Affine(matrix, np.full(count, 2.0), np.full(count, mirrored))
    return warp(labels, FIELDS, affine, flip_order=np.array(PANOPTIC19.flip_order))


@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize("degrees", [0, 33])
def test_bodies_follow_their_joints_through_augmentation(mirrored, degrees):
    labels = changed(people(), mirrored=mirrored, degrees=degrees)
    true = labeled_bodies(labels)
    found = np.asarray(joints_m(perfect(labels)))
    np.testing.assert_allclose(found - found[:, CENTER, None], true["joints_m"], atol=1e-4)
    turns = np.asarray(true["rotations"])
    np.testing.assert_allclose(np.linalg.det(turns), 1, atol=1e-4)
    assert np.asarray(true["body_known"]).all() and np.asarray(true["joints_known"]).all()


def test_people_are_seen_from_straight_ahead():
    """A person aside, turned with the line of sight, is the person ahead: the pose does not depend on the place."""
    labels = people(1)
    xyz = labels["joints_xyz_mm"].astype(np.float64)
    turn = Rotation.from_euler("xy", [-14.0, 25.0], degrees=True).as_matrix()
    ahead = xyz - xyz[:, CENTER, None] + (0, 0, 4000.0)
    aside = ahead @ turn.T
    other = {name: value.copy() for name, value in labels.items()} | {"joints_xyz_mm": aside.astype(np.float32)}
    other["body_rotations"][:, 0] = turn @ labels["body_rotations"][:, 0]
    straight = labels | {"joints_xyz_mm": ahead.astype(np.float32)}
    one, two = labeled_bodies(straight), labeled_bodies(other)
    # But for a roll about the line of sight, which the smallest turn leaves.
    ways = [np.asarray(true["joints_m"]) for true in (one, two)]
    np.testing.assert_allclose(ways[0][..., 2], ways[1][..., 2], atol=1e-4)
    np.testing.assert_allclose(*(np.linalg.norm(way[..., :2], axis=-1) for way in ways), atol=1e-4)
    np.testing.assert_allclose(one["rotations"][:, 0], straight["body_rotations"][:, 0], atol=1e-5)


def test_losses_by_hand():
    labels = people(2)
    outputs = perfect(labels) | {"camera": np.array([[0.9, 0, 0], [0.9, 0, 0]], np.float32)}
    # Labels in the image that are just what the camera sees.
    labels["joints_xy_px"] = np.asarray(decode_bodies(outputs, SIZE)["joints_xy_px"])
    loss = BodyLoss()
    assert loss.critic is None
    terms = loss(labels, outputs, size=SIZE)
    assert terms.keys() == {"joint_loss", "space_loss", "body_loss"} == set(FORM.terms)
    assert all(abs(float(term.value)) < 1e-4 for term in terms.values())
    # One value of the shape of one person is off by 0.5, of 2 x 289 numbers: only this, and the joints by a little.
    off = outputs["shape_values"] + np.eye(2, 10, dtype=np.float32)[:1] * np.array([[0.5], [0]], np.float32)
    assert float(loss(labels, outputs | {"shape_values": off}, size=SIZE)["body_loss"].value) == pytest.approx(
        60 * 0.5 * 0.25 / 289 / 2, rel=1e-3
    )
    # Everything one pixel to the right: 2 of SIZE, in one of two coordinates.
    moved = labels | {"joints_xy_px": labels["joints_xy_px"] + np.array([1.0, 0], np.float32)}
    assert float(loss(moved, outputs, size=SIZE)["joint_loss"].value) == pytest.approx(60 * 2 / SIZE / 2, rel=1e-3)
    # One joint in space 0.3 m off; what is not known does not count.
    moved = labels | {"joints_xyz_mm": labels["joints_xyz_mm"].copy()}
    moved["joints_xyz_mm"][0, 0] += 300 * np.array([1.0, 0, 0])
    expected = 60 * 0.5 * 0.09 / 3 / (2 * 19)
    assert float(loss(moved, outputs, size=SIZE)["space_loss"].value) == pytest.approx(expected, rel=0.02)
    moved["xyz_known"] = moved["xyz_known"].copy()
    moved["xyz_known"][0, 0] = 0
    assert float(loss(moved, outputs, size=SIZE)["space_loss"].value) == pytest.approx(0, abs=1e-4)
    unknown = labels | {"xyz_known": 0 * labels["xyz_known"]}
    assert [float(loss(unknown, outputs, size=SIZE)[f"{name}_loss"].value) for name in ("space", "body")] == [0, 0]


def test_what_a_record_does_not_know_has_no_loss_and_no_gradient():
    labels = people(2)
    labels |= {name: labels[name].copy() for name in ("joints_xyz_mm", "xyz_known", "body_rotations", "body_shape")}
    outputs = perfect(labels) | {"camera": np.ones((2, 3), np.float32)}
    turns = tf.constant(np.asarray(outputs["rotations"]))
    wrong = outputs["shape_values"] + 1.0
    for name in ("joints_xyz_mm", "body_rotations", "body_shape"):
        labels[name][0] = np.nan
    labels["xyz_known"][0] = -1
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(turns)
        terms = BodyLoss()(labels, outputs | {"rotations": turns, "shape_values": wrong}, size=SIZE)
        values = {name: terms[name].value for name in ("joint_loss", "space_loss", "body_loss")}
    # One person's 10 of 289 numbers are off by 1.
    assert float(values["body_loss"]) == pytest.approx(60 * 0.5 * 10 / 289, rel=1e-3)
    for name, value in values.items():
        slope = tape.gradient(value, turns).numpy()
        assert np.isfinite(slope).all() and (np.abs(slope[0]).max() > 0) == (name == "joint_loss"), name
    terms = BodyLoss(paired=False)(labels, outputs | {"shape_values": wrong}, size=SIZE)
    assert float(terms["space_loss"].value) == float(terms["body_loss"].value) == 0 < float(terms["joint_loss"].value)


def test_net_and_critic_learn_from_losses_of_their_own():
    keras.utils.set_random_seed(0)
    labels, loss = people(2), BodyLoss(has_critic=True)
    fake = perfect(labels) | {"camera": np.ones((2, 3), np.float32)}
    turns, values = (tf.constant(np.asarray(fake[name])) for name in ("rotations", "shape_values"))
    real = {"real_rotations": turns[:, 1:] * 0.9, "real_shape": values - 1.0}
    with tf.GradientTape(persistent=True) as tape:
        tape.watch([turns, values])
        outputs = fake | real | {"fake_rotations": turns[:, 1:], "fake_shape": values}
        terms = loss(labels, outputs, size=SIZE)
        both = {name: terms[name].value for name in ("critic_loss", "fooling_loss")}
    weights = loss.critic.trainable_variables
    judged = [
        np.asarray(loss.critic(one))
        for one in (
            {"rotations": real["real_rotations"], "shape_values": real["real_shape"]},
            {"rotations": turns[:, 1:], "shape_values": values},
        )
    ]
    assert judged[0].shape == (2, 32)
    expected = ((judged[0] - 1) ** 2 + judged[1] ** 2).sum(axis=1).mean()
    assert float(both["critic_loss"]) == pytest.approx(expected, rel=1e-4)
    assert float(both["fooling_loss"]) == pytest.approx(((judged[1] - 1) ** 2).sum(axis=1).mean(), rel=1e-4)
    assert all(slope is None for slope in tape.gradient(both["critic_loss"], [turns, values]))
    assert all(slope is None for slope in tape.gradient(both["fooling_loss"], [weight.value for weight in weights]))
    assert all(np.abs(slope).max() > 0 for slope in tape.gradient(both["critic_loss"], [w.value for w in weights]))
    assert all(np.abs(slope).max() > 0 for slope in tape.gradient(both["fooling_loss"], [turns, values]))


def test_the_critic_sees_all_iterations_and_as_many_real_people():
    net = build_hmr_light(0.25, input_size=SIZE, units=8)
    pool = people(50, seed=3)
    forward = hmr_forward(pool["body_rotations"], pool["body_shape"])
    seeds = keras.random.SeedGenerator(1)
    pictures = np.zeros((2, SIZE, SIZE, 3), "uint8")
    outputs = forward(net, pictures, {}, training=False, seeds=seeds)
    assert outputs["fake_rotations"].shape == outputs["real_rotations"].shape == (6, 30, 3, 3)
    assert outputs["fake_shape"].shape == outputs["real_shape"].shape == (6, 10)
    for number, stage in enumerate(("stage1/", "stage2/", "")):
        rows = slice(2 * number, 2 * number + 2)
        np.testing.assert_array_equal(outputs["fake_shape"][rows], outputs[f"{stage}shape_values"])
        np.testing.assert_array_equal(outputs["fake_rotations"][rows], outputs[f"{stage}rotations"][:, 1:])
    for turns, values in zip(outputs["real_rotations"], outputs["real_shape"], strict=True):
        row = np.flatnonzero((pool["body_shape"] == np.asarray(values)).all(axis=1))
        assert len(row) == 1
        np.testing.assert_array_equal(turns, pool["body_rotations"][row[0], 1:])
    again = forward(net, pictures, {}, training=False, seeds=seeds)
    assert np.any(np.asarray(again["real_shape"]) != np.asarray(outputs["real_shape"]))


def test_answers_are_the_joints_of_the_body_in_numpy(tmp_path):
    net = build_hmr_light(0.25, input_size=SIZE, units=8)
    assert form_of(net) is FORM
    model = inference_model(net, SIZE)
    pictures = np.random.default_rng(0).integers(0, 256, (2, SIZE, SIZE, 3), dtype=np.uint8)
    answers = {name: np.asarray(value) for name, value in model(pictures).items()}
    assert {name: value.shape[1:] for name, value in answers.items()} == {
        name: tuple({"J": 19}.get(side, side) for side in answer.shape) for name, answer in FORM.task.answers.items()
    }
    human = Human(Shape(sex=0.3, weight=0.7))
    outputs = {
        "rotations": answers["rotations"],
        "shape_values": np.tile(shape_values(human.shape).astype(np.float32), (2, 1)),
        "camera": answers["camera"],
    }
    expected = human.pose(answers["rotations"], np.zeros((2, 3))).joints_mm
    found = np.asarray(decode_bodies(outputs, SIZE)["joints_xyz_mm"])
    assert np.linalg.norm(found - expected + expected[:, CENTER, None], axis=2).max() < 15
    model.save(tmp_path / "best.keras")
    again = keras.models.load_model(tmp_path / "best.keras")(pictures)
    for name, value in answers.items():
        np.testing.assert_allclose(again[name], value, atol=1e-3)


def test_there_is_no_head():
    with pytest.raises(ValueError, match="build the net with `build_hmr`"):
        no_head([], 19)
