"""The walls of rooms and sports halls, and things on them."""

from __future__ import annotations

import cv2
import numpy as np

from dome.place.canvas import Canvas
from dome.place.textures import any_color, fractal, muted, near, shaded

_STYLES = ("plaster", "plaster", "plaster", "brick", "planks", "tiles", "blocks", "stripes")


def room_walls(rng: np.random.Generator, half_mm: tuple[float, float], height_mm: float, *, hall: bool) -> np.ndarray:
    """Paints the four walls of a room side by side.

    Args:
        rng: the random generator.
        half_mm: half the room's size in x and z.
        height_mm: of the walls.
        hall: whether it is a sports hall.

    Returns:
        uint8 RGB (H, W, 3), W for the room's perimeter.
    """
    lengths = [2 * half_mm[1], 2 * half_mm[0]] * 2
    canvas = Canvas(sum(lengths), height_mm, height_mm / 640)
    style, color, dado = str(rng.choice(_STYLES)), muted(rng, 0.4, 0.97), muted(rng, 0.2, 0.9)
    dado_mm = rng.uniform(900, 2400) if rng.uniform() < (0.7 if hall else 0.3) else 0
    things = _HALL if hall else _ROOM
    start = 0.0
    for length in lengths:
        accent = color if rng.uniform() < 0.75 else muted(rng, 0.2, 0.95)
        _surface(rng, canvas, start, length, style, accent * rng.uniform(0.82, 1.0))
        if dado_mm:
            canvas.box(start, 0, length, dado_mm, dado)
        canvas.box(start, 0, length, rng.uniform(60, 140), color * 0.5)
        _furnish(rng, canvas, start, length, things, crowded=rng.uniform(0.2, 1.0))
        start += length
    canvas.grain(rng, rng.uniform(0.01, 0.05))
    return _lit(rng, canvas, lengths)


def _lit(rng: np.random.Generator, canvas: Canvas, lengths: list[float]) -> np.ndarray:
    """Darkens the lower and upper edges and the corners."""
    rows = np.linspace(1, 0, canvas.picture.shape[0], dtype=np.float32)
    up = 1 - rng.uniform(0, 0.35) * (1 - rows) ** 2 - 0.3 * np.exp(-rows * 25) - rng.uniform(0, 0.25) * rows**3
    x = (np.arange(canvas.picture.shape[1]) + 0.5) / canvas.scale
    corners = np.concatenate([[0], np.cumsum(lengths)])
    away = np.abs(x[:, None] - corners).min(axis=1)
    across = 1 - 0.18 * np.exp(-away / 500)
    return shaded(canvas.picture[..., :3], up[:, None] * across[None])


