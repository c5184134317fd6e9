"""Statistics of normalization: those of the batches, whatever they were, and momenta as before."""

import keras
import numpy as np

from train.start.statistics import measure_statistics


def test_a_net_answers_as_in_training_on_the_batches_that_it_was_measured_on():
    keras.utils.set_random_seed(0)
    pictures = keras.Input((8, 8, 3))
    x = keras.layers.BatchNormalization(name="first", momentum=0.9)(keras.layers.Conv2D(4, 3)(pictures))
    net = keras.Model(pictures, keras.layers.BatchNormalization(name="second")(keras.layers.Conv2D(5, 3)(x)))
    layers = [net.get_layer(name) for name in ("first", "second")]
    for layer in layers:
        layer.set_weights([value + 3 for value in layer.get_weights()])
    batches = np.random.default_rng(0).normal(2, 3, (4, 16, 8, 8, 3)).astype("float32")
    measure_statistics(net, batches)
    read = keras.Model(pictures, [layer.input for layer in layers])
    outputs = [np.concatenate(values) for values in zip(*map(read.predict_on_batch, batches), strict=True)]
    means = [values.mean(axis=(0, 1, 2)) for values in outputs]
    np.testing.assert_allclose(layers[0].moving_mean, means[0], rtol=1e-4)
    # The mean of the batches' variances, which is a little less than that of all.
    of_batches = [read.predict_on_batch(batch)[0].var(axis=(0, 1, 2)) for batch in batches]
    np.testing.assert_allclose(layers[0].moving_variance, np.mean(of_batches, axis=0), rtol=1e-2)
    # Measured while the first layer still normalized by each batch.
    np.testing.assert_allclose(layers[1].moving_mean, means[1], atol=0.05)
    assert [layer.momentum for layer in layers] == [0.9, 0.99]


def test_without_batches_nothing_changes():
    net = keras.Sequential([keras.Input((2,)), keras.layers.BatchNormalization()])
    before = net.get_weights()
    measure_statistics(net, [])
    for value, expected in zip(net.get_weights(), before, strict=True):
        np.testing.assert_array_equal(value, expected)
