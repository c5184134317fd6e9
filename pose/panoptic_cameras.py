"""Reads and writes cameras in the format of a CMU Panoptic Studio calibration file."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from pose.bad_input import BadInput
from pose.camera import Camera, check_camera

#: The studio's files are in centimeters; everything else here is in millimeters.
MM_PER_CM = 10.0


def read_cameras(path: Path, kind: str = "hd") -> tuple[dict[str, Camera], dict[str, BadInput]]:
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


def camera_entry(camera: Camera) -> dict:
    """An HD camera as an entry of `cameras` in a calibration file; `read_cameras` reads the same camera from it."""
    height, width = camera.size
    return {
        "name": camera.name,
        "type": "hd",
        "resolution": [width, height],
        "panel": 0,
        "node": int(camera.name[-2:]),
        "K": camera.matrix.tolist(),
        "distCoef": camera.distortion.tolist(),
        "R": camera.rotation.tolist(),
        "t": (camera.translation_mm / MM_PER_CM).reshape(3, 1).tolist(),
    }
