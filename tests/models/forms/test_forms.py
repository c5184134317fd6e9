"""Every output form on every backbone: outputs, scores without gradients, encoding and decoding, inference models."""

import os
import subprocess
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf

from models import (
    FORMS,
    FusedBatchNormalization,
    build_densenet,
    build_efficientnet_lite,
    build_mobilenet_v2,
    build_resnet,
    encode,
    encode_heatmaps,
    encode_simcc,
    form_of,
    inference_model,
    is_of_head,
)

SIZE = 64
BACKBONES = {
    "resnet": lambda **options: build_resnet(18, 3, width=4, **options),
    "densenet": lambda **options: build_densenet((1, 1, 1, 1), 3, growth_rate=4, **options),
    "efficientnet_lite": lambda **options: build_efficientnet_lite(0, 3, **options),
    "mobilenet_v2": lambda **options: build_mobilenet_v2(0.25, 3, **options),
}
every_form = pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)


def net_of(form, backbone="resnet", size=SIZE, **options):
    return BACKBONES[backbone](input_size=size, neck=form.neck, head=form.head, **options)


def corner_and_edge_joints():
    """Return joints (4, 25, 2) in an image of `SIZE` px: on a lattice up to its very edges, and at random positions."""
    ends = np.array([-0.5, 0.3, 3.4, 30.25, SIZE - 0.5])
    lattice = np.stack(np.meshgrid(ends, ends), axis=-1).reshape(1, 25, 2)
    random = np.random.default_rng(0).uniform(-0.5, SIZE - 0.5, (3, 25, 2))
    return np.concatenate([lattice, random]).astype("float32")


def bilinear_maps(joints_xy_px, cells):
    """Return maps (B, cells, cells, J) whose mean is the joint, in the four cells about it; the edge is a cell."""
    place = (encode(joints_xy_px, SIZE) + 1) / 2 * (cells - 1)
    along = np.maximum(1 - np.abs(np.arange(cells)[:, None, None] - place[:, None]), 0)
    return along[:, :, None, :, 1] * along[:, None, :, :, 0]


def perfect_outputs(joints_xy_px):
    """Return, for each form, the outputs of a perfect net."""
    place = keras.ops.convert_to_tensor(joints_xy_px)
    with np.errstate(divide="ignore"):
        log = {
            "heatmaps": np.log(encode_heatmaps(place, SIZE, 16)),
            "integral": np.log(bilinear_maps(joints_xy_px, 16)),
            "x": np.log(encode_simcc(place[..., 0], SIZE, 2 * SIZE)),
            "y": np.log(encode_simcc(place[..., 1], SIZE, 2 * SIZE)),
        }
    log = {name: np.maximum(value, -200).astype("float32") for name, value in log.items()}
    coordinates = encode(place, SIZE)
    return {
        "coordinates": {"coordinates": coordinates},
        "heatmaps": {"heatmap_logits": log["heatmaps"]},
        "integral": {"integral_logits": log["integral"]},
        "simcc": {"simcc_x_logits": log["x"], "simcc_y_logits": log["y"]},
        "likelihood": {"coordinates": coordinates, "sigmas": keras.ops.full_like(coordinates, 0.1)},
    }


@every_form
def test_decoding_inverts_encoding_up_to_the_edges(form):
    joints_xy_px = corner_and_edge_joints()
    outputs = perfect_outputs(joints_xy_px)[form.name]
    outputs = {name: keras.ops.convert_to_tensor(value) for name, value in outputs.items()}
    outputs["score_logits"] = keras.ops.zeros(joints_xy_px.shape[:2])
    np.testing.assert_allclose(form.decode(outputs, SIZE)["joints_xy_px"], joints_xy_px, atol=1e-3, rtol=0)
    in_other_pixels = form.decode(outputs, 3 * SIZE)["joints_xy_px"]
    np.testing.assert_allclose(in_other_pixels, 3 * (joints_xy_px + 0.5) - 0.5, atol=3e-3, rtol=0)


