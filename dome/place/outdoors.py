"""Outdoor surroundings in rings around the stage: woods, houses, fences, stands, people, hills."""

from __future__ import annotations

import numpy as np

from dome.place.canvas import Canvas
from dome.place.shells import Ring
from dome.place.textures import TILE, Texture, any_color, fractal, muted, near, shaded, to_uint8

_WIDTH_PX = 4096


def _canvas(radius_mm: float, height_mm: float, repeats: int = 1, most_px: int = _WIDTH_PX) -> Canvas:
    around = 2 * np.pi * radius_mm / repeats
    return Canvas(around, height_mm, max(around / most_px, 8.0))


def _ring(rng: np.random.Generator, canvas: Canvas, radius_mm: float, repeats: int = 1, soft: float = 0.0) -> Ring:
    """Closes a canvas, out of focus by up to `soft` px."""
    picture = canvas.blurred(rng.uniform(0, soft) if rng.uniform() < 0.6 else 0)
    return Ring(Texture(picture), radius_mm, canvas.height_mm, repeats)


def hills(rng: np.random.Generator, haze: np.ndarray) -> Ring:
    """The horizon: low hills or distant woods, half faded into the haze."""
    canvas = Canvas(2 * np.pi * 55_000, 9000, 90)
    color = near(rng, (0.32, 0.42, 0.3), 0.12) * 0.6 + 0.4 * haze
    outline = _outline(rng, canvas, 2.0) * rng.uniform(800, 2500) + rng.uniform(1500, 4500)
    _fill_below(canvas, outline, color[None, None] + 0.04 * _tiled(rng, canvas, 1.0)[..., None])
    return _ring(rng, canvas, 55_000)


def woods(rng: np.random.Generator, radius_mm: float, height_mm: float) -> Ring:
    """A dense mass of trees or bushes: a ragged outline, leaves lit from above, dark gaps."""
    canvas = _canvas(radius_mm, height_mm)
    ragged = 0.12 * _outline(rng, canvas, 1.4) + 0.05 * _outline(rng, canvas, 0.6)
    outline = height_mm * np.clip(rng.uniform(0.5, 0.8) + ragged * rng.uniform(0.5, 1.5), 0.1, 0.98)
    leaf = rng.uniform(0.18, 0.55) * np.array([rng.uniform(0.5, 1.3), 1.0, rng.uniform(0.2, 0.6)])
    noise = _tiled(rng, canvas, rng.uniform(0.7, 1.3))
    clumps = _tiled(rng, canvas, 1.8)
    rise = np.linspace(1, 0.25, len(noise), dtype=np.float32)[:, None]
    shade = np.clip(0.75 * rise + 0.25 + 0.3 * noise + 0.25 * clumps, 0.08, 2.2)
    _fill_below(canvas, outline, leaf * shade[..., None])
    if height_mm > 4000:
        _trunks(rng, canvas, int(rng.integers(0, 60)))
    if rng.uniform() < 0.5:
        holes = (noise + clumps > 1.6) & (rise > 0.5)
        canvas.picture[holes, 3] = 0
    return _ring(rng, canvas, radius_mm, soft=4)


def _trunks(rng: np.random.Generator, canvas: Canvas, count: int) -> None:
    for x in rng.uniform(0, canvas.width_mm, count).tolist():
        high, bark = canvas.height_mm * rng.uniform(0.2, 0.6), near(rng, (0.3, 0.24, 0.18), 0.1)
        canvas.line([(x, 0), (x + rng.normal(0, 200), high)], rng.uniform(100, 400), bark)


def trees(rng: np.random.Generator, radius_mm: float) -> Ring:
    """Single trees with trunk and crown."""
    canvas = _canvas(radius_mm, rng.uniform(5000, 9000))
    leaf = rng.uniform(0.2, 0.55) * np.array([rng.uniform(0.5, 1.4), 1.0, rng.uniform(0.2, 0.6)])
    noise = _tiled(rng, canvas, 0.9)
    for x in rng.uniform(0, canvas.width_mm, int(rng.integers(3, 16))).tolist():
        high, wide = canvas.height_mm * rng.uniform(0.5, 0.9), rng.uniform(150, 450)
        canvas.line([(x, 0), (x + rng.normal(0, 250), high * 0.7)], wide, near(rng, (0.32, 0.25, 0.2), 0.1))
        for _ in range(int(rng.integers(8, 30))):
            dx, up = rng.normal(0, high * 0.17), high * (0.68 + rng.normal(0, 0.11))
            canvas.blob(
                x + dx, up, high * rng.uniform(0.04, 0.11), high * rng.uniform(0.03, 0.08), near(rng, tuple(leaf), 0.1)
            )
    canvas.picture[..., :3] = shaded(canvas.picture[..., :3], 1 + 0.3 * noise)
    ragged = (noise > 1.4) & (np.arange(len(noise))[:, None] < len(noise) * 0.7)
    canvas.picture[ragged, 3] = 0
    return _ring(rng, canvas, radius_mm, soft=2)


