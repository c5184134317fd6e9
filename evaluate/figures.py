"""Measuring a model of any task by the figures of its measure; `evaluate.pose_2d` measures more of 2D joints."""

from __future__ import annotations

import json
import math
from pathlib import Path

from evaluate.measures import Measure
from evaluate.own_files import METRICS
from evaluate.pose_2d.collect import Progress, answered
from evaluate.predictor import Predictor
from machine.whole import whole
from records.damage import named_damage
from records.inputs import fields_of, joined
from records.manifest import read_manifest
from records.pipeline import dataset


def measure_split(
    predictor: Predictor,
    measure: Measure,
    records: Path,
    split: str,
    *,
    batch_size: int = 64,
    progress: Progress | None = None,
) -> dict[str, float]:
    """Computes the figures of a model over a split, in px of the model's own images.

    Raises:
        ValueError: the records or the split are missing, lack a field, or label other joints than the model's.
    """
    predictor.check_records(read_manifest(records))
    size, fields = predictor.input_size, fields_of(predictor.task, measure.labels)
    with named_damage(records, split):
        batches = dataset(records, split, batch_size=batch_size, input_size=size, fields=fields)
        found = [parts[1:] for parts in answered(predictor, batches.as_numpy_iterator(), progress)]
    answers, labels = map(joined, zip(*found, strict=True))
    return measure.compute(answers, labels, predictor.skeleton, size)


def as_text(measure: Measure, figures: dict[str, float]) -> str:
    """A line for each figure."""
    return "\n".join(one.words.format(one.text(figures[one.name])) for one in measure.figures)


def write_figures(measure: Measure, figures: dict[str, float], about: dict, folder: Path) -> Path:
    """Writes metrics.json; a figure that could not be measured is null."""
    known = {name: None if math.isnan(value) else value for name, value in figures.items()}
    folder.mkdir(parents=True, exist_ok=True)
    with whole(folder / METRICS) as temporary:
        content = {**about, "headline": measure.figures[0].name, "metrics": known}
        temporary.write_text(json.dumps(content, indent=1) + "\n")
    return folder / METRICS
