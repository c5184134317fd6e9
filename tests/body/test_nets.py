"""The body in keras.ops against the body in NumPy, SciPy's rotations and finite differences."""

from dataclasses import astuple

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import ops
from scipy.spatial.transform import Rotation

from body import nets
from body.human import BONES, Human, Shape
from body.linear import free_body, shape_values
from body.shape import coefficients_of

COUNT = 6


@pytest.fixture(scope="module")
def bodies():
    """Shapes, rotations (N, 31, 3, 3), roots (N, 3) in mm, and what NumPy makes of them."""
    rng = np.random.default_rng(3)
    shapes = [Shape.random(rng) for _ in range(COUNT)]
    rotations = Rotation.random(COUNT * len(BONES), random_state=4).as_matrix().reshape(COUNT, -1, 3, 3)
    roots = rng.normal(0, 1000, (COUNT, 3))
    posed = [
        Human(shape).pose(turns[None], root[None]) for shape, turns, root in zip(shapes, rotations, roots, strict=True)
    ]
    return shapes, rotations, roots, posed


def gradient(function, *values):
    """The gradient of the sum of a function's answers, by TensorFlow."""
    variables = [tf.constant(value, tf.float32) for value in values]
    with tf.GradientTape() as tape:
        tape.watch(variables)
        total = tf.reduce_sum(function(*variables))
    return [found.numpy() for found in tape.gradient(total, variables)]


@pytest.mark.parametrize("policy", ["float32", "mixed_bfloat16"])
def test_all_vertices_and_joints_are_those_of_numpy(bodies, policy):
    shapes, rotations, roots, posed = bodies
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy)
    try:
        body, values = free_body(None), np.stack([coefficients_of(shape) for shape in shapes])
        bones = nets.pose_bones(body, rotations, values, roots)
        vertices, joints = nets.vertices(body, values, bones), nets.joints(body, values, bones)
    finally:
        keras.config.set_dtype_policy(before)
    for number, expected in enumerate(posed):
        np.testing.assert_allclose(vertices[number], expected.vertices_mm[0], atol=0.01)
        np.testing.assert_allclose(joints[number], expected.joints_mm[0], atol=0.01)
        np.testing.assert_allclose(bones.heads_mm[number], expected.heads_mm[0], atol=0.01)
        np.testing.assert_allclose(bones.orientations[number], expected.orientations[0], atol=1e-5)


def test_a_body_in_a_batch_is_the_body_alone(bodies):
    _, rotations, roots, _ = bodies
    body, values = free_body(10), np.random.default_rng(0).normal(size=(COUNT, 10))
    run = tf.function(lambda *inputs: nets.vertices(body, inputs[1], nets.pose_bones(body, *inputs)))
    together = run(tf.constant(rotations), tf.constant(values), tf.constant(roots))
    alone = nets.vertices(body, values[2:3], nets.pose_bones(body, rotations[2:3], values[2:3], roots[2:3]))
    np.testing.assert_allclose(together[2], alone[0], atol=2e-3)
    # Without a root the hips stay where they are at rest, here the origin.
    still = nets.pose_bones(body, rotations, values)
    np.testing.assert_allclose(
        still.heads_mm + roots[:, None], nets.pose_bones(body, rotations, values, roots).heads_mm, atol=2e-3
    )
    np.testing.assert_array_equal(still.heads_mm[:, 0], np.zeros((COUNT, 3)))


def test_makehumans_terms_blend_as_in_numpy(bodies):
    shapes, *_ = bodies
    terms = np.array([[*astuple(shape)[:5], *(2.0 * np.array(shape.ancestry))] for shape in shapes])
    expected = np.stack([coefficients_of(shape) for shape in shapes])
    np.testing.assert_allclose(nets.blended(terms), expected, atol=1e-5)
    names = ("sex", "age", "weight", "muscle", "height")
    for place, name in enumerate(names):
        found = gradient(lambda values: nets.blended(values)[:, :20], terms)[0][:, place]
        step = np.zeros(8)
        step[place] = 1e-2
        ends = [np.asarray(nets.blended(terms + sign * step))[:, :20].sum(axis=1) for sign in (1, -1)]
        slope = (ends[0] - ends[1]) / 2e-2
        # A term whose step crosses a kink, in the middle of its range, has two slopes.
        smooth = np.abs(terms[:, place] - 0.5) > 1e-2
        np.testing.assert_allclose(found[smooth], slope[smooth], rtol=1e-3, atol=2e-3, err_msg=name)


def test_ten_values_are_nearly_the_shapes_of_adults():
    rng, body = np.random.default_rng(9), free_body(10)
    shapes = [Shape.random(rng) for _ in range(60)]
    values = np.stack([shape_values(shape) for shape in shapes])
    assert np.abs(values.mean(axis=0)).max() < 0.5 and 0.6 < values.std(axis=0).min() < values.std(axis=0).max() < 1.4
    rest = np.asarray(nets.shaped(body.vertices.points, values))
    people = [Human(shape) for shape in shapes]
    expected = np.stack([human.rest_mm - human.heads_mm[0] for human in people])
    errors = np.linalg.norm(rest - expected, axis=2)
    assert np.mean(errors) < 2 and np.quantile(errors, 0.99) < 8
    # They differ far more from one another, and the first value is most of that.
    assert np.linalg.norm(rest - body.vertices.points.rest_mm, axis=2).mean() > 25
    statures = [human.stature_mm for human in people]
    assert np.corrcoef(values[:, 0], statures)[0, 1] > 0.9
    for wrong in (0, 11):
        with pytest.raises(ValueError, match=f"values must be from 1 to 10, got {wrong}; None for all"):
            free_body(wrong)


