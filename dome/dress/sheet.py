"""Pieces of a figure's surface: skin or cloth that can be offset, smoothed, and cut along straight lines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.sparse import csr_array

# The least distance of cuts from vertices, as a share of the edge, so that no triangle degenerates.
_NEAREST_CUT = 0.02


@dataclass(frozen=True, eq=False)
class Sheet:
    """Triangles at rest, with the data to move and to color them.

    Attributes:
        rest_mm: float32 (N, 3), vertices of this person at rest.
        under_mm: float32 (N, 3), the skin beneath each vertex, to which hems extend.
        canonical_mm: float32 (N, 3), the corresponding points on the average body.
        bones: uint8 (N, 4), bones that move each vertex.
        weights: float32 (N, 4), their weights; rows sum to 1.
        faces: int32 (T, 3), counter-clockwise from outside.
        part: uint8 (T,), number of the body part, from 1.
    """

    rest_mm: np.ndarray
    under_mm: np.ndarray
    canonical_mm: np.ndarray
    bones: np.ndarray
    weights: np.ndarray
    faces: np.ndarray
    part: np.ndarray

    def kept(self, faces: np.ndarray) -> Sheet:
        """The sheet with some of its faces, bool (T,), and the vertices that these need."""
        return _compact(replace(self, faces=self.faces[faces], part=self.part[faces]))

    def at(self, rest_mm: np.ndarray) -> Sheet:
        """The sheet with other vertices."""
        return replace(self, rest_mm=rest_mm.astype(np.float32))

    def flipped(self) -> Sheet:
        """The same sheet as seen from behind."""
        return replace(self, faces=self.faces[:, ::-1])


def joined(sheets: Sequence[Sheet]) -> Sheet:
    """Sheets side by side as one, in order."""
    starts = np.cumsum([0, *[len(sheet.rest_mm) for sheet in sheets]])
    names = ("rest_mm", "under_mm", "canonical_mm", "bones", "weights", "part")
    columns = {name: np.concatenate([getattr(sheet, name) for sheet in sheets]) for name in names}
    faces = [sheet.faces + start for sheet, start in zip(sheets, starts, strict=False)]
    return Sheet(faces=np.concatenate(faces).astype(np.int32), **columns)


def cut(sheet: Sheet, fields: Sequence[np.ndarray]) -> tuple[Sheet, Sheet]:
    """Cuts a sheet where fields change sign, and closes it there with hems.

    Args:
        sheet: the sheet.
        fields: each (N,), above 0 at the vertices to keep. It is interpolated between vertices, so the cut is as
            straight as the field.

    Returns:
        The kept sheet, and the hems: strips from its new edges down to the skin.
    """
    table = np.stack(fields, axis=1).astype(np.float32)
    on_cut = np.zeros(table.shape, bool)
    keep = (table[sheet.faces] > 0).any(axis=1).all(axis=1)
    carried = replace(sheet, faces=sheet.faces[keep], part=sheet.part[keep])
    for i in range(table.shape[1]):
        carried, ends, share = _cut_once(carried, table[:, i])
        start, end = ends.T
        table = np.concatenate([table, table[start] * (1 - share) + table[end] * share])
        on_cut = np.concatenate([on_cut, (on_cut[start] & on_cut[end]) | (np.arange(on_cut.shape[1]) == i)])
    return _compact(carried), _hem(carried, on_cut)


def _cut_once(sheet: Sheet, field: np.ndarray) -> tuple[Sheet, np.ndarray, np.ndarray]:
    """Cuts by one field (N,); also returns the edges (E, 2) with new vertices, and the positions on them (E, 1)."""
    inside = field[sheet.faces] > 0
    count = inside.sum(axis=1)
    crossed = (count == 1) | (count == 2)
    faces, part = sheet.faces[crossed], sheet.part[crossed]
    # Rotate each crossed triangle so that the corner alone on its side comes first.
    alone = inside[crossed] == (count[crossed] == 1)[:, None]
    turn = (alone.argmax(axis=1)[:, None] + np.arange(3)) % 3
    first, second, third = np.take_along_axis(faces, turn, axis=1).T
    pairs = np.sort(np.concatenate([np.stack([first, second], 1), np.stack([first, third], 1)]), axis=1)
    codes, place = np.unique(pairs[:, 0].astype(np.int64) * len(field) + pairs[:, 1], return_inverse=True)
    ends = np.stack(np.divmod(codes, len(field)), axis=1)
    on_second, on_third = place.reshape(2, -1) + len(field)
    tip = count[crossed] == 1
    pieces = [
        np.stack([first, on_second, on_third], 1)[tip],
        np.stack([on_second, second, third], 1)[~tip],
        np.stack([on_second, third, on_third], 1)[~tip],
    ]
    share = np.clip(field[ends[:, 0]] / (field[ends[:, 0]] - field[ends[:, 1]]), _NEAREST_CUT, 1 - _NEAREST_CUT)
    share = share.astype(np.float32)[:, None]
    whole = count == 3
    grown = replace(
        _with_blends(sheet, ends, share),
        faces=np.concatenate([sheet.faces[whole], *pieces]).astype(np.int32),
        part=np.concatenate([sheet.part[whole], part[tip], part[~tip], part[~tip]]),
    )
    return grown, ends, share


def _with_blends(sheet: Sheet, ends: np.ndarray, share: np.ndarray) -> Sheet:
    """The sheet with a new vertex on each of some edges (E, 2), at a fraction (E, 1) of the edge."""
    start, end = ends.T
    bones = np.concatenate([sheet.bones[start], sheet.bones[end]], axis=1).astype(np.int64)
    weights = np.concatenate([sheet.weights[start] * (1 - share), sheet.weights[end] * share], axis=1)
    dense = np.zeros((len(ends), max(int(sheet.bones.max(initial=0)) + 1, 4)), np.float32)
    for i in range(bones.shape[1]):
        dense[np.arange(len(ends)), bones[:, i]] += weights[:, i]
    chosen = np.argsort(-dense, axis=1, kind="stable")[:, :4]
    heaviest = np.take_along_axis(dense, chosen, axis=1)
    more = {"bones": chosen.astype(np.uint8), "weights": heaviest / heaviest.sum(axis=1, keepdims=True)}
    for name in ("rest_mm", "under_mm", "canonical_mm"):
        column = getattr(sheet, name)
        more[name] = column[start] * (1 - share) + column[end] * share
    return replace(sheet, **{name: np.concatenate([getattr(sheet, name), new]) for name, new in more.items()})


def _hem(sheet: Sheet, on_cut: np.ndarray) -> Sheet:
    """The strip from a sheet's edges along cuts down to the skin; on_cut (N, K) says which cuts a vertex lies on."""
    sides = np.concatenate([sheet.faces[:, [i, (i + 1) % 3]] for i in range(3)]).astype(np.int64)
    near = np.flatnonzero((on_cut[sides[:, 0]] & on_cut[sides[:, 1]]).any(axis=1))
    start, end = sides[near].T
    # A side that another face has in the other direction is inside the sheet.
    outer = ~np.isin(start * len(on_cut) + end, end * len(on_cut) + start)
    start, end, part = start[outer], end[outer], np.tile(sheet.part, 3)[near[outer]]
    count = len(sheet.rest_mm)
    strip = replace(
        sheet,
        rest_mm=np.concatenate([sheet.rest_mm, sheet.under_mm]),
        faces=np.concatenate(
            [np.stack([end, start, start + count], 1), np.stack([end, start + count, end + count], 1)]
        ).astype(np.int32),
        part=np.concatenate([part, part]).astype(np.uint8),
        **{name: np.tile(getattr(sheet, name), (2, 1)) for name in ("under_mm", "canonical_mm", "bones", "weights")},
    )
    return _compact(strip)


