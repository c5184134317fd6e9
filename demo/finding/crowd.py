"""Finding and tracking any number of people, with a model that sees everybody in an image."""

from __future__ import annotations

import numpy as np

from demo.finding.closer import SAME_OKS, look_closer
from demo.finding.finder import Finder
from demo.finding.views import View, views_of
from demo.tracking.estimator import CropEstimator, Pose, confidence
from demo.tracking.rule import CompleteRule
from pose import Crop, Skeleton
from pose.people import People
from pose.similarity import box_iou_matrix
from pose.tracking.rule import TrackRule
from pose.tracking.tracks import PeopleTracker

#: How near to look: levels of views after the whole image (`demo.finding.views`), in images and in videos.
STILL_LEVELS, VIDEO_LEVELS = 2, 1
# From this overlap of boxes on, somebody found is somebody tracked.
_SAME_IOU = 0.5
# People whose boxes' longer side is below this share of the whole image's are looked at from nearer in every frame.
_SMALL = 0.25
#: Crops of people whom the finder itself estimates serve as a unit of length alone.
PADDING = 1.25


def track_rule_of(rule: CompleteRule) -> TrackRule:
    """When tracks of people start and end, with the minimum scores of a model."""
    sure = max(TrackRule.sure_score, rule.found_score)
    return TrackRule(rule.joint_score, rule.lost_score, rule.found_score, sure)


class CrowdTracker:
    """Finds everybody in images, and tracks them in videos.

    With an `estimator`, a model that sees one person in a crop, this estimates whomever the finder finds, and follows
    those who are tracked. The finder then looks at one view of each frame, in a round every `search_every_s`; while
    nobody is tracked, at all of them at once. Without, the finder's joints are the result, and it looks at the whole
    of every frame as well, and from nearer at those who are small.

    Args:
        finder: finds everybody.
        rule: the minimum scores of joints and people.
        skeleton: of the joints: the estimator's, or else the finder's.
        estimator: estimates one person in a crop; None takes the finder's joints.
        people: maximum number of people; None is no limit.
    """

    def __init__(
        self,
        finder: Finder,
        rule: CompleteRule,
        skeleton: Skeleton,
        *,
        estimator: CropEstimator | None = None,
        people: int | None = None,
    ) -> None:
        self._finder, self._rule, self._estimator = finder, rule, estimator
        self._skeleton, self._max_people = skeleton, people
        self._tracker = PeopleTracker(skeleton.sigmas, track_rule_of(rule))
        self._frame_size = (0, 0)
        self._pending: list[View] = []
        self._round_start_s = -np.inf
        self._tracked: set[int] = set()
        self._small_boxes = np.zeros((0, 4))

    def find(self, picture: np.ndarray) -> People:
        """Finds everybody in an image by itself, uint8 RGB (H, W, 3); best first.

        A person's score is the finder's, or, with an estimator, the geometric mean of both models' scores.
        """
        found = self._finder.find(picture, self._views(picture, STILL_LEVELS))
        if self._estimator is not None:
            closer = look_closer(picture, list(self._boxes(found)), self._estimator, self._skeleton)
            found = closer._replace(person_scores=np.sqrt(closer.person_scores * found.person_scores))
            found = found.without_duplicates(self._skeleton.sigmas, self._rule.joint_score, SAME_OKS)
        return found.some(np.arange(len(found.scores))[: self._max_people])

    def update(self, picture: np.ndarray, time_s: float) -> dict[int, Pose]:
        """Tracks the people into the next frame.

        Args:
            picture: uint8 RGB (H, W, 3).
            time_s: when it was taken, in seconds; must increase from call to call.

        Returns:
            The pose of each person by the person's number, which stays the same while the person is tracked.
        """
        if picture.shape[:2] != self._frame_size:
            self._frame_size = (picture.shape[0], picture.shape[1])
            self._tracker.reset()
            self._pending, self._round_start_s = [], -np.inf
            self._small_boxes = np.zeros((0, 4))
        if self._estimator is None:
            people = self._found(picture, time_s)
        else:
            people = self._followed(picture, time_s, self._estimator)
        numbers = self._tracker.update(*people, time_s, picture)
        size, boxes = (self._estimator or self._finder).size, self._boxes(people)
        poses = {
            int(numbers[row]): Pose(
                people.joints_xy_px[row],
                people.scores[row],
                Crop.from_box(np.maximum(boxes[row], (-np.inf, -np.inf, 1, 1)), size, PADDING),
                fresh=int(numbers[row]) not in self._tracked,
            )
            for row in np.flatnonzero(numbers > 0)[: self._max_people]
        }
        self._tracked = set(poses)
        return poses

    def _found(self, picture: np.ndarray, time_s: float) -> People:
        """The people whom the finder sees, with scores that the rule's are compared with."""
        whole, *nearer = self._views(picture, VIDEO_LEVELS)
        expected = self._tracker.predict(time_s)
        small = [one.xy_px.mean(axis=0) for one in expected if one.length_px < _SMALL * whole.side]
        centers = self._small_boxes[:, :2] + self._small_boxes[:, 2:] / 2
        centers = np.concatenate([centers, np.reshape(small, (-1, 2))])
        chosen = set(self._due_views(nearer, time_s, nobody=not expected))
        chosen |= {min(nearer, key=lambda view: np.hypot(*(center - (view.x, view.y)))) for center in centers if nearer}
        found = self._finder.find(picture, [whole, *(view for view in nearer if view in chosen)])
        # The finder's own score tells people from parts of them and from what looks like them.
        joints = np.array([confidence(row, self._skeleton) for row in found.scores])
        found = found._replace(person_scores=found.person_scores * joints)
        boxes = self._boxes(found.some(found.person_scores >= self._rule.lost_score))
        self._small_boxes = boxes[boxes[:, 2:].max(axis=1, initial=0) < _SMALL * whole.side]
        return found

    def _followed(self, picture: np.ndarray, time_s: float, estimator: CropEstimator) -> People:
        """The tracked people and those newly found, each estimated in a crop."""
        expected = self._tracker.predict(time_s)
        boxes = []
        if expected:
            xy, scores = np.stack([one.xy_px for one in expected]), np.stack([one.scores for one in expected])
            boxes = list(self._boxes(People(xy, scores, np.ones(len(expected)))))
        views = self._due_views(self._views(picture, VIDEO_LEVELS), time_s, nobody=not expected)
        if views:
            found = self._finder.find(picture, views)
            new = self._boxes(found.some(found.person_scores >= self._finder.least_score))
            known = box_iou_matrix(new, np.reshape(boxes, (-1, 4))) >= _SAME_IOU
            boxes += list(new[~known.any(axis=1)])
        people = look_closer(picture, boxes, estimator, self._skeleton)
        return people.without_duplicates(self._skeleton.sigmas, self._rule.joint_score, SAME_OKS)

    def _due_views(self, views: list[View], time_s: float, *, nobody: bool) -> list[View]:
        """Those of the views that the search for others looks at in this frame."""
        if nobody:
            self._pending, self._round_start_s = [], time_s
            return views
        if not self._pending and time_s - self._round_start_s >= self._rule.search_every_s:
            self._pending, self._round_start_s = list(views), time_s
        return [self._pending.pop(0)] if self._pending else []

    def _views(self, picture: np.ndarray, levels: int) -> list[View]:
        return views_of(picture.shape[0], picture.shape[1], self._finder.size, levels)

    def _boxes(self, people: People) -> np.ndarray:
        return people.boxes_px(self._rule.joint_score)
