"""Every head in every runtime's format, from an untrained net whose weights are large enough to move the joints."""

import keras
import numpy as np
import pytest

from artefact.formats import FORMATS
from artefact.model import Model
from export.write import write_formats
from models import FORMS, build_densenet, inference_model
from pose import LSP14

SIZE = 64
# Scale of the weights of the layers that locate the joints.
MAKERS = {
    "coordinates_dense": 1,
    "heatmap_logits": 3,
    "integral_logits": 10,
    "simcc_conv": 1,
    "simcc_x_logits": 3,
    "simcc_y_logits": 3,
}


def moved_model(head):
    keras.utils.set_random_seed(0)
    net = build_densenet((1, 1, 1, 1), 14, input_size=SIZE, growth_rate=4, neck=FORMS[head].neck, head=FORMS[head].head)
    rng = np.random.default_rng(0)
    for layer in net.layers:
        # Joints at different positions in each image, and distinct peaks.
        if layer.name in MAKERS:
            kernel, bias = layer.get_weights()
            layer.set_weights([rng.normal(0, MAKERS[layer.name], kernel.shape), np.zeros(bias.shape)])
    return inference_model(net, SIZE)


@pytest.mark.slow
@pytest.mark.parametrize("head", FORMS)
def test_every_runtime_answers_as_keras_does(head, tmp_path):
    names = [name for name in ("litert", "onnx", "openvino") if not FORMATS[name].missing]
    model = moved_model(head)
    notes = {
        "model": "densenet",
        "skeleton": LSP14.describe(),
        "input_size": SIZE,
        "record_size": SIZE,
        "padding": 1.25,
        "score": "probability",
        "score_radius": 0.05,
        "config": {},
    }
    pictures = np.random.default_rng(1).integers(0, 256, (3, 8, 8, 3), dtype="uint8").repeat(8, 1).repeat(8, 2)
    expected = {name: keras.ops.convert_to_numpy(value) for name, value in model(pictures).items()}
    assert np.ptp(expected["joints_xy_px"], axis=0).mean() > 1
    write_formats(model, notes, names, tmp_path)
    for name in names:
        loaded = Model(tmp_path, name, 1)
        assert loaded.description["skeleton"]["joints"] == list(LSP14.joints)
        for i, picture in enumerate(pictures):
            answer = loaded.run({"pictures": picture[None]})
            np.testing.assert_allclose(answer["joints_xy_px"][0], expected["joints_xy_px"][i], atol=0.05, err_msg=name)
            np.testing.assert_allclose(answer["scores"][0], expected["scores"][i], atol=1e-3, err_msg=name)
