"""MoveNet: where the features are taken, what comes out, errors."""

import keras
import numpy as np
import pytest

from models import build_movenet, decode_heatmaps, form_of, inference_model, movenet


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


def test_wrong_arguments_raise():
    with pytest.raises(ValueError, match="width must be above 0, got 0; 1.0 is the published net"):
        build_movenet(0, 14)
    with pytest.raises(ValueError, match="input_size must be at least 32 px.*movenet_0.5.*got 31"):
        build_movenet(0.5, 14, input_size=31)
