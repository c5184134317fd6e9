"""Nets of listed blocks: MobileNetV2's own give MobileNetV2, plans are read and wrong ones raise."""

import json

import keras
import numpy as np
import pytest

from models import build_mobilenet_v2, build_movenet, build_searched, mobilenet_v2_plan, movenet_head, no_neck
from models.forms.coordinates import coordinate_head
from models.searched import MOBILENET_V2_TAPS, Block, plan_of, read_plan


def shapes(net):
    return {weight.path: tuple(weight.shape) for weight in net.weights}


@pytest.mark.slow
@pytest.mark.parametrize("width", [1.0, 1.75])
def test_the_blocks_of_mobilenet_v2_give_its_weights(width):
    plan = mobilenet_v2_plan(width, taps=MOBILENET_V2_TAPS)
    plain = build_mobilenet_v2(width, 14, input_size=64)
    net = build_searched(plan, 14, input_size=64, neck=no_neck, head=coordinate_head)
    assert shapes(net) == shapes(plain) and net.count_params() == plain.count_params()
    net.set_weights(plain.get_weights())
    pictures = np.random.default_rng(0).integers(0, 256, (2, 64, 64, 3), np.uint8)
    for name, values in plain(pictures).items():
        np.testing.assert_array_equal(np.asarray(net(pictures)[name]), np.asarray(values))


def test_with_the_usual_taps_they_give_movenet():
    net = build_searched(mobilenet_v2_plan(0.5), 14, input_size=64, head=movenet_head)
    assert shapes(net) == shapes(build_movenet(0.5, 14, input_size=64))


def test_a_skipped_block_is_absent_and_the_others_keep_their_names():
    plan = mobilenet_v2_plan(0.25)
    blocks = (Block(7, 3), None, Block(5, 6), None)
    stages = (*plan.stages[:3], plan.stages[3]._replace(blocks=blocks), *plan.stages[4:])
    net = build_searched(plan._replace(stages=stages, last_filters=0), 3, input_size=32)
    names = {layer.name for layer in net.layers}
    assert "stage4_unit3_out" in names and not any(name.startswith(("stage4_unit2", "stage8")) for name in names)
    assert net.get_layer("stage4_unit1_depthwise_conv").kernel.shape == (7, 7, 24, 1)
    assert net.get_layer("stage4_unit3_depthwise_conv").kernel.shape == (5, 5, 96, 1)
    assert net.output["heatmap_logits"].shape == (None, 8, 8, 3)


def test_a_plan_is_written_and_read(tmp_path):
    plan = mobilenet_v2_plan(0.75)
    plan = plan._replace(stages=(*plan.stages[:-1], plan.stages[-1]._replace(blocks=(Block(5, 3), None))))
    file = tmp_path / "blocks.json"
    file.write_text(json.dumps(plan.as_json()))
    assert read_plan(file) == plan
    assert keras.tree.flatten(read_plan(file)) == keras.tree.flatten(plan)


def described(**changes):
    return json.loads(json.dumps(mobilenet_v2_plan().as_json())) | changes


def stage(**changes):
    return {"filters": 16, "strides": 1, "blocks": [{"kernel_size": 3, "expansion": 1}], **changes}


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([], "blocks must be an object of stages"),
        (described(tap=[1]), "unexpected keyword argument 'tap'"),
        (described(stages=[stage(filter=8)]), "unexpected keyword argument 'filter'"),
        (described(stages=[stage(blocks=[None])]), "stage 1 must have a first block that is not skipped"),
        (
            described(stages=[stage(strides=3)]),
            "stage 1 must have 1 or more filters and a stride of 1 or 2, got 16 and 3",
        ),
        (
            described(stages=[stage(blocks=[{"kernel_size": 4, "expansion": 1}])]),
            "stage 1 must have an odd kernel_size and an expansion of 1 or more, got 4 and 1",
        ),
        (described(taps=[4, 2]), r"taps must be stages from 1 to 7 in order, got \[4, 2\]"),
        (described(stages=[]), "a net must have stages"),
    ],
)
def test_wrong_plans_raise(values, message, tmp_path):
    with pytest.raises(ValueError, match=message):
        plan_of(values)
    file = tmp_path / "blocks.json"
    file.write_text(json.dumps(values))
    with pytest.raises(ValueError, match=f"{file}: .*{message}"):
        read_plan(file)
