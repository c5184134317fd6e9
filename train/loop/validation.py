"""Validation, with the code of `python -m evaluate`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np

from evaluate.measures import Measure
from models import SCORES, Loss, OutputForm, inner_net, stages_of
from pose import Skeleton
from pose.tasks import Task, as_net_takes
from records import dataset
from records.inputs import fields_of, inputs_of, joined
from train.loop.box_rule import box_rule

_NUM_PICTURES = 12


@dataclass
class Validation:
    """Figures of one validation pass, the predictions, and the first few images.

    Attributes:
        figures: values by name; names begin with val_.
        pictures: uint8 (N, S, S, 3), of the first N people.
        labels: of all M people, (M, ...) by name.
        answers: of all M people, (M, ...) by name.
        keys: the people's names.
    """

    figures: dict[str, float]
    pictures: np.ndarray
    labels: dict[str, np.ndarray]
    answers: dict[str, np.ndarray]
    keys: list[str]


class Validator:
    """Predicts the validation split and scores it.

    Attributes:
        measure: the task's.
        baseline: the figures of the measure's baseline, which a net must beat; empty if it has none.
        best_by: the first figure of the measure that can be measured on the split.
        people: how many people the split has, and how many of them the headline can be measured on.
    """

    def __init__(
        self, folder: Path, skeleton: Skeleton, input_size: int, batch_size: int, task: Task, measure: Measure
    ) -> None:
        """Opens the split and scores the baseline."""
        self.measure = measure
        self._task, self._skeleton, self._input_size = task, skeleton, input_size
        fields = (*fields_of(task, (*task.labels, *measure.labels)), "key")
        options: dict[str, Any] = {"batch_size": batch_size, "input_size": input_size}
        options |= {"fields": fields, "may_lack": task.may_lack, "kind": task.kind}
        self._batches = dataset(folder, "val", **options)
        self._labels = joined([labels for _, labels in self._batches.as_numpy_iterator()])
        self._keys = [key.decode(errors="replace") for key in self._labels["key"]]
        self.baseline = {}
        if measure.baseline is not None:
            self.baseline = self._figures(measure.baseline(folder, input_size, self._labels))
        # Which figures can be measured depends on the labels alone.
        self.best_by = measure.first_known(self.baseline) if self.baseline else f"val_{measure.figures[0].name}"
        count = measure.figures[0].count
        self.people = len(self._keys), count(self._labels) if count else len(self._keys)

    def box_rule(self, padding: float) -> dict[str, float]:
        """How the people's boxes lie about their joints (`train.loop.box_rule`)."""
        return box_rule(self._labels, self._input_size, padding)

    def __call__(self, model: keras.Model, form: OutputForm, loss: Loss) -> Validation:
        """Runs the net of an inference model over the split, and a loss over the outputs of its last stage.

        Of earlier stages that have all outputs of the form but scores, the figures are named val_stage1_... and so on.
        """
        net = inner_net(model)
        answers: list[dict[str, np.ndarray]] = []
        earlier: dict[str, list[dict[str, np.ndarray]]] = {}
        terms: dict[str, list[tuple[float, float]]] = {name: [] for name in form.terms}
        pictures: list[np.ndarray] = []
        for batch, labels in self._batches.as_numpy_iterator():
            inputs = keras.tree.map_structure(_as_float, as_net_takes(inputs_of(self._task, batch, labels)))
            by_stage = stages_of(net(inputs, training=False))
            outputs = by_stage.pop("")
            answers.append(self._answers(form, outputs))
            for stage, values in by_stage.items():
                if form.outputs <= {*values, SCORES}:
                    scores = {SCORES: outputs[SCORES]} if SCORES in outputs else {}
                    earlier.setdefault(stage, []).append(self._answers(form, values | scores))
            for name, term in loss(_as_tensors(labels), outputs, size=self._input_size).items():
                terms[name].append((float(term.value), float(keras.ops.convert_to_numpy(term.counted).sum())))
            if sum(map(len, pictures)) < _NUM_PICTURES:
                pictures.append(batch)
        found = joined(answers)
        # Some terms are of training alone.
        losses = {f"val_{name}": _mean_of_all(parts) for name, parts in terms.items() if parts}
        shown = np.concatenate(pictures)[:_NUM_PICTURES]
        figures = {**losses, **self._figures(found)}
        for stage, parts in earlier.items():
            of_stage = self._figures(joined(parts))
            figures |= {name.replace("val_", f"val_{stage}_", 1): value for name, value in of_stage.items()}
        return Validation(figures, shown, self._labels, found, self._keys)

    def _answers(self, form: OutputForm, outputs: Mapping[str, Any]) -> dict[str, np.ndarray]:
        found = _as_arrays(form.decode(outputs, self._input_size))
        return self._task.assembled(found, self._skeleton, self._input_size)

    def _figures(self, answers: Mapping[str, np.ndarray]) -> dict[str, float]:
        return self.measure.validated(answers, self._labels, self._skeleton, self._input_size)


def _mean_of_all(parts: list[tuple[float, float]]) -> float:
    """The mean over the split from the batches' means and counts: everything counted has the same weight."""
    return sum(value * count for value, count in parts) / max(sum(count for _, count in parts), 1)


def _as_float(value: np.ndarray) -> Any:
    return keras.ops.cast(value, "float32")


def _as_arrays(tensors: Mapping[str, Any]) -> dict[str, np.ndarray]:
    return {name: keras.ops.convert_to_numpy(value) for name, value in tensors.items()}


def _as_tensors(labels: Mapping[str, np.ndarray]) -> dict[str, Any]:
    return {name: value for name, value in labels.items() if value.dtype != object}
