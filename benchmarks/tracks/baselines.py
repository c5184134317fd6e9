"""The plain trackers that the tracker is compared with: greedy matching to the last frame, without motion."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pose.crop import box_from_joints
from pose.similarity import box_iou_matrix, oks_matrix
from pose.tracking.state import area_px


class GreedyTracker:
    """Gives each person the number of whom they are most alike, best pair first.

    Args:
        sigmas: J constants of OKS.
        by: "oks", as in Simple Baselines without flow, or "iou" of the boxes.
        minimum: of the similarity.
        low_score: minimum score of a person.
        lost_s: for how long a person is remembered where they were.
        joint_score: minimum score of a joint.
    """

    def __init__(
        self,
        sigmas: Sequence[float],
        by: str = "oks",
        minimum: float = 0.3,
        low_score: float = 0.3,
        lost_s: float = 1.0,
        joint_score: float = 0.1,
    ) -> None:
        self._sigmas, self._by, self._minimum = np.array(sigmas), by, minimum
        self._low_score, self._lost_s, self._joint_score = low_score, lost_s, joint_score
        self._people: dict[int, tuple[float, np.ndarray, np.ndarray]] = {}
        self._last_number = 0

    def update(self, xy_px, scores, person_scores, time_s, picture=None) -> np.ndarray:
        """As `PeopleTracker.update`."""
        self._people = {n: kept for n, kept in self._people.items() if time_s - kept[0] <= self._lost_s}
        trusted = scores >= self._joint_score
        rows = [k for k in range(len(xy_px)) if person_scores[k] >= self._low_score and trusted[k].sum() >= 3]
        numbers = np.full(len(xy_px), -1, np.int64)
        known = list(self._people)
        similarity = self._similarity(known, xy_px[rows], trusted[rows]) if known and rows else np.zeros((0, 0))
        while similarity.size and similarity.max() >= self._minimum:
            i, k = np.unravel_index(similarity.argmax(), similarity.shape)
            numbers[rows[k]] = known[i]
            similarity[i], similarity[:, k] = -1, -1
        for k in rows:
            if numbers[k] < 0:
                self._last_number += 1
                numbers[k] = self._last_number
            self._people[int(numbers[k])] = (time_s, xy_px[k], trusted[k])
        return numbers

    def _similarity(self, known: list[int], xy_px: np.ndarray, trusted: np.ndarray) -> np.ndarray:
        _, last_px, last_trusted = (np.array(values) for values in zip(*(self._people[n] for n in known), strict=True))
        if self._by == "iou":
            boxes = [
                [box_from_joints(*one) for one in zip(*some, strict=True)]
                for some in ((last_px, last_trusted), (xy_px, trusted))
            ]
            return box_iou_matrix(*map(np.array, boxes))
        areas = [area_px(*one) for one in zip(last_px, last_trusted, strict=True)]
        return oks_matrix(last_px, xy_px, areas, self._sigmas, last_trusted[:, None] & trusted)
