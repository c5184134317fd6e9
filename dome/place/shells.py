"""The surfaces around the stage, and their intersections with rays: ball, box, rings and the sky.

Every `look` takes the camera's position (3,) in mm, unit rays float32 (h, w, 3) in the world (y down), and the angle in
radians between two neighboring rays. It returns the distance in mm along each ray (h, w), the color (h, w, 3) from 0
to 1, and the opacity (h, w) from 0 to 1.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from dome.place.textures import Texture, mix

#: The distance that represents infinity; it fits into depth images of 16-bit millimeters.
FAR_MM = 60_000.0
_TURN = np.float32(1 / (2 * np.pi))

Look = tuple[np.ndarray, np.ndarray, np.ndarray]


class Shell(Protocol):
    """A surface around the stage."""

    def look(self, center: np.ndarray, rays: np.ndarray, angle: float) -> Look:
        """Intersects rays with the surface."""


@dataclass(frozen=True, eq=False)
class Ball:
    """A dome: a sphere with the camera inside.

    Attributes:
        texture: by azimuth horizontally, and from zenith to nadir vertically.
        radius_mm: of the sphere.
        middle_mm: (3,), center of the sphere.
    """

    texture: Texture
    radius_mm: float
    middle_mm: np.ndarray

    def look(self, center: np.ndarray, rays: np.ndarray, angle: float) -> Look:
        """Intersects rays with the surface."""
        offset = (center - self.middle_mm).astype(np.float32)
        along = dot(rays, offset)
        radius = np.float32(self.radius_mm)
        distance = np.sqrt(np.maximum(along * along - offset @ offset + radius * radius, 0)) - along
        x, y, z = ((offset[i] + distance * rays[..., i]) / radius for i in range(3))
        u, v = np.arctan2(x, z) * _TURN + np.float32(0.5), np.arccos(np.clip(-y, -1, 1)) * np.float32(1 / np.pi)
        per_mm = self.texture.height / (np.pi * self.radius_mm)
        return distance, self.texture.sample(u, v, distance * np.float32(angle * per_mm)), np.ones_like(distance)


@dataclass(frozen=True, eq=False)
class Box:
    """A room: four walls and a ceiling.

    Attributes:
        walls: the four walls side by side as seen from inside, at +x, -z, -x and +z, over their whole height.
        ceiling: one tile, repeated.
        half_mm: half the room's size in x and z.
        height_mm: of the walls.
        yaw: the room's rotation about the vertical, in radians.
    """

    walls: Texture
    ceiling: Texture
    half_mm: tuple[float, float]
    height_mm: float
    yaw: float

    def look(self, center: np.ndarray, rays: np.ndarray, angle: float) -> Look:
        """Intersects rays with the surface."""
        start, (dx, dz) = turned(center, self.yaw), turned_rays(rays, self.yaw)
        half_x, half_z = (np.float32(half) for half in self.half_mm)
        with np.errstate(divide="ignore", invalid="ignore"):
            to_x = (np.copysign(half_x, dx) - start[0]) / dx
            to_z = (np.copysign(half_z, dz) - start[2]) / dz
            to_top = np.where(rays[..., 1] < 0, (-np.float32(self.height_mm) - start[1]) / rays[..., 1], np.inf)
        to_x, to_z = np.nan_to_num(to_x, nan=np.inf), np.nan_to_num(to_z, nan=np.inf)
        distance = np.minimum(np.minimum(to_x, to_z), to_top).astype(np.float32)
        x, z = start[0] + distance * dx, start[2] + distance * dz
        y = np.float32(center[1]) + distance * rays[..., 1]
        u = self._around(x, z, to_x < to_z, dx, dz)
        pixel = distance * np.float32(angle)
        per_mm = self.walls.height / self.height_mm
        color = self.walls.sample(u, 1 + y / np.float32(self.height_mm), pixel * np.float32(per_mm))
        above = to_top <= distance
        if above.any():
            tile = np.float32(1 / 2400)
            top = self.ceiling.sample(x * tile, z * tile, pixel * np.float32(self.ceiling.height * tile))
            color = np.where(above[..., None], top, color)
        return distance, color, np.ones_like(distance)

    def _around(self, x: np.ndarray, z: np.ndarray, at_x: np.ndarray, dx: np.ndarray, dz: np.ndarray) -> np.ndarray:
        """The position of points along the walls, from 0 to 1 for the whole perimeter."""
        half_x, half_z = self.half_mm
        on_x = np.where(dx > 0, half_z - z, 3 * half_z + 2 * half_x + z)
        on_z = np.where(dz > 0, 4 * half_z + 3 * half_x + x, 2 * half_z + half_x - x)
        return (np.where(at_x, on_x, on_z) / (4 * (half_x + half_z))).astype(np.float32)


@dataclass(frozen=True, eq=False)
class Ring:
    """An upright cylinder around the stage, partly transparent: trees, houses, a fence.

    Attributes:
        texture: RGBA, repeated around; its lower edge is on the floor.
        radius_mm: of the cylinder.
        height_mm: of the texture.
        repeats: how often the texture goes around.
    """

    texture: Texture
    radius_mm: float
    height_mm: float
    repeats: int = 1

    def look(self, center: np.ndarray, rays: np.ndarray, angle: float) -> Look:
        """Intersects rays with the surface."""
        dx, dy, dz = rays[..., 0], rays[..., 1], rays[..., 2]
        cx, cy, cz = (np.float32(value) for value in center)
        flat = np.maximum(dx * dx + dz * dz, np.float32(1e-9))
        half_b = (cx * dx + cz * dz) / flat
        c = (cx * cx + cz * cz - np.float32(self.radius_mm) ** 2) / flat
        distance = np.sqrt(np.maximum(half_b * half_b - c, 0)) - half_b
        v = 1 + (cy + distance * dy) / np.float32(self.height_mm)
        alpha = ((v >= 0) & (v <= 1)).astype(np.float32)
        if not alpha.any():
            return distance, np.zeros_like(rays), alpha
        u = np.arctan2(cx + distance * dx, cz + distance * dz) * _TURN * np.float32(self.repeats)
        per_mm = self.texture.height / self.height_mm
        painted = self.texture.sample(u, v, distance * np.float32(angle * per_mm))
        return distance, painted[..., :3], alpha * painted[..., 3]


@dataclass(frozen=True, eq=False)
class Sky:
    """The sky: a gradient from the horizon to the zenith, with clouds on a plane far up.

    Attributes:
        horizon: color (3,).
        zenith: color (3,).
        cloud: color (3,).
        cover: RGB; red is the cloud cover.
        height: of the clouds; the lower, the larger they look.
    """

    horizon: np.ndarray
    zenith: np.ndarray
    cloud: np.ndarray
    cover: Texture
    height: float

    def look(self, center: np.ndarray, rays: np.ndarray, angle: float) -> Look:
        """Intersects rays with the surface."""
        up = np.maximum(-rays[..., 1], 0)
        color = mix(self.horizon, self.zenith, 1 - (1 - np.minimum(up, 1)) ** 4)
        rise = up + np.float32(0.06)
        scale = np.float32(self.height) / rise
        texels = np.float32(angle * self.cover.height) * scale / np.sqrt(rise)
        clouds = self.cover.sample(rays[..., 0] * scale, rays[..., 2] * scale, texels)[..., 0]
        color = mix(color, self.cloud, clouds * np.clip(up * 8, 0, 1))
        return np.full(up.shape, np.float32(FAR_MM)), color, np.ones_like(up)


def turned(point: np.ndarray, yaw: float) -> np.ndarray:
    """A point (3,) in axes rotated about the vertical."""
    sin, cos = np.sin(yaw), np.cos(yaw)
    return np.array([cos * point[0] - sin * point[2], point[1], sin * point[0] + cos * point[2]], np.float32)


def turned_rays(rays: np.ndarray, yaw: float) -> tuple[np.ndarray, np.ndarray]:
    """The x and z (h, w) of rays in axes rotated about the vertical."""
    sin, cos = np.float32(np.sin(yaw)), np.float32(np.cos(yaw))
    return cos * rays[..., 0] - sin * rays[..., 2], sin * rays[..., 0] + cos * rays[..., 2]


def dot(rays: np.ndarray, vector: np.ndarray) -> np.ndarray:
    """Dot product of vectors (..., 3) with a vector (3,); unlike BLAS, rounded equally on any number of cores."""
    return rays[..., 0] * vector[0] + rays[..., 1] * vector[1] + rays[..., 2] * vector[2]
