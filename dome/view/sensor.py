"""Simulates a camera: lens blur, vignetting, exposure, white balance and noise."""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np

# The image height for which blur is drawn; smaller images are blurred less, as their pixels are larger.
_ROWS = 1080
# Noise is cut from one tile at random positions, so that it changes from frame to frame.
_SPARE_PX = 97
_NOISE_MIDDLE = 128
_NOISE_DEVIATION = 32.0


class Sensor:
    """A camera's lens and sensor, with random properties; only the noise changes from frame to frame."""

    def __init__(self, rng: np.random.Generator, size: tuple[int, int]) -> None:
        """Draws a sensor for images of (height, width)."""
        self.size = tuple(size)
        self._rng = rng
        rows = min(size[0] / _ROWS, 1.0)
        #: Deviation of the lens's blur, in px.
        self.blur_px = float(np.clip(rng.lognormal(np.log(0.65), 0.35), 0.35, 1.8) * max(rows, 0.5))
        #: Length and direction of motion blur; most cameras have none.
        self.shake_px = float(rng.uniform(1.5, 6) * rows) if rng.uniform() < 0.15 else 0.0
        self._kernel = _line(self.shake_px, rng.uniform(0, np.pi))
        #: Deviation of the noise, in gray levels.
        self.noise = float(np.clip(rng.lognormal(np.log(2.5), 0.6), 0.5, 12))
        exposure = np.exp(rng.normal(0, 0.16))
        balance = np.exp(rng.normal(0, 0.035, 3))
        self.table = _curve(
            exposure * balance, gamma=float(np.exp(rng.normal(0, 0.12))), black=rng.uniform(-0.02, 0.05)
        )
        falloff = rng.uniform(0.08, 0.4) if rng.uniform() < 0.4 else 0.0
        self._corners = _vignette(self.size, falloff) if falloff else None

    def read(self, picture: np.ndarray) -> np.ndarray:
        """Applies the sensor to an image, both uint8 RGB (H, W, 3); each call has new noise.

        Raises:
            ValueError: the image has another size.
        """
        if picture.shape != (*self.size, 3) or picture.dtype != np.uint8:
            raise ValueError(
                f"this sensor reads uint8 pictures of shape {(*self.size, 3)}, got {picture.dtype} {picture.shape}; "
                "make a sensor of the picture's size"
            )
        if self._kernel is not None:
            picture = cv2.filter2D(picture, -1, self._kernel, borderType=cv2.BORDER_REPLICATE)
        picture = cv2.GaussianBlur(picture, _kernel_size(self.blur_px), self.blur_px, borderType=cv2.BORDER_REPLICATE)
        if self._corners is not None:
            picture = cv2.multiply(picture, self._corners, scale=1 / 255)
        # Shot noise has about the same deviation at all gray levels, as these are the square root of light.
        picture = cv2.LUT(picture, self.table)
        share = self.noise / _NOISE_DEVIATION
        return cv2.addWeighted(picture, 1, self._noise(), share, -_NOISE_MIDDLE * share)

    def _noise(self) -> np.ndarray:
        height, width = self.size
        top, left = self._rng.integers(0, _SPARE_PX, 2)
        tile = _noise_tile(height + _SPARE_PX, width + _SPARE_PX)
        return tile[top : top + height, left : left + width]


@lru_cache(maxsize=2)
def _noise_tile(height: int, width: int) -> np.ndarray:
    """uint8 (height, width, 3): noise shared by all sensors; chroma spreads over neighbors as in a Bayer mosaic."""
    noise = np.random.default_rng(0).normal(size=(height, width, 4)).astype(np.float32)
    # The gray noise common to all channels is fine; that of single channels is smooth.
    colors = cv2.GaussianBlur(noise[..., :3], (3, 3), 0.8)
    mixed = noise[..., 3:] * np.float32(0.8) + colors / colors.std() * np.float32(0.6)
    return cv2.convertScaleAbs(mixed, alpha=_NOISE_DEVIATION, beta=_NOISE_MIDDLE)


def _curve(gain: np.ndarray, *, gamma: float, black: float) -> np.ndarray:
    """uint8 (1, 256, 3): output gray level by input gray level, for each channel."""
    gray = np.linspace(0, 1, 256)[None, :, None]
    # Gray levels are about the square root of light, which exposure multiplies.
    out = black + (1 - black) * (gray * np.sqrt(gain)) ** gamma
    return np.rint(255 * np.clip(out, 0, 1)).astype(np.uint8)


def _vignette(size: tuple[int, int], falloff: float) -> np.ndarray:
    """uint8 (H, W, 3): 255 in the center, lower by `falloff` in the corners."""
    y, x = (np.linspace(-1, 1, side, dtype=np.float32) ** 2 for side in size)
    kept = 1 - falloff * ((y[:, None] + x[None]) / 2) ** 1.5
    return cv2.merge([cv2.convertScaleAbs(kept, alpha=255)] * 3)


def _line(length_px: float, angle: float) -> np.ndarray | None:
    """A kernel that blurs along a line; None if it is shorter than a pixel."""
    if length_px < 1:
        return None
    side = 2 * int(np.ceil(length_px / 2)) + 1
    away = np.arange(side) - side // 2
    along = away[None] * np.cos(angle) + away[:, None] * np.sin(angle)
    across = away[:, None] * np.cos(angle) - away[None] * np.sin(angle)
    kernel = np.clip(length_px / 2 + 0.5 - np.abs(along), 0, 1) * np.clip(1 - np.abs(across), 0, 1)
    return (kernel / kernel.sum()).astype(np.float32)


def _kernel_size(deviation: float) -> tuple[int, int]:
    side = 2 * int(np.ceil(2.5 * deviation)) + 1
    return side, side
