"""The over-parameterized net: its paths are plain nets, and what is not drawn stays as it is."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from models import build_searched, movenet_head, narrow_neck
from models.search_space import Choice, Space
from train.searching.supernet import Supernet, gated

SIZE = 32
SPACE = Space(kernels=(3, 5), expansions=(2,), widths=(0.25, 0.5), units=(2, 1, 1, 1, 1, 1))
PARTS = {"neck": narrow_neck, "head": movenet_head}
# Skips, both kernels, and both widths.
CHOICE = Choice((0, 1, 0, 1, 1, 0), ((1, 2), (0,), (1,), (0,), (1,), (0,)))


@pytest.fixture(scope="module")
def supernet():
    keras.utils.set_random_seed(0)
    net = Supernet(SPACE, 3, input_size=SIZE, num_state=1, **PARTS)
    rng = np.random.default_rng(0)
    for weight in net.weights:
        # Large enough to keep the signal through the layers.
        if weight.path.endswith(("gamma", "moving_variance")):
            weight.assign(rng.uniform(0.5, 1.5, weight.shape) * (3.0 if weight.path.endswith("gamma") else 1.0))
        elif weight.path.endswith(("beta", "moving_mean")):
            weight.assign(rng.normal(0, 0.3, weight.shape))
    return net


@pytest.fixture(scope="module")
def pictures():
    return np.random.default_rng(0).integers(0, 256, (2, SIZE, SIZE, 3)).astype("float32")


def test_a_path_answers_as_the_plain_net_with_its_weights(supernet, pictures):
    net = build_searched(SPACE.plan(CHOICE), 3, input_size=SIZE, **PARTS)
    supernet.carry_to(net, CHOICE)
    for name, values in net(pictures, training=False).items():
        ours = supernet.run(pictures, *gated(CHOICE), training=False)[name]
        np.testing.assert_allclose(ours, values, rtol=1e-3, atol=1e-3, err_msg=name)
    assert np.ptp(net(pictures)["heatmap_logits"], axis=0).max() > 0.01


def pairs_of(gates):
    """Two options for each decision of `CHOICE`, the first of which it has."""
    rest = iter(gates)

    def two(place, count):
        gate = next(rest)
        return [(place, gate[0]), ((place + 1) % count, gate[1])]

    widths = [two(place, len(SPACE.filters(stage))) for stage, place in enumerate(CHOICE.widths)]
    operations = [
        [two(place, len(SPACE.operations(unit))) for unit, place in enumerate(row)] for row in CHOICE.operations
    ]
    return widths, operations


def test_the_gates_gradients_are_finite_differences_and_weights_get_none_of_the_other_path(supernet, pictures):
    def loss_at(gates):
        outputs = supernet.run(pictures, *pairs_of(gates), training=False)
        return tf.reduce_mean(outputs["heatmap_logits"] ** 2)

    gates = [tf.constant([1.0, 0.0]) for _ in range(13)]
    with tf.GradientTape() as tape:
        tape.watch(gates)
        loss = loss_at(gates)
    sources = [gates, [one.value for one in supernet.trainable_variables]]
    found, of_weights = tape.gradient(loss, sources)
    taken = {id(one) for one in supernet.weights_of(CHOICE)}
    for variable, gradient in zip(supernet.trainable_variables, of_weights, strict=True):
        if id(variable) not in taken:
            assert gradient is None or not np.any(gradient), variable.path
    alone = supernet.run(pictures, *gated(CHOICE), training=False)["heatmap_logits"]
    assert float(loss) == pytest.approx(float(tf.reduce_mean(alone**2)), rel=1e-5)
    # Of the inactive options of a width, and of the operations of a block with two units.
    for decision in (0, 1, 5, 6, 7, 12):
        around = []
        for move in (2e-3, -2e-3):
            moved = list(gates)
            moved[decision] = gates[decision] + tf.constant([0.0, move])
            around.append(float(loss_at(moved)))
        expected = (around[0] - around[1]) / 4e-3
        assert float(found[decision][1]) == pytest.approx(expected, rel=0.05, abs=2e-4), decision
