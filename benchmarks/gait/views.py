r"""How exact gait is in videos from several sides, against exact truth: recorded walks, drawn by the synthetic dome.

    python -m benchmarks.gait.views --motion cmu --out runs/gait-views

Each recording is performed by a dressed body whose soles say when they touch the ground and leave it, and is filmed by
a camera that stands still. `panopose gait`'s own code follows the person in the film. Above the models stand the same
code on the true joints in space, and on the true joints in the film's frames, with heels and toes and without, so that
errors of the method, of the view and of the model can be told apart. Recordings that turn back are left out.

The first and the last quarter of a second count neither as found nor as missed. Films and joints stay in OUT and are
not made again. It prints the table and writes it as gait_views.csv, and a sheet of frames with what was found.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.gait.walks import FILM_FPS, Walk, film, read_walk, seen_from
from demo.lifting.lifter import Lifter
from demo.offline.lift import lifted_tracks
from demo.runtimes.options import ModelOptions
from gait.analysis import Analysis, analyze, analyze_people
from gait.events import Event
from gait.inputs.tracks import Tracks
from gait.inputs.video import follow, tracks_of
from gait.measures import find_strides, measure
from gait.motion import SIDES, Motion
from machine.command import run_command
from machine.whole import whole
from pose import BadInput
from tools.result_tables import markdown
from weights import run_of

_KINDS = ("contact", "off")
# Events nearer than this are the same one; those nearer than the second are found.
_SAME_S, _FOUND_S = 0.2, 0.1
_ENDS_S = 0.25
# Whoever ends up nearer than this share of the way walked to where they began turned back.
_STRAIGHT = 0.8
# The view of joints in space.
_SPACE = "space"


@dataclass(frozen=True)
class Options:
    """Measures gait in drawn videos from several sides.

    Attributes:
        motion: folder of BVH files of CMU's recordings of people who walk.
        models: that follow the person, as for `panopose gait --model`.
        views: where the camera is, in degrees: 0 in front, 90 at the person's left, 180 behind.
        out: folder for films, joints and the table.
    """

    motion: Path
    models: tuple[str, ...] = ("crowd", "fast", "accurate")
    views: tuple[int, ...] = (0, 45, 90, 135, 180)
    out: Path = Path("runs/gait-views")


@dataclass(frozen=True, eq=False)
class Outcome:
    """What was found in one walk.

    Attributes:
        errors_ms: of matched events, found less true.
        found: events within 0.1 s of a true one.
        false: other events.
        missed: true events that were not found.
        cadence: error in % of the true one; NaN where it was not measured, as the others.
        stance: error of the stance in % of the stride.
        step_length: error in % of the true one, in lengths of the leg.
    """

    errors_ms: tuple[float, ...]
    found: int
    false: int
    missed: int
    cadence: float
    stance: float
    step_length: float


def compared(walk: Walk, motion: Motion, events: Sequence[Event], measured: Mapping[str, float]) -> Outcome:
    """Compares events and measures with the walk's own.

    Args:
        walk: the truth.
        motion: in which the events were found; its times begin at `start_s` of the film.
        events: found.
        measured: of them, see `summary`.
    """
    seconds, errors_ms, found, false, missed = walk.motion.seconds, [], 0, 0, 0

    def inside(time_s: float) -> bool:
        return _ENDS_S <= time_s <= seconds - _ENDS_S

    for side in SIDES:
        for kind in _KINDS:
            true_s = [one.time_s for one in walk.events if (one.side, one.kind) == (side, kind)]
            ours_s = [one.time_s + motion.start_s for one in events if (one.side, one.kind) == (side, kind)]
            pairs = sorted((abs(a - b), i, j) for i, a in enumerate(true_s) for j, b in enumerate(ours_s))
            matched: dict[int, int] = {}
            for away_s, i, j in pairs:
                if away_s <= _SAME_S and i not in matched and j not in matched.values():
                    matched[i] = j
            near = {i: j for i, j in matched.items() if abs(true_s[i] - ours_s[j]) <= _FOUND_S}
            errors_ms += [1000 * (ours_s[j] - true_s[i]) for i, j in matched.items() if inside(true_s[i])]
            found += sum(inside(true_s[i]) for i in near)
            missed += sum(inside(time_s) and i not in near for i, time_s in enumerate(true_s))
            false += sum(inside(time_s) and j not in near.values() for j, time_s in enumerate(ours_s))
    true = summary(walk.motion.filtered(), walk.events)
    relative = {name: 100 * (measured.get(name, np.nan) / true[name] - 1) for name in ("cadence", "step length")}
    stance = measured.get("stance", np.nan) - true["stance"]
    return Outcome(tuple(errors_ms), found, false, missed, relative["cadence"], stance, relative["step length"])


def summary(motion: Motion, events: Sequence[Event]) -> dict[str, float]:
    """Cadence in steps per minute, stance in % of the stride and step length in legs, of both sides; NaN if unknown."""
    strides = find_strides(motion, events)
    values = {(one.name, one.unit): one.value for one in measure(motion, strides)} if strides else {}

    def both(name: str, unit: str) -> float:
        known = [values.get((f"{name}, {side}", unit), np.nan) for side in SIDES]
        return float(np.mean(known))

    return {
        "cadence": values.get(("cadence", "steps/min"), np.nan),
        "stance": both("stance", "% of the stride"),
        "step length": both("step length", "legs"),
    }


def row_of(title: str, view: str, outcomes: Sequence[Outcome]) -> dict[str, str]:
    """A row of the table: of events the median and the 95th percentile of the error's size, and F1 at 0.1 s."""
    errors = np.array([error for one in outcomes for error in one.errors_ms])
    found, false, missed = (sum(getattr(one, name) for one in outcomes) for name in ("found", "false", "missed"))
    row = {"joints": title, "view": view, "walks": f"{sum(one.found > 0 for one in outcomes)} of {len(outcomes)}"}
    row["F1 at 100 ms, %"] = f"{100 * 2 * found / max(2 * found + false + missed, 1):.0f}"
    row["median, ms"] = f"{np.median(np.abs(errors)):.0f}" if len(errors) else ""
    row["95 %, ms"] = f"{np.percentile(np.abs(errors), 95):.0f}" if len(errors) else ""
    for name, column in (("cadence", "cadence, %"), ("stance", "stance, points"), ("step_length", "step length, %")):
        sizes = np.array([abs(getattr(one, name)) for one in outcomes])
        row[column] = f"{np.nanmedian(sizes):.1f}" if np.isfinite(sizes).any() else ""
    return row