def houses(rng: np.random.Generator, radius_mm: float, highest_mm: float) -> Ring:
    """A street's fronts with windows, doors and shops."""
    canvas = _canvas(radius_mm, highest_mm, most_px=6144)
    x, gaps = 0.0, rng.uniform() < 0.4
    while x < canvas.width_mm:
        width = min(rng.uniform(0.15, 0.7) * highest_mm + 2500, canvas.width_mm - x)
        if not (gaps and rng.uniform() < 0.35):
            _house(rng, canvas, x, width, highest_mm * rng.uniform(0.45, 0.98))
        x += width
    canvas.grain(rng, rng.uniform(0.03, 0.09), 0.8)
    return _ring(rng, canvas, radius_mm, soft=3)


def _house(rng: np.random.Generator, canvas: Canvas, x: float, width: float, high: float) -> None:
    wall, glass = muted(rng, 0.3, 0.92), near(rng, (0.25, 0.3, 0.36), 0.2)
    canvas.box(x, 0, width, high, wall)
    canvas.box(x, high - 250, width, 250, wall * rng.uniform(0.5, 1.0))
    storey, bay = rng.uniform(2700, 3600), rng.uniform(1300, 3200)
    wide, tall, sill = bay * rng.uniform(0.35, 0.85), storey * rng.uniform(0.4, 0.75), rng.uniform(0.6, 1.3)
    for low in np.arange(storey if rng.uniform() < 0.6 else 0, high - storey, storey).tolist():
        for left in np.arange(x + 0.3 * bay, x + width - bay, bay).tolist():
            canvas.box(left - 60, low + 840, wide + 120, tall + 120, np.clip(wall * sill, 0, 1))
            canvas.box(left, low + 900, wide, tall, near(rng, tuple(glass), 0.1))
            canvas.box(left + wide / 2 - 25, low + 900, 50, tall, np.clip(wall * sill, 0, 1))
    left = x + 400
    while left < x + width - 1500:
        wide = rng.uniform(900, 2800)
        canvas.box(left, 0 if wide < 1500 else 500, min(wide, x + width - left - 200), 2100, muted(rng, 0.05, 0.7))
        if rng.uniform() < 0.4:
            canvas.box(left, 2700, min(wide, x + width - left - 200), 600, any_color(rng))
            canvas.text(rng, left + 100, 2820, 330, any_color(rng))
        left += wide + rng.uniform(300, 2500)


def fence(rng: np.random.Generator, radius_mm: float) -> Ring:
    """Bars, wire, planks, a low wall, or boards with advertisements."""
    high, color = rng.uniform(800, 3200), muted(rng, 0.1, 0.9)
    kind = str(rng.choice(["bars", "wire", "planks", "wall", "boards", "net"]))
    repeats = {"boards": 1, "wall": 2, "planks": 2}.get(kind, 6)
    canvas = _canvas(radius_mm, high + 60, repeats)
    across = canvas.width_mm
    if kind in ("bars", "wire", "net"):
        gap = {"bars": 140, "wire": 70, "net": 110}[kind]
        for x in np.arange(0, across, gap).tolist():
            slant = gap * 6 if kind == "wire" else 0
            canvas.line([(x, 0), (x + slant, high)], 25 if kind == "bars" else 8, color, 230)
            if kind == "wire":
                canvas.line([(x + slant, 0), (x, high)], 8, color, 230)
        for up in (high * 0.1, high * 0.95) if kind != "net" else np.arange(0, high, gap).tolist():
            canvas.line([(0, up), (across, up)], 30 if kind != "net" else 8, color)
        for x in np.linspace(0, across, 3)[:-1].tolist():
            canvas.box(x, 0, 70, high + 60, color * 0.8)
    elif kind == "boards":
        high = min(high, 1300)
        for x in np.arange(0, across - 100, rng.uniform(2500, 6000)).tolist():
            canvas.box(x, 0, 6000, high, any_color(rng))
            canvas.text(rng, x + 300, high * 0.25, high * 0.55, any_color(rng))
    else:
        wide, tall = (150, high) if kind == "planks" else (420, 200)
        for row, up in enumerate(np.arange(0, high - tall + 1, tall).tolist()):
            for x in np.arange(-wide / 2 * (row % 2), across, wide).tolist():
                canvas.box(x, up, wide - 15, tall - (15 if kind == "wall" else 0), near(rng, tuple(color), 0.04))
    return _ring(rng, canvas, radius_mm, repeats, soft=1.5)


