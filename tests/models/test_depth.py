"""Nets on depth images: counts, forms, and people learned by heart."""

import keras
import numpy as np
import pytest
from by_heart import train_by_heart
from depth_people import SIZE, depth_batch
from symmetries import trained_parameters

from models import FusedBatchNormalization, build_depth_resnet, build_v2v, form_of, inference_model
from models.forms import DEPTH_FORMS


def test_parameter_counts():
    assert trained_parameters(build_v2v(15)) == 3_410_255
    net = build_depth_resnet(19)
    # The stem of an image in color has three channels.
    assert net.get_layer("conv1_conv").kernel.shape == (7, 7, 2, 32)


def test_nets_are_of_their_forms():
    for name, form in DEPTH_FORMS.items():
        build = build_v2v if name == "volumes" else build_depth_resnet
        small = {"cells": 4} if name == "volumes" else {"depth": 10, "head": form.head}
        assert form_of(build(3, width=1 if name == "volumes" else 8, input_size=64, **small)) is form


@pytest.mark.parametrize(("options", "message"), [({"cells": 6}, "multiple of 4"), ({"input_size": 16}, "at least 32")])
def test_wrong_sizes_raise(options, message):
    with pytest.raises(ValueError, match=message):
        build_v2v(3, **options)


@pytest.mark.parametrize(
    ("form", "steps", "allowed_mm"),
    [("cone", 60, 60), ("depth-readout", 60, 60), pytest.param("volumes", 80, 150, marks=pytest.mark.slow)],
)
def test_people_are_learned_by_heart(form, steps, allowed_mm):
    from train.loop.trainer import PoseTrainer

    keras.utils.set_random_seed(0)
    shared = {"input_size": SIZE, "normalization": FusedBatchNormalization}
    if form == "volumes":
        net = build_v2v(19, cells=12, width=0.5, **shared)
    else:
        net = build_depth_resnet(19, depth=10, width=16, head=DEPTH_FORMS[form].head, **shared)
    inputs, labels = depth_batch(8)
    trainer = PoseTrainer(net, input_size=SIZE, score_radius=0.05, form=DEPTH_FORMS[form])
    train_by_heart(trainer, steps, inputs, labels)
    found = DEPTH_FORMS[form].decode(net(inputs, training=True), SIZE)["joints_xyz_mm"]
    away = np.linalg.norm(np.asarray(found) - labels["joints_xyz_mm"], axis=-1)
    assert away.mean() < allowed_mm
    answers = inference_model(net, SIZE, DEPTH_FORMS[form])(inputs)
    assert {name: value.shape for name, value in answers.items()} == {"joints_xyz_mm": (8, 19, 3), "scores": (8, 19)}
