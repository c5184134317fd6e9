"""Bodies drawn over an image, and by themselves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from body.seen import SeenBody
from pose.space.lifting import usual_camera
from pose.space.raster import Window, draw_colors, unit, vertex_normals

#: Colors of people by their numbers: Okabe and Ito, which also color-blind people tell apart.
BODY_COLORS = ((86, 180, 233), (230, 159, 0), (0, 158, 115), (204, 121, 167), (240, 228, 66), (213, 94, 0))
#: How much of the image a body hides.
OPACITY = 0.85
# The light comes from beside the camera, from above; the rest comes from everywhere.
_LIGHT = unit(np.array([-0.35, -0.5, -1.0], np.float32))
_AMBIENT = 0.35
# Smaller ones are drawn with two samples for each pixel and axis, so that their edges are smooth.
_FINE_ROWS = 400
# A body drawn by itself is this far away, which matters to nothing but the rasterizer.
_AWAY_MM = 10_000.0


@dataclass(frozen=True, eq=False)
class Mesh:
    """Triangles to draw.

    Attributes:
        xy_px: (V, 2), the vertices in the image.
        points_mm: (V, 3), the same in space, x right, y down, z away: z decides what hides what, and all are lit.
        faces: int (T, 3), counter-clockwise as seen from outside.
        color: RGB.
    """

    xy_px: np.ndarray
    points_mm: np.ndarray
    faces: np.ndarray
    color: tuple[int, int, int]


def body_color(number: int) -> tuple[int, int, int]:
    """The color of a person's number."""
    return BODY_COLORS[number % len(BODY_COLORS)]


def mesh_of(body: SeenBody, size: tuple[int, int], color: tuple[int, int, int]) -> Mesh:
    """The mesh of a body in an image (height, width), as far away as it is small."""
    rig, points = body.skin()
    away = points + np.array([0, 0, body.distance_mm(usual_camera(size))], np.float32)
    return Mesh(body.project(points), away, rig.faces, color)


def turned_mesh(
    points_mm: np.ndarray, faces: np.ndarray, side_px: int, color: tuple[int, int, int], *, reach_mm: float, deg: float
) -> Mesh:
    """The mesh of points (V, 3) about their middle, turned about the vertical, for a square image.

    Args:
        points_mm: x right, y down, z away.
        faces: int (T, 3).
        side_px: side of the image.
        color: RGB.
        reach_mm: half of what the image shows.
        deg: 0 is as given, 90 as seen from the image's right.
    """
    sin, cos = np.sin(np.radians(deg)), np.cos(np.radians(deg))
    turned = points_mm @ np.array([[cos, 0, -sin], [0, 1, 0], [sin, 0, cos]], np.float32)
    xy = (turned[:, :2] / reach_mm + 1) / 2 * side_px - 0.5
    return Mesh(xy, turned + np.array([0, 0, _AWAY_MM], np.float32), faces, color)


def draw_meshes(picture: np.ndarray, meshes: Sequence[Mesh], *, opacity: float = OPACITY) -> np.ndarray:
    """Draws meshes that hide one another onto a copy of an image, uint8 RGB (H, W, 3)."""
    drawn = picture.copy()
    meshes = [mesh for mesh in meshes if np.isfinite(mesh.xy_px).all() and np.isfinite(mesh.points_mm).all()]
    if not meshes:
        return drawn
    starts = np.cumsum([0, *(len(mesh.xy_px) for mesh in meshes)])[:-1]
    xy, points = (np.concatenate([getattr(mesh, name) for mesh in meshes]) for name in ("xy_px", "points_mm"))
    faces = np.concatenate([mesh.faces + start for mesh, start in zip(meshes, starts, strict=True)]).astype(np.int32)
    shades = np.concatenate([_shades(mesh) for mesh in meshes])
    window = Window.around(xy, (picture.shape[0], picture.shape[1]))
    if window.empty:
        return drawn
    samples = 2 if window.size[0] < _FINE_ROWS else 1
    layer = draw_colors(xy, points[:, 2].astype(np.float64), faces, shades, window, samples=samples)
    share: np.ndarray = (layer[..., 0] >= 0).astype(np.float32)
    np.maximum(layer, 0, out=layer)
    if samples > 1:
        layer, share = (cv2.resize(one, window.size[::-1], interpolation=cv2.INTER_AREA) for one in (layer, share))
    behind = drawn[window.region]
    mixed = behind * (1 - opacity * share[..., None]) + opacity * layer
    drawn[window.region] = np.clip(mixed + 0.5, 0, 255).astype(np.uint8)
    return drawn


def _shades(mesh: Mesh) -> np.ndarray:
    """The lit colors of the vertices, float32 (V, 3)."""
    normals = vertex_normals(np.asarray(mesh.points_mm, np.float32), mesh.faces)
    light = _AMBIENT + (1 - _AMBIENT) * np.clip(normals @ _LIGHT, 0, 1)
    return light[:, None] * np.array(mesh.color, np.float32)
