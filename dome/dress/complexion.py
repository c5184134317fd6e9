"""Colors of skin, face, eyes and hair."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dome.dress import landmarks
from dome.dress.paint import noise

# From the lightest to the darkest; tones are interpolated between them.
SKINS = np.float32(
    [(246, 215, 196), (236, 194, 168), (219, 168, 134), (196, 138, 100), (160, 105, 70), (122, 77, 50), (84, 53, 37)]
) / np.float32(255)
HAIRS = np.float32(
    [(22, 18, 17), (38, 27, 22), (62, 42, 29), (98, 66, 40), (150, 110, 66), (196, 160, 104), (150, 62, 28)]
    + [(128, 126, 124), (206, 204, 200)]
) / np.float32(255)
DYES = np.float32([(150, 30, 60), (40, 90, 170), (190, 90, 160), (40, 130, 100)]) / np.float32(255)
IRISES = np.float32([(60, 36, 20), (84, 54, 28), (70, 100, 120), (84, 110, 84), (46, 30, 22)]) / np.float32(255)
# Height of the chin relative to the eyes, in mm.
_CHIN_MM = -135.0


@dataclass(frozen=True, eq=False)
class Skin:
    """A person's skin with the features of the face.

    Attributes:
        tone: (3,) RGB.
        hair: (3,) RGB of brows, beard and scalp.
        lips: how much redder lips are than skin, 0 to 1.
        brows_mm: thickness of the brows.
        beard: opacity of the beard, 0 to 1.
        scalp: opacity of the hair's color on the scalp, 0 to 1.
        back_mm: how far the hairline recedes; see `landmarks.above_hairline`.
        shift: of the noise in the skin's tone.
    """

    tone: np.ndarray
    hair: np.ndarray
    lips: float = 0.5
    brows_mm: float = 4.0
    beard: float = 0.0
    scalp: float = 0.0
    back_mm: float = 0.0
    shift: float = 0.0

    def __call__(self, points_mm: np.ndarray) -> np.ndarray:
        """See `Paint`."""
        points_mm = np.asarray(points_mm, np.float32)
        color = self.tone * (1 + np.float32(0.05) * noise(points_mm, 90, self.shift))[:, None]
        eyes = landmarks.eyes_middle()
        head = np.flatnonzero(points_mm[:, 1] > eyes[1] + _CHIN_MM)
        if len(head):
            color[head] = self._head(color[head], points_mm[head])
        return np.clip(color, 0, 1)

    def _head(self, color: np.ndarray, points_mm: np.ndarray) -> np.ndarray:
        x, y, z = (points_mm - landmarks.eyes_middle()).T
        x = np.abs(x)
        if self.scalp:
            edge = np.clip(landmarks.above_hairline(points_mm, back_mm=self.back_mm) / 8, 0, 1)
            edge *= landmarks.off_ears(points_mm) > 0
            color = _mixed(color, self.hair, self.scalp * edge)
        if self.beard:
            color = _mixed(color, self.hair, self.beard * _beard(x, y, z))
        face = z > -45
        cheeks = np.exp(-(((x - 42) / 16) ** 2) - ((y + 34) / 16) ** 2) + np.exp(
            -((x / 12) ** 2) - ((y + 38) / 10) ** 2
        )
        color = _mixed(color, self.tone * np.float32((1.0, 0.72, 0.70)), 0.35 * cheeks * face)
        color = _mixed(color, self.tone * np.float32((0.84, 0.56, 0.56)), (0.35 + 0.65 * self.lips) * _lips(x, y, z))
        brow = np.abs(y - 19 - 3.5 * np.sin((x - 12) / 13)) < self.brows_mm * np.clip((54 - x) / 20, 0.25, 1) * 0.8
        color = _mixed(color, self.hair * 0.8, 0.85 * (brow & (x > 11) & (x < 52) & face))
        socket = ((x - 33) / 18) ** 2 + ((y - 1) / 11) ** 2
        color = _mixed(color, self.tone * np.float32((0.62, 0.55, 0.55)), 0.6 * np.clip(1.4 - socket, 0, 1) * face)
        lash = (((x - 33) / 14) ** 2 + ((y - 1) / 7.5) ** 2 < 1.15) & (y > 0)
        color = _mixed(color, np.float32((0.07, 0.05, 0.05)), 0.75 * (lash & face))
        nostril = ((x - 8) / 5) ** 2 + ((y + 47.5) / 3.2) ** 2 < 1
        return _mixed(color, self.tone * 0.22, 0.85 * (nostril & face))


@dataclass(frozen=True, eq=False)
class Eyes:
    """White, iris and pupil of both eyes.

    Attributes:
        iris: (3,) RGB.
    """

    iris: np.ndarray

    def __call__(self, points_mm: np.ndarray) -> np.ndarray:
        """See `Paint`."""
        x, y, _ = (np.asarray(points_mm, np.float32) - landmarks.eyes_middle()).T
        away = np.hypot(np.abs(x) - 31, y)
        color = np.full((len(away), 3), 0.86, np.float32)
        color[away < 6.8] = self.iris
        color[away < 3.2] = 0.03
        return color


@dataclass(frozen=True, eq=False)
class Hair:
    """Hair in strands.

    Attributes:
        color: (3,) RGB.
        shift: of the noise that makes strands.
        roughness: how much strands differ.
    """

    color: np.ndarray
    shift: float = 0.0
    roughness: float = 0.3

    def __call__(self, points_mm: np.ndarray) -> np.ndarray:
        """See `Paint`."""
        # Strands are vertical and much longer than wide.
        strands = noise(np.asarray(points_mm, np.float32) * np.float32((1, 0.12, 1)), 9, self.shift)
        large = noise(points_mm, 60, self.shift + 7)
        return np.clip(self.color * (1 + self.roughness * (0.6 * strands + 0.4 * large))[:, None], 0, 1)


def skin_tone(rng: np.random.Generator) -> np.ndarray:
    """A tone (3,) RGB anywhere in the human range."""
    place = rng.uniform(0, len(SKINS) - 1)
    low = min(int(place), len(SKINS) - 2)
    tone = SKINS[low] + (place - low) * (SKINS[low + 1] - SKINS[low])
    return np.clip(tone * rng.uniform(0.93, 1.05, 3) ** (1, 0.5, 0.7), 0, 1).astype(np.float32)


def hair_color(rng: np.random.Generator, tone: np.ndarray) -> np.ndarray:
    """A color (3,) RGB: darker with darker skin, now and then gray or dyed."""
    if rng.uniform() < 0.04:
        return DYES[rng.integers(len(DYES))]
    if rng.uniform() < 0.1:
        return HAIRS[rng.integers(7, 9)]
    lightest = 7 if tone[0] > 0.8 else 3 if tone[0] > 0.65 else 2
    return (HAIRS[rng.integers(lightest)] * rng.uniform(0.85, 1.15)).astype(np.float32)


def _mixed(color: np.ndarray, other: np.ndarray, share: np.ndarray) -> np.ndarray:
    return color + np.asarray(share, np.float32)[:, None] * (np.asarray(other, np.float32) - color)


def _lips(x: np.ndarray, y: np.ndarray, z: np.ndarray) -> np.ndarray:
    arch = np.clip(1 - (x / 25) ** 2, 0, 1)
    upper = -69.5 + 8 * arch**0.7 - 2 * np.exp(-((x / 5) ** 2))
    lower = -69.5 - 10.5 * np.sqrt(arch)
    return (x < 25) & (y < upper) & (y > lower) & (z > -15)


def _beard(x: np.ndarray, y: np.ndarray, z: np.ndarray) -> np.ndarray:
    """The opacity (N,) of a beard at points."""
    # From the ear down along the cheek to the corners of the mouth, and under the nose.
    edge = np.interp(z, (-75, -60, -10, 20), (-5, -20, -48, -52))
    beard = np.clip((edge - y) / 6, 0, 1) * np.clip((y + 128) / 10, 0, 1) * (z > -78)
    # Lips are bare, and the skin next to them.
    mouth = (x / 29) ** 2 + ((y + 71) / 14) ** 2
    return beard * np.clip(4 * (mouth - 0.8), 0, 1)
