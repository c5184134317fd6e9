"""The drawn surface of one person: triangles and their materials. Figures make surfaces, views draw them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np


class Paint(Protocol):
    """The colors of a material."""

    def __call__(self, points_mm: np.ndarray) -> np.ndarray:
        """Points (N, 3) on the average body at rest (x left, y up from the floor, z forward) -> RGB (N, 3), 0 to 1."""


@dataclass(frozen=True, eq=False)
class Surface:
    """The triangles of one dressed person, without the positions of vertices, which change from frame to frame.

    Attributes:
        faces: int32 (T, 3), indices of vertices, counter-clockwise as seen from outside.
        canonical_mm: float32 (N, 3), each vertex on the average body at rest, the coordinates of paints.
        part: uint8 (T,), number of the body part in `PARTS`, from 1.
        material: uint8 (T,), index in `paints`.
        paints: one for each material.
    """

    faces: np.ndarray
    canonical_mm: np.ndarray
    part: np.ndarray
    material: np.ndarray
    paints: tuple[Paint, ...]
