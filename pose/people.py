"""The people whom a model finds in one image."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from pose.crop import box_from_joints
from pose.similarity import oks_suppression
from pose.tracking.motion import MOTION

#: Number of joints that a person's box is around at least.
BOX_JOINTS = 3


class People(NamedTuple):
    """The people found in one image.

    Attributes:
        joints_xy_px: float64 (P, J, 2), in px of the image; a joint that was not found may lie anywhere.
        scores: float64 (P, J) in [0, 1], 0 for a joint that was not found.
        person_scores: float64 (P,) in [0, 1].
    """

    joints_xy_px: np.ndarray
    scores: np.ndarray
    person_scores: np.ndarray

    @classmethod
    def empty(cls, num_joints: int) -> People:
        """Nobody."""
        return cls(np.zeros((0, num_joints, 2)), np.zeros((0, num_joints)), np.zeros(0))

    @classmethod
    def joined(cls, parts: Sequence[People]) -> People:
        """All people of several parts, of which there is one at least."""
        return cls(*(np.concatenate(values) for values in zip(*parts, strict=True)))

    @classmethod
    def of_each(cls, answers: Mapping[str, np.ndarray]) -> list[People]:
        """The people of each image of a batch: the answers of a task for everybody, without padding.

        Args:
            answers: by the names of the attributes, (N, P, ...); rows of person score 0 are padding.
        """
        each = zip(*(np.asarray(answers[name], np.float64) for name in cls._fields), strict=True)
        return [people.some(people.person_scores > 0) for people in map(cls._make, each)]

    def some(self, rows: np.ndarray) -> People:
        """Those of some rows, bool or int."""
        return People(*(values[rows] for values in self))

    def boxes_px(self, joint_score: float, min_joints: int = BOX_JOINTS) -> np.ndarray:
        """Boxes around the joints of a minimum score, or around the best ones where too few have it.

        Args:
            joint_score: the minimum score.
            min_joints: number of joints that a box is around at least.

        Returns:
            float64 (P, 4): x_min, y_min, width and height in px.
        """
        boxes = np.zeros((len(self.scores), 4))
        for row, (xy_px, scores) in enumerate(zip(self.joints_xy_px, self.scores, strict=True)):
            least = np.sort(scores)[::-1][: min(min_joints, len(scores))][-1]
            boxes[row] = box_from_joints(xy_px, scores >= min(joint_score, least))
        return boxes

    def without_duplicates(self, sigmas: Sequence[float], joint_score: float, max_oks: float) -> People:
        """Without those who are as good as another person of higher score; ordered by score.

        Args:
            sigmas: J constants of OKS.
            joint_score: minimum score of the joints that say how large a person is.
            max_oks: the OKS from which on two people are one.
        """
        areas = MOTION.area_share * self.boxes_px(joint_score)[:, 2:].max(axis=1, initial=0.0) ** 2
        return self.some(oks_suppression(self.joints_xy_px, self.person_scores, areas, sigmas, max_oks))
