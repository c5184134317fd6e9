"""Colours of the dome's people: clothes, skin, faces. Everything maps points of a part to RGB from 0 to 1."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

_SKINS = np.array([(241, 205, 178), (224, 172, 138), (198, 134, 94), (141, 85, 54), (92, 57, 38)]) / 255
_HAIRS = np.array([(28, 22, 20), (58, 38, 26), (104, 70, 40), (176, 138, 82), (140, 138, 136), (120, 52, 28)]) / 255
_PATTERNS = ("plain", "plain", "stripes", "hoops", "checks")


class Paint(Protocol):
    """Colours a part's surface."""

    def __call__(self, points_mm: np.ndarray) -> np.ndarray:
        """Points (N, 3) in the part's own axes, y along it -> RGB (N, 3)."""


@dataclass(frozen=True, eq=False)
class Cloth:
    """One colour, or two in a pattern.

    Attributes:
        color: (3,) RGB.
        second: (3,) RGB.
        pattern: "plain", "stripes" along the part, "hoops" around it, or "checks".
        period_mm: of the pattern.
    """

    color: np.ndarray
    second: np.ndarray
    pattern: str = "plain"
    period_mm: float = 80.0

    def __call__(self, points_mm: np.ndarray) -> np.ndarray:
        """See `Paint`."""
        if self.pattern == "plain":
            return np.broadcast_to(self.color, points_mm.shape)
        waves = np.sin(points_mm * (2 * np.pi / self.period_mm)) > 0
        stripes, hoops = waves[:, 0], waves[:, 1]
        second = {"stripes": stripes, "hoops": hoops, "checks": stripes != hoops}[self.pattern]
        return np.where(second[:, None], self.second, self.color)


@dataclass(frozen=True, eq=False)
class Sleeve:
    """One paint up to a place along the part, another beyond.

    Attributes:
        upper: the paint before.
        lower: the paint beyond.
        cut_mm: the place.
    """

    upper: Paint
    lower: Paint
    cut_mm: float

    def __call__(self, points_mm: np.ndarray) -> np.ndarray:
        """See `Paint`."""
        return np.where(points_mm[:, 1:2] < self.cut_mm, self.upper(points_mm), self.lower(points_mm))


@dataclass(frozen=True, eq=False)
class Face:
    """Skin, hair, brows, eyes and mouth, so that one sees which way a head looks.

    Attributes:
        skin: (3,) RGB.
        hair: (3,) RGB.
        bald: whether there is no hair.
        beard: whether there is one.
        unit: the head's size, 1 on average.
        middle_mm: height of the head's middle along the part.
    """

    skin: np.ndarray
    hair: np.ndarray
    bald: bool
    beard: bool
    unit: float
    middle_mm: float

    def __call__(self, points_mm: np.ndarray) -> np.ndarray:
        """See `Paint`; x is the head's left, z its front."""
        left, up, front = (points_mm - [0, self.middle_mm, 0]).T / self.unit
        color = np.broadcast_to(self.skin, points_mm.shape).copy()
        ahead = front > 0
        color[ahead & (np.abs(up + 52) < 5) & (np.abs(left) < 24)] = self.skin * (0.75, 0.4, 0.4)
        if self.beard:
            color[ahead & (up < -34) & ((np.abs(up + 52) > 6) | (np.abs(left) > 22))] = self.hair * 0.9
        eye = ((np.abs(left) - 32) / 14) ** 2 + ((up - 22) / 8) ** 2
        color[ahead & (eye < 1)] = 0.92
        color[ahead & (np.hypot(np.abs(left) - 32, up - 22) < 7)] = 0.08
        color[ahead & (np.abs(up - 40) < 4) & (np.abs(np.abs(left) - 32) < 19)] = self.hair * 0.6
        if not self.bald:
            color[up > 64 - np.clip(62 - front, 0, 120)] = self.hair
        return color


@dataclass(frozen=True, eq=False)
class Outfit:
    """What one person wears and looks like.

    Attributes:
        skin: (3,) RGB.
        hair: (3,) RGB.
        bald: whether there is no hair.
        beard: whether there is one.
        shirt: of the trunk and the sleeves.
        trousers: of the pelvis and the legs.
        shoes: of the feet.
        sleeve: share of the arm that the shirt covers.
        trouser: share of the leg that the trousers cover.
    """

    skin: np.ndarray
    hair: np.ndarray
    bald: bool
    beard: bool
    shirt: Cloth
    trousers: Cloth
    shoes: Cloth
    sleeve: float
    trouser: float

    @classmethod
    def random(cls, rng: np.random.Generator) -> Outfit:
        """Draws an outfit."""
        skin = _SKINS[rng.integers(len(_SKINS))] * rng.uniform(0.92, 1.05)
        return cls(
            skin=np.minimum(skin, 1),
            hair=_HAIRS[rng.integers(len(_HAIRS))],
            bald=bool(rng.uniform() < 0.1),
            beard=bool(rng.uniform() < 0.2),
            shirt=_cloth(rng, str(rng.choice(_PATTERNS))),
            trousers=_cloth(rng, "plain", dark=0.65),
            shoes=_cloth(rng, "plain", dark=0.6),
            sleeve=float(rng.choice([0.25, 0.3, 0.95])),
            trouser=float(rng.choice([0.5, 0.97, 0.97])),
        )


def _cloth(rng: np.random.Generator, pattern: str, dark: float = 1.0) -> Cloth:
    """Colours are greys and whites as often as hues, as clothes are."""
    colors = [_muted(rng) * dark for _ in range(2)]
    return Cloth(colors[0], colors[1], pattern, rng.uniform(50, 130))


def _muted(rng: np.random.Generator) -> np.ndarray:
    grey = rng.uniform(0.08, 0.95)
    return np.clip(grey + rng.uniform(0, 0.45) * (rng.uniform(-1, 1, 3)), 0.03, 0.97)
