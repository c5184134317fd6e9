"""The people of one frame as one mesh, which is drawn and casts shadows."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from dome.view.surface import Paint, Surface
from pose.space.raster import vertex_normals


class Crowd:
    """All triangles of all people, with each one's person, part and paint.

    Attributes:
        vertices_mm: float32 (N, 3), in the world.
        canonical_mm: float32 (N, 3), as `Surface` has them.
        normals: float32 (N, 3), outward unit vectors, the mean of adjacent faces weighted by area.
        faces: int (T, 3).
        person: uint8 (T,), from 1.
        part: uint8 (T,), as `Surface` has it.
        paint: uint16 (T,), index in `paints`.
        paints: of all people.
    """

    def __init__(self, meshes: Sequence[tuple[Surface, np.ndarray]]) -> None:
        """Joins the surfaces of some people with their vertices (N, 3) in the world, in mm."""
        starts = np.cumsum([0] + [len(vertices) for _, vertices in meshes])
        firsts = np.cumsum([0] + [len(surface.paints) for surface, _ in meshes])
        surfaces = [surface for surface, _ in meshes]
        self.vertices_mm = _joined([vertices for _, vertices in meshes], (0, 3), np.float32)
        self.canonical_mm = _joined([surface.canonical_mm for surface in surfaces], (0, 3), np.float32)
        faces = [surface.faces + start for surface, start in zip(surfaces, starts[:-1], strict=True)]
        self.faces = _joined(faces, (0, 3), np.int32)
        people = [np.full(len(surface.faces), 1 + i) for i, surface in enumerate(surfaces)]
        self.person = _joined(people, (0,), np.uint8)
        self.part = _joined([surface.part for surface in surfaces], (0,), np.uint8)
        paints = [surface.material.astype(int) + first for surface, first in zip(surfaces, firsts[:-1], strict=True)]
        self.paint = _joined(paints, (0,), np.uint16)
        self.paints: list[Paint] = [paint for surface in surfaces for paint in surface.paints]
        self.normals = vertex_normals(self.vertices_mm, self.faces)

    def colors(self, triangle: np.ndarray, canonical_mm: np.ndarray) -> np.ndarray:
        """Colors, float32 RGB (P, 3) from 0 to 1, of points (P, 3) on some triangles (P,).

        It is faster if the points are sorted by paint.
        """
        paint = self.paint[triangle]
        if (paint[1:] < paint[:-1]).any():
            order = np.argsort(paint, kind="stable")
            colors = np.empty((len(paint), 3), np.float32)
            colors[order] = self.colors(triangle[order], canonical_mm[order])
            return colors
        ends = np.flatnonzero(paint[1:] != paint[:-1]) + 1
        colors = np.empty((len(paint), 3), np.float32)
        for start, end in zip([0, *ends], [*ends, len(paint)], strict=True):
            if end > start:
                colors[start:end] = self.paints[paint[start]](canonical_mm[start:end])
        return colors


def _joined(arrays: list[np.ndarray], empty: tuple[int, ...], dtype: type) -> np.ndarray:
    return np.concatenate(arrays).astype(dtype, copy=False) if arrays else np.zeros(empty, dtype)
