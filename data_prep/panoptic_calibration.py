"""The calibration file of a CMU Panoptic Studio sequence."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from pose import Camera
from records import BadInput

#: The studio's files are in centimetres; everything past this reader is in millimetres.
MM_PER_CM = 10.0
_MOST_PIXELS, _LARGEST = 1 << 16, 1e6


def read_calibration(path: Path, kind: str = "hd") -> tuple[dict[str, Camera], dict[str, BadInput]]:
    """Reads the cameras of one kind from `calibration_SEQUENCE.json`.

    Args:
        path: the file.
        kind: "hd", "vga" or "kinect-color".

    Returns:
        The cameras by name ("00_03") in the order of the file, translations in mm; and the entries that are
        malformed or incomplete, by name as well. A file that cannot be read gives one broken entry, "".
    """
    try:
        content = json.loads(Path(path).read_bytes())
        entries = content["cameras"]
        if not isinstance(entries, list):
            raise TypeError("`cameras` is no list")
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        return {}, {"": BadInput(str(path), f"not a calibration file ({type(error).__name__}: {error})")}
    cameras, broken = {}, {}
    for i, entry in enumerate(entries):
        if isinstance(entry, dict) and entry.get("type", kind) != kind:
            continue
        try:
            camera = _camera(entry)
            check_camera(camera)
            cameras[camera.name] = camera
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            name = str(entry.get("name", i)) if isinstance(entry, dict) else str(i)
            broken[name] = BadInput(f"{path} camera {name}", f"malformed ({type(error).__name__}: {error})")
    return cameras, broken


def _camera(entry: dict) -> Camera:
    width, height = (int(length) for length in entry["resolution"])
    return Camera(
        name=str(entry["name"]),
        size=(height, width),
        matrix=np.array(entry["K"], np.float64),
        distortion=np.array(entry["distCoef"], np.float64),
        rotation=np.array(entry["R"], np.float64),
        translation_mm=np.array(entry["t"], np.float64).reshape(-1) * MM_PER_CM,
    )


def check_camera(camera: Camera) -> None:
    """Refuses numbers that no camera has: they would put joints anywhere, or overflow in the middle of a conversion.

    Raises:
        ValueError: its pictures, focal lengths, rotation, distortion or place cannot be.
    """
    numbers = np.hstack([camera.matrix.ravel(), camera.distortion, camera.rotation.ravel(), camera.translation_mm])
    if np.abs(numbers).max() > _LARGEST:
        raise ValueError(f"K, distCoef, R and t must be smaller than {_LARGEST:g}, got {np.abs(numbers).max():g}")
    if not 1 <= min(camera.size) <= max(camera.size) <= _MOST_PIXELS:
        raise ValueError(f"resolution must be from 1 to {_MOST_PIXELS} px, got {camera.size[::-1]}")
    if not np.allclose(camera.rotation @ camera.rotation.T, np.eye(3), atol=1e-3):
        raise ValueError(f"R must be a rotation, got {camera.rotation.tolist()}")
    if (camera.matrix[[0, 1], [0, 1]] <= 0).any() or camera.matrix[2].tolist() != [0, 0, 1]:
        raise ValueError(f"K must have focal lengths above 0 and end in 0, 0, 1, got {camera.matrix.tolist()}")
