"""Joints in time from files: TRC (OpenSim), C3D, BVH, and what `panopose cameras`, `video` and `webcam` write."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from gait.inputs.people_files import read_csv, read_jsonl
from gait.inputs.tracks import Tracks
from pose import BadInput
from pose.space.bvh import read_bvh

# The parts of a body as files name them after their side, and as we do.
_PARTS = {
    **{name: name for name in ("shoulder", "elbow", "wrist", "hip", "knee", "ankle", "heel", "big_toe", "small_toe")},
    **{"bigtoe": "big_toe", "smalltoe": "small_toe", "toe": "big_toe", "foot_index": "big_toe"},
    # Markers of Plug-in Gait and the like.
    **{"sho": "shoulder", "elb": "elbow", "kne": "knee", "ank": "ankle", "hee": "heel"},
}
_SIDES = {"l": "left", "left": "left", "r": "right", "right": "right"}
# Joints of figures whose bones are named, each after the bone that begins there.
_LIMBS = {
    f"{side}{bone}": f"{side.lower()}_{joint}"
    for side in ("Left", "Right")
    for bone, joint in {
        **{"UpLeg": "hip", "Leg": "knee", "Foot": "ankle", "ToeBase": "big_toe"},
        **{"Shoulder": "collar", "Arm": "shoulder", "ForeArm": "elbow", "Hand": "wrist"},
    }.items()
}
_UNITS = {"mm": 1.0, "cm": 10.0, "m": 1000.0}


def read_tracks(path: Path) -> Tracks:
    """Reads a file of joints in time.

    Raises:
        BadInput: the file cannot be read, or is not of its ending's format.
        ValueError: gait reads no such file.
    """
    suffix = path.suffix.lower()
    if suffix not in READERS:
        raise ValueError(f"gait reads {', '.join(READERS)} and videos, got {path.name}")
    try:
        return READERS[suffix](path)
    except BadInput:
        raise
    except (OSError, ValueError, IndexError, KeyError, OverflowError) as error:
        raise BadInput(str(path), f"cannot be read ({error!s:.200})") from error


def joint_name(label: str) -> str:
    """Our name of a joint or marker, such as left_heel for LHeel, L_HEE or LeftHeel; the label itself if unknown."""
    words = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", label.strip()).lower()
    match = re.fullmatch(r"(left|right|l|r)[_. ]?(.+)", words)
    part = _PARTS.get(match[2].replace(" ", "_")) if match else None
    return f"{_SIDES[match[1]]}_{part}" if match and part else label


def _of_markers(path: Path, labels: Sequence[str], points: np.ndarray, fps: float, unit: str) -> Tracks:
    """One person's track, of markers (F, M, 3) in a unit that the file names."""
    if unit not in _UNITS:
        raise BadInput(str(path), f"its unit is {unit!r:.20}; known ones are {', '.join(_UNITS)}")
    if not fps > 0:
        raise BadInput(str(path), f"it has {fps:g} frames per second")
    names = [joint_name(label) for label in labels]
    # Of several markers of one joint, the first.
    chosen = [k for k, name in enumerate(names) if name not in names[:k]]
    joints = tuple(names[k] for k in chosen)
    return Tracks(joints, "mm", {0: (np.arange(len(points)) / fps, points[:, chosen] * _UNITS[unit])})


def _read_trc(path: Path) -> Tracks:
    lines = path.read_text(encoding="utf-8-sig").splitlines()
    header = dict(zip(lines[1].split("\t"), lines[2].split("\t"), strict=False))
    labels = [label for label in lines[3].split("\t")[2:] if label.strip()]
    rows = [line.split("\t")[2 : 2 + 3 * len(labels)] for line in lines[5:] if line.strip()]
    try:
        fps = float(header["DataRate"])
        width = 3 * len(labels)
        values = [[float(cell) if cell.strip() else np.nan for cell in row] for row in rows]
        points = np.array([row + [np.nan] * (width - len(row)) for row in values]).reshape(-1, len(labels), 3)
    except ValueError as error:
        raise BadInput(str(path), f"a number was expected ({error!s:.100})") from error
    return _of_markers(path, labels, points, fps, header.get("Units", "mm").strip())


def _read_c3d(path: Path) -> Tracks:
    try:
        import ezc3d
    except ImportError as error:
        raise ValueError("C3D needs the package ezc3d: pip install ezc3d") from error
    try:
        file = ezc3d.c3d(str(path))
    except Exception as error:  # ezc3d raises RuntimeError, and others from C++.
        raise BadInput(str(path), f"is no C3D file ({error!s:.100})") from error
    about = file["parameters"]["POINT"]
    points = file["data"]["points"][:3].transpose(2, 1, 0)
    unknown = file["data"]["meta_points"]["residuals"][0].T < 0
    unit = (about.get("UNITS", {}).get("value") or ["mm"])[0].strip()
    points = np.where(unknown[..., None], np.nan, points)
    return _of_markers(path, about["LABELS"]["value"], points, float(about["RATE"]["value"][0]), unit)


def _read_bvh(path: Path) -> Tracks:
    """A figure's joints; BVH has no unit."""
    bvh = read_bvh(path)
    labels = [name.rpartition(":")[2] for name in bvh.names]
    # Where the arm hangs from `LeftArm`, `LeftShoulder` is the collar bone.
    table = _LIMBS if {"LeftUpLeg", "LeftLeg", "LeftFoot"} <= set(labels) else {}
    names = [table.get(label) or joint_name(label) for label in labels]
    frames = np.arange(len(bvh.values))
    return Tracks(tuple(names), "", {0: (frames * bvh.frame_seconds, bvh.forward(frames)[0])})


#: What reads which ending.
READERS: dict[str, Callable[[Path], Tracks]] = {
    ".trc": _read_trc,
    ".c3d": _read_c3d,
    ".bvh": _read_bvh,
    ".csv": read_csv,
    ".jsonl": read_jsonl,
}
