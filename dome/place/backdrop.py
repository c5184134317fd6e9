"""The background of the dome's people: a place, the same for all cameras of a sequence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from dome.place.photographs import Photographs
from dome.place.places import PHOTOGRAPH, PLACES, place_of
from dome.place.shells import FAR_MM
from dome.place.textures import mix

# Images are drawn in tiles of this many pixels a side, which fit into the processor's cache.
_SQUARE = 128


@dataclass(frozen=True, eq=False)
class Scene:
    """A camera's empty view.

    Attributes:
        picture: float32 RGB (H, W, 3) from 0 to 1.
        floor_mm: float32 (H, W, 2), world x and z of the floor at each pixel; NaN where something else is visible.
        distance_mm: float32 (H, W), along the pixel's ray to the visible surface; at most `FAR_MM`, as for the sky.
    """

    picture: np.ndarray
    floor_mm: np.ndarray
    distance_mm: np.ndarray


class Backdrop:
    """A place with random kind, colors and textures. Everything not at infinity is consistent in 3D between cameras.

    Attributes:
        kind: of place, one of `PLACES`, or `PHOTOGRAPH`.
        skipped: photographs that could not be read, and why.
    """

    def __init__(self, rng: np.random.Generator, photographs: Sequence[Path] = (), *, kind: str | None = None) -> None:
        """Draws a place.

        Args:
            rng: the random generator.
            photographs: image files. If any are given, each camera has one of them behind the stage.
            kind: of place, random by default.

        Raises:
            ValueError: there is no such kind, or none of the photographs can be read.
        """
        self.photographs = Photographs(rng, photographs) if len(photographs) else None
        if kind is not None and self.photographs:
            raise ValueError(f"photographs make a kind of place of their own, got kind = {kind!r} too; leave one out")
        if self.photographs:
            kind = PHOTOGRAPH
        elif kind is None:
            kind = kind_of_place(rng)
        elif kind not in PLACES:
            raise ValueError(f"kind must be one of {', '.join(PLACES)}, got {kind!r}; leave it out to have one drawn")
        self.kind = kind
        self.skipped = self.photographs.skipped if self.photographs else []
        self.place = place_of(rng, kind)

    def seen_from(self, center_mm: np.ndarray, rays: np.ndarray) -> Scene:
        """Draws the empty place.

        Args:
            center_mm: (3,), the camera's position in the world (y down, the floor is y = 0), inside the dome.
            rays: float32 (H, W, 3), unit directions of the pixels in the world.
        """
        center, rays = np.asarray(center_mm, np.float64), np.asarray(rays, np.float32)
        height, width, _ = rays.shape
        angle = pixel_angle(rays)
        if self.photographs:
            picture = self.photographs.behind(center, (height, width))
        else:
            picture = np.empty((height, width, 3), np.float32)
        floor = np.full((height, width, 2), np.nan, np.float32)
        distance = np.full((height, width), FAR_MM, np.float32)
        for top in range(0, height, _SQUARE):
            for left in range(0, width, _SQUARE):
                part = np.s_[top : top + _SQUARE, left : left + _SQUARE]
                self._draw(center, rays[part], angle, picture[part], floor[part], distance[part])
        for thing in self.place.things:
            thing.draw(center, rays, angle, picture, floor, distance)
        picture -= np.float32(0.5)
        picture *= np.float32(self.place.contrast)
        picture += np.float32(0.5)
        picture *= self.place.tint
        return Scene(np.clip(picture, 0, 1, out=picture), floor, distance)

    def _draw(
        self,
        center: np.ndarray,
        rays: np.ndarray,
        angle: float,
        picture: np.ndarray,
        floor: np.ndarray,
        seen: np.ndarray,
    ) -> None:
        """Fills a tile of the image, of the floor's points and of the distances."""
        with np.errstate(divide="ignore"):
            to_floor = np.where(rays[..., 1] > 0, -np.float32(center[1]) / rays[..., 1], np.float32(np.inf))
        if self.place.shells:
            seen[:], picture[:], _ = self.place.shells[0].look(center, rays, angle)
        on_floor = to_floor < seen
        if on_floor.any():
            self._lay_floor(center, rays, angle, np.where(on_floor, to_floor, FAR_MM), picture, floor, seen)
        for shell in self.place.shells[1:]:
            distance, color, alpha = shell.look(center, rays, angle)
            alpha = alpha * (distance < to_floor)
            picture[:] = mix(picture, color, alpha)
            solid = alpha > 0.5
            seen[solid] = distance[solid]
            floor[solid] = np.nan

    def _lay_floor(
        self,
        center: np.ndarray,
        rays: np.ndarray,
        angle: float,
        to_floor: np.ndarray,
        picture: np.ndarray,
        floor: np.ndarray,
        seen: np.ndarray,
    ) -> None:
        x, z = (np.float32(center[i]) + to_floor * rays[..., i] for i in (0, 2))
        # A pixel covers a long and narrow piece of floor; the mean of its two sides blurs neither too much.
        pixel = to_floor * np.float32(angle) / np.sqrt(np.maximum(rays[..., 1], np.float32(0.02)))
        alpha = (to_floor < seen).astype(np.float32)
        if self.place.fade_mm:
            start, end = self.place.fade_mm
            alpha *= np.clip((end - np.hypot(x, z)) / max(end - start, 1.0), 0, 1)
        picture[:] = mix(picture, self.place.floor.color(x, z, to_floor, pixel), alpha)
        solid = alpha > 0.5
        floor[solid] = np.stack([x, z], axis=-1)[solid]
        seen[solid] = to_floor[solid]


def kind_of_place(rng: np.random.Generator) -> str:
    """Draws one of `PLACES` by their weights."""
    return str(rng.choice(list(PLACES), p=list(PLACES.values())))


def pixel_angle(rays: np.ndarray) -> float:
    """The angle in radians between two neighboring rays in the middle of (H, W, 3); 0 if there is only one."""
    row, column = rays.shape[0] // 2, rays.shape[1] // 2
    if rays.shape[1] < 2:
        return 0.0
    return float(np.linalg.norm(rays[row, column] - rays[row, column - 1]))
