"""Tompson's spatial model: kernels by hand, which person is chosen, impossible joints."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import ops

from models.spatial_model import LAYER, displacement_kernels, grid_cells, middle_map, spatial_model

SIDE = 8


def model(joints, cells=SIDE, kernels=None, background=1e-3):
    maps = keras.Input((cells, cells, joints))
    built = keras.Model(maps, spatial_model(maps))
    if kernels is not None:
        built.get_layer(LAYER).set_weights([kernels, np.full((joints + 1) * joints, background)])
    return built


def peaks(*places, cells=SIDE, height=12.0):
    """A map of logits (1, cells, cells, 1) with peaks at cells (x, y)."""
    logits = np.zeros((1, cells, cells, 1), "float32")
    for x, y in places:
        logits[0, y, x] = height
    return logits


def test_the_grid_divides_the_maps():
    assert [grid_cells(cells) for cells in (56, 64, 48, 16, 12, 13, 17)] == [14, 16, 16, 16, 12, 13, 1]


def test_kernels_count_displacements_by_hand():
    # Both people have joint 1 three cells to the right of and two below joint 0; joint 2 is not labeled.
    cell = 2 / SIDE
    points = np.array([[[0, 0], [3, 2], [0, 0]], [[-2, 1], [1, 3], [0, 0]]]) * cell
    labeled = np.array([[True, True, False]] * 2)
    kernels = displacement_kernels([(points, labeled)], 3, SIDE)
    assert kernels.shape == (15, 15, 4, 3)
    np.testing.assert_allclose(kernels.sum(axis=(0, 1)), 1.0, rtol=1e-5)
    # Joint 1 from joint 0: the kernel's peak is at the opposite step from its middle (7, 7), as correlation takes it.
    assert np.unravel_index(kernels[:, :, 0, 1].argmax(), (15, 15)) == (7 - 2, 7 - 3)
    assert np.unravel_index(kernels[:, :, 1, 0].argmax(), (15, 15)) == (7 + 2, 7 + 3)
    # Joints never seen together know nothing.
    np.testing.assert_allclose(kernels[:, :, 0, 2], 1 / 15**2, rtol=1e-4)
    # From the middle of the image joint 1 was once at (3, 2), once at (1, 3).
    from_middle = kernels[::-1, ::-1, 3, 1]
    assert from_middle[7 + 2, 7 + 3] == pytest.approx(from_middle[7 + 3, 7 + 1]) and from_middle[7, 7] < 0.05
    # Mirrored people too: joint 0 is joint 1 in a mirror.
    both = displacement_kernels([(points, labeled)], 3, SIDE, np.array([1, 0, 2]))
    assert both[7 - 2, 7 - 3, 0, 1] == pytest.approx(both[7 + 2, 7 - 3, 0, 1], rel=1e-3)


def test_a_kernel_of_one_step_moves_a_map_by_it():
    kernels = np.zeros((15, 15, 3, 2), "float32")
    # Joint 1 lies 3 cells right of and 2 below joint 0.
    kernels[7 - 2, 7 - 3, 0, 1] = 1.0
    maps = np.concatenate([peaks((2, 4)), peaks()], axis=-1)
    found = ops.convert_to_numpy(model(2, kernels=kernels)(maps))[0, :, :, 1]
    assert np.unravel_index(found.argmax(), (SIDE, SIDE)) == (6, 5)
    assert np.sort(found.ravel())[-2] < found.max() - 3


def people(count, rng):
    """Joints of made-up people about the middle: a trunk of two joints, and a third that lies to their right."""
    trunk = rng.normal(0, 0.05, (count, 1, 2))
    return trunk + np.array([[0, -0.3], [0, 0.3], [0.5, 0.0]]) + rng.normal(0, 0.03, (count, 3, 2))


def test_a_joint_that_no_body_could_have_there_is_suppressed():
    points = people(200, np.random.default_rng(0))
    cells = 16
    kernels = displacement_kernels([(points, np.ones((200, 3), bool))], 3, cells)
    place = lambda x, y: (round((x + 1) * cells / 2 - 0.5), round((y + 1) * cells / 2 - 0.5))  # noqa: E731
    right, wrong = place(0.5, 0.0), place(-0.6, -0.7)
    # The third joint's map is higher where it cannot be.
    third = peaks(right, cells=cells, height=8.0) + peaks(wrong, cells=cells, height=9.0)
    maps = np.concatenate([peaks(place(0, -0.3), cells=cells), peaks(place(0, 0.3), cells=cells), third], axis=-1)
    assert np.unravel_index(maps[0, :, :, 2].argmax(), (cells, cells)) == wrong[::-1]
    found = ops.convert_to_numpy(model(3, cells, kernels)(maps))[0, :, :, 2]
    assert np.unravel_index(found.argmax(), (cells, cells)) == right[::-1]


def test_of_two_people_the_one_in_the_middle_is_chosen():
    points = people(200, np.random.default_rng(0))
    cells = 16
    kernels = displacement_kernels([(points, np.ones((200, 3), bool))], 3, cells)
    place = lambda x, y: (round((x + 1) * cells / 2 - 0.5), round((y + 1) * cells / 2 - 0.5))  # noqa: E731
    # The other person's joints are as they should be, and found more surely.
    maps = [
        peaks(place(x, y), cells=cells, height=8.0) + peaks(place(x - 0.75, y), cells=cells, height=9.0)
        for x, y in ((0, -0.3), (0, 0.3), (0.5, 0.0))
    ]
    maps = np.concatenate(maps, axis=-1)
    found = ops.convert_to_numpy(model(3, cells, kernels)(maps))[0]
    for joint, (x, y) in enumerate(((0, -0.3), (0, 0.3), (0.5, 0.0))):
        assert np.unravel_index(found[:, :, joint].argmax(), (cells, cells)) == place(x, y)[::-1]


def test_the_middle_of_an_image():
    assert middle_map(4)[0, :, :, 0].tolist() == [[0, 0, 0, 0], [0, 0.25, 0.25, 0], [0, 0.25, 0.25, 0], [0, 0, 0, 0]]
    assert middle_map(3)[0, :, :, 0].tolist() == [[0, 0, 0], [0, 1, 0], [0, 0, 0]]


def test_maps_that_are_finer_than_the_grid_keep_their_cells():
    even = np.full((31, 31, 3, 2), 1.0, "float32")
    maps = np.random.default_rng(0).normal(0, 1, (1, 32, 32, 2)).astype("float32")
    found = ops.convert_to_numpy(model(2, 32, even)(maps))
    # Even kernels say the same everywhere.
    assert np.ptp(found - maps, axis=(1, 2)).max() < 1e-3


def test_averages_that_are_below_zero_are_none():
    """An average of weights may be, as Keras takes it before constraints apply: no logarithm may become NaN by it."""
    net = model(2)
    layer = net.get_layer(LAYER)
    kernels, background = layer.get_weights()
    layer.set_weights([0 * kernels - 1e-4, 0 * background - 1e-5])
    logits = np.random.default_rng(0).normal(size=(3, 8, 8, 2)).astype("float32")
    with tf.GradientTape() as tape:
        found = net(logits)
        loss = tf.reduce_sum(found)
    assert np.isfinite(found.numpy()).all()
    assert all(np.isfinite(gradient.numpy()).all() for gradient in tape.gradient(loss, net.trainable_weights))
