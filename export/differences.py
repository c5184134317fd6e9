"""How far the answers of an exported file are from the Keras model's."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
from scipy.optimize import linear_sum_assignment

from pose.tasks import Answer, Task

#: Minimum score of rows that count, in the model's answers or in the file's, where a task scores its rows.
COUNTED_SCORE = 0.1
# Symbols of an answer's shape for the rows and columns of maps.
_CELLS = ("h", "w")

Arrays = Mapping[str, np.ndarray]


def is_point(answer: Answer) -> bool:
    """Whether an answer's last axis holds the coordinates of points, so that their distances count."""
    return answer.geometry in ("point", "direction")


def differences(found: Arrays, expected: Arrays, task: Task, prefix: str = "") -> dict[str, np.ndarray]:
    """Takes the distances of points, and the differences of all other values.

    A map counts by the cell where it differs most, as most of its cells are empty. Rows without an order, such as
    people, are paired first; then those count whose score is `COUNTED_SCORE` or more in either answer, and the best of
    each sample.

    Args:
        found: the file's answers (N, ...), by `prefix` and their names.
        expected: the model's, by their names.
        task: of the model.
        prefix: of the names in `found`.

    Returns:
        Float (M,) by the answers' names.

    Raises:
        RuntimeError: an answer is missing, not finite, or of another shape.
    """
    values = {name: _checked(found, prefix + name, expected[name].shape) for name in task.answers}
    samples = _of_rows(values, expected, task) if task.scored_by else [_all(values, expected, task)]
    parts = list(samples)
    return {name: np.concatenate([part[name].ravel() for part in parts]) for name in task.answers}


def _checked(found: Arrays, name: str, shape: tuple[int, ...]) -> np.ndarray:
    value = found.get(name)
    if value is None or value.shape != shape or not np.isfinite(value).all():
        answered = "none" if value is None else f"{value.shape}, finite: {bool(np.isfinite(value).all())}"
        raise RuntimeError(f"must answer finite {name} of shape {shape}, it answers {answered}")
    return value


def _all(found: Arrays, expected: Arrays, task: Task) -> dict[str, np.ndarray]:
    result = {}
    for name, answer in task.answers.items():
        cells = tuple(axis for axis, side in enumerate(answer.shape, 1) if side in _CELLS)
        result[name] = _difference(found[name], expected[name], answer).max(axis=cells)
    return result


def _of_rows(found: Arrays, expected: Arrays, task: Task) -> Iterator[dict[str, np.ndarray]]:
    """For each sample the differences of its rows (N, K, ...), each of the model's from the most similar of the file's.

    The most similar ones are those of the smallest sum of differences, in units of the answers' tolerances.
    """
    for sample, scores in enumerate(expected[task.scored_by]):
        pairs = {
            name: _difference(found[name][sample][None], expected[name][sample][:, None], answer)
            for name, answer in task.answers.items()
        }
        costs = [
            value.reshape(*value.shape[:2], -1).mean(axis=2) / task.answers[name].tolerance
            for name, value in pairs.items()
        ]
        rows, columns = linear_sum_assignment(np.sum(costs, axis=0))
        best = np.maximum(scores[rows], found[task.scored_by][sample][columns])
        counted = (best >= COUNTED_SCORE) | (best == best.max())
        yield {name: value[rows[counted], columns[counted]] for name, value in pairs.items()}


def _difference(found: np.ndarray, expected: np.ndarray, answer: Answer) -> np.ndarray:
    difference = np.subtract(found, expected)
    return np.linalg.norm(difference, axis=-1) if is_point(answer) else np.abs(difference)
