"""The factorised critic: its published count, what each judgment sees, its losses by hand, what it learns."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from scipy.spatial.transform import Rotation

from models import build_critic, critic_loss, fooling_loss


def random_bodies(count, bones, shape, spread=1.0, seed=0):
    rng = np.random.default_rng(seed)
    turns = Rotation.from_rotvec(rng.normal(0, spread, (count * bones, 3))).as_matrix()
    return {
        "rotations": turns.reshape(count, bones, 3, 3).astype("float32"),
        "shape_values": rng.normal(0, spread, (count, shape)).astype("float32"),
    }


def test_published_parameter_count():
    critic = build_critic(23, 10)
    assert critic.count_params() == 1_807_619
    assert critic.output.shape == (None, 25)
    embedding = 9 * 32 + 32 + 32 * 32 + 32
    together = 23 * 32 * 1024 + 1024 + 1024 * 1024 + 1024 + 1024 + 1
    assert embedding + 23 * 33 + together + (10 * 10 + 10 + 10 * 5 + 5 + 5 + 1) == 1_807_619
    # Of our body: 30 bones without the hips.
    assert build_critic(30, 10).output.shape == (None, 32)


def test_a_bone_is_judged_by_itself_the_pose_by_all_the_shape_by_none():
    critic = build_critic(5, 3, units=(8, 8))
    bodies = random_bodies(1, 5, 3)
    before = np.asarray(critic(bodies))[0]
    for bone in range(5):
        changed = bodies | {"rotations": bodies["rotations"].copy()}
        changed["rotations"][0, bone] = changed["rotations"][0, bone].T
        moved = np.asarray(critic(changed))[0] != before
        assert moved.nonzero()[0].tolist() == [bone, 5]
    changed = bodies | {"shape_values": bodies["shape_values"] + 1}
    assert (np.asarray(critic(changed))[0] != before).nonzero()[0].tolist() == [6]


def test_bones_share_the_embedding_and_not_the_judge():
    critic = build_critic(2, 3, units=(4,))
    bodies = random_bodies(1, 2, 3)
    bodies["rotations"][:, 1] = bodies["rotations"][:, 0]
    assert critic.get_layer("critic_each_rotation").kernel.shape == (2, 32)
    first, second = np.asarray(critic(bodies))[0, :2]
    assert first != second
    kernel, bias = critic.get_layer("critic_each_rotation").get_weights()
    critic.get_layer("critic_each_rotation").set_weights([np.stack([kernel[0]] * 2), bias])
    first, second = np.asarray(critic(bodies))[0, :2]
    assert first == pytest.approx(second)


def test_losses_by_hand():
    real, fake = np.array([[1.0, 0.5, 2.0]]), np.array([[0.0, 0.5, -1.0], [1.0, 1.0, 1.0]])
    assert float(critic_loss(real, fake)) == pytest.approx((0.25 + 1) + (1.25 + 3) / 2)
    assert float(fooling_loss(fake)) == pytest.approx((1 + 0.25 + 4) / 2)


def test_it_learns_to_tell_poses_apart_and_shows_the_way():
    """Real poses turn little, others much; the gradient of what a net minimizes leads from the others to the real."""
    keras.utils.set_random_seed(0)
    critic, optimizer = build_critic(4, 3, units=(32, 32)), keras.optimizers.Adam(3e-3)
    optimizer.build(critic.trainable_variables)

    @tf.function
    def learn(real, fake):
        with tf.GradientTape() as tape:
            loss = critic_loss(critic(real), critic(fake))
        optimizer.apply(tape.gradient(loss, critic.trainable_variables), critic.trainable_variables)

    for step in range(150):
        learn(random_bodies(64, 4, 3, 0.2, 2 * step), random_bodies(64, 4, 3, 1.2, 2 * step + 1))
    real, fake = random_bodies(200, 4, 3, 0.2, 10_000), random_bodies(200, 4, 3, 1.2, 10_001)
    judged = [np.asarray(critic(bodies)).mean(axis=0) for bodies in (real, fake)]
    assert (judged[0] - judged[1]).min() > 0.4
    rotations, values = (tf.constant(fake[name]) for name in ("rotations", "shape_values"))
    with tf.GradientTape() as tape:
        tape.watch(rotations)
        loss = fooling_loss(critic({"rotations": rotations, "shape_values": values}))
    step = rotations - 2.0 * tape.gradient(loss, rotations)
    away = [np.linalg.norm(one - np.eye(3), axis=(2, 3)).mean() for one in (rotations.numpy(), step.numpy())]
    assert away[1] < away[0]


def test_wrong_numbers_raise():
    with pytest.raises(ValueError, match="bones and shape must be 1 or more, got 0 and 10"):
        build_critic(0)
