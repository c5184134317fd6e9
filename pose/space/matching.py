"""Who is who in several cameras: the tracks of one person in all of them, found by where they are in space."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import NamedTuple

import numpy as np

from pose.camera import Camera
from pose.space.points import linear_points, reprojection_errors
from pose.space.poses import LEAST_SCORE

#: Two cameras show the same person if half of the joints lie nearer than this share of the image's longer side to
#: where the other cameras put them.
SAME_ERROR = 0.02
# Of so many frames; with fewer joints in common nothing is known.
_FRAMES, _JOINTS = 40, 20


class Track(NamedTuple):
    """What one camera sees of a person on the time line of T frames that all cameras share.

    Attributes:
        xy_px: float (T, J, 2).
        scores: float (T, J), 0 where the person is not seen.
    """

    xy_px: np.ndarray
    scores: np.ndarray


#: The tracks of one person: (camera, track) numbers.
Group = list[tuple[int, int]]


def match_tracks(
    cameras: Sequence[Camera], tracks: Sequence[Sequence[Track]], max_error: float = SAME_ERROR
) -> list[Group]:
    """Finds the tracks of each person in V cameras.

    Every two tracks of different cameras are tried as one person's; tracks of further cameras join them where they
    agree. Those whom most cameras agree about are taken first, as two people may seem one in two cameras, but hardly in
    three. Someone seen by one camera alone is not among the people.

    Args:
        cameras: V cameras.
        tracks: those of each camera.
        max_error: how well tracks must agree; see `SAME_ERROR`.

    Returns:
        The people, those seen by most cameras first.
    """
    left = {(view, number) for view, some in enumerate(tracks) for number in range(len(some))}
    candidates = [
        _extended(cameras, tracks, [first, second], left, max_error)
        for first, second in combinations(sorted(left), 2)
        if first[0] != second[0]
    ]
    people: list[Group] = []
    while left:
        whole = [one for one in candidates if one is not None and left.issuperset(one[0])]
        if not whole:
            # Of a group of which somebody else took a track, what is left may still be a person.
            pairs = [(a, b) for a, b in combinations(sorted(left), 2) if a[0] != b[0]]
            again = [_extended(cameras, tracks, list(pair), left, max_error) for pair in pairs]
            whole = [one for one in again if one is not None]
        if not whole:
            break
        group, _ = min(whole, key=lambda one: (-len({view for view, _ in one[0]}), one[1]))
        people.append(sorted(group))
        left -= set(group)
    return people


def _extended(
    cameras: Sequence[Camera],
    tracks: Sequence[Sequence[Track]],
    group: Group,
    left: set[tuple[int, int]],
    max_error: float,
) -> tuple[Group, float] | None:
    """A pair of tracks with all others that agree, and how well; None if the two do not agree themselves."""
    error = disagreement(cameras, tracks, group, group)
    if error is None or error > max_error:
        return None
    errors = {one: disagreement(cameras, tracks, group, [one]) for one in left - set(group)}
    group = list(group)
    for one, other_error in sorted(errors.items(), key=lambda item: (item[1] is None, item[1] or 0.0, item[0])):
        if other_error is None or other_error > max_error or _overlaps(tracks, group, one):
            continue
        together = disagreement(cameras, tracks, [*group, one], [*group, one])
        if together is not None and together <= max_error:
            group.append(one)
            error = together
    return group, error


def _overlaps(tracks: Sequence[Sequence[Track]], group: Group, one: tuple[int, int]) -> bool:
    """Whether the camera of a track sees somebody else of the group at the same time."""
    view, number = one
    seen = (tracks[view][number].scores > 0).any(axis=1)
    return any(
        (seen & (tracks[view][other].scores > 0).any(axis=1)).any() for other_view, other in group if other_view == view
    )


def disagreement(
    cameras: Sequence[Camera], tracks: Sequence[Sequence[Track]], group: Group, judged: Group
) -> float | None:
    """The median error of some tracks from where a group of tracks is in space, as a share of the image's longer side.

    None where too few joints are known.
    """
    views = sorted({view for view, _ in group})
    xy, scores = zip(*(_joined(tracks, [one for one in group if one[0] == view]) for view in views), strict=True)
    seen = (np.stack(scores) >= LEAST_SCORE).sum(axis=0) >= 2
    own = [_joined(tracks, [one]) for one in judged]
    seen &= np.any([scores >= LEAST_SCORE for _, scores in own], axis=0)
    frames = np.flatnonzero(seen.any(axis=1))
    if seen.sum() < _JOINTS:
        return None
    frames = frames[np.linspace(0, len(frames) - 1, min(_FRAMES, len(frames))).astype(int)]
    weights = np.stack([np.where(one[frames] >= LEAST_SCORE, one[frames], 0.0) for one in scores])
    points = np.stack([one[frames] for one in xy])
    # Every camera counts: somebody else must not be left out as an error.
    some = [cameras[view] for view in views]
    xyz_mm = linear_points(some, points.reshape(len(views), -1, 2), weights.reshape(len(views), -1))
    errors = []
    for (view, _), (track_xy, track_scores) in zip(judged, own, strict=True):
        camera = cameras[view]
        distance = reprojection_errors([camera], xyz_mm, track_xy[frames].reshape(1, -1, 2))[0]
        known = (track_scores[frames].ravel() >= LEAST_SCORE) & np.isfinite(xyz_mm).all(axis=-1)
        errors.append(distance[known] / max(camera.size))
    every = np.concatenate(errors)
    return float(np.median(every)) if len(every) >= _JOINTS else None


def _joined(tracks: Sequence[Sequence[Track]], group: Group) -> tuple[np.ndarray, np.ndarray]:
    """The joints of the tracks of one camera, of which no two are at the same time."""
    xy, scores = tracks[group[0][0]][group[0][1]]
    for view, number in group[1:]:
        there = tracks[view][number].scores > scores
        xy = np.where(there[..., None], tracks[view][number].xy_px, xy)
        scores = np.where(there, tracks[view][number].scores, scores)
    return xy, scores


def joined_tracks(
    cameras: Sequence[Camera], tracks: Sequence[Sequence[Track]], group: Group
) -> tuple[np.ndarray, np.ndarray]:
    """What all V cameras see of one person: xy_px (V, T, J, 2) and scores (V, T, J), 0 in cameras that do not."""
    first = tracks[group[0][0]][group[0][1]]
    xy, scores = (np.zeros((len(cameras), *values.shape)) for values in first)
    for view in {view for view, _ in group}:
        xy[view], scores[view] = _joined(tracks, [one for one in group if one[0] == view])
    return xy, scores
