"""Compares trackers on people who are known: our tracker, parts of it left out, and plain matching to the last frame.

    python -m benchmarks.tracks --labels LABELS.json --pictures FOLDER --mocap FOLDER

LABELS are the tracked labels of Bonn's PoseTrack clips, FOLDER the frames of one of these, and the recorded walks (BVH)
that made-up people walk by, who cross, hide one another, leave the image and come back. A made-up finder adds noise,
misses and false poses. Each part is left out where its data is not given. It prints, for each tracker:
    MOTA, IDF1, HOTA: see `evaluate.tracks.metrics`; a person is found from an OKS of 0.5 on.
    switches: how often someone got another number.
    ms: time of a frame.
"perfect numbers" are those of a tracker that makes no mistake with the same people found.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import tyro

from benchmarks.tracks.baselines import GreedyTracker
from benchmarks.tracks.clips import Clip, read_labels
from benchmarks.tracks.finder import CLEAN, FinderNoise
from benchmarks.tracks.measure import AnyTracker, measure, shaken
from benchmarks.tracks.walkers import make_clip, paint, read_walks
from pose import LSP14
from pose.tracking.rule import TrackRule
from pose.tracking.tracks import PeopleTracker

_NOISY = FinderNoise()
#: How far a restless camera moves the image from frame to frame, as a share of its width.
_SHAKE = 0.06
# Parts of the tracker that are left out or added.
_PARTS = {
    "the tracker": TrackRule(),
    "without second pass": TrackRule(low_score=TrackRule.high_score),
    "without boxes": TrackRule(min_iou=1.0),
    "without OKS": TrackRule(min_oks=1.0, min_low_oks=1.0),
    "without memory": TrackRule(remember_s=TrackRule.lost_s),
}
_WITH_IMAGES = {
    "the tracker": TrackRule(),
    "without colors": TrackRule(colors=False),
    "with flow": TrackRule(flow=True),
    "with flow, no colors": TrackRule(flow=True, colors=False),
}


@dataclass(frozen=True)
class Options:
    """Compares trackers on people who are known.

    Attributes:
        labels: `labels.json` of Bonn's PoseTrack clips.
        pictures: the folder of JPEG frames of one of these clips, named as the clip.
        mocap: a folder of walks in CMU's BVH files.
        rates: frame rates of the made-up clips, up to 60.
        people: how many people they have; there is a clip for each count and seed.
        clips: number of clips of each count.
        seed: random seed.
    """

    labels: Path | None = None
    pictures: Path | None = None
    mocap: Path | None = None
    rates: tuple[float, ...] = (5, 10, 15, 30, 60)
    people: tuple[int, ...] = (2, 3, 4, 5, 6, 7)
    clips: int = 1
    seed: int = 0


def main(options: Options) -> int:
    """Prints the tables."""
    if options.labels is not None:
        clips = read_labels(options.labels)
        print(f"\n## {len(clips)} labelled clips at 25 frames/s, noise, misses and false poses\n")
        _table(_baselines() | _ours(_PARTS), clips, _NOISY, options.seed)
        if options.pictures is not None:
            _compare_with_images(read_labels(options.labels, options.pictures), options.seed)
    if options.mocap is not None:
        walks = read_walks(options.mocap)
        made = [make_clip(walks, count, options.seed + k) for count in options.people for k in range(options.clips)]
        for fps in options.rates:
            _compare_made_up([clip.at_rate(fps) for clip in made], fps, options.seed)
    return 0


def _compare_with_images(clips: list[Clip], seed: int) -> None:
    for fps in (25, 8):
        reduced = [clip.at_rate(fps) for clip in clips]
        print(f"\n## The clip with images, {fps} frames/s\n")
        _table(_ours(_WITH_IMAGES), reduced, _NOISY, seed)
        print(f"\n## The same, each frame moved by up to {100 * _SHAKE:.0f} % of the width\n")
        _table(_ours(_WITH_IMAGES), [shaken(clip, _SHAKE, seed) for clip in reduced], _NOISY, seed)


def _compare_made_up(clips: list[Clip], fps: float, seed: int) -> None:
    painted = [paint(clip, seed + k) for k, clip in enumerate(clips)]
    print(f"\n## {len(clips)} made-up clips at {fps:g} frames/s, hidden people removed\n")
    _table(_baselines() | _ours({"no images": TrackRule()}), clips, CLEAN, seed)
    _table(_ours({"images": TrackRule()}), painted, CLEAN, seed, heading=False)
    print(f"\n## The same with noise, misses and false poses, {fps:g} frames/s\n")
    _table(_baselines() | _ours({"no images": TrackRule()}), clips, _NOISY, seed)
    _table(_ours({"images": TrackRule()}), painted, _NOISY, seed, heading=False)


def _baselines() -> dict[str, Callable[[], AnyTracker] | None]:
    return {
        "perfect numbers": None,
        "greedy OKS": lambda: GreedyTracker(LSP14.sigmas),
        "greedy IoU": lambda: GreedyTracker(LSP14.sigmas, by="iou"),
    }


def _ours(rules: dict[str, TrackRule]) -> dict[str, Callable[[], AnyTracker] | None]:
    return {name: lambda rule=rule: PeopleTracker(LSP14.sigmas, rule) for name, rule in rules.items()}


def _table(
    trackers: dict[str, Callable[[], AnyTracker] | None],
    clips: Sequence[Clip],
    noise: FinderNoise,
    seed: int,
    heading: bool = True,
) -> None:
    if heading:
        print("| tracker | MOTA | IDF1 | HOTA | switches | misses | false | people | ms |\n|---|" + "---:|" * 8)
    for name, make in trackers.items():
        measured = measure(make, clips, noise, seed)
        figures = measured.figures
        shares = " | ".join(f"{value:.3f}" for value in (figures.mota, figures.idf1, figures.hota))
        counts = f"{figures.switches} | {figures.misses} | {figures.false_people} | {figures.people}"
        print(f"| {name} | {shares} | {counts} | {measured.frame_ms:.1f} |", flush=True)


if __name__ == "__main__":
    sys.exit(main(tyro.cli(Options, description=__doc__)))
