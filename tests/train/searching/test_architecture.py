"""How probabilities learn: gradients against finite differences and full enumeration, and the most likely net."""

import itertools

import numpy as np
import pytest

from models.latency_table import Costs
from models.search_space import Space
from train.searching.architecture import (
    Architecture,
    cost_gradients,
    expected_ms,
    reinforce_gradients,
    softmax,
    two_path_gradient,
)

STEP = 1e-5


def made_costs(space, seed=0):
    """Random costs of a space; skipping costs nothing."""
    rng, blocks, before = np.random.default_rng(seed), [], 1
    for stage, units in enumerate(space.units):
        own, of_stage = len(space.filters(stage)), []
        for unit in range(units):
            ms = rng.uniform(0.1, 1.0, (len(space.operations(unit)), before if unit == 0 else own, own))
            if unit:
                ms[-1] = 0.0
            of_stage.append(ms)
        blocks.append(of_stage)
        before = own
    return Costs(0.5, blocks, [np.linspace(-0.1, 0.0, len(space.filters(stage))) for stage in range(len(space.units))])


@pytest.fixture
def small():
    return Space(kernels=(3, 5), expansions=(3,), widths=(0.5, 1.0), units=(2, 1, 2, 1, 1, 1))


@pytest.fixture
def architecture(small):
    made = Architecture(small)
    rng = np.random.default_rng(4)
    made.logits = [rng.normal(0, 1, one.shape) for one in made.logits]
    return made


def test_the_gradient_of_two_paths_is_that_of_finite_differences():
    """On a toy whose loss is linear in the gates, as where the net after the block is linear."""
    logits, losses = np.array([0.3, -0.8]), np.array([1.7, 0.4])

    def expected(values):
        return float(softmax(values) @ losses)

    found = two_path_gradient(logits, losses)
    for option in range(2):
        move = STEP * np.eye(2)[option]
        assert found[option] == pytest.approx(
            (expected(logits + move) - expected(logits - move)) / (2 * STEP), rel=1e-6
        )


def test_a_step_on_two_options_leaves_the_probabilities_of_the_others(architecture):
    rng = np.random.default_rng(0)
    for step in range(50):
        before = architecture.probabilities
        pairs = architecture.sample_pairs(rng)
        architecture.learn_pairs(pairs, [rng.normal(0, 5, len(pair)) for pair in pairs], rate=0.5)
        for pair, old, new in zip(pairs, before, architecture.probabilities, strict=True):
            others = np.delete(np.arange(len(old)), pair)
            np.testing.assert_allclose(new[others], old[others], rtol=1e-12)
            assert new[list(pair)].sum() == pytest.approx(old[list(pair)].sum(), rel=1e-12)
            assert step or len(old) == 1 or not np.allclose(new, old)


def test_pairs_differ_and_the_first_is_drawn_by_its_probability(architecture):
    rng = np.random.default_rng(0)
    drawn = np.array([architecture.sample_pairs(rng)[6] for _ in range(1000)])
    assert (drawn[:, 0] != drawn[:, 1]).all()
    # With the probability of each pair and of the first of it, enumerated.
    chances = architecture.probabilities[6]
    expected = np.zeros(len(chances))
    for one, two in itertools.permutations(range(len(chances)), 2):
        of_pair = chances[one] * chances[two] * (1 / (1 - chances[one]) + 1 / (1 - chances[two]))
        expected[one] += of_pair * chances[one] / (chances[one] + chances[two])
    np.testing.assert_allclose(np.bincount(drawn[:, 0], minlength=len(chances)) / 1000, expected, atol=0.06)


def test_the_expected_latency_is_the_mean_over_all_nets_and_its_derivatives_are_finite_differences(architecture):
    costs = made_costs(architecture.space)
    total = 0.0
    for places in itertools.product(*(range(len(one)) for one in architecture.logits)):
        chance = np.prod([one[place] for one, place in zip(architecture.probabilities, places, strict=True)])
        total += chance * costs.of(architecture.choice(list(places)))
    assert architecture.expected_ms(costs) == pytest.approx(total, rel=1e-9)
    widths, operations = architecture._split(architecture.probabilities)
    of_widths, of_operations = cost_gradients(costs, widths, operations)
    for values, found in [
        *zip(widths, of_widths, strict=True),
        *zip(sum(operations, []), sum(of_operations, []), strict=True),
    ]:
        for option in range(len(values)):
            kept, around = values[option], []
            for move in (STEP, -STEP):
                values[option] = kept + move
                around.append(expected_ms(costs, widths, operations))
            values[option] = kept
            assert found[option] == pytest.approx((around[0] - around[1]) / (2 * STEP), abs=1e-7)


