"""A canvas for walls, with coordinates in millimeters."""

from __future__ import annotations

import cv2
import numpy as np

from dome.place.textures import any_color, fractal, rgb, shaded, skin_or_cloth

_LETTERS = np.array(list("ABCDEFGHIJKLMNOPRSTUVWXYZ0123456789"))
_FONTS = (cv2.FONT_HERSHEY_SIMPLEX, cv2.FONT_HERSHEY_DUPLEX, cv2.FONT_HERSHEY_TRIPLEX, cv2.FONT_HERSHEY_SCRIPT_COMPLEX)


class Canvas:
    """An upright RGBA image whose lower edge is on the floor; x goes to the right and heights go up, both in mm.

    Attributes:
        picture: uint8 (H, W, 4).
        width_mm: its width.
        height_mm: its height.
    """

    def __init__(self, width_mm: float, height_mm: float, mm_per_px: float, color: np.ndarray | None = None) -> None:
        """Starts with one color, or transparent."""
        self.width_mm, self.height_mm, self.scale = width_mm, height_mm, 1 / mm_per_px
        shape = (max(8, round(height_mm / mm_per_px)), max(8, round(width_mm / mm_per_px)))
        self.picture = np.zeros((*shape, 4), np.uint8)
        if color is not None:
            self.picture[:] = (*rgb(color), 255)

    def px(self, x_mm: float, up_mm: float) -> tuple[int, int]:
        """The pixel at a position."""
        return round(x_mm * self.scale), round((self.height_mm - up_mm) * self.scale)

    def box(self, x: float, low: float, width: float, height: float, color: np.ndarray, alpha: int = 255) -> None:
        """A filled rectangle, given by its lower left corner."""
        (left, bottom), (right, top) = self.px(x, low), self.px(x + width, low + height)
        self.picture[max(top, 0) : max(bottom, 0), max(left, 0) : max(right, 0)] = (*rgb(color), alpha)

    def noise(self, x: float, low: float, width: float, height: float, noise: np.ndarray, amount: float) -> None:
        """Varies the brightness of a rectangle by noise (h, w), which is stretched over it."""
        (left, bottom), (right, top) = self.px(x, low), self.px(x + width, low + height)
        part = self.picture[max(top, 0) : max(bottom, 0), max(left, 0) : max(right, 0), :3]
        if part.size:
            shade = cv2.resize(noise, part.shape[1::-1], interpolation=cv2.INTER_LINEAR)
            part[:] = shaded(part, 1 + np.float32(amount) * shade)

    def line(self, points_mm: np.ndarray, width_mm: float, color: np.ndarray, alpha: int = 255) -> None:
        """A line through points (N, 2) of x and height."""
        points = np.array([self.px(x, up) for x, up in np.asarray(points_mm).tolist()], np.int32)
        thick = max(1, round(width_mm * self.scale))
        cv2.polylines(self.picture, [points], False, (*rgb(color), alpha), thick, cv2.LINE_AA)

    def polygon(self, points_mm: np.ndarray, color: np.ndarray, alpha: int = 255) -> None:
        """A filled polygon (N, 2) of x and height."""
        points = np.array([self.px(x, up) for x, up in np.asarray(points_mm).tolist()], np.int32)
        cv2.fillPoly(self.picture, [points], (*rgb(color), alpha), cv2.LINE_AA)

    def blob(self, x: float, up: float, half_width: float, half_height: float, color: np.ndarray) -> None:
        """A filled ellipse."""
        half = max(1, round(half_width * self.scale)), max(1, round(half_height * self.scale))
        cv2.ellipse(self.picture, self.px(x, up), half, 0, 0, 360, (*rgb(color), 255), -1, cv2.LINE_AA)

    def text(self, rng: np.random.Generator, x: float, low: float, height: float, color: np.ndarray) -> None:
        """A few random letters, at most six times as wide as they are high."""
        word = "".join(rng.choice(_LETTERS, int(rng.integers(3, 9))))
        font = _FONTS[rng.integers(len(_FONTS))]
        size = max(height * self.scale / 22, 0.2)
        thick = max(1, round(size * rng.uniform(1, 3)))
        cv2.putText(self.picture, word, self.px(x, low), font, size, (*rgb(color), 255), thick, cv2.LINE_AA)

    def person(self, rng: np.random.Generator, x: float, low: float, tall: float) -> None:
        """Upright blobs of skin and cloth that roughly resemble a person."""
        skin, shirt, legs = skin_or_cloth(rng), any_color(rng), any_color(rng, 0.05, 0.6)
        wide = tall * rng.uniform(0.11, 0.16)
        self.box(x - wide * 0.7, low, wide * 1.4, tall * 0.5, legs)
        self.blob(x, low + tall * 0.62, wide, tall * 0.21, shirt)
        self.blob(x, low + tall * 0.91, tall * 0.06, tall * 0.08, skin)
        for side in (-1, 1):
            bare = skin if rng.uniform() < 0.5 else shirt
            self.blob(x + side * wide * 1.05, low + tall * rng.uniform(0.5, 0.65), tall * 0.03, tall * 0.15, bare)

    def grain(self, rng: np.random.Generator, amount: float, roughness: float = 1.0) -> None:
        """Varies the brightness of all of it by noise that tiles horizontally."""
        height, width = self.picture.shape[:2]
        noise = fractal(rng, roughness)
        tiled = np.tile(noise, (-(-height // noise.shape[0]), -(-width // noise.shape[1])))[:height, :width]
        self.picture[..., :3] = shaded(self.picture[..., :3], 1 + np.float32(amount) * tiled)

    def blurred(self, sigma_px: float) -> np.ndarray:
        """The blurred image, uint8 RGBA."""
        if sigma_px < 0.3:
            return self.picture
        opaque = self.picture[..., 3:].astype(np.float32)
        weighted = np.concatenate([self.picture[..., :3] * (opaque / 255), opaque], axis=-1)
        soft = cv2.GaussianBlur(weighted, (0, 0), sigma_px)
        soft[..., :3] /= np.maximum(soft[..., 3:], 1) / 255
        return np.clip(soft + 0.5, 0, 255).astype(np.uint8)
