"""What is printed of the validation split before a training, and of the net after it."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING

from train.history import BEST_BY, History

if TYPE_CHECKING:
    from train.validation import Validator

_WORDS = {"val_pck@0.2": "PCK@0.2 {}", "val_error": "mean error {} of the picture's side"}


def about_validation(validator: Validator) -> list[str]:
    """How well the mean pose does, and how the best epoch is chosen where PCK cannot be measured."""
    known, (people, with_torso) = validator.best_by, validator.people
    lines = [f"mean pose on the validation split: {_WORDS[known].format(_percent(validator.baseline[known]))}"]
    if known == "val_pck@0.2" and with_torso < people:
        lines[0] += f", measured on the {with_torso} of {people} people whose left shoulder and right hip are labelled"
    if known != "val_pck@0.2":
        lines.append(
            "PCK@0.2 cannot be measured: nobody in val has both left shoulder and right hip labelled; the best epoch "
            f"is chosen by {known}"
        )
    return lines


def verdict(history: History, validator: Validator, records: Path) -> str:
    """The best epoch beside the mean pose, and what to look at where it is no better."""
    by, best = history.best_by, history.best
    reached, baseline = best.get(by, float("nan")), validator.baseline[by]
    told = f"best epoch {best['epoch']:.0f}: {_WORDS[by].format(_percent(reached))} (mean pose {_percent(baseline)})"
    if BEST_BY[by] * reached > BEST_BY[by] * baseline:
        return told
    return (
        f"{told}: not better than the mean pose, which looks at no picture; check the labels (python -m records "
        f"{records}), and where the loss in curves.png still falls, train for more --epochs or from another run "
        "(--initial)"
    )


def _percent(share: float) -> str:
    return "n/a" if math.isnan(share) else f"{100 * share:.1f} %"
