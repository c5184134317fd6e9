"""The coordinate output form: encoding, the fresh head, its scores without gradients, the inference model."""

import os
import subprocess
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf

from models import FusedBatchNormalization, build_densenet, build_resnet, decode, encode, inference_model

# Keras converts its variables in a way that NumPy 2 deprecates whenever it saves a net.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


def tiny_net(**options):
    """Return a small net with two joints."""
    return build_densenet((1, 1), 2, input_size=32, growth_rate=4, **options)


def test_encode_puts_the_edges_at_minus_one_and_one():
    joints_xy_px = np.array([[-0.5, 3.5], [1.5, 0.0]])
    np.testing.assert_array_equal(encode(joints_xy_px, 4), [[-1, 1], [0, -0.75]])


def test_decode_is_in_pixels_with_the_first_center_at_zero():
    coordinates = np.array([[-1.0, 1.0], [0.0, -0.75]])
    np.testing.assert_array_equal(decode(coordinates, 4), [[-0.5, 3.5], [1.5, 0.0]])


@pytest.mark.parametrize("convert", [np.asarray, tf.constant, keras.ops.convert_to_tensor])
@pytest.mark.parametrize("size", [7, 224, 1000])
def test_round_trip_keeps_float32_pixels_and_the_kind_of_array(convert, size):
    joints_xy_px = np.random.default_rng(0).uniform(-20, size + 20, (5, 19, 2)).astype("float32")
    there = encode(convert(joints_xy_px), size)
    back = decode(there, size)
    assert type(back) is type(convert(joints_xy_px))
    assert there.dtype == back.dtype == "float32"
    np.testing.assert_allclose(back, joints_xy_px, atol=1e-3, rtol=0)


def test_encode_is_the_same_inside_tf_data():
    joints_xy_px = np.array([[10.0, 20.0]], "float32")
    data = tf.data.Dataset.from_tensors(joints_xy_px).map(lambda xy: encode(xy, 32))
    np.testing.assert_array_equal(next(iter(data)), encode(joints_xy_px, 32))


def test_an_image_of_one_pixel_has_its_center_at_0():
    assert encode(np.zeros(2), 1).tolist() == decode(np.zeros(2), 1).tolist() == [0, 0]


@pytest.mark.parametrize("function", [encode, decode])
def test_size_below_one_raises(function):
    with pytest.raises(ValueError, match="size must be at least 1 px, got 0; pass the side"):
        function(np.zeros((1, 2)), 0)


def test_fresh_net_predicts_the_center_and_low_scores():
    keras.utils.set_random_seed(0)
    net = build_resnet(18, 19, input_size=64)
    outputs = net(np.random.default_rng(0).integers(0, 256, (4, 64, 64, 3), dtype="uint8"), training=True)
    coordinates = keras.ops.convert_to_numpy(outputs["coordinates"])
    assert 0 < np.abs(coordinates).max() < 0.2
    assert np.abs(outputs["score_logits"] + 3).max() < 0.2


@pytest.mark.parametrize("loaded", [False, True])
def test_scores_send_no_gradient_into_the_net(loaded, tmp_path):
    net = tiny_net()
    if loaded:
        net.save(tmp_path / "net.keras")
        net = keras.models.load_model(tmp_path / "net.keras")
    pictures = np.random.default_rng(1).integers(0, 256, (2, 32, 32, 3), dtype="uint8")
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(net(pictures, training=True)["score_logits"])
    gradients = tape.gradient(loss, [w.value for w in net.trainable_variables])
    reached = {w.path for w, g in zip(net.trainable_variables, gradients, strict=True) if g is not None}
    assert reached == {"score_logits/kernel", "score_logits/bias"}


def test_inference_model_is_the_net_in_pixels_and_probabilities():
    net = tiny_net()
    net.get_layer("coordinates_dense").bias.assign([0.5, -0.5, 0.0, 1.0])
    net.get_layer("score_logits").bias.assign([2.0, -2.0])
    net.get_layer("coordinates_dense").kernel.assign(np.zeros((10, 4)))
    net.get_layer("score_logits").kernel.assign(np.zeros((10, 2)))
    outputs = inference_model(net, 32)(np.zeros((1, 32, 32, 3), "uint8"))
    np.testing.assert_allclose(outputs["joints_xy_px"], [[[23.5, 7.5], [15.5, 31.5]]], atol=1e-5)
    np.testing.assert_allclose(outputs["scores"], [[0.880797, 0.119203]], atol=1e-5)


