"""People in space as files: a table, TRC and C3D for each person, and a sequence in Panoptic Studio's own format."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Sequence
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from demo.space.scene import PersonInSpace, Scene
from pose import PANOPTIC19, convert_joints
from pose.panoptic_cameras import camera_entry
from pose.panoptic_poses import POSES, body_entry, pose_file, poses_content

if TYPE_CHECKING:
    import pandas as pd


def to_frame(scene: Scene) -> pd.DataFrame:
    """A row for each person in a frame: frame, time_s, person, and of each joint x, y, z in mm and its cameras.

    A joint of 0 cameras was interpolated; one without coordinates is unknown.
    """
    import pandas as pd

    there = [np.isfinite(one.xyz_mm).any(axis=(1, 2)) for one in scene.people]
    order = sorted((frame, person) for person, rows in enumerate(there) for frame in np.flatnonzero(rows))
    frames, numbers = (np.array(values, np.int64) for values in (zip(*order, strict=True) if order else ((), ())))
    columns = {"frame": frames, "time_s": scene.times_s[frames], "person": numbers}
    for joint, name in enumerate(scene.skeleton.joints):
        for axis, letter in enumerate("xyz"):
            values = [scene.people[person].xyz_mm[frame, joint, axis] for frame, person in order]
            columns[f"{name}_{letter}_mm"] = np.array(values, np.float64)
        counts = [scene.people[person].cameras[frame, joint] for frame, person in order]
        columns[f"{name}_cameras"] = np.array(counts, np.int64)
    return pd.DataFrame(columns)


def span_of(person: PersonInSpace) -> slice:
    """The frames from the first to the last in which a joint is known."""
    frames = np.flatnonzero(np.isfinite(person.xyz_mm).any(axis=(1, 2)))
    return slice(int(frames[0]), int(frames[-1]) + 1)


def rate_hz(times_s: np.ndarray) -> float:
    """Frames per second."""
    return (len(times_s) - 1) / float(times_s[-1] - times_s[0]) if len(times_s) > 1 else 30.0


def write_trc(scene: Scene, person: PersonInSpace, path: Path) -> None:
    """A marker file of OpenSim, in mm: tabs, unknown markers left empty."""
    span, rate, joints = span_of(person), rate_hz(scene.times_s), scene.skeleton.joints
    count = span.stop - span.start
    header = ("DataRate", "CameraRate", "NumFrames", "NumMarkers", "Units", "OrigDataRate", "OrigDataStartFrame")
    lines = [
        f"PathFileType\t4\t(X/Y/Z)\t{path.name}",
        "\t".join((*header, "OrigNumFrames")),
        f"{rate:.6g}\t{rate:.6g}\t{count}\t{len(joints)}\tmm\t{rate:.6g}\t{span.start + 1}\t{count}",
        "Frame#\tTime\t" + "\t".join(f"{name}\t\t" for name in joints),
        "\t\t" + "\t".join(f"X{k}\tY{k}\tZ{k}" for k in range(1, len(joints) + 1)),
        "",
    ]
    for frame in range(span.start, span.stop):
        values = ["" if np.isnan(value) else f"{value:.3f}" for value in person.xyz_mm[frame].ravel()]
        lines.append("\t".join([str(frame + 1), f"{scene.times_s[frame]:.6f}", *values]))
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def can_write_c3d() -> bool:
    """Whether the package that writes C3D is installed."""
    return find_spec("ezc3d") is not None


def write_c3d(scene: Scene, person: PersonInSpace, path: Path) -> None:
    """A file of the C3D standard (c3d.org), in mm; unknown points have a residual of -1."""
    import ezc3d

    span = span_of(person)
    points = person.xyz_mm[span].transpose(2, 1, 0)
    known = np.isfinite(points).all(axis=0)
    # Of the cameras that a point rests on.
    errors = (np.nansum(person.errors_px, axis=0) / np.maximum(person.cameras, 1))[span].T
    made = ezc3d.c3d()
    made["parameters"]["POINT"]["RATE"]["value"] = [rate_hz(scene.times_s)]
    made["parameters"]["POINT"]["LABELS"]["value"] = list(scene.skeleton.joints)
    made["parameters"]["POINT"]["UNITS"]["value"] = ["mm"]
    made["header"]["points"]["first_frame"] = span.start
    made["data"]["points"] = np.concatenate([np.where(known, points, np.nan), np.ones((1, *known.shape))])
    made["data"]["meta_points"]["residuals"] = np.where(known, errors, -1.0)[None]
    made.write(str(path))


def write_sequence(scene: Scene, videos: Sequence[Path], folder: Path) -> None:
    """A sequence as Panoptic Studio's: calibration, poses of its 19 joints, and the videos, linked where possible.

    `python -m data_prep panoptic` makes records of it. The cameras are named 00_00, 00_01 and so on.
    """
    folder.mkdir(parents=True)
    cameras = [replace(camera, name=f"00_{k:02}") for k, camera in enumerate(scene.cameras)]
    calibration = {"cameras": list(map(camera_entry, cameras))}
    (folder / f"calibration_{folder.name}.json").write_text(json.dumps(calibration, indent=1))
    poses, films = folder / POSES, folder / "hdVideos"
    poses.mkdir()
    films.mkdir()
    for camera, video in zip(cameras, videos, strict=True):
        target = films / f"hd_{camera.name}{video.suffix}"
        try:
            os.link(video.resolve(), target)
        except OSError:
            shutil.copyfile(video, target)
    for frame in range(len(scene.times_s)):
        bodies = []
        for number, person in enumerate(scene.people):
            known = np.where(np.isfinite(person.xyz_mm[frame]).all(axis=1), 2, 0)
            xyz, visible = convert_joints(np.nan_to_num(person.xyz_mm[frame]), known, scene.skeleton, PANOPTIC19)
            scores, _ = convert_joints(person.scores[frame][:, None], known, scene.skeleton, PANOPTIC19)
            if visible.any():
                bodies.append(body_entry(number, xyz, np.where(visible > 0, scores[:, 0], -1.0)))
        content = poses_content(bodies, float(scene.times_s[frame]), rate_hz(scene.times_s))
        (poses / pose_file(frame)).write_text(json.dumps(content))


def sequence_name(folder: Path) -> str:
    """A folder's name as the name of a sequence: letters, digits and underscores."""
    return re.sub(r"\W+", "_", folder.name) or "scene"
