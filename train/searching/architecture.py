"""The probabilities of the operations and widths that a search chooses among, and how they learn.

Cai, Zhu and Han, "ProxylessNAS", arXiv 1812.00332, section 3. Each decision, of a block's operation or a stage's width,
has a logit for each of its options.
"""

from __future__ import annotations

import numpy as np

from models.latency_table import Costs
from models.search_space import Choice, Space

_SECOND_MOMENT, _TINY = 0.999, 1e-8
# Steps of the latency in which the most likely net is found.
_GRAINS = 1000


class Architecture:
    """The logits of all decisions: one for each stage's width, then one for each block's operation.

    Attributes:
        space: the space.
        logits: one array for each decision.
        moments: of the gradients' squares, of the same shapes.
    """

    def __init__(self, space: Space) -> None:
        """Starts with equal probabilities."""
        self.space = space
        counts = [len(space.filters(stage)) for stage in range(len(space.units))]
        counts += [len(space.operations(unit)) for units in space.units for unit in range(units)]
        self.logits = [np.zeros(count) for count in counts]
        self.moments = [np.zeros(count) for count in counts]

    @property
    def state(self) -> np.ndarray:
        """Logits and moments as one array, to keep and to set."""
        return np.concatenate([*self.logits, *self.moments])

    @state.setter
    def state(self, values: np.ndarray) -> None:
        ends = np.cumsum([len(one) for one in (*self.logits, *self.moments)])[:-1]
        parts = [part.astype(np.float64) for part in np.split(values, ends)]
        self.logits, self.moments = parts[: len(self.logits)], parts[len(self.logits) :]

    @property
    def probabilities(self) -> list[np.ndarray]:
        """The probabilities of each decision's options."""
        return [softmax(one) for one in self.logits]

    def choice(self, places: list[int]) -> Choice:
        """The net of one option for each decision."""
        rest = iter(places[len(self.space.units) :])
        operations = tuple(tuple(next(rest) for _ in range(units)) for units in self.space.units)
        return Choice(tuple(places[: len(self.space.units)]), operations)

    def sample(self, rng: np.random.Generator, *, uniform: bool = False) -> list[int]:
        """One option for each decision, drawn by their probabilities, or with equal ones."""
        return [int(rng.choice(len(one), p=None if uniform else one)) for one in self.probabilities]

    def sample_pairs(self, rng: np.random.Generator) -> list[tuple[int, ...]]:
        """Two different options for each decision, the first of which is taken; one where there is one alone.

        Two are drawn by their probabilities, and one of them by the probabilities that they have between themselves.
        """
        pairs: list[tuple[int, ...]] = []
        for logits, chances in zip(self.logits, self.probabilities, strict=True):
            # Two of probability 0 are never drawn, but numerically there may be only one that is not.
            chances = (chances + _TINY) / (1 + len(chances) * _TINY)
            two = rng.choice(len(logits), size=min(2, len(logits)), replace=False, p=chances)
            first = int(rng.choice(len(two), p=softmax(logits[two])))
            pairs.append(tuple(int(one) for one in (two[first], *np.delete(two, first))))
        return pairs

    def expected_ms(self, costs: Costs) -> float:
        """The expected latency of a net drawn by the probabilities."""
        return expected_ms(costs, *self._split(self.probabilities))

    def cost_gradients(self, costs: Costs) -> list[np.ndarray]:
        """The derivatives of the expected latency by each probability."""
        widths, operations = cost_gradients(costs, *self._split(self.probabilities))
        return [*widths, *(one for stage in operations for one in stage)]

    def learn_pairs(self, pairs: list[tuple[int, ...]], gate_gradients: list[np.ndarray], rate: float) -> None:
        """A step on the two options of each decision; all other options keep their probabilities.

        Args:
            pairs: from `sample_pairs`.
            gate_gradients: the loss's derivatives by the gates of these options, of which the first is 1, the other 0.
            rate: the learning rate.
        """
        for decision, (pair, gradients) in enumerate(zip(pairs, gate_gradients, strict=True)):
            two, logits = list(pair), self.logits[decision]
            before = logits[two].copy()
            self._adam(decision, two, two_path_gradient(before, gradients), rate)
            logits[two] += _log_sum(before) - _log_sum(logits[two])

    def learn_samples(self, samples: list[list[int]], losses: np.ndarray, rate: float) -> None:
        """A step of REINFORCE from the losses of nets drawn by `sample` (the paper's equation 5)."""
        for decision, gradient in enumerate(reinforce_gradients(self.probabilities, samples, losses)):
            self._adam(decision, list(range(len(gradient))), gradient, rate)

    def most_likely(self, costs: Costs, limit_ms: float) -> Choice:
        """The most probable net that is predicted to take no longer than the limit.

        Raises:
            ValueError: no net is that fast.
        """
        return most_likely(costs, *self._split([np.log(one + 1e-300) for one in self.probabilities]), limit_ms)

    def _adam(self, decision: int, places: list[int], gradient: np.ndarray, rate: float) -> None:
        """Adam without the first moment, as the paper's code has it."""
        logits, moments = self.logits[decision], self.moments[decision]
        fresh = moments[places] == 0
        moments[places] = _SECOND_MOMENT * moments[places] + (1 - _SECOND_MOMENT) * gradient**2
        # The first gradient of an option counts as all before it.
        moments[places] = np.where(fresh, gradient**2, moments[places])
        logits[places] -= rate * gradient / (np.sqrt(moments[places]) + _TINY)

    def _split(self, values: list[np.ndarray]) -> tuple[list[np.ndarray], list[list[np.ndarray]]]:
        """What belongs to the stages' widths, and to the blocks' operations, stage by stage."""
        rest = iter(values[len(self.space.units) :])
        return values[: len(self.space.units)], [[next(rest) for _ in range(units)] for units in self.space.units]


