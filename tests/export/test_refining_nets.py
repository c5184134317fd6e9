"""Nets that look again, in every runtime's format, untrained and with weights large enough to move the joints."""

import keras
import numpy as np
import pytest
from runtimes import check_runtimes

from models import (
    build_deeppose,
    build_ief,
    build_tompson,
    deeppose_form,
    ief_form,
    inference_model,
    named_layers,
    tompson_form,
)
from pose import LSP14

SIZE = 64
SMALL = {"width": 0.25, "input_size": SIZE}
# Of the weights of the layers that locate joints.
SCALES = {"coordinates_dense": 0.02, "coarse_logits": 3, "logits": 3}
NETS = {
    "deeppose": (deeppose_form, lambda: build_deeppose(14, LSP14.torso, stages=2, view_size=32, **SMALL)),
    "ief": (ief_form, lambda: build_ief(14, np.zeros((14, 2)), steps=2, **SMALL)),
    "tompson": (tompson_form, lambda: build_tompson(14, **SMALL)),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", NETS)
def test_every_runtime_answers_as_keras_does(name, tmp_path):
    keras.utils.set_random_seed(0)
    form, net = (make() for make in NETS[name])
    rng = np.random.default_rng(0)
    pictures = rng.integers(0, 256, (3, 8, 8, 3), dtype="uint8").repeat(8, 1).repeat(8, 2)
    for path, layer in named_layers(net):
        layer_name = path.rpartition("/")[2]
        if layer_name in SCALES:
            kernel, bias = layer.get_weights()
            layer.set_weights([rng.normal(0, SCALES[layer_name], kernel.shape), np.zeros_like(bias)])
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.momentum = 0.0
    # Without statistics of images an untrained net's features vanish.
    net(pictures, training=True)
    # What a later stage sees lies where the first one says, whose weights have 16 bits in OpenVINO.
    check_runtimes(inference_model(net, SIZE, form), form, LSP14, pictures, tmp_path, limit_px=0.2)
