"""Joints that leap away and back are rejected by a Hampel filter.

Hampel, "The influence curve and its role in robust estimation", JASA 1974; as a filter of series in Pearson et al.,
"Generalized Hampel filters", EURASIP Journal on Advances in Signal Processing 2016.
"""

from __future__ import annotations

import numpy as np

#: A joint this far from the median of its neighbors in time is a leap, unless these are spread as widely: in lengths of
#: the person (the longer side of the box), and in standard deviations of the neighbors.
LEAP, DEVIATIONS = 0.06, 3.0
#: The neighbors lie within `WINDOW_S` before and after, but there are at least `MIN_NEIGHBORS` on either side; leaps of
#: up to about that many frames are found. Where these lie further away than `MAX_WINDOW_S`, people may move that much.
WINDOW_S, MIN_NEIGHBORS, MAX_WINDOW_S = 0.1, 2, 0.25
# Of a normal distribution: its standard deviation over the median distance from the median.
_NORMAL = 1.4826


def find_leaps(xy_px: np.ndarray, times_s: np.ndarray, lengths_px: np.ndarray) -> np.ndarray:
    """Finds the leaps of one joint.

    Args:
        xy_px: float (N, 2), measurements of the joint, not many of them missing in between.
        times_s: (N,), when they were taken.
        lengths_px: (N,), the person's length.

    Returns:
        bool (N,). With too few neighbors, or less than 8 frames per second, nothing is a leap.
    """
    if len(xy_px) < 2 * MIN_NEIGHBORS + 1:
        return np.zeros(len(xy_px), bool)
    interval_s = float(np.median(np.diff(times_s)))
    if MIN_NEIGHBORS * interval_s > MAX_WINDOW_S:
        return np.zeros(len(xy_px), bool)
    side = max(MIN_NEIGHBORS, round(WINDOW_S / interval_s))
    side = min(side, (len(xy_px) - 1) // 2)
    # At the ends, the window lies on one side.
    centers = np.clip(np.arange(len(xy_px)), side, len(xy_px) - 1 - side)
    windows = np.lib.stride_tricks.sliding_window_view(xy_px, 2 * side + 1, axis=0)[centers - side]
    median = np.median(windows, axis=2)
    spread = _NORMAL * np.median(np.linalg.norm(windows - median[:, :, None], axis=1), axis=1)
    distance = np.linalg.norm(xy_px - median, axis=1)
    return distance > np.maximum(LEAP * lengths_px, DEVIATIONS * spread)
