"""Rasterizes triangles with OpenCV (cv2.triangleRasterize, of OpenCV 5).

Vertices are projected with the camera's exact lens model first; the rasterizer, which only has a pinhole model, gets
pinhole points that project to the same pixels at the same depth. So the lens is exact at every vertex, with straight
lines between them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

from pose.camera import Camera

# The near plane: projection would overflow for nearer points.
_NEAREST_MM = 20.0
# The rasterizer's camera: its position, and its vertical field of view.
_UNMOVED, _VIEW = np.eye(4, dtype=np.float32), np.pi / 2


@dataclass(frozen=True)
class Window:
    """A rectangle of whole pixels; right and bottom are exclusive."""

    left: int
    top: int
    right: int
    bottom: int

    @classmethod
    def around(cls, xy_px: np.ndarray, size: tuple[int, int], margin_px: float = 1.0) -> Window:
        """The part of an image of (height, width) around the finite points (N, 2), with a margin."""
        if not len(xy_px):
            return cls(0, 0, 0, 0)
        limits = np.array([size[1], size[0]])
        low = np.clip(np.floor(xy_px.min(axis=0) - margin_px), 0, limits).astype(int).tolist()
        high = np.clip(np.ceil(xy_px.max(axis=0) + margin_px) + 1, 0, limits).astype(int).tolist()
        return cls(*low, *high)

    @property
    def size(self) -> tuple[int, int]:
        """(height, width)."""
        return max(self.bottom - self.top, 0), max(self.right - self.left, 0)

    @property
    def empty(self) -> bool:
        """Whether it has no pixel."""
        return 0 in self.size

    @property
    def region(self) -> tuple[slice, slice]:
        """Its rows and columns in an image."""
        return np.s_[self.top : self.bottom, self.left : self.right]


@dataclass(frozen=True, eq=False)
class Raster:
    """The visible triangle at each pixel of a window.

    Attributes:
        triangle: int32 (h, w), index of the face, -1 where there is none.
        barycentric: float32 (h, w, 2), perspective-correct barycentric coordinates of the face's first and second
            vertex; the three sum to 1.
        depth_mm: float32 (h, w), z in the camera's frame, infinite where there is no triangle.
    """

    triangle: np.ndarray
    barycentric: np.ndarray
    depth_mm: np.ndarray


def project(camera: Camera, vertices_mm: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Projects vertices (N, 3) in the world: float64 (N, 2) in px, and depths z (N,) in mm.

    Both are NaN for vertices behind the camera, too near to it, or beyond the range of its lens model.
    """
    points = camera.to_camera(vertices_mm)
    seen = camera.in_front(vertices_mm) & (points[:, 2] > _NEAREST_MM)
    points[~seen] = np.nan
    return camera.project_camera(points), points[:, 2]


def rasterize(
    camera: Camera, vertices_mm: np.ndarray, faces: np.ndarray, window: Window, *, samples: int = 1
) -> Raster:
    """Draws triangles as seen by a camera, with hidden surfaces removed.

    Back faces are left out, and triangles with a vertex behind the camera or beyond the range of its lens model.

    Args:
        camera: the camera.
        vertices_mm: (N, 3), in the world.
        faces: int (T, 3), indices of vertices, counter-clockwise as seen from outside.
        window: the pixels to draw.
        samples: per pixel and axis; sample i is (i + 0.5) / samples - 0.5 px from the pixel's center.

    Returns:
        Arrays of `samples` times the window's size.
    """
    xy_px, depth_mm = project(camera, vertices_mm)
    return draw_triangles(xy_px, depth_mm, faces, window, samples=samples)


def draw_triangles(
    xy_px: np.ndarray, depth_mm: np.ndarray, faces: np.ndarray, window: Window, *, samples: int = 1
) -> Raster:
    """Draws triangles with projected vertices: (N, 2) in px, depths (N,) in mm; see `rasterize`."""
    height, width = (samples * side for side in window.size)
    points, chosen, near, far = _pinhole(xy_px, depth_mm, faces, window, samples)
    drawn = np.full((height, width, 3), -1, np.float32)
    depth = np.full((height, width), far, np.float32)
    if len(chosen):
        # Each triangle has its own vertices, whose "colors" encode triangle and corner.
        colors = np.zeros((len(chosen), 3, 3), np.float32)
        colors[:, :, 0] = chosen[:, None]
        colors[:, 0, 1] = colors[:, 1, 2] = 1
        corners = points[faces[chosen]].reshape(-1, 3)
        own = np.arange(len(corners), dtype=np.int32).reshape(-1, 3)
        settings = _settings(cv2.RASTERIZE_CULLING_CW)
        cv2.triangleRasterize(corners, own, colors.reshape(-1, 3), drawn, depth, _UNMOVED, _VIEW, near, far, settings)
    triangle = np.rint(drawn[..., 0]).astype(np.int32)
    depth[triangle < 0] = np.inf
    return Raster(triangle, drawn[..., 1:], depth)


