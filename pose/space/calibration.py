"""Calibration files of several cameras: Panoptic Studio's, Pose2Sim's and Anipose's TOML, OpenCV's."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from pose.camera import Camera, check_camera
from pose.panoptic_cameras import read_cameras

_MM_PER_M = 1000.0
_YAML = (".yml", ".yaml")
_MOST_BYTES = 1 << 22
_MALFORMED = (KeyError, TypeError, ValueError, OverflowError, IndexError, AttributeError, MemoryError, cv2.error)


def read_calibration(path: Path) -> dict[str, Camera]:
    """Reads the cameras of a calibration file, by name, in the file's order.

    - `.json`: CMU Panoptic Studio's, in cm.
    - `.toml`: Pose2Sim's, in m: a table for each camera with `size` (width, height), `matrix`, `distortions`, and
      `rotation` (a rotation vector) and `translation` from the world to the camera. Anipose writes the same.
    - `.yml` or `.yaml`, and `.json`, of OpenCV's FileStorage, in m: a node for each camera, of its name, with
      `image_width`, `image_height`, `camera_matrix`, `distortion_coefficients`, `rotation` (a matrix or vector) and
      `translation`. YAML needs the package pyyaml.

    Raises:
        ValueError: it cannot be read, or a camera in it is malformed or has a fish-eye lens.
    """
    path = Path(path)
    if not path.is_file():
        raise ValueError(f"there is no calibration {path}")
    ending = path.suffix.lower()
    if ending not in (".json", ".toml", *_YAML):
        raise ValueError(f"a calibration ends in .json, .toml, {' or '.join(_YAML)}, got {path.name}")
    if path.stat().st_size > _MOST_BYTES:
        raise ValueError(f"{path} is too large for a calibration: {path.stat().st_size} bytes")
    if ending == ".toml":
        cameras = _toml(path)
    elif ending == ".json" and (content := _json(path)) is not None:
        cameras = _opencv(path, content)
    elif ending == ".json":
        cameras, broken = read_cameras(path)
        if broken:
            raise ValueError(str(next(iter(broken.values()))))
    else:
        cameras = _opencv(path, _yaml(path))
    if not cameras:
        raise ValueError(f"{path} has no cameras")
    return cameras


def write_toml(cameras: Iterable[Camera], path: Path) -> None:
    """Writes cameras as Pose2Sim does, in m; `read_calibration` reads the same.

    Raises:
        OSError: the file cannot be written.
    """
    tables = []
    for camera in cameras:
        height, width = camera.size
        entry = {
            "size": [width, height],
            "matrix": camera.matrix.tolist(),
            "distortions": camera.distortion.tolist(),
            "rotation": cv2.Rodrigues(camera.rotation)[0].ravel().tolist(),
            "translation": (camera.translation_mm / _MM_PER_M).tolist(),
        }
        # JSON's strings and numbers are TOML's.
        name = json.dumps(camera.name)
        lines = [
            f"[{name}]",
            f"name = {name}",
            *(f"{key} = {value}" for key, value in entry.items()),
            "fisheye = false",
        ]
        tables.append("\n".join(lines))
    path.write_text("\n\n".join(tables) + "\n", encoding="utf-8")


def _toml(path: Path) -> dict[str, Camera]:
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise ValueError(f"{path} is no TOML file: {error!s:.200}") from error
    # "metadata" is no camera.
    entries = {name: entry for name, entry in content.items() if isinstance(entry, dict) and "matrix" in entry}
    return dict(_checked(path, name, partial(_of_toml, name, entry)) for name, entry in entries.items())


def _checked(path: Path, name: str, read: Callable[[], Camera]) -> tuple[str, Camera]:
    try:
        camera = read()
        check_camera(camera)
    except _MALFORMED as error:
        raise ValueError(f"{path}, camera {name!r:.60}: {type(error).__name__}: {error!s:.200}") from error
    return camera.name, camera


def _of_toml(name: str, entry: Mapping[str, Any]) -> Camera:
    if entry.get("fisheye"):
        raise ValueError("fish-eye lenses are not supported; calibrate with distortion coefficients")
    width, height = (int(length) for length in entry["size"])
    keys = ("matrix", "distortions", "rotation", "translation")
    return _camera(str(entry.get("name", name)), (height, width), *(entry[key] for key in keys))


def _json(path: Path) -> dict[str, Any] | None:
    """The content of a JSON file of OpenCV's; None if it is none, as the studio's."""
    try:
        content = json.loads(path.read_bytes())
    except (ValueError, RecursionError):
        return None
    return content if isinstance(content, dict) and any(map(_is_camera, content.values())) else None


def _yaml(path: Path) -> dict[str, Any]:
    # OpenCV's own reader of YAML writes out of bounds on damaged files.
    try:
        import yaml
    except ModuleNotFoundError as error:
        raise ValueError(f"{path} needs a package: pip install pyyaml; or write it as .json or .toml") from error

    class Loader(yaml.SafeLoader):
        """Of plain values, and OpenCV's matrices as dictionaries."""

    for tag in ("opencv-matrix", "opencv-nd-matrix"):
        Loader.add_constructor(
            f"tag:yaml.org,2002:{tag}", lambda loader, node: loader.construct_mapping(node, deep=True)
        )
    try:
        text = path.read_text(encoding="utf-8")
        # OpenCV's first line, "%YAML:1.0", is not YAML's own.
        content = yaml.load(re.sub(r"\A%YAML.*\n", "", text), Loader)  # noqa: S506
    except (yaml.YAMLError, ValueError, RecursionError, AttributeError, TypeError) as error:
        raise ValueError(f"{path} is no YAML file: {error!s:.200}") from error
    return content if isinstance(content, dict) else {}


def _is_camera(entry: object) -> bool:
    return isinstance(entry, dict) and "camera_matrix" in entry


def _opencv(path: Path, content: Mapping[str, Any]) -> dict[str, Camera]:
    entries = {str(name): entry for name, entry in content.items() if _is_camera(entry)}
    return dict(_checked(path, name, partial(_of_opencv, name, entry)) for name, entry in entries.items())


def _of_opencv(name: str, entry: Mapping[str, Any]) -> Camera:
    keys = ("camera_matrix", "distortion_coefficients", "rotation", "translation")
    height, width = (int(entry[f"image_{side}"]) for side in ("height", "width"))
    return _camera(name, (height, width), *(_matrix(entry[key]) for key in keys))


def _matrix(entry: Mapping[str, Any]) -> np.ndarray:
    shape = entry["sizes"] if "sizes" in entry else (entry["rows"], entry["cols"])
    return np.array(entry["data"], np.float64).reshape([int(length) for length in shape])


def _camera(
    name: str, size: tuple[int, int], matrix: Any, distortion: Any, rotation: Any, translation_m: Any
) -> Camera:
    coefficients = np.zeros(5)
    given = np.array(distortion, np.float64).ravel()
    if len(given) > 5 and given[5:].any():
        raise ValueError(f"at most five distortion coefficients are supported, got {len(given)}")
    coefficients[: min(len(given), 5)] = given[:5]
    turned = np.array(rotation, np.float64)
    return Camera(
        name,
        size,
        np.array(matrix, np.float64),
        coefficients,
        turned if turned.shape == (3, 3) else cv2.Rodrigues(turned.reshape(3))[0],
        np.array(translation_m, np.float64).reshape(-1) * _MM_PER_M,
    )
