"""Every head in every runtime's format, from an untrained net whose weights are large enough to move the joints."""

import keras
import numpy as np
import pytest

from artefact.formats import FORMATS
from artefact.model import Model
from export.differences import differences
from export.write import write_formats
from models import FORMS, build_densenet, fields_form, inference_model, narrow_neck
from models.forms import centers
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
    "center_logits": 3,
    "joint_logits": 3,
    "regression": 1,
    "joint_offsets": 0.3,
    "box_sizes": 1,
    "joint_maps": 1,
    "limb_fields": 1,
}
# Large enough that joints are found off the place that a center predicts.
BOX_CELLS = 30.0
ALL = {**FORMS, "centers": centers.FORM, "fields": fields_form(LSP14)}


def moved_model(form):
    keras.utils.set_random_seed(0)
    neck = narrow_neck if form.name == "fields" else form.neck
    net = build_densenet((1, 1, 1, 1), 14, input_size=SIZE, growth_rate=4, neck=neck, head=form.head)
    rng = np.random.default_rng(0)
    for layer in net.layers:
        # Joints at different positions in each image, and distinct peaks.
        if layer.name in MAKERS:
            kernel, bias = layer.get_weights()
            bias = np.full(bias.shape, BOX_CELLS if layer.name == "box_sizes" else 0.0)
            layer.set_weights([rng.normal(0, MAKERS[layer.name], kernel.shape), bias])
    return inference_model(net, SIZE, form)


@pytest.mark.slow
@pytest.mark.parametrize("form", ALL.values(), ids=ALL)
def test_every_runtime_answers_as_keras_does(form, tmp_path):
    names = [name for name in ("litert", "onnx", "openvino") if not FORMATS[name].missing]
    model, task = moved_model(form), form.task
    notes = {
        "model": "densenet",
        **task.describe(),
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
    if task.scored_by:
        assert (expected[task.scored_by] > 0.1).sum(axis=1).min() >= 2
    assembled = task.assembled(expected, LSP14, SIZE)
    assert np.ptp(assembled["joints_xy_px"], axis=0).mean() > 1
    write_formats(model, notes, names, tmp_path)
    for name in names:
        loaded = Model(tmp_path, name, 1)
        assert loaded.description["skeleton"]["joints"] == list(LSP14.joints)
        answers = [loaded.run({"pictures": picture[None]}) for picture in pictures]
        found = {answer: np.concatenate([one[answer] for one in answers]) for answer in task.answers}
        for answer, values in differences(found, expected, task).items():
            # OpenVINO's weights have 16 bits.
            limit = 0.05 if answer == "joints_xy_px" else 1e-3 * max(1.0, np.ptp(expected[answer]))
            assert values.max() < limit, (name, answer)
