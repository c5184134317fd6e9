"""What smoothing a whole recording gains over the live filter: distance from golden joints, jitter and lag.

    python -m benchmarks.demo.offline --clips CLIPS --model weights/fast/export

CLIPS holds `pose_1.mp4` with its golden joints, `pose_1.json`, and `pose_squats.full.json`. For the model's joints as
they are, filtered as by `demo.webcam`, and smoothed as by `demo.video`, it prints, with lengths of the person (the
longer side of the box about the joints) as unit:
    distance: mean distance from the golden joints of arms and legs, in thousandths of a length.
    jitter: root mean square acceleration, in lengths per square second.
    lag: the delay in ms at which the joints' velocities correlate best with those of the golden joints.
First of the model on the clip; then of golden tracks at 30 frames/s with the model's jitter added, where the truth is
known. In the walk, left and right of the body, of limbs and of pairs of joints are then exchanged for 1 to 20 frames:
how many of these are found, where they are far enough apart to matter. Then jitter on further clips, if given.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import tyro
from scipy.interpolate import CubicSpline

from benchmarks.demo.smoothing import golden_courses, smoothed, tremble, trembling
from demo.batch.find import rule_of
from demo.batch.inputs import read_frames
from demo.offline.recording import PersonTrack, Recording
from demo.offline.smooth import Smoothing, person_lengths, smooth, smooth_track
from demo.offline.swaps import find_swaps, groups_of_pairs
from demo.offline.track import track_frames
from demo.runtimes.pose_model import PoseModel, load
from demo.tracking.people import SMOOTH_BETA, SMOOTH_CUTOFF_HZ, SmoothedTracker
from demo.tracking.tracker import MAX_PEOPLE, Tracker
from demo.video.capture import FrameSource
from pose import COCO17, Skeleton, joint_map

_FPS = 30.0
_MOST_LAG_S, _STEP_S = 0.2, 0.001
# Of BlazePose's joints, without pairs.
_LOOSE = Skeleton("loose", tuple(f"joint_{k}" for k in range(33)), (), (0, 1), None)
# Pairs nearer than this, in lengths, do not matter; how often each group is exchanged, and for how many frames.
_APART, _ROUNDS, _MOST_FRAMES = 0.08, 12, 20
_KINDS = ("butterworth", "savgol")


@dataclass(frozen=True)
class Options:
    """Measures the smoothing of whole recordings.

    Attributes:
        clips: folder of the clips and their golden joints.
        model: an exported model.
        further: more clips, whose jitter is measured.
        seed: random seed of the jitter.
    """

    clips: Path
    model: Path
    further: tuple[Path, ...] = ()
    seed: int = 0


def live_track(model: PoseModel, clip: Path) -> np.ndarray:
    """The joints of the only person as `demo.webcam` shows them, float (T, J, 2)."""
    rule = rule_of(model, None)
    tracker = Tracker(model.predict, model.skeleton, model.size, model.padding, rule)
    live = SmoothedTracker(tracker, rule.joint_score, SMOOTH_CUTOFF_HZ, SMOOTH_BETA)
    return np.array([live(frame).people[0].xy_px for frame in read_frames(FrameSource(str(clip)))])


def recorded(model: PoseModel, clip: Path, people: int) -> Recording:
    """The people of a clip."""
    return track_frames(read_frames(FrameSource(str(clip))), model, people=people)


def jitter(course: np.ndarray, fps: float = _FPS) -> float:
    """Root mean square acceleration of a track (T, J, 2) in lengths."""
    acceleration = np.diff(course, 2, axis=0) * fps**2
    return float(np.sqrt(np.nanmean((acceleration**2).sum(axis=-1))))


def lag_ms(course: np.ndarray, truth: np.ndarray) -> float:
    """The delay of a track (T, J, 2) behind another at which their velocities correlate best, in ms."""
    rows = np.arange(round(_MOST_LAG_S * _FPS) + 1, len(truth) - round(_MOST_LAG_S * _FPS) - 1)
    velocity, spline = np.gradient(course, axis=0)[rows], CubicSpline(np.arange(len(truth)), truth).derivative()
    delays_s = np.arange(-_MOST_LAG_S, _MOST_LAG_S + _STEP_S, _STEP_S)
    correlations = []
    for delay_s in delays_s:
        other = spline(rows - delay_s * _FPS)
        correlations.append((velocity * other).sum() / np.sqrt((other**2).sum()))
    return float(delays_s[int(np.argmax(correlations))] * 1000)


def offline(course: np.ndarray, skeleton: Skeleton, kind: str) -> np.ndarray:
    """A complete track (T, J, 2) at 30 frames/s, smoothed as by `demo.video`."""
    known = np.ones(course.shape[:2], bool)
    track = PersonTrack(0, course, known.astype(float), ~known)
    return smooth_track(track, known, np.arange(len(course)) / _FPS, skeleton, Smoothing(kind))[0].xy_px


def exchanges(course: np.ndarray, rng: np.random.Generator) -> str:
    """Exchanges sides of COCO's joints in a track (T, 17, 2) in lengths, and says how many of them are found."""
    times_s, known = np.arange(len(course)) / _FPS, np.ones(course.shape[:2], bool)
    left, right = np.array(COCO17.pairs).T
    apart = np.linalg.norm(course[:, left] - course[:, right], axis=-1) > _APART
    groups, unit = groups_of_pairs(COCO17), np.ones(len(course))
    clean = int(find_swaps(course, known, times_s, unit, COCO17).sum())
    found = exchanged = wrong = 0
    for group in map(list, _ROUNDS * groups):
        count = int(rng.integers(1, _MOST_FRAMES + 1))
        start = int(rng.integers(len(course) - count))
        truth = np.zeros((len(course), len(left)), bool)
        truth[start : start + count, group] = True
        given = course.copy()
        given[:, left] = np.where(truth[..., None], course[:, right], course[:, left])
        given[:, right] = np.where(truth[..., None], course[:, left], course[:, right])
        states = find_swaps(given, known, times_s, unit, COCO17)
        found, exchanged = found + int((states & truth & apart).sum()), exchanged + int((truth & apart).sum())
        wrong += int((states & ~truth & apart).sum())
    share = f"of {exchanged} exchanged pairs {found / exchanged:.0%} are found"
    return f"{share}, and {wrong} others; without an exchange {clean}"


