"""From what a 2D model sees in several videos to people in space."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from demo.offline.gaps import fill, runs
from demo.offline.low_pass import LowPass, low_pass
from demo.offline.recording import PersonTrack, Recording
from pose import Camera, Skeleton
from pose.space.bones import with_constant_bones
from pose.space.bundle import refine_cameras
from pose.space.matching import Track, joined_tracks, match_tracks
from pose.space.poses import locate

# A camera's two frames further apart than so many of its usual intervals have a gap between them.
_GAP = 1.5


@dataclass(frozen=True)
class SpaceOptions:
    """How people are located in space.

    Attributes:
        bones: keep the lengths of arms and legs.
        refine: correct where the cameras stand by what they see.
        smooth: low-pass filter of the joints.
        cutoff_hz: its cutoff.
        max_gap_s: interpolate missing joints between measurements up to this many seconds apart.
        least_s: people who are seen for a shorter time are left out.
    """

    bones: bool = True
    refine: bool = False
    smooth: LowPass | None = "butterworth"
    cutoff_hz: float = 6.0
    max_gap_s: float = 0.25
    least_s: float = 0.5


@dataclass(frozen=True, eq=False)
class PersonInSpace:
    """One person over the T frames of a scene.

    Attributes:
        xyz_mm: float64 (T, J, 3) in the world, NaN where unknown.
        scores: float64 (T, J), the mean score of what it rests on; 0 where it was interpolated or is unknown.
        cameras: int64 (T, J), how many cameras it rests on.
        errors_px: float64 (V, T, J), how far its image lies from where each camera's model put the joint, before it was
            smoothed; NaN where it does not rest on that.
    """

    xyz_mm: np.ndarray
    scores: np.ndarray
    cameras: np.ndarray
    errors_px: np.ndarray


@dataclass(frozen=True, eq=False)
class Scene:
    """Everybody in space.

    Attributes:
        skeleton: of the people.
        times_s: float64 (T,), after the first frame of the first video.
        cameras: V, as given or corrected.
        people: those seen by two cameras or more.
        alone: how many tracks of single cameras belong to nobody.
    """

    skeleton: Skeleton
    times_s: np.ndarray
    cameras: list[Camera]
    people: list[PersonInSpace]
    alone: int


def locate_people(
    cameras: Sequence[Camera], recordings: Sequence[Recording], offsets_s: Sequence[float], options: SpaceOptions
) -> Scene:
    """Finds out who is who in the cameras, and where they are.

    Args:
        cameras: V cameras.
        recordings: what a model sees in each camera's video, not smoothed.
        offsets_s: the time of each video's first frame after that of the first video.
        options: how.
    """
    skeleton, times_s = recordings[0].skeleton, recordings[0].times_s + offsets_s[0]
    tracks = [
        [at_times(one, track, offset, times_s) for track in one.people.values()]
        for one, offset in zip(recordings, offsets_s, strict=True)
    ]
    cameras, groups = list(cameras), match_tracks(cameras, tracks)
    seen = [joined_tracks(cameras, tracks, group) for group in groups]
    if options.refine and seen:
        xy, scores = (np.concatenate(values, axis=1) for values in zip(*seen, strict=True))
        cameras = refine_cameras(cameras, xy.reshape(len(cameras), -1, 2), scores.reshape(len(cameras), -1))
    people = [_person(cameras, skeleton, *one, times_s, options) for one in seen]
    least = options.least_s / max(float(np.median(np.diff(times_s))), 1e-9) if len(times_s) > 1 else 0
    people = [one for one in people if np.isfinite(one.xyz_mm).any(axis=(1, 2)).sum() >= least]
    return Scene(skeleton, times_s, cameras, people, sum(map(len, tracks)) - sum(map(len, groups)))


def at_times(recording: Recording, track: PersonTrack, offset_s: float, times_s: np.ndarray) -> Track:
    """A track at other times: interpolated between two frames of the camera."""
    own_s = recording.times_s[track.frames] + offset_s
    joints = recording.skeleton.num_joints
    if not len(own_s):
        return Track(np.zeros((len(times_s), joints, 2)), np.zeros((len(times_s), joints)))
    xy, scores = np.nan_to_num(track.xy_px.astype(np.float64)), track.scores.astype(np.float64)
    scores = np.where(np.isfinite(track.xy_px).all(axis=2), scores, 0.0)
    usual_s = float(np.median(np.diff(recording.times_s))) if len(recording.times_s) > 1 else 0.0
    after = np.clip(np.searchsorted(own_s, times_s), 0, len(own_s) - 1)
    before = np.maximum(after - 1, 0)
    # Times at which there is a frame take that one.
    before = np.where(np.abs(own_s[after] - times_s) < 1e-6, after, before)
    gap = own_s[after] - own_s[before]
    share = np.where(gap > 0, (times_s - own_s[before]) / np.where(gap > 0, gap, 1), 0.0)
    there = (share >= 0) & (share <= 1) & (gap <= _GAP * usual_s) & (times_s >= own_s[0] - 1e-6)
    there &= times_s <= own_s[-1] + 1e-6
    xy = xy[before] + share[:, None, None] * (xy[after] - xy[before])
    return Track(xy, np.where(there[:, None], np.minimum(scores[before], scores[after]), 0.0))


def _person(
    cameras: Sequence[Camera],
    skeleton: Skeleton,
    xy_px: np.ndarray,
    scores: np.ndarray,
    times_s: np.ndarray,
    options: SpaceOptions,
) -> PersonInSpace:
    found = locate(cameras, skeleton, xy_px, scores)
    xyz = with_constant_bones(cameras, skeleton, found) if options.bones else found.xyz_mm.copy()
    known = np.isfinite(xyz).all(axis=2)
    piece = np.zeros(len(times_s), np.int64)
    for joint in range(skeleton.num_joints):
        for run in runs(known[:, joint], times_s, options.max_gap_s, piece):
            fill(xyz[:, joint], times_s, run)
            span = slice(run[0], run[-1] + 1)
            if options.smooth is not None:
                xyz[span, joint] = low_pass(xyz[span, joint], times_s[span], options.smooth, options.cutoff_hz)
    count = found.used.sum(axis=0)
    mean = found.weights.sum(axis=0) / np.maximum(count, 1)
    return PersonInSpace(xyz, np.where(known, mean, 0.0), count, np.where(found.used, found.errors_px, np.nan))
