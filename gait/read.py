"""Joints in time from files: TRC (OpenSim), C3D, and the tables of `panopose cameras` and `panopose video`."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd

from gait.motion import Motion
from pose import BadInput

# The parts of a body as files name them after their side, and as we do.
_PARTS = {
    **{name: name for name in ("shoulder", "elbow", "wrist", "hip", "knee", "ankle", "heel", "big_toe", "small_toe")},
    **{"bigtoe": "big_toe", "smalltoe": "small_toe", "toe": "big_toe", "foot_index": "big_toe"},
    # Markers of Plug-in Gait and the like.
    **{"sho": "shoulder", "elb": "elbow", "kne": "knee", "ank": "ankle", "hee": "heel"},
}
_SIDES = {"l": "left", "left": "left", "r": "right", "right": "right"}
# An hour at 240 frames per second.
_MOST_FRAMES = 864_000
_UNITS = {"mm": 1.0, "cm": 10.0, "m": 1000.0}


def read_motion(path: Path, person: int | None = None) -> Motion:
    """Reads a file of joints in time.

    Args:
        path: .trc, .c3d, or .csv of `panopose cameras` (mm) or `panopose video` (px).
        person: of a table with several people; the one who is seen longest if None.

    Raises:
        BadInput: the file cannot be read, or is not of one of these formats.
        ValueError: it lacks the joints that gait needs, has too few frames a second, or no such person.
    """
    readers = {".trc": _read_trc, ".c3d": _read_c3d}
    try:
        if path.suffix.lower() == ".csv":
            return _read_csv(path, person)
        if path.suffix.lower() not in readers:
            raise ValueError(f"gait reads .trc, .c3d and .csv, got {path.name}")
        labels, points, fps, unit = readers[path.suffix.lower()](path)
    except (OSError, UnicodeDecodeError, IndexError, KeyError, OverflowError, pd.errors.ParserError) as error:
        raise BadInput(str(path), f"cannot be read ({error!s:.200})") from error
    if unit not in _UNITS:
        raise BadInput(str(path), f"its unit is {unit!r:.20}; known ones are {', '.join(_UNITS)}")
    names = [joint_name(label) for label in labels]
    # Of several markers of one joint, the first.
    chosen = [k for k, name in enumerate(names) if name not in names[:k]]
    joints = points[:, chosen] * _UNITS[unit]
    return Motion.of(joints, [names[k] for k in chosen], fps)


def joint_name(label: str) -> str:
    """Our name of a joint or marker, such as left_heel for LHeel, L_HEE or LeftHeel; the label itself if unknown."""
    words = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", label.strip()).lower()
    match = re.fullmatch(r"(left|right|l|r)[_. ]?(.+)", words)
    part = _PARTS.get(match[2].replace(" ", "_")) if match else None
    return f"{_SIDES[match[1]]}_{part}" if match and part else label


def _read_trc(path: Path) -> tuple[list[str], np.ndarray, float, str]:
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
    return labels, points, fps, header.get("Units", "mm").strip()


def _read_c3d(path: Path) -> tuple[list[str], np.ndarray, float, str]:
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
    return (
        about["LABELS"]["value"],
        np.where(unknown[..., None], np.nan, points),
        float(about["RATE"]["value"][0]),
        unit,
    )


def _read_csv(path: Path, person: int | None) -> Motion:
    table = pd.read_csv(path)
    if not {"frame", "time_s", "person"} <= set(table.columns):
        raise BadInput(
            str(path), "lacks the columns frame, time_s and person of `panopose cameras` and `panopose video`"
        )
    kept = table[["frame", "time_s", "person"]].apply(pd.to_numeric, errors="coerce")
    if not np.isfinite(kept.to_numpy(float)).all() or np.ptp(kept["frame"]) > _MOST_FRAMES:
        raise BadInput(str(path), f"its frames, times and people must be numbers, of {_MOST_FRAMES} frames at most")
    table = table.assign(**kept.astype({"frame": np.int64, "person": np.int64}))
    people = table["person"].value_counts()
    if person is None:
        person = int(people.index[0])
    if person not in people:
        raise ValueError(f"{path} has the people {', '.join(map(str, sorted(people.index)))}, and no {person}")
    rows = table[table["person"] == person].sort_values("frame")
    in_space = any(column.endswith("_x_mm") for column in rows)
    axes, unit = (("x", "y", "z"), "mm") if in_space else (("x", "y"), "px")
    joints = [column.removesuffix(f"_x_{unit}") for column in rows if column.endswith(f"_x_{unit}")]
    frames = rows["frame"].to_numpy() - int(rows["frame"].iloc[0])
    values = np.full((int(frames[-1]) + 1, len(joints), len(axes)), np.nan)
    for k, axis in enumerate(axes):
        values[frames, :, k] = rows[[f"{joint}_{axis}_{unit}" for joint in joints]].to_numpy(float)
    seconds = float(rows["time_s"].iloc[-1] - rows["time_s"].iloc[0])
    if len(values) < 2 or not seconds > 0:
        raise ValueError(f"{path} has one frame of person {person}; gait needs a walk")
    return Motion.of(values, joints, (len(values) - 1) / seconds, unit=unit)