def test_reinforce_is_right_on_average():
    """Over all pairs of samples of a toy of two decisions, with their probabilities."""
    logits = [np.array([0.2, -0.5, 0.9]), np.array([0.0, 0.7])]
    losses = np.random.default_rng(1).normal(0, 1, (3, 2))
    probabilities = list(map(softmax, logits))

    def expected(values):
        return float(softmax(values[0]) @ losses @ softmax(values[1]))

    mean = [np.zeros(3), np.zeros(2)]
    nets = list(itertools.product(range(3), range(2)))
    for both in itertools.product(nets, repeat=2):
        chance = np.prod([probabilities[0][one] * probabilities[1][two] for one, two in both])
        found = reinforce_gradients(probabilities, list(map(list, both)), np.array([losses[net] for net in both]))
        mean = [total + chance * part for total, part in zip(mean, found, strict=True)]
    for decision in range(2):
        for option in range(len(logits[decision])):
            around = []
            for move in (STEP, -STEP):
                moved = [one.copy() for one in logits]
                moved[decision][option] += move
                around.append(expected(moved))
            assert mean[decision][option] == pytest.approx((around[0] - around[1]) / (2 * STEP), abs=1e-8)


@pytest.mark.parametrize("limit_ms", [2.4, 3.0, 4.0, 20.0])
def test_the_most_likely_net_within_a_limit_is_that_of_all_nets(architecture, limit_ms):
    costs = made_costs(architecture.space)
    logs = [np.log(one) for one in architecture.probabilities]

    def worth(places):
        return sum(one[place] for one, place in zip(logs, places, strict=True))

    nets = list(itertools.product(*(range(len(one)) for one in logs)))
    fitting = [places for places in nets if costs.of(architecture.choice(list(places))) <= limit_ms]
    found = architecture.most_likely(costs, limit_ms)
    places = [*found.widths, *sum(map(list, found.operations), [])]
    assert costs.of(found) <= limit_ms
    # Latencies are rounded up by less than a thousandth each.
    tight = [places for places in nets if costs.of(architecture.choice(list(places))) <= 0.99 * limit_ms]
    assert max(map(worth, tight)) - 1e-9 <= worth(places) <= max(map(worth, fitting)) + 1e-9


def test_a_limit_that_no_net_keeps_raises(architecture):
    costs = made_costs(architecture.space)
    for limit_ms in (0.4, 0.8):
        with pytest.raises(ValueError, match=f"no net of the space takes {limit_ms} ms or less; give a longer --limit"):
            architecture.most_likely(costs, limit_ms)


def test_the_state_is_kept(architecture):
    architecture.learn_samples([architecture.sample(np.random.default_rng(k)) for k in range(3)], np.arange(3.0), 0.1)
    other = Architecture(architecture.space)
    other.state = architecture.state
    for name in ("logits", "moments"):
        for one, two in zip(getattr(other, name), getattr(architecture, name), strict=True):
            np.testing.assert_array_equal(one, two)


def test_on_a_toy_it_finds_the_net_that_is_best_within_the_limit(small):
    """Of a toy whose loss is a sum over the decisions, as its latency is."""
    costs = made_costs(small)
    architecture, rng, limit_ms = Architecture(small), np.random.default_rng(0), 3.4
    worths = [rng.uniform(0, 1, len(one)) for one in architecture.logits]
    for _ in range(600):
        pairs = architecture.sample_pairs(rng)
        pull = 3.0 / limit_ms if architecture.expected_ms(costs) > limit_ms else 0.0
        slopes = architecture.cost_gradients(costs)
        gradients = [w[list(p)] + pull * s[list(p)] for w, s, p in zip(worths, slopes, pairs, strict=True)]
        architecture.learn_pairs(pairs, gradients, rate=0.04)
    assert architecture.expected_ms(costs) < 1.05 * limit_ms
    found = architecture.most_likely(costs, limit_ms)
    nets = list(itertools.product(*(range(len(one)) for one in worths)))
    fitting = [list(one) for one in nets if costs.of(architecture.choice(list(one))) <= limit_ms]

    def loss(places):
        return sum(one[place] for one, place in zip(worths, places, strict=True))

    losses = sorted(map(loss, fitting))
    ours = loss([*found.widths, *sum(map(list, found.operations), [])])
    # Among the best one in a hundred of all that are fast enough.
    assert ours <= losses[len(losses) // 100]
