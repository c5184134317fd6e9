"""Finds the steps of a walking person and measures them.

    python -m gait walk.mp4 --out walk-gait
    python -m gait walk.trc --out walk-gait
    python -m gait joints.csv --person 1 --out walk-gait

It reads a video, filmed from the side, in which it follows everybody as `panopose video` does; joints in an image (.csv
or .jsonl of `panopose video`), or in space (.trc, .c3d, .bvh, the .csv of `panopose cameras`). It writes events.csv,
actions.csv, strides.csv, angles.csv, gait.json and report.html, a page of all that was found; of a video joints.csv
too, everybody's joints, for another --person. With --silhouettes it also writes those of the person who walks, in the
layout of CASIA-B, for `panopose train gaitset`. It suggests; it does not diagnose.

Exit codes:
    0: everything is written.
    2: wrong arguments, a file that cannot be read, or joints that are not enough.
    3: nobody walks there, or does a timed test.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

import numpy as np
import pandas as pd
import tyro

from demo.errors import ArgumentError, DemoError
from demo.offline.recording import Recording
from demo.offline.write import write
from demo.runtimes.options import ModelOptions
from gait.actions import Action
from gait.analysis import Analysis, analyze_people
from gait.events import Event
from gait.inputs.read import READERS, read_tracks
from gait.inputs.silhouettes import (
    BACKGROUND,
    Find,
    by_background,
    by_net,
    energy_png,
    silhouettes_of,
    write_silhouettes,
)
from gait.inputs.video import contact_pictures, follow, tracks_of
from gait.measures import Measure, Stride
from gait.outputs.notes import why_no_stride
from gait.outputs.report import report_html, whose
from gait.outputs.tables import angle_table, as_json, as_table
from machine.command import run_command
from machine.whole import whole
from machine.words import counted


@dataclass(frozen=True)
class Options(ModelOptions):
    """Finds the steps of a walking person and measures them.

    Attributes:
        path: a video, or joints in time: .trc, .c3d, .bvh, or .csv or .jsonl of `panopose video`, .csv of `panopose
            cameras`.
        out: folder for the results, created if missing.
        person: number of the person, where there are several; by default who makes most strides.
        height_m: the person's height in m, which gives a video or a .bvh a scale.
        silhouettes: also write silhouettes, by "background" of a camera that stands still or by an exported net.
    """

    path: Annotated[Path, tyro.conf.Positional]
    out: Path
    person: int | None = None
    height_m: float | None = None
    silhouettes: str | None = None


def run(options: Options) -> int:
    """Runs the command and returns its exit code."""
    path, recording = options.path, None
    find = _finder(options)
    if path.suffix.lower() in READERS:
        tracks = read_tracks(path)
    else:
        recording = follow(path, options)
        tracks = tracks_of(recording)
        options.out.mkdir(parents=True, exist_ok=True)
        write(recording, options.out / "joints.csv", video=path.name)
    person, analysis = analyze_people(tracks, options.person, options.height_m)
    if analysis.empty:
        print(f"{why_no_stride(analysis)} in {path}", file=sys.stderr)
        return 3
    measures, start_s = as_table(Measure, analysis.measures), analysis.motion.start_s
    pictures = contact_pictures(path, recording, person, analysis.events, start_s) if recording else []
    silhouettes = _silhouettes(options, recording, person, analysis, find) if recording and find else {}
    energy = energy_png(silhouettes) if silhouettes else None
    files = {
        "events.csv": _csv(as_table(Event, analysis.events, start_s)),
        "actions.csv": _csv(as_table(Action, analysis.actions, start_s)),
        "strides.csv": _csv(as_table(Stride, analysis.strides, start_s)),
        "angles.csv": _csv(angle_table(analysis)),
        "gait.json": as_json(analysis, path.name, person),
        "report.html": report_html(analysis, path.name, whose(tracks, person), pictures, energy),
    }
    options.out.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        with whole(options.out / name) as unfinished:
            unfinished.write_text(content, encoding="utf-8")
    if analysis.strides:
        print(measures.round(3).to_string(index=False))
    for test in analysis.tests:
        if test.value is not None:
            print(f"{test.name}: {test.value:.4g} {test.unit} ({test.about})")
    print(f"{counted(len(analysis.strides), 'stride')} of {whose(tracks, person)}")
    print(f"written to {options.out}: {', '.join([*(['joints.csv'] if recording else []), *files])}")
    if find:
        print(f"{counted(len(silhouettes), 'silhouette')} in {options.out / 'silhouettes'}")
    return 0


def _finder(options: Options) -> Find | None:
    """What finds silhouettes; checked before the video is followed.

    Raises:
        ArgumentError: the input is no video.
        ModelError: there is no such net.
    """
    if options.silhouettes is None:
        return None
    if options.path.suffix.lower() in READERS:
        raise ArgumentError(f"silhouettes are those of a video, and {options.path.name} holds joints")
    if options.silhouettes != BACKGROUND:
        return by_net(Path(options.silhouettes))
    return by_background(options.path)


def _silhouettes(
    options: Options, recording: Recording, person: int, analysis: Analysis, find: Find
) -> dict[int, np.ndarray]:
    start_s = analysis.motion.start_s
    spells = [replace(one, start_s=one.start_s + start_s, end_s=one.end_s + start_s) for one in analysis.actions]
    found = silhouettes_of(options.path, recording, person, find, spells)
    write_silhouettes(found, options.out / "silhouettes" / f"{person + 1:03d}" / "nm-01" / "090")
    return found


def _csv(table: pd.DataFrame) -> str:
    return table.to_csv(index=False, float_format="%.4f")


def main(arguments: list[str] | None = None) -> int:
    """The command line; returns the exit code."""
    return run_command(
        Options, run, arguments, prog="python -m gait", description=__doc__, errors=(DemoError, ValueError, OSError)
    )


if __name__ == "__main__":
    sys.exit(main())
