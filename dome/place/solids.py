"""Blocks and ellipsoids: intersections with rays, and colors."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dome.place.shells import dot

#: The x, y and z of rays, each float32 (h, w).
Rays = tuple[np.ndarray, np.ndarray, np.ndarray]


@dataclass(frozen=True, eq=False)
class Solid:
    """A block or an ellipsoid with upright axes.

    Attributes:
        middle_mm: (3,), center relative to the thing's foot; y points down.
        half_mm: (3,), half its size.
        colors: two colors (3,), in stripes.
        stripe_mm: width of the stripes.
        axis: along which of its axes the stripes alternate.
        is_round: whether it is an ellipsoid.
    """

    middle_mm: np.ndarray
    half_mm: np.ndarray
    colors: np.ndarray
    stripe_mm: float
    axis: int
    is_round: bool

    def meet(self, start: np.ndarray, rays: Rays, grown_mm: float = 0.0) -> np.ndarray:
        """The first intersections of rays.

        Args:
            start: (3,), their origin, in the thing's axes.
            rays: their x, y and z, each float32 (h, w).
            grown_mm: by how much to enlarge it on all sides.

        Returns:
            Distances float32 (h, w), infinite where rays miss it.
        """
        half = (self.half_mm + grown_mm).astype(np.float32)
        start = (start - self.middle_mm).astype(np.float32)
        return _meet_ellipsoid(start, rays, half) if self.is_round else _meet_block(start, rays, half)

    def color(self, points: np.ndarray, light: np.ndarray) -> np.ndarray:
        """Lit colors (N, 3) of points (N, 3) on it."""
        stripe = np.floor((points[:, self.axis] - self.middle_mm[self.axis]) / self.stripe_mm).astype(int) % 2
        normals = self.normals(points)
        lit = 0.62 + 0.2 * np.maximum(-normals[:, 1], 0) + 0.3 * np.maximum(dot(normals, light), 0)
        return (self.colors[stripe] * lit[:, None]).astype(np.float32)

    def normals(self, points: np.ndarray) -> np.ndarray:
        """Outward unit normals (N, 3) at points (N, 3) on it."""
        local = (points - self.middle_mm) / self.half_mm
        if not self.is_round:
            side = np.abs(local).argmax(axis=1)
            return np.eye(3)[side] * np.sign(np.take_along_axis(local, side[:, None], axis=1))
        normals = local / self.half_mm
        return normals / np.sqrt((normals * normals).sum(axis=1, keepdims=True))


def _meet_ellipsoid(start: np.ndarray, rays: Rays, half: np.ndarray) -> np.ndarray:
    start = start / half
    x, y, z = (ray * (1 / length) for ray, length in zip(rays, half, strict=True))
    a, b = x * x + y * y + z * z, x * start[0] + y * start[1] + z * start[2]
    inside = b * b - a * (start[0] ** 2 + start[1] ** 2 + start[2] ** 2 - 1)
    return np.where((inside > 0) & (b < 0), (-b - np.sqrt(np.maximum(inside, 0))) / a, np.float32(np.inf))


def _meet_block(start: np.ndarray, rays: Rays, half: np.ndarray) -> np.ndarray:
    enter, leave = np.float32(0), np.float32(np.inf)
    with np.errstate(divide="ignore", invalid="ignore"):
        for i, ray in enumerate(rays):
            first, second = (-half[i] - start[i]) / ray, (half[i] - start[i]) / ray
            enter, leave = np.maximum(enter, np.minimum(first, second)), np.minimum(leave, np.maximum(first, second))
    return np.where((enter < leave) & (enter > 0), enter, np.float32(np.inf))


def block(x: float, low: float, z: float, width: float, height: float, depth: float, *colors: np.ndarray) -> Solid:
    """A block, given by its center in x and z, its lower edge, and its size."""
    return _solid((x, -low - height / 2, z), (width / 2, height / 2, depth / 2), colors, is_round=False)


def blob(x: float, low: float, z: float, width: float, height: float, depth: float, *colors: np.ndarray) -> Solid:
    """An ellipsoid, given in the same way."""
    return _solid((x, -low - height / 2, z), (width / 2, height / 2, depth / 2), colors, is_round=True)


def _solid(middle: tuple, half: tuple, colors: tuple, *, is_round: bool) -> Solid:
    pair = np.stack([colors[0], colors[-1]]).astype(np.float32)
    axis = int(np.argmax(half))
    return Solid(np.array(middle), np.array(half), pair, max(half) / 3.3, axis, is_round)
