"""The solids of things; each function makes one thing."""

from __future__ import annotations

import numpy as np

from dome.place.solids import Solid, blob, block
from dome.place.textures import any_color, near, skin_or_cloth


def bench(rng: np.random.Generator) -> list[Solid]:
    """A bench or a table."""
    wood, leg = near(rng, (0.6, 0.42, 0.25), 0.12), any_color(rng, 0.1, 0.7)
    long, high, deep = rng.uniform(900, 3000), rng.uniform(350, 850), rng.uniform(280, 800)
    sides = [block(side * long * 0.42, 0, 0, 60, high, deep * 0.9, leg) for side in (-1, 1)]
    back = [block(0, high + 150, deep / 2, long, 250, 30, wood)] if rng.uniform() < 0.3 else []
    return [block(0, high, 0, long, 50, deep, wood, wood * rng.uniform(0.8, 1)), *sides, *back]


def crates(rng: np.random.Generator) -> list[Solid]:
    """Boxes beside and on top of one another: a vaulting box, a wall to climb on, parcels."""
    parts, low, color = [], 0.0, any_color(rng)
    width, deep = rng.uniform(300, 2400), rng.uniform(300, 1000)
    for _ in range(int(rng.integers(1, 5))):
        high = rng.uniform(150, 600)
        parts.append(block(0, low, 0, width, high, deep, near(rng, tuple(color), 0.05), color))
        low, width, deep = low + high, width * rng.uniform(0.75, 1), deep * rng.uniform(0.75, 1)
    return parts


def gate(rng: np.random.Generator) -> list[Solid]:
    """Two posts and a bar: a goal, a high bar, a hurdle, a railing."""
    color, other = any_color(rng), any_color(rng, 0.5, 0.98)
    wide, high, thick = rng.uniform(700, 3500), rng.uniform(700, 2600), rng.uniform(30, 130)
    posts = [block(side * wide / 2, 0, 0, thick, high, thick, color, other) for side in (-1, 1)]
    bars = [block(0, up, 0, wide, thick, thick * 0.8, color, other) for up in (high, high * rng.uniform(0.2, 0.8))]
    return posts + bars[: int(rng.integers(1, 3))]


def post(rng: np.random.Generator) -> list[Solid]:
    """A pole, a pillar or a lamp, some with a sign or a lamp's head on it."""
    high, thick, color = rng.uniform(1200, 5000), rng.uniform(40, 350), any_color(rng)
    head = rng.uniform(200, 900)
    sign = [block(0, high, 0, head, head * rng.uniform(0.3, 1.2), 60, any_color(rng), any_color(rng))]
    return [block(0, 0, 0, thick, high, thick, color), *(sign if rng.uniform() < 0.5 else [])]


def balls(rng: np.random.Generator) -> list[Solid]:
    """One ball or several, from a tennis ball to a gymnast's."""
    parts = []
    for _ in range(int(rng.integers(1, 5))):
        wide = rng.choice([70, 220, 240, 650, 900])
        x, z = rng.normal(0, 500, 2)
        parts.append(blob(x, 0, z, wide, wide, wide, any_color(rng), any_color(rng)))
    return parts


def mat(rng: np.random.Generator) -> list[Solid]:
    """A crash mat or a platform."""
    color = any_color(rng, 0.2, 0.9)
    return [block(0, 0, 0, rng.uniform(1200, 3500), rng.uniform(60, 700), rng.uniform(900, 2000), color, color * 0.85)]


def bush(rng: np.random.Generator) -> list[Solid]:
    """A plant in a pot, or a bush."""
    leaf = rng.uniform(0.2, 0.6) * np.array([rng.uniform(0.4, 1.2), 1.0, rng.uniform(0.2, 0.6)])
    pot, wide = rng.uniform(250, 600), rng.uniform(300, 1200)
    parts = [block(0, 0, 0, pot, pot, pot, any_color(rng))] if rng.uniform() < 0.5 else []
    for _ in range(int(rng.integers(6, 18))):
        x, z = rng.normal(0, wide * 0.3, 2)
        size = wide * rng.uniform(0.2, 0.6)
        low = (pot if parts else 0) + rng.uniform(0, wide)
        parts.append(blob(x, low, z, size, size, size, near(rng, tuple(leaf), 0.12), near(rng, tuple(leaf), 0.12)))
    return parts


def decoy(rng: np.random.Generator) -> list[Solid]:
    """Upright blobs in people's colors, without limbs."""
    parts, low = [], 0.0
    for _ in range(int(rng.integers(1, 5))):
        high, wide = rng.uniform(200, 800), rng.uniform(120, 450)
        make = blob if rng.uniform() < 0.6 else block
        parts.append(make(rng.normal(0, 60), low, 0, wide, high, wide, skin_or_cloth(rng), skin_or_cloth(rng)))
        low += high * rng.uniform(0.8, 1.0)
    return parts


def beam(rng: np.random.Generator) -> list[Solid]:
    """A pommel horse or a balance beam: a long body on legs."""
    high, long, thick = rng.uniform(900, 1400), rng.uniform(1200, 4500), rng.uniform(100, 400)
    leather, leg = near(rng, (0.55, 0.38, 0.25), 0.12), any_color(rng, 0.2, 0.8)
    legs = [block(side * long * 0.35, 0, 0, 90, high, thick * 1.3, leg) for side in (-1, 1)]
    return [block(0, high, 0, long, thick, thick, leather, leather), *legs]


#: All of them.
KINDS = (bench, crates, gate, post, balls, mat, bush, decoy, beam)
