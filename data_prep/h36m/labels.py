"""Human3.6M's 3D joints as VideoPose3D prepares them, and its cameras as JSON."""

from __future__ import annotations

import io
import json
import pickle
import re
import zipfile
from pathlib import Path

import numpy as np

from pose import MPII16, Camera
from pose.camera import check_camera

POSITIONS = "data_3d_h36m.npz"
NUM_POINTS = 32
#: The index of each of MPII's joints in Human3.6M's 32 points, which lack the upper neck. Their thorax is the base of
#: the neck, as MPII's, and their head the top of the head.
_POINTS = {
    "pelvis": 0,
    "right_hip": 1,
    "right_knee": 2,
    "right_ankle": 3,
    "left_hip": 6,
    "left_knee": 7,
    "left_ankle": 8,
    "thorax": 13,
    "head_top": 15,
    "left_shoulder": 17,
    "left_elbow": 18,
    "left_wrist": 19,
    "right_shoulder": 25,
    "right_elbow": 26,
    "right_wrist": 27,
}
#: int64 (16,): the point of each of MPII's joints, -1 for the missing one.
POINT_OF_JOINT = np.array([_POINTS.get(joint, -1) for joint in MPII16.joints])
_MM_PER_M = 1000.0
#: (height, width) of each camera's videos in px.
_SIZES = {"54138969": (1002, 1000), "55011271": (1000, 1000), "58860488": (1000, 1000), "60457274": (1002, 1000)}

Positions = dict[str, dict[str, np.ndarray]]


class _Numbers(pickle.Unpickler):
    """Unpickles NumPy arrays and nothing else: a pickle can run arbitrary code."""

    _CORES = ("numpy.core", "numpy._core")
    _NAMES = {f"{core}.multiarray": ("_reconstruct",) for core in _CORES}
    _NAMES |= {f"{core}.numeric": ("_frombuffer",) for core in _CORES} | {"numpy": ("ndarray", "dtype")}

    def find_class(self, module: str, name: str) -> object:
        if name not in self._NAMES.get(module, ()):
            raise pickle.UnpicklingError(f"asks for {module}.{name}, but may only hold numbers")
        return super().find_class(module.replace("numpy.core", "numpy._core"), name)


def read_positions(path: Path) -> Positions:
    """Reads `data_3d_h36m.npz`: {subject: {action: float (T, 32, 3) in m}}.

    Returns:
        The same in mm, float32, in the world's frame.

    Raises:
        ValueError: the file is malformed.
    """
    try:
        # Read whole first, which checks the checksum: NumPy may crash on damaged numbers.
        with zipfile.ZipFile(path) as archive:
            member = io.BytesIO(archive.read("positions_3d.npy"))
        version = np.lib.format.read_magic(member)
        header = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
        header[version](member)
        content = _Numbers(member).load().item()
        return {
            _name(subject): {_name(action): _in_mm(points) for action, points in sorted(actions.items())}
            for subject, actions in sorted(content.items())
        }
    except Exception as error:  # A damaged zip or pickle raises any of a dozen types.
        raise ValueError(
            f"{path} cannot be read as VideoPose3D's positions ({type(error).__name__}: {error!s:.200}); "
            "make it with its data/prepare_data_h36m.py"
        ) from error


def _name(name: str) -> str:
    # Names become parts of paths.
    if not re.fullmatch(r"[\w ]+", name):
        raise ValueError(f"a subject or an action must be of letters, digits and blanks, got {name!r}")
    return name


def _in_mm(points: np.ndarray) -> np.ndarray:
    if points.ndim != 3 or points.shape[1:] != (NUM_POINTS, 3):
        raise ValueError(f"positions must be (T, 32, 3), got {points.shape}")
    # Values beyond single precision become infinite, and their frames are reported when they are read.
    with np.errstate(over="ignore", invalid="ignore"):
        return points.astype(np.float32) * np.float32(_MM_PER_M)


def read_cameras(path: Path) -> dict[str, dict[str, Camera]]:
    """Reads `camera-parameters.json` (github.com/karfly/human36m-camera-parameters).

    Its `intrinsics` hold each camera's `calibration_matrix` in px and `distortion` (k1, k2, p1, p2, k3), its
    `extrinsics` each subject's and camera's `R` and `t` in mm, world to camera.

    Returns:
        Cameras by subject and name.

    Raises:
        ValueError: the file is malformed.
    """
    try:
        content = json.loads(path.read_bytes())
        return {
            subject: {name: _camera(name, content["intrinsics"][name], placed) for name, placed in cameras.items()}
            for subject, cameras in content["extrinsics"].items()
        }
    except (AttributeError, KeyError, OSError, OverflowError, RecursionError, TypeError, ValueError) as error:
        raise ValueError(
            f"{path} cannot be read as Human3.6M's cameras ({type(error).__name__}: {error!s:.200})"
        ) from error


def _camera(name: str, lens: dict, placed: dict) -> Camera:
    camera = Camera(
        name=name,
        size=_SIZES[name],
        matrix=np.array(lens["calibration_matrix"], np.float64),
        distortion=np.array(lens["distortion"], np.float64),
        rotation=np.array(placed["R"], np.float64),
        translation_mm=np.array(placed["t"], np.float64).reshape(-1),
    )
    check_camera(camera)
    return camera
