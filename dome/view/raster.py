"""Finds which triangle covers each pixel, by OpenCV's own rasterizer (cv2.triangleRasterize, of OpenCV 5).

Vertices are projected with the camera's exact lens model first; the rasterizer, which knows only a pinhole, is then
given pinhole points that land on exactly those pixels at the same depth. So the lens is exact at every vertex, and
straight lines are drawn between them.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from pose import Camera

# Nearer to the camera than this nothing is drawn: projection would blow it up beyond all number.
_NEAREST_MM = 20.0
# The rasterizer's camera: where it stands, and its field of view from top to bottom.
_UNMOVED, _VIEW = np.eye(4, dtype=np.float32), np.pi / 2


@dataclass(frozen=True)
class Window:
    """A rectangle of whole pixels: left and top belong to it, right and bottom do not."""

    left: int
    top: int
    right: int
    bottom: int

    @classmethod
    def around(cls, xy_px: np.ndarray, size: tuple[int, int], margin_px: float = 1.0) -> Window:
        """The part of a picture of (height, width) that holds finite points (N, 2), and a margin around them."""
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
        """Whether it holds no pixel."""
        return 0 in self.size

    @property
    def region(self) -> tuple[slice, slice]:
        """Its rows and columns of a picture."""
        return np.s_[self.top : self.bottom, self.left : self.right]


@dataclass(frozen=True, eq=False)
class Raster:
    """What is seen at each pixel of a window.

    Attributes:
        triangle: int32 (h, w), index of the face, -1 where there is none.
        barycentric: float32 (h, w, 2), shares of the face's first and second vertex in the point that is seen, on
            the triangle in space (perspective is undone); the third has the rest.
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
    """Draws triangles as a camera sees them, the nearest in front.

    Triangles that turn their back on the camera are left out, and so are those with a vertex behind it or beyond the
    range of its lens model.

    Args:
        camera: that sees them.
        vertices_mm: (N, 3), in the world.
        faces: int (T, 3), indices of vertices, counter-clockwise as seen from outside.
        window: which pixels to draw.
        samples: for each pixel on each side; sample i lies (i + 0.5) / samples - 0.5 px from the pixel's centre.

    Returns:
        arrays of `samples` times the window's size.
    """
    xy_px, depth_mm = project(camera, vertices_mm)
    return draw_triangles(xy_px, depth_mm, faces, window, samples=samples)


def draw_triangles(
    xy_px: np.ndarray, depth_mm: np.ndarray, faces: np.ndarray, window: Window, *, samples: int = 1
) -> Raster:
    """Draws triangles whose vertices are projected already: (N, 2) in px, depths (N,) in mm; see `rasterize`."""
    height, width = (samples * side for side in window.size)
    points, chosen, near, far = _pinhole(xy_px, depth_mm, faces, window, samples)
    drawn = np.full((height, width, 3), -1, np.float32)
    depth = np.full((height, width), far, np.float32)
    if len(chosen):
        # Each triangle has vertices of its own, so that their "colours" can say which triangle and corner they are.
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


def draw_depth(xy_px: np.ndarray, depth_mm: np.ndarray, faces: np.ndarray, window: Window) -> np.ndarray:
    """The depth alone of triangles, drawn from both sides: float32 (h, w), infinite where there is none."""
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
    """What the rasterizer is given: points float32 (N, 3), which triangles to draw, its nearest and farthest depth."""
    height, width = (samples * side for side in window.size)
    # The rasterizer's own places: the picture's left and top edges are at 0, pixel centres at halves.
    xy = (xy_px - (window.left - 0.5, window.top - 0.5)) * samples
    chosen = _inside(xy, faces, (height, width))
    if not len(chosen):
        return np.empty((0, 3), np.float32), chosen, 1.0, 2.0
    # With a quarter turn of view, a point at depth z and half the picture's height off the axis is at its edge.
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
    """Indices of the triangles that may touch a picture of (height, width) whose top-left corner is (0, 0)."""
    if 0 in size or not len(faces):
        return np.empty(0, np.int64)
    x, y = xy.T
    unknown = np.isnan(x)
    # Bits for what a vertex is beyond: a triangle whose vertices are all beyond the same edge is not seen.
    beyond = (x < 0) | (x > size[1]) << np.uint8(1) | (y < 0) << np.uint8(2) | (y > size[0]) << np.uint8(3)
    if not beyond.any() and not unknown.any():
        return np.arange(len(faces))
    first, second, third = beyond.astype(np.uint8)[faces].T
    return np.flatnonzero(((first & second & third) == 0) & ~unknown[faces].any(axis=1))


def attributes(values: np.ndarray, faces: np.ndarray, triangle: np.ndarray, barycentric: np.ndarray) -> np.ndarray:
    """Carries values of vertices over to points on triangles.

    Args:
        values: float32 (N, C), for each vertex.
        faces: int (T, 3).
        triangle: int (P,), the face of each point.
        barycentric: float32 (P, 2), as `Raster` has it.

    Returns:
        float32 (P, C).
    """
    first, second, third = faces.take(triangle, axis=0).T
    shares = (*barycentric.T, 1 - barycentric.sum(axis=1))
    total = 0
    for corner, share in zip((first, second, third), shares, strict=True):
        part = values.take(corner, axis=0)
        part *= share[:, None]
        total = np.add(total, part, out=part)
    return total
