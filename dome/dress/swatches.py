"""Random colors and patterns of clothes: plain and dull as often as bright."""

from __future__ import annotations

import colorsys
from collections.abc import Sequence

import numpy as np

from dome.dress.paint import Cloth, Detail, Layers
from dome.dress.prints import Cuffs, Number, Patch, SideStripe

_NEUTRALS = np.float32(
    [(24, 24, 26), (40, 42, 46), (70, 72, 76), (128, 128, 128), (190, 190, 188), (240, 240, 238), (245, 245, 245)]
    + [(24, 32, 58), (40, 56, 96), (78, 100, 138), (196, 180, 150), (120, 100, 72), (82, 86, 58), (94, 44, 48)]
) / np.float32(255)
_PATTERNS = ("plain",) * 11 + ("hoops", "stripes", "checks", "blotches", "gradient", "halves", "sleeves", "sleeves")


def neutral(rng: np.random.Generator) -> np.ndarray:
    """Black, gray, white, navy, denim, beige, olive..., (3,) RGB."""
    return np.clip(_NEUTRALS[rng.integers(len(_NEUTRALS))] * rng.uniform(0.9, 1.08), 0, 1).astype(np.float32)


def bright(rng: np.random.Generator) -> np.ndarray:
    """A color of any hue, (3,) RGB."""
    color = colorsys.hsv_to_rgb(rng.uniform(), rng.uniform(0.45, 0.95), rng.uniform(0.35, 0.95))
    return np.array(color, np.float32)


def any_color(rng: np.random.Generator, brightness: float = 0.45) -> np.ndarray:
    """A color (3,) RGB, `bright` with some chance, `neutral` otherwise."""
    return bright(rng) if rng.uniform() < brightness else neutral(rng)


def cloth(
    rng: np.random.Generator,
    *,
    patterns: Sequence[str] = _PATTERNS,
    brightness: float = 0.45,
    details: Sequence[Detail] = (),
) -> Cloth:
    """Cloth for a garment.

    Args:
        rng: the random generator.
        patterns: the patterns to choose from.
        brightness: probability of a bright color.
        details: prints and stripes on it.
    """
    pattern = str(rng.choice(patterns))
    if pattern == "blotches":
        brightness *= 0.3
    ground = any_color(rng, brightness)
    # Colors of one cloth are different, or shades of one.
    others = [any_color(rng, brightness) if rng.uniform() < 0.7 else ground * rng.uniform(0.55, 0.8) for _ in range(2)]
    return Cloth(
        colors=np.stack([ground, *others]).astype(np.float32),
        pattern=pattern,
        period_mm=float(np.exp(rng.uniform(np.log(18), np.log(140))))
        if pattern != "blotches"
        else rng.uniform(40, 110),
        share=float(rng.uniform(0.25, 0.6)),
        shift=float(rng.uniform(0, 64)),
        fade=float(rng.uniform(0.02, 0.1)),
        heather=float(rng.choice([0, 0, 0.03, 0.07])),
        details=tuple(details),
    )


def shirt_details(rng: np.random.Generator, sleeve: float, chance: float = 0.5) -> list[Detail]:
    """Prints, numbers and cuffs of a shirt."""
    details: list[Detail] = []
    if rng.uniform() > chance:
        return details
    color = any_color(rng)
    kind = rng.uniform()
    if kind < 0.3:
        digits = tuple(int(digit) for digit in str(rng.integers(1, 100)))
        height = rng.uniform(160, 240)
        details.append(Number(color, digits, height, (0, 1270), False))
        if rng.uniform() < 0.6:
            details.append(Number(color, digits, height * 0.6, (0, 1230), True))
    elif kind < 0.55:
        details.append(Patch(color, (rng.choice([-80, 80]), 1300), (rng.uniform(25, 60), rng.uniform(20, 50))))
    elif kind < 0.75:
        size = (rng.uniform(100, 230), rng.uniform(50, 220))
        details.append(Patch(color, (0, rng.uniform(1200, 1270)), size, bool(rng.uniform() < 0.75)))
    elif kind < 0.85:
        # A runner's number on white.
        details += [Patch(np.float32((0.95, 0.95, 0.95)), (0, 1170), (230, 170))]
        details += [Number(np.float32((0.05, 0.05, 0.05)), tuple(rng.integers(0, 10, 3)), 100, (0, 1170), True)]
    if sleeve > 0.3 and rng.uniform() < 0.4:
        details.append(Cuffs(color, arm=sleeve - rng.uniform(0.08, 0.2)))
    return details


def trouser_details(rng: np.random.Generator, leg: float, chance: float = 0.35) -> list[Detail]:
    """Side stripes and cuffs of trousers."""
    details: list[Detail] = []
    if rng.uniform() < chance:
        details.append(SideStripe(any_color(rng), rng.uniform(10, 35), int(rng.choice([1, 1, 2, 3]))))
    if rng.uniform() < 0.15:
        details.append(Cuffs(any_color(rng), leg=leg - 0.08))
    return details


def shoe_paint(rng: np.random.Generator, collar_mm: float) -> Layers:
    """Sole, upper, and sometimes the collar of another color."""
    upper = any_color(rng, 0.35)
    sole = np.full(3, rng.choice([0.93, 0.9, 0.12, 0.6]), np.float32)
    collar = any_color(rng, 0.3) if rng.uniform() < 0.4 else upper
    return Layers(np.stack([sole, upper, collar]).astype(np.float32), (rng.uniform(15, 26), 0.75 * collar_mm))
