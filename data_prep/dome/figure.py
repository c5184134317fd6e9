"""A body's surface: round cones along its bones. A mesh may take its place, as long as it can be drawn."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from data_prep.dome.body import Build, Posed
from data_prep.dome.paint import Cloth, Face, Outfit, Paint, Sleeve


@dataclass(frozen=True, eq=False)
class Part:
    """A round cone: the hull of two balls, widened across.

    Attributes:
        start_mm: (3,), middle of the first ball.
        basis: (3, 3), columns are the part's x, y and z in the world; y runs from the first ball to the second.
        length_mm: between the middles; must exceed the difference of the radii.
        radii_mm: of the first and the second ball.
        widen: what the part is stretched by along x and z.
        paint: colours its surface.
    """

    start_mm: np.ndarray
    basis: np.ndarray
    length_mm: float
    radii_mm: tuple[float, float]
    widen: tuple[float, float]
    paint: Paint


def cone(
    start: np.ndarray,
    end: np.ndarray,
    radii: tuple[float, float],
    paint: Paint,
    *,
    front: np.ndarray,
    widen: tuple[float, float] = (1.0, 1.0),
) -> Part:
    """A part between two points, its z as near as can be to `front` (3,)."""
    way = end - start
    length = float(np.linalg.norm(way))
    y = way / length
    x = np.cross(y, front)
    x /= np.linalg.norm(x)
    return Part(start, np.stack([x, y, np.cross(x, y)], axis=1), length, radii, widen, paint)


def parts_of(build: Build, outfit: Outfit, posed: Posed) -> list[Part]:
    """All parts of a person in a pose, from the trunk outwards."""
    parts = _trunk(build, outfit, posed) + _head(build, outfit, posed)
    for i, side in enumerate(("left", "right")):
        parts += _arm(build, outfit, posed, side) + _leg(build, outfit, posed, side, posed.feet[i])
    return parts


def _thick(build: Build, *radii: float) -> tuple[float, ...]:
    return tuple(radius * build.girth * build.unit for radius in radii)


def _trunk(build: Build, outfit: Outfit, posed: Posed) -> list[Part]:
    shirt, trousers = outfit.shirt, outfit.trousers
    chest, pelvis, neck = posed.chest, posed.pelvis, posed["neck"]
    hips, front = posed["body_center"], chest[:, 2]
    half = 0.38 * build.hips * pelvis[:, 0]
    top = neck - 105 * build.unit * chest[:, 1]
    spread = 0.42 * (posed["left_shoulder"] - posed["right_shoulder"])
    ridge = neck + 28 * build.unit * chest[:, 1]
    return [
        cone(hips - half, hips + half, _thick(build, 96, 96), trousers, front=pelvis[:, 2]),
        cone(hips + 60 * pelvis[:, 1], posed.waist_mm, _thick(build, 98, 98), shirt, front=front, widen=(1.4, 1.0)),
        cone(posed.waist_mm, top, _thick(build, 98, 104), shirt, front=front, widen=(1.45, 1.0)),
        cone(neck - spread, neck + spread, _thick(build, 58, 58), shirt, front=front),
        cone(ridge, posed["left_shoulder"], _thick(build, 52, 50), shirt, front=front),
        cone(ridge, posed["right_shoulder"], _thick(build, 52, 50), shirt, front=front),
    ]


def _head(build: Build, outfit: Outfit, posed: Posed) -> list[Part]:
    unit, basis, middle = build.unit, posed.head, posed.head_mm
    skin = Cloth(outfit.skin, outfit.skin)

    def at(left: float, up: float, front: float) -> np.ndarray:
        return middle + basis @ (unit * np.array([left, up, front]))

    # The head's axis leans back a little, from the chin to the crown.
    chin, crown = at(0, -62, 18), at(0, 26, -6)
    face = Face(outfit.skin, outfit.hair, outfit.bald, outfit.beard, unit, 64 * unit)
    parts = [
        cone(posed["neck"] - 15 * posed.chest[:, 1], at(0, -50, -14), _thick(build, 60, 56), skin, front=basis[:, 2]),
        cone(chin, crown, (50 * unit, 82 * unit), face, front=basis[:, 2], widen=(0.9, 1.0)),
        cone(at(0, 18, 74), at(0, -16, 90), (8 * unit, 13 * unit), skin, front=basis[:, 2]),
    ]
    for sign in (1, -1):
        ends = at(sign * 73, -14, -10), at(sign * 73, 12, -12)
        parts.append(cone(*ends, (11 * unit, 15 * unit), skin, front=basis[:, 2], widen=(0.6, 1.0)))
    return parts


def _arm(build: Build, outfit: Outfit, posed: Posed, side: str) -> list[Part]:
    shoulder, elbow, wrist = (posed[f"{side}_{joint}"] for joint in ("shoulder", "elbow", "wrist"))
    skin = Cloth(outfit.skin, outfit.skin)
    cover = outfit.sleeve * build.arm
    upper = Sleeve(outfit.shirt, skin, cover)
    lower = Sleeve(outfit.shirt, skin, cover - build.upper_arm)
    # Nothing rotates a round limb about itself; any front that is not along it will do.
    front = posed.chest[:, 2] + 0.3 * posed.chest[:, 1]
    fingers = wrist + (wrist - elbow) / build.forearm * 105 * build.unit
    palm = wrist + (wrist - elbow) / build.forearm * 20 * build.unit
    return [
        cone(shoulder, elbow, _thick(build, 52, 41), upper, front=front),
        cone(elbow, wrist, _thick(build, 42, 29), lower, front=front),
        cone(palm, fingers, (36 * build.unit, 27 * build.unit), skin, front=front, widen=(0.62, 1.0)),
    ]


def _leg(build: Build, outfit: Outfit, posed: Posed, side: str, foot: np.ndarray) -> list[Part]:
    hip, knee, ankle = (posed[f"{side}_{joint}"] for joint in ("hip", "knee", "ankle"))
    skin, front = Cloth(outfit.skin, outfit.skin), foot[:, 2] + 0.2 * foot[:, 1]
    cover = outfit.trouser * build.leg
    upper = Sleeve(outfit.trousers, skin, cover)
    lower = Sleeve(outfit.trousers, skin, cover - build.thigh)
    unit, sole = build.unit, build.ankle
    heel = ankle + foot @ np.array([0, 38 * unit - sole, -32 * unit])
    toes = ankle + foot @ np.array([0, 30 * unit - sole, 135 * unit])
    calf = knee + 0.2 * (ankle - knee) - 20 * unit * foot[:, 2]
    calf_paint = Sleeve(outfit.trousers, skin, lower.cut_mm - 0.2 * build.shank)
    return [
        cone(hip, knee, _thick(build, 86, 58), upper, front=front),
        cone(knee, ankle, _thick(build, 55, 38), lower, front=front),
        cone(calf, calf + 0.22 * (ankle - knee), _thick(build, 46, 42), calf_paint, front=front),
        cone(heel, toes, (38 * unit, 30 * unit), outfit.shoes, front=foot[:, 1], widen=(1.15, 1.0)),
    ]