def stands(rng: np.random.Generator, radius_mm: float) -> Ring:
    """Rows of seats, with or without people on them."""
    high, row_mm = rng.uniform(3000, 9000), rng.uniform(450, 750)
    canvas = _canvas(radius_mm, high, 2)
    seats, crowd = any_color(rng, 0.2, 0.8), rng.uniform(0, 1) ** 0.7
    canvas.box(0, 0, canvas.width_mm, high, seats * 0.5)
    for up in np.arange(700, high - row_mm, row_mm).tolist()[::-1]:
        canvas.box(0, up, canvas.width_mm, row_mm * 0.45, near(rng, tuple(seats), 0.03))
        canvas.box(0, up - row_mm * 0.12, canvas.width_mm, row_mm * 0.12, seats * 0.35)
        for x in np.arange(rng.uniform(0, 300), canvas.width_mm, 520).tolist():
            if rng.uniform() < crowd:
                canvas.person(rng, x + rng.normal(0, 50), up - 250, rng.uniform(1050, 1250))
    canvas.box(0, 0, canvas.width_mm, 900, any_color(rng, 0.2, 0.9))
    return _ring(rng, canvas, radius_mm, 2, soft=4)


def bystanders(rng: np.random.Generator, radius_mm: float) -> Ring:
    """Scattered people (upright blobs), posts and cars."""
    canvas = _canvas(radius_mm, 2600, most_px=6144)
    for x in rng.uniform(0, canvas.width_mm, int(rng.integers(2, 25))).tolist():
        what = rng.uniform()
        if what < 0.6:
            canvas.person(rng, x, 0, rng.uniform(1100, 1900))
        elif what < 0.8:
            canvas.box(x, 0, rng.uniform(50, 160), rng.uniform(1000, 2600), any_color(rng))
        else:
            _car(rng, canvas, x)
    return _ring(rng, canvas, radius_mm, soft=3)


def _car(rng: np.random.Generator, canvas: Canvas, x: float) -> None:
    color, long = any_color(rng, 0.1, 0.9), rng.uniform(3600, 4600)
    canvas.polygon(np.array([(0.14, 850), (0.3, 1400), (0.68, 1430), (0.86, 850)]) * (long, 1) + (x, 0), color * 0.9)
    canvas.polygon(
        np.array([(0.2, 880), (0.32, 1330), (0.66, 1350), (0.8, 880)]) * (long, 1) + (x, 0), np.full(3, 0.15)
    )
    canvas.box(x, 280, long, 600, color)
    for share in (0.2, 0.78):
        canvas.blob(x + share * long, 310, 310, 310, np.full(3, 0.07))
        canvas.blob(x + share * long, 310, 170, 170, np.full(3, 0.6))


def _outline(rng: np.random.Generator, canvas: Canvas, roughness: float) -> np.ndarray:
    """Noise (W,) around the canvas."""
    return fractal(rng, roughness, size=(8, canvas.picture.shape[1]))[0]


def _tiled(rng: np.random.Generator, canvas: Canvas, roughness: float) -> np.ndarray:
    """Noise (H, W) that tiles horizontally."""
    height, width = canvas.picture.shape[:2]
    noise = fractal(rng, roughness)
    noise = np.tile(noise, (-(-height // TILE), 1))[:height]
    # A whole number of tiles, a little stretched.
    columns = np.arange(width) * max(1, round(width / TILE)) * TILE // width
    return noise[:, columns % TILE]


def _fill_below(canvas: Canvas, outline_mm: np.ndarray, color: np.ndarray) -> None:
    """Fills the area under an outline (W,) with colors (H, W, 3)."""
    height = canvas.picture.shape[0]
    up = (height - np.arange(height) - 0.5)[:, None] / canvas.scale
    inside = up < outline_mm
    canvas.picture[..., :3] = to_uint8(color)
    canvas.picture[..., 3] = inside * np.uint8(255)
