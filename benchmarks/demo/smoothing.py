"""Which settings of the one-euro filter suit the demo: jitter of joints at rest against lag of joints in motion.

    python -m benchmarks.demo.smoothing --clips CLIPS --model runs/mine/export

CLIPS holds clips with golden 2D joints: `pose_1.mp4` with `pose_1.json` and `pose_squats.mp4` with
`pose_squats.full.json`. The model's jitter is measured on the first: the residual of its joints after smoothing. That
jitter is added to the golden tracks at 30 frames/s, where the truth is known, and filtered with each setting.

Prints for the unfiltered joints, the demo's own setting, the same without the outlier gate, MediaPipe's for pose
landmarks (without the gate too) and each of the others with it, in lengths of a person (the longer side of the box
about the golden joints):
    jitter: frame-to-frame jitter of joints at rest, in thousandths, and as a share of the unfiltered.
    lag: delay of the filtered joints in motion, in ms.
    error: root mean square distance from the truth, all joints, in thousandths.

MediaPipe's setting: mediapipe/modules/pose_landmark/pose_landmark_filtering.pbtxt. It too normalizes speeds by the side
of the person's padded square.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import tyro
from scipy.interpolate import CubicSpline
from scipy.signal import savgol_filter

from demo.runtimes.pose_model import PoseModel, load
from demo.tracking.one_euro import OneEuro
from demo.tracking.outliers import OutlierGate
from demo.tracking.tracker import Tracker
from demo.video.capture import FrameSource
from demo.webcam import Options

_FPS = 30.0
# Window of the centered smoothing that separates motion and jitter: a third of a second, in which people move along
# parabolas.
_WINDOW, _ORDER = 11, 2
# In lengths of a person per second. Breathing and swaying are slower than the first, steps and gestures faster than the
# second.
_REST, _MOTION = 0.05, 0.4
_MOST_LAG_FRAMES = 8.0
_MEDIAPIPE = (0.05, 80.0)


@dataclass(frozen=True)
class Smoothing:
    """Measures settings of the one-euro filter.

    Attributes:
        clips: folder of the clips and their golden joints.
        model: an exported model, whose jitter is measured.
        cutoffs_hz: cutoffs at rest to try.
        betas: Hz for each crop side per second to try.
        seed: random seed of the start in the jitter's series, for each joint.
    """

    clips: Path
    model: Path
    cutoffs_hz: tuple[float, ...] = (0.25, 0.5, 1.0, 2.0)
    betas: tuple[float, ...] = (0.0, 5.0, 10.0, 15.0, 20.0, 40.0)
    seed: int = 0


def golden_courses(clips: Path) -> list[np.ndarray]:
    """The tracks of the golden joints of each clip, float (T, J, 2) at 30 frames/s, in lengths of the person."""
    by_name = json.loads((clips / "pose_1.json").read_text())
    walk = np.array([[(joint["x"], joint["y"]) for joint in frame.values()] for frame in by_name])
    squats = np.array(json.loads((clips / "pose_squats.full.json").read_text()))[..., :2]
    courses = []
    for course, fps in ((walk, 30.0), (squats, 5.0)):
        length = np.median(np.ptp(course, axis=1).max(axis=-1))
        times_s = np.arange(len(course)) / fps
        fine = CubicSpline(times_s, course / length)(np.arange(0, times_s[-1], 1 / _FPS))
        # The golden joints have jitter too.
        courses.append(savgol_filter(fine, _WINDOW, _ORDER, axis=0))
    return courses


def tremble(model: PoseModel, clip: Path) -> np.ndarray:
    """The model's jitter: its joints minus their smoothed tracks, float (T, 2 J), in lengths of the person."""
    tracker = Tracker(model.predict, model.skeleton, model.size, model.padding)
    series = []
    with FrameSource(str(clip)) as source:
        while not source.ended:
            frame = source.read(1.0)
            poses = {} if frame is None else tracker.update(frame.picture, frame.time_s)
            series += [pose.xy_px for pose in poses.values()]
    course = np.array(series)
    length = np.median(np.ptp(course, axis=1).max(axis=-1))
    return ((course - savgol_filter(course, _WINDOW, _ORDER, axis=0)) / length).reshape(len(course), -1)


