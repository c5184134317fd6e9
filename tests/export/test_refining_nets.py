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
# Each net's form, how it is built, and the size of the weights of the layers that locate joints.
NETS = {
    "deeppose": (deeppose_form, lambda: build_deeppose(14, LSP14.torso, stages=2, view_size=32, **SMALL), 0.004),
    "ief": (ief_form, lambda: build_ief(14, np.zeros((14, 2)), steps=2, **SMALL), 0.02),
    "tompson": (tompson_form, lambda: build_tompson(14, **SMALL), 3),
}
LOCATING = ("coordinates_dense", "coarse_logits", "logits")


@pytest.mark.slow
@pytest.mark.usefixtures("few_units")
@pytest.mark.parametrize("name", NETS)
def test_every_runtime_answers_as_keras_does(name, tmp_path):
    keras.utils.set_random_seed(0)
    *makers, scale = NETS[name]
    form, net = (make() for make in makers)
    rng = np.random.default_rng(0)
    # Of few images the coarsest features hardly vary, and to divide by that makes much of rounding.
    pictures = rng.integers(0, 256, (24, 8, 8, 3), dtype="uint8").repeat(8, 1).repeat(8, 2)
    for path, layer in named_layers(net):
        if path.rpartition("/")[2] in LOCATING:
            kernel, bias = layer.get_weights()
            layer.set_weights([rng.normal(0, scale, kernel.shape), np.zeros_like(bias)])
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.momentum = 0.0
    # Without statistics of images an untrained net's features vanish.
    net(pictures, training=True)
    # What a later stage sees lies where the first one says, which of untrained nets changes by much with weights of 16
    # bits, as OpenVINO's are.
    model = inference_model(net, SIZE, form)
    check_runtimes(model, form, LSP14, pictures[:3], tmp_path, limit_px=0.2, names=("litert", "onnx"))
