"""Bodies of the people in single images."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from demo.bodies.model import BodyModel
from demo.outputs.table import TableRow


def rows_with_bodies(rows: Sequence[TableRow], model: BodyModel, picture: np.ndarray) -> list[TableRow]:
    """The people of an image, each with the body in the person's box."""
    bodies = model.find(picture, [row.box_px for row in rows])
    return [replace(row, body=body) for row, body in zip(rows, bodies, strict=True)]
