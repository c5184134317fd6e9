"""Runs of measurements without long gaps, and the interpolation of the short ones."""

from __future__ import annotations

import numpy as np


def runs(measured: np.ndarray, times_s: np.ndarray, max_gap_s: float) -> list[np.ndarray]:
    """Splits the measurements of a joint where no interpolation is allowed.

    Args:
        measured: bool (T,).
        times_s: (T,), increasing.
        max_gap_s: two measurements further apart than this are in different runs, unless they are of successive frames
            at the usual interval.

    Returns:
        The indices of the measurements of each run.
    """
    places = np.flatnonzero(measured)
    if not len(places):
        return []
    usual_s = float(np.median(np.diff(times_s))) if len(times_s) > 1 else 0.0
    # 1.5: frame times may be uneven, and two missing intervals are a gap.
    apart = np.diff(times_s[places]) > max(max_gap_s, 1.5 * usual_s)
    return np.split(places, np.flatnonzero(apart) + 1)


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