def draw_colors(
    xy_px: np.ndarray, depth_mm: np.ndarray, faces: np.ndarray, colors: np.ndarray, window: Window, *, samples: int = 1
) -> np.ndarray:
    """Draws triangles with colors of vertices, float32 (N, 3) from 0: float32 (h, w, 3), -1 where there is none.

    The other arguments are those of `draw_triangles`.
    """
    points, chosen, near, far = _pinhole(xy_px, depth_mm, faces, window, samples)
    size = tuple(samples * side for side in window.size)
    drawn, depth = np.full((*size, 3), -1, np.float32), np.full(size, far, np.float32)
    if len(chosen):
        kept = np.ascontiguousarray(faces if len(chosen) == len(faces) else faces[chosen], np.int32)
        colors = np.ascontiguousarray(colors, np.float32)
        settings = _settings(cv2.RASTERIZE_CULLING_CW)
        cv2.triangleRasterize(points, kept, colors, drawn, depth, _UNMOVED, _VIEW, near, far, settings)
    return drawn


def draw_depth(xy_px: np.ndarray, depth_mm: np.ndarray, faces: np.ndarray, window: Window) -> np.ndarray:
    """The depth of triangles, including back faces: float32 (h, w), infinite where there is none."""
    points, chosen, near, far = _pinhole(xy_px, depth_mm, faces, window, 1)
    depth = np.full(window.size, far, np.float32)
    if len(chosen):
        kept = faces if len(chosen) == len(faces) else faces[chosen]
        kept = np.ascontiguousarray(kept, np.int32)
        settings = _settings(cv2.RASTERIZE_CULLING_NONE)
        cv2.triangleRasterizeDepth(points, kept, depth, _UNMOVED, _VIEW, near, far, settings)
    depth[depth >= np.float32(0.999 * far)] = np.inf
    return depth


def _pinhole(
    xy_px: np.ndarray, depth_mm: np.ndarray, faces: np.ndarray, window: Window, samples: int
) -> tuple[np.ndarray, np.ndarray, float, float]:
    """The rasterizer's inputs: points float32 (N, 3), the triangles to draw, and the near and far planes."""
    height, width = (samples * side for side in window.size)
    # In the rasterizer's coordinates, the image's left and top edges are at 0, pixel centers at halves.
    xy = (xy_px - (window.left - 0.5, window.top - 0.5)) * samples
    chosen = _inside(xy, faces, (height, width))
    if not len(chosen):
        return np.empty((0, 3), np.float32), chosen, 1.0, 2.0
    # With a field of view of 90 degrees, a point at depth z is at the edge if it is z off the axis.
    # The rasterizer's y goes up and it looks along -z.
    points = np.empty((len(xy), 3), np.float32)
    points[:, 0] = (2 * xy[:, 0] - width) / height * depth_mm
    points[:, 1] = (1 - 2 * xy[:, 1] / height) * depth_mm
    points[:, 2] = -depth_mm
    return points, chosen, 0.9 * float(np.nanmin(depth_mm)), 1.1 * float(np.nanmax(depth_mm))


def _settings(culling: int) -> cv2.TriangleRasterizeSettings:
    settings = cv2.TriangleRasterizeSettings()
    settings.setShadingType(cv2.RASTERIZE_SHADING_SHADED)
    settings.setCullingMode(culling)
    return settings


def _inside(xy: np.ndarray, faces: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Indices of the triangles that may touch an image of (height, width) whose top-left corner is (0, 0)."""
    if 0 in size or not len(faces):
        return np.empty(0, np.int64)
    x, y = xy.T
    unknown = np.isnan(x)
    # One bit per edge that a vertex is beyond: a triangle with all vertices beyond the same edge is invisible.
    beyond = (x < 0) | (x > size[1]) << np.uint8(1) | (y < 0) << np.uint8(2) | (y > size[0]) << np.uint8(3)
    if not beyond.any() and not unknown.any():
        return np.arange(len(faces))
    first, second, third = beyond.astype(np.uint8)[faces].T
    return np.flatnonzero(((first & second & third) == 0) & ~unknown[faces].any(axis=1))


def attributes(values: np.ndarray, faces: np.ndarray, triangle: np.ndarray, barycentric: np.ndarray) -> np.ndarray:
    """Interpolates values of vertices at points on triangles.

    Args:
        values: float32 (N, C), of each vertex.
        faces: int (T, 3).
        triangle: int (P,), the face of each point.
        barycentric: float32 (P, 2), as `Raster` has it.

    Returns:
        float32 (P, C).
    """
    first, second, third = faces.take(triangle, axis=0).T
    shares = (*barycentric.T, 1 - barycentric.sum(axis=1))
    total: Any = 0
    for corner, share in zip((first, second, third), shares, strict=True):
        part = values.take(corner, axis=0)
        part *= share[:, None]
        total = np.add(total, part, out=part)
    return total


def vertex_normals(vertices_mm: np.ndarray, faces: np.ndarray) -> np.ndarray:
    """Unit vectors float32 (N, 3): for each vertex the area-weighted mean of its faces' normals; 0 without faces."""
    a, b, c = (vertices_mm[faces[:, corner]] for corner in range(3))
    # The length of this product is twice the area.
    across = np.cross(b - a, c - a)
    corners, count = faces.T.ravel(), len(vertices_mm)
    sums = [np.bincount(corners, np.tile(across[:, axis], 3), minlength=count) for axis in range(3)]
    return unit(np.stack(sums, axis=1).astype(np.float32))


def unit(vectors: np.ndarray) -> np.ndarray:
    """Normalizes vectors (..., 3); zero vectors stay."""
    length = np.sqrt(np.einsum("...i,...i->...", vectors, vectors))
    return vectors / np.maximum(length, np.float32(1e-12))[..., None]
