import keras
import numpy as np
import pytest
import tensorflow as tf

from models import FORMS, SCORES, ResidualLikelihood, encode, encode_heatmaps, encode_simcc, score_loss, visible_l1

SIZE, CELLS = 64, 16


def test_l1_by_hand_leaves_unlabeled_joints_out():
    true = np.array([[[0.0, 0.0], [1.0, 1.0]], [[0.5, 0.5], [np.nan, np.nan]]], np.float32)
    predicted = np.array([[[0.1, -0.3], [9.0, 9.0]], [[0.5, 0.7], [3.0, 3.0]]], np.float32)
    visible = np.array([[2, 0], [1, 0]])
    # (0.1 + 0.3 + 0 + 0.2) / 4 coordinates of 2 labeled joints
    assert float(visible_l1(true, predicted, visible)) == pytest.approx(0.15)
    assert float(visible_l1(true, predicted, np.zeros((2, 2), int))) == 0


def outputs_at(joints_xy_px, sigma=0.1):
    """Outputs of every form whose joints lie at the given positions; the integral's map lies between whole cells."""
    place = keras.ops.convert_to_tensor(joints_xy_px)
    coordinates = encode(place, SIZE)
    return {
        "coordinates": coordinates,
        "sigmas": keras.ops.full_like(coordinates, sigma),
        "heatmap_logits": keras.ops.log(encode_heatmaps(place, SIZE, CELLS) + 1e-9),
        "integral_logits": keras.ops.log(bilinear_maps((np.asarray(coordinates) + 1) / 2 * (CELLS - 1)) + 1e-9),
        "simcc_x_logits": keras.ops.log(encode_simcc(place[..., 0], SIZE, 2 * SIZE) + 1e-9),
        "simcc_y_logits": keras.ops.log(encode_simcc(place[..., 1], SIZE, 2 * SIZE) + 1e-9),
    }


def bilinear_maps(place):
    along = np.maximum(1 - np.abs(np.arange(CELLS)[:, None, None] - place[:, None]), 0)
    return (along[:, :, None, :, 1] * along[:, None, :, :, 0]).astype("float32")


def joint_loss(loss, true, outputs, visible):
    return loss({"joints_xy_px": true, "visible": visible}, outputs, size=SIZE)["joint_loss"].value


JOINTS_XY_PX = np.array([[[10.0, 20.0], [40.5, 33.25], [5.0, 60.0]]], np.float32)
every_form = pytest.mark.parametrize("form", FORMS)


@every_form
def test_the_loss_is_least_at_the_truth(form):
    loss = FORMS[form].loss()
    visible = np.array([[2, 1, 2]])

    def at(offset_px):
        offset = np.array(offset_px, np.float32)
        return float(joint_loss(loss, JOINTS_XY_PX, outputs_at(JOINTS_XY_PX + offset), visible))

    least = at((0, 0))
    if form != "likelihood":
        assert least == pytest.approx(0, abs=1e-5)
    for way in ((1, 0), (-1, 0), (0, 1), (0, -1)):
        assert least + 1e-4 < at(way) < at(np.multiply(way, 3))


@every_form
def test_unlabeled_joints_have_no_weight_and_may_be_nan(form):
    loss = FORMS[form].loss()
    true, visible = JOINTS_XY_PX.copy(), np.array([[2, 0, 1]])
    true[0, 1] = np.nan
    outputs = outputs_at(JOINTS_XY_PX + 2)
    outputs = {name: outputs[name] for name in FORMS[form].outputs - {SCORES}}
    with tf.GradientTape() as tape:
        tape.watch(outputs)
        value = joint_loss(loss, true, outputs, visible)
    for name, gradient in tape.gradient(value, outputs).items():
        by_joint = np.abs(np.moveaxis(gradient, _axis_of_joints(name), 0))
        assert np.isfinite(by_joint).all()
        assert [joint.max() > 0 for joint in by_joint] == [True, False, True], name
    labeled = [0, 2]
    alone = {name: keras.ops.take(value, labeled, _axis_of_joints(name)) for name, value in outputs.items()}
    assert float(value) == pytest.approx(
        float(joint_loss(loss, true[:, labeled], alone, visible[:, labeled])), rel=1e-5
    )
    assert float(joint_loss(loss, true, outputs, np.zeros((1, 3), int))) == 0


def _axis_of_joints(output):
    return -1 if output in ("heatmap_logits", "integral_logits") else 1


def excess_over_even(targets):
    """How much worse an even distribution over the first axis is than the targets (N, J) themselves."""
    return (np.log(len(targets)) + (targets * np.log(targets + 1e-12)).sum(axis=0)).mean()