def softmax(logits: np.ndarray) -> np.ndarray:
    """Probabilities (N,) of logits (N,)."""
    return np.exp(logits - _log_sum(logits))


def _log_sum(logits: np.ndarray) -> float:
    return float(np.logaddexp.reduce(logits))


def two_path_gradient(logits: np.ndarray, gate_gradients: np.ndarray) -> np.ndarray:
    """The derivatives by the logits of the sampled options (N,) from those by their gates: the paper's equation 4."""
    chances = softmax(logits)
    return chances * (gate_gradients - np.sum(chances * gate_gradients))


def reinforce_gradients(
    probabilities: list[np.ndarray], samples: list[list[int]], losses: np.ndarray
) -> list[np.ndarray]:
    """An unbiased estimate of the derivatives of the expected loss by the logits of each decision.

    Each sample's loss is compared with the mean of the others', which changes no expectation and reduces the variance.
    """
    count = len(samples)
    advantages = losses - (losses.sum() - losses) / (count - 1)
    gradients = []
    for decision, chances in enumerate(probabilities):
        taken = np.eye(len(chances))[[sample[decision] for sample in samples]]
        gradients.append((advantages[:, None] * (taken - chances)).mean(axis=0))
    return gradients


def expected_ms(costs: Costs, widths: list[np.ndarray], operations: list[list[np.ndarray]]) -> float:
    """The expected latency, linear in the probabilities of each decision (the paper's equation 2)."""
    total, before = costs.constant, np.ones(1)
    for stage, own in enumerate(widths):
        total += float(costs.behind[stage] @ own)
        for unit, chances in enumerate(operations[stage]):
            by_width = np.tensordot(chances, costs.blocks[stage][unit], 1)
            total += float(before @ by_width @ own if unit == 0 else np.diag(by_width) @ own)
        before = own
    return total


def cost_gradients(
    costs: Costs, widths: list[np.ndarray], operations: list[list[np.ndarray]]
) -> tuple[list[np.ndarray], list[list[np.ndarray]]]:
    """The derivatives of `expected_ms` by each probability, in the same order."""
    of_widths = [behind.copy() for behind in costs.behind]
    of_operations: list[list[np.ndarray]] = []
    for stage, own in enumerate(widths):
        before = widths[stage - 1] if stage else np.ones(1)
        of_operations.append([])
        for unit, chances in enumerate(operations[stage]):
            ms = costs.blocks[stage][unit]
            by_width = np.tensordot(chances, ms, 1)
            if unit == 0:
                of_operations[-1].append(ms @ own @ before)
                of_widths[stage] += before @ by_width
                if stage:
                    of_widths[stage - 1] += by_width @ own
            else:
                of_operations[-1].append(np.diagonal(ms, axis1=1, axis2=2) @ own)
                of_widths[stage] += np.diag(by_width)
    return of_widths, of_operations


def most_likely(costs: Costs, widths: list[np.ndarray], operations: list[list[np.ndarray]], limit_ms: float) -> Choice:
    """The net with the greatest sum of log-probabilities within a limit, by dynamic programming over the latency.

    Latencies are rounded up to a thousandth of what the limit leaves for the blocks, so that the limit holds.

    Args:
        costs: the latencies.
        widths: log-probabilities of each stage's widths.
        operations: log-probabilities of each block's operations, stage by stage.
        limit_ms: the limit.

    Raises:
        ValueError: no net is that fast.
    """
    grain = (limit_ms - costs.constant) / _GRAINS
    # By width of the stage before: the best sum by the latency spent, and how it came about.
    best: list[tuple[np.ndarray, list]] = [(np.zeros(_GRAINS + 1), [None] * (_GRAINS + 1))]
    for stage, own in enumerate(widths if grain > 0 else ()):
        after = []
        for width, chance in enumerate(own):
            options = []
            for before, (score, path) in enumerate(best):
                score, path = score + chance, [(width, (), earlier) for earlier in path]
                for unit, chances in enumerate(operations[stage]):
                    ms = costs.blocks[stage][unit][:, before if unit == 0 else width, width].copy()
                    if unit == 0:
                        ms += costs.behind[stage][width]
                    score, path = _with_block(score, path, chances, np.ceil(np.maximum(ms, 0) / grain).astype(int))
                options.append((score, path))
            scores = np.stack([score for score, _ in options])
            which = scores.argmax(axis=0)
            after.append((scores.max(axis=0), [options[one][1][spent] for spent, one in enumerate(which)]))
        best = after
    scores = np.stack([score for score, _ in best])
    if grain <= 0 or not np.isfinite(scores.max()):
        raise ValueError(f"no net of the space takes {limit_ms:g} ms or less; give a longer --limit-ms")
    width, spent = np.unravel_index(scores.argmax(), scores.shape)
    found, step = [], best[width][1][spent]
    while step is not None:
        found.append(step[:2])
        step = step[2]
    return Choice(tuple(int(one) for one, _ in reversed(found)), tuple(places for _, places in reversed(found)))


def _with_block(score: np.ndarray, path: list, chances: np.ndarray, grains: np.ndarray) -> tuple[np.ndarray, list]:
    """The best sums after one more block, by the latency spent."""
    moved = np.full((len(chances), len(score)), -np.inf)
    for option, (chance, cost) in enumerate(zip(chances, grains, strict=True)):
        if cost < len(score):
            moved[option, cost:] = score[: len(score) - cost] + chance
    which, found = moved.argmax(axis=0), []
    for spent, option in enumerate(which):
        earlier = path[spent - grains[option]] if np.isfinite(moved[option, spent]) else None
        found.append(earlier and (earlier[0], (*earlier[1], int(option)), earlier[2]))
    return moved.max(axis=0), found
