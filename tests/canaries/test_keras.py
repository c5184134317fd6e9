"""Canaries: each private interface of Keras that this project uses still does what is needed."""

import keras
import numpy as np
import tensorflow as tf
from canary import canary


def test_weights_files_go_by_the_names_of_classes(tmp_path):
    interface = "the storing of weights under the snake-case name of a layer's class"
    with canary("keras", interface, "models.private_keras.weights_named_as"):
        from models.private_keras import weights_named_as

        @weights_named_as(keras.layers.Dense)
        class Other(keras.layers.Dense):
            pass

        ours, theirs = (keras.Sequential([keras.Input((2,)), layer(3)]) for layer in (Other, keras.layers.Dense))
        ours.save_weights(tmp_path / "ours.weights.h5")
        theirs.load_weights(tmp_path / "ours.weights.h5")
        np.testing.assert_array_equal(theirs.get_weights()[0], ours.get_weights()[0])


def test_the_optimizer_sums_gradients_in_a_method_that_can_be_overridden():
    interface = "keras.optimizers.Optimizer._all_reduce_sum_gradients"
    with canary("keras", interface, "models.private_keras.AdamWOfSummedGradients"):
        from models.private_keras import AdamWOfSummedGradients

        given = []

        class Watched(AdamWOfSummedGradients):
            def _all_reduce_sum_gradients(self, grads_and_vars):
                kept = super()._all_reduce_sum_gradients(grads_and_vars)
                given.extend(float(gradient) for gradient, _ in kept)
                return kept

        assert callable(keras.optimizers.AdamW._all_reduce_sum_gradients)
        strategy = tf.distribute.OneDeviceStrategy("/cpu:0")
        with strategy.scope():
            variable, optimizer = keras.Variable(1.0), Watched(0.5, weight_decay=0.0)
            optimizer.build([variable])
        strategy.run(lambda: optimizer.apply([tf.constant(3.0)]))
        # Nothing else sums them; Adam's first step has the length of the learning rate.
        assert given == [3.0] and abs(float(variable.numpy()) - 0.5) < 1e-3
