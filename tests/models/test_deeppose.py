"""DeepPose: parameter counts, sub-images, the cascade, simulated predictions, eight images by heart."""

import keras
import numpy as np
import pytest
from by_heart import eight_images, train_by_heart
from keras import ops

from models import build_deeppose, deeppose_form, deeppose_forward, form_of, named_layers, pyramid_neck, stages_of
from models.blocks import SCORES
from models.crops import crop, crop_whole
from models.deeppose import deeppose_loss, diameter
from train.loop.trainer import PoseTrainer

SIZE = 64


def small(num_joints=3, stages=2, torso=(0, 2), **options):
    options = {"width": 0.25, "view_size": 32, "input_size": SIZE} | options
    return build_deeppose(num_joints, torso, stages=stages, **options)


def middle_of(pixel):
    """The coordinate of a pixel's center in an image of `SIZE`."""
    return (pixel + 0.5) / SIZE * 2 - 1


@pytest.mark.slow
def test_published_parameter_counts():
    net = build_deeppose(14, (8, 3), width=None, input_size=220, stages=1)
    layers = dict(named_layers(net))
    convolutions = [layers[f"stage1/conv{i}"].output.shape[1:] for i in range(1, 6)]
    assert convolutions == [(55, 55, 96), (27, 27, 256), (13, 13, 384), (13, 13, 384), (13, 13, 256)]
    assert layers["stage1/pool5"].output.shape[1:] == (6, 6, 256)
    scores = 4096 * 14 + 14
    full = 6 * 6 * 256 * 4096 + 4096, 4096 * 4096 + 4096, 4096 * 28 + 28
    convolved = (
        11 * 11 * 3 * 96 + 96 + 25 * 96 * 256 + 256 + 9 * 256 * 384 + 384 + 9 * 384 * 384 + 384 + 9 * 384 * 256 + 256
    )
    assert net.count_params() - scores == convolved + sum(full) == 58_396_060


def test_a_square_is_cut_out():
    rng = np.random.default_rng(0)
    image = rng.normal(0, 1, (2, SIZE, SIZE, 3)).astype("float32")
    # Squares of 8 px, between pixels, at a whole number of pixels; one reaches out of the image.
    centers = np.array([[[20.5, 30.5], [62.5, 1.5]], [[11.5, 12.5], [40.5, 40.5]]])
    middles = middle_of(centers).astype("float32")
    half = np.full((2, 2), 8 / SIZE, "float32")
    found = ops.convert_to_numpy(crop(image, middles, half, 8))
    np.testing.assert_allclose(found[0, 0], image[0, 27:35, 17:25], atol=1e-4)
    np.testing.assert_allclose(found[1, 1], image[1, 37:45, 37:45], atol=1e-4)
    np.testing.assert_allclose(found[0, 1, 2:, :5], image[0, :6, 59:64], atol=1e-4)
    assert not found[0, 1, :2].any() and not found[0, 1, :, 5:].any()
    # Half as many cells are means of four pixels; twice as many are linear between pixels.
    means = ops.convert_to_numpy(crop(image, middles, half, 4))[0, 0]
    np.testing.assert_allclose(means, image[0, 27:35, 17:25].reshape(4, 2, 4, 2, 3).mean(axis=(1, 3)), atol=1e-4)
    ramp = np.broadcast_to(np.arange(SIZE, dtype="float32")[:, None], (1, SIZE, SIZE, 1))
    fine = ops.convert_to_numpy(crop(ramp, middles[:1, :1], half[:1, :1], 16))[0, 0, :, :, 0]
    np.testing.assert_allclose(fine, np.tile(16.75 + 0.5 * np.arange(16), (16, 1)), atol=1e-3)
    whole = ops.convert_to_numpy(crop_whole(image, 32))
    np.testing.assert_allclose(whole, image.reshape(2, 32, 2, 32, 2, 3).mean(axis=(2, 4)), atol=1e-4)