def _compact(sheet: Sheet) -> Sheet:
    """The sheet without unused vertices."""
    used = np.zeros(len(sheet.rest_mm), bool)
    used[sheet.faces] = True
    number = np.cumsum(used) - 1
    names = ("rest_mm", "under_mm", "canonical_mm", "bones", "weights")
    columns = {name: getattr(sheet, name)[used] for name in names}
    return replace(sheet, faces=number[sheet.faces].astype(np.int32), **columns)


class Web:
    """The adjacency of a mesh's vertices, for smoothing and for normals."""

    def __init__(self, faces: np.ndarray, count: int) -> None:
        """Finds the neighbors of each of `count` vertices."""
        self.faces, self.count = faces, count
        sides = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]])
        codes = np.unique(np.concatenate([sides, sides[:, ::-1]]).astype(np.int64) @ [count, 1])
        start, end = np.divmod(codes, count)
        degree = np.bincount(start, minlength=count)
        self.mean = _sparse(start, end, 1 / degree[start], (count, count))
        corners = np.tile(np.arange(len(faces)), 3)
        self.corners = _sparse(faces.T.ravel(), corners, np.ones(len(corners)), (count, len(faces)))

    def smooth(self, values: np.ndarray, times: int, share: float = 0.5) -> np.ndarray:
        """Moves values (N, ...) toward the mean of their neighbors, `times` times."""
        for _ in range(times):
            values = np.float32(1 - share) * values + np.float32(share) * (self.mean @ values)
        return values

    def normals(self, points: np.ndarray) -> np.ndarray:
        """Unit normals float32 (N, 3) of vertices, weighted by the areas of faces."""
        a, b, c = (points[self.faces[:, i]] for i in range(3))
        total = self.corners @ np.cross(b - a, c - a).astype(np.float32)
        return total / np.maximum(np.linalg.norm(total, axis=1, keepdims=True), 1e-9)


def _sparse(rows: np.ndarray, columns: np.ndarray, values: np.ndarray, shape: tuple[int, int]) -> csr_array:
    return csr_array((values.astype(np.float32), (rows, columns)), shape=shape)
