"""Fused batch normalization against the plain layer: outputs, gradients, statistics, weights, reach."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from models import FusedBatchNormalization, build_densenet, plain_copy

# Keras converts its variables in a way that NumPy 2 deprecates whenever it saves a net.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

PLAIN = keras.layers.BatchNormalization
WEIGHTS = ("gamma", "beta", "moving_mean", "moving_variance")


def trained_once(layer_class, x, dtype="float32", **options):
    """Run one training step; return outputs, gradients and the layer's weights by name, in NumPy float32."""
    layer = layer_class(momentum=0.5, epsilon=1e-3, dtype=dtype, **options)
    layer.build(x.shape)
    rng = np.random.default_rng(7)
    layer.set_weights([rng.uniform(0.5, 1.5, w.shape) for w in layer.weights])
    x = tf.cast(x, layer.compute_dtype)
    pull = tf.constant(rng.normal(size=x.shape), "float32")
    with tf.GradientTape() as tape:
        tape.watch(x)
        outputs = layer(x, training=True)
        loss = tf.reduce_sum(tf.cast(outputs, "float32") * pull)
    sources = {"x": x} | {w.name: w.value for w in layer.trainable_weights}
    results = {f"gradient of {name}": g for name, g in tape.gradient(loss, sources).items()}
    results |= {"outputs": outputs} | {w.name: w.value for w in layer.weights}
    return {name: tf.cast(value, "float32").numpy() for name, value in results.items()}


def ops_of(layer, shape, dtype="float32", training=True, **options):
    """Return the names of TensorFlow's operations in one call of the layer."""
    function = tf.function(lambda x: layer(x, training=training, **options), autograph=False)
    graph = function.get_concrete_function(tf.TensorSpec(shape, dtype)).graph
    return {op.type for op in graph.get_operations()}


def features(shape=(2, 3, 4, 5)):
    """Return features whose channels have other means and spreads than 0 and 1."""
    rng = np.random.default_rng(0)
    spread, mean = rng.uniform(0.5, 3, shape[-1]), rng.normal(size=shape[-1])
    return (rng.normal(size=shape) * spread + mean).astype("float32")


@pytest.mark.parametrize("options", [{}, {"scale": False}, {"center": False}, {"axis": 3}])
def test_training_equals_the_plain_layer(options):
    ours = trained_once(FusedBatchNormalization, features(), **options)
    theirs = trained_once(PLAIN, features(), **options)
    assert ours.keys() == theirs.keys()
    for name, expected in theirs.items():
        np.testing.assert_allclose(ours[name], expected, atol=1e-4, rtol=1e-4, err_msg=name)


def test_mixed_precision_equals_the_plain_layer():
    ours = trained_once(FusedBatchNormalization, features(), "mixed_bfloat16")
    theirs = trained_once(PLAIN, features(), "mixed_bfloat16")
    # Outputs and the features' gradients are rounded to 8 significant bits, each on its own; the rest is
    # float32.
    for name, expected in theirs.items():
        tolerance = 0.02 if name in ("outputs", "gradient of x") else 1e-4
        np.testing.assert_allclose(ours[name], expected, atol=tolerance, rtol=tolerance, err_msg=name)


def test_moving_statistics_take_the_biased_variance():
    layer = FusedBatchNormalization(momentum=0.5)
    layer(np.array([1.0, 3.0], "float32").reshape(1, 2, 1, 1), training=True)
    # Mean 2, biased variance 1 (unbiased 2), half way from the initial 0 and 1.
    np.testing.assert_allclose(layer.moving_mean, [1.0], atol=1e-6)
    np.testing.assert_allclose(layer.moving_variance, [1.0], atol=1e-6)


def test_one_value_for_a_channel_has_no_variance():
    layer = FusedBatchNormalization(momentum=0.5)
    outputs = layer(np.array([4.0], "float32").reshape(1, 1, 1, 1), training=True)
    np.testing.assert_allclose(outputs, [[[[0.0]]]], atol=1e-6)
    np.testing.assert_allclose(layer.moving_variance, [0.5], atol=1e-6)