def _line(name: str, course: np.ndarray, truth: np.ndarray) -> str:
    distance = np.nanmean(np.linalg.norm(course - truth, axis=-1))
    return f"{name:22} {1000 * distance:8.1f} {jitter(course):7.1f} {lag_ms(course, truth):5.0f}"


def main(options: Options) -> int:
    """Prints the tables."""
    model = load(options.model)
    clip = options.clips / "pose_1.mp4"
    by_name = json.loads(clip.with_suffix(".json").read_text())
    golden = np.array([[(joint["x"], joint["y"]) for joint in frame.values()] for frame in by_name])
    length = np.median(np.ptp(golden, axis=1).max(axis=-1))
    order = joint_map(COCO17, model.skeleton)
    common, truth = order >= 0, golden[:, order[order >= 0]] / length
    recording = recorded(model, clip, 1)
    (track,) = recording.people.values()
    raw = np.where(recording.shown(track)[..., None] > 0, track.xy_px, np.nan)
    rows = {"as estimated": raw, "live (one-euro)": live_track(model, clip)}
    rows |= {f"offline ({kind})": smooth(recording, Smoothing(kind)).people[0].xy_px for kind in _KINDS}
    print(f"pose_1.mp4, {model.runtime}\n{'':22} distance  jitter   lag")
    print(_line("golden", truth, truth))
    for name, course in rows.items():
        print(_line(name, course[:, common] / length, truth))
    noise, rng = tremble(model, clip), np.random.default_rng(options.seed)
    for name, course in zip(("walk", "squats"), golden_courses(options.clips), strict=True):
        shaken = trembling(course, noise, rng)
        live = smoothed(shaken, (SMOOTH_CUTOFF_HZ, SMOOTH_BETA), model.padding, gated=True)
        print(f"golden {name} with the model's jitter\n" + _line("golden", course, course))
        print(_line("as estimated", shaken, course))
        print(_line("live (one-euro)", live, course))
        skeleton = COCO17 if shaken.shape[1] == COCO17.num_joints else _LOOSE
        for kind in _KINDS:
            print(_line(f"offline ({kind})", offline(shaken, skeleton, kind), course))
    for share in (0.0, 1.0, 2.0):
        walk = golden_courses(options.clips)[0]
        shaken = walk + share * (trembling(walk, noise, rng) - walk)
        print(f"walk with {share:g} times the model's jitter: {exchanges(shaken, rng)}")
    for path in options.further:
        _print_jitter(path, recorded(model, path, MAX_PEOPLE))
    return 0


def _print_jitter(path: Path, recording: Recording) -> None:
    result = smooth(recording, Smoothing())
    fps = 1 / float(np.median(np.diff(recording.times_s)))
    print(f"{path.name}, {fps:.0f} frames/s: {result.repairs}")
    for number, track in recording.people.items():
        shown = recording.shown(track) > 0
        raw = np.where(shown[..., None], track.xy_px, np.nan)
        length = np.median(person_lengths(raw, shown, recording.times_s[track.frames]))
        before, after = (jitter(course / length, fps) for course in (raw, result.people[number].xy_px))
        print(f"  person {number}, {len(shown)} frames: jitter {before:.1f}, smoothed {after:.1f}")


if __name__ == "__main__":
    sys.exit(main(tyro.cli(Options, prog="python -m benchmarks.demo.offline", description=__doc__)))
