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
    """Checks that a table of this ending can be written.

    Raises:
        OutputError: the ending needs a package that is missing.
    """
    if out.suffix == ".parquet" and find_spec("pyarrow") is None:
        raise OutputError("a .parquet file needs pyarrow: pip install pyarrow, or let --out end in .csv")


@dataclass(frozen=True, eq=False)
class TableRow:
    """One person in one image.

    Attributes:
        key: the image's name, or the frame's number.
        time_s: the frame's time in the video; None for an image.
        number: the person's, from 0.
        box_px: (4,) x and y of the top left corner, width and height.
        xy_px: (J, 2) in the image.
        scores: (J,), 0 to 1.
    """

    key: str | int
    time_s: float | None
    number: int
    box_px: np.ndarray
    xy_px: np.ndarray
    scores: np.ndarray


class Table:
    """Collects people and their joints, and writes them as a table.

    Args:
        skeleton: of the people.
        key: name of the first column, "picture" or "frame".
    """

    def __init__(self, skeleton: Skeleton, key: str) -> None:
        self._skeleton = skeleton
        self._key = key
        self._people: list[TableRow] = []

    def __len__(self) -> int:
        return len(self._people)

    def add(self, people: list[TableRow]) -> None:
        """Adds the people of an image."""
        self._people += people

    def frame(self) -> pd.DataFrame:
        """Returns the table; `attrs["skeleton"]` describes the skeleton."""
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
        """Writes the table completely or not at all.

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
