"""Smooths the joints of a whole recording, without delaying them."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from demo.offline.gaps import fill, pieces, runs
from demo.offline.leaps import find_leaps
from demo.offline.low_pass import LowPass, low_pass
from demo.offline.recording import PersonTrack, Recording, Repairs
from demo.offline.swaps import find_swaps
from demo.tracking.estimator import min_joints
from pose import Skeleton

# Window of the median of a person's length.
_LENGTH_S = 1.0


@dataclass(frozen=True)
class Smoothing:
    """How a recording is smoothed.

    Attributes:
        kind: the low-pass filter.
        cutoff_hz: its cutoff; 6 Hz is customary in gait analysis (Winter, "Biomechanics and Motor Control of Human
            Movement").
        max_gap_s: joints that are missing between two measurements up to this time apart are interpolated.
        swaps: exchange left and right back where the model has mistaken them.
        leaps: reject joints that leap away and back.
    """

    kind: LowPass = "butterworth"
    cutoff_hz: float = 6.0
    max_gap_s: float = 0.25
    swaps: bool = True
    leaps: bool = True

    def __post_init__(self) -> None:
        if self.kind not in ("butterworth", "savgol"):
            raise ValueError(f"the kind of smoothing must be butterworth or savgol, got {self.kind!r}")
        if not (np.isfinite(self.cutoff_hz) and self.cutoff_hz > 0 and self.max_gap_s >= 0):
            raise ValueError(
                "smoothing needs a cutoff above 0 Hz and a longest gap of 0 s or more, got "
                f"cutoff_hz={self.cutoff_hz}, max_gap_s={self.max_gap_s}"
            )


def smooth(recording: Recording, smoothing: Smoothing) -> Recording:
    """Returns a recording with smoothed joints; only measurements of sufficient score are used.

    Of each person, left and right are put right, leaps are rejected, short gaps are interpolated, and the joints are
    low-pass filtered. A joint is missing where there was no measurement and the gap was too long.

    Args:
        recording: as tracked.
        smoothing: how.
    """
    people, repairs = {}, []
    for number, track in recording.people.items():
        measured = recording.shown(track) > 0
        times_s = recording.times_s[track.frames]
        people[number], repair = smooth_track(track, measured, times_s, recording.skeleton, smoothing)
        repairs.append(repair)
    swapped, leaps, filled = (sum(getattr(r, name) for r in repairs) for name in ("swapped", "leaps", "filled"))
    return replace(recording, people=people, repairs=Repairs(swapped, leaps, filled))


def smooth_track(
    track: PersonTrack, measured: np.ndarray, times_s: np.ndarray, skeleton: Skeleton, smoothing: Smoothing
) -> tuple[PersonTrack, Repairs]:
    """Smooths one person's joints.

    Args:
        track: as tracked.
        measured: bool (T, J), which of its joints to use.
        times_s: (T,), of its frames.
        skeleton: of the person.
        smoothing: how.
    """
    xy_px = np.where(measured[..., None], track.xy_px.astype(np.float64), np.nan)
    scores, measured = np.where(measured, track.scores, 0), measured.copy()
    lengths_px = person_lengths(xy_px, measured, times_s)
    piece, max_gap_s = pieces(xy_px, measured, times_s, lengths_px), smoothing.max_gap_s
    swapped = leaps = 0
    if smoothing.swaps:
        for run in runs(measured.max(axis=1), times_s, max_gap_s, piece):
            found = find_swaps(xy_px[run], measured[run], times_s[run], lengths_px[run], skeleton)
            _exchange((xy_px, scores, measured), run, found, skeleton)
            swapped += int(found.sum())
    for joint in range(skeleton.num_joints):
        for run in runs(measured[:, joint], times_s, max_gap_s, piece) if smoothing.leaps else ():
            frames = run[find_leaps(xy_px[run, joint], times_s[run], lengths_px[run])]
            measured[frames, joint], xy_px[frames, joint] = False, np.nan
            leaps += len(frames)
        for run in runs(measured[:, joint], times_s, max_gap_s, piece):
            fill(xy_px[:, joint], times_s, run)
            span = slice(run[0], run[-1] + 1)
            xy_px[span, joint] = low_pass(xy_px[span, joint], times_s[span], smoothing.kind, smoothing.cutoff_hz)
    filled = np.isfinite(xy_px[..., 0]) & ~measured
    scores = np.where(measured, scores, 0).astype(np.float32)
    smoothed = PersonTrack(track.start, xy_px.astype(np.float32), scores, filled)
    return smoothed, Repairs(swapped, leaps, int(filled.sum()))


def _exchange(arrays: tuple[np.ndarray, ...], frames: np.ndarray, swapped: np.ndarray, skeleton: Skeleton) -> None:
    """Exchanges left and right of arrays (T, J, ...) in place, in the given ones of some frames and of the pairs."""
    for (left, right), states in zip(skeleton.pairs, swapped.T, strict=True):
        rows = frames[states]
        for values in arrays:
            values[rows, left], values[rows, right] = values[rows, right], values[rows, left]


def person_lengths(xy_px: np.ndarray, measured: np.ndarray, times_s: np.ndarray) -> np.ndarray:
    """The longer side of the box around a person's joints: its median within half a second of each frame.

    Args:
        xy_px: float (T, J, 2).
        measured: bool (T, J).
        times_s: (T,).

    Returns:
        float64 (T,) in px; infinite where no frame has enough joints for a box.
    """
    from scipy.ndimage import median_filter

    frames = np.flatnonzero(measured.sum(axis=1) >= min_joints(measured.shape[1]))
    if not len(frames):
        return np.full(len(xy_px), np.inf)
    low, high = (
        pick(np.where(measured[frames, :, None], xy_px[frames], other), axis=1)
        for pick, other in ((np.min, np.inf), (np.max, -np.inf))
    )
    lengths = np.maximum((high - low).max(axis=1), 1.0)
    if len(frames) > 1:
        window = 2 * round(_LENGTH_S / 2 / float(np.median(np.diff(times_s[frames])))) + 1
        lengths = median_filter(lengths, size=min(window, len(frames)), mode="nearest")
    return np.interp(times_s, times_s[frames], lengths)
