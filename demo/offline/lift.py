"""Joints in space of everybody in a recording."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from demo.lifting.lifter import Lifter
from demo.offline.recording import Recording
from pose import Skeleton


@dataclass(frozen=True, eq=False)
class SpaceTracks:
    """People's joints in space, in mm before the camera.

    Attributes:
        skeleton: of the K joints.
        people: by the person's number, float64 (T, K, 3) in the frames of the person's track; NaN where unknown.
    """

    skeleton: Skeleton
    people: dict[int, np.ndarray]


def lifted_tracks(recording: Recording, lifter: Lifter) -> SpaceTracks:
    """Everybody in a recording, each frame with those about it."""
    people = {}
    for number, track in recording.people.items():
        shown = recording.shown(track) > 0
        # What was interpolated has no score, and is as good as its neighbors.
        scores = np.where(shown, np.maximum(track.scores, recording.joint_score), 0.0)
        times = recording.times_s[track.frames]
        found = lifter.lift(track.xy_px.astype(np.float64), scores, times, times, recording.size)
        people[number] = found.before_camera_mm
    return SpaceTracks(lifter.skeleton, people)
