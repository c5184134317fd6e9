"""The table that `python -m demo.batch` writes: a row for each person."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from demo.errors import OutputError
from demo.outputs.files import Output
from pose import Skeleton

if TYPE_CHECKING:
    import pandas as pd

TABLE_ENDINGS = (".parquet", ".csv")


def check_table(out: Path) -> None:
    """Tells early whether a table can be written.

    Raises:
        OutputError: the ending needs a package that is missing.
    """
    if out.suffix == ".parquet" and find_spec("pyarrow") is None:
        raise OutputError("a .parquet file needs pyarrow: pip install pyarrow, or let --out end in .csv")


@dataclass(frozen=True, eq=False)
class Person:
    """One person in one picture.

    Attributes:
        key: the picture's name, or the frame's number.
        time_s: the frame's place in the video; None for a picture.
        number: from 0.
        box_px: (4,) x and y of the left top corner, width and height.
        xy_px: (J, 2) in the picture.
        scores: (J,), 0 to 1.
    """

    key: str | int
    time_s: float | None
    number: int
    box_px: np.ndarray
    xy_px: np.ndarray
    scores: np.ndarray


class Table:
    """Collects people and their joints, and becomes a table."""

    def __init__(self, skeleton: Skeleton, key: str) -> None:
        """Begins without rows; `key` is the first column's name, "picture" or "frame"."""
        self._skeleton = skeleton
        self._key = key
        self._people: list[Person] = []

    def __len__(self) -> int:
        """Number of people."""
        return len(self._people)

    def add(self, people: list[Person]) -> None:
        """Adds the people of a picture."""
        self._people += people

    def frame(self) -> pd.DataFrame:
        """The table; its `attrs` describe the skeleton."""
        import pandas as pd

        people = self._people
        columns: dict[str, object] = {self._key: [person.key for person in people]}
        if self._key == "frame":
            columns["time_s"] = [person.time_s for person in people]
        columns["person"] = [person.number for person in people]
        boxes = np.array([person.box_px for person in people], np.float32).reshape(-1, 4)
        columns |= {f"box_{name}_px": boxes[:, k] for k, name in enumerate(("x", "y", "width", "height"))}
        joints = np.array([np.column_stack([person.xy_px, person.scores]) for person in people], np.float32)
        joints = joints.reshape(-1, self._skeleton.num_joints, 3)
        for j, joint in enumerate(self._skeleton.joints):
            columns |= {f"{joint}_{name}": joints[:, j, k] for k, name in enumerate(("x_px", "y_px", "score"))}
        table = pd.DataFrame(columns)
        table.attrs["skeleton"] = self._skeleton.describe()
        return table

    def write(self, out: Path) -> None:
        """Writes the table, whole or not at all.

        Raises:
            OutputError: it cannot be written.
        """
        table = self.frame()
        output = Output("--out", out)
        try:
            with output.writing():
                if out.suffix == ".parquet":
                    table.to_parquet(output.file, index=False)
                else:
                    table.to_csv(output.file, index=False, float_format="%.4f")
            output.finish()
        finally:
            output.discard()
