"""Markings and mats on floors: RGBA images that tile."""

from __future__ import annotations

import cv2
import numpy as np

from dome.place.textures import any_color, fractal, near, rgb

#: Their height and width.
SIDE = 1024


def lanes(count: int) -> np.ndarray:
    """A running track's white lines."""
    picture = _empty()
    for lane in range(count):
        x = int((lane + 0.5) * SIDE / count)
        cv2.line(picture, (x, 0), (x, SIDE), (240, 240, 235, 235), 5, cv2.LINE_AA)
    return picture


def lines(rng: np.random.Generator) -> np.ndarray:
    """A few parallel lines, as on roads."""
    picture, color = _empty(), (*rgb(near(rng, (0.9, 0.88, 0.7), 0.08)), 230)
    width_px = int(rng.integers(5, 10))
    for x in rng.integers(0, SIDE, int(rng.integers(1, 5))).tolist():
        cv2.line(picture, (x, 0), (x, SIDE), color, width_px, cv2.LINE_AA)
    return picture


def court(rng: np.random.Generator, color: np.ndarray, width_px: int = 6) -> np.ndarray:
    """Lines and circles of a ball game."""
    picture, line = _empty(), (*rgb(color), 240)
    for _ in range(rng.integers(2, 4)):
        (x, y), (w, h) = rng.integers(0, SIDE // 2, 2).tolist(), rng.integers(200, 700, 2).tolist()
        cv2.rectangle(picture, (x, y), (x + w, y + h), line, width_px, cv2.LINE_AA)
        if rng.uniform() < 0.5:
            cv2.line(picture, (x, y + h // 2), (x + w, y + h // 2), line, width_px, cv2.LINE_AA)
    middle = rng.integers(200, SIDE - 200, 2).tolist()
    cv2.circle(picture, middle, int(rng.integers(90, 190)), line, width_px, cv2.LINE_AA)
    return picture


def mats(rng: np.random.Generator) -> np.ndarray:
    """Rectangular mats of cloth or foam, some side by side."""
    picture = _empty()
    colors = [any_color(rng, 0.2, 0.9) for _ in range(2)]
    (x, y), (w, h) = rng.integers(0, SIDE // 2, 2).tolist(), rng.integers(90, 300, 2).tolist()
    for i in range(int(rng.integers(1, 5))):
        for j in range(int(rng.integers(1, 4))):
            corner, other = (x + i * w, y + j * h), (x + (i + 1) * w - 3, y + (j + 1) * h - 3)
            cv2.rectangle(picture, corner, other, (*rgb(colors[(i + j) % 2]), 255), -1)
    return picture


def stripes(rng: np.random.Generator) -> np.ndarray:
    """The lighter and darker bands of a mown lawn."""
    picture = _empty()
    count = 2 * int(rng.integers(2, 6))
    for i in range(0, count, 2):
        picture[:, i * SIDE // count : (i + 1) * SIDE // count] = (255, 255, 200, int(rng.integers(12, 36)))
    return picture


def stains(rng: np.random.Generator) -> np.ndarray:
    """Darker spots, cracks and litter."""
    picture = _empty()
    spots = np.clip(fractal(rng, 1.3, size=(SIDE, SIDE)) - rng.uniform(1.0, 2.0), 0, 1)
    picture[..., 3] = spots * rng.uniform(30, 130)
    for _ in range(rng.integers(0, 5)):
        path = np.cumsum(rng.normal(0, 22, (30, 2)), axis=0) + rng.uniform(0, SIDE, 2)
        cv2.polylines(picture, [path.astype(np.int32)], False, (30, 30, 30, 150), 2, cv2.LINE_AA)
    for _ in range(rng.integers(0, 30)):
        middle, half = rng.integers(0, SIDE, 2).tolist(), rng.integers(2, 10, 2).tolist()
        cv2.ellipse(picture, middle, half, rng.uniform(0, 180), 0, 360, (*rgb(any_color(rng)), 220), -1, cv2.LINE_AA)
    return picture


def _empty() -> np.ndarray:
    return np.zeros((SIDE, SIDE, 4), np.uint8)