def trembling(course: np.ndarray, noise: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Adds jitter (T', K) to a track (T, J, 2): each coordinate gets a random column, from a random start."""
    length, joints, _ = course.shape
    columns = rng.integers(noise.shape[1], size=(joints, 2))
    starts = rng.integers(len(noise), size=(joints, 2))
    places = (np.arange(length)[:, None, None] + starts) % len(noise)
    return course + noise[places, columns]


def smoothed(course: np.ndarray, setting: tuple[float, float] | None, padding: float, *, gated: bool) -> np.ndarray:
    """Filters a track (T, J, 2) by (cutoff_hz, beta), with the outlier gate if `gated`; its unit is the crop's side."""
    if setting is None:
        return course
    gate, smooth = OutlierGate(), OneEuro(*setting)
    outputs = []
    for k, joints in enumerate(course):
        measured = gate(joints, k / _FPS, unit=padding) if gated else joints
        outputs.append(smooth(measured, k / _FPS, unit=padding))
    return np.stack(outputs)


def jitter(course: np.ndarray, truth: np.ndarray, speed: np.ndarray) -> float:
    """Root mean square of the frame-to-frame change of the error of joints at rest, in lengths."""
    change = np.linalg.norm(np.diff(course - truth, axis=0), axis=-1)
    return float(np.sqrt(np.mean(change[speed[1:] < _REST] ** 2)))


def lag_ms(course: np.ndarray, truth: np.ndarray, speed: np.ndarray) -> float:
    """The delay in ms for which the truth fits the joints in motion best."""
    spline = CubicSpline(np.arange(len(truth)), truth)
    rows = np.arange(int(_MOST_LAG_FRAMES), len(truth))
    moving = speed[rows] > _MOTION
    delays = np.arange(0, _MOST_LAG_FRAMES, 0.05)
    misses = [np.mean(((course[rows] - spline(rows - delay)) ** 2).sum(axis=-1)[moving]) for delay in delays]
    return float(delays[int(np.argmin(misses))] * 1000 / _FPS)


def _setting(setting: tuple[float, float] | None) -> str:
    return f"{'-':>9} {'-':>5}" if setting is None else f"{setting[0]:9.2f} {setting[1]:5.0f}"


def _figures(rows: list[tuple[np.ndarray, np.ndarray, np.ndarray]], raw: float) -> str:
    """A line of the table, from (filtered, truth, speed) of each clip and the jitter of the unfiltered joints."""
    still = np.mean([jitter(*row) for row in rows])
    lag = np.mean([lag_ms(*row) for row in rows])
    error = np.sqrt(np.mean([((output - truth) ** 2).sum(axis=-1).mean() for output, truth, _ in rows]))
    return f"{1000 * still:7.2f} {still / raw:7.2f} {lag:7.1f} {1000 * error:6.1f}"


def main(options: Smoothing) -> int:
    """Prints the table."""
    model = load(options.model)
    # The other clip has five frames per second, too few to separate jitter and motion.
    noise = tremble(model, options.clips / "pose_1.mp4")
    rng = np.random.default_rng(options.seed)
    truths = golden_courses(options.clips)
    inputs = [trembling(truth, noise, rng) for truth in truths]
    speeds = [np.linalg.norm(np.gradient(truth, 1 / _FPS, axis=0), axis=-1) for truth in truths]
    still = np.mean([(speed < _REST).mean() for speed in speeds])
    moving = np.mean([(speed > _MOTION).mean() for speed in speeds])
    print(f"the model's tremble: {1000 * noise.std():.1f} thousandths of a person's length, {model.runtime}")
    print(f"joints at rest {still:.0%}, in motion {moving:.0%} of the golden courses")
    raw = np.mean([jitter(*row) for row in zip(inputs, truths, speeds, strict=True)])
    print(f"{'cutoff Hz':>9} {'beta':>5} {'jitter':>7} {'of raw':>7} {'lag ms':>7} {'error':>6}")
    own = (Options.smooth_cutoff_hz, Options.smooth_beta)
    others = [(cutoff_hz, beta) for cutoff_hz in options.cutoffs_hz for beta in options.betas]
    rows = [
        ("unfiltered", None, False),
        ("the demo's", own, True),
        ("leaps not held", own, False),
        ("MediaPipe's", _MEDIAPIPE, False),
        *(("", setting, True) for setting in others),
    ]
    for name, setting, gated in rows:
        outputs = [smoothed(course, setting, model.padding, gated=gated) for course in inputs]
        print(f"{_setting(setting)} {_figures(list(zip(outputs, truths, speeds, strict=True)), raw)}  {name}".rstrip())
    return 0


if __name__ == "__main__":
    sys.exit(main(tyro.cli(Smoothing, prog="python -m benchmarks.demo.smoothing", description=__doc__)))