def _without_feet(motion: Motion) -> Motion:
    kept = [k for k, name in enumerate(motion.joints) if not name.endswith(("_heel", "_big_toe"))]
    return Motion.of(
        motion.xyz[:, kept], [motion.joints[k] for k in kept], motion.fps, unit=motion.unit, start_s=motion.start_s
    )


def read_walks(folder: Path) -> Iterator[Walk]:
    """The first walk of each person in a folder that leads straight ahead; unusable files are named.

    The person is what the name begins with before an underscore, as of CMU's recordings: 35_02.bvh is of person 35.

    Raises:
        ValueError: there are none.
    """
    people: set[str] = set()
    for path in sorted(folder.glob("*.bvh")):
        person = path.stem.partition("_")[0]
        if person in people:
            continue
        try:
            walk = read_walk(path)
        except BadInput as bad:
            print(f"skipped: {bad}", file=sys.stderr)
            continue
        ways = np.linalg.norm(np.diff(walk.body.root_mm[:, [0, 2]], axis=0), axis=1)
        if np.linalg.norm((walk.body.root_mm[-1] - walk.body.root_mm[0])[[0, 2]]) > _STRAIGHT * ways.sum():
            people.add(person)
            yield walk
    if not people:
        raise ValueError(f"{folder} holds no .bvh file of somebody who walks straight ahead")


