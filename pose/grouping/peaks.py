"""Peaks of maps, between their cells."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

# Lowest value of a peak's neighbor, as a share of the peak's: of lower ones the logarithm is mostly noise.
_LEAST_NEIGHBOR = 1e-3
_TINY = 1e-12


class Peaks(NamedTuple):
    """Candidates of joints, by joint.

    Attributes:
        joint: int64 (N,), rising.
        xy: float64 (N, 2), in cells; the center of the first cell is (0, 0).
        score: float64 (N,) in [0, 1].
    """

    joint: np.ndarray
    xy: np.ndarray
    score: np.ndarray


def find_peaks(maps: np.ndarray, min_peak: float, max_peaks: int) -> Peaks:
    """Finds the maxima of maps (h, w, J), each at the vertex of the parabolas through its logarithm.

    That is exact for a Gaussian, also at the image's edge.

    Args:
        maps: float (h, w, J).
        min_peak: lowest value of a maximum's cell, above 0.
        max_peaks: most maxima of each joint; the highest are kept.
    """
    rows, columns, joints = maps.shape
    fence = np.full((rows + 2, columns + 2, joints), -np.inf, np.float32)
    fence[1:-1, 1:-1] = maps
    flat, down, right = fence.ravel(), (columns + 2) * joints, joints
    place = np.flatnonzero(flat > min_peak)
    value = flat[place]
    greatest = np.ones(len(place), bool)
    for offset in (-down - right, -down, -down + right, -right):
        # Of equal neighbors the first is the maximum.
        greatest &= (value > flat[place + offset]) & (value >= flat[place - offset])
    place, value = place[greatest], value[greatest].astype(np.float64)
    row, column, joint = np.unravel_index(place, fence.shape)
    # At the edge the parabola goes through the three outermost cells.
    inward_x = np.clip(column, min(2, columns), max(columns - 1, 1)) - column
    inward_y = np.clip(row, min(2, rows), max(rows - 1, 1)) - row
    x, gain_x = _vertex(value, flat, place + right * inward_x, right, inward_x)
    y, gain_y = _vertex(value, flat, place + down * inward_y, down, inward_y)
    score = np.minimum(value * np.exp(gain_x + gain_y), 1.0)
    order = np.lexsort((-score, joint))
    rank = np.arange(len(order)) - np.searchsorted(joint[order], joint[order])
    order = order[rank < max_peaks]
    return Peaks(joint[order], np.stack([column - 1 + x, row - 1 + y], axis=1)[order], score[order])


def _vertex(
    value: np.ndarray, flat: np.ndarray, middle: np.ndarray, step: int, inward: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The vertex of the parabola through three logarithms, from the maximum's cell, and its height above the maximum.

    Args:
        value: (N,), the maxima.
        flat: the maps.
        middle: int (N,), where the second of the three is in the maps.
        step: from it to the third.
        inward: int (N,), how many cells the second lies from the maximum.
    """
    low = _LEAST_NEIGHBOR * value
    before, at, after = (np.log(np.maximum(flat[middle + one], low) / value) for one in (-step, 0, step))
    slope, bend = (after - before) / 2, 2 * at - before - after
    peaked = bend > _TINY
    move = np.divide(slope, bend, out=-inward.astype(np.float64), where=peaked)
    gain = np.where(peaked, at + slope * move / 2, 0.0)
    return np.clip(inward + move, -0.5, 0.5), np.maximum(gain, 0.0)