def test_losses_of_even_distributions_by_hand():
    visible = np.full((1, 3), 2)
    target = np.asarray(encode_heatmaps(JOINTS_XY_PX, SIZE, CELLS)).reshape(-1, 3)
    maps = {"heatmap_logits": keras.ops.zeros((1, CELLS, CELLS, 3))}
    loss = float(joint_loss(FORMS["heatmaps"].loss(), JOINTS_XY_PX, maps, visible))
    assert loss == pytest.approx(excess_over_even(target), rel=1e-4)
    x, y = (np.asarray(encode_simcc(JOINTS_XY_PX[..., i], SIZE, 2 * SIZE))[0].T for i in range(2))
    axes = {f"simcc_{axis}_logits": keras.ops.zeros((1, 3, 2 * SIZE)) for axis in "xy"}
    loss = float(joint_loss(FORMS["simcc"].loss(), JOINTS_XY_PX, axes, visible))
    assert loss == pytest.approx(excess_over_even(x) + excess_over_even(y), rel=1e-4)


def test_the_fresh_likelihood_is_laplace_times_normal():
    loss = ResidualLikelihood()
    true = np.array([[[31.5, 31.5], [31.5, 31.5]]], np.float32)
    outputs = {
        "coordinates": np.array([[[0.2, 0.0], [7.0, 7.0]]], np.float32),
        "sigmas": np.array([[[0.1, 0.4], [1.0, 1.0]]], np.float32),
    }
    residual = np.array([2.0, 0.0])
    laplace = -np.log(np.exp(-np.abs(residual)) / 2).sum()
    normal = (residual**2 / 2).sum() + np.log(2 * np.pi)
    expected = laplace + normal + 2 * np.log(0.1 * 0.4)
    # The flow's small random weights move the density a little.
    assert float(joint_loss(loss, true, outputs, np.array([[2, 0]]))) == pytest.approx(expected, abs=0.01)


def test_the_flow_learns_a_density_and_stays_one():
    keras.utils.set_random_seed(0)
    flow = ResidualLikelihood().flow
    rng = np.random.default_rng(0)
    # Residuals on two sides of a line, which no normal distribution describes.
    x = rng.normal(size=(256, 1)).astype("float32")
    residuals = np.concatenate([x, 0.8 * x + rng.choice([-1, 1], (256, 1)) * 0.2], axis=1).astype("float32")
    before = float(keras.ops.mean(flow(residuals)))
    optimizer = keras.optimizers.Adam(1e-2)

    @tf.function(autograph=False)
    def step():
        with tf.GradientTape() as tape:
            loss = -keras.ops.mean(flow(residuals))
        optimizer.apply(tape.gradient(loss, [w.value for w in flow.trainable_variables]), flow.trainable_variables)
        return loss

    for _ in range(60):
        loss = step()
    assert -float(loss) > before + 0.3
    steps = np.linspace(-6, 6, 241, dtype="float32")
    grid = np.stack(np.meshgrid(steps, steps), axis=-1).reshape(-1, 2)
    total = float(keras.ops.sum(keras.ops.exp(flow(grid)))) * (12 / 240) ** 2
    assert total == pytest.approx(1, abs=0.02)


def test_a_joint_outside_the_image_is_a_miss_for_its_score():
    place = np.zeros((1, 2, 2), np.float32)
    logits = np.array([[2.0, 2.0]], np.float32)
    visible, left = np.array([[0, 0]]), np.array([[True, False]])
    loss = score_loss(place, place, logits, visible, radius=0.1, left=left)
    np.testing.assert_allclose(loss, np.log1p(np.exp(2.0)), rtol=1e-6)
    # Though the position is right, the joint is not in the image.
    assert score_loss(place, place, logits - 9, visible, radius=0.1, left=left) < 0.01


def test_score_loss_by_hand():
    true = np.zeros((1, 3, 2), np.float32)
    predicted = np.array([[[0.06, 0.08], [0.07, 0.08], [5.0, 5.0]]], np.float32)
    logits = np.array([[0.0, 2.0, -30.0]], np.float32)
    # The first is within the radius of 0.1, the second is not, the third is not labeled.
    expected = (np.log(2) + np.log1p(np.exp(2.0))) / 2
    loss = score_loss(true, predicted, logits, np.array([[2, 1, 0]]), radius=0.1001)
    assert float(loss) == pytest.approx(expected, rel=1e-5)


def test_scores_send_no_gradient_into_the_coordinates():
    predicted, logits = tf.Variable(np.full((1, 1, 2), 0.3, np.float32)), tf.Variable(np.zeros((1, 1), np.float32))
    with tf.GradientTape() as tape:
        loss = score_loss(np.zeros((1, 1, 2), np.float32), predicted, logits, np.array([[2]]), 0.1)
    to_predicted, to_logits = tape.gradient(loss, [predicted, logits])
    assert to_predicted is None
    # The miss pulls the logit down with sigmoid(0) = 0.5.
    assert keras.ops.convert_to_numpy(to_logits)[0, 0] == pytest.approx(0.5)
