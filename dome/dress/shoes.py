"""Shoes: rings around the feet, stacked from the sole to the collar."""

from __future__ import annotations

from functools import cache

import cv2
import numpy as np

from body.human import BONES, PARTS
from dome.dress.landmarks import head_of
from dome.dress.mannequin import group_sheet
from dome.dress.sheet import Sheet, joined

_AROUND = 28
# Heights of the rings above the floor, as shares of the collar's height, and their distances from the foot in mm.
_LEVELS = (0.0, 0.0, 0.06, 0.2, 0.3, 0.36, 0.5, 0.65, 0.8, 0.92, 1.0)
_OFF_MM = (-4.0, 4.0, 6.0, 5.5, 3.5, 4.5, 6.0, 6.5, 6.5, 6.0, 5.5)
# The collar's width is that of the leg up to this height above it.
_ABOVE_MM = 28.0
# How much higher the tongue is than the collar.
_TONGUE_MM = 16.0


def shoes(rest_mm: np.ndarray, collar_mm: float, clearance_mm: float = 0.0) -> tuple[Sheet, Sheet]:
    """A pair of shoes, and the visible part of their inner side.

    Args:
        rest_mm: (V, 3), the skin's vertices at rest.
        collar_mm: height of the collar above the floor on the average body.
        clearance_mm: additional distance from the foot.
    """
    made = [_shoe(rest_mm, collar_mm, clearance_mm, side) for side in ("Left", "Right")]
    return joined([outer for outer, _ in made]), joined([inner for _, inner in made])


def _shoe(rest_mm: np.ndarray, collar_mm: float, clearance_mm: float, side: str) -> tuple[Sheet, Sheet]:
    canonical = group_sheet("skin").canonical_mm
    foot = _foot(side, collar_mm)
    off = np.array(_OFF_MM) + clearance_mm
    there, average = (_rings(points[foot], off) for points in (rest_mm, canonical))
    levels = len(_LEVELS)
    # One more ring leads inward from the collar, and a center vertex closes the sole.
    inner = [
        ring[-1].mean(axis=0) + (ring[-1] - ring[-1].mean(axis=0)) * (0.6, 1, 0.6) - (0, 12, 0)
        for ring in (there, average)
    ]
    rows = [
        np.concatenate([rings.reshape(-1, 3), rings[:1].mean(axis=1), last])
        for rings, last in zip((there, average), inner, strict=True)
    ]
    ahead = np.clip((rows[1][:, 2] - head_of(f"{side}ToeBase")[2]) / 40 + 0.5, 0, 1)
    weights = np.stack([1 - ahead, ahead], axis=1)
    bones = np.tile([BONES.index(f"{side}Foot"), BONES.index(f"{side}ToeBase"), 0, 0], (len(ahead), 1))
    part = PARTS.index(f"{side.lower()}_foot") + 1
    around = np.arange(_AROUND)
    after = np.roll(around, -1)
    faces = [_band(i * _AROUND, (i + 1) * _AROUND) for i in range(levels - 1)]
    middle = levels * _AROUND
    faces.append(np.stack([np.full(_AROUND, middle), after, around], axis=1))
    collar = _band((levels - 1) * _AROUND, middle + 1)
    columns = (bones.astype(np.uint8), np.pad(weights, ((0, 0), (0, 2))).astype(np.float32))
    points = (rows[0].astype(np.float32), rows[0].astype(np.float32), rows[1].astype(np.float32))
    return tuple(
        Sheet(*points, *columns, table.astype(np.int32), np.full(len(table), part, np.uint8)).kept(
            np.ones(len(table), bool)
        )
        for table in (np.concatenate(faces), collar)
    )


def _band(low: int, high: int) -> np.ndarray:
    """Triangles (2 K, 3) between two rings that begin at vertices `low` and `high`."""
    around = np.arange(_AROUND)
    after = np.roll(around, -1)
    return np.concatenate(
        [
            np.stack([low + around, low + after, high + after], 1),
            np.stack([low + around, high + after, high + around], 1),
        ]
    )


@cache
def _foot(side: str, collar_mm: float) -> np.ndarray:
    """The skin's vertices of a foot, up to a little above the collar."""
    canonical = group_sheet("skin").canonical_mm
    sign = 1 if side == "Left" else -1
    return np.flatnonzero((canonical[:, 1] < collar_mm + _ABOVE_MM) & (sign * canonical[:, 0] > 0))


def _rings(foot_mm: np.ndarray, off_mm: np.ndarray) -> np.ndarray:
    """Outlines (L, K, 3) of a foot, counter-clockwise from above, each of the part above the ring's height."""
    top = foot_mm[:, 1].max() - _ABOVE_MM
    # Denser to the front and back, where a foot is narrow.
    turn = np.arange(_AROUND) / _AROUND * 2 * np.pi
    turn = turn - 0.22 * np.sin(2 * turn)
    toward = np.stack([np.sin(turn), np.cos(turn)], axis=1)
    rings = []
    for share, off in zip(_LEVELS, off_mm, strict=True):
        height = share * top
        above = foot_mm[foot_mm[:, 1] >= height][:, [0, 2]].astype(np.float32)
        hull = cv2.convexHull(above)[:, 0].astype(np.float64)
        # Relative to the center of the outline's box, which is inside it.
        middle = (hull.min(axis=0) + hull.max(axis=0)) / 2
        edges = np.roll(hull, -1, axis=0) - hull
        normals = np.stack([edges[:, 1], -edges[:, 0]], axis=1)
        normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-9)
        normals *= np.sign(((hull - middle) * normals).sum(axis=1))[:, None]
        reach = ((hull - middle) * normals).sum(axis=1) + off
        speed = toward @ normals.T
        radius = np.where(speed > 1e-6, reach / np.maximum(speed, 1e-6), np.inf).min(axis=1)
        flat = middle + toward * radius[:, None]
        heights = height + _TONGUE_MM * share**3 * np.maximum(toward[:, 1], 0) ** 2
        rings.append(np.stack([flat[:, 0], heights, flat[:, 1]], axis=1))
    return np.stack(rings)
