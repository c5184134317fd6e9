"""What stands behind the dome's people: its floor and its wall."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from data_prep.dome.cones import times
from data_prep.dome.rig import MIDDLE_MM, RADIUS_MM

_TILE = 512
_WALLS = ("panels", "panels", "planks", "curtain")
_FLOORS = ("concrete", "planks", "tiles")


@dataclass(frozen=True, eq=False)
class Scene:
    """A camera's empty view.

    Attributes:
        picture: float32 RGB (H, W, 3) from 0 to 1.
        floor_mm: float32 (H, W, 2), world x and z of the floor under each pixel; NaN on the wall.
    """

    picture: np.ndarray
    floor_mm: np.ndarray

    def with_shadows(self, spots: np.ndarray) -> Scene:
        """Darkens the floor softly.

        Args:
            spots: float (S, 4): world x and z of the middle in mm, radius in mm, and strength from 0 to 1.
        """
        picture = self.picture.copy()
        x, z = self.floor_mm[..., 0], self.floor_mm[..., 1]
        for spot_x, spot_z, radius, strength in np.asarray(spots, np.float32):
            reach = 2.5 * radius
            near = np.nonzero((np.abs(x - spot_x) < reach) & (np.abs(z - spot_z) < reach))
            away = ((x[near] - spot_x) ** 2 + (z[near] - spot_z) ** 2) / radius**2
            picture[near] *= 1 - strength * np.exp(-away)[:, None]
        return Scene(picture, self.floor_mm)


class Backdrop:
    """A floor and a dome of seeded colours and textures."""

    def __init__(self, rng: np.random.Generator) -> None:
        """Draws a backdrop."""
        self.wall = str(rng.choice(_WALLS))
        self.floor = str(rng.choice(_FLOORS))
        self.wall_color, self.floor_color = _pale(rng, 0.5, 0.95), _pale(rng, 0.35, 0.8)
        self.noise = _noise(rng)
        self.roughness = rng.uniform(0.05, 0.2)
        self.panels = _panel_centers(rng, int(rng.integers(50, 90)))
        self.panel_shades = rng.normal(1, 0.05, (len(self.panels), 1)).astype(np.float32)
        self.period = rng.uniform(0.7, 1.4)
        self.posters = [_poster(rng) for _ in range(rng.integers(2, 7))]

    def seen_from(self, center_mm: np.ndarray, rays: np.ndarray) -> Scene:
        """Draws the empty dome.

        Args:
            center_mm: (3,), where the camera stands, inside the dome.
            rays: float32 (H, W, 3), unit directions of the pixels in the world.
        """
        height, width, _ = rays.shape
        flat = rays.reshape(-1, 3)
        offset = (center_mm - MIDDLE_MM).astype(np.float32)
        along = times(flat, offset)
        to_wall = -along + np.sqrt(along**2 - offset @ offset + np.float32(RADIUS_MM**2))
        with np.errstate(divide="ignore"):
            to_floor = np.where(flat[:, 1] > 0, -np.float32(center_mm[1]) / flat[:, 1], np.inf)
        is_floor = to_floor < to_wall
        picture = np.empty_like(flat)
        floor_mm = np.full((len(flat), 2), np.nan, np.float32)
        floor_mm[is_floor] = (center_mm + flat[is_floor] * to_floor[is_floor, None])[:, [0, 2]]
        picture[is_floor] = self._floor(floor_mm[is_floor])
        outward = (offset + flat[~is_floor] * to_wall[~is_floor, None]) / np.float32(RADIUS_MM)
        picture[~is_floor] = self._wall(outward)
        picture = np.clip(picture, 0, 1).reshape(height, width, 3)
        return Scene(picture, floor_mm.reshape(height, width, 2))

    def _texture(self, u: np.ndarray, v: np.ndarray) -> np.ndarray:
        """The noise (N, 1), about 0, at tile coordinates that repeat after 1."""
        u, v = ((w - np.floor(w)).astype(np.float32) * _TILE for w in (u, v))
        # One row and column more, so that the last pixel blends into the first.
        noise = np.pad(self.noise, (0, 1), mode="wrap")
        # OpenCV's remap takes no more than 32 766 points a side.
        side = 4096
        count = len(u)
        rows = -(-count // side)
        padded = np.zeros((2, rows * side), np.float32)
        padded[:, :count] = u, v
        u, v = padded.reshape(2, rows, side)
        sampled = cv2.remap(noise, u, v, cv2.INTER_LINEAR)
        return sampled.reshape(-1)[:count, None]

    def _floor(self, xz_mm: np.ndarray) -> np.ndarray:
        x, z = xz_mm.T / np.float32(1000)
        shade = 1 + self.roughness * self._texture(x / 2.5, z / 2.5)
        if self.floor == "planks":
            board = np.floor(x / (0.2 * self.period))
            shade *= 1 + 0.12 * np.sin(board * 12.9898)[:, None]
            shade *= 1 - 0.4 * _line(x / (0.2 * self.period), 0.03)
        elif self.floor == "tiles":
            shade *= 1 - 0.3 * np.maximum(_line(x / (0.6 * self.period), 0.02), _line(z / (0.6 * self.period), 0.02))
        fade = 1 - 0.1 * (x**2 + z**2)[:, None] / 7
        return self.floor_color * shade * fade

    def _wall(self, outward: np.ndarray) -> np.ndarray:
        azimuth, up = np.arctan2(outward[:, 0], outward[:, 2]) / (2 * np.pi), -outward[:, 1]
        shade = (1 + 0.08 * self._texture(azimuth * 3, up)) * (0.85 + 0.15 * up[:, None])
        if self.wall == "panels":
            shade *= self._panels(outward)
        elif self.wall == "planks":
            shade *= 1 - 0.35 * _line(azimuth * 90 / self.period, 0.05)
        else:
            shade *= 0.85 + 0.15 * np.sin(azimuth * 2 * np.pi * np.round(60 / self.period))[:, None]
        color = self.wall_color * shade
        for place, size, paint, frequency in self.posters:
            across, high = (azimuth - place[0] + 0.5) % 1 - 0.5, up - place[1]
            inside = (np.abs(across) < size[0]) & (np.abs(high) < size[1])
            waves = np.sin(frequency[0] * across[inside]) + np.sin(frequency[1] * high[inside])
            color[inside] = np.where(waves[:, None] > 0, paint[0], paint[1])
        return color

    def _panels(self, outward: np.ndarray) -> np.ndarray:
        """Shades (N, 1) of the panels, their seams, and the dark lens in the middle of each."""
        cosines = times(outward, self.panels.T)
        nearest = cosines.argmax(axis=1)
        rows = np.arange(len(nearest))
        first = cosines[rows, nearest]
        cosines[rows, nearest] = -1
        seam = np.clip(1 - (first - cosines.max(axis=1)) / 0.0025, 0, 1)
        lens = np.clip((first - np.cos(0.022)) / 0.0001, 0, 1)
        return self.panel_shades[nearest] * (1 - 0.45 * seam[:, None]) * (1 - 0.85 * lens[:, None])


def _pale(rng: np.random.Generator, low: float, high: float) -> np.ndarray:
    return (rng.uniform(low, high) + rng.uniform(-0.1, 0.1, 3)).astype(np.float32)


def _line(position: np.ndarray, width: float) -> np.ndarray:
    """(N, 1): 1 on the whole numbers, falling to 0 within `width`."""
    away = np.abs(position - np.round(position))
    return np.clip(1 - away / width, 0, 1)[:, None]


def _noise(rng: np.random.Generator) -> np.ndarray:
    """float32 (512, 512), mean 0 and deviation 0.5: several octaves of smooth noise."""
    total = np.zeros((_TILE, _TILE), np.float32)
    for octave in range(2, 9):
        grid = rng.normal(size=(2**octave, 2**octave)).astype(np.float32)
        scale = _TILE >> octave
        # Wrapped round before it is enlarged, so that the tile repeats without a seam.
        wide = cv2.resize(np.pad(grid, 2, mode="wrap"), None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC)
        total += wide[2 * scale : 2 * scale + _TILE, 2 * scale : 2 * scale + _TILE] * np.float32(0.75**octave)
    return (total - total.mean()) / total.std() * np.float32(0.5)


def _panel_centers(rng: np.random.Generator, count: int) -> np.ndarray:
    """float32 (P, 3): unit vectors spread over the sphere (Fibonacci's lattice, shaken and turned)."""
    i = np.arange(count) + 0.5
    up, azimuth = 1 - 2 * i / count, np.pi * (1 + 5**0.5) * i + rng.uniform(0, 2 * np.pi)
    across = np.sqrt(1 - up**2)
    points = np.stack([across * np.sin(azimuth), -up, across * np.cos(azimuth)], axis=1)
    points += rng.normal(0, 0.04, points.shape)
    return (points / np.linalg.norm(points, axis=1, keepdims=True)).astype(np.float32)


def _poster(rng: np.random.Generator) -> tuple:
    """Place and half size (both as share of the turn, and height by the radius), colours, frequencies."""
    place = rng.uniform((0, -0.25), (1, 0.5))
    size = rng.uniform((0.01, 0.06), (0.05, 0.2))
    return place, size, rng.uniform(0.05, 0.95, (2, 3)).astype(np.float32), rng.uniform((50, 5), (600, 80))
