"""The people of each frame as JSON lines."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from demo.outputs.files import Output
from demo.tracking.people import TrackedFrame, TrackedPerson
from pose import Skeleton

if TYPE_CHECKING:
    from body.seen import SeenBody


def _numbers(values: np.ndarray, digits: int) -> list:
    """Plain rounded numbers; null for NaN and infinity, which JSON lacks."""
    if values.ndim > 1:
        return [_numbers(row, digits) for row in values]
    return [round(value, digits) if math.isfinite(value) else None for value in values.tolist()]


def _body(body: SeenBody) -> dict:
    from scipy.spatial.transform import Rotation

    return {
        "rotations_deg": _numbers(Rotation.from_matrix(body.rotations).as_rotvec(degrees=True), 2),
        "shape": _numbers(np.asarray(body.shape_values, np.float64), 3),
        "root_px": _numbers(body.project(np.zeros((1, 3)))[0], 2),
        "px_per_m": round(body.px_per_m, 2),
    }


def frame_record(
    index: int,
    time_s: float,
    size: tuple[int, int],
    people: Iterable[TrackedPerson],
    skeleton: Skeleton,
    space: Skeleton | None = None,
) -> dict:
    """One frame as plain lists and numbers.

    Args:
        index: the frame's number.
        time_s: its time.
        size: (height, width) in px.
        people: in it.
        skeleton: of the people.
        space: of their joints in space; None if there are none.

    Returns:
        frame: its number in the source. time_s: of a file, its time after the first frame; of a camera, seconds of a
        monotonic clock. size: [height, width] in px. skeleton: its name, which determines the joints' order. people,
        each with id, box_px ([x, y, width, height] around the joints shown, or null), joints_px ([x, y] of each joint)
        and scores (of each joint, 0 to 1). With joints in space also space_skeleton, and of each person space_mm
        ([x, y, z] of each of its joints before the camera, x right, y down). Of a person whose body is known also body:
        rotations_deg ([x, y, z], axis times angle, of each bone, relative to its parent; the first as seen from
        straight ahead), shape, root_px (where the first bone begins) and px_per_m (how large it is).
    """

    def record(person: TrackedPerson) -> dict:
        box = person.box_px
        lifted = {} if person.xyz_mm is None else {"space_mm": _numbers(person.xyz_mm, 1)}
        return {
            "id": person.number,
            "box_px": None if box is None else _numbers(box, 2),
            "joints_px": _numbers(person.xy_px, 2),
            "scores": _numbers(np.asarray(person.scores, np.float64), 4),
            **lifted,
            **({} if person.body is None else {"body": _body(person.body)}),
        }

    return {
        "frame": index,
        "time_s": round(time_s, 6),
        "size": list(size),
        "skeleton": skeleton.name,
        **({} if space is None else {"space_skeleton": space.name}),
        "people": [record(person) for person in people],
    }


def json_line(record: dict) -> bytes:
    """A record as a line of JSON."""
    return f"{json.dumps(record, separators=(',', ':'))}\n".encode()


class JsonlSink:
    """Writes a line for each frame under a temporary name, and renames the file into place at the end.

    However the run ends, the lines written so far are kept; without a line there is no file.

    Args:
        path: of the file.
        skeleton: of the people.
        space: of their joints in space; None if there are none.

    Raises:
        OutputError: the file cannot be written.
    """

    def __init__(self, path: Path, skeleton: Skeleton, space: Skeleton | None = None) -> None:
        self._skeleton, self._space = skeleton, space
        self._lines = 0
        self._output = Output("--jsonl", path)

    def __enter__(self) -> JsonlSink:
        return self

    def __exit__(self, *exception: object) -> None:
        if self._lines:
            self._output.finish()
        else:
            self._output.discard()

    def write(self, seen: TrackedFrame) -> None:
        """Adds a frame's line.

        Raises:
            OutputError: it cannot be written; the file is removed.
        """
        frame = seen.frame
        height, width = frame.picture.shape[:2]
        record = frame_record(frame.index, frame.time_s, (height, width), seen.people, self._skeleton, self._space)
        with self._output.writing():
            self._output.file.write(json_line(record))
        self._lines += 1
