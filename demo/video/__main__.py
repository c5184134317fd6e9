"""Follows everybody through a video and writes their joints, smoothed without lag, as a table.

    python -m demo.video walk.mp4 --out joints.csv
    python -m demo.video walk.mp4 --out joints.parquet --angles --output annotated.mp4
    python -m demo.video walk.mp4 --out joints.csv --mesh runs/hmr --bodies walk

The table has a row for each person in a frame: frame, time_s, person (a number that stays the same), the box around the
joints, and x_px, y_px and score of each joint. A score of 0 marks a joint that was interpolated; where it could not be,
x_px and y_px are empty. With `--table long` each joint has a row. A .json is a COCO keypoints data set with track_id,
a .jsonl has a line for each frame, as of `demo.webcam --jsonl`. docs/video.md describes columns, angles and smoothing.

Exit codes:
    0: everything is written.
    2: wrong arguments, no exported model, or an output that cannot be written.
    3: no such video, or it cannot be read.
    130: Ctrl-C; files that were not complete are removed.
"""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
import tyro

from demo.batch.counts import Counts
from demo.batch.find import rule_of
from demo.bodies.options import BodyOptions
from demo.errors import ArgumentError, DemoError, SourceError
from demo.lifting.lifter import LiftOptions
from demo.offline.annotate import annotate
from demo.offline.bodies import BodyTracks, body_tracks
from demo.offline.lift import lifted_tracks
from demo.offline.recording import Recording
from demo.offline.smooth import Smoothing
from demo.offline.track import progress, track_video
from demo.offline.write import ENDINGS, Angles, Form, angles_of, write
from demo.outputs.files import check_outputs
from demo.outputs.table import TABLE_ENDINGS, check_table
from demo.outputs.video_sink import check_ending
from demo.runtimes.options import ModelOptions, check_people, check_score
from demo.video.capture import FrameSource
from machine.command import run_command
from machine.words import counted
from pose import Skeleton
from pose.angles import angle_names, measure_angles

_FACING = {"auto": None, "left": -1.0, "right": 1.0}


@dataclass(frozen=True)
class Options(ModelOptions, LiftOptions, BodyOptions):
    """Follows everybody through a video and writes their joints, smoothed without lag, as a table.

    Attributes:
        source: a video file.
        out: file to write: .csv, .parquet, .json (COCO keypoints) or .jsonl (a line for each frame).
        table: rows of a .csv or .parquet: wide for each person in a frame, long for each joint.
        output: annotated video to write too: .mp4, .mov, .mkv or .avi.
        people: maximum number of people to follow at once; everybody, or four where squares are searched.
        min_score: minimum confidence of a person in a frame: the mean score of the better half of the main joints; by
            default the model's own.
        smooth: low-pass filter of the joints. With none, joints are as the model estimates them, and nothing is
            repaired or interpolated.
        cutoff_hz: cutoff of the low-pass filter: lower is smoother, higher keeps faster motion.
        max_gap_s: interpolate missing joints between measurements up to this many seconds apart.
        swaps: exchange left and right back where the model has mistaken them for some frames.
        leaps: reject joints that leap away and back within some frames.
        angles: write the angles of joints and segments, in degrees; for side views.
        angle: a further angle, NAME=JOINT,JOINT,JOINT: that at the second joint; may be repeated.
        facing: the side of the image that people face, on which the sign of some angles depends; auto finds it for each
            person by the bending of knees and elbows.
    """

    source: Annotated[Path, tyro.conf.Positional]
    out: Path
    table: Form = "wide"
    output: Path | None = None
    people: int | None = None
    min_score: float | None = None
    smooth: Literal["butterworth", "savgol", "none"] = Smoothing.kind
    cutoff_hz: float = Smoothing.cutoff_hz
    max_gap_s: float = Smoothing.max_gap_s
    swaps: bool = Smoothing.swaps
    leaps: bool = Smoothing.leaps
    angles: bool = False
    angle: tyro.conf.UseAppendAction[tuple[str, ...]] = ()
    facing: Literal["auto", "left", "right"] = "auto"

    def __post_init__(self) -> None:
        super().__post_init__()
        check_people(self.people)
        check_score("--min-score", self.min_score)
        self.check_lifting()
        if not (np.isfinite(self.cutoff_hz) and self.cutoff_hz > 0):
            raise ArgumentError(f"--cutoff-hz must be above 0, got {self.cutoff_hz}; or give --smooth none")
        if not self.max_gap_s >= 0:
            raise ArgumentError(f"--max-gap-s must be 0 or more, got {self.max_gap_s}")
        if self.out.suffix not in ENDINGS:
            raise ArgumentError(f"--out must end in {', '.join(ENDINGS[:-1])} or {ENDINGS[-1]}, got {str(self.out)!r}")
        if self.space and (self.out.suffix == ".json" or self.table == "long"):
            raise ArgumentError(
                "--space is for a wide table or .jsonl; COCO's .json and long tables have no place for it"
            )
        if self.table == "long" and (self.out.suffix not in TABLE_ENDINGS or self.angles or self.angle):
            raise ArgumentError("--table long has a row for each joint: it needs a .csv or .parquet, without angles")
        self.custom_angles()
        if self.output is not None:
            check_ending(self.output)
        self.check_bodies(self.source)
        if self.mesh is not None and self.bodies is None and self.output is None and self.out.suffix != ".jsonl":
            raise ArgumentError("--mesh finds bodies; give --bodies FOLDER, --output VIDEO, or --out FILE.jsonl")
        check_outputs({"--out": self.out, "--output": self.output}, {"the source": self.source})

    def custom_angles(self) -> dict[str, tuple[str, str, str]]:
        """The joints of each --angle, by its name.

        Raises:
            ArgumentError: one has another form, or a name is given twice.
        """
        angles = {}
        for text in self.angle:
            name, _, joints = text.partition("=")
            parts = tuple(joints.split(","))
            if not name or len(parts) != 3 or name in angles:
                what = "names an angle that was named before" if name in angles else "must be NAME=JOINT,JOINT,JOINT"
                raise ArgumentError(f"--angle {text!r} {what}, such as sit=left_shoulder,left_hip,left_knee")
            angles[name] = parts
        return angles

    def smoothing(self) -> Smoothing | None:
        """How to smooth; None for not at all."""
        if self.smooth == "none":
            return None
        return Smoothing(self.smooth, self.cutoff_hz, self.max_gap_s, self.swaps, self.leaps)