@pytest.fixture(scope="module")
def mixed_precision_net():
    """Return a net as a recipe trains it: mixed precision, fused normalization, compiled with own losses."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        net = tiny_net(normalization=FusedBatchNormalization)
    finally:
        keras.config.set_dtype_policy(before)

    def own_loss(truth, predicted):
        return keras.ops.mean(keras.ops.abs(truth - predicted))

    net.compile("adam", loss={"coordinates": own_loss, "score_logits": own_loss})
    pictures = np.random.default_rng(2).integers(0, 256, (4, 32, 32, 3), dtype="uint8")
    targets = {"coordinates": np.full((4, 2, 2), 0.5, "float32"), "score_logits": np.ones((4, 2), "float32")}
    for _ in range(3):
        net.train_on_batch(pictures, targets)
    return net


def test_inference_model_of_a_mixed_precision_net_is_float32_and_plain(mixed_precision_net):
    net = mixed_precision_net
    model = inference_model(net, 32)
    layers = list(model._flatten_layers())
    assert {layer.compute_dtype for layer in layers if layer.weights} == {"float32"}
    assert not any(isinstance(layer, FusedBatchNormalization) for layer in layers)
    for ours, theirs in zip(model.get_weights(), net.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)

    pictures = np.random.default_rng(4).integers(0, 256, (2, 32, 32, 3), dtype="uint8")
    outputs, trained = model(pictures), net(pictures, training=False)
    joints_xy_px = keras.ops.convert_to_numpy(outputs["joints_xy_px"])
    assert joints_xy_px.dtype == "float32" and joints_xy_px.std() > 0.01
    np.testing.assert_allclose(joints_xy_px, decode(trained["coordinates"], 32), atol=0.1)
    np.testing.assert_allclose(outputs["scores"], keras.ops.sigmoid(trained["score_logits"]), atol=0.01)


@pytest.mark.slow
def test_inference_model_loads_in_a_process_without_our_code(mixed_precision_net, tmp_path):
    model = inference_model(mixed_precision_net, 32)
    pictures = np.random.default_rng(5).integers(0, 256, (2, 32, 32, 3), dtype="uint8")
    model.save(tmp_path / "best.keras")
    np.save(tmp_path / "pictures.npy", pictures)
    script = (
        "import sys, keras, numpy as np\n"
        "model = keras.models.load_model('best.keras')\n"
        "outputs = model.predict(np.load('pictures.npy'), verbose=0)\n"
        "np.savez('outputs.npz', **outputs)\n"
        "print(model.input.dtype, 'models' in sys.modules)\n"
    )
    # Isolated (-I): neither the working directory nor PYTHONPATH leads to our packages.
    run = subprocess.run(
        [sys.executable, "-I", "-c", script],
        cwd=tmp_path,
        env=os.environ | {"TF_CPP_MIN_LOG_LEVEL": "2"},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert run.returncode == 0, run.stderr
    assert run.stdout.split() == ["uint8", "False"]
    loaded = np.load(tmp_path / "outputs.npz")
    assert set(loaded) == {"joints_xy_px", "scores"}
    for name, expected in model.predict(pictures, verbose=0).items():
        np.testing.assert_allclose(loaded[name], expected, atol=1e-4)


def test_inference_model_of_another_size_raises():
    with pytest.raises(ValueError, match=r"input_size must be the net's own, \(32, 32\), got 64; pass"):
        inference_model(tiny_net(), 64)


def test_inference_model_without_the_outputs_raises():
    def head(features, num_joints, normalization, prefix):
        return {"heatmaps": keras.layers.Conv2D(num_joints, 1)(features[-1])}

    net = tiny_net(head=head)
    with pytest.raises(ValueError, match=r"score_logits and those of one form .*, got \['heatmaps'\]; build"):
        inference_model(net, 32)
