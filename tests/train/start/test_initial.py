"""Weights of heads are copied from joint to joint by the joints' names."""

import json

import keras
import numpy as np
import pytest

from models import FORMS, form_of, inference_model, movenet_head, narrow_neck, person_head
from models.blocks import pose_net
from models.forms.fields import fields_form
from models.necks import no_neck
from pose import COCO17, LSP14, Skeleton
from train.start.initial import start_from

SIZE = 64
# Four joints that both have, in other places, and one that only one of them has.
OTHERS = ("nose", *LSP14.joints[3:7][::-1])
MOVENET = {"movenet": movenet_head, "person": person_head}
HEADS = (*FORMS, *MOVENET)


def net_of(head, num_joints, seed):
    """A net with a head on a backbone of one layer per resolution."""
    keras.utils.set_random_seed(seed)
    make = MOVENET.get(head) or FORMS[head].head
    neck = narrow_neck if head in MOVENET else FORMS[head].neck

    def backbone(x, _):
        features = [keras.layers.Conv2D(4, 4, strides=4, name="stem")(x)]
        for i in range(3):
            features.append(keras.layers.Conv2D(4, 2, strides=2, activation="tanh", name=f"stage{i}")(features[-1]))
        return features

    net = pose_net(backbone, num_joints, input_size=SIZE, smallest=SIZE, neck=neck, head=make, name=head)
    random = np.random.default_rng(seed)
    # Large enough to distinguish the outputs of joints.
    net.set_weights([weight + random.normal(0, 0.1, weight.shape) ** 2 for weight in net.get_weights()])
    return net


def skeleton_of(names):
    """A skeleton with what the copying of weights needs."""
    return Skeleton("other", tuple(names))


def run_of(folder, net, joints, **skeleton):
    folder.mkdir()
    inference_model(net, SIZE).save(folder / "best.keras")
    notes = {"skeleton": {"name": "theirs", "joints": list(joints), **skeleton}, "config": {}}
    (folder / "run.json").write_text(json.dumps(notes))
    return folder


def outputs_of(net):
    pictures = np.random.default_rng(0).integers(0, 256, (3, SIZE, SIZE, 3), dtype="uint8")
    return {name: np.asarray(value) for name, value in net(pictures, training=False).items()}


def of_joint(name, values, joint):
    return values[..., joint] if name in ("heatmap_logits", "integral_logits") else values[:, joint]


@pytest.mark.parametrize("head", HEADS)
def test_joints_in_another_order_are_predicted_as_before(head, tmp_path):
    """Scores too, whose layer has the sharpness of every joint as input."""
    ours, theirs = LSP14.joints[:5], LSP14.joints[:5][::-1]
    trained, net = net_of(head, 5, seed=1), net_of(head, 5, seed=2)
    text = start_from(net, run_of(tmp_path / "run", trained, theirs), skeleton_of(ours))
    assert text == f"5 of 5 joints' weights were taken over by name from {tmp_path / 'run'}"
    before, after = outputs_of(trained), outputs_of(net)
    for name, values in after.items():
        for joint in range(5):
            expected = of_joint(name, before[name], 4 - joint)
            np.testing.assert_allclose(of_joint(name, values, joint), expected, rtol=1e-4, atol=1e-4, err_msg=name)
        assert np.ptp(of_joint(name, values, 0) - of_joint(name, values, 1)) > 1e-3 or name == "score_logits"


@pytest.mark.parametrize("head", HEADS)
def test_as_many_but_other_joints_keep_fresh_weights(head, tmp_path):
    theirs = LSP14.joints[2:7]
    trained, net = net_of(head, 5, seed=1), net_of(head, 5, seed=2)
    fresh = {weight.path: np.asarray(weight) for weight in net.weights}
    text = start_from(net, run_of(tmp_path / "run", trained, theirs), skeleton_of(OTHERS))
    assert text.startswith("4 of 5 joints' weights were taken over by name from") and text.endswith("; fresh: nose")
    taught = {weight.path: np.asarray(weight) for weight in trained.weights}
    form = form_of(net)
    for weight in net.weights:
        path, value = weight.path, np.asarray(weight)
        layer = path.split("/")[0]
        if layer not in form.joint_layers:
            np.testing.assert_array_equal(value, taught[path], err_msg=path)
            continue
        width = form.joint_layers[layer]
        for ours, name in enumerate(OTHERS):
            own = slice(width * ours, width * (ours + 1))
            if name not in theirs:
                np.testing.assert_array_equal(value[..., own], fresh[path][..., own], err_msg=path)
            elif layer != "score_logits" or value.ndim == 1:
                there = width * theirs.index(name)
                np.testing.assert_array_equal(value[..., own], taught[path][..., there : there + width], err_msg=path)


