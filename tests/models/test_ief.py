"""Iterative error feedback: parameter counts, drawn points, bounded steps, what is learned, eight images by heart."""

import keras
import numpy as np
import pytest
from by_heart import train_by_heart
from keras import ops
from people import write_shard_set

from models import build_ief, form_of, ief_form, ief_forward, inference_model, named_layers, pyramid_neck, stages_of
from models.forms.coordinates import encode
from models.ief import fixed_path, ief_loss, render, unit
from models.normalization import local_response_normalization
from records import dataset
from train.loop.trainer import PoseTrainer

SIZE = 64
# The bound in px of an image of `SIZE`.
BOUND = 20 * SIZE / 224


def small(num_joints=3, steps=4, mean=None, **options):
    mean = np.zeros((num_joints, 2)) if mean is None else mean
    return build_ief(num_joints, mean, width=0.25, steps=steps, input_size=SIZE, **options)


def test_published_parameter_counts():
    net = build_ief(16, np.zeros((16, 2)), width=None)
    layers = dict(named_layers(net))
    # GoogLeNet has 5 973 552 weights before its classifier, 17 maps more enter 7 x 7 x 64 of them.
    scores = layers["step/score_logits"].count_params()
    assert scores == 1024 * 16 + 16
    assert net.count_params() - scores == 5_973_552 + 7 * 7 * 17 * 64 + 1024 * 32 + 32 == 6_059_664
    assert layers["step/conv1"].kernel.shape == (7, 7, 3 + 16 + 1, 64)
    assert layers["step/inception5b_out"].output.shape[1:] == (7, 7, 1024)


def test_all_steps_have_the_same_weights():
    one, four = small(steps=1), small(steps=4)
    assert one.count_params() == four.count_params()
    assert stages_of(four.output).keys() == {"stage1", "stage2", "stage3", ""} and stages_of(one.output).keys() == {""}
    assert form_of(four).name == "coordinates"


def test_a_point_is_drawn_as_in_the_paper():
    # At (60, 40) of an image of 224 px, and the middle of the image.
    points = (np.array([[[60.0, 40.0]]], "float32") + 0.5) / 112 - 1
    maps = ops.convert_to_numpy(render(points, 224)) * 127.5
    assert maps.shape == (1, 224, 224, 2)
    expected = 100 * np.exp(-0.001 * ((np.arange(224) - 60.0) ** 2 + 10.0**2)) - 50
    np.testing.assert_allclose(maps[0, 50, :, 0], expected, atol=1e-3)
    assert maps[0, 40, 60, 0] == pytest.approx(50.0, abs=1e-3)
    np.testing.assert_allclose(maps[0, 111:113, 111:113, 1], 100 * np.exp(-0.0005) - 50, atol=1e-3)
    # In half the image the drawing is half as large.
    half = ops.convert_to_numpy(render(points, 112)) * 127.5
    np.testing.assert_allclose(half[0, 20, 30, 0], 100 * np.exp(-0.001 * 0.5) - 50, atol=1e-3)
    mirrored = ops.convert_to_numpy(render(points * np.array([-1.0, 1.0], "float32"), 224)) * 127.5
    np.testing.assert_allclose(mirrored, maps[:, :, ::-1], atol=1e-3)


def test_a_step_goes_as_far_as_the_bound_and_all_steps_four_times_as_far():
    mean = np.array([[0.0, 0.0], [-0.2, 0.1], [0.3, 0.3]])
    for is_bounded in (True, False):
        net = small(mean=mean, is_bounded=is_bounded)
        layer = dict(named_layers(net))["step/coordinates_dense"]
        kernel, _ = layer.get_weights()
        # Always far to the right; a little upwards; not at all.
        layer.set_weights([np.zeros_like(kernel), np.array([1000.0, 0, 0, -0.5, 0, 0])])
        found = stages_of(net(np.zeros((2, SIZE, SIZE, 3), "uint8")))
        places = [ops.convert_to_numpy(found[name]["coordinates"]) * SIZE / 2 for name in ("stage1", "stage2", "")]
        for place, steps in zip(places, (1, 2, 4), strict=True):
            moved = place[0] - mean * SIZE / 2
            far = BOUND * (1 if is_bounded else 1000)
            np.testing.assert_allclose(
                moved, steps * np.array([[far, 0], [0, -0.5 * BOUND], [0, 0]]), rtol=1e-4, atol=1e-4
            )


def test_the_fixed_path_leads_to_the_label():
    mean = np.array([[0.0, 0.0]] * 3)
    # 1.6 bounds away, half a bound away, and not labeled.
    true = unit() * np.array([[[1.6 * 0.6, 1.6 * 0.8], [-0.5, 0.0], [np.nan, np.nan]]], "float32")
    labeled = np.array([[True, True, False]])
    path = [ops.convert_to_numpy(one)[0] / unit() for one in fixed_path(true, labeled, mean, 3, True)]
    np.testing.assert_allclose([one[0] for one in path], [[0, 0], [0.6, 0.8], [0.96, 1.28], [0.96, 1.28]], atol=1e-5)
    np.testing.assert_allclose([one[1] for one in path], [[0, 0], [-0.5, 0], [-0.5, 0], [-0.5, 0]], atol=1e-5)
    np.testing.assert_array_equal([one[2] for one in path], np.zeros((4, 2)))
    free = [ops.convert_to_numpy(one)[0] / unit() for one in fixed_path(true, labeled, mean, 1, False)]
    np.testing.assert_allclose(free[1][0], [0.96, 1.28], atol=1e-5)


