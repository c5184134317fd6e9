"""The figures of every epoch of a run."""

from __future__ import annotations

import csv
import math
from pathlib import Path

import pandas as pd

from evaluate.measures import MEASURES, Measure
from machine.whole import whole
from pose.tasks import POSE_2D
from train.loop.run_folder import first_line


class History:
    """One row of figures for each epoch, kept as `history.csv`.

    Attributes:
        run: the folder.
        measure: the measure of the run's task.
        best_by: the name of the figure that decides which epoch is best.
        rows: one dictionary of figures per epoch; "epoch" counts from 1.
    """

    def __init__(
        self,
        run: Path,
        epochs_done: int = 0,
        best_by: str = "val_pck@0.2",
        measure: Measure = MEASURES[POSE_2D.name],
    ) -> None:
        """Reads the first rows of an earlier run, or starts empty.

        Raises:
            ValueError: rows of finished epochs are missing.
        """
        self.run, self.best_by, self.measure = run, best_by, measure
        # A run killed between writing the two files has a row more than its checkpoint has epochs.
        self.rows: list[dict[str, float]] = _read(run / "history.csv", epochs_done) if epochs_done else []

    @property
    def best(self) -> dict[str, float]:
        """The row of the best epoch, the last of equal ones; NaN is worse than any number."""
        return max(reversed(self.rows), key=self._worth)

    @property
    def epochs_since_improvement(self) -> int:
        """How many rows follow the first one with the best figure."""
        worths = [self._worth(row) for row in self.rows]
        return len(worths) - 1 - worths.index(max(worths)) if worths else 0

    def has_stalled(self, patience: int | None) -> bool:
        """Whether training stops here: for so many epochs nothing has improved."""
        return patience is not None and self.epochs_since_improvement >= patience

    def add(self, epoch: int, figures: dict[str, float]) -> bool:
        """Adds the row of an epoch counted from 0; returns whether it is the best so far."""
        self.rows.append({"epoch": epoch + 1, **figures})
        return self.best is self.rows[-1]

    def _worth(self, row: dict[str, float]) -> float:
        value = self.measure.figure(self.best_by).better * row.get(self.best_by, math.nan)
        return -math.inf if math.isnan(value) else value

    def write(self) -> None:
        """Writes all rows."""
        with whole(self.run / "history.csv") as temporary:
            pd.DataFrame(self.rows).to_csv(temporary, index=False)


def _read(path: Path, epochs_done: int) -> list[dict[str, float]]:
    try:
        # Not with pandas, which up to version 2 does not read floats back exactly.
        with open(path, newline="", encoding="utf-8") as file:
            rows = [{name: float(text or "nan") for name, text in row.items()} for row in csv.DictReader(file)]
        rows = [row | {"epoch": int(row["epoch"])} for row in rows[:epochs_done]]
        if [row["epoch"] for row in rows] != list(range(1, epochs_done + 1)):
            raise ValueError(f"it has {len(rows)} of the epochs 1 to {epochs_done}")
    except (ValueError, KeyError, TypeError, OSError) as error:
        raise ValueError(
            f"{path} does not hold the {epochs_done} epochs of its last.weights.h5 ({first_line(error)}); put it back, "
            f"or start another run with --initial {path.parent}"
        ) from error
    return rows
