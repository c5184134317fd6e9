"""What is printed of the validation split before a training, and of the net after it."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING

from train.loop.history import History

if TYPE_CHECKING:
    from train.loop.validation import Validator


def about_validation(validator: Validator) -> list[str]:
    """How well the baseline does, and how the best epoch is chosen where the headline cannot be measured."""
    headline = validator.measure.figures[0]
    known = validator.measure.figure(validator.best_by)
    people, measured = validator.people
    lines = []
    if validator.baseline:
        value = known.said(validator.baseline[validator.best_by])
        lines.append(f"mean pose on the validation split: {known.words.format(value)}")
        if known is headline and measured < people:
            lines[0] += f", measured on the {measured} of {people} people whose {headline.needs} are labelled"
    if known is not headline:
        lines.append(
            f"{headline.words.format('').strip()} cannot be measured: nobody in val has both {headline.needs} "
            f"labelled; the best epoch is chosen by {validator.best_by}"
        )
    return lines


def verdict(history: History, validator: Validator, records: Path) -> str:
    """The best epoch beside the baseline, and what to look at where it is no better."""
    figure, best = validator.measure.figure(history.best_by), history.best
    reached = best.get(history.best_by, math.nan)
    said = f"best epoch {best['epoch']:.0f}: {figure.words.format(figure.said(reached))}"
    if not validator.baseline:
        return said
    baseline = validator.baseline[history.best_by]
    said += f" (mean pose {figure.said(baseline)})"
    if figure.better * reached > figure.better * baseline:
        return said
    return (
        f"{said}: not better than the mean pose, which looks at no picture; check the labels (python -m records "
        f"{records}), and where the loss in curves.png still falls, train for more --epochs or from another run "
        "(--initial)"
    )
