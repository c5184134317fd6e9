r"""How exact lifted joints are on real people: one camera's lifted pose against what several cameras see.

    python -m benchmarks.lifting cam01.mp4 cam02.mp4 cam03.mp4 cam04.mp4 --calibration Calib.toml

A 2D model follows the one person in all videos, and the joints are triangulated (`panopose cameras`); these are taken
for true. Then each video is lifted by itself: every frame with all others known, as a live camera sees it (only earlier
frames known), and as a single image. Both ways use the same 2D joints, so that their common errors do not count.

Of one video without --calibration there is no truth: then it says how far the lifted pose lies from MediaPipe's, both
of people of 1.70 m.

With --blazepose it also measures the world landmarks that MediaPipe finds in each video: FOLDER/cam01.npy and so on,
(T, 33, 3) in m, NaN where nobody was found, made in an environment with mediapipe and OpenCV:

    pose = mediapipe.solutions.pose.Pose(model_complexity=2)
    rows = [pose.process(rgb).pose_world_landmarks for rgb in frames]
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import pandas as pd
import tyro

from benchmarks.many.ours import open_model, title_of
from demo.errors import DemoError
from demo.lifting.lifter import Lifter
from demo.offline.recording import Recording
from demo.offline.track import track_video
from demo.runtimes.pose_model import PoseModel
from demo.space.scene import SpaceOptions, locate_people
from demo.video.capture import FrameSource
from evaluate.pose_3d.metrics import joint_errors, pck_3d
from machine.command import run_command
from machine.whole import whole
from pose import Camera, Skeleton, convert_joints
from pose.space.calibration import read_calibration
from pose.space.lifting import SIZE_SHARE, STATURE_MM, about_hips, hips_of, size_mm, usual_camera
from tools.result_tables import markdown
from weights import run_of

#: The joints that all have.
_JOINTS = tuple(
    f"{side}_{stem}" for stem in ("shoulder", "elbow", "wrist", "hip", "knee", "ankle") for side in ("left", "right")
)
_ARMS_AND_LEGS = Skeleton("arms-and-legs", _JOINTS)
# MediaPipe's points of these joints.
_POINTS = [*range(11, 17), *range(23, 29)]


@dataclass(frozen=True)
class Options:
    """Measures a lifter on videos of one person.

    Attributes:
        videos: of one person, by cameras of the calibration that have the videos' names.
        calibration: of the cameras, as for `panopose cameras`; one video needs none, but --blazepose.
        model: the 2D model.
        lifter: exports of lifters; the one that comes with PanoPose by default.
        blazepose: folder of MediaPipe's world landmarks.
        out: the table to write, a .csv file.
    """

    videos: Annotated[tuple[Path, ...], tyro.conf.Positional]
    calibration: Path | None = None
    model: Path = Path("accurate")
    lifter: tuple[Path, ...] = (run_of("lift") / "export",)
    blazepose: Path | None = None
    out: Path = Path("runs/lifting.csv")

    def __post_init__(self) -> None:
        if self.calibration is not None and len(self.videos) < 2:
            raise ValueError("give the videos of two or more cameras")
        if self.calibration is None and (len(self.videos) != 1 or self.blazepose is None):
            raise ValueError("without --calibration give one video, and --blazepose")


def lifted(lifter: Lifter, recording: Recording, camera: Camera, frames: np.ndarray, way: str) -> Iterator[np.ndarray]:
    """The lifted poses (J, 3) of a video's person in some frames, about the hips in the camera's frame."""
    number = max(recording.people, key=lambda one: len(recording.people[one].xy_px))
    xy_px, scores, _ = recording.joints(number)
    scores = np.where(scores >= recording.joint_score, scores, 0.0)
    times = recording.times_s
    for frame in frames:
        rows = {"whole video": slice(None), "live": slice(frame + 1), "single image": slice(frame, frame + 1)}[way]
        given = xy_px[rows], scores[rows], times[rows]
        yield lifter.lift(*given, times[frame : frame + 1], recording.size, camera).xyz_mm[0]


def run(options: Options) -> None:
    """Runs the benchmark."""
    model = open_model(options.model, 1)
    rows = _compared(options, model) if options.calibration is None else _measured(options, options.calibration, model)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    with whole(options.out) as unfinished:
        pd.DataFrame(rows).to_csv(unfinished, index=False)
    print(markdown(options.out))


def _measured(options: Options, calibration: Path, model: PoseModel) -> list[dict[str, str]]:
    calibrated = read_calibration(calibration)
    if lacking := [video.stem for video in options.videos if video.stem not in calibrated]:
        raise ValueError(f"{calibration} has no camera {lacking[0]}; it has {', '.join(calibrated)}")
    cameras = [calibrated[video.stem] for video in options.videos]
    recordings = [track_video(FrameSource(str(video)), model) for video in options.videos]
    scene = locate_people(cameras, recordings, (0.0,) * len(cameras), SpaceOptions())
    if not scene.people:
        raise ValueError("nobody is seen by two cameras; check the calibration with `panopose cameras`")
    world = max(scene.people, key=lambda person: np.isfinite(person.xyz_mm).sum()).xyz_mm
    known = np.isfinite(world).all(axis=2)
    size = size_mm(np.nan_to_num(world), known, scene.skeleton)
    print(f"a person of {size / SIZE_SHARE:.0f} mm in {int(known.any(axis=1).sum())} frames", file=sys.stderr)
    truth, there = convert_joints(np.nan_to_num(world), known, scene.skeleton, _ARMS_AND_LEGS)
    frames = np.flatnonzero(there.all(axis=1))
    rows = _lifted_rows(options, model, recordings, cameras, frames, truth[frames], size / SIZE_SHARE)
    mean = np.broadcast_to(
        np.mean([about_hips(truth[frames] @ one.rotation.T, _ARMS_AND_LEGS) for one in cameras], axis=(0, 1)),
        truth[frames].shape,
    )
    rows.append(
        {"lifter": "mean pose of these people", "frames": "", **_figures([mean] * len(cameras), truth[frames], cameras)}
    )
    if options.blazepose is not None:
        # Its people have a height of its own; as ours, they get the true one.
        scaled = [_blazepose(options.blazepose, video, size)[frames] for video in options.videos]
        figures = _figures(scaled, truth[frames], cameras)
        rows.append({"lifter": "BlazePose's world landmarks", "frames": "whole video", **figures})
    return rows


def _compared(options: Options, model: PoseModel) -> list[dict[str, str]]:
    """The distances of lifted poses from MediaPipe's, both of people of 1.70 m."""
    (video,) = options.videos
    recording = track_video(FrameSource(str(video)), model)
    other = _blazepose(options.blazepose or Path(), video, SIZE_SHARE * STATURE_MM)
    frames = np.flatnonzero(np.isfinite(other).all(axis=(1, 2)))
    camera = usual_camera(recording.size)
    return _lifted_rows(options, model, [recording], [camera], frames, other[frames], STATURE_MM)


