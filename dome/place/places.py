"""The kinds of places: combinations of floors and surroundings."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from dome.place import outdoors
from dome.place.chaos import collage
from dome.place.clutter import Thing, clutter
from dome.place.floors import FLOORS, Floor, floor_of
from dome.place.shells import Ball, Box, Shell, Sky
from dome.place.studio import studio_wall
from dome.place.textures import Texture, any_color, fractal, mix, near, rgb, to_uint8
from dome.place.walls import room_walls
from dome.view.rig import MIDDLE_MM

#: The weight of each kind.
PLACES = {
    "studio": 0.07,
    "room": 0.14,
    "hall": 0.17,
    "park": 0.19,
    "field": 0.17,
    "street": 0.13,
    "plain": 0.04,
    "chaos": 0.09,
}
#: The kind of place with photographs: only a floor in front of them.
PHOTOGRAPH = "photograph"
# The largest distance of things outdoors.
_NEAR_MM = 9000.0
# The least distance of walls, which must enclose all cameras.
_WALL_MM = 2850.0


@dataclass(frozen=True, eq=False)
class Place:
    """A floor and its surroundings.

    Attributes:
        floor: at y = 0.
        shells: surrounding surfaces, from the farthest, which covers everything, to the nearest.
        things: things that stand around.
        fade_mm: distances from the middle between which the floor fades into a photograph; None without a photograph.
        tint: (3,), factors of all colors.
        contrast: factor around middle gray.
    """

    floor: Floor
    shells: tuple[Shell, ...]
    things: tuple[Thing, ...]
    fade_mm: tuple[float, float] | None
    tint: np.ndarray
    contrast: float


def place_of(rng: np.random.Generator, kind: str) -> Place:
    """Draws a place of one of `PLACES`."""
    if kind == PHOTOGRAPH:
        return _before_photograph(rng)
    makers = {
        "studio": _studio,
        "room": _room,
        "hall": _hall,
        "park": _park,
        "field": _field,
        "street": _street,
        "plain": _plain,
        "chaos": _chaos,
    }
    floor, shells, farthest_mm = makers[kind](rng)
    things = clutter(rng, int(rng.integers(0, 14)), farthest_mm) if farthest_mm else ()
    return Place(floor, shells, things, None, _tint(rng), rng.uniform(0.75, 1.2))


def _before_photograph(rng: np.random.Generator) -> Place:
    """A floor that fades into the photograph, or none."""
    kind = str(rng.choice(list(FLOORS)))
    fade = rng.uniform(2300, 3500)
    fade_mm = (fade, fade + rng.uniform(200, 2500)) if rng.uniform() < 0.6 else (0.0, 0.0)
    things = clutter(rng, int(rng.integers(0, 4)), fade) if fade_mm[1] else ()
    return Place(floor_of(rng, kind, any_color(rng), 90_000), (), things, fade_mm, np.ones(3, np.float32), 1.0)


def _tint(rng: np.random.Generator) -> np.ndarray:
    return (rng.uniform(0.7, 1.1) * rng.uniform(0.94, 1.06, 3)).astype(np.float32)


def _floor(rng: np.random.Generator, kinds: str, haze: np.ndarray, clear_mm: float) -> Floor:
    return floor_of(rng, str(rng.choice(kinds.split())), haze, clear_mm)


def _studio(rng: np.random.Generator) -> tuple:
    color = near(rng, (0.66, 0.68, 0.62), 0.07)
    floor = floor_of(rng, "concrete", color * 0.5, 40_000)
    return floor, (Ball(Texture(studio_wall(rng, color)), _WALL_MM, MIDDLE_MM),), 0.0


def _room(rng: np.random.Generator) -> tuple:
    half, height = rng.uniform(3000, 5500, 2).tolist(), rng.uniform(3500, 4600)
    floor = _floor(rng, "wood wood tiles carpet concrete mats", any_color(rng), 80_000)
    return floor, (_box(rng, half, height, hall=False),), min(half)


def _hall(rng: np.random.Generator) -> tuple:
    half, height = rng.uniform(4500, 13_000, 2).tolist(), rng.uniform(4500, 9000)
    floor = _floor(rng, "hall hall hall wood mats mats carpet track", any_color(rng), 90_000)
    return floor, (_box(rng, half, height, hall=True),), min(half)


def _box(rng: np.random.Generator, half: list[float], height: float, *, hall: bool) -> Box:
    ceiling = np.repeat(to_uint8(near(rng, (0.8, 0.8, 0.78), 0.08)[None, None]), 256, axis=0).repeat(256, axis=1)
    cv2.rectangle(ceiling, (0, 0), (255, 255), rgb(ceiling[0, 0] / 255 * 0.7), 4)
    if rng.uniform() < 0.6:
        cv2.rectangle(ceiling, (60, 100), (200, 150), (255, 255, 250), -1)
    walls = room_walls(rng, tuple(half), height, hall=hall)
    return Box(Texture(walls), Texture(ceiling, repeat_v=True), tuple(half), height, rng.uniform(0, 2 * np.pi))


def _sky(rng: np.random.Generator) -> Sky:
    blue = near(rng, (0.3, 0.5, 0.85), 0.1) if rng.uniform() < 0.65 else np.full(3, rng.uniform(0.5, 0.9))
    horizon = mix(blue, np.full(3, rng.uniform(0.75, 1.0)), rng.uniform(0.5, 0.95))
    cover = np.clip(0.5 * (fractal(rng, 1.35) + rng.uniform(-1.5, 1.5)), 0, 1)
    cover = np.repeat(cover[..., None], 3, axis=2)
    cloud = np.full(3, rng.uniform(0.75, 1.0))
    if rng.uniform() < 0.08:
        blue, horizon, cloud = blue * 0.12, horizon * 0.25, cloud * 0.2
    return Sky(horizon, blue, cloud, Texture(cover, repeat_v=True), rng.uniform(0.1, 0.4))


def _park(rng: np.random.Generator) -> tuple:
    sky = _sky(rng)
    shells = [sky, outdoors.hills(rng, sky.horizon)]
    if rng.uniform() < 0.75:
        shells.append(outdoors.woods(rng, rng.uniform(20_000, 50_000), rng.uniform(5000, 16_000)))
    if rng.uniform() < 0.5:
        shells.append(outdoors.trees(rng, rng.uniform(9000, 19_000)))
    if rng.uniform() < 0.4:
        shells.append(outdoors.woods(rng, rng.uniform(4500, 9000), rng.uniform(700, 2600)))
    _add_bystanders(rng, shells, 0.3)
    return _floor(rng, "grass grass grass dirt sand sand snow asphalt", sky.horizon, 70_000), tuple(shells), _NEAR_MM


def _field(rng: np.random.Generator) -> tuple:
    sky = _sky(rng)
    shells = [sky, outdoors.hills(rng, sky.horizon)]
    if rng.uniform() < 0.6:
        shells.append(outdoors.woods(rng, rng.uniform(30_000, 55_000), rng.uniform(5000, 14_000)))
    if rng.uniform() < 0.55:
        shells.append(outdoors.stands(rng, rng.uniform(9000, 30_000)))
    if rng.uniform() < 0.7:
        shells.append(outdoors.fence(rng, rng.uniform(4000, 14_000)))
    _add_bystanders(rng, shells, 0.5)
    return _floor(rng, "pitch pitch track track grass sand hall", sky.horizon, 90_000), tuple(shells), _NEAR_MM


def _street(rng: np.random.Generator) -> tuple:
    sky = _sky(rng)
    shells = [sky, outdoors.hills(rng, sky.horizon)]
    shells.append(outdoors.houses(rng, rng.uniform(6500, 40_000), rng.uniform(6000, 16_000)))
    if rng.uniform() < 0.4:
        shells.append(outdoors.trees(rng, rng.uniform(5000, 6400)))
    if rng.uniform() < 0.35:
        shells.append(outdoors.fence(rng, rng.uniform(3500, 6000)))
    _add_bystanders(rng, shells, 0.6)
    return (
        _floor(rng, "asphalt asphalt tiles tiles concrete concrete dirt", sky.horizon, 70_000),
        tuple(shells),
        _NEAR_MM,
    )


def _add_bystanders(rng: np.random.Generator, shells: list, chance: float) -> None:
    if rng.uniform() < chance:
        shells.append(outdoors.bystanders(rng, rng.uniform(4500, 20_000)))
    # Rings are seen from the nearest outwards; all were drawn farthest first but the sky is always behind.
    shells[1:] = sorted(shells[1:], key=lambda ring: -ring.radius_mm)


def _plain(rng: np.random.Generator) -> tuple:
    color, other = any_color(rng, 0.2, 1.0), any_color(rng, 0.2, 1.0)
    rows = np.linspace(0, 1, 256)[:, None] ** rng.uniform(0.5, 2)
    wall = mix(other, mix(color, other, 0.2 * rng.uniform()), np.repeat(rows, 256, axis=1))
    wall = wall * (1 + 0.02 * fractal(rng, 2.0, size=(256, 256))[..., None])
    floor = floor_of(rng, "plain", wall[140, 0], 4000)
    return floor, (Ball(Texture(wall), rng.uniform(_WALL_MM, 9000), MIDDLE_MM),), 0.0


def _chaos(rng: np.random.Generator) -> tuple:
    floor = floor_of(rng, "chaos" if rng.uniform() < 0.7 else str(rng.choice(list(FLOORS))), any_color(rng), 60_000)
    return floor, (Ball(Texture(collage(rng)), rng.uniform(_WALL_MM, 12_000), MIDDLE_MM),), 5000.0
