"""Follows people through a video, frame by frame, and keeps their joints alone."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np

from demo.batch.inputs import read_frames
from demo.finding.choose import tracker_for
from demo.offline.recording import PersonTrack, Recording
from demo.offline.smooth import Smoothing, smooth
from demo.tracking.estimator import confidence
from demo.tracking.rule import CompleteRule, FollowRule
from demo.video.capture import Frame, FrameSource
from pose import Skeleton

if TYPE_CHECKING:
    from tqdm import tqdm

    from demo.runtimes.pose_model import PoseModel

#: Number of the frame, joints float32 (J, 2) and scores float32 (J,).
_Sighting = tuple[int, np.ndarray, np.ndarray]


def track_video(
    source: FrameSource,
    model: PoseModel,
    rule: CompleteRule | None = None,
    *,
    people: int | None = None,
    min_score: float | None = None,
    smoothing: Smoothing | None = None,
) -> Recording:
    """Follows people through a video, and smooths their joints; on a terminal, stderr shows the progress.

        recording = track_video(FrameSource("walk.mp4"), model, smoothing=Smoothing())
        table = demo.offline.write.to_frame(recording)

    Only joints are kept in memory: some 200 bytes for each person in a frame.

    Args:
        source: of a file.
        model: estimates one person in a crop.
        rule: see `track_frames`.
        people: see `track_frames`.
        min_score: see `track_frames`.
        smoothing: how to smooth; None for the model's own joints.

    Raises:
        SourceError: the file cannot be read any further.
    """
    with progress(source, source.count, "following people") as frames:
        recording = track_frames(frames, model, rule, people=people, min_score=min_score)
    return smooth(recording, smoothing) if smoothing else recording


def progress(source: FrameSource, count: int, what: str) -> tqdm[Frame]:
    """The frames of a source; on a terminal, stderr shows how many are done and how long the others will take.

    Args:
        source: of a file.
        count: number of frames, 0 if unknown.
        what: is done with them.
    """
    from tqdm import tqdm

    return tqdm(read_frames(source), total=count or None, unit="frame", desc=what, disable=None)


def track_frames(
    frames: Iterable[Frame],
    model: PoseModel,
    rule: CompleteRule | None = None,
    *,
    people: int | None = None,
    min_score: float | None = None,
) -> Recording:
    """Follows people through the frames of a video. The joints are the model's own, not smoothed.

    Args:
        frames: in the order of their times, such as those of a `FrameSource`.
        model: estimates one person in a crop.
        rule: when tracks start and end; None is the model's own.
        people: maximum number of people at once; None is as many as possible.
        min_score: minimum confidence (`demo.tracking.estimator.confidence`) of a person in a frame; None is the rule's
            `lost_score`.

    Returns:
        People are numbered from 0.
    """
    rule = rule or FollowRule().for_model(model.follow)
    min_score = rule.lost_score if min_score is None else min_score
    tracker = tracker_for(model, rule, people)
    seen: defaultdict[int, list[_Sighting]] = defaultdict(list)
    times_s: list[float] = []
    size = (0, 0)
    for frame in frames:
        if not times_s:
            size = (frame.picture.shape[0], frame.picture.shape[1])
        for number, pose in tracker.update(frame.picture, frame.time_s).items():
            if confidence(pose.scores, model.skeleton) >= min_score:
                xy_px, scores = pose.xy_px.astype(np.float32), np.asarray(pose.scores, np.float32)
                seen[number - 1].append((len(times_s), xy_px, scores))
        times_s.append(frame.time_s)
    tracks = {number: _track(sightings, model.skeleton) for number, sightings in sorted(seen.items())}
    return Recording(model.skeleton, np.array(times_s), size, rule.joint_score, tracks)


def _track(sightings: list[_Sighting], skeleton: Skeleton) -> PersonTrack:
    start, length = sightings[0][0], sightings[-1][0] - sightings[0][0] + 1
    xy_px = np.full((length, skeleton.num_joints, 2), np.nan, np.float32)
    scores = np.zeros((length, skeleton.num_joints), np.float32)
    for frame, joints_px, joint_scores in sightings:
        xy_px[frame - start], scores[frame - start] = joints_px, np.nan_to_num(joint_scores)
    xy_px[~np.isfinite(xy_px).all(axis=2)] = np.nan
    return PersonTrack(start, xy_px, scores, np.zeros(scores.shape, bool))
