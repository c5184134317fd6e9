"""The dome's cameras: random within the studio's own ranges, or those of a real calibration file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from pose import Camera
from pose.panoptic_cameras import read_cameras

#: The studio's HD cameras are named 00_00 to 00_30.
MAX_CAMERAS = 31
#: Radius of the sphere of the studio's HD cameras, within 28 mm; the floor is y = 0, y points down.
RADIUS_MM = 2752.0
#: The center of that sphere; the studio's is (20, -1355, 2).
MIDDLE_MM = np.array([0.0, -1355.0, 0.0])
#: Heights of the studio's lowest and highest HD camera above its floor.
HEIGHTS_MM = (740.0, 3400.0)

# A third of the cameras are in the lowest part of that range. In the studio it is a fifth, but photographers of sports
# stand on the ground.
_LOW_SHARE, _LOW_MM = 1 / 3, 1230.0
# Measured in the studio's published calibration: the mean point that its cameras look at, and their deviation from it
# in mm; their roll (deviation and maximum, radians).
_TARGET_MM, _TARGET_DEVIATION_MM = np.array([0.0, -1313.0, 0.0]), 100.0
_ROLL, _MOST_ROLL = 0.056, 0.12
# Focal length relative to image width: three cameras in five are in the first range, the others in the second.
_SHARE_WIDE, _WIDE, _LONG = 0.6, (1393 / 1920, 1430 / 1920), (1490 / 1920, 1650 / 1920)
_ASPECT = 0.9975
# Principal point minus the image's center, relative to image width: mean and deviation.
_PRINCIPAL, _PRINCIPAL_DEVIATION = np.array([-0.0082, 0.0098]), 0.0042
# k1, k2, p1, p2, k3 of the widest lens and of the one at the end of the second range, and their deviation.
_WIDE_LENS = np.array([-0.2855, 0.183, -0.0002, 0.0005, -0.049])
_LONG_LENS = np.array([-0.2235, 0.200, -0.0002, 0.0005, 0.030])
_LENS_DEVIATION = np.array([0.003, 0.008, 0.00025, 0.0003, 0.007])
# The most that an image may be stretched, as by rounding its size to whole pixels.
_MOST_STRETCH = 0.02


def dome_cameras(rng: np.random.Generator, count: int, size: tuple[int, int]) -> list[Camera]:
    """Cameras on the dome's wall that look at its center, spread evenly in azimuth and in height.

    Radius, heights, aim and lenses are drawn from the ranges of the studio's 31 HD cameras.

    Args:
        rng: the random generator.
        count: how many, from 1 to 31.
        size: (height, width) of the images in px.

    Raises:
        ValueError: `count` is out of range.
    """
    if not 1 <= count <= MAX_CAMERAS:
        raise ValueError(
            f"a dome has from 1 to {MAX_CAMERAS} HD cameras, got count = {count}; ask for fewer, or write two domes"
        )
    first = rng.uniform(0, 2 * np.pi)
    ranks = (rng.permutation(count) + rng.uniform(size=count)) / count
    cameras = []
    for i, rank in enumerate(ranks.tolist()):
        azimuth = first + 2 * np.pi * (i + rng.uniform(-0.3, 0.3)) / count
        height = np.interp(rank, [0, _LOW_SHARE, 1], [HEIGHTS_MM[0], _LOW_MM, HEIGHTS_MM[1]])
        radius = RADIUS_MM + rng.uniform(-19, 28)
        across = np.sqrt(radius**2 - (height + MIDDLE_MM[1]) ** 2)
        center = np.array([across * np.sin(azimuth), -height, across * np.cos(azimuth)])
        target = rng.normal(_TARGET_MM, _TARGET_DEVIATION_MM)
        roll = np.clip(rng.normal(0, _ROLL), -_MOST_ROLL, _MOST_ROLL)
        rotation = look_at(center, target, roll=roll)
        matrix, distortion = _lens(rng, size)
        cameras.append(Camera(f"00_{i:02d}", size, matrix, distortion, rotation, -rotation @ center))
    return cameras


def _lens(rng: np.random.Generator, size: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """A camera matrix (3, 3) and distortion (5,)."""
    height, width = size
    focal = rng.uniform(*(_WIDE if rng.uniform() < _SHARE_WIDE else _LONG))
    share = (focal - _WIDE[0]) / (_LONG[1] - _WIDE[0])
    past = np.clip(rng.normal(size=7), -1.5, 1.5)
    x, y = np.array([width - 1, height - 1]) / 2 + width * (_PRINCIPAL + _PRINCIPAL_DEVIATION * past[:2])
    matrix = np.array([[focal * width, 0, x], [0, focal * width * _ASPECT, y], [0, 0, 1]])
    return matrix, _WIDE_LENS + share * (_LONG_LENS - _WIDE_LENS) + _LENS_DEVIATION * past[2:]


def look_at(center: np.ndarray, target: np.ndarray, *, roll: float) -> np.ndarray:
    """The rotation (3, 3), world to camera, of a camera at one point that looks at another."""
    forward = (target - center) / np.linalg.norm(target - center)
    right = np.cross([0.0, 1.0, 0.0], forward)
    right /= np.linalg.norm(right)
    down = np.cross(forward, right)
    sin, cos = np.sin(roll), np.cos(roll)
    return np.stack([cos * right + sin * down, cos * down - sin * right, forward])


def cameras_of_calibration(
    path: Path, size: tuple[int, int] | None = None, count: int | None = None, *, names: Sequence[str] = ()
) -> list[Camera]:
    """The HD cameras of a Panoptic Studio calibration file, for images of another size.

    Args:
        path: a `calibration_SEQUENCE.json`, recorded or synthetic.
        size: (height, width) of the images in px, with the file's aspect ratio; the file's own by default.
        count: how many, spread as far from one another as possible; all by default.
        names: those to take, such as "00_03"; all by default.

    Returns:
        Cameras in the order of the file, or of `names`.

    Raises:
        ValueError: the file has no HD camera, or lacks the requested ones, or `size` would stretch the images.
    """
    found, broken = read_cameras(Path(path))
    if not found:
        why = "; ".join(str(problem) for problem in broken.values()) or "it lists none of type `hd`"
        raise ValueError(f"{path} must have HD cameras, but {why}; give a calibration_SEQUENCE.json of the studio")
    missing = [name for name in names if name not in found]
    if missing:
        raise ValueError(f"{path} has no HD camera {', '.join(missing)}; it has {', '.join(found)}")
    cameras = [found[name] for name in names] if names else list(found.values())
    if count is not None:
        if not 1 <= count <= len(cameras):
            raise ValueError(f"{path} has {len(cameras)} such HD cameras, got count = {count}; ask for 1 to that many")
        cameras = _spread(cameras, count)
    return cameras if size is None else [scaled(camera, size) for camera in cameras]


def _spread(cameras: list[Camera], count: int) -> list[Camera]:
    """Farthest-point sampling, starting with the first camera."""
    centers = np.stack([camera.center_mm for camera in cameras])
    chosen, away = [0], np.linalg.norm(centers - centers[0], axis=1)
    while len(chosen) < count:
        chosen.append(int(away.argmax()))
        away = np.minimum(away, np.linalg.norm(centers - centers[chosen[-1]], axis=1))
    return [cameras[i] for i in sorted(chosen)]


def scaled(camera: Camera, size: tuple[int, int]) -> Camera:
    """The same camera with its images resized: a point at (x, y) moves to ((x + 0.5) s - 0.5, ...).

    Args:
        camera: any.
        size: the new (height, width) in px.

    Raises:
        ValueError: the images would be stretched by more than 2 %.
    """
    scale_y, scale_x = size[0] / camera.size[0], size[1] / camera.size[1]
    if abs(scale_y / scale_x - 1) > _MOST_STRETCH:
        raise ValueError(
            f"camera {camera.name}: pictures of (height, width) {tuple(camera.size)} would be stretched to "
            f"{tuple(size)}; give a size of the same shape, such as "
            f"{(round(size[1] * camera.size[0] / camera.size[1]), size[1])}"
        )
    matrix = camera.matrix.copy()
    matrix[0] *= scale_x
    matrix[1] *= scale_y
    matrix[0, 2] += (scale_x - 1) / 2
    matrix[1, 2] += (scale_y - 1) / 2
    return replace(camera, size=tuple(size), matrix=matrix)
