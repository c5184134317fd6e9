"""Things around the stage: benches, boxes, posts, balls, gym apparatus, and decoys in people's colors.

They stand outside the circle of the cameras, so that they are behind everybody on the stage for every camera.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from dome.place.shells import turned, turned_rays
from dome.place.solids import Rays, Solid
from dome.place.things import KINDS

#: The least distance of things from the middle of the stage; the cameras are nearer.
INNER_MM = 2900.0
# Samples per pixel and axis for things, unless they fill the image.
_SAMPLES, _MOST_PIXELS = 2, 60_000
# Spacing in px of the rays that are tried to find a thing in the image.
_STEP = 8
# How far beyond a solid its shadow on the floor extends, and up to which height of its foot it has one.
_SHADOW_MM, _LIFTED_MM = 420.0, 600.0

Window = tuple[slice, slice]


@dataclass(frozen=True, eq=False)
class Thing:
    """Solids that stand together on the floor.

    Attributes:
        foot_mm: (3,), its position in the world, y = 0.
        yaw: its rotation about the vertical, in radians.
        solids: its parts.
        light: (3,), unit vector toward the light, in its own axes.
    """

    foot_mm: np.ndarray
    yaw: float
    solids: tuple[Solid, ...]
    light: np.ndarray

    @property
    def reach_mm(self) -> float:
        """The largest distance of its parts from its foot."""
        return max(float(np.linalg.norm(np.abs(solid.middle_mm) + solid.half_mm)) for solid in self.solids)

    def draw(
        self,
        center: np.ndarray,
        rays: np.ndarray,
        angle: float,
        picture: np.ndarray,
        floor: np.ndarray,
        distance: np.ndarray,
    ) -> None:
        """Draws it where it is nearer than what is drawn there, unless it is between the camera and the stage.

        Args:
            center: (3,), the camera's position.
            rays: float32 (H, W, 3), unit rays in the world.
            angle: between two neighboring rays, in radians.
            picture: float32 (H, W, 3), changed in place.
            floor: float32 (H, W, 2), the floor's points, changed in place.
            distance: float32 (H, W), to the visible surface, changed in place.
        """
        ahead = self.foot_mm[0] * center[0] + self.foot_mm[2] * center[2] <= 0
        if not ahead and np.hypot(center[0], center[2]) > np.linalg.norm(self.foot_mm) - self.reach_mm:
            return
        start = turned(center - self.foot_mm, self.yaw)
        tried, shape = self._turned(rays[::_STEP, ::_STEP]), distance.shape
        # Enlarged by the spacing, so that a tried ray hits it wherever it is visible.
        grown = _STEP * angle * float(np.linalg.norm(start))
        found = [(solid, _window(solid.meet(start, tried, grown), shape)) for solid in self.solids]
        found = [(solid, window) for solid, window in found if window]
        for solid in self.solids:
            if -solid.middle_mm[1] - solid.half_mm[1] < _LIFTED_MM:
                window = _window(solid.meet(start, tried, _SHADOW_MM), shape)
                if window:
                    self._shadow(solid, picture[window], floor[window])
        if found:
            self._blend(start, rays, found, picture, floor, distance)

    def _turned(self, rays: np.ndarray) -> Rays:
        dx, dz = turned_rays(rays, self.yaw)
        return dx, np.ascontiguousarray(rays[..., 1]), dz

    def _blend(
        self,
        start: np.ndarray,
        rays: np.ndarray,
        found: list[tuple[Solid, Window]],
        picture: np.ndarray,
        floor: np.ndarray,
        distance: np.ndarray,
    ) -> None:
        """Draws the solids, each in its window."""
        rows, columns = (_joined([window[axis] for _, window in found]) for axis in (0, 1))
        picture, floor, distance = picture[rows, columns], floor[rows, columns], distance[rows, columns]
        samples = _SAMPLES if distance.size < _MOST_PIXELS else 1
        rays = cv2.resize(rays[rows, columns], None, fx=samples, fy=samples, interpolation=cv2.INTER_LINEAR)
        rays = self._turned(rays)
        away = distance.repeat(samples, axis=0).repeat(samples, axis=1)
        color = np.zeros((*away.shape, 4), np.float32)
        for solid, (high, wide) in found:
            # The solid's window relative to that of the whole thing.
            window = tuple(
                slice(samples * (part.start - whole.start), samples * (part.stop - whole.start))
                for part, whole in ((high, rows), (wide, columns))
            )
            part = tuple(ray[window] for ray in rays)
            met = solid.meet(start, part)
            hit = met < away[window]
            points = start + np.stack([ray[hit] for ray in part], axis=-1) * met[hit][:, None]
            away[window][hit] = met[hit]
            color[window][hit] = np.insert(solid.color(points, self.light), 3, 1, axis=1)
        color = cv2.resize(color, distance.shape[::-1], interpolation=cv2.INTER_AREA)
        picture[:] = picture * (1 - color[..., 3:]) + color[..., :3]
        height, width = distance.shape
        nearest = away.reshape(height, samples, width, samples).min(axis=(1, 3))
        solid = color[..., 3] > 0.5
        distance[solid] = nearest[solid]
        floor[solid] = np.nan

    def _shadow(self, solid: Solid, picture: np.ndarray, floor: np.ndarray) -> None:
        """Darkens the floor beneath a solid, softly."""
        sin, cos = np.float32(np.sin(self.yaw)), np.float32(np.cos(self.yaw))
        x, z = floor[..., 0] - np.float32(self.foot_mm[0]), floor[..., 1] - np.float32(self.foot_mm[2])
        (middle_x, _, middle_z), (half_x, _, half_z) = (
            pair.astype(np.float32) for pair in (solid.middle_mm, solid.half_mm)
        )
        u = np.maximum(np.abs(cos * x - sin * z - middle_x) - half_x, 0)
        v = np.maximum(np.abs(sin * x + cos * z - middle_z) - half_z, 0)
        dark = np.float32(0.35) * np.exp(-np.sqrt(u * u + v * v) * np.float32(1 / 100))
        picture *= (1 - np.nan_to_num(dark))[..., None]


def _window(met: np.ndarray, shape: tuple[int, int]) -> Window | None:
    """The part of an image where rays, tried every few pixels, hit something, enlarged by one step."""
    finite = np.isfinite(met)
    if not finite.any():
        return None
    ends = [np.flatnonzero(finite.any(axis=axis))[[0, -1]] for axis in (1, 0)]
    return tuple(
        slice(max(0, _STEP * (int(first) - 1)), min(length, _STEP * (int(last) + 1)))
        for (first, last), length in zip(ends, shape, strict=True)
    )


def _joined(slices: list[slice]) -> slice:
    return slice(min(part.start for part in slices), max(part.stop for part in slices))


def clutter(rng: np.random.Generator, count: int, farthest_mm: float) -> tuple[Thing, ...]:
    """Draws things between the circle of the cameras and a distance from the middle."""
    things = []
    for _ in range(count):
        solids = tuple(KINDS[rng.integers(len(KINDS))](rng))
        azimuth, yaw = rng.uniform(0, 2 * np.pi, 2)
        light = turned(np.array([0.6, -0.6, 0.53]), yaw)
        reach_mm = Thing(np.zeros(3), yaw, solids, light).reach_mm
        radius = INNER_MM + reach_mm + rng.uniform() ** 2 * max(farthest_mm - INNER_MM, 0)
        foot_mm = np.array([radius * np.sin(azimuth), 0.0, radius * np.cos(azimuth)])
        things.append(Thing(foot_mm, yaw, solids, light))
    return tuple(things)
