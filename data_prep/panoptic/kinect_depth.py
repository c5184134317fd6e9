"""Depth images of the studio's ten Kinects, and their registration to the color images."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from pose import Camera
from records import BadInput

#: (height, width) of a depth image.
SIZE = (424, 512)
_MM_PER_M = 1000.0
# A Kinect's color camera is 52 mm to the right of its depth camera, in viewing direction.
_OFFSET_MM = (-70.0, -30.0)
_STEEPEST = 10.0
# One depth pixel is about as large as 3 x 3 color pixels.
_SHRINK = 3
_NEIGHBORS = np.array([[1, 1, 1], [1, 0, 1], [1, 1, 1]], np.uint8)
_FEWEST_NEIGHBORS = 5


@dataclass(frozen=True, eq=False)
class Sensor:
    """One Kinect.

    Attributes:
        rays: float32 (3, H * W), the ray of each depth pixel, with z = 1, in the depth camera's frame.
        rotation: float64 (3, 3), depth camera's to color camera's frame.
        translation_mm: float64 (3,), likewise.
    """

    rays: np.ndarray
    rotation: np.ndarray
    translation_mm: np.ndarray

    @classmethod
    def of_calibration(cls, path: Path, number: int) -> Sensor:
        """Reads one of the ten from `kcalibration_SEQUENCE.json`, numbered from 1.

        Raises:
            BadInput: the file or the entry is malformed, or cannot be a Kinect's.
        """
        what = f"{path} sensor {number}"
        try:
            entry = json.loads(path.read_bytes())["sensors"][number - 1]
            lens = np.array(entry["K_depth"], np.float64).reshape(3, 3)
            # Two more numbers follow, which the studio's own tools ignore too.
            distortion = np.array(entry["distCoeffs_depth"], np.float64).ravel()[:5]
            to_depth, to_color = (np.array(entry[name], np.float64).reshape(4, 4) for name in ("M_depth", "M_color"))
            matrix = _depth_to_color(to_depth, to_color)
            rays = _rays(lens, distortion)
        except (IndexError, KeyError, OSError, OverflowError, RecursionError, TypeError) as error:
            raise BadInput(what, f"malformed ({type(error).__name__}: {error})") from error
        except (ValueError, np.linalg.LinAlgError) as error:
            raise BadInput(what, f"malformed ({error})") from error
        return cls(rays, matrix[:3, :3], matrix[:3, 3] * _MM_PER_M)

    def register(self, depth_mm: np.ndarray, camera: Camera) -> np.ndarray:
        """Registers a depth image to the color camera.

        The nearest point occludes those behind it. Depth is computed for blocks of 3 x 3 color pixels, about the
        footprint of one depth pixel; a gap surrounded by at least five known neighbors takes their farthest depth, and
        pixels that no depth pixel sees stay unknown.

        Args:
            depth_mm: uint16 (424, 512), 0 where unknown.
            camera: the color camera.

        Returns:
            uint16 of the camera's size, z in the camera's frame in mm, 0 where unknown.
        """
        z = depth_mm.ravel().astype(np.float32)
        known = z > 0
        points = self.rotation @ (self.rays[:, known] * z[known]) + self.translation_mm[:, None]
        xy_px = camera.project_camera(points.T)
        low = _SHRINK * np.array([-(-length // _SHRINK) for length in camera.size])
        with np.errstate(invalid="ignore"):
            column, row = np.floor((xy_px.T + 0.5) / _SHRINK)
        height, width = low // _SHRINK
        inside = (column >= 0) & (column < width) & (row >= 0) & (row < height) & (points[2] < 65535)
        place = (row[inside] * width + column[inside]).astype(np.int64)
        nearest = np.full(height * width, 65535, np.uint16)
        np.minimum.at(nearest, place, np.round(points[2, inside]).astype(np.uint16))
        small = _without_gaps(np.where(nearest == 65535, 0, nearest).astype(np.uint16).reshape(height, width))
        return np.repeat(np.repeat(small, _SHRINK, 0), _SHRINK, 1)[: camera.size[0], : camera.size[1]]


def _rays(lens: np.ndarray, distortion: np.ndarray) -> np.ndarray:
    """The ray of each depth pixel, float32 (3, H * W)."""
    if distortion.shape != (5,):
        raise ValueError(f"distCoeffs_depth must hold at least five numbers, got {distortion.size}")
    y, x = np.mgrid[: SIZE[0], : SIZE[1]]
    pixels = np.stack([x.ravel(), y.ravel()], axis=1).astype(np.float64)
    rays = cv2.undistortPoints(pixels[:, None], lens, distortion).reshape(-1, 2)
    # A Kinect's field of view is 70 degrees. Comparisons are false for NaN.
    if not (np.abs(rays) < _STEEPEST).all():
        raise ValueError("K_depth and distCoeffs_depth are no Kinect's")
    return np.vstack([rays.T, np.ones(len(rays))]).astype(np.float32)


def _depth_to_color(to_depth: np.ndarray, to_color: np.ndarray) -> np.ndarray:
    """The matrix (4, 4), in meters, from the depth camera's frame to the color camera's.

    The studio's tools use `M_color` as sensor to camera in one place (unprojectDepth_release.m) and as its inverse in
    another (demo_kinoptic_gen_ptcloud.m). The two put the color camera on opposite sides of the depth camera, and the
    Kinect's construction decides which is right.
    """
    found = []
    for color in (to_color, np.linalg.inv(to_color)):
        matrix = color @ np.linalg.inv(to_depth)
        if np.allclose(matrix[:3, :3], np.eye(3), atol=0.1) and (
            _OFFSET_MM[0] < matrix[0, 3] * _MM_PER_M < _OFFSET_MM[1]
        ):
            found.append(matrix)
    if len(found) != 1:
        raise ValueError(f"M_depth and M_color put no color camera 52 mm to the right: {to_color.tolist()}")
    return found[0]


def _without_gaps(depth_mm: np.ndarray) -> np.ndarray:
    """Fills single-pixel gaps left by rounding."""
    around = cv2.filter2D((depth_mm > 0).astype(np.uint8), -1, _NEIGHBORS, borderType=cv2.BORDER_CONSTANT)
    farthest = cv2.dilate(depth_mm, np.ones((3, 3), np.uint8))
    return np.where((depth_mm == 0) & (around >= _FEWEST_NEIGHBORS), farthest, depth_mm)


class DepthFile:
    """The depth images of one Kinect, `depthdata.dat`: 16-bit millimeters, row by row, mirrored."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __len__(self) -> int:
        """The number of complete images."""
        return self.path.stat().st_size // (2 * SIZE[0] * SIZE[1]) if self.path.is_file() else 0

    def read(self, number: int) -> np.ndarray:
        """Reads an image, counted from 0: uint16 (424, 512) in mm, 0 where unknown.

        Raises:
            BadInput: it is missing.
        """
        pixels = SIZE[0] * SIZE[1]
        try:
            depth_mm = np.fromfile(self.path, "<u2", pixels, offset=2 * pixels * number)
        except OSError as error:
            raise BadInput(str(self.path), f"cannot be read ({error.strerror})") from error
        if depth_mm.size < pixels:
            raise BadInput(f"{self.path} picture {number}", f"the file ends after {len(self)} pictures")
        return np.ascontiguousarray(depth_mm.reshape(SIZE)[:, ::-1])
