"""The tracks of labeled videos: which labeled and found people count, and the figures of each video and of all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec

import numpy as np

from evaluate.poses_2d.frames import LabeledFrame
from evaluate.poses_2d.matching import Match, min_joints
from evaluate.tracks.metrics import FrameMatch, TrackFigures, track_figures
from pose import Skeleton
from pose.results.people import ImagePeople
from pose.similarity import oks_matrix

#: What measures tracks beside the other requirements.
INSTALL = "pip install --no-deps trackeval tabulate"


@dataclass(frozen=True)
class VideoTracks:
    """How well people keep their numbers.

    Attributes:
        overall: of all videos together; None where tracks cannot be measured.
        videos: of each, by name.
        note: why they cannot be measured; "" where they are, or neither labels nor results have numbers.
    """

    overall: TrackFigures | None = None
    videos: dict[str, TrackFigures] = field(default_factory=dict)
    note: str = ""


def measure_tracks(
    frames: Sequence[LabeledFrame],
    found: Sequence[ImagePeople],
    matches: Sequence[Match],
    skeleton: Skeleton,
    known: np.ndarray,
) -> VideoTracks:
    """Measures the tracks of labeled videos, if labels and results have numbers that last.

    Labeled people of fewer than `min_joints` joints in sight are neither right nor wrong, and neither is who is found
    there; nor is who matches nobody and lies on someone not labeled, or has no number.

    Args:
        frames: N labeled frames, of videos or single images.
        found: the people found in each.
        matches: of each.
        skeleton: of both.
        known: bool (J,), the joints that the results can have.

    Raises:
        ValueError: a number is in a frame twice.
    """
    videos = _videos(frames)
    numbered = any((people.persons >= 0).any() for people in found)
    if not videos or not numbered:
        return VideoTracks(note=_without(bool(videos), numbered))
    if find_spec("trackeval") is None:
        return VideoTracks(note=f"Tracks are not measured: TrackEval is missing, install it by `{INSTALL}`.")
    # PoseTrack's labels do not tell hidden joints.
    in_sight = 2 if any((frame.visible == 2).any() for frame in frames) else 1
    pairs = {
        name: [_counted(frames[n], found[n], matches[n], skeleton, known, in_sight) for n in places]
        for name, places in videos.items()
    }
    return VideoTracks(track_figures(list(pairs.values())), {name: track_figures([p]) for name, p in pairs.items()})


def _without(labeled: bool, numbered: bool) -> str:
    if labeled:
        return (
            "Tracks are not measured: the found people have no numbers that last, as PoseTrack's JSON or OpenPose's "
            "person_id."
        )
    if numbered:
        return "Tracks are not measured: the labeled people have no numbers that last from frame to frame."
    return ""


def _videos(frames: Sequence[LabeledFrame]) -> dict[str, list[int]]:
    """The places of each video's frames in order of time; a video has someone who is in two frames."""
    groups: dict[str, list[int]] = {}
    for n, frame in enumerate(frames):
        if frame.persons is not None and frame.video is not None:
            groups.setdefault(frame.video[0], []).append(n)
    videos = {}
    for name, places in groups.items():
        places.sort(key=lambda n: _time(frames[n]))
        numbers = [_numbers(frames[n]) for n in places]
        once = all(len(np.unique(some)) == len(some) and (some >= 0).all() for some in numbers)
        everyone = np.concatenate(numbers)
        if once and len(np.unique(everyone)) < len(everyone):
            videos[name] = places
    return videos


def _time(frame: LabeledFrame) -> int:
    return 0 if frame.video is None else frame.video[1]


def _numbers(frame: LabeledFrame) -> np.ndarray:
    return np.zeros(0, np.int64) if frame.persons is None else frame.persons


def _counted(
    frame: LabeledFrame,
    people: ImagePeople,
    match: Match,
    skeleton: Skeleton,
    known: np.ndarray,
    in_sight: int,
) -> FrameMatch:
    """The people of a frame who count; joints in sight have the visibility `in_sight` or more."""
    seen = ((frame.visible >= in_sight) & known).sum(axis=1) >= min_joints(skeleton.num_joints)
    alone = ~np.isin(np.arange(len(people.persons)), match.partner)
    left = match.false | ~alone
    left[match.partner[~seen & (match.partner >= 0)]] = False
    left &= people.persons >= 0
    visible = np.where(known, frame.visible, 0)[seen]
    similarity = oks_matrix(
        frame.joints_xy_px[seen], people.xy_px[left], frame.areas_px[seen], skeleton.sigmas, visible
    )
    try:
        return FrameMatch(_numbers(frame)[seen], people.persons[left], similarity)
    except ValueError as error:
        raise ValueError(f"{frame.key}: {error}") from error
