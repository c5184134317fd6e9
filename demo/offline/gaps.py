"""Runs of measurements without long gaps, and the interpolation of the short ones."""

from __future__ import annotations

import numpy as np

#: Someone who moves this far, in lengths of the person, and this fast, in lengths per second, between two frames is
#: someone else, or was found anew: an adult would run at 8 m/s.
FAR, FAST_PER_S = 0.5, 5.0


def pieces(xy_px: np.ndarray, measured: np.ndarray, times_s: np.ndarray, lengths_px: np.ndarray) -> np.ndarray:
    """Numbers the pieces of a track between which the whole person leaps; nothing is smoothed across.

    Args:
        xy_px: float (T, J, 2).
        measured: bool (T, J).
        times_s: (T,), increasing.
        lengths_px: (T,), the person's length.

    Returns:
        int64 (T,), from 0.
    """
    frames = np.flatnonzero(measured.any(axis=1))
    centers = np.array([np.median(xy_px[frame, measured[frame]], axis=0) for frame in frames]).reshape(-1, 2)
    moved = np.linalg.norm(np.diff(centers, axis=0), axis=1) / lengths_px[frames[1:]]
    leaps = (moved > FAR) & (moved / np.diff(times_s[frames]) > FAST_PER_S)
    begins = np.zeros(len(xy_px), np.int64)
    begins[frames[1:][leaps]] = 1
    return np.cumsum(begins)


def runs(measured: np.ndarray, times_s: np.ndarray, max_gap_s: float, piece: np.ndarray) -> list[np.ndarray]:
    """Splits the measurements of a joint where no interpolation is allowed.

    Args:
        measured: bool (T,).
        times_s: (T,), increasing.
        max_gap_s: two measurements further apart than this are in different runs, unless they are of successive frames
            at the usual interval.
        piece: (T,), number of the piece of each frame; see `pieces`.

    Returns:
        The indices of the measurements of each run.
    """
    places = np.flatnonzero(measured)
    if not len(places):
        return []
    usual_s = float(np.median(np.diff(times_s))) if len(times_s) > 1 else 0.0
    # 1.5: frame times may be uneven, and two missing intervals are a gap.
    apart = np.diff(times_s[places]) > max(max_gap_s, 1.5 * usual_s)
    return np.split(places, np.flatnonzero(apart | (np.diff(piece[places]) > 0)) + 1)


def fill(xy_px: np.ndarray, times_s: np.ndarray, run: np.ndarray) -> None:
    """Interpolates what is missing within a run, in place.

    The interpolation is monotone between measurements (PCHIP), so that it does not overshoot.

    Args:
        xy_px: float (T, 2).
        times_s: (T,).
        run: indices of measurements; see `runs`.
    """
    from scipy.interpolate import PchipInterpolator

    missing = np.setdiff1d(np.arange(run[0], run[-1]), run)
    if len(missing):
        xy_px[missing] = PchipInterpolator(times_s[run], xy_px[run])(times_s[missing])
