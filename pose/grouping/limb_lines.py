"""Lines between candidates of joints, scored by the field of their limb, and their matching."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from pose.grouping.limb_fields import FieldLimbs
from pose.grouping.peaks import Peaks

_TINY = np.float32(1e-12)


class Links(NamedTuple):
    """Limbs that connect candidates.

    Attributes:
        limb: int64 (M,).
        start: int64 (M,), index of the peak of the limb's first joint.
        end: int64 (M,), of its second.
        score: float64 (M,).
    """

    limb: np.ndarray
    start: np.ndarray
    end: np.ndarray
    score: np.ndarray


def scored_lines(
    peaks: Peaks, fields: np.ndarray, limbs: FieldLimbs, *, samples: int, min_agreement: float, min_share: float
) -> Links:
    """All lines between candidates along which a limb's field points.

    Args:
        peaks: the candidates.
        fields: float (h, w, 2 L).
        limbs: of the fields.
        samples: points on a line where its field is read, ends included.
        min_agreement: lowest component of the field along the line at a point that counts.
        min_share: a line is a limb if more than this share of its points count.

    Returns:
        M lines; the score is the mean of the components that count, less if longer than half the image's height.
    """
    field = np.ascontiguousarray(fields, np.float32).view(np.complex64)
    place = peaks.xy.astype(np.float32).view(np.complex64)[:, 0]
    lines = _all_pairs(peaks, limbs)
    allowed = samples - 1 - math.floor(min_share * samples + 1e-9)
    # Most lines fail in so many points that a few of these tell.
    few = np.linspace(0, samples - 1, min(samples, allowed + 4)).round().astype(int)[1:-1]
    for chosen in (few, np.arange(samples)):
        along, length = _along(place, lines, field, chosen / (samples - 1))
        agrees = along > min_agreement
        kept = np.flatnonzero((len(chosen) - np.count_nonzero(agrees, axis=0) <= allowed) & (length > 0))
        lines = Links(*(one[kept] for one in lines))
    along, agrees, length = along[:, kept].astype(np.float64), agrees[:, kept], length[kept]
    total = np.where(agrees, along, 0.0).sum(axis=0)
    # A limb longer than half the image's height loses the more, the longer it is.
    prior = np.minimum(fields.shape[0] / 2 / length - 1, 0.0)
    score = total / np.maximum(np.count_nonzero(agrees, axis=0), 1) + prior
    good = score > 0
    return Links(lines.limb[good], lines.start[good], lines.end[good], score[good])


def _all_pairs(peaks: Peaks, limbs: FieldLimbs) -> Links:
    """Every candidate of a limb's first joint with every candidate of its second, without scores."""
    first = np.searchsorted(peaks.joint, np.arange(limbs.num_joints + 1))
    counts = np.diff(first)
    a, b = np.array(limbs.pairs, int).reshape(-1, 2).T
    pairs = counts[a] * counts[b]
    limb = np.repeat(np.arange(len(pairs)), pairs)
    within = np.arange(len(limb)) - np.repeat(np.cumsum(pairs) - pairs, pairs)
    row, column = np.divmod(within, counts[b][limb])
    return Links(limb, first[a][limb] + row, first[b][limb] + column, np.zeros(len(limb)))


def _along(place: np.ndarray, lines: Links, field: np.ndarray, shares: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The components of the fields along lines, at shares of their lengths, and the lengths in cells.

    Args:
        place: complex64 (N,), x + iy of the candidates in cells.
        lines: M lines between them.
        field: complex64 (h, w, L).
        shares: (K,), from 0 to 1.

    Returns:
        Float32 (K, M) and (M,).
    """
    rows, columns, limbs = field.shape
    start = place[lines.start]
    vector = place[lines.end] - start
    length = np.abs(vector)
    unit = vector / np.maximum(length, _TINY)
    # The nearest cell: half a cell is added, and the rest cut off.
    points = start + np.complex64(0.5 + 0.5j) + shares[:, None].astype(np.float32) * vector
    column = np.minimum(points.real.astype(np.int32), columns - 1)
    row = np.minimum(points.imag.astype(np.int32), rows - 1)
    read = field.ravel()[(row * columns + column) * limbs + lines.limb]
    return read.real * unit.real + read.imag * unit.imag, length


def match(lines: Links) -> Links:
    """Chooses of each limb's lines the best, then the best of those that share no joint with it, and so on.

    Returns:
        The chosen lines, by limb.
    """
    order = np.argsort(-lines.score, kind="stable")
    count = 1 + max(lines.start.max(initial=0), lines.end.max(initial=0))
    starts, ends = ((lines.limb * count + one)[order].tolist() for one in (lines.start, lines.end))
    taken_starts, taken_ends, chosen = set(), set(), []
    for place, start, end in zip(order.tolist(), starts, ends, strict=True):
        if start not in taken_starts and end not in taken_ends:
            taken_starts.add(start)
            taken_ends.add(end)
            chosen.append(place)
    chosen.sort(key=lines.limb.tolist().__getitem__)
    return Links(*(one[chosen] for one in lines))
