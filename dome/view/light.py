"""The light on the dome's people, and their shadows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from dome.view.crowd import Crowd
from dome.view.surface import Surface
from pose import Camera
from pose.space.raster import Window, draw_depth, unit

# So far away that its light is nearly parallel over a few meters.
_SUN_MM = 60_000.0
# The most cells on a shadow map's longer side, and their least size.
_CELLS = 800
_FINEST_MM = 3.0
# The largest distance of shadows from the people who cast them.
_REACH_MM = 5000.0
# Points are not shadowed by surfaces nearer than this: their own skin, or cloth on it.
_BIAS_MM = 12.0
_LIFT_MM = 12.0
# The least softness of shadow edges on bodies: they are lit at vertices, so sharper edges would show triangles.
_FINEST_EDGE_MM = 12.0
# Surfaces nearer below a lamp than this cast no shadow.
_UNDER_LAMP_MM = 200.0
# Ambient occlusion where a body is near the floor.
_CONTACT_CELL_MM = 30.0
_CONTACT_MM = 130.0
_CONTACT_MARGIN_MM = 500.0
_CONTACT_STRENGTH = 0.75


@dataclass(frozen=True, eq=False)
class Light:
    """One lamp or the sun, and ambient light. Brightness is linear: 1 shows a surface in its own color.

    Attributes:
        place_mm: (3,), position of the lamp in the world (y down), above all people.
        direct: (3,) RGB, on a surface that faces the lamp.
        sky: (3,) RGB, ambient light on a surface that faces up.
        ground: (3,) RGB, ambient light on a surface that faces down.
        softness_mm: width of the shadow's edge for an object one meter above the floor.
    """

    place_mm: np.ndarray
    direct: np.ndarray
    sky: np.ndarray
    ground: np.ndarray
    softness_mm: float

    @classmethod
    def random(cls, rng: np.random.Generator) -> Light:
        """Draws a light: the sun, that of a bright or dim room, or a colored one."""
        kind = rng.choice(["room", "sun", "overcast", "dim", "colored"], p=[0.4, 0.3, 0.12, 0.09, 0.09])
        azimuth, sun = rng.uniform(0, 2 * np.pi), kind in ("sun", "overcast")
        above = np.radians(rng.uniform(28, 80) if sun else rng.uniform(45, 85))
        distance = _SUN_MM if sun else rng.uniform(3600, 7000) / np.sin(above)
        toward = np.array([np.cos(above) * np.sin(azimuth), -np.sin(above), np.cos(above) * np.cos(azimuth)])
        # The lamp's share of all light, and the width of its shadows' edges.
        share, softness = {
            "room": ((0.25, 0.6), (60, 300)),
            "sun": ((0.6, 0.85), (8, 25)),
            "overcast": ((0.05, 0.25), (250, 400)),
            "dim": ((0.3, 0.8), (40, 250)),
            "colored": ((0.4, 0.8), (30, 200)),
        }[kind]
        share = rng.uniform(*share)
        total = rng.uniform(0.25, 0.6) if kind == "dim" else rng.uniform(0.8, 1.45)
        warmth = rng.normal(0, 0.22 if kind == "colored" else 0.05, 3)
        sky = total * (1 - share) * np.exp(-0.6 * warmth) * (1, 1, rng.uniform(1, 1.15) if sun else 1)
        ground = sky * rng.uniform(0.35, 0.8) * np.exp(rng.normal(0, 0.06, 3))
        return cls(toward * distance, 1.6 * total * share * np.exp(warmth), sky, ground, rng.uniform(*softness))

    def toward(self, points_mm: np.ndarray) -> np.ndarray:
        """Unit vectors float32 (N, 3) from points (N, 3) to the lamp."""
        return unit(self.place_mm.astype(np.float32) - points_mm)

    def shade(self, points_mm: np.ndarray, normals: np.ndarray, lit: np.ndarray, free: np.ndarray) -> np.ndarray:
        """Light on points of surfaces.

        Args:
            points_mm: float32 (N, 3), in the world.
            normals: float32 (N, 3), unit vectors.
            lit: float32 (N,), how much of the lamp is visible, 0 to 1.
            free: float32 (N,), how much of the ambient light is visible, 0 to 1.

        Returns:
            float32 (N, 3).
        """
        up = (0.5 - 0.5 * normals[:, 1]).astype(np.float32)
        # Skin and cloth scatter some light around the edge.
        facing = np.einsum("ij,ij->i", normals, self.toward(points_mm))
        facing = np.maximum((facing + np.float32(0.15)) / np.float32(1.15), 0) * lit
        sky, ground, direct = (color.astype(np.float32) for color in (self.sky, self.ground, self.direct))
        around = (ground + up[:, None] * (sky - ground)) * free[:, None]
        return around + facing[:, None] * direct


class ShadowMap:
    """A shadow map over the floor; one per frame, for all cameras.

    Attributes:
        light: the light.
        crowd: the people as one mesh, which `View.draw` takes as well.
        origin_mm: (2,), x and z of the map's first corner on the floor.
        cell_mm: width of a cell of `depth_mm`.
        depth_mm: float32 (h, w), depth below the lamp of the highest surface on the ray through each floor cell;
            infinite if there is none. Rows go along z and columns along x.
        floor: uint8 RGB (h / 2, w / 2, 3), factor of the floor's image, times 255.
    """

    def __init__(self, light: Light, meshes: Sequence[tuple[Surface, np.ndarray]] | Crowd) -> None:
        """Draws the map.

        Args:
            light: the light.
            meshes: the surface of each person with its vertices (N, 3) in the world, in mm.
        """
        self.light = light
        self.crowd = meshes if isinstance(meshes, Crowd) else Crowd(meshes)
        vertices = self.crowd.vertices_mm
        on_floor, depth_mm = self._cast(vertices)
        low, high = _bounds(on_floor, vertices[:, [0, 2]], 0.6 * light.softness_mm + 2 * _FINEST_MM)
        self.origin_mm = low
        self.cell_mm = max(float((high - low).max()) / _CELLS, _FINEST_MM)
        # Even numbers, as the floor's own cells are twice as wide.
        width, height = 2 * np.ceil((high - low) / (2 * self.cell_mm)).astype(int)
        window = Window(0, 0, int(width), int(height))
        cells = (on_floor - low) / self.cell_mm - 0.5
        self.depth_mm = draw_depth(cells, depth_mm, self.crowd.faces, window)
        self.floor = self._shadow_on_floor()

    def _cast(self, points_mm: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Projects points (N, 3) from the lamp to the floor: x and z (N, 2); and their depth below the lamp."""
        place = self.light.place_mm
        below = points_mm[:, 1] - place[1]
        below = np.where(below > _UNDER_LAMP_MM, below, np.nan)
        along = -place[1] / below
        return place[[0, 2]] + (points_mm[:, [0, 2]] - place[[0, 2]]) * along[:, None], below

    def lit(self, points_mm: np.ndarray, normals: np.ndarray) -> np.ndarray:
        """How much of the lamp is visible, float32 (N,) from 0 to 1, from points (N, 3) with unit normals (N, 3)."""
        height, width = self.depth_mm.shape
        on_floor, below = self._cast(points_mm + np.float32(_LIFT_MM) * normals)
        cells = ((on_floor - self.origin_mm) / self.cell_mm).astype(np.float32)
        nearest = (below - _BIAS_MM).astype(np.float32)
        # Samples around the point, as wide as the shadow's edge half a meter below its caster.
        radius = max(0.25 * self.light.softness_mm, _FINEST_EDGE_MM) / self.cell_mm
        total = np.zeros(len(points_mm), np.float32)
        for turn in np.arange(5) * 0.4 * np.pi + 0.3:
            column, row = (np.floor(cells + radius * np.array([np.cos(turn), np.sin(turn)], np.float32))).T
            inside = (column >= 0) & (column < width) & (row >= 0) & (row < height)
            index = np.where(inside, row * width + column, 0).astype(np.int64)
            total += ~inside | (self.depth_mm.ravel()[index] >= nearest)
        return total / 5

    def _shadow_on_floor(self) -> np.ndarray:
        """The attribute `floor`."""
        height, width = self.depth_mm.shape
        size = (width // 2, height // 2)
        covered = np.isfinite(self.depth_mm)
        above = np.where(covered, -self.light.place_mm[1] - self.depth_mm, 0).astype(np.float32)
        share, above = (
            cv2.resize(part, size, interpolation=cv2.INTER_AREA) for part in (covered * np.float32(1), above)
        )
        softness = self.light.softness_mm / (2 * self.cell_mm)
        far = _blurred(share, softness)
        # The mean height of the casters, weighted by coverage.
        above = np.clip(_blurred(above, softness) / np.maximum(far, 1e-3) / 1000, 0, 1)
        near = _blurred(share, 0.25 * softness)
        hidden = (near + (far - near) * above)[..., None]
        contact = cv2.resize(self._contact((height, width)), size, interpolation=cv2.INTER_LINEAR)[..., None]
        middle = np.array([[self.origin_mm[0], 0, self.origin_mm[1]]]) + np.array([width, 0, height]) * self.cell_mm / 2
        direct = (self.light.direct * -self.light.toward(middle)[0, 1]).astype(np.float32)
        sky = self.light.sky.astype(np.float32)
        kept = (sky * (1 - contact) + direct * (1 - hidden)) / (sky + direct)
        # Images hold about the square root of light.
        return cv2.convertScaleAbs(np.sqrt(kept), alpha=255)

    def _contact(self, size: tuple[int, int]) -> np.ndarray:
        """float32: how much ambient light bodies block from the floor, on a coarse grid over the map."""
        rows, columns = (max(int(np.ceil(side * self.cell_mm / _CONTACT_CELL_MM)), 1) for side in size)
        vertices = self.crowd.vertices_mm
        cell = (vertices[:, [0, 2]] - self.origin_mm) / self.cell_mm / size[::-1] * (columns, rows)
        inside = np.flatnonzero(((cell >= 0) & (cell < (columns, rows))).all(axis=1))
        column, row = cell[inside].astype(int).T
        near = np.exp(np.minimum(vertices[inside, 1], 0) / np.float32(_CONTACT_MM))
        grid = np.zeros(rows * columns, np.float32)
        np.maximum.at(grid, row * columns + column, near)
        grid = grid.reshape(rows, columns)
        soft = cv2.GaussianBlur(grid, (0, 0), 1.2) + 0.6 * cv2.GaussianBlur(grid, (0, 0), 5)
        return np.minimum(_CONTACT_STRENGTH * soft, 0.9)

    def darken(self, picture: np.ndarray, floor_mm: np.ndarray, camera: Camera) -> None:
        """Draws the shadows into an image, in place.

        Args:
            picture: uint8 RGB (H, W, 3).
            floor_mm: float32 (H, W, 2), x and z of the floor under each pixel; NaN where something else is seen.
            camera: of the image.
        """
        rows, columns = self.floor.shape[:2]
        scale = 2 * self.cell_mm
        x, z = np.meshgrid(np.linspace(0, columns, 17) * scale, np.linspace(0, rows, 17) * scale)
        points = np.stack([x + self.origin_mm[0], np.zeros_like(x), z + self.origin_mm[1]], axis=-1).reshape(-1, 3)
        seen = camera.in_front(points)
        # What is partly behind the camera may be anywhere in the image.
        height, width = camera.size
        window = Window.around(camera.project(points), camera.size) if seen.all() else Window(0, 0, width, height)
        if window.empty:
            return
        cells = (floor_mm[window.region] - (self.origin_mm + scale / 2).astype(np.float32)) * np.float32(1 / scale)
        # Outside the map, and where there is no floor, nothing is hidden.
        kept = cv2.remap(self.floor, cells, None, cv2.INTER_LINEAR, borderValue=(255, 255, 255))
        cv2.multiply(picture[window.region], kept, picture[window.region], scale=1 / 255)


def _bounds(on_floor: np.ndarray, under: np.ndarray, edge: float) -> tuple[np.ndarray, np.ndarray]:
    """Corners (2,), (2,) of the floor area to map: the shadows of vertices (N, 2), and the area below them."""
    if not len(under):
        return np.zeros(2), np.ones(2)
    low, high = under.min(axis=0) - _CONTACT_MARGIN_MM, under.max(axis=0) + _CONTACT_MARGIN_MM
    shadow_low, shadow_high = np.nanmin(on_floor, axis=0), np.nanmax(on_floor, axis=0)
    low = np.maximum(np.fmin(low, shadow_low - edge), low - _REACH_MM)
    high = np.minimum(np.fmax(high, shadow_high + edge), high + _REACH_MM)
    return low.astype(float), high.astype(float)


def _blurred(picture: np.ndarray, width: float) -> np.ndarray:
    """A float image, blurred by two successive boxes, each half as wide as the resulting edge."""
    side = 2 * round(width / 4) + 1
    if side == 1:
        return picture
    return cv2.blur(cv2.blur(picture, (side, side)), (side, side))