def test_the_diameter_of_a_pose():
    points = np.array([[[0.0, 0.0], [0.5, 0.5], [0.3, 0.4]]] * 3, "float32")
    known = np.array([[True, True, True], [True, True, False], [False, True, False]])
    # The torso; half the diagonal of the box about what is known; no less than 0.1.
    np.testing.assert_allclose(diameter(points, (0, 2), known), [0.5, 0.5 * 0.5**0.5, 0.1], rtol=1e-5)
    np.testing.assert_allclose(diameter(points, None), [0.5 * 0.5**0.5] * 3, rtol=1e-5)


def test_a_later_stage_moves_each_joint_by_its_own_answer_in_its_own_box():
    net = small()
    layers = dict(named_layers(net))
    first = np.array([[-0.4, -0.3], [0.1, 0.0], [0.2, 0.5]])
    moves = np.array([[0.5, 0.0], [0.0, -0.25], [1.0, 1.0]])
    for name, values in (("stage1", first), ("stage2", moves)):
        layer = layers[f"{name}/coordinates_dense"]
        layer.set_weights([np.zeros_like(layer.get_weights()[0]), values.ravel()])
    outputs = stages_of(net(np.zeros((1, SIZE, SIZE, 3), "uint8")))
    assert outputs.keys() == {"stage1", ""} and form_of(net).name == "coordinates"
    np.testing.assert_allclose(outputs["stage1"]["coordinates"][0], first, atol=1e-5)
    # The box's side is twice the distance of the joints 0 and 2, which is 1.
    np.testing.assert_allclose(outputs[""]["coordinates"][0], first + moves, atol=1e-5)


