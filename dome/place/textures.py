"""Textures of floors, walls and things, sampled at any scale; seeded noise; and colors."""

from __future__ import annotations

import cv2
import numpy as np

#: (height, width) of the noise that `fractal` makes.
TILE = 512


class Texture:
    """An image that tiles horizontally, sampled with mipmaps to avoid aliasing."""

    def __init__(self, picture: np.ndarray, *, repeat_v: bool = False) -> None:
        """Makes the smaller copies.

        Args:
            picture: RGB or RGBA (H, W, 3 or 4): uint8, or float from 0 to 1.
            repeat_v: whether it tiles vertically as well; otherwise its first and last row extend forever.
        """
        if picture.dtype != np.uint8:
            picture = to_uint8(picture)
        self.repeat_v = repeat_v
        self.levels = [np.ascontiguousarray(picture)]
        while min(self.levels[-1].shape[:2]) >= 8:
            height, width = self.levels[-1].shape[:2]
            self.levels.append(cv2.resize(self.levels[-1], (width // 2, height // 2), interpolation=cv2.INTER_AREA))

    @property
    def width(self) -> int:
        """In px."""
        return self.levels[0].shape[1]

    @property
    def height(self) -> int:
        """In px."""
        return self.levels[0].shape[0]

    def sample(self, u: np.ndarray, v: np.ndarray, texels: np.ndarray) -> np.ndarray:
        """Samples colors.

        Args:
            u: float32 (h, w), from left to right, in units of the width.
            v: float32 (h, w), from top to bottom, in units of the height.
            texels: float32 (h, w), how many texels one sample covers.

        Returns:
            float32 (h, w, 3 or 4) from 0 to 1.
        """
        level = np.clip(np.log2(np.maximum(texels, 1)), 0, len(self.levels) - 1)
        first, last = int(level.min()), int(np.ceil(level.max()))
        u = u - np.floor(u)
        v = v - np.floor(v) if self.repeat_v else v
        total = 0
        for i in range(first, last + 1):
            share = np.maximum(1 - np.abs(level - i), 0)
            total = total + self._at(i, u, v) * (share * np.float32(1 / 255))[..., None]
        return total

    def _at(self, level: int, u: np.ndarray, v: np.ndarray) -> np.ndarray:
        picture = self.levels[level]
        height, width = picture.shape[:2]
        x, y = u * np.float32(width) - np.float32(0.5), v * np.float32(height) - np.float32(0.5)
        if not self.repeat_v:
            y = np.clip(y, 0, height - 1)
        return cv2.remap(
            picture, x.astype(np.float32), y.astype(np.float32), cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP
        )


def fractal(
    rng: np.random.Generator, roughness: float, *, size: tuple[int, int] = (TILE, TILE), stretch: float = 1.0
) -> np.ndarray:
    """Noise that tiles without a seam, float32 of `size`, with mean 0 and deviation 1.

    Args:
        rng: the random generator.
        roughness: amplitudes are proportional to frequency to the power of minus this: 0 is white noise, 1 detailed
            clouds, 2 soft hills.
        size: (height, width).
        stretch: how much longer its blots are horizontally than vertically.
    """
    fy, fx = np.fft.fftfreq(size[0])[:, None] * TILE, np.fft.rfftfreq(size[1]) * TILE * stretch
    amplitude = np.maximum(np.hypot(fx, fy), 0.5) ** -roughness
    amplitude[0, 0] = 0
    phases = rng.uniform(0, 2 * np.pi, amplitude.shape)
    noise = np.fft.irfft2(amplitude * np.exp(1j * phases), size)
    return ((noise - noise.mean()) / noise.std()).astype(np.float32)


def any_color(rng: np.random.Generator, low: float = 0.05, high: float = 0.95) -> np.ndarray:
    """A random RGB (3,), mostly pale, whose brightest channel is between two values."""
    value, saturation = rng.uniform(low, high), rng.beta(1.2, 2.0)
    hue = rng.uniform(0, 6)
    pure = np.clip(np.abs((hue + np.array([0, 4, 2])) % 6 - 3) - 1, 0, 1)
    return (value * (1 - saturation * (1 - pure))).astype(np.float32)


def muted(rng: np.random.Generator, low: float = 0.3, high: float = 0.97) -> np.ndarray:
    """A color (3,) of walls and houses: mostly gray, white, or earthy."""
    if rng.uniform() < 0.12:
        return any_color(rng, low, high)
    value, warm = rng.uniform(low, high), rng.beta(1.1, 3.0)
    tone = np.array([1.0, 1 - warm * rng.uniform(0.2, 0.7), 1 - warm * rng.uniform(0.5, 0.95)])
    return (value * (tone if rng.uniform() < 0.8 else tone[::-1])).astype(np.float32)


def near(rng: np.random.Generator, color: tuple[float, float, float], spread: float = 0.06) -> np.ndarray:
    """A similar color (3,): brightness and hue are jittered by about `spread`."""
    shaken = np.asarray(color) * rng.uniform(1 - 3 * spread, 1 + 3 * spread) + rng.normal(0, spread, 3) * 0.3
    return np.clip(shaken, 0.01, 0.98).astype(np.float32)


def mix(first: np.ndarray, second: np.ndarray, share: np.ndarray) -> np.ndarray:
    """Blends colors (..., 3): the first where share (...) is 0, the second where it is 1."""
    share = np.asarray(share, np.float32)[..., None]
    return (first + (second - first) * share).astype(np.float32)


def speckled(color: np.ndarray, noise: np.ndarray, amount: float) -> np.ndarray:
    """A color (3,) with its brightness varied by noise (H, W): float32 (H, W, 3) from 0 to 1."""
    return np.clip(color * (1 + np.float32(amount) * noise[..., None]), 0, 1).astype(np.float32)


def skin_or_cloth(rng: np.random.Generator) -> np.ndarray:
    """A color (3,) of people's skin or clothes."""
    if rng.uniform() < 0.5:
        light = rng.uniform(0.3, 0.95)
        return near(rng, (light, light * rng.uniform(0.68, 0.8), light * rng.uniform(0.5, 0.66)), 0.03)
    return any_color(rng)


def blots(rng: np.random.Generator, picture: np.ndarray, count: int, tall_px: tuple[float, float]) -> None:
    """Paints upright blots with roughly people's colors and shapes into a uint8 image (H, W, 3), in place."""
    height, width = picture.shape[:2]
    for _ in range(count):
        tall = rng.uniform(*tall_px)
        x, y = rng.uniform(0, width), rng.uniform(0, height)
        skin, cloth = skin_or_cloth(rng), any_color(rng)
        wide = tall * rng.uniform(0.1, 0.18)
        _ellipse(picture, (x, y + 0.25 * tall), (wide * 0.8, tall * 0.3), any_color(rng, 0.05, 0.6))
        _ellipse(picture, (x, y - 0.1 * tall), (wide, tall * 0.22), cloth)
        _ellipse(picture, (x, y - 0.4 * tall), (tall * 0.065, tall * 0.085), skin)


def _ellipse(picture: np.ndarray, middle: tuple, half: tuple, color: np.ndarray) -> None:
    # OpenCV takes integers, here in sixteenths of a pixel.
    middle, half = (tuple(round(16 * float(value)) for value in pair) for pair in (middle, half))
    cv2.ellipse(picture, middle, half, 0, 0, 360, rgb(color), -1, cv2.LINE_AA, 4)


def rgb(color: np.ndarray) -> tuple[int, int, int]:
    """A color (3,) from 0 to 1, converted for drawing into a uint8 image with OpenCV."""
    return tuple(int(round(255 * min(max(float(value), 0), 1))) for value in color)


def to_uint8(picture: np.ndarray) -> np.ndarray:
    """A float image from 0 to 1 as uint8, clipped."""
    return cv2.multiply(np.maximum(picture, 0), (255.0,) * 4, dtype=cv2.CV_8U).reshape(picture.shape)


def shaded(color: np.ndarray, shade: np.ndarray) -> np.ndarray:
    """Colors uint8 (H, W, 3) times a brightness (H, W): uint8, clipped at white."""
    shade = np.maximum(shade, 0).astype(np.float32)
    return cv2.multiply(np.ascontiguousarray(color), cv2.merge([shade] * 3), dtype=cv2.CV_8U)
