"""Which person of a frame is which of the people known: similarities of all pairs, and the best matching."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pose.crop import box_from_joints
from pose.similarity import box_iou_matrix, oks_matrix
from pose.tracking.appearance import color_distance
from pose.tracking.motion import MOTION
from pose.tracking.state import TrackState

#: Colors so far apart are as unlikely as a place one length away.
_COLOR_UNIT = 15.0
#: Colors of different people are about so far apart; with this they are not taken for someone who comes back.
_OTHER_COLORS, _NEVER_COLORS = 35.0, 50.0

#: From this overlap of boxes on, it is the same person whatever the colors: joints may have been on the background.
_SURE_IOU = 0.55


@dataclass(frozen=True, eq=False)
class Candidates:
    """The people whom a finder gives in a frame.

    Attributes:
        xy_px: float64 (P, J, 2).
        scores: float64 (P, J).
        person_scores: float64 (P,).
        trusted: bool (P, J), the joints that are compared.
        colors: float64 (P, J, 3), the colors at the joints (`pose.tracking.appearance`); NaN where not known.
    """

    xy_px: np.ndarray
    scores: np.ndarray
    person_scores: np.ndarray
    trusted: np.ndarray
    colors: np.ndarray

    def some(self, rows: Sequence[int] | np.ndarray) -> Candidates:
        """Those of some rows."""
        return Candidates(*(values[rows] for values in vars(self).values()))

    @property
    def min_joints(self) -> int:
        """How many joints of sufficient score a person needs."""
        return min(MOTION.min_joints, self.trusted.shape[1])


def oks_similarity(
    tracks: Sequence[TrackState],
    expected_px: np.ndarray,
    people: Candidates,
    time_s: float,
    sigmas: np.ndarray,
    lost_s: float,
) -> np.ndarray:
    """OKS of each track to each person, over the joints that both have.

    The constants of OKS grow with the time since a track was seen, as its prediction becomes uncertain; and the
    similarity falls a little, and with the difference of the colors, where they are known.

    Args:
        tracks: T tracks.
        expected_px: float (T, J, 2), their joints as expected in this frame; NaN for joints that are not.
        people: P people.
        time_s: the frame's.
        sigmas: float (J,), the constants of OKS.
        lost_s: after which a track is lost.

    Returns:
        float64 (T, P); 0 for pairs with too few common joints.
    """
    known = np.array([track.known() for track in tracks]) & np.isfinite(expected_px).all(axis=-1)
    common = known[:, None] & people.trusted
    spreads = np.array([track.spread(time_s) for track in tracks])
    areas = np.array([track.area_px for track in tracks])
    similarity = oks_matrix(expected_px, people.xy_px, areas, np.hypot(sigmas, spreads[:, None]), common)
    missed = np.array([time_s - track.time_s for track in tracks]) / max(lost_s, 1e-9)
    similarity *= 1 - MOTION.missed_share * np.minimum(missed, 1)[:, None]
    similarity *= np.exp(-0.5 * (_colors_apart(tracks, people) / _OTHER_COLORS) ** 2)
    return np.where(common.sum(axis=-1) >= people.min_joints, similarity, 0)


def box_similarity(tracks: Sequence[TrackState], expected_px: np.ndarray, people: Candidates) -> np.ndarray:
    """Overlap (IoU) of the boxes of tracks and people, float64 (T, P).

    It is 0 where sizes differ, or where colors do and the boxes overlap little, as those of someone and of whoever
    hides them.
    """
    boxes = [box_from_joints(xy_px, track.known()) for track, xy_px in zip(tracks, expected_px, strict=True)]
    others = [box_from_joints(xy_px, seen) for xy_px, seen in zip(people.xy_px, people.trusted, strict=True)]
    lengths, other_lengths = (np.maximum(np.array(some)[:, 2:].max(axis=1), 1.0) for some in (boxes, others))
    overlap = box_iou_matrix(np.array(boxes), np.array(others))
    alike = (_colors_apart(tracks, people) < _OTHER_COLORS) | (overlap >= _SURE_IOU)
    alike &= np.abs(np.log(lengths[:, None] / other_lengths)) <= np.log(MOTION.box_ratio)
    return np.where(alike, overlap, 0)


def _colors_apart(tracks: Sequence[TrackState], people: Candidates) -> np.ndarray:
    """How far apart the colors of tracks and people are, float64 (T, P)."""
    return color_distance(np.array([track.colors for track in tracks]), people.colors)


def match(similarity: np.ndarray, minimum: float) -> list[tuple[int, int]]:
    """The pairs of the greatest total similarity, each of which reaches the minimum and is above 0."""
    # Late: importing SciPy takes long, and a command's --help needs none.
    from scipy.optimize import linear_sum_assignment

    allowed = np.where((similarity >= minimum) & (similarity > 0), similarity, 0)
    rows, columns = linear_sum_assignment(allowed, maximize=True)
    return [(int(i), int(k)) for i, k in zip(rows, columns, strict=True) if allowed[i, k] > 0]


def cost_of_return(lost: TrackState, found: TrackState) -> float:
    """How unlikely it is that someone who appears is a lost person: 0 is likely, infinity impossible.

    That is how far they are from where the person may be: anywhere between the place where they were seen last and the
    one to which their motion led without slowing down; how much their size differs; and their colors, where known.
    Place and size are measured by those joints that are seen of whoever appears: at the border a few.
    """
    joints = found.known() & lost.ever
    if not joints.any():
        return np.inf
    gap_px = np.median(found.xy_px[joints] - lost.xy_px[joints], axis=0)
    way_px = lost.speed_px_s * (found.started_s - lost.time_s)
    share = np.clip(gap_px @ way_px / max(way_px @ way_px, 1e-9), 0, 1)
    distance = float(np.linalg.norm(gap_px - share * way_px)) / lost.length_px
    change = 0.0
    if np.count_nonzero(joints) > len(joints) / 2:
        lengths = [max(box_from_joints(track.xy_px, joints)[2:].max(), 1.0) for track in (lost, found)]
        change = abs(float(np.log(lengths[1] / lengths[0])))
    reach = MOTION.back_lengths + MOTION.back_lengths_per_s * (found.started_s - lost.time_s)
    if distance > reach or change > np.log(MOTION.back_ratio):
        return np.inf
    short = MOTION.short_cost * float(np.exp((lost.since_s - lost.time_s) / MOTION.short_s))
    colors = float(color_distance(lost.colors[None], found.colors[None])[0, 0])
    return distance / reach + change + short + colors / _COLOR_UNIT if colors < _NEVER_COLORS else np.inf