def _surface(rng: np.random.Generator, canvas: Canvas, x: float, width: float, style: str, color: np.ndarray) -> None:
    canvas.box(x, 0, width, canvas.height_mm, color)
    if style == "plaster":
        return
    seam = np.clip(color * rng.uniform(0.6, 1.2), 0, 1)
    high, wide = {
        "brick": (90, 260),
        "planks": (canvas.height_mm, 180),
        "tiles": (300, 300),
        "blocks": (400, 800),
        "stripes": (canvas.height_mm, rng.uniform(150, 700)),
    }[style]
    for row in range(int(canvas.height_mm // high)):
        shift = (row % 2) * wide / 2 if style in ("brick", "blocks") else 0
        for left in np.arange(x + shift, x + width, wide).tolist():
            own = near(rng, color, 0.03) if style != "stripes" else (color, seam)[int((left - x) / wide) % 2]
            gap = 0 if style == "stripes" else max(12.0, 1 / canvas.scale)
            canvas.box(left, row * high, min(wide, x + width - left) - gap, high - gap, own)
        if style == "brick" and row % 8 == 7:
            canvas.box(x, row * high, width, 12, seam)


def _furnish(rng: np.random.Generator, canvas: Canvas, x: float, length: float, things: dict, crowded: float) -> None:
    names, chances = list(things), np.array([chance for _, chance in things.values()])
    left = x + rng.uniform(100, 900)
    while left < x + length - 500:
        name = names[rng.choice(len(names), p=chances / chances.sum())]
        width = min(rng.uniform(500, 2600), x + length - left - 100)
        if rng.uniform() < crowded:
            things[name][0](rng, canvas, left, width)
        left += width + rng.uniform(50, 900)


def _window(rng: np.random.Generator, canvas: Canvas, x: float, width: float) -> None:
    low, frame = rng.uniform(300, 1300), muted(rng, 0.3, 0.98)
    high = min(rng.uniform(1000, 2200), canvas.height_mm - low - 200)
    if canvas.height_mm > 5000 and rng.uniform() < 0.7:
        low = canvas.height_mm * rng.uniform(0.4, 0.6)
        high = canvas.height_mm * 0.35
    canvas.box(x, low, width, high, frame)
    view = near(rng, (0.75, 0.85, 0.95), 0.1) if rng.uniform() < 0.8 else near(rng, (0.08, 0.1, 0.14), 0.05)
    columns, rows = int(rng.integers(1, 5)), int(rng.integers(1, 4))
    for i in range(columns):
        for j in range(rows):
            pane = (x + 40 + i * width / columns, low + 40 + j * high / rows, width / columns - 80, high / rows - 80)
            canvas.box(*pane, view)
            if j == 0:
                canvas.box(pane[0], pane[1], pane[2], pane[3] * 0.5, near(rng, tuple(view * (0.5, 0.6, 0.45)), 0.05))
    if rng.uniform() < 0.35:
        cloth = any_color(rng)
        for left in (x - 200, x + width - 250):
            for fold in range(5):
                canvas.box(left + fold * 90, low - 200, 90, high + 300, cloth * (0.8 + 0.2 * (fold % 2)))


def _door(rng: np.random.Generator, canvas: Canvas, x: float, width: float) -> None:
    color, width, high = muted(rng, 0.15, 0.95), min(width, rng.uniform(850, 1800)), rng.uniform(2000, 2400)
    canvas.box(x - 60, 0, width + 120, high + 60, color * 0.75)
    canvas.box(x, 0, width, high, color)
    for i in range(int(rng.integers(0, 3))):
        canvas.box(x + 120, 200 + i * high * 0.45, width - 240, high * 0.38, near(rng, tuple(color * 0.85), 0.04))
    canvas.blob(x + width - 90, 1020, 30, 30, np.full(3, 0.7))


def _shelf(rng: np.random.Generator, canvas: Canvas, x: float, width: float) -> None:
    wood, high = near(rng, (0.5, 0.38, 0.25), 0.1), rng.uniform(900, 2300)
    canvas.box(x, 0, width, high, wood * 0.5)
    for low in np.arange(60, high - 200, rng.uniform(260, 420)).tolist():
        left = x + 40
        while left < x + width - 60:
            wide = rng.uniform(25, 220)
            canvas.box(left, low, min(wide, x + width - 50 - left), rng.uniform(120, 250), any_color(rng))
            left += wide + rng.choice([4, 4, 4, 120])
        canvas.box(x, low - 30, width, 30, wood)


def _picture(rng: np.random.Generator, canvas: Canvas, x: float, width: float) -> None:
    width, high, low = min(width, rng.uniform(300, 1800)), rng.uniform(300, 1300), rng.uniform(900, 1700)
    canvas.box(x - 30, low - 30, width + 60, high + 60, any_color(rng))
    canvas.box(x, low, width, high, any_color(rng))
    canvas.noise(x, low, width, high, fractal(rng, rng.uniform(1, 2), size=(64, 64)), 0.3)
    for _ in range(rng.integers(0, 4)):
        place = x + width * rng.uniform(0.2, 0.8), low + high * rng.uniform(0.2, 0.8)
        canvas.blob(*place, width * rng.uniform(0.05, 0.2), high * rng.uniform(0.05, 0.2), any_color(rng))
    if rng.uniform() < 0.4:
        canvas.person(rng, x + width / 2, low, high * rng.uniform(0.7, 0.95))


def _banner(rng: np.random.Generator, canvas: Canvas, x: float, width: float) -> None:
    high, low = rng.uniform(300, 1100), rng.uniform(200, canvas.height_mm * 0.7)
    canvas.box(x, low, width, high, any_color(rng))
    canvas.text(rng, x + width * 0.06, low + high * 0.25, min(high * 0.5, width / 6), any_color(rng))


def _wall_bars(rng: np.random.Generator, canvas: Canvas, x: float, width: float) -> None:
    wood, high = near(rng, (0.72, 0.52, 0.3), 0.08), min(2600, canvas.height_mm - 200)
    for up in np.arange(120, high, 150).tolist():
        canvas.box(x, up, width, 40, wood)
        canvas.box(x, up - 25, width, 25, wood * 0.35)
    for left in np.arange(x, x + width + 1, 900).tolist():
        canvas.box(left, 0, 60, high + 60, wood * 0.8)


def _mat(rng: np.random.Generator, canvas: Canvas, x: float, width: float) -> None:
    high, color, part = rng.uniform(900, 2200), any_color(rng, 0.25, 0.9), rng.uniform(400, 1300)
    for left in np.arange(x, x + width - 100, part).tolist():
        canvas.box(left, 0, min(part, x + width - left) - 25, high, near(rng, tuple(color), 0.03))


def _lockers(rng: np.random.Generator, canvas: Canvas, x: float, width: float) -> None:
    color, high, wide = any_color(rng, 0.25, 0.85), rng.uniform(1500, 2100), rng.uniform(280, 500)
    for left in np.arange(x, x + width - wide, wide).tolist():
        canvas.box(left, 80, wide - 25, high, near(rng, tuple(color), 0.02))
        for up in (0.75, 0.78, 0.81):
            canvas.box(left + wide * 0.25, high * up, wide * 0.4, 18, color * 0.4)


def _goal(rng: np.random.Generator, canvas: Canvas, x: float, width: float) -> None:
    width, high = max(width, 1500.0), 2000.0
    for left in np.arange(x, x + width, 120).tolist():
        canvas.line([(left, 0), (left, high)], 12, np.full(3, 0.8))
    for up in np.arange(0, high, 120).tolist():
        canvas.line([(x, up), (x + width, up)], 12, np.full(3, 0.8))
    pair = (any_color(rng, 0.6, 0.95), np.full(3, 0.95))
    for i in range(10):
        canvas.box(x + i * width / 10, high, width / 10, 80, pair[i % 2])
        canvas.box(x, i * high / 10, 80, high / 10, pair[i % 2])
        canvas.box(x + width, i * high / 10, 80, high / 10, pair[i % 2])


def _hoop(rng: np.random.Generator, canvas: Canvas, x: float, width: float) -> None:
    canvas.box(x, 2900, 1800, 1050, np.full(3, 0.92))
    for side in ((0, 60), (1740, 60)):
        canvas.box(x + side[0], 2900, side[1], 1050, np.array([0.7, 0.15, 0.1]))
    canvas.box(x + 600, 3050, 600, 40, np.array([0.85, 0.3, 0.1]))


def _people(rng: np.random.Generator, canvas: Canvas, x: float, width: float) -> None:
    for left in np.arange(x, x + width, rng.uniform(350, 900)).tolist():
        canvas.person(rng, left, 0, rng.uniform(1100, 1850))


def _mirror(rng: np.random.Generator, canvas: Canvas, x: float, width: float) -> None:
    low, high = rng.uniform(100, 900), rng.uniform(1200, 2000)
    canvas.box(x, low, width, high, near(rng, (0.6, 0.65, 0.68), 0.08))
    canvas.noise(x, low, width, high, cv2.GaussianBlur(fractal(rng, 1.5, size=(64, 64)), (0, 0), 2), 0.25)


_ROOM = {
    "window": (_window, 3),
    "door": (_door, 1.5),
    "shelf": (_shelf, 2),
    "picture": (_picture, 3),
    "banner": (_banner, 0.6),
    "lockers": (_lockers, 0.8),
    "mirror": (_mirror, 0.8),
    "people": (_people, 0.4),
}
_HALL = {
    "window": (_window, 2),
    "door": (_door, 1),
    "wall bars": (_wall_bars, 3),
    "mat": (_mat, 2.5),
    "banner": (_banner, 2),
    "goal": (_goal, 1),
    "hoop": (_hoop, 1),
    "lockers": (_lockers, 0.3),
    "mirror": (_mirror, 0.5),
    "people": (_people, 1),
}
