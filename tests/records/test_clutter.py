"""Walls and things in depth images: where they stand, what they leave, and in training."""

import numpy as np
import pytest
from depth_people import SIZE, depth_batch, write_depth
from people import write_shard_set

from records import Augmentation, training_dataset
from records.clutter import NUM_CLUTTER, with_clutter

FIELDS = ("depth_mm", "joints_xyz_mm", "xyz_known", "camera_matrix")


def cluttered(draws, share=1.0):
    inputs, labels = depth_batch(len(draws))
    depth = inputs["depth_mm"].astype(np.uint16)
    return depth, with_clutter(depth, {**inputs, **labels}, draws, share), inputs, labels


def test_walls_stand_behind_and_things_beside_the_person():
    draws = np.random.default_rng(0).uniform(size=(40, NUM_CLUTTER))
    before, after, inputs, labels = cluttered(draws)
    assert ((before == 0) <= (after == 0) | (after > 0)).all() and (after != before).mean() > 0.5
    image = labels["joints_xyz_mm"] @ inputs["camera_matrix"].swapaxes(1, 2)
    column, row = np.moveaxis(np.round(image[..., :2] / image[..., 2:]).astype(int), -1, 0)
    there = (column >= 0) & (column < SIZE) & (row >= 0) & (row < SIZE)
    people = np.arange(40)[:, None].repeat(19, 1)[there]
    # What is seen at the joints is as it was.
    np.testing.assert_array_equal(after[people, row[there], column[there]], before[people, row[there], column[there]])
    # A wall of 4.5 m was replaced by one that is nearer, but behind all joints.
    nearer = np.median(after.reshape(40, -1), axis=1)
    assert (nearer < 4500).mean() > 0.9 and (nearer > labels["joints_xyz_mm"][..., 2].max(axis=1) - 300).all()


def test_the_share_of_images_and_the_draws_decide():
    draws = np.random.default_rng(1).uniform(size=(40, NUM_CLUTTER))
    before, after, _, _ = cluttered(draws, share=0.5)
    changed = (after != before).any(axis=(1, 2))
    np.testing.assert_array_equal(changed, draws[:, 0] < 0.5)
    np.testing.assert_array_equal(cluttered(draws, share=0.5)[1], after)


def test_nobody_known_leaves_the_image():
    inputs, labels = depth_batch(2)
    depth = inputs["depth_mm"].astype(np.uint16)
    unknown = {**inputs, **labels, "xyz_known": np.zeros((2, 19))}
    np.testing.assert_array_equal(with_clutter(depth, unknown, np.zeros((2, NUM_CLUTTER)), 1.0), depth)


def test_training_images_have_clutter(tmp_path):
    write_depth(tmp_path)
    shared = {"batch_size": 4, "epochs": 1, "seed": 0, "fields": (*FIELDS, "joints_xy_px", "visible")}

    def batches(clutter, shard=(0, 1)):
        options = Augmentation(closeup=0.0, clutter=clutter)
        found = training_dataset(tmp_path, "train", augmentation=options, shard=shard, **shared)
        return [labels for _, labels in found.as_numpy_iterator()]

    plain, with_walls = batches(0.0), batches(1.0)
    for one, other in zip(plain, with_walls, strict=True):
        np.testing.assert_array_equal(one["joints_xyz_mm"], other["joints_xyz_mm"])
        assert (one["depth_mm"] != other["depth_mm"]).mean() > 0.2
    halves = [batches(1.0, (index, 2)) for index in (0, 1)]
    for whole, *parts in zip(with_walls, *halves, strict=True):
        np.testing.assert_array_equal(whole["depth_mm"], np.concatenate([part["depth_mm"] for part in parts]))


def test_clutter_is_for_depth_images(tmp_path):
    write_shard_set(tmp_path)
    with pytest.raises(ValueError, match="clutter is for depth images with camera_matrix, depth_mm"):
        training_dataset(tmp_path, "train", batch_size=4, epochs=1, seed=0, augmentation=Augmentation(clutter=0.5))
