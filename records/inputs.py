"""What a task takes from the records: its inputs and labels."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from pose.tasks import Task, as_net_takes
from records.augment import LABELS

# What batches of records begin with.
_FIRST = ("picture", "window")
_SEVERAL = 4


def fields_of(task: Task, labels: Iterable[str] = ()) -> tuple[str, ...]:
    """The fields to read beside the images: those that fill the task's inputs, and the labels, each once."""
    wanted = [*(one.source for one in task.inputs.values()), *labels]
    return tuple(dict.fromkeys(name for name in wanted if name not in _FIRST))


def inputs_of(task: Task, pictures: Any, labels: Mapping[str, Any]) -> dict[str, Any]:
    """The task's inputs, by name, from a batch of `records.dataset`."""
    return {name: pictures if one.source in _FIRST else labels[one.source] for name, one in task.inputs.items()}


def random_batch(task: Task, num_joints: int, size: int, count: int) -> tuple[Any, dict[str, np.ndarray]]:
    """Inputs and labels of a batch, in which every point is labeled; for timing, where values do not matter."""
    random, fields = np.random.default_rng(0), LABELS[task.kind]

    def values(name: str) -> np.ndarray:
        field = fields[name]
        shape = (count, *field.sized(num_joints, size, _SEVERAL))
        if field.geometry in ("visibility", "left"):
            return np.full(shape, 2 if field.geometry == "visibility" else False, field.dtype)
        if field.geometry in ("picture", "nearest"):
            return random.integers(0, 256, shape).astype(field.dtype)
        return random.uniform(0, size, shape).astype(field.dtype)

    inputs = {name: values(one.source) for name, one in task.inputs.items()}
    return as_net_takes(inputs), {name: values(name) for name in task.labels}


def joined(batches: Sequence[Mapping[str, np.ndarray]]) -> dict[str, np.ndarray]:
    """Several batches as one: arrays (N, ...) by name."""
    return {name: np.concatenate([batch[name] for batch in batches]) for name in batches[0]}
