"""Draws people into the empty view of a camera, with depth, person and body part at each pixel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from dome.place.backdrop import Scene
from dome.place.shells import FAR_MM
from dome.view.crowd import Crowd
from dome.view.light import Light, ShadowMap
from dome.view.surface import Surface
from pose import Camera
from pose.space.raster import Raster, Window, attributes, draw_triangles, project, unit

__all__ = ["Frame", "Light", "ShadowMap", "View"]

# Images with fewer rows are drawn with two samples per pixel and axis.
_FINE_ROWS = 500
# The radius for finding hollows on bodies, and the depth at which they are fully dark.
_HOLLOW_MM = 70.0
_DEPTH_OF_HOLLOW_MM = 140.0
_HOLLOW_STRENGTH = 0.3
# Brightness of surfaces at their rims, where they are seen at a grazing angle.
_RIM = 0.12
_NEAR_FLOOR_MM = 200.0
# Spacing in px of exactly computed rays.
_COARSE_PX = 4


@dataclass(frozen=True, eq=False)
class Frame:
    """An image, with the ground truth at the center of each pixel.

    Attributes:
        picture: uint8 RGB (H, W, 3).
        depth_mm: float32 (H, W), z in the camera's frame of people or background.
        person: uint8 (H, W), 0 where there is none, else 1 + index.
        part: uint8 (H, W), number of the body part in `PARTS`, from 1; 0 where there is no person.
    """

    picture: np.ndarray
    depth_mm: np.ndarray
    person: np.ndarray
    part: np.ndarray


class View:
    """A camera, with the rays through its pixel centers."""

    def __init__(self, camera: Camera, *, samples: int | None = None) -> None:
        """Computes the rays.

        Args:
            camera: the camera.
            samples: per pixel and axis, 1 or 2; by default 2 for images with fewer than 500 rows.
        """
        if samples not in (None, 1, 2):
            raise ValueError(f"samples must be 1 or 2, or None to go by the picture's size, got {samples}")
        self.camera = camera
        height, width = camera.size
        self.samples = samples or (1 if height >= _FINE_ROWS else 2)
        #: float32 (H, W, 3), unit vectors in the world.
        self.rays = unit(_rays(camera))
        self._scene: Scene | None = None

    def draw(
        self,
        scene: Scene,
        meshes: Sequence[tuple[Surface, np.ndarray]] | Crowd,
        light: Light,
        shadows: ShadowMap | None = None,
    ) -> Frame:
        """Draws people into the empty scene.

        Args:
            scene: this camera's view of the empty place.
            meshes: the surface of each person with its vertices (N, 3) in the world, in mm.
            light: the light on them.
            shadows: their shadows; None for none.
        """
        crowd = meshes if isinstance(meshes, Crowd) else Crowd(meshes)
        still, far_mm = self._prepared(scene)
        picture, depth_mm = still.copy(), far_mm.copy()
        person, part = np.zeros((2, *self.camera.size), np.uint8)
        if shadows is not None:
            shadows.darken(picture, scene.floor_mm, self.camera)
        xy_px, z_mm = project(self.camera, crowd.vertices_mm)
        window = Window.around(xy_px[np.isfinite(z_mm)], self.camera.size)
        if window.empty:
            return Frame(picture, depth_mm, person, part)
        raster = draw_triangles(xy_px, z_mm, crowd.faces, window)
        # Parts of the place nearer than a person occlude it.
        seen = raster.depth_mm < depth_mm[window.region]
        depth_mm[window.region][seen] = raster.depth_mm[seen]
        person[window.region][seen] = crowd.person[raster.triangle[seen]]
        part[window.region][seen] = crowd.part[raster.triangle[seen]]
        brightness = self._brightness(crowd, light, shadows)
        if self.samples == 1:
            self._paint(picture[window.region], crowd, raster, seen, brightness)
        else:
            fine = draw_triangles(xy_px, z_mm, crowd.faces, window, samples=self.samples)
            behind = np.repeat(np.repeat(far_mm[window.region], self.samples, axis=0), self.samples, axis=1)
            self._blend(picture[window.region], crowd, fine, fine.depth_mm < behind, brightness)
        return Frame(picture, depth_mm, person, part)

    def _prepared(self, scene: Scene) -> tuple[np.ndarray, np.ndarray]:
        """The scene's image as uint8 and its depth along the camera's axis; cached for the next frame."""
        if scene is not self._scene:
            self._still = cv2.convertScaleAbs(scene.picture, alpha=255)
            along = scene.distance_mm * (self.rays @ self.camera.rotation[2].astype(np.float32))
            # The sky has the same depth everywhere.
            self._far_mm = np.where(scene.distance_mm < FAR_MM, along, np.float32(FAR_MM))
            self._scene = scene
        return self._still, self._far_mm

    def _paint(
        self, picture: np.ndarray, crowd: Crowd, raster: Raster, seen: np.ndarray, brightness: np.ndarray
    ) -> None:
        """Draws the pixels that are `seen` (h, w) into an image, in place."""
        pixels = np.flatnonzero(seen)
        # Sorted by paint, as each paint colors all of its points at once.
        pixels = pixels[np.argsort(crowd.paint[raster.triangle.ravel()[pixels]], kind="stable")]
        if len(pixels):
            row, column = np.divmod(pixels, seen.shape[1])
            picture[row, column] = self._colors(crowd, raster, pixels, brightness)

    def _blend(
        self, picture: np.ndarray, crowd: Crowd, raster: Raster, seen: np.ndarray, brightness: np.ndarray
    ) -> None:
        """Draws samples into an image, in place; each pixel is the mean of its samples."""
        height, width = picture.shape[:2]
        color = np.zeros((*seen.shape, 3), np.uint8)
        self._paint(color, crowd, raster, seen, brightness)
        color = cv2.resize(color, (width, height), interpolation=cv2.INTER_AREA)
        bare = cv2.resize(255 - 255 * seen.astype(np.uint8), (width, height), interpolation=cv2.INTER_AREA)
        cv2.multiply(picture, cv2.merge([bare] * 3), picture, scale=1 / 255)
        cv2.add(picture, color, picture)

    def _colors(self, crowd: Crowd, raster: Raster, pixels: np.ndarray, brightness: np.ndarray) -> np.ndarray:
        """uint8 RGB (P, 3) of some pixels (P,), flat indices, by the brightness (N, 3) of vertices."""
        triangle = raster.triangle.ravel()[pixels]
        values = np.concatenate([crowd.canonical_mm, brightness], axis=1)
        values = attributes(values, crowd.faces, triangle, raster.barycentric.reshape(-1, 2)[pixels])
        colors = crowd.colors(triangle, values[:, :3])
        colors *= values[:, 3:]
        colors *= self._free(raster.depth_mm).ravel()[pixels, None]
        return cv2.convertScaleAbs(colors, alpha=255)

    def _brightness(self, crowd: Crowd, light: Light, shadows: ShadowMap | None) -> np.ndarray:
        """Brightness of vertices, float32 (N, 3). Triangles are small enough for lighting at vertices."""
        points, normals = crowd.vertices_mm, crowd.normals
        lit = np.ones(len(points), np.float32) if shadows is None else shadows.lit(points, normals)
        slope = np.einsum("ij,ij->i", normals, unit(points - self.camera.center_mm.astype(np.float32)))
        shade = light.shade(points, normals, lit, _above_floor(points, normals))
        shade += (np.float32(_RIM) * (1 - np.abs(slope)) ** 3)[:, None] * light.sky.astype(np.float32)
        # Images hold about the square root of light.
        return np.sqrt(shade)

    def _free(self, depth_mm: np.ndarray) -> np.ndarray:
        """Brightness of hollows: less than 1 where the surface is deeper than its surroundings.

        float32 (h, w). After Luft et al., Image enhancement by unsharp masking the depth buffer, 2006.
        """
        seen = np.isfinite(depth_mm)
        filled = np.where(seen, depth_mm, np.float32(0))
        # The surroundings are smooth, so every second pixel suffices.
        coarse, share = filled[::2, ::2].copy(), seen[::2, ::2].astype(np.float32)
        middle = coarse.sum() / max(share.sum(), 1)
        side = 2 * round(self.camera.matrix[0, 0] * _HOLLOW_MM / max(middle, 1) / 2) + 1
        around = cv2.blur(coarse, (side, side)) / np.maximum(cv2.blur(share, (side, side)), np.float32(1e-6))
        around = cv2.resize(around, depth_mm.shape[::-1], interpolation=cv2.INTER_LINEAR)
        hollow = cv2.subtract(filled, around)
        hollow *= np.float32(_HOLLOW_STRENGTH / _DEPTH_OF_HOLLOW_MM)
        return 1 - np.clip(hollow, 0, np.float32(_HOLLOW_STRENGTH), out=hollow)


def _above_floor(points_mm: np.ndarray, normals: np.ndarray) -> np.ndarray:
    """How much ambient light reaches points (N, 3), less near the floor and facing down; float32 (N,)."""
    near = np.exp(np.minimum(points_mm[:, 1], 0) / np.float32(_NEAR_FLOOR_MM))
    return 1 - near * (np.float32(0.3) + np.float32(0.3) * normals[:, 1])


def _rays(camera: Camera) -> np.ndarray:
    """Points (H, W, 3) seen at the pixels, relative to the camera's center; interpolated from a coarse grid.

    Undistorting every pixel would be slow. At 960 x 540 the error of a background is less than 0.003 px.
    """
    height, width = camera.size
    x, y = (np.arange(-1.0, side // _COARSE_PX + 2) * _COARSE_PX + (_COARSE_PX - 1) / 2 for side in (width, height))
    points = camera.back_project(np.stack(np.meshgrid(x, y), axis=-1), 1000.0) - camera.center_mm
    fine = cv2.resize(points.astype(np.float32), None, fx=_COARSE_PX, fy=_COARSE_PX, interpolation=cv2.INTER_LINEAR)
    return fine[_COARSE_PX : _COARSE_PX + height, _COARSE_PX : _COARSE_PX + width]
