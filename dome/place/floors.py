"""Floors: their materials and markings."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from dome.place import marks
from dome.place.textures import TILE, Texture, any_color, fractal, muted, near, rgb, speckled, to_uint8


@dataclass(frozen=True, eq=False)
class Floor:
    """The floor, y = 0.

    Attributes:
        tile: RGB, repeated.
        period_mm: the side of a tile.
        marks: RGBA of markings, or None; repeated.
        marks_mm: the side of the markings.
        yaw: the rotation of both, in radians.
        patches: RGB noise around gray that varies distant parts, or None.
        haze: color (3,) that distant parts fade into.
        clear_mm: the distance at which two thirds have faded.
    """

    tile: Texture
    period_mm: float
    marks: Texture | None
    marks_mm: float
    yaw: float
    patches: Texture
    haze: np.ndarray
    clear_mm: float

    def color(self, x_mm: np.ndarray, z_mm: np.ndarray, distance: np.ndarray, pixel_mm: np.ndarray) -> np.ndarray:
        """Colors float32 (h, w, 3) of floor points at a distance, for pixels that cover `pixel_mm`."""
        sin, cos = np.float32(np.sin(self.yaw)), np.float32(np.cos(self.yaw))
        u, v = cos * x_mm - sin * z_mm, sin * x_mm + cos * z_mm
        color = self._lay(self.tile, self.period_mm, u, v, pixel_mm)
        color *= self._lay(self.patches, 9700.0, v, u, pixel_mm) * 2
        if self.marks is not None:
            painted = self._lay(self.marks, self.marks_mm, u, v, pixel_mm)
            color += (painted[..., :3] - color) * painted[..., 3:]
        faded = 1 - np.exp(distance * np.float32(-1 / self.clear_mm))
        return color + (self.haze.astype(np.float32) - color) * faded[..., None]

    @staticmethod
    def _lay(texture: Texture, side_mm: float, u: np.ndarray, v: np.ndarray, pixel_mm: np.ndarray) -> np.ndarray:
        scale = np.float32(1 / side_mm)
        return texture.sample(
            u * scale + np.float32(0.5), v * scale + np.float32(0.5), pixel_mm * (scale * texture.width)
        )


def floor_of(rng: np.random.Generator, kind: str, haze: np.ndarray, clear_mm: float) -> Floor:
    """Draws a floor of one of `FLOORS`."""
    tile, period_mm, painted, marks_mm = FLOORS[kind](rng)
    if painted is None and kind != "plain" and rng.uniform() < 0.4:
        painted, marks_mm = _LAID[rng.integers(len(_LAID))](rng), rng.uniform(6000, 14_000)
    noise = fractal(rng, rng.uniform(1.1, 1.8), size=(256, 256))
    patches = np.clip(0.5 + rng.uniform(0, 0.06) * noise, 0.2, 0.8)
    if rng.uniform() < 0.25:
        # Shade, as of leaves or a roof: darker parts with a sharp edge.
        patches *= 1 - rng.uniform(0.1, 0.5) * np.clip(3 * (noise - rng.uniform(-0.8, 0.8)), 0, 1)
    patches = np.repeat(patches[..., None], 3, axis=2)
    return Floor(
        Texture(tile, repeat_v=True),
        period_mm,
        None if painted is None else Texture(painted, repeat_v=True),
        marks_mm,
        rng.uniform(0, 2 * np.pi),
        Texture(patches, repeat_v=True),
        np.asarray(haze),
        clear_mm,
    )


def _rough(rng: np.random.Generator, color: tuple, amount: float, roughness: float, period_mm: float) -> tuple:
    noise = fractal(rng, roughness) + 0.5 * fractal(rng, 0.4)
    return speckled(near(rng, color), noise, amount), period_mm, None, 1.0


def _concrete(rng: np.random.Generator) -> tuple:
    gray = rng.uniform(0.3, 0.75)
    tile, period, *_ = _rough(rng, (gray, gray, gray * 0.96), 0.05, 1.2, 2500.0)
    return tile, period, marks.stains(rng), 7000.0


def _asphalt(rng: np.random.Generator) -> tuple:
    gray = rng.uniform(0.15, 0.45)
    tile, period, *_ = _rough(rng, (gray, gray, gray * 1.03), 0.12, 0.5, 2000.0)
    return tile, period, marks.lines(rng) if rng.uniform() < 0.5 else marks.stains(rng), 12_000.0


def _grass(rng: np.random.Generator) -> tuple:
    green = rng.uniform(0.25, 0.6)
    color = np.array([green * rng.uniform(0.5, 0.95), green, green * rng.uniform(0.2, 0.5)])
    noise = fractal(rng, 0.7, stretch=0.5) + 0.4 * fractal(rng, 1.4)
    tile = speckled(color, noise, 0.2)
    return tile, rng.uniform(1200, 2500), marks.stripes(rng) if rng.uniform() < 0.4 else None, 12_000.0


def _pitch(rng: np.random.Generator) -> tuple:
    tile, period, *_ = _grass(rng)
    return tile, period, marks.court(rng, np.full(3, rng.uniform(0.8, 0.97))), 16_000.0


def _sand(rng: np.random.Generator) -> tuple:
    return _rough(rng, (0.78, 0.68, 0.5), 0.08, 0.9, 1800.0)


def _dirt(rng: np.random.Generator) -> tuple:
    tile, period, *_ = _rough(rng, (0.48, 0.38, 0.28), 0.14, 0.9, 2300.0)
    return tile, period, marks.stains(rng), 6000.0


def _snow(rng: np.random.Generator) -> tuple:
    return _rough(rng, (0.88, 0.9, 0.94), 0.03, 1.5, 4000.0)


def _track(rng: np.random.Generator) -> tuple:
    color = (0.6, 0.27, 0.2) if rng.uniform() < 0.7 else (0.25, 0.38, 0.6)
    tile, period, *_ = _rough(rng, color, 0.06, 0.4, 1500.0)
    return tile, period, marks.lanes(8), 1220.0 * 8


def _wood(rng: np.random.Generator) -> tuple:
    brown = rng.uniform(0.4, 0.85)
    color = near(rng, (brown, brown * 0.74, brown * 0.48), 0.05)
    tile = speckled(color, fractal(rng, 1.0, stretch=0.06), 0.09)
    count = int(rng.integers(4, 13))
    for board in range(count):
        rows = slice(board * TILE // count, (board + 1) * TILE // count)
        tile[rows] *= rng.normal(1, 0.07)
        tile[rows.start] *= 0.6
        joint = int(rng.integers(TILE))
        tile[rows, joint : joint + 2] *= 0.65
    return to_uint8(tile), rng.uniform(1000, 2000), None, 1.0


def _hall(rng: np.random.Generator) -> tuple:
    tile, period, *_ = _wood(rng) if rng.uniform() < 0.75 else _rough(rng, any_color(rng, 0.3, 0.8), 0.02, 1.0, 3000.0)
    lines = marks.court(rng, np.full(3, 0.95), 4)
    for _ in range(rng.integers(1, 3)):
        other = marks.court(rng, any_color(rng, 0.3, 0.95), 4)
        lines = np.where(other[..., 3:] > 0, other, lines)
    return tile, period, lines, 14_000.0


def _tiles(rng: np.random.Generator) -> tuple:
    tile = speckled(muted(rng, 0.3, 0.9), fractal(rng, 1.2), 0.03)
    count, seam = int(rng.integers(2, 7)), muted(rng, 0.1, 0.8)
    other = muted(rng, 0.2, 0.9) if rng.uniform() < 0.3 else None
    step = TILE // count
    for i in range(count):
        for j in range(count):
            part = tile[i * step : (i + 1) * step, j * step : (j + 1) * step]
            part *= rng.normal(1, 0.03)
            if other is not None and (i + j) % 2:
                part[:] = other
    tile = to_uint8(tile[: count * step, : count * step])
    for i in range(count):
        cv2.line(tile, (0, i * step), (TILE, i * step), rgb(seam), 3)
        cv2.line(tile, (i * step, 0), (i * step, TILE), rgb(seam), 3)
    return tile, count * rng.uniform(200, 700), None, 1.0


def _carpet(rng: np.random.Generator) -> tuple:
    tile, period, *_ = _rough(rng, any_color(rng, 0.15, 0.8), 0.08, 0.2, 1500.0)
    return tile, period, marks.mats(rng) if rng.uniform() < 0.4 else None, 9000.0


def _mats_floor(rng: np.random.Generator) -> tuple:
    tile, period, *_ = _rough(rng, any_color(rng, 0.3, 0.8), 0.02, 1.0, 2000.0)
    return tile, period, marks.mats(rng), rng.uniform(7000, 10_000)


def _plain(rng: np.random.Generator) -> tuple:
    return np.broadcast_to(any_color(rng, 0.2, 0.95), (8, 8, 3)).copy(), 1000.0, None, 1.0


def _chaos(rng: np.random.Generator) -> tuple:
    noise = fractal(rng, rng.uniform(0.3, 2.0), stretch=rng.uniform(0.2, 5))[..., None]
    other = np.stack([fractal(rng, rng.uniform(0.5, 2)) for _ in range(3)], axis=-1)
    tile = any_color(rng) + noise * rng.uniform(-0.2, 0.2, 3) + 0.08 * other
    return (
        to_uint8(tile),
        rng.uniform(600, 6000),
        marks.mats(rng) if rng.uniform() < 0.5 else None,
        rng.uniform(4000, 12_000),
    )


FLOORS = {
    "concrete": _concrete,
    "asphalt": _asphalt,
    "grass": _grass,
    "pitch": _pitch,
    "sand": _sand,
    "dirt": _dirt,
    "snow": _snow,
    "track": _track,
    "wood": _wood,
    "hall": _hall,
    "tiles": _tiles,
    "carpet": _carpet,
    "mats": _mats_floor,
    "plain": _plain,
    "chaos": _chaos,
}

# What may be on a floor without markings of its own.
_LAID = (marks.stains, marks.stains, marks.mats, marks.lines)
