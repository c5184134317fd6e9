"""The studio's wall: large flat panels, a lens in the middle of each, and small lenses all over."""

from __future__ import annotations

import cv2
import numpy as np

from dome.place.textures import TILE, fractal, rgb, shaded

_SHAPE = (1536, 3072)


def studio_wall(rng: np.random.Generator, color: np.ndarray) -> np.ndarray:
    """Paints the wall by azimuth and by angle from the zenith, uint8 RGB (1536, 3072, 3)."""
    panels = _panel_centers(rng, int(rng.integers(34, 46)))
    nearest, margin = _nearest(panels, (_SHAPE[0] // 4, _SHAPE[1] // 4))
    nearest = cv2.resize(nearest.astype(np.uint8), _SHAPE[::-1], interpolation=cv2.INTER_NEAREST)
    seam = np.clip(1 - cv2.resize(margin, _SHAPE[::-1]) / 0.0025, 0, 1)
    shades = rng.normal(1, 0.04, len(panels)).astype(np.float32)
    # Light comes from above.
    rise = np.linspace(1.08, 0.72, _SHAPE[0], dtype=np.float32)[:, None]
    grain = 1 + np.float32(0.012) * np.tile(fractal(rng, 0.8), (_SHAPE[0] // TILE, _SHAPE[1] // TILE))
    shade = shades[nearest] * rise * grain * (1 - np.float32(0.55) * seam)
    picture = shaded(np.full((*_SHAPE, 3), rgb(color), np.uint8), shade)
    _lenses(rng, picture, panels)
    _lamps(rng, picture)
    return picture


def _nearest(panels: np.ndarray, shape: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """For each direction the nearest panel, and how much nearer it is than the second nearest (h, w)."""
    away, azimuth = (np.arange(count) + 0.5 for count in shape)
    away, azimuth = away[:, None] * np.pi / shape[0], azimuth[None] * 2 * np.pi / shape[1] - np.pi
    x, y, z = np.sin(away) * np.sin(azimuth), -np.cos(away), np.sin(away) * np.cos(azimuth)
    best = np.full(shape, -1, np.float32)
    second, nearest = best.copy(), np.zeros(shape, np.int64)
    for i, panel in enumerate(panels):
        cosine = (panel[0] * x + panel[1] * y + panel[2] * z).astype(np.float32)
        closer = cosine > best
        second = np.where(closer, best, np.maximum(second, cosine))
        nearest[closer], best = i, np.maximum(best, cosine)
    return nearest, best - second


def _lenses(rng: np.random.Generator, picture: np.ndarray, panels: np.ndarray) -> None:
    for panel in panels:
        _dot(picture, panel, 0.019, (25, 25, 28))
        sideways = np.cross(panel, [0.0, 1.0, 0.1])
        sideways /= np.linalg.norm(sideways)
        upwards = np.cross(panel, sideways)
        for ring, count in ((0.11, 8), (0.2, 12)):
            for turn in np.arange(count) * 2 * np.pi / count + rng.uniform(0, 1):
                _dot(picture, panel + ring * (np.cos(turn) * sideways + np.sin(turn) * upwards), 0.0045, (45, 42, 42))


def _lamps(rng: np.random.Generator, picture: np.ndarray) -> None:
    """Bright tubes near the floor."""
    height, width, _ = picture.shape
    for _ in range(int(rng.integers(0, 6))):
        x, y = int(rng.integers(width)), int(height * rng.uniform(0.62, 0.65))
        cv2.line(picture, (x, y), (x + int(rng.integers(90, 170)), y + int(rng.integers(-25, 25))), (255, 255, 250), 14)


def _dot(picture: np.ndarray, direction: np.ndarray, radius: float, color: tuple) -> None:
    """A round dot of a radius in radians."""
    height, width, _ = picture.shape
    x, y, z = direction / np.linalg.norm(direction)
    away = np.arccos(np.clip(-y, -1, 1))
    row, column = away / np.pi * height, (np.arctan2(x, z) / (2 * np.pi) + 0.5) * width
    half = radius / np.pi * height
    axes = (min(int(half / max(np.sin(away), 0.05) + 0.5), width // 8), max(int(half + 0.5), 1))
    cv2.ellipse(picture, (int(column), int(row)), axes, 0, 0, 360, color, -1, cv2.LINE_AA)


def _panel_centers(rng: np.random.Generator, count: int) -> np.ndarray:
    """float32 (P, 3): unit vectors spread over the sphere (a Fibonacci lattice, jittered and rotated)."""
    i = np.arange(count) + 0.5
    up, azimuth = 1 - 2 * i / count, np.pi * (1 + 5**0.5) * i + rng.uniform(0, 2 * np.pi)
    across = np.sqrt(1 - up**2)
    points = np.stack([across * np.sin(azimuth), -up, across * np.cos(azimuth)], axis=1)
    points += rng.normal(0, 0.04, points.shape)
    return (points / np.linalg.norm(points, axis=1, keepdims=True)).astype(np.float32)
