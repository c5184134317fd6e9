"""Messages about the validation split before training, and about the net after it."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING

from machine.words import counted
from train.loop.history import History

if TYPE_CHECKING:
    from train.loop.validation import Validator


def about_validation(validator: Validator) -> list[str]:
    """The baseline's figure, and how the best epoch is chosen if the headline cannot be measured."""
    headline = validator.measure.figures[0]
    known = validator.measure.figure(validator.best_by)
    people, measured = validator.people
    lines = []
    if validator.baseline:
        value = known.text(validator.baseline[validator.best_by])
        lines.append(f"mean pose on the validation split: {known.words.format(value)}")
        if known is headline and measured < people:
            lines[0] += f", measured on the {measured} of {people} people whose {headline.needs} are labelled"
    if known is not headline:
        lines.append(
            f"{headline.words.format('').strip()} cannot be measured: nobody in val has both {headline.needs} "
            f"labelled; the best epoch is chosen by {validator.best_by}"
        )
    return lines


def why_stopped(history: History, epochs: int, patience: int) -> str:
    """When a training stopped early, and why."""
    return (
        f"stopped after epoch {len(history.rows)} of {epochs}: {history.best_by} has not improved for "
        f"{counted(history.epochs_since_improvement, 'epoch')} (--patience {patience})"
    )


def verdict(history: History, validator: Validator, records: Path) -> str:
    """Compares the best epoch with the baseline, and says what to check if it is no better."""
    figure, best = validator.measure.figure(history.best_by), history.best
    reached = best.get(history.best_by, math.nan)
    text = f"best epoch {best['epoch']:.0f}: {figure.words.format(figure.text(reached))}"
    if not validator.baseline:
        return text
    baseline = validator.baseline[history.best_by]
    text += f" (mean pose {figure.text(baseline)})"
    if figure.better * reached > figure.better * baseline:
        return text
    return (
        f"{text}: not better than the mean pose, which looks at no picture; check the labels (python -m records "
        f"{records}), and where the loss in curves.png still falls, train for more --epochs or from another run "
        "(--initial)"
    )
