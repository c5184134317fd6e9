"""OpenPose's nets: published parameter counts, stages, their inputs, errors, a few images learned by heart."""

from functools import partial

import keras
import numpy as np
import pytest
from by_heart import train_by_heart

from models import (
    build_openpose,
    build_openpose_fields_first,
    build_openpose_light,
    field_head,
    fields_form,
    form_of,
    inference_model,
    no_neck,
    pyramid_neck,
    stages_of,
)
from pose import COCO17, Skeleton
from train.loop.trainer import PoseTrainer

#: OpenPose's own 18 joints have 19 limbs.
PUBLISHED = partial(field_head, num_limbs=19)
CHAIN = Skeleton("chain", ("a", "b", "c"), limbs=((0, 1), (1, 2)))


@pytest.mark.slow
def test_published_parameter_counts():
    assert build_openpose(18, head=PUBLISHED).count_params() == 52_311_446
    # Counted by ourselves: nobody has published it for 18 joints.
    assert build_openpose_fields_first(18, head=PUBLISHED).count_params() == 26_036_862


def by_hand(stages):
    """Weights of convolutions of the net of 2017."""

    def conv(size, before, after):
        return size * size * before * after + after

    vgg = [3, 64, 64, 128, 128, 256, 256, 256, 256, 512, 512, 256, 128]
    total = sum(conv(3, a, b) for a, b in zip(vgg, vgg[1:], strict=False))
    for stage in range(stages):
        for outputs in (19, 38):
            first = [conv(3, 128, 128)] * 3 + [conv(1, 128, 512), conv(1, 512, outputs)]
            later = [conv(7, 185, 128)] + [conv(7, 128, 128)] * 4 + [conv(1, 128, 128), conv(1, 128, outputs)]
            total += sum(later if stage else first)
    return total


def test_the_net_of_2017():
    net = build_openpose(18, head=PUBLISHED, input_size=32, stages=2)
    assert net.count_params() == by_hand(2) and by_hand(6) == 52_311_446
    stages = stages_of(net.output)
    assert stages.keys() == {"stage1", ""} and all(
        one.keys() == {"joint_maps", "limb_fields"} for one in stages.values()
    )
    assert stages[""]["joint_maps"].shape == (None, 4, 4, 19) and stages[""]["limb_fields"].shape == (None, 4, 4, 38)
    # The second stage reads features, fields and maps.
    assert net.get_layer("stage1_concat").output.shape[-1] == 128 + 38 + 19
    assert form_of(net).name == "fields"


def test_the_fields_come_first_in_the_net_of_2018():
    net = build_openpose_fields_first(18, head=PUBLISHED, input_size=16)
    stages = stages_of(net.output)
    named = {name: set(one) for name, one in stages.items()}
    fields, maps = {"limb_fields"}, {"joint_maps"}
    assert named == {"stage1": fields, "stage2": fields, "stage3": fields, "stage4": maps, "": fields | maps}
    assert net.get_layer("fields4_concat").output.shape[-1] == 128 + 38
    assert net.get_layer("maps1_concat").output.shape[-1] == 128 + 19 + 38
    # The fields of the whole net are those that the maps read.
    assert stages[""]["limb_fields"] is net.get_layer("last_limb_fields").output


@pytest.fixture(scope="module")
def light():
    return build_openpose_light(0.25, 17, head=fields_form(COCO17).head, input_size=64, filters=16)


def test_the_light_net(light):
    stages = stages_of(light.output)
    assert stages.keys() == {"stage1", ""} and form_of(light).name == "fields"
    assert stages[""]["joint_maps"].shape == (None, 16, 16, 18) and stages[""]["limb_fields"].shape == (
        None,
        16,
        16,
        36,
    )
    assert light.get_layer("light_refine1_concat").output.shape[-1] == 16 + 18 + 36
    one = build_openpose_light(0.25, 17, head=fields_form(COCO17).head, input_size=64, refinements=0, neck=pyramid_neck)
    assert stages_of(one.output).keys() == {""}


def test_the_inference_model_answers_maps_without_the_background(light):
    pictures = np.random.default_rng(0).integers(0, 256, (2, 64, 64, 3), dtype=np.uint8)
    found, expected = inference_model(light, 64)(pictures), light(pictures)
    assert found.keys() == {"joint_maps", "limb_fields"}
    np.testing.assert_allclose(found["joint_maps"], expected["joint_maps"][..., 1:], atol=1e-4)
    np.testing.assert_allclose(found["limb_fields"], expected["limb_fields"], atol=1e-4)


def squares(count=4, size=64):
    """Images of one or two people, each three colored squares, and their labels."""
    random = np.random.default_rng(0)
    pictures = np.full((count, size, size, 3), 30, np.uint8)
    xy, visible = np.zeros((count, 2, 3, 2), np.float32), np.zeros((count, 2, 3), np.int32)
    for row in range(count):
        for person in range(1 + row % 2):
            start = np.array([10 + 28 * person, 10]) + random.integers(0, 6, 2)
            xy[row, person] = start + np.array([[0, 0], [10, 18], [2, 38]])
            visible[row, person] = 2
            for channel, (x, y) in enumerate(xy[row, person].astype(int)):
                pictures[row, y - 2 : y + 3, x - 2 : x + 3, channel] = 255
    labels = {"joints_xy_px": xy, "visible": visible, "unlabeled": np.zeros((count, size, size), np.uint8)}
    return pictures, labels


@pytest.mark.slow
@pytest.mark.usefixtures("few_units")
@pytest.mark.graph
def test_a_few_images_are_learned_by_heart():
    keras.utils.set_random_seed(0)
    form, (pictures, labels) = fields_form(CHAIN), squares()
    net = build_openpose_light(0.25, 3, head=form.head, input_size=64, filters=24)
    trainer = PoseTrainer(net, 64, 0.05, form=form)
    losses = train_by_heart(trainer, 100, pictures, labels)
    assert {"stage1_joint_loss", "stage1_limb_loss", "joint_loss", "limb_loss"} <= losses[0].keys()
    assert losses[-1]["joint_loss"] < 0.1 * losses[0]["joint_loss"]
    outputs = net(pictures, training=True)
    answers = {name: keras.ops.convert_to_numpy(one) for name, one in form.decode(stages_of(outputs)[""], 64).items()}
    people = form.task.assembled(answers, CHAIN, 64)
    for row, (xy, visible) in enumerate(zip(labels["joints_xy_px"], labels["visible"], strict=True)):
        found = people["joints_xy_px"][row][people["person_scores"][row] > 0]
        true = xy[visible[:, 0] > 0]
        assert len(found) == len(true)
        assert np.linalg.norm(found[:, None] - true, axis=-1).max(axis=-1).min(axis=0).max() < 2.0


def test_wrong_arguments_raise():
    with pytest.raises(ValueError, match="input_size must be a multiple of 8, got 42; pass 48"):
        build_openpose(18, head=PUBLISHED, input_size=42)
    with pytest.raises(ValueError, match="input_size must be a multiple of 32, got 250; pass 256"):
        build_openpose_light(1.0, 18, head=PUBLISHED, input_size=250)
    with pytest.raises(ValueError, match="stages must be 1 or more, got 0; 6 is the published net"):
        build_openpose(18, head=PUBLISHED, stages=0)
    with pytest.raises(ValueError, match="read their own features, without a neck; pass no_neck"):
        build_openpose_fields_first(18, head=PUBLISHED, neck=pyramid_neck)
    assert build_openpose(2, head=partial(field_head, num_limbs=1), input_size=8, stages=1, neck=no_neck)