def test_limbs_in_another_order_are_predicted_as_before_and_others_stay_fresh(tmp_path):
    joints = ("neck", "head", "hip", "knee")
    ours = Skeleton("ours", joints, limbs=((0, 1), (0, 2), (2, 3)))
    form = fields_form(ours)

    def net(seed):
        keras.utils.set_random_seed(seed)
        features = lambda x, _: [keras.layers.Conv2D(4, 8, strides=8, name="stem")(x)]  # noqa: E731
        return pose_net(features, 4, input_size=SIZE, smallest=SIZE, neck=no_neck, head=form.head, name="fields")

    trained, started = net(1), net(2)
    before, fresh = outputs_of(trained)["limb_fields"], outputs_of(started)["limb_fields"]
    # Their second limb is our first, their third the same joints the other way round.
    theirs = {"limbs": [[0, 2], [0, 1], [3, 2]]}
    start_from(started, run_of(tmp_path / "run", trained, joints, **theirs), ours)
    after = outputs_of(started)["limb_fields"]
    np.testing.assert_allclose(after[..., :4], before[..., [2, 3, 0, 1]], rtol=1e-4, atol=1e-6)
    assert np.abs(after[..., 4:] - before[..., 4:]).max() > 1e-4 and after[..., 4:].shape == fresh[..., 4:].shape


def test_names_that_the_other_net_does_not_know_are_told(tmp_path):
    run = run_of(tmp_path / "run", net_of("coordinates", 2, seed=1), ("left_wrist", "nose"))
    text = start_from(net_of("coordinates", 2, seed=2), run, skeleton_of(("linke_hand", "nase")))
    assert text == (
        f"0 of 2 joints' weights were taken over by name from {run}; fresh: linke_hand, nase "
        "(it knows left_wrist, nose; records of the same joints under these names would start from them)"
    )


@pytest.mark.parametrize("head", HEADS)
def test_a_head_names_every_layer_of_single_joints(head):
    nets = [net_of(head, joints, seed=0) for joints in (3, 5)]
    few, many = ({layer.name: layer.get_weights() for layer in net.layers if layer.weights} for net in nets)
    form = form_of(nets[0])
    differ = {name for name in few if [w.shape for w in few[name]] != [w.shape for w in many[name]]}
    only_there = set() if head == "person" else {"heatmap_vectors"}
    assert differ == set(form.joint_layers) - only_there
    for name in differ:
        assert all(weight.shape[-1] == 3 * form.joint_layers[name] for weight in few[name])
    rows = [len(layers["score_logits"][0]) for layers in (few, many)]
    assert rows[1] - rows[0] == 2 * sum(form.evidence)


@pytest.mark.parametrize("head", ["coordinates", "simcc"])
def test_another_skeleton_with_more_joints_starts_from_what_is_shared(head, tmp_path):
    trained, net = net_of(head, 14, seed=1), net_of(head, 17, seed=2)
    text = start_from(net, run_of(tmp_path / "run", trained, LSP14.joints), COCO17)
    assert text.startswith("12 of 17 joints'") and text.endswith(
        "fresh: nose, left_eye, right_eye, left_ear, right_ear"
    )
    ours, theirs = COCO17.index("left_knee"), LSP14.index("left_knee")
    name = "coordinates" if head == "coordinates" else "simcc_x_logits"
    np.testing.assert_allclose(outputs_of(net)[name][:, ours], outputs_of(trained)[name][:, theirs], rtol=1e-4)


def test_a_share_mixes_the_joints_that_are_shared(tmp_path):
    trained, net = net_of("simcc", 5, seed=1), net_of("simcc", 5, seed=2)
    kernel = net.get_layer("simcc_conv").get_weights()[0]
    start_from(net, run_of(tmp_path / "run", trained, LSP14.joints[2:7]), skeleton_of(OTHERS), 0.75)
    mixed = net.get_layer("simcc_conv").get_weights()[0]
    taught = trained.get_layer("simcc_conv").get_weights()[0]
    np.testing.assert_allclose(mixed[..., 0], kernel[..., 0], rtol=1e-6)
    # The joint at 1 here is the last of theirs.
    np.testing.assert_allclose(mixed[..., 1], 0.75 * taught[..., 4] + 0.25 * kernel[..., 1], rtol=1e-5)


def test_a_head_of_another_form_starts_untrained_which_the_message_says(tmp_path):
    run = run_of(tmp_path / "run", net_of("likelihood", 5, seed=1), OTHERS)
    net = net_of("coordinates", 5, seed=2)
    before = net.get_layer("coordinates_dense").get_weights()
    text = start_from(net, run, skeleton_of(OTHERS))
    assert text == f"{run} has the head likelihood, so the head coordinates starts untrained"
    for weight, fresh in zip(net.get_layer("coordinates_dense").get_weights(), before, strict=True):
        np.testing.assert_array_equal(weight, fresh)


@pytest.mark.parametrize("damage", ["cut", "flipped", "empty", "text", "notes", "no_net"])
def test_a_damaged_run_to_start_from_raises_with_the_files_name(damage, tmp_path):
    net = net_of("coordinates", 5, seed=0)
    run = run_of(tmp_path / "run", net, OTHERS)
    path = run / ("run.json" if damage == "notes" else "best.keras")
    content = bytearray(path.read_bytes())
    if damage == "flipped":
        content[len(content) // 2] ^= 255
    written = {"cut": content[: len(content) // 2], "empty": b"", "text": b"no model", "notes": content[:20]}
    path.write_bytes(written.get(damage, content))
    if damage == "no_net":
        net.save(path)
    with pytest.raises(ValueError, match=rf"{path.name} (cannot be loaded|is damaged) \(") as raised:
        start_from(net, run, skeleton_of(OTHERS))
    assert str(path) in str(raised.value) and len(str(raised.value).splitlines()) == 1
