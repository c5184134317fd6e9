"""Finds everybody in an image with a model that looks at several views of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from demo.finding.views import View
from demo.tracking.rule import CompleteRule
from pose import Skeleton
from pose.people import People
from pose.similarity import box_intersections

#: Images uint8 RGB (B, size, size, 3) -> the people in each.
FindPeople = Callable[[np.ndarray], list[People]]

#: People of lower scores are noise.
LEAST_SCORE = 0.03
#: Two people of at least this OKS to each other are one.
SAME_OKS = 0.4
# The score of people who are cut off by a view's edge is multiplied by this, and they are left out if this share of
# their box lies in that of somebody who is seen whole in another view.
_CUT, _INSIDE = 0.3, 0.6


class Finder:
    """Finds everybody in views of an image.

    Attributes:
        skeleton: of the people's joints.
        size: side of the model's images, in px.
        least_score: minimum score of a person who is worth a closer look in a video.

    Args:
        find: the model.
        skeleton: the model's skeleton.
        size: side of the model's images, in px.
        rule: gives the minimum scores.
        batch: maximum number of views in one call of the model.
    """

    def __init__(self, find: FindPeople, skeleton: Skeleton, size: int, rule: CompleteRule, batch: int = 1) -> None:
        self._find, self._rule, self._batch = find, rule, batch
        self.skeleton, self.size, self.least_score = skeleton, size, rule.lost_score

    def find(self, picture: np.ndarray, views: Sequence[View]) -> People:
        """The people in one or more views of an image, uint8 RGB (H, W, 3), each once, best first."""
        found, cut = [People.empty(self.skeleton.num_joints)], [np.zeros(0, bool)]
        for start in range(0, len(views), self._batch):
            some = views[start : start + self._batch]
            crops = [view.crop(self.size) for view in some]
            each = self._find(np.stack([crop.cut(picture) for crop in crops]))
            for view, crop, people in zip(some, crops, each, strict=True):
                people = people._replace(joints_xy_px=crop.points_to_frame(people.joints_xy_px))
                people = people.some(people.person_scores >= LEAST_SCORE)
                cut.append(view.cuts(self._boxes(people), picture.shape[0], picture.shape[1]))
                found.append(people)
        people = self._without_parts(People.joined(found), np.concatenate(cut))
        return people.without_duplicates(self.skeleton.sigmas, self._rule.joint_score, SAME_OKS)

    def _without_parts(self, people: People, cut: np.ndarray) -> People:
        """Without those cut off who are seen whole too; the scores of the others cut off are reduced."""
        boxes = self._boxes(people)
        areas = np.maximum(boxes[:, 2:].prod(axis=1), 1e-9)
        inside = box_intersections(boxes, boxes) >= _INSIDE * areas[:, None]
        part = cut & (inside & ~cut).any(axis=1)
        people = people._replace(person_scores=people.person_scores * np.where(cut, _CUT, 1.0))
        return people.some(~part)

    def _boxes(self, people: People) -> np.ndarray:
        return people.boxes_px(self._rule.joint_score)
