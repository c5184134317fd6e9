"""Draws people by casting a ray through every pixel, so that the lens's distortion is exact."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from data_prep.dome.backdrop import Scene
from data_prep.dome.cones import meet_cone, times
from data_prep.dome.figure import Part
from pose import Camera

# People are drawn at this many samples a pixel on each side, and averaged.
_SAMPLES = 2
# How much wider a part is looked for than it should appear: lenses and perspective stretch it.
_MARGIN = 1.3


@dataclass(frozen=True, eq=False)
class Light:
    """Light from everywhere, from above and from one side.

    Attributes:
        side: (3,), unit vector towards the light at the side.
        ambient: light that comes from everywhere.
        color: (3,) RGB.
    """

    side: np.ndarray
    ambient: float
    color: np.ndarray

    @classmethod
    def random(cls, rng: np.random.Generator) -> Light:
        """Draws a light."""
        angle = rng.uniform(0, 2 * np.pi)
        side = np.array([np.sin(angle), -0.7, np.cos(angle)])
        return cls(side / np.linalg.norm(side), np.float32(rng.uniform(0.5, 0.65)), rng.uniform(0.95, 1.05, 3))

    def shade(self, normals: np.ndarray) -> np.ndarray:
        """Light (N, 3) on surfaces by their unit normals (N, 3)."""
        above = np.float32(0.5) - np.float32(0.5) * normals[:, 1]
        side = np.maximum(times(normals, self.side), 0)
        lit = self.ambient + np.float32(0.3) * above + np.float32(0.35) * side
        return lit[:, None] * self.color.astype(np.float32)


class View:
    """A camera with the ray of each of its samples."""

    def __init__(self, camera: Camera) -> None:
        """Finds the rays: through pixel centres exactly, between them by interpolation (off by under 0.001 px)."""
        self.camera = camera
        height, width = camera.size
        x, y = np.meshgrid(np.arange(-1.0, width + 1), np.arange(-1.0, height + 1))
        points = camera.back_project(np.stack([x, y], axis=-1), 1000.0) - camera.center_mm
        padded = points.astype(np.float32)
        self.rays = _unit(padded[1:-1, 1:-1])
        edge = _SAMPLES
        fine = cv2.resize(padded, None, fx=_SAMPLES, fy=_SAMPLES, interpolation=cv2.INTER_LINEAR)
        self.fine_rays = _unit(fine[edge:-edge, edge:-edge])

    def draw(self, scene: Scene, parts: list[Part], light: Light) -> np.ndarray:
        """Draws people onto the empty scene.

        Args:
            scene: from the same camera.
            parts: all parts of all people.
            light: on them.

        Returns:
            float32 RGB (H, W, 3) from 0 to 1.
        """
        outlines = [(part, self._outline(part)) for part in parts]
        shown = [(part, outline) for part, outline in outlines if not outline.empty]
        picture = scene.picture.copy()
        if not shown:
            return picture
        left, top = (min(getattr(outline, edge) for _, outline in shown) for edge in ("left", "top"))
        right, bottom = (max(getattr(outline, edge) for _, outline in shown) for edge in ("right", "bottom"))
        region = np.s_[_SAMPLES * top : _SAMPLES * bottom, _SAMPLES * left : _SAMPLES * right]
        canvas = _Canvas(self.camera.center_mm, self.fine_rays[region])
        for part, outline in shown:
            canvas.draw(part, canvas.samples(outline, left, top), light)
        shape = (right - left, bottom - top)
        share = cv2.resize(np.isfinite(canvas.depth).astype(np.float32), shape, interpolation=cv2.INTER_AREA)
        color = cv2.resize(canvas.color, shape, interpolation=cv2.INTER_AREA)
        behind = picture[top:bottom, left:right]
        picture[top:bottom, left:right] = behind * (1 - share[..., None]) + color
        return picture

    def _outline(self, part: Part) -> _Outline:
        ends = np.stack([part.start_mm, part.start_mm + part.length_mm * part.basis[:, 1]])
        radius_mm = max(part.radii_mm) * max(1.0, *part.widen)
        depth = self.camera.to_camera(ends)[:, 2].min() - radius_mm
        if depth <= 0 or not self.camera.in_front(ends).all():
            return _Outline(np.zeros((2, 2)), np.inf, self.camera.size)
        ends_px = self.camera.project(ends)
        radius_px = _MARGIN * self.camera.matrix[0, 0] * radius_mm / depth
        bulge_px = 0.03 * np.linalg.norm(ends_px[1] - ends_px[0])
        return _Outline(ends_px, radius_px + bulge_px + 1, self.camera.size)


class _Outline:
    """A stadium that a part cannot reach beyond: the pixels near a line."""

    def __init__(self, ends_px: np.ndarray, radius_px: float, size: tuple[int, int]) -> None:
        """Bounds it by left, top, right and bottom (exclusive) within a picture of (height, width)."""
        self.ends_px, self.radius_px = ends_px, radius_px
        limits = np.array([size[1], size[0]])
        low = np.clip(np.floor(ends_px.min(axis=0) - radius_px), 0, limits)
        high = np.clip(np.ceil(ends_px.max(axis=0) + radius_px) + 1, 0, limits)
        (self.left, self.top), (self.right, self.bottom) = low.astype(int).tolist(), high.astype(int).tolist()

    @property
    def empty(self) -> bool:
        """Whether it lies off the picture."""
        return self.right <= self.left or self.bottom <= self.top

    def covers(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Bool (len(y), len(x)): the points of a grid that lie within."""
        (x0, y0), (dx, dy) = self.ends_px[0], self.ends_px[1] - self.ends_px[0]
        x, y = (x - x0).astype(np.float32), (y - y0).astype(np.float32)
        share = (x * dx + y[:, None] * dy) / max(dx * dx + dy * dy, 1e-9)
        np.clip(share, 0, 1, out=share)
        away = (x - share * dx) ** 2 + (y[:, None] - share * dy) ** 2
        return away <= self.radius_px**2


