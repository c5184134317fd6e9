r"""Measures the events of gait against annotated walks, and which side people limp on.

    python -m venv gaitkit && gaitkit/bin/pip install gaitkit==1.5.0
    python -m benchmarks.gait --events WALKS --gaitkit gaitkit/bin/python --limps joints.npz

WALKS holds `example_healthy.json` and `example_parkinson.json` of the package gaitkit, with annotated contacts and
offs; those of one foot closer than 0.3 s are one. `joints.npz` has Kinect skeletons of people who walk as usual or act
a limp (Kozlow et al., SSCI 2017).
It prints the tables, and writes them as gait_events.csv and gait_limps.csv.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from gait.events import Event, find_events
from gait.inputs.read import joint_name
from gait.measures import find_strides, measure
from gait.motion import SIDES, Motion
from machine.command import run_command
from machine.whole import whole
from tools.result_tables import markdown

WALKS = ("healthy", "parkinson")
METHODS = ("bike", "zeni", "oconnor", "hreljac", "mickelborough", "ghoussayni", "vancanneyt", "dgei")
_KINDS = {"contact": "hs_frames", "off": "to_frames"}
_ONE_S, _NEAR_S = 0.3, 0.15
# The joints of the Kinect skeletons, of someone who walks towards the camera.
KINECT = (
    "left_big_toe left_ankle left_knee left_hip right_big_toe right_ankle right_knee right_hip spine_base spine neck "
    "head left_shoulder right_shoulder left_wrist right_wrist left_elbow right_elbow"
).split()
KINECT_FPS = 30.0
# First frames may be badly tracked.
BAD_FRAMES = 10


@dataclass(frozen=True)
class Options:
    """Measures the events of gait, and which side people limp on.

    Attributes:
        events: folder of gaitkit's example walks.
        gaitkit: interpreter of an environment with gaitkit==1.5.0; its detectors are left out if not given.
        limps: skeletons of people who act a limp; left out if not given.
        out: folder to write the tables into.
    """

    events: Path
    gaitkit: Path | None = None
    limps: Path | None = None
    out: Path = Path("runs/gait")


def read_walk(path: Path) -> tuple[Motion, dict[str, dict[str, np.ndarray]]]:
    """A walk, and the times in s of its annotated events by side and kind."""
    walk = json.loads(path.read_text())
    frames = [frame["landmark_positions"] for frame in walk["angle_frames"]]
    xyz_mm = np.array([list(frame.values()) for frame in frames], float)
    # 0 is not known.
    xyz_mm[(xyz_mm == 0).all(axis=2)] = np.nan
    motion = Motion.of(xyz_mm, [joint_name(label) for label in frames[0]], walk["fps"]).filtered()
    truth = walk["ground_truth"]
    labels = {side: {kind: _together(truth[key][side], walk["fps"]) for kind, key in _KINDS.items()} for side in SIDES}
    return motion, labels


def _together(frames: Sequence[float], fps: float) -> np.ndarray:
    times_s = np.sort(np.array(frames, float)) / fps
    groups = np.split(times_s, np.flatnonzero(np.diff(times_s) > _ONE_S) + 1)
    return np.array([group.mean() for group in groups if len(group)])


def ours(events: Sequence[Event], way: str) -> dict[str, dict[str, list[float]]]:
    """The times of the events by side and kind; `way` is "time_s", or that of one method."""
    found: dict[str, dict[str, list[float]]] = {side: {kind: [] for kind in _KINDS} for side in SIDES}
    for one in events:
        if (time_s := getattr(one, way)) is not None:
            found[one.side][one.kind].append(time_s)
    return found


def row_of(title: str, found: Mapping, labels: Mapping) -> dict[str, str]:
    """A row of the table: of each kind the mean distance in ms, the events found of those annotated, and false ones."""
    row = {"detector": title}
    for kind in _KINDS:
        errors_ms, annotated, false = [], 0, 0
        for side in SIDES:
            left = np.array(found[side][kind])
            annotated += len(labels[side][kind])
            for time_s in labels[side][kind]:
                away = np.abs(left - time_s)
                if len(away) and away.min() <= _NEAR_S:
                    errors_ms.append(1000 * away.min())
                    left = np.delete(left, away.argmin())
            false += len(left)
        mean = f"{np.mean(errors_ms):.0f}" if errors_ms else ""
        row |= {f"{kind}, ms": mean, f"{kind}, found": f"{len(errors_ms)} of {annotated}", f"{kind}, false": str(false)}
    return row


def event_table(options: Options) -> pd.DataFrame:
    """One row for each detector and walk."""
    rows = []
    for name in WALKS:
        path = options.events / f"example_{name}.json"
        motion, labels = read_walk(path)
        events = find_events(motion)
        ways = {"here": "time_s", "here, coordinates": "coordinates_s", "here, velocities": "velocities_s"}
        rows += [{"walk": name, **row_of(title, ours(events, way), labels)} for title, way in ways.items()]
        for method, found in _gaitkit(options.gaitkit, path).items():
            seconds = {
                side: {kind: [frame / motion.fps for frame in frames] for kind, frames in kinds.items()}
                for side, kinds in found.items()
            }
            rows.append({"walk": name, **row_of(f"gaitkit, {method}", seconds, labels)})
    return pd.DataFrame(rows)


def _gaitkit(interpreter: Path | None, walk: Path) -> dict:
    if interpreter is None:
        return {}
    script = Path(__file__).with_name("gaitkit_events.py")
    with tempfile.TemporaryDirectory() as scratch:
        target = Path(scratch) / "events.json"
        words = [str(interpreter), str(script), str(walk), str(target), *METHODS]
        done = subprocess.run(words, capture_output=True, text=True, check=False)
        if done.returncode or not target.is_file():
            raise ValueError(f"gaitkit failed: {done.stderr.strip()[-300:]}")
        return json.loads(target.read_text())


def limp_table(path: Path) -> pd.DataFrame:
    """How often each measure tells the side of an acted limp, and its median for those who walk as usual."""
    measures = ("step length", "stance", "step time")
    values: dict[str, dict[str, list[float]]] = {name: {"N": [], "AR": [], "AL": []} for name in measures}
    with np.load(path) as walks:
        for key in walks:
            motion = Motion.of(1000.0 * walks[key][BAD_FRAMES:], KINECT, KINECT_FPS).filtered()
            strides = find_strides(motion, find_events(motion))
            found = {(one.name, one.unit): one.value for one in measure(motion, strides)}
            kind = key.rpartition("_")[2]
            for name, unit in zip(measures, ("legs", "% of the stride", "s"), strict=True):
                values[name][kind].append(found[f"{name}, left", unit] - found[f"{name}, right", unit])
    rows = []
    for name, kinds in values.items():
        usual, right, left = (np.array(kinds[kind]) for kind in ("N", "AR", "AL"))
        both = np.concatenate([right - np.nanmedian(usual), np.nanmedian(usual) - left])
        known = np.isfinite(both)
        # A sign that holds for most tells the side.
        share = max((both[known] > 0).mean(), (both[known] < 0).mean())
        rows.append(
            {
                "left minus right": name,
                "usual": f"{np.nanmedian(usual):.3f}",
                "limp on the right": f"{np.nanmedian(right):.3f}",
                "limp on the left": f"{np.nanmedian(left):.3f}",
                "side told, %": f"{100 * share:.0f}",
                "walks": str(known.sum()),
            }
        )
    return pd.DataFrame(rows)


def run(options: Options) -> None:
    """Runs the benchmark."""
    tables = {"gait_events.csv": event_table(options)}
    if options.limps is not None:
        tables["gait_limps.csv"] = limp_table(options.limps)
    options.out.mkdir(parents=True, exist_ok=True)
    for name, table in tables.items():
        with whole(options.out / name) as unfinished:
            table.to_csv(unfinished, index=False)
        print(f"\n{options.out / name}\n\n{markdown(options.out / name)}")


def main(arguments: list[str] | None = None) -> int:
    """Returns the exit code."""
    return run_command(Options, run, arguments, prog="python -m benchmarks.gait", description=__doc__)


if __name__ == "__main__":
    sys.exit(main())