@pytest.mark.parametrize(("consolidated", "second"), [(True, 0.6), (False, 1.0)])
def test_what_each_step_learns(consolidated, second):
    net = small(1, steps=2)
    layer = dict(named_layers(net))["step/coordinates_dense"]
    kernel, _ = layer.get_weights()
    # The net always answers half a bound to the left, the label is 1.6 bounds to the right.
    layer.set_weights([np.zeros_like(kernel), np.array([-0.5, 0.0])])
    labels = {"joints_xy_px": np.array([[[SIZE / 2 - 0.5 + 1.6 * BOUND, SIZE / 2 - 0.5]]], "float32")}
    labels["visible"] = np.array([[2]])
    forward = ief_forward(np.zeros((1, 2)), 2, True, consolidated)
    outputs = forward(net, np.zeros((1, SIZE, SIZE, 3), "uint8"), labels, training=False)
    stages = stages_of(outputs)
    away = {
        name: ops.convert_to_numpy(one["target"] - one["coordinates"])[0, 0] / unit() for name, one in stages.items()
    }
    np.testing.assert_allclose(away["stage1"], [1.0 + 0.5, 0], atol=1e-4)
    np.testing.assert_allclose(away[""], [second + 0.5, 0], atol=1e-4)
    assert float(ief_loss(labels, stages[""], SIZE)["joint_loss"].value) == pytest.approx((second + 0.5) ** 2, rel=1e-3)
    # In validation the label itself counts.
    last = {"coordinates": net(np.zeros((1, SIZE, SIZE, 3), "uint8"))["coordinates"]}
    assert float(ief_loss(labels, last, SIZE)["joint_loss"].value) == pytest.approx(2.6**2, rel=1e-3)


def test_local_response_normalization():
    x = np.random.default_rng(0).normal(0, 30, (1, 2, 2, 7)).astype("float32")
    expected = np.empty_like(x)
    for channel in range(7):
        near = x[..., max(0, channel - 2) : channel + 3]
        expected[..., channel] = x[..., channel] / (1 + 1e-4 / 5 * (near**2).sum(axis=-1)) ** 0.75
    np.testing.assert_allclose(local_response_normalization(x), expected, rtol=1e-5)


@pytest.mark.slow
@pytest.mark.usefixtures("few_units")
@pytest.mark.graph
def test_eight_images_are_learned_by_heart(tmp_path):
    keras.utils.set_random_seed(0)
    write_shard_set(tmp_path, train=8, val=1, size=SIZE)
    pictures, labels = next(dataset(tmp_path, "train", batch_size=8).as_numpy_iterator())
    labels = {name: labels[name] for name in ("joints_xy_px", "visible")}
    mean = (labels["joints_xy_px"].mean(axis=0) + 0.5) / SIZE * 2 - 1
    net = small(14, steps=2, mean=mean)
    trainer = PoseTrainer(net, SIZE, 0.05, form=ief_form(), forward=ief_forward(mean, 2))
    logs = train_by_heart(trainer, 100, pictures, labels)[-1]
    assert {"stage1_joint_loss", "joint_loss", "score_loss"} <= logs.keys()
    # Two bounded steps do not reach joints that are far off.
    labeled = labels["visible"] > 0
    true = encode(np.where(labeled[..., None], labels["joints_xy_px"], 0), SIZE)
    path = fixed_path(true, labeled, mean, 2, is_bounded=True)[1:]
    found = stages_of(net(pictures, training=True)).values()
    errors_px = [np.abs(one["coordinates"] - pose).mean() * SIZE / 2 for one, pose in zip(found, path, strict=True)]
    assert max(errors_px) < 1.0
    moved_px = np.abs(path[1] - path[0]).mean() * SIZE / 2
    assert moved_px > 2.0


def test_the_inference_model_answers_the_last_step(tmp_path):
    net = small()
    layer = dict(named_layers(net))["step/coordinates_dense"]
    layer.set_weights([weight + 0.3 for weight in layer.get_weights()])
    pictures = np.random.default_rng(0).integers(0, 256, (2, SIZE, SIZE, 3), dtype=np.uint8)
    model = inference_model(net, SIZE, ief_form())
    expected = (ops.convert_to_numpy(net(pictures)["coordinates"]) + 1) * SIZE / 2 - 0.5
    assert np.abs(expected - (SIZE - 1) / 2).min() > 1
    np.testing.assert_allclose(model(pictures)["joints_xy_px"], expected, atol=1e-3)
    model.save(tmp_path / "net.keras")
    again = keras.models.load_model(tmp_path / "net.keras")
    np.testing.assert_allclose(again(pictures)["joints_xy_px"], expected, atol=1e-3)


def test_wrong_arguments_raise():
    with pytest.raises(ValueError, match="steps must be 1 or more, got 0; 4 is the published number"):
        small(steps=0)
    with pytest.raises(ValueError, match="without a neck; pass no_neck"):
        small(neck=pyramid_neck)
