"""The options of the optimizer, checked by the weights that it computes."""

from pathlib import Path

import keras
import numpy as np

from models import FORMS, build_densenet
from train.config import TrainConfig
from train.loop.trainer import PoseTrainer, build_optimizer


def config(**options):
    return TrainConfig(records=Path("x"), warmup_epochs=0.0, ema_epochs=0, learning_rate=0.1, **options)


def test_weight_decay_skips_only_biases_and_normalization():
    head = FORMS["likelihood"].head
    trainer = PoseTrainer(build_densenet((1,), 3, input_size=32, growth_rate=4, head=head), 32, 0.1)
    variables = trainer.trainable_variables
    for variable in variables:
        variable.assign(keras.ops.ones_like(variable))
    optimizer = build_optimizer(config(weight_decay=0.5), 10)
    optimizer.apply([keras.ops.zeros_like(variable) for variable in variables], variables)
    decayed, spared = set(), set()
    for variable in variables:
        value = np.asarray(variable)
        # Without a gradient, Adam itself moves nothing.
        (decayed if np.allclose(value, 1 - 0.1 * 0.5) else spared).add(variable.path.split("/")[-1])
        assert variable.path.split("/")[-1] in decayed or (value == 1).all(), variable.path
    assert decayed == {"kernel", "kernel0", "kernel1", "kernel2"}
    assert spared == {"bias", "bias0", "bias1", "bias2", "gamma", "beta"}


def test_the_clip_norm_reaches_the_optimizer():
    """Gradients of norm 50 and 0.05: clipped at 0.05 they are equal, so that Adam takes the same step twice."""

    def steps(clip_norm):
        optimizer = build_optimizer(config(clip_norm=clip_norm, weight_decay=0.0, epochs=10**6), 10)
        variable = keras.Variable(np.zeros(2, np.float32), name="kernel")
        places = []
        for gradient in ([30.0, 40.0], [0.03, 0.04]):
            optimizer.apply([keras.ops.convert_to_tensor(gradient)], [variable])
            places.append(np.asarray(variable).copy())
        return places[0], places[1] - places[0]

    first, second = steps(0.05)
    np.testing.assert_allclose(second, first, rtol=1e-3)
    np.testing.assert_allclose(first, [-0.1, -0.1], rtol=1e-3)
    first, second = steps(1000.0)
    assert (np.abs(second) < 0.9 * np.abs(first)).all()
