"""People from maps of joints and part affinity fields of limbs, in NumPy.

Cao et al., arXiv 1611.08050 and 1812.08008: peaks of the maps are candidates of joints; a candidate pair's score is the
integral of its limb's field along the line between them; limbs are matched greedily and joined into people.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from pose.limb_fields import FieldLimbs
from pose.peaks import Peaks, find_peaks

_TINY = np.float32(1e-12)


@dataclass(frozen=True)
class GroupingOptions:
    """When peaks are joints, lines are limbs and parts are people.

    Attributes:
        min_peak: lowest value of a map at a joint.
        max_peaks: most candidates of each joint; the highest are kept.
        samples: points on a line where its field is read, ends included.
        min_agreement: lowest component of the field along the line at a point that counts.
        min_share: a line is a limb if more than this share of its points count.
        min_joints: fewest joints of a person; all, if the skeleton has fewer.
        min_score: lowest score of a person: the sum over joints and limbs, divided by the number of joints.
    """

    min_peak: float = 0.1
    max_peaks: int = 100
    samples: int = 10
    min_agreement: float = 0.05
    min_share: float = 0.8
    min_joints: int = 3
    min_score: float = 0.2

    def __post_init__(self) -> None:
        if self.max_peaks < 1 or self.samples < 2 or self.min_joints < 1:
            raise ValueError(
                "max_peaks and min_joints must be 1 or more and samples 2 or more, got "
                f"{self.max_peaks}, {self.min_joints} and {self.samples}"
            )
        if not self.min_peak > 0 or not 0 <= self.min_share < 1:
            raise ValueError(
                f"min_peak must be above 0 and min_share from 0 to below 1, got {self.min_peak} and {self.min_share}"
            )


class People(NamedTuple):
    """The people found in one image, those of the highest scores first.

    Attributes:
        joints_xy_px: float64 (P, J, 2), in px of the image; a joint that was not found lies in the middle of the rest.
        scores: float64 (P, J) in [0, 1], 0 for a joint that was not found.
        person_scores: float64 (P,) in [0, 1].
    """

    joints_xy_px: np.ndarray
    scores: np.ndarray
    person_scores: np.ndarray


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


_DEFAULTS = GroupingOptions()


def group_people(
    maps: np.ndarray,
    fields: np.ndarray,
    limbs: FieldLimbs,
    size: tuple[int, int],
    options: GroupingOptions = _DEFAULTS,
) -> People:
    """Finds the people of one image.

    Args:
        maps: float (h, w, J), about 1 at joints and 0 elsewhere, without the background.
        fields: float (h, w, 2 L): for each limb the x and the y of the unit vector along it; 0 off the limb.
        limbs: of the fields.
        size: height and width in px of the image that the maps cover, edge to edge.
        options: the thresholds.

    Raises:
        ValueError: the arrays do not have these shapes.
    """
    if maps.shape[2:] != (limbs.num_joints,) or fields.shape != (*maps.shape[:2], 2 * len(limbs.pairs)):
        raise ValueError(
            f"maps must be (h, w, {limbs.num_joints}) and fields (h, w, {2 * len(limbs.pairs)}) for these limbs, got "
            f"{maps.shape} and {fields.shape}"
        )
    peaks = find_peaks(maps, options.min_peak, options.max_peaks)
    links = match(_scored_lines(peaks, fields, limbs, options))
    people = _assembled(peaks, links, limbs, options)
    cell_px = np.array([size[1] / maps.shape[1], size[0] / maps.shape[0]])
    return people._replace(joints_xy_px=(people.joints_xy_px + 0.5) * cell_px - 0.5)


def _scored_lines(peaks: Peaks, fields: np.ndarray, limbs: FieldLimbs, options: GroupingOptions) -> Links:
    """All lines between candidates along which a limb's field points."""
    field = np.ascontiguousarray(fields, np.float32).view(np.complex64)
    place = peaks.xy.astype(np.float32).view(np.complex64)[:, 0]
    lines = _all_pairs(peaks, limbs)
    samples, allowed = options.samples, options.samples - 1 - math.floor(options.min_share * options.samples + 1e-9)
    # Most lines fail in so many points that a few of these tell.
    few = np.linspace(0, samples - 1, min(samples, allowed + 4)).round().astype(int)[1:-1]
    for chosen in (few, np.arange(samples)):
        along, length = _along(place, lines, field, chosen / (samples - 1))
        agrees = along > options.min_agreement
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


def _assembled(peaks: Peaks, links: Links, limbs: FieldLimbs, options: GroupingOptions) -> People:
    """Joins candidates into people, in cells."""
    part, linked = _parts(peaks, links, limbs)
    size = np.bincount(part, minlength=len(part))
    total = np.bincount(part, peaks.score, len(part)) + linked
    enough = (size >= min(options.min_joints, limbs.num_joints)) & (total >= options.min_score * size)
    best = np.flatnonzero(enough)
    best = best[np.argsort(-total[best], kind="stable")]
    number = np.full(len(part), -1)
    number[best] = np.arange(len(best))
    person, found = number[part], number[part] >= 0
    xy, scores = np.zeros((len(best), limbs.num_joints, 2)), np.zeros((len(best), limbs.num_joints))
    xy[person[found], peaks.joint[found]] = peaks.xy[found]
    scores[person[found], peaks.joint[found]] = peaks.score[found]
    middle = xy.sum(axis=1, keepdims=True) / np.maximum(size[best], 1)[:, None, None]
    xy = np.where(scores[..., None] > 0, xy, middle)
    return People(xy, scores, np.clip(total[best] / (2 * limbs.num_joints - 1), 0.0, 1.0))


def _parts(peaks: Peaks, links: Links, limbs: FieldLimbs) -> tuple[np.ndarray, np.ndarray]:
    """The number of each candidate's part (N,), and the sum of the scores of each part's limbs (N,).

    Along the tree's limbs a part never gets a joint twice, since each limb's links share no candidate.
    """
    part = np.arange(len(peaks.joint))
    first = np.searchsorted(links.limb, np.arange(len(limbs.pairs) + 1)).tolist()
    for limb, backwards in limbs.tree:
        of_limb = slice(first[limb], first[limb + 1])
        near, far = links.start[of_limb], links.end[of_limb]
        if backwards:
            near, far = far, near
        part[far] = part[near]
    spare = [place for limb in limbs.redundant for place in range(first[limb], first[limb + 1])]
    _join_by(sorted(spare, key=lambda place: -links.score[place]), part, peaks, links, limbs.num_joints)
    inner = part[links.start] == part[links.end]
    return part, np.bincount(part[links.start[inner]], links.score[inner], len(part))


def _join_by(spare: list[int], part: np.ndarray, peaks: Peaks, links: Links, num_joints: int) -> None:
    """Joins parts by redundant limbs, in this order, if they have no joint in common and one is more than a joint."""
    members = np.zeros((len(part), num_joints), bool)
    members[part, peaks.joint] = True
    for place in spare:
        one, other = part[links.start[place]], part[links.end[place]]
        if one != other and members[[one, other]].sum() > 2 and not (members[one] & members[other]).any():
            part[part == other] = one
            members[one] |= members[other]
