"""What a run folder remembers from epoch to epoch."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pandas as pd

#: The figure of the validation split that decides which epoch is the best.
BEST_BY = "val_pck@0.2"


class History:
    """One row of figures for each epoch, kept as `history.csv`."""

    def __init__(self, run: Path, epochs_done: int = 0) -> None:
        """Reads the first rows of an earlier run, or starts empty."""
        self.run = run
        path = run / "history.csv"
        rows = pd.read_csv(path).to_dict("records") if epochs_done and path.is_file() else []
        # A run killed between the two may have written a row for an epoch that its checkpoint does not have.
        self.rows: list[dict[str, float]] = [row for row in rows if row["epoch"] <= epochs_done]

    def add(self, epoch: int, figures: dict[str, float]) -> bool:
        """Adds the row of an epoch counted from 0; returns whether it is the best so far, the last of equal ones."""
        best = max((row[BEST_BY] for row in self.rows), default=float("-inf"))
        self.rows.append({"epoch": epoch + 1, **figures})
        return figures[BEST_BY] >= best

    def write(self) -> None:
        """Writes all rows."""
        write_whole(self.run / "history.csv", lambda name: pd.DataFrame(self.rows).to_csv(name, index=False))


def write_whole(path: Path, write: Callable[[str], None]) -> None:
    """Calls `write` with a temporary name of the same ending, then renames."""
    temporary = path.with_name("partial-" + path.name)
    write(str(temporary))
    os.replace(temporary, path)
