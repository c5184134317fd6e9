"""Every head in every runtime's format, from an untrained net whose weights are large enough to move the joints."""

import keras
import numpy as np
import pytest
from runtimes import check_runtimes

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
    pictures = np.random.default_rng(1).integers(0, 256, (3, 8, 8, 3), dtype="uint8").repeat(8, 1).repeat(8, 2)
    check_runtimes(moved_model(form), form, LSP14, pictures, tmp_path)