class _Canvas:
    """Depth (infinite where empty) and colour of the samples of a region."""

    def __init__(self, origin: np.ndarray, rays: np.ndarray) -> None:
        """Begins an empty canvas for rays (h, w, 3) that start at one point."""
        self.origin = origin
        self.rays = np.ascontiguousarray(rays).reshape(-1, 3)
        self.shape = rays.shape[:2]
        self.depth = np.full(self.shape, np.inf, np.float32)
        self.color = np.zeros((*self.shape, 3), np.float32)

    def samples(self, outline: _Outline, left: int, top: int) -> np.ndarray:
        """Flat indices of the samples within an outline, for a region whose first pixel is (left, top)."""
        columns = np.arange(_SAMPLES * (outline.left - left), _SAMPLES * (outline.right - left))
        rows = np.arange(_SAMPLES * (outline.top - top), _SAMPLES * (outline.bottom - top))
        # Sample i of a pixel that is split in n lies (i + 0.5) / n - 0.5 px from its centre.
        x, y = ((indices + 0.5) / _SAMPLES - 0.5 for indices in (columns, rows))
        inside_y, inside_x = np.nonzero(outline.covers(x + left, y + top))
        return rows[inside_y] * self.shape[1] + columns[inside_x]

    def draw(self, part: Part, samples: np.ndarray, light: Light) -> None:
        """Draws what of a part lies before what is there, at some samples."""
        widen = np.array([part.widen[0], 1.0, part.widen[1]])
        # Into the part's own axes, with its widening undone: there it is a plain round cone.
        into = part.basis / widen
        start = (self.origin - part.start_mm) @ into
        directions = times(self.rays[samples], into)
        speed = np.sqrt(np.einsum("ij,ij->i", directions, directions))
        hits, distance, normals = meet_cone(start, directions / speed[:, None], part.length_mm, part.radii_mm)
        depth, samples = distance / speed[hits], samples[hits]
        seen = depth < self.depth.ravel()[samples]
        hits, depth, normals, samples = hits[seen], depth[seen], normals[seen], samples[seen]
        normals = _unit(times(normals / widen.astype(np.float32), part.basis.T))
        points = ((start + directions[hits] * depth[:, None]) * widen).astype(np.float32)
        self.depth.ravel()[samples] = depth
        self.color.reshape(-1, 3)[samples] = part.paint(points) * light.shade(normals)


def _unit(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.sqrt(np.einsum("...i,...i->...", vectors, vectors))[..., None]
