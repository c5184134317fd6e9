"""A wall of random clutter, so that nets cannot memorize backgrounds."""

from __future__ import annotations

import cv2
import numpy as np

from dome.place.textures import any_color, blots, fractal, rgb, to_uint8

_LETTERS = list("AEIOURSTLNMKHO0123456789")


def collage(rng: np.random.Generator) -> np.ndarray:
    """Noise of a random spectrum with polygons, stripes, letters and blots on it, uint8 RGB (2048, 4096, 3)."""
    noise = fractal(rng, rng.uniform(0.2, 2), size=(512, 1024), stretch=rng.uniform(0.3, 3))
    color = any_color(rng) + noise[..., None] * rng.uniform(-0.3, 0.3, 3)
    color += rng.uniform(0, 0.15) * np.stack([fractal(rng, rng.uniform(0.3, 2)) for _ in range(3)], -1).repeat(
        2, axis=1
    )
    picture = cv2.resize(to_uint8(color), (4096, 2048), interpolation=cv2.INTER_LINEAR)
    if rng.uniform() < 0.3:
        _stripes(rng, picture)
    _polygons(rng, picture, int(rng.integers(0, 160)))
    _letters(rng, picture, int(rng.integers(0, 30)))
    blots(rng, picture, int(rng.integers(0, 60)), (60, 500))
    return picture


def _stripes(rng: np.random.Generator, picture: np.ndarray) -> None:
    height, width, _ = picture.shape
    turns, slant = int(rng.integers(10, 120)), int(rng.integers(-4, 5))
    x, y = np.arange(width) * turns / width, np.arange(height)[:, None] * slant * 4 / height
    picture[(x + y) % 1 < rng.uniform(0.2, 0.6)] = rgb(any_color(rng))


def _polygons(rng: np.random.Generator, picture: np.ndarray, count: int) -> None:
    height, width, _ = picture.shape
    for _ in range(count):
        middle, span = rng.uniform((0, 0.25 * height), (width, 0.75 * height)), rng.uniform(20, 260)
        corners = (middle + rng.normal(0, span, (int(rng.integers(3, 7)), 2))).astype(np.int32)
        cv2.fillPoly(picture, [corners], rgb(any_color(rng)), cv2.LINE_AA)
    for _ in range(count // 4):
        ends = rng.uniform((0, 0.2 * height), (width, 0.8 * height), (2, 2)).astype(int).tolist()
        cv2.line(picture, *ends, rgb(any_color(rng)), int(rng.integers(1, 30)), cv2.LINE_AA)


def _letters(rng: np.random.Generator, picture: np.ndarray, count: int) -> None:
    height, width, _ = picture.shape
    for _ in range(count):
        word = "".join(rng.choice(_LETTERS, int(rng.integers(2, 9))))
        place = rng.uniform((0, 0.3 * height), (width, 0.7 * height)).astype(int).tolist()
        size, color = rng.uniform(0.5, 6), rgb(any_color(rng))
        cv2.putText(picture, word, place, cv2.FONT_HERSHEY_DUPLEX, size, color, max(1, int(size * 2)), cv2.LINE_AA)
