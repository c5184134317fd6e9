"""Colors of cloth: patterns, prints and stripes, looked up by position on the average body at rest."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Protocol

import numpy as np

from dome.dress import landmarks
from dome.view.surface import Paint

PATTERNS = ("plain", "hoops", "stripes", "checks", "blotches", "gradient", "halves", "sleeves")
_TILE = 64


@cache
def _noise_tile() -> np.ndarray:
    """float32 (64**3,): smooth noise that repeats, between -1 and 1."""
    waves = np.fft.rfftn(np.random.default_rng(0).normal(size=(_TILE,) * 3))
    steps = [np.fft.fftfreq(_TILE), np.fft.fftfreq(_TILE), np.fft.rfftfreq(_TILE)]
    away = np.sqrt(sum(step**2 for step in np.meshgrid(*steps, indexing="ij")))
    smooth = np.fft.irfftn(waves * np.exp(-((away * 10) ** 2)), s=(_TILE,) * 3, axes=(0, 1, 2))
    return np.clip(smooth / (2.5 * smooth.std()), -1, 1).astype(np.float32).ravel()


def noise(points_mm: np.ndarray, size_mm: float, shift: float = 0.0) -> np.ndarray:
    """Smooth noise (N,) between -1 and 1 at points (N, 3).

    Args:
        points_mm: the points.
        size_mm: width of a blotch.
        shift: selects the noise.
    """
    x, y, z = ((points_mm * np.float32(12 / size_mm) + np.float32(shift + 4096)).astype(np.int32) & (_TILE - 1)).T
    return _noise_tile()[(x * _TILE + y) * _TILE + z]


class Detail(Protocol):
    """A mark of one color on cloth."""

    color: np.ndarray

    def mask(self, points_mm: np.ndarray) -> np.ndarray:
        """Which points (N, 3) it covers, bool (N,)."""


@dataclass(frozen=True, eq=False)
class Cloth:
    """Cloth of one, two or three colors.

    Attributes:
        colors: float32 (3, 3) RGB; the first is the background.
        pattern: one of `PATTERNS`.
        period_mm: of the pattern.
        share: of the second color in stripes and hoops, from 0 to 1.
        shift: moves pattern and noise.
        fade: strength of large soft variations of brightness.
        heather: strength of fine grain.
        details: prints, stripes and seams; later ones cover earlier ones.
    """

    colors: np.ndarray
    pattern: str = "plain"
    period_mm: float = 60.0
    share: float = 0.5
    shift: float = 0.0
    fade: float = 0.06
    heather: float = 0.0
    details: tuple[Detail, ...] = ()

    def __post_init__(self) -> None:
        if self.pattern not in PATTERNS:
            raise ValueError(f"pattern is one of {', '.join(PATTERNS)}, not {self.pattern!r}; take one of them")

    def __call__(self, points_mm: np.ndarray) -> np.ndarray:
        """See `Paint`."""
        points_mm = np.asarray(points_mm, np.float32)
        if self.pattern == "plain":
            color = np.tile(self.colors[0], (len(points_mm), 1))
        elif self.pattern == "gradient":
            blend = np.clip((points_mm[:, 1:2] - (800 + 300 * np.sin(self.shift))) / (8 * self.period_mm), 0, 1)
            color = self.colors[0] + blend * (self.colors[1] - self.colors[0])
        else:
            color = self.colors[self._index(points_mm)]
        for detail in self.details:
            color[detail.mask(points_mm)] = detail.color
        shade = 1 + np.float32(self.fade) * noise(points_mm, 140, self.shift)
        if self.heather:
            shade += np.float32(self.heather) * noise(points_mm, 9, self.shift)
        return np.clip(color * shade[:, None], 0, 1)

    def _index(self, points_mm: np.ndarray) -> np.ndarray:
        """The color of each point as an index in `colors`, (N,)."""
        if self.pattern == "sleeves":
            return (landmarks.arm_share(points_mm) >= 0).astype(np.intp)
        if self.pattern == "halves":
            return (points_mm[:, 1] + self.shift * 20 < 1150).astype(np.intp)
        if self.pattern == "blotches":
            first = noise(points_mm, 2 * self.period_mm, self.shift) > 0.15
            second = noise(points_mm, 1.5 * self.period_mm, self.shift + 31) > 0.3
            return np.where(second, 2, first).astype(np.intp)
        across = self._band(points_mm[:, 0])
        if self.pattern == "stripes":
            return across.astype(np.intp)
        share = landmarks.arm_share(points_mm)
        # Hoops run around sleeves, not level through them.
        hoops = self._band(np.where(share >= 0, share * 260, points_mm[:, 1]))
        return hoops.astype(np.intp) if self.pattern == "hoops" else across.astype(np.intp) + hoops

    def _band(self, along_mm: np.ndarray) -> np.ndarray:
        turns = (along_mm + self.shift * 37) * np.float32(1 / self.period_mm)
        return turns - np.floor(turns) < self.share


@dataclass(frozen=True, eq=False)
class Layers:
    """Parts of a garment by height, such as sole, upper and collar of a shoe.

    Attributes:
        colors: (K, 3) RGB, from the bottom up.
        tops_mm: (K - 1,) heights of the boundaries.
    """

    colors: np.ndarray
    tops_mm: tuple[float, ...]

    def __call__(self, points_mm: np.ndarray) -> np.ndarray:
        """See `Paint`."""
        return self.colors[np.searchsorted(self.tops_mm, points_mm[:, 1])]


@dataclass(frozen=True, eq=False)
class Inside:
    """The inner side of cloth, which is in its own shade.

    Attributes:
        outside: the cloth.
        light: brightness relative to the outside.
    """

    outside: Paint
    light: float = 0.45

    def __call__(self, points_mm: np.ndarray) -> np.ndarray:
        """See `Paint`."""
        return self.outside(points_mm) * np.float32(self.light)