def test_later_stages_see_pixels_that_the_first_one_does_not():
    keras.utils.set_random_seed(0)
    net = small(sigma=0.3)
    layers = dict(named_layers(net))
    rng = np.random.default_rng(0)
    for layer in layers.values():
        if layer.name == "coordinates_dense":
            layer.set_weights([rng.normal(0, 0.02, weight.shape) for weight in layer.get_weights()])
    # Blocks of 2 x 2 px, which are the first stage's cells; in half of the pictures brighter and darker in turns.
    blocks = rng.integers(60, 190, (4, SIZE // 2, SIZE // 2, 3)).repeat(2, axis=1).repeat(2, axis=2)
    turns = np.indices((SIZE, SIZE)).sum(axis=0)[..., None] % 2 * 120 - 60
    pictures = np.concatenate([blocks + turns, blocks]).astype("uint8")
    # By the batch's statistics, without which an untrained net's features vanish.
    outputs = stages_of(net(pictures, training=True))
    first, last = (ops.convert_to_numpy(outputs[name]["coordinates"]) for name in ("stage1", ""))
    unseen, seen = (np.abs(one[:4] - one[4:]).max() for one in (first, last - first))
    assert seen > 1e-3 and seen > 10 * unseen


def test_simulated_predictions_have_the_errors_that_were_measured(monkeypatch):
    net = small()
    seen = []
    monkeypatch.setattr(
        "models.deeppose.refined", lambda net, x, points, side, training, chosen: seen.append((points, side)) or {}
    )
    mean = np.array([[0.1, 0.0], [0.0, 0.0], [-0.1, 0.2]])
    covariance = np.array([[[0.04, 0.01], [0.01, 0.01]]] * 3)
    forward = deeppose_forward(2, (0, 2), 2.0, (mean, covariance))
    count = 2000
    true = np.array([[0.0, 0.0], [0.5, 0.5], [0.3, 0.4]])
    joints = ((true + 1) * SIZE / 2 - 0.5).astype("float32")
    labels = {"joints_xy_px": np.tile(joints, (count, 1, 1)), "visible": np.full((count, 3), 2)}
    pictures = np.zeros((count, SIZE, SIZE, 3), "uint8")
    outputs = forward(net, pictures, labels, training=True, seeds=keras.random.SeedGenerator(0))
    points, side = (ops.convert_to_numpy(one) for one in seen[0])
    errors = points - true
    np.testing.assert_allclose(errors.mean(axis=0), mean, atol=0.02)
    np.testing.assert_allclose(np.cov(errors[:, 0].T), covariance[0], atol=0.005)
    np.testing.assert_allclose(side, 2 * 0.5, rtol=1e-4)
    np.testing.assert_allclose(outputs["half"], 0.5, rtol=1e-4)


def test_a_step_looks_at_some_joints_and_the_others_do_not_count():
    errors = np.zeros((3, 2)), np.tile(0.01 * np.eye(2), (3, 1, 1))
    forward = deeppose_forward(2, (0, 2), 2.0, errors, boxes=2)
    labels = {"joints_xy_px": np.full((4, 3, 2), 20.0, "float32"), "visible": np.array([[2, 1, 2]] * 3 + [[0, 0, 2]])}
    pictures = np.random.default_rng(0).integers(0, 255, (4, SIZE, SIZE, 3), "uint8")
    net, seeds, looked = small(), keras.random.SeedGenerator(0), set()
    for layer in (net.get_layer("stage2").get_layer(name) for name in ("coordinates_dense", SCORES)):
        layer.set_weights([np.zeros_like(layer.get_weights()[0]), np.ones_like(layer.get_weights()[1])])
    for _ in range(12):
        outputs = forward(net, pictures, labels, training=False, seeds=seeds)
        there = ops.convert_to_numpy(outputs["visible"])
        chosen = there[0] > 0
        assert chosen.sum() == 2
        np.testing.assert_array_equal(there, labels["visible"] * chosen)
        np.testing.assert_array_equal(ops.convert_to_numpy(outputs[SCORES]), np.tile(chosen, (4, 1)))
        looked.add(tuple(np.flatnonzero(chosen)))
    assert looked == {(0, 1), (0, 2), (1, 2)}


def test_the_loss_counts_in_boxes():
    labels = {"joints_xy_px": np.array([[[SIZE / 2 - 0.5, SIZE / 2 - 0.5], [np.nan, np.nan]]], "float32")}
    labels["visible"] = np.array([[2, 0]])
    outputs = {"coordinates": np.array([[[0.3, 0.4], [9.0, 9.0]]], "float32")}
    assert float(deeppose_loss(labels, outputs, SIZE)["joint_loss"].value) == pytest.approx(0.25)
    outputs["half"] = np.array([0.5], "float32")
    assert float(deeppose_loss(labels, outputs, SIZE)["joint_loss"].value) == pytest.approx(1.0)


@pytest.mark.slow
@pytest.mark.usefixtures("few_units")
@pytest.mark.graph
def test_eight_images_are_learned_by_heart():
    keras.utils.set_random_seed(0)
    pictures, labels = eight_images()
    net = small(torso=(0, 2))
    for _, layer in named_layers(net):
        if isinstance(layer, keras.layers.BatchNormalization):
            # Frozen layers normalize by averages, which so short a training gets from its last steps alone.
            layer.momentum = 0.5
    trained = []
    for steps, weights, forward in ((50, {"": 0.0}, None), (100, {"stage1": 0.0}, deeppose_forward(2, (0, 2)))):
        for name, layer in named_layers(net):
            # The first stage's scores are none of the net's outputs.
            layer.trainable = (
                name.startswith("stage2/") if forward else name.startswith("stage1/") and "score" not in name
            )
        trainer = PoseTrainer(net, SIZE, 0.05, form=deeppose_form(), stage_weights=weights, forward=forward)
        logs = train_by_heart(trainer, steps, pictures, labels)[-1]
        trained.append({name for name in logs if name.endswith("joint_loss")})
    assert trained == [{"stage1_joint_loss"}, {"joint_loss"}]
    found = stages_of(net(pictures, training=True))
    first, last = (
        np.linalg.norm((found[name]["coordinates"] + 1) * SIZE / 2 - 0.5 - labels["joints_xy_px"], axis=-1).mean()
        for name in ("stage1", "")
    )
    assert last < 1.0 and last < first / 2


def test_wrong_arguments_raise():
    with pytest.raises(ValueError, match="stages must be 1 or more, got 0; 3 is the published number"):
        small(stages=0)
    with pytest.raises(ValueError, match="view_size must be at least 96 px, got 64"):
        small(width=None, view_size=64)
    with pytest.raises(ValueError, match="pass no_neck and coordinate_head"):
        small(neck=pyramid_neck)
