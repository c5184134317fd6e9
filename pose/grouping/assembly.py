"""People from maps of joints and part affinity fields of limbs, in NumPy.

Cao et al., arXiv 1611.08050 and 1812.08008: peaks of the maps are candidates of joints; a candidate pair's score is the
integral of its limb's field along the line between them; limbs are matched greedily and joined into people.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from pose.grouping.limb_fields import FieldLimbs, limbs_of
from pose.grouping.limb_lines import Links, match, scored_lines
from pose.grouping.peaks import Peaks, find_peaks
from pose.people import People
from pose.skeleton import Skeleton

#: Most people of one image in the arrays of a batch.
MAX_PEOPLE = 50


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
    lines = scored_lines(
        peaks, fields, limbs, samples=options.samples, min_agreement=options.min_agreement, min_share=options.min_share
    )
    links = match(lines)
    people = _assembled(peaks, links, limbs, options)
    cell_px = np.array([size[1] / maps.shape[1], size[0] / maps.shape[0]])
    return people._replace(joints_xy_px=(people.joints_xy_px + 0.5) * cell_px - 0.5)


def assemble_people(answers: Mapping[str, np.ndarray], skeleton: Skeleton, size: int) -> dict[str, np.ndarray]:
    """Groups the answers of a net for a batch.

    Args:
        answers: "joint_maps" (N, h, w, J) and "limb_fields" (N, h, w, 2 L), of the limbs `limbs_of(skeleton)`.
        skeleton: of the joints.
        size: height and width of the images in px.

    Returns:
        "joints_xy_px" (N, P, J, 2), "scores" (N, P, J) and "person_scores" (N, P) of the P = `MAX_PEOPLE` highest
        scores; fewer people are followed by such of score 0.
    """
    limbs = limbs_of(skeleton)
    found = [
        group_people(maps, fields, limbs, (size, size))
        for maps, fields in zip(answers["joint_maps"], answers["limb_fields"], strict=True)
    ]
    people = [np.zeros((len(found), MAX_PEOPLE, *one.shape[1:])) for one in People.empty(skeleton.num_joints)]
    for row, one in enumerate(found):
        for padded, value in zip(people, one, strict=True):
            padded[row, : len(value)] = value[:MAX_PEOPLE]
    return dict(zip(People._fields, people, strict=True))


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
