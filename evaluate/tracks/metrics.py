"""MOTA, IDF1 and HOTA of tracked people, by the trackers' common evaluator (TrackEval).

MOTA counts misses, false people and changed numbers (Bernardin and Stiefelhagen, 2008); IDF1 how long people keep one
number (Ristani et al., arXiv 1609.01775); HOTA both in equal parts, over all thresholds of similarity (Luiten et al.,
arXiv 2009.07736).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

#: Minimum similarity of a found person to the labelled one, for MOTA and IDF1.
MIN_SIMILARITY = 0.5


@dataclass(frozen=True, eq=False)
class FrameMatch:
    """The labelled and the found people of one frame.

    Attributes:
        true: int (P,), the labelled people's lasting numbers, each once.
        found: int (Q,), the found people's.
        similarity: float (P, Q), 0 to 1, such as `evaluate.tracks.similarity` gives.

    Raises:
        ValueError: the shapes do not fit each other, a similarity is out of range, or a number is there twice.
    """

    true: np.ndarray
    found: np.ndarray
    similarity: np.ndarray

    def __post_init__(self) -> None:
        true, found = np.asarray(self.true, np.int64), np.asarray(self.found, np.int64)
        similarity = np.asarray(self.similarity, np.float64)
        in_range = ((similarity >= 0) & (similarity <= 1)).all()
        if true.ndim != 1 or found.ndim != 1 or similarity.shape != (len(true), len(found)) or not in_range:
            raise ValueError(
                "a frame needs numbers (P,) and (Q,) and similarities (P, Q) in 0..1, got numbers "
                f"{true.shape} and {found.shape} and similarities {similarity.shape}"
            )
        for numbers in (true, found):
            if len(np.unique(numbers)) < len(numbers):
                raise ValueError(f"each person may be in a frame once, got the numbers {numbers.tolist()}")
        for name, value in (("true", true), ("found", found), ("similarity", similarity)):
            object.__setattr__(self, name, value)


@dataclass(frozen=True)
class TrackFigures:
    """How well people were tracked; shares are fractions, and NaN where nobody is labelled.

    Attributes:
        mota: 1 - (misses + false people + switches) / labelled people; below 0 with many false ones.
        idf1: share of labelled and found people who have the number that is best for their whole track.
        hota: geometric mean of how well people are detected and associated, over similarities 0.05 to 0.95.
        switches: how often a labelled person got another number.
        fragments: how often a labelled person was lost and found again.
        misses: labelled people who were not found.
        false_people: found people who are not labelled.
        people: labelled people, summed over frames.
    """

    mota: float
    idf1: float
    hota: float
    switches: int
    fragments: int
    misses: int
    false_people: int
    people: int


def track_figures(sequences: Sequence[Sequence[FrameMatch]], min_similarity: float = MIN_SIMILARITY) -> TrackFigures:
    """The figures of some videos together; numbers are those of each video by itself.

    Args:
        sequences: the frames of each video, in order.
        min_similarity: for MOTA and IDF1.

    Raises:
        ImportError: the package trackeval is not installed.
    """
    data = [_for_trackeval(frames) for frames in sequences if frames]
    people = sum(one["num_gt_dets"] for one in data)
    if not people:
        false_people = sum(one["num_tracker_dets"] for one in data)
        return TrackFigures(np.nan, np.nan, np.nan, 0, 0, 0, false_people, 0)
    clear, identity, hota = (
        metric.combine_sequences({str(k): metric.eval_sequence(one) for k, one in enumerate(data)})
        for metric in _metrics(min_similarity)
    )
    return TrackFigures(
        mota=float(clear["MOTA"]),
        idf1=float(identity["IDF1"]),
        hota=float(np.mean(hota["HOTA"])),
        switches=int(clear["IDSW"]),
        fragments=int(clear["Frag"]),
        misses=int(clear["CLR_FN"]),
        false_people=int(clear["CLR_FP"]),
        people=people,
    )


@cache
def _metrics(min_similarity: float) -> tuple:
    from trackeval import metrics  # It takes a second.

    config = {"THRESHOLD": min_similarity, "PRINT_CONFIG": False}
    return metrics.CLEAR(config), metrics.Identity(config), metrics.HOTA()


def _for_trackeval(frames: Sequence[FrameMatch]) -> Mapping:
    """One video as TrackEval's metrics take it, with numbers from 0 up."""
    true, gt_ids = _renumbered([frame.true for frame in frames])
    found, tracker_ids = _renumbered([frame.found for frame in frames])
    return {
        "num_timesteps": len(frames),
        "gt_ids": gt_ids,
        "tracker_ids": tracker_ids,
        "similarity_scores": [frame.similarity for frame in frames],
        "num_gt_ids": true,
        "num_tracker_ids": found,
        "num_gt_dets": sum(map(len, gt_ids)),
        "num_tracker_dets": sum(map(len, tracker_ids)),
    }


def _renumbered(numbers: list[np.ndarray]) -> tuple[int, list[np.ndarray]]:
    known = np.unique(np.concatenate(numbers))
    return len(known), [np.searchsorted(known, some) for some in numbers]
