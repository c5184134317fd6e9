"""Tracks of several people from what the demos write: the tables of `panopose cameras` and `video`, and .jsonl."""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path

import numpy as np
import pandas as pd

from gait.inputs.tracks import Tracks, with_gaps
from pose import SKELETONS, BadInput

_KEYS = ["frame", "time_s", "person"]


def read_csv(path: Path) -> Tracks:
    """Reads a table with a row for each person in a frame.

    Raises:
        BadInput: it lacks columns, or these hold no numbers.
    """
    table = pd.read_csv(path)
    if not set(_KEYS) <= set(table.columns):
        raise BadInput(str(path), "lacks the columns frame, time_s and person of `panopose cameras` and `video`")
    in_space = any(column.endswith("_x_mm") for column in table)
    axes, unit = (("x", "y", "z"), "mm") if in_space else (("x", "y"), "px")
    joints = tuple(column.removesuffix(f"_x_{unit}") for column in table if column.endswith(f"_x_{unit}"))
    columns = [f"{joint}_{axis}_{unit}" for joint in joints for axis in axes]
    lacking = [column for column in columns if column not in table]
    if lacking:
        raise BadInput(str(path), f"lacks the column {lacking[0]}")
    numbers = table[_KEYS + columns].apply(pd.to_numeric, errors="coerce").astype(float)
    if not np.isfinite(numbers[_KEYS].to_numpy()).all() or (numbers[["frame", "person"]].abs() > 1e15).any(axis=None):
        raise BadInput(str(path), "its frames, times and people must be numbers")
    people = {}
    for person, rows in numbers.groupby("person"):
        rows = rows.sort_values("frame")
        xyz = rows[columns].to_numpy().reshape(len(rows), len(joints), len(axes))
        people[int(person)] = with_gaps(rows["frame"].to_numpy().astype(np.int64), rows["time_s"].to_numpy(), xyz)
    return Tracks(joints, unit, people)


def read_jsonl(path: Path) -> Tracks:
    """Reads a line for each frame, as `panopose webcam`, `panopose video` and the page of gait write it.

    Raises:
        BadInput: a line is something else, or of a skeleton that is not one of PanoPose's own and names no `joints`.
    """
    seen: dict[int, list[tuple[int, float, np.ndarray]]] = defaultdict(list)
    skeletons: dict[str, tuple[str, ...]] = {name: skeleton.joints for name, skeleton in SKELETONS.items()}
    names = set()
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        try:
            record = json.loads(line)
            names.add(str(record["skeleton"]))
            skeletons.setdefault(str(record["skeleton"]), tuple(map(str, record.get("joints") or ())))
            for person in record["people"]:
                xy_px = np.array([[np.nan if v is None else float(v) for v in xy] for xy in person["joints_px"]])
                seen[int(person["id"])].append((int(record["frame"]), float(record["time_s"]), xy_px))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise BadInput(str(path), f"line {number} is no frame of `panopose video --out FILE.jsonl`") from error
    if not all(map(skeletons.get, names)) or len(names) > 1:
        named = ", ".join(sorted(names))
        raise BadInput(str(path), f"its joints are not known by the skeleton {named}; a .csv names each joint")
    joints = skeletons[names.pop()] if names else ()
    people = {}
    for person, rows in seen.items():
        frames, times_s, xy_px = zip(*rows, strict=True)
        if any(one.shape != (len(joints), 2) for one in xy_px):
            raise BadInput(str(path), f"person {person} has other than {len(joints)} joints in some frame")
        people[person] = with_gaps(np.array(frames), np.array(times_s), np.stack(xy_px))
    return Tracks(joints, "px", people)