def _lifted_rows(
    options: Options,
    model: PoseModel,
    recordings: list[Recording],
    cameras: list[Camera],
    frames: np.ndarray,
    truth: np.ndarray,
    stature_mm: float,
) -> list[dict[str, str]]:
    rows = []
    for path in options.lifter:
        lifter = Lifter(path, model.skeleton, stature_mm)
        for way in ("whole video", "live", "single image"):
            poses = [np.array(list(lifted(lifter, *one, frames, way))) for one in zip(recordings, cameras, strict=True)]
            arms_and_legs = [
                convert_joints(one, np.ones(one.shape[:2]), lifter.skeleton, _ARMS_AND_LEGS)[0] for one in poses
            ]
            rows.append({"lifter": title_of(path), "frames": way, **_figures(arms_and_legs, truth, cameras)})
    return rows


def _blazepose(folder: Path, video: Path, size: float) -> np.ndarray:
    """MediaPipe's joints (T, J, 3) in mm, of a person of a size (`pose.space.lifting.size_mm`); NaN where nobody is."""
    found = 1000 * np.load(folder / f"{video.stem}.npy")[:, _POINTS]
    return found * size / _median_size(found)


def _median_size(xyz_mm: np.ndarray) -> float:
    return size_mm(np.nan_to_num(xyz_mm), np.isfinite(xyz_mm).all(axis=2), _ARMS_AND_LEGS)


def _figures(poses: list[np.ndarray], truth_mm: np.ndarray, cameras: list[Camera]) -> dict[str, str]:
    """Means over all cameras' frames; a frame without an answer counts as the mean of the others, and is counted."""
    predicted = np.concatenate(poses)
    true = np.concatenate([truth_mm @ camera.rotation.T for camera in cameras])
    known = np.ones(true.shape[:2], bool) & np.isfinite(predicted).all(axis=2)
    predicted = np.nan_to_num(predicted)
    errors = {
        name: joint_errors(predicted, true, known, name, hips_of(_ARMS_AND_LEGS))
        for name in ("root", "scale", "similarity")
    }
    return {
        "MPJPE, mm": f"{np.nanmean(errors['root']):.0f}",
        "N-MPJPE, mm": f"{np.nanmean(errors['scale']):.0f}",
        "PA-MPJPE, mm": f"{np.nanmean(errors['similarity']):.0f}",
        "PCK3D at 150 mm, %": f"{100 * np.nanmean(pck_3d(errors['root'])):.1f}",
        "worst camera, mm": f"{max(np.nanmean(part) for part in np.split(errors['root'], len(cameras))):.0f}",
        "frames found, %": f"{100 * known.all(axis=1).mean():.1f}",
    }


def main(arguments: list[str] | None = None) -> int:
    """Returns the exit code."""
    return run_command(
        Options,
        run,
        arguments,
        prog="python -m benchmarks.lifting",
        description=__doc__,
        errors=(DemoError, ValueError, OSError),
    )


if __name__ == "__main__":
    sys.exit(main())