def run(options: Options) -> None:
    """Runs the command.

    Raises:
        DemoError: no model, no such video, or an output that cannot be written.
        ValueError: there is no such runtime, or an angle's joint is not the model's.
    """
    check_table(options.out)
    source = _open(options.source)
    path = options.find_export(options.people)
    model = options.load(path, options.people)
    _check_angles(options, model.skeleton)
    lifter, body_model = options.load_lifter(model.skeleton), options.load_mesh()
    start_s = time.perf_counter()
    recording = track_video(
        source,
        model,
        rule_of(model, options.min_score),
        people=options.people,
        min_score=options.min_score,
        smoothing=options.smoothing(),
    )
    bodies = None
    if body_model is not None:
        with progress(_open(options.source), len(recording.times_s), "finding bodies") as frames:
            bodies = body_tracks(frames, recording, body_model, options.smoothing())
    seconds = time.perf_counter() - start_s
    write(
        recording,
        options.out,
        video=options.source.name,
        form=options.table,
        angles=_measure_angles(options, recording),
        space=None if lifter is None else lifted_tracks(recording, lifter),
        bodies=bodies,
    )
    if bodies is not None and options.bodies is not None:
        _write_bodies(options, options.bodies, bodies, recording)
    threads = "" if model.threads is None else f", {counted(model.threads, 'thread')}"
    _report(options, recording, source, f"in {seconds:.1f} s with {model.runtime}{threads}")
    if options.output:
        again = _open(options.source)
        with progress(again, len(recording.times_s), "drawing") as frames:
            annotate(frames, recording, options.output, again.fps, bodies)
        print(f"wrote {options.output}")


def _write_bodies(options: Options, folder: Path, bodies: BodyTracks, recording: Recording) -> None:
    from demo.bodies.folder import BodyFolder

    ending = options.out.suffix if options.out.suffix in TABLE_ENDINGS else ".csv"
    with BodyFolder(folder, options.focal, ending) as files:
        for frame, number in zip(*recording.rows(), strict=True):
            if (body := bodies.at(frame, number)) is not None:
                files.add(int(frame), float(recording.times_s[frame]), int(number), body, recording.size)
        files.finish()


def _open(source: Path) -> FrameSource:
    if not source.is_file():
        raise SourceError(f"{str(source)!r} does not exist; give a video file")
    return FrameSource(str(source))


def _check_angles(options: Options, skeleton: Skeleton) -> None:
    if options.angles and not angle_names(skeleton):
        raise ArgumentError(f"{skeleton.name} has the joints of no --angles; name your own with --angle")
    measure_angles(np.full((1, skeleton.num_joints, 2), np.nan), skeleton, custom=options.custom_angles())


def _measure_angles(options: Options, recording: Recording) -> Angles | None:
    if not (options.angles or options.angle):
        return None
    facing = _FACING[options.facing]
    return angles_of(recording, options.custom_angles(), named=options.angles, facing=facing)


def _report(options: Options, recording: Recording, source: FrameSource, how: str) -> None:
    counts = Counts("frame", None, options.people)
    for frame, people in recording.iter_people():
        counts.add(frame, people)
    announced = f" of {source.count} announced" if counts.read < source.count else ""
    print(f"{counted(counts.read, 'frame')}{announced}, {counted(len(recording.people), 'person', 'people')} {how}")
    repairs = recording.repairs
    if repairs:
        print(
            f"smoothed: {counted(repairs.swapped, 'pair')} of left and right exchanged, "
            f"{counted(repairs.leaps, 'leap')} rejected, {counted(repairs.filled, 'joint')} interpolated"
        )
    for note in (*counts.report(options.source), *source.notes):
        print(note)
    print(f"wrote {options.out}{f' and {options.bodies}' if options.bodies else ''}", flush=True)


def main(arguments: list[str] | None = None) -> int:
    """Returns the exit code; see the top of the file."""
    return run_command(
        Options,
        run,
        arguments,
        prog="python -m demo.video",
        description=__doc__,
        stopped="stopped; files that were not complete are removed",
        errors=(DemoError, ValueError),
    )


if __name__ == "__main__":
    sys.exit(main())