def followed(path: Path, model: str, kept: Path) -> tuple[Tracks, Tracks]:
    """The joints that a model finds in a film, as `panopose gait` does, and the same lifted; a file keeps them."""
    if not kept.is_file():
        recording = follow(path, ModelOptions(model=Path(model)))
        lifted = lifted_tracks(recording, Lifter(run_of("lift") / "export", recording.skeleton))
        seen = {
            number: (recording.times_s[track.frames], lifted.people[number])
            for number, track in recording.people.items()
        }
        with whole(kept) as unfinished:
            arrays = _arrays(tracks_of(recording), "px") | _arrays(Tracks(lifted.skeleton.joints, "mm", seen), "mm")
            np.savez_compressed(unfinished, **arrays)
    with np.load(kept) as file:
        numbers = file["people"].tolist()
        px, mm = (
            Tracks(
                tuple(file[f"joints {unit}"].tolist()),
                unit,
                {number: (file[f"{number} times_s"], file[f"{number} {unit}"]) for number in numbers},
            )
            for unit in ("px", "mm")
        )
        return px, mm


def _arrays(tracks: Tracks, unit: str) -> dict[str, np.ndarray]:
    arrays = {"people": np.array(list(tracks.people), int), f"joints {unit}": np.array(tracks.joints)}
    for number, (times_s, joints) in tracks.people.items():
        arrays |= {f"{number} times_s": times_s, f"{number} {unit}": joints}
    return arrays


def _analyzed(tracks: Tracks) -> Analysis | None:
    try:
        return analyze_people(tracks)[1]
    except ValueError:
        return None


def _outcome(walk: Walk, analysis: Analysis | None) -> Outcome:
    if analysis is None:
        return compared(walk, walk.motion, (), {})
    return compared(walk, analysis.motion, analysis.events, summary(analysis.motion, analysis.events))


def table_of(walks: Sequence[Walk], options: Options) -> tuple[pd.DataFrame, dict[tuple[str, str, int], Analysis]]:
    """The table, and what was found by walk, model and view."""
    rows, analyses = [], {}
    for title, kept in (("true, with feet", lambda motion: motion), ("true", _without_feet)):
        outcomes = [_outcome(walk, analyze(kept(walk.motion))) for walk in walks]
        rows.append(row_of(title, _SPACE, outcomes))
        for view in options.views:
            outcomes = [_outcome(walk, analyze(kept(seen_from(walk, view)))) for walk in walks]
            rows.append(row_of(title, str(view), outcomes))
    for model in options.models:
        for title, space in ((model, False), (f"{model}, lifted", True)):
            for view in options.views:
                outcomes = []
                for walk in walks:
                    place = options.out / f"{walk.name}-{view:03d}"
                    tracks = followed(place.with_suffix(".mp4"), model, Path(f"{place}-{model}.npz"))[space]
                    found = _analyzed(tracks)
                    outcomes.append(_outcome(walk, found))
                    if found is not None:
                        analyses[walk.name, title, view] = found
                rows.append(row_of(title, str(view), outcomes))
    return pd.DataFrame(rows), analyses


def run(options: Options) -> None:
    """Runs the benchmark."""
    options.out.mkdir(parents=True, exist_ok=True)
    walks = list(read_walks(options.motion))
    for walk in walks:
        for view in options.views:
            path = options.out / f"{walk.name}-{view:03d}.mp4"
            if not path.is_file():
                film(walk, view, path)
    table, _ = table_of(walks, options)
    path = options.out / "gait_views.csv"
    with whole(path) as unfinished:
        table.to_csv(unfinished, index=False)
    print(f"{len(walks)} walks at {FILM_FPS} frames per second\n\n{path}\n\n{markdown(path)}")


def main(arguments: list[str] | None = None) -> int:
    """Returns the exit code."""
    return run_command(Options, run, arguments, prog="python -m benchmarks.gait.views", description=__doc__)


if __name__ == "__main__":
    sys.exit(main())