@pytest.mark.parametrize("dtype", ["float32", "mixed_bfloat16"])
def test_kernel_is_used_in_training(dtype):
    layer = FusedBatchNormalization(dtype=dtype)
    assert "FusedBatchNormV3" in ops_of(layer, (None, 4, 4, 3), layer.compute_dtype)
    assert {keras.backend.standardize_dtype(w.dtype) for w in layer.weights} == {"float32"}
    outputs = layer(np.zeros((1, 4, 4, 3)), training=True)
    assert keras.backend.standardize_dtype(outputs.dtype) == layer.compute_dtype


def test_plain_layer_takes_the_rest():
    spatial = (None, 4, 4, 3)
    assert "FusedBatchNormV3" not in ops_of(FusedBatchNormalization(), spatial, training=False)
    assert "FusedBatchNormV3" not in ops_of(FusedBatchNormalization(trainable=False), spatial)
    assert "FusedBatchNormV3" not in ops_of(FusedBatchNormalization(axis=1), spatial)
    assert "FusedBatchNormV3" not in ops_of(FusedBatchNormalization(), (None, 3))
    assert "FusedBatchNormV3" not in ops_of(FusedBatchNormalization(dtype="float16"), spatial, "float16")
    if hasattr(FusedBatchNormalization(), "renorm"):  # Keras 3.14 and newer.
        assert "FusedBatchNormV3" not in ops_of(FusedBatchNormalization(renorm=True), spatial)
    masked = ops_of(FusedBatchNormalization(), (2, 4, 4, 3), mask=tf.ones((2, 4, 4), "bool"))
    assert "FusedBatchNormV3" not in masked


def test_compiled_by_xla_equals_eager():
    eager, compiled = FusedBatchNormalization(momentum=0.5), FusedBatchNormalization(momentum=0.5)
    expected = eager(features(), training=True)
    compiled.build(features().shape)
    outputs = tf.function(lambda x: compiled(x, training=True), jit_compile=True, autograph=False)(features())
    np.testing.assert_allclose(outputs, expected, atol=1e-4)
    for name in WEIGHTS:
        np.testing.assert_allclose(getattr(compiled, name), getattr(eager, name), atol=1e-4, err_msg=name)


@pytest.mark.parametrize("file", ["all.weights.h5", "all.keras"])
@pytest.mark.parametrize(
    ("writer", "reader"),
    [(FusedBatchNormalization, PLAIN), (PLAIN, FusedBatchNormalization)],
    ids=["fused to plain", "plain to fused"],
)
def test_weight_files_fit_either_way(writer, reader, file, tmp_path):
    written = build_densenet((1, 1), 2, input_size=16, growth_rate=4, normalization=writer)
    read = build_densenet((1, 1), 2, input_size=16, growth_rate=4, normalization=reader)
    rng = np.random.default_rng(1)
    written.set_weights([rng.uniform(0.5, 1.5, w.shape) for w in written.weights])
    (written.save_weights if file == "all.weights.h5" else written.save)(tmp_path / file)
    read.load_weights(tmp_path / file)
    for ours, theirs in zip(read.weights, written.weights, strict=True):
        np.testing.assert_array_equal(ours, theirs, err_msg=ours.path)


def test_layer_survives_its_config():
    layer = FusedBatchNormalization(momentum=0.9, epsilon=1e-5, name="bn")
    config = keras.saving.serialize_keras_object(layer)
    assert config["registered_name"] == "panopose>FusedBatchNormalization"
    again = keras.saving.deserialize_keras_object(config)
    assert type(again) is FusedBatchNormalization
    assert again.get_config() == layer.get_config()


def test_plain_copy_leaves_the_net_as_it_was():
    net = build_densenet((1, 1), 2, input_size=16, growth_rate=4, normalization=FusedBatchNormalization)
    before = net.get_weights()
    copy = plain_copy(net)
    pictures = np.random.default_rng(2).integers(0, 256, (2, 16, 16, 3), dtype="uint8")
    for name, expected in net(pictures).items():
        np.testing.assert_allclose(copy(pictures)[name], expected, atol=1e-6)
    copy.set_weights([np.zeros(w.shape) for w in copy.weights])
    assert isinstance(net.get_layer("bn"), FusedBatchNormalization)
    assert type(copy.get_layer("bn")) is PLAIN
    for ours, theirs in zip(net.get_weights(), before, strict=True):
        np.testing.assert_array_equal(ours, theirs)