def test_gradients_of_joints_are_finite_differences(bodies):
    _, rotations, roots, _ = bodies
    body, rng = free_body(10), np.random.default_rng(1)
    vectors = Rotation.from_matrix(rotations[:1].reshape(-1, 3, 3)).as_rotvec().reshape(1, -1, 3).astype("float32")
    values, weights = rng.normal(size=(1, 10)).astype("float32"), rng.normal(size=(19, 3)).astype("float32")
    some = rng.choice(14672, 40)

    def total(vectors, values, root):
        bones = nets.pose_bones(body, nets.from_axis_angle(vectors), values, root)
        skin = ops.take(nets.vertices(body, values, bones), some, axis=1)
        return ops.sum(nets.joints(body, values, bones) * weights) + ops.mean(skin)

    inputs = [vectors, values, roots[:1].astype("float32")]
    found = gradient(total, *inputs)
    for place, (value, slopes) in enumerate(zip(inputs, found, strict=True)):
        for index in rng.permutation(list(np.ndindex(*value.shape)))[:12]:
            index, ends = tuple(index), []
            for step in (1e-2, -1e-2):
                moved = [one.copy() for one in inputs]
                moved[place][index] += step
                ends.append(float(total(*moved)))
            assert (ends[0] - ends[1]) / 2e-2 == pytest.approx(slopes[index], rel=5e-3, abs=0.3), (place, index)


def test_rotations_are_scipys():
    rng = np.random.default_rng(0)
    axes = rng.normal(size=(400, 3))
    axes /= np.linalg.norm(axes, axis=1, keepdims=True)
    # From nothing over both sides of the bound of the series to half a turn.
    angles = np.concatenate([[0], np.geomspace(1e-8, 0.3, 199), np.linspace(0.3, np.pi - 1e-3, 200)])
    vectors = axes * angles[:, None]
    matrices = Rotation.from_rotvec(vectors).as_matrix()
    np.testing.assert_allclose(nets.from_axis_angle(vectors), matrices, atol=1e-6)
    np.testing.assert_allclose(nets.axis_angle_of(matrices), vectors, atol=2e-6)
    np.testing.assert_allclose(nets.from_six(nets.six_of(matrices)), matrices, atol=1e-6)
    # Half a turn has two axes; both are the same rotation.
    half = Rotation.from_rotvec(axes * np.pi).as_matrix()
    np.testing.assert_allclose(nets.from_axis_angle(nets.axis_angle_of(half)), half, atol=2e-6)
    # More than half a turn is less than half a turn the other way.
    np.testing.assert_allclose(
        nets.axis_angle_of(nets.from_axis_angle(axes * 4.0)), axes * (4.0 - 2 * np.pi), atol=5e-6
    )


def test_six_numbers_by_hand():
    # Twice x, and y with some x in it: neither lengths nor the part along x matter.
    np.testing.assert_allclose(nets.from_six(np.array([2.0, 0, 0, 5, 3, 0])), np.eye(3), atol=1e-6)
    # y, then z: columns y, z, x.
    turned = nets.from_six(np.array([[0.0, 1, 0, 0, 0, 1]]))
    np.testing.assert_allclose(turned[0], [[0, 0, 1], [1, 0, 0], [0, 1, 0]], atol=1e-6)
    rng = np.random.default_rng(2)
    matrices = np.asarray(nets.from_six(rng.normal(size=(500, 6))))
    np.testing.assert_allclose(matrices @ np.swapaxes(matrices, 1, 2), np.tile(np.eye(3), (500, 1, 1)), atol=1e-5)
    np.testing.assert_allclose(np.linalg.det(matrices), 1, atol=1e-5)


@pytest.mark.parametrize("angle", [0.0, 1e-12, 1e-4, 0.09, 0.11, 2.0])
def test_gradients_of_rotations(angle):
    rng = np.random.default_rng(5)
    vector, weights = angle * np.array([0.6, 0.0, -0.8]), rng.normal(size=(3, 3))
    found = gradient(lambda vector: nets.from_axis_angle(vector) * weights.astype("float32"), vector)[0]
    for axis, step in enumerate(1e-4 * np.eye(3)):
        ends = [(Rotation.from_rotvec(vector + sign * step).as_matrix() * weights).sum() for sign in (1, -1)]
        assert found[axis] == pytest.approx((ends[0] - ends[1]) / 2e-4, abs=2e-5)
    # There and back is the identity, so that its gradient is too.
    back = gradient(
        lambda vector: nets.axis_angle_of(nets.from_axis_angle(vector)) * weights[0].astype("float32"), vector
    )[0]
    np.testing.assert_allclose(back, weights[0], atol=1e-4)


def test_gradients_are_finite_where_there_is_no_rotation():
    for six in (np.zeros(6), np.array([1.0, 0, 0, 2, 0, 0])):
        assert np.isfinite(gradient(nets.from_six, six)[0]).all()
        assert np.isfinite(nets.from_six(six)).all()
    half_turns = np.stack([np.diag(signs) for signs in ([1.0, -1, -1], [-1.0, 1, -1], [-1.0, -1, 1])])
    assert np.isfinite(gradient(nets.axis_angle_of, half_turns)[0]).all()
