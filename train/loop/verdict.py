"""Messages about the validation split before training, and about the net after it."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING

from machine.words import counted
from train.loop.history import History
from train.loop.run_folder import how_to_train_longer

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


def about_end(history: History, epochs: int, patience: int | None, run: Path, was_done: bool) -> list[str]:
    """Why a training stopped early, or did not begin; nothing if it has just run to its end."""
    longer = f"; {how_to_train_longer(run)}" if was_done else ""
    if (done := len(history.rows)) < epochs:
        since = counted(history.epochs_since_improvement, "epoch")
        why = f"{history.best_by} has not improved for {since} (--patience {patience})"
        return [f"stopped after epoch {done} of {epochs}: {why}{longer}"]
    return [f"all {done} epochs were done before{longer}"] if was_done else []


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