@pytest.mark.parametrize(
    "backbone", ["resnet", *(pytest.param(name, marks=pytest.mark.slow) for name in BACKBONES if name != "resnet")]
)
def test_every_head_works_on_every_backbone(backbone):
    names = {}
    for form in FORMS.values():
        net = net_of(form, backbone)
        assert form_of(net) is form
        assert set(net.output) == form.outputs and "score_logits" in form.outputs
        assert net.output["score_logits"].shape == (None, 3)
        joints = form.decode(net.output, SIZE)["joints_xy_px"]
        assert joints.shape == (None, 3, 2) and joints.dtype == "float32"
        names[form.name] = {layer.name for layer in net.layers if layer.weights}
    shared = set.intersection(*names.values())
    assert {name for name in shared if is_of_head(name)} == {"score_logits"}
    for name, layers in names.items():
        assert {layer for layer in layers if is_of_head(layer)} == layers - shared | {"score_logits"}, name


@every_form
def test_scores_send_no_gradient_into_the_net(form):
    net = net_of(form, "densenet")
    pictures = np.random.default_rng(1).integers(0, 256, (2, SIZE, SIZE, 3), dtype="uint8")
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(net(pictures, training=True)["score_logits"])
    gradients = tape.gradient(loss, [weight.value for weight in net.trainable_variables])
    reached = {w.path for w, g in zip(net.trainable_variables, gradients, strict=True) if g is not None}
    assert reached == {"score_logits/kernel", "score_logits/bias"}


@every_form
def test_a_fresh_net_claims_nothing_so_joints_that_nobody_labels_are_not_shown(form):
    net = inference_model(net_of(form, "densenet"), SIZE)
    scores = net(np.random.default_rng(1).integers(0, 256, (2, SIZE, SIZE, 3), dtype="uint8"))["scores"]
    assert scores.shape == (2, 3) and float(keras.ops.max(scores)) < 0.07


@every_form
def test_scores_are_of_the_pooled_features_and_each_joints_evidence(form):
    net = net_of(form)
    (pooled,) = (layer.output for layer in net.layers if isinstance(layer, keras.layers.GlobalAveragePooling2D))
    assert net.get_layer("score_logits").kernel.shape[0] == pooled.shape[-1] + 3 * sum(form.evidence)


@every_form
def test_mixed_precision_gives_float32_outputs(form):
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        net = net_of(form, "densenet", normalization=FusedBatchNormalization)
    finally:
        keras.config.set_dtype_policy(before)
    outputs = net(np.zeros((1, SIZE, SIZE, 3), "uint8"), training=True)
    assert net.get_layer("conv2_block1_1_conv").compute_dtype == "bfloat16"
    assert {keras.backend.standardize_dtype(x.dtype) for x in outputs.values()} == {"float32"}


SCRIPT = """
import sys, keras, numpy as np
for name in sys.argv[1:]:
    model = keras.models.load_model(f"{name}.keras")
    np.savez(f"{name}.npz", **model.predict(np.load("pictures.npy"), verbose=0))
print("models" in sys.modules)
"""


@pytest.mark.slow
def test_inference_models_load_without_our_code(tmp_path):
    pictures = np.random.default_rng(5).integers(0, 256, (2, SIZE, SIZE, 3), dtype="uint8")
    np.save(tmp_path / "pictures.npy", pictures)
    models = {name: inference_model(net_of(form), SIZE) for name, form in FORMS.items()}
    for name, model in models.items():
        model.save(tmp_path / f"{name}.keras")
    # Isolated (-I): neither the working directory nor PYTHONPATH leads to our packages.
    run = subprocess.run(
        [sys.executable, "-I", "-c", SCRIPT, *models],
        cwd=tmp_path,
        env=os.environ | {"TF_CPP_MIN_LOG_LEVEL": "2"},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert run.returncode == 0, run.stderr
    assert run.stdout.split() == ["False"]
    for name, model in models.items():
        loaded = np.load(tmp_path / f"{name}.npz")
        assert set(loaded) == {"joints_xy_px", "scores"}
        for output, expected in model(pictures).items():
            np.testing.assert_allclose(loaded[output], expected, atol=1e-3, err_msg=name)


def test_a_net_of_no_form_raises():
    def head(features, num_joints, normalization, prefix):
        return {"sigmas": keras.layers.Conv2D(num_joints, 1)(features[-1])}

    with pytest.raises(ValueError, match="likelihood: coordinates, sigmas.*, got .*build it with a head"):
        form_of(build_resnet(18, 3, input_size=32, width=4, head=head))
