"""Recordings as tables and as files: .csv, .parquet, .json (COCO keypoints) and .jsonl (a line for each frame)."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np

from demo.offline.bodies import BodyTracks
from demo.offline.lift import SpaceTracks
from demo.offline.recording import Recording
from demo.outputs.files import Output
from demo.outputs.jsonl import frame_record, json_line
from demo.outputs.table import TABLE_ENDINGS, long_table, wide_table, with_space, write_table
from pose.angles import angle_names, measure_angles
from pose.coco import coco_annotation, coco_category, coco_image

if TYPE_CHECKING:
    import pandas as pd

ENDINGS = (*TABLE_ENDINGS, ".json", ".jsonl")
Form = Literal["wide", "long"]
#: Degrees, float64 (T,), by the person's number and the angle's name; T are the frames of the person's track.
Angles = Mapping[int, Mapping[str, np.ndarray]]
_ANGLE_DIGITS = 2


def angles_of(
    recording: Recording,
    custom: Mapping[str, tuple[str, str, str]] | None = None,
    *,
    named: bool = True,
    facing: float | None = None,
) -> Angles:
    """Measures the angles of everybody.

    Args:
        recording: its joints of sufficient score are used.
        custom: three joints for each further name; see `pose.angles.measure_angles`.
        named: the angles of `pose.angles.angle_names` too.
        facing: 1 for people who face the image's right, -1 for left; None finds it for each person.

    Raises:
        ValueError: a custom angle names a joint that the skeleton lacks, or has the name of another angle.
    """
    unwanted = () if named else angle_names(recording.skeleton)
    angles = {}
    for number, track in recording.people.items():
        xy_px = np.where(recording.shown(track)[..., None] > 0, track.xy_px, np.nan)
        series = measure_angles(xy_px, recording.skeleton, facing=facing, custom=custom)
        angles[number] = {name: values for name, values in series.items() if name not in unwanted}
    return angles


def to_frame(
    recording: Recording, *, form: Form = "wide", angles: Angles | None = None, space: SpaceTracks | None = None
) -> pd.DataFrame:
    """A recording as a table; its first columns are frame, time_s and person.

    Args:
        recording: the joints of everybody.
        form: `wide` has a row for each person in a frame, with box and joints; `long` a row for each joint.
        angles: further columns of a wide table, `NAME_deg`.
        space: further columns of a wide table, `JOINT_x_mm` and so on.

    Returns:
        `attrs["skeleton"]` of the table describes the skeleton.

    Raises:
        ValueError: angles in a long table.
    """
    if form == "long" and angles is not None:
        raise ValueError("angles belong to people, and a long table has a row for each joint; make it wide")
    frames, numbers = recording.rows()
    joints = recording.skeleton.num_joints
    xy_px, scores = np.empty((len(frames), joints, 2), np.float32), np.empty((len(frames), joints), np.float32)
    boxes_px = np.full((len(frames), 4), np.nan)
    for number, track in recording.people.items():
        rows, places = numbers == number, frames[numbers == number] - track.start
        xy_px[rows], scores[rows] = track.xy_px[places], track.scores[places]
        boxes_px[rows] = _boxes(track.xy_px[places], recording.shown(track)[places] > 0)
    first = {"frame": frames, "time_s": recording.times_s[frames], "person": numbers}
    if form == "long":
        return long_table(first, xy_px, scores, recording.skeleton)
    table = wide_table(first, boxes_px, xy_px, scores, recording.skeleton)
    for name in _names(angles):
        values = np.full(len(frames), np.nan, np.float32)
        for number, track in recording.people.items():
            rows = numbers == number
            values[rows] = (angles or {})[number][name][frames[rows] - track.start]
        table[f"{name}_deg"] = values
    if space is None:
        return table
    xyz_mm = np.full((len(frames), space.skeleton.num_joints, 3), np.nan)
    for number, track in recording.people.items():
        rows = numbers == number
        xyz_mm[rows] = space.people[number][frames[rows] - track.start]
    return with_space(table, xyz_mm, space.skeleton)


def to_coco(recording: Recording, video: str, *, angles: Angles | None = None) -> dict:
    """A recording as a COCO keypoints data set: an image for each frame, an annotation for each person in it.

    Joints have visibility 2 where measured with sufficient score, 1 where filled, 0 otherwise. Beyond COCO's fields,
    images have frame_id and time_s, annotations track_id, keypoint_scores and, on request, angles_deg.

    Args:
        recording: the joints of everybody.
        video: name of the video.
        angles: of everybody.
    """
    images: list[dict] = []
    annotations: list[dict] = []
    for frame, people in recording.iter_people():
        image = coco_image(frame + 1, f"frame_{frame:06d}.jpg", recording.size)
        images.append({**image, "video_id": 1, "frame_id": frame, "time_s": round(float(recording.times_s[frame]), 6)})
        for person in people:
            if person.box_px is None:
                continue
            scores = [round(score, 4) for score in person.scores.tolist()]
            score = float(person.scores[person.shown == 2].mean()) if (person.shown == 2).any() else 0.0
            made = coco_annotation(
                len(annotations) + 1, frame + 1, person.xy_px, person.shown, person.box_px, score=score
            )
            more = _angles_at(recording, angles, person.number, frame)
            annotations.append({**made, "track_id": person.number, "keypoint_scores": scores, **more})
    return {
        "videos": [{"id": 1, "file_name": video}],
        "images": images,
        "annotations": annotations,
        "categories": [coco_category(recording.skeleton)],
    }


def iter_records(
    recording: Recording,
    *,
    angles: Angles | None = None,
    space: SpaceTracks | None = None,
    bodies: BodyTracks | None = None,
) -> Iterator[dict]:
    """Yields each frame as plain lists and numbers; see `demo.outputs.jsonl.frame_record`."""
    for frame, people in recording.iter_people():
        time_s = float(recording.times_s[frame])
        if space is not None:
            places = [frame - recording.people[person.number].start for person in people]
            everybody = zip(people, places, strict=True)
            people = tuple(replace(one, xyz_mm=space.people[one.number][place]) for one, place in everybody)
        if bodies is not None:
            people = tuple(replace(one, body=bodies.at(frame, one.number)) for one in people)
        skeleton = None if space is None else space.skeleton
        record = frame_record(frame, time_s, recording.size, people, recording.skeleton, skeleton)
        for entry in record["people"]:
            entry |= _angles_at(recording, angles, entry["id"], frame)
        yield record


def write(
    recording: Recording,
    out: Path,
    *,
    video: str,
    form: Form = "wide",
    angles: Angles | None = None,
    space: SpaceTracks | None = None,
    bodies: BodyTracks | None = None,
) -> None:
    """Writes a recording completely or not at all.

    Args:
        recording: the joints of everybody.
        out: its ending, one of `ENDINGS`, gives the format.
        video: name of the video, for .json.
        form: of a table.
        angles: of everybody.
        space: joints in space of everybody, for a wide table or .jsonl.
        bodies: of everybody, for .jsonl.

    Raises:
        OutputError: the file cannot be written.
    """
    if out.suffix in TABLE_ENDINGS:
        write_table(to_frame(recording, form=form, angles=angles, space=space), out)
        return
    output = Output("--out", out)
    try:
        with output.writing():
            if out.suffix == ".json":
                content = to_coco(recording, video, angles=angles)
                output.file.write(json.dumps(content, separators=(",", ":"), allow_nan=False).encode())
            else:
                records = iter_records(recording, angles=angles, space=space, bodies=bodies)
                output.file.writelines(map(json_line, records))
        output.finish()
    finally:
        output.discard()


def _boxes(xy_px: np.ndarray, shown: np.ndarray) -> np.ndarray:
    """Boxes (N, 4) around the joints shown, (N, J) of (N, J, 2); NaN where there are none."""
    low = np.where(shown[..., None], xy_px, np.inf).min(axis=1)
    high = np.where(shown[..., None], xy_px, -np.inf).max(axis=1)
    return np.where(shown.any(axis=1, keepdims=True), np.hstack([low, np.maximum(high - low, 0)]), np.nan)


def _names(angles: Angles | None) -> list[str]:
    return list(next(iter(angles.values()), {})) if angles else []


def _angles_at(recording: Recording, angles: Angles | None, number: int, frame: int) -> dict:
    """The entry of a person's angles in a frame; empty without angles."""
    if angles is None:
        return {}
    place = frame - recording.people[number].start
    values = {name: float(series[place]) for name, series in angles[number].items()}
    return {
        "angles_deg": {
            name: round(value, _ANGLE_DIGITS) if math.isfinite(value) else None for name, value in values.items()
        }
    }
