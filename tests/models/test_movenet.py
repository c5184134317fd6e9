"""MoveNet: where the features are taken, what comes out, errors."""

import sys

import keras
import numpy as np
import pytest

from models import build_movenet, decode_heatmaps, form_of, inference_model, movenet, person_head


def test_features_are_taken_where_the_published_graph_takes_them():
    pictures = keras.Input((64, 64, 3))
    features = movenet(pictures, 1.75)
    assert [tuple(x.shape[1:]) for x in features] == [(16, 16, 40), (8, 8, 56), (4, 4, 112), (2, 2, 1280)]
    net = keras.Model(pictures, features)
    assert net.get_layer("stage4_unit4_out").output is features[2]


@pytest.mark.slow
def test_maps_have_a_quarter_of_the_images_side_also_where_levels_are_odd():
    for size, cells in ((64, 16), (72, 18), (65, 17)):
        net = build_movenet(0.25, 5, input_size=size)
        assert form_of(net).name == "heatmaps"
        outputs = net(np.zeros((2, size, size, 3), "uint8"))
        assert outputs["heatmap_logits"].shape == (2, cells, cells, 5)
        assert outputs["score_logits"].shape == (2, 5)


def test_the_inference_model_reads_the_maps():
    net = build_movenet(0.25, 5, input_size=64)
    pictures = np.random.default_rng(0).integers(0, 256, (2, 64, 64, 3), dtype=np.uint8)
    expected = decode_heatmaps(net(pictures), 64)
    found = inference_model(net, 64)(pictures)
    np.testing.assert_allclose(found["joints_xy_px"], expected, atol=1e-3)


def test_the_person_in_the_middle_is_told_from_others_as_in_the_published_graph(monkeypatch):
    # The best cell alone, as published.
    monkeypatch.setattr(sys.modules["models.movenet"], "_SHARPNESS", 1e4)
    net = build_movenet(0.25, 5, input_size=96, head=person_head)
    rng = np.random.default_rng(0)
    for name in ("heatmap_centers", "heatmap_vectors"):
        layer = net.get_layer(name)
        # Joints are several cells away.
        layer.set_weights([rng.normal(0, 8, weight.shape) for weight in layer.get_weights()])
    layers = ["heatmap_logits", "heatmap_centers", "heatmap_vectors"]
    read = keras.Model(net.inputs[0], [net.get_layer(name).output for name in layers] + [net.output["heatmap_logits"]])
    pictures = rng.integers(0, 256, (4, 96, 96, 3), dtype=np.uint8)
    maps, centers, vectors, found = map(keras.ops.convert_to_numpy, read(pictures))
    assert {output.dtype for output in net.output.values()} == {"float32"}
    assert maps.shape[1:3] == (24, 24) and centers.shape[1:3] == vectors.shape[1:3] == (12, 12)
    rows, columns = np.mgrid[:24, :24]
    for map_, center, vector, logits in zip(maps, centers[..., 0], vectors, found, strict=True):
        strength = 1 / (1 + np.exp(-center)) / (np.hypot(rows - 12, columns - 12)[6:18, 6:18] + 1.8)
        row, column = np.unravel_index(strength.argmax(), strength.shape)
        places = vector[row, column].reshape(5, 2) + (row + 6, column + 6)
        distance = np.hypot(rows[..., None] - places[:, 0], columns[..., None] - places[:, 1])
        np.testing.assert_allclose(logits, map_ - np.log(distance + 1.8), atol=1e-3)


def test_gradients_are_finite_where_a_center_predicts_a_joint_exactly_in_a_cell(monkeypatch):
    import tensorflow as tf

    monkeypatch.setattr(sys.modules["models.movenet"], "_SHARPNESS", 1e4)
    net = build_movenet(0.25, 5, input_size=96, head=person_head)
    for name in ("heatmap_centers", "heatmap_vectors"):
        layer = net.get_layer(name)
        layer.set_weights([np.zeros_like(weight) for weight in layer.get_weights()])
    pictures = np.zeros((1, 96, 96, 3), np.uint8)
    with tf.GradientTape() as tape:
        logits = net(pictures)["heatmap_logits"]
        loss = tf.reduce_mean(logits)
    # All joints are in the middle cell.
    falls = logits - logits[:, 12:13, 12:13]
    assert (keras.ops.convert_to_numpy(falls)[0, 12, [11, 13]] < -0.3).all()
    slopes = tape.gradient(loss, net.get_layer("heatmap_vectors").trainable_weights)
    assert all(np.isfinite(slope).all() for slope in slopes)


def test_wrong_arguments_raise():
    with pytest.raises(ValueError, match="width must be above 0, got 0; 1.0 is the published net"):
        build_movenet(0, 14)
    with pytest.raises(ValueError, match="input_size must be at least 32 px.*movenet_0.5.*got 31"):
        build_movenet(0.5, 14, input_size=31)
