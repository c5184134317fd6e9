"""Finds people in space from videos of two or more calibrated cameras.

    python -m demo.cameras cam1.mp4 cam2.mp4 cam3.mp4 --calibration Calib.toml --out walk

A 2D model follows everybody in each video; the tracks of one person are found in all of them, and the person's joints
in space, in mm of the calibration's world. The folder gets joints.csv, a .trc (OpenSim) and a .c3d for each person,
overview.jpg, and under studio/ a sequence in Panoptic Studio's format, of which `python -m data_prep panoptic` makes
records. docs/cameras.md says how to film, and what errors to expect.

Exit codes:
    0: everything is written.
    2: wrong arguments, no exported model, a calibration that does not fit, or an output that cannot be written.
    3: no such video, it cannot be read, or nobody is seen by two cameras.
    130: Ctrl-C; nothing is written.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import cv2
import numpy as np
import tyro

from demo.batch.inputs import read_frames
from demo.errors import ArgumentError, DemoError, SourceError
from demo.offline.recording import Recording
from demo.offline.track import track_video
from demo.outputs.new_folder import NewFolder, check_new_folder
from demo.outputs.table import write_table
from demo.runtimes.options import ModelOptions, check_people
from demo.space.files import (
    can_write_c3d,
    sequence_name,
    span_of,
    to_frame,
    write_c3d,
    write_sequence,
    write_trc,
)
from demo.space.picture import MOST_CAMERAS, overview
from demo.space.scene import Scene, SpaceOptions, locate_people
from demo.space.sync import find_offsets
from demo.video.capture import FrameSource
from machine.command import run_command
from machine.words import counted
from pose import Camera
from pose.space.bones import held_limbs
from pose.space.calibration import read_calibration


@dataclass(frozen=True)
class Options(ModelOptions):
    """Finds people in space from videos of two or more calibrated cameras.

    Attributes:
        videos: two or more files that were filmed at the same time.
        calibration: of the cameras: Pose2Sim's or Anipose's .toml, Panoptic Studio's .json, OpenCV's .yml, .yaml or
            .json.
        out: a new folder.
        names: of the cameras in the calibration, one for each video; by default the videos' names without ending, or,
            if these are none, the cameras in the calibration's order.
        offsets_s: when each video begins, in seconds after the first; all at once if not given.
        sync: find out when each video begins, by the people's motion.
        people: maximum number of people; everybody if not given.
        refine: correct where the cameras stand by what they see of the people.
        bones: keep the lengths of arms and legs over time.
        smooth: low-pass filter of the joints.
        cutoff_hz: its cutoff: lower is smoother, higher keeps faster motion.
        max_gap_s: interpolate missing joints between measurements up to this many seconds apart.
    """

    videos: Annotated[tuple[Path, ...], tyro.conf.Positional]
    calibration: Path
    out: Path
    names: tuple[str, ...] = ()
    offsets_s: tuple[float, ...] = ()
    sync: bool = False
    people: int | None = None
    refine: bool = SpaceOptions.refine
    bones: bool = SpaceOptions.bones
    smooth: Literal["butterworth", "savgol", "none"] = "butterworth"
    cutoff_hz: float = SpaceOptions.cutoff_hz
    max_gap_s: float = SpaceOptions.max_gap_s

    def __post_init__(self) -> None:
        super().__post_init__()
        check_people(self.people)
        if len(self.videos) < 2:
            raise ArgumentError(f"two or more videos are needed, got {len(self.videos)}")
        for option, values in (("--names", self.names), ("--offsets-s", self.offsets_s)):
            if values and len(values) != len(self.videos):
                raise ArgumentError(
                    f"{option} must be one for each of the {len(self.videos)} videos, got {len(values)}"
                )
        if self.sync and self.offsets_s:
            raise ArgumentError("--sync finds the offsets; leave --offsets-s out")
        if not np.isfinite(self.offsets_s).all():
            raise ArgumentError(f"--offsets-s must be numbers of seconds, got {self.offsets_s}")
        if not (np.isfinite(self.cutoff_hz) and self.cutoff_hz > 0 and self.max_gap_s >= 0):
            raise ArgumentError("--cutoff-hz must be above 0, and --max-gap-s 0 or more")
        check_new_folder("--out", self.out, self.calibration)

    def space(self) -> SpaceOptions:
        """How people are located."""
        smooth = None if self.smooth == "none" else self.smooth
        return SpaceOptions(self.bones, self.refine, smooth, self.cutoff_hz, self.max_gap_s)


def cameras_of(options: Options) -> list[Camera]:
    """The camera of each video.

    Raises:
        ArgumentError: the calibration cannot be read, or lacks a camera.
    """
    try:
        found = read_calibration(options.calibration)
    except ValueError as error:
        raise ArgumentError(f"--calibration: {error}") from error
    names = options.names or tuple(video.stem for video in options.videos)
    if not options.names and not set(names) & set(found) and len(found) == len(names):
        names = tuple(found)
    if lacking := [name for name in names if name not in found]:
        raise ArgumentError(
            f"the calibration has no camera {lacking[0]!r}, but {', '.join(found)}; name them with --names"
        )
    if len(set(names)) < len(names):
        raise ArgumentError(f"each video needs a camera of its own, got {', '.join(names)}")
    return [found[name] for name in names]


def run(options: Options) -> None:
    """Runs the command.

    Raises:
        DemoError: see the top of the file.
        ValueError: there is no such runtime.
    """
    cameras = cameras_of(options)
    if missing := [video for video in options.videos if not video.is_file()]:
        raise SourceError(f"{str(missing[0])!r} does not exist; give a video file")
    model = options.load(options.find_export(options.people), options.people)
    recordings = []
    for video, camera in zip(options.videos, cameras, strict=True):
        source = FrameSource(str(video))
        recording = track_video(source, model, people=options.people)
        recordings.append(recording)
        if recording.size != camera.size:
            seen, known = (f"{width} x {height}" for height, width in (recording.size, camera.size))
            print(
                f"note: {video} has {seen} px, and the camera {camera.name} was calibrated for {known}", file=sys.stderr
            )
        print(
            f"{video}: {counted(len(recording.times_s), 'frame')}, {counted(len(recording.people), 'track')}",
            flush=True,
        )
    offsets_s = _found_offsets(options, cameras, recordings) if options.sync else options.offsets_s
    offsets_s = offsets_s or (0.0,) * len(cameras)
    scene = locate_people(cameras, recordings, offsets_s, options.space())
    if not scene.people:
        raise SourceError(
            "nobody is seen by two cameras in the same place; check the calibration, which camera is which (--names), "
            "and that the videos begin at the same time (--offsets-s)"
        )
    _report(scene, cameras)
    _write(options, scene)


def _found_offsets(options: Options, cameras: Sequence[Camera], recordings: Sequence[Recording]) -> tuple[float, ...]:
    found = find_offsets(cameras, recordings)
    for video, offset_s in zip(options.videos, found, strict=True):
        if offset_s is None:
            raise SourceError(
                f"{video}: nobody in it and in {options.videos[0]} moves enough to say when it begins; give --offsets-s"
            )
        print(f"{video}: begins {offset_s:+.3f} s after the first")
    return tuple(offset_s for offset_s in found if offset_s is not None)


def _report(scene: Scene, given: list[Camera]) -> None:
    print(f"{counted(len(scene.people), 'person', 'people')} in space, {counted(len(scene.times_s), 'frame')}")
    if scene.alone:
        print(f"{counted(scene.alone, 'track')} of single cameras left out")
    for view, camera in enumerate(scene.cameras):
        errors = np.concatenate([person.errors_px[view].ravel() for person in scene.people])
        known = errors[np.isfinite(errors)]
        error = f"{np.median(known):.1f} px" if len(known) else "none"
        moved = np.linalg.norm(camera.center_mm - given[view].center_mm)
        print(f"  {camera.name}: median reprojection error {error}" + (f", moved by {moved:.0f} mm" if moved else ""))
    for number, person in enumerate(scene.people):
        span = span_of(person)
        deviations = _bone_deviations(scene, person.xyz_mm)
        bones = f", bone lengths vary by {100 * np.mean(deviations):.1f} %" if len(deviations) else ""
        print(f"  person {number}: {scene.times_s[span.start]:.2f} to {scene.times_s[span.stop - 1]:.2f} s{bones}")


def _bone_deviations(scene: Scene, xyz_mm: np.ndarray) -> list[float]:
    """The standard deviation of each limb of arms and legs over time, as a share of its length."""
    found = []
    for start, end in held_limbs(scene.skeleton):
        lengths = np.linalg.norm(xyz_mm[:, start] - xyz_mm[:, end], axis=1)
        lengths = lengths[np.isfinite(lengths)]
        if len(lengths) > 1:
            found.append(float(lengths.std() / lengths.mean()))
    return found


def _write(options: Options, scene: Scene) -> None:
    with NewFolder("--out", options.out) as folder:
        try:
            write_table(to_frame(scene), folder.partial / "joints.csv")
            for number, person in enumerate(scene.people):
                write_trc(scene, person, folder.partial / f"person_{number}.trc")
                if can_write_c3d():
                    write_c3d(scene, person, folder.partial / f"person_{number}.c3d")
            write_sequence(scene, options.videos, folder.partial / "studio" / sequence_name(options.out))
            frame = _fullest_frame(scene)
            picture = overview(scene, [_frame_of(video, frame) for video in options.videos[:MOST_CAMERAS]], frame)
            cv2.imwrite(str(folder.partial / "overview.jpg"), picture[..., ::-1])
        except OSError as error:
            raise folder.problem(error) from error
        folder.finish()
    if not can_write_c3d():
        print("no C3D: pip install ezc3d", file=sys.stderr)
    print(f"wrote {options.out}: joints.csv, person_*.trc, overview.jpg, studio/; look at overview.jpg first")


def _fullest_frame(scene: Scene) -> int:
    """The frame with most known joints, nearest to the middle."""
    known = sum(np.isfinite(person.xyz_mm).all(axis=2).sum(axis=1) for person in scene.people)
    frames = np.flatnonzero(known == known.max())
    return int(frames[np.abs(frames - len(known) / 2).argmin()])


def _frame_of(video: Path, number: int) -> np.ndarray:
    """A frame of a video, or its last."""
    frames = read_frames(FrameSource(str(video)))
    picture = next(frames).picture
    for frame in frames:
        if frame.index > number:
            break
        picture = frame.picture
    return picture


def main(arguments: list[str] | None = None) -> int:
    """Returns the exit code; see the top of the file."""
    return run_command(
        Options,
        run,
        arguments,
        prog="python -m demo.cameras",
        description=__doc__,
        stopped="stopped; nothing is written",
        errors=(DemoError, ValueError),
    )


if __name__ == "__main__":
    sys.exit(main())
