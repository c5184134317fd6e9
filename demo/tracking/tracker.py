"""Tracking people from frame to frame with a single-person model.

The model sees a square crop. While a person is tracked, the crop of a frame comes from the joints in the frame before.
With nobody tracked, several squares of the frame are tried at once, and the best is refined.
"""

from __future__ import annotations

import cv2
import numpy as np

from demo.runtimes.exports import MOST_SEARCHED
from demo.tracking.estimator import CropEstimator, Pose, Predict
from demo.tracking.rule import FollowRule
from demo.tracking.search import Search
from demo.tracking.track import Track
from pose import Skeleton

# Two boxes hold the same person from this overlap on.
_SAME_OVERLAP = 0.6
# A person who returns within this time, less than their own size away, keeps the number.
_REMEMBER_S = 2.0
# Around the masked box, so that hands, feet and hair are masked too; a share of its longer side.
_MASK_MARGIN = 0.1


def overlap_of_smaller(a: np.ndarray, b: np.ndarray) -> float:
    """The share, 0 to 1, of the smaller of two boxes (x, y, width, height) that lies in the other."""
    low, high = np.maximum(a[:2], b[:2]), np.minimum(a[:2] + a[2:], b[:2] + b[2:])
    smaller = min(a[2] * a[3], b[2] * b[3])
    return float(np.prod(np.maximum(high - low, 0)) / smaller) if smaller > 0 else 0.0


class Tracker:
    """Tracks up to `people` people, each with a crop of their own.

    A track *starts* when the best of `search_squares`, refined up to `refinements` times (the first time
    unconditionally, then while the confidence does not fall), reaches `found_score`. While nobody is tracked, a frame
    is searched repeatedly, with the people found so far masked, until nobody more is found. A frame is a *miss* when
    its confidence is below `lost_score`, or fewer than three joints of sufficient score lie inside the frame; the crop
    then stays in place and widens. `lost_after` consecutive misses end the track; when no track is left, the same frame
    is searched.

    While people are tracked, one more square per frame is estimated, in a round every `search_every_s`. With room for
    more people, those tracked are masked for it, and whoever is found starts a track. Without, a pose whose confidence
    is higher by `better_by` replaces the track of lowest confidence.

    When two tracks hold the same person, the newer one is a duplicate: it is not returned, and ends after `lost_after`
    frames. A frame of another size ends all tracks.

    Args:
        predict: the model.
        skeleton: the model's skeleton.
        size: side of the model's crops, in px.
        padding: side of a crop as a multiple of the longer side of the person's box.
        rule: when tracks start and end.
        people: maximum number of people.

    Raises:
        ValueError: people is not in 1..4.
    """

    def __init__(
        self,
        predict: Predict,
        skeleton: Skeleton,
        size: int,
        padding: float,
        rule: FollowRule | None = None,
        *,
        people: int = 1,
    ) -> None:
        if not 1 <= people <= MOST_SEARCHED:
            raise ValueError(f"people must be 1 to {MOST_SEARCHED}, got {people}")
        self._rule = (rule or FollowRule()).for_model({})
        self._estimator = CropEstimator(predict, skeleton, size, padding, self._rule)
        self._max_people = people
        self._last_number = 0
        self._frame_size = (0, 0)
        self._reset()

    @property
    def count(self) -> int:
        """Number of tracks, duplicates included."""
        return len(self._tracks)

    def update(self, picture: np.ndarray, time_s: float) -> dict[int, Pose]:
        """Tracks the people into the next frame.

        Args:
            picture: uint8 RGB (H, W, 3).
            time_s: when it was taken, in seconds; must increase from call to call.

        Returns:
            The pose of each person by the person's number, which stays the same while the person is tracked.
            During a miss it is the model's estimate, with low scores.
        """
        if picture.shape[:2] != self._frame_size:
            self._frame_size = (picture.shape[0], picture.shape[1])
            self._reset()
        if self._tracks:
            self._follow(picture, time_s)
        if not self._tracks:
            self._search_at_once(picture, time_s)
        return {track.number: track.pose for track in self._tracks if not track.duplicate_frames}

    def _reset(self) -> None:
        self._tracks: list[Track] = []
        self._recently_lost: list[Track] = []
        self._search = Search(self._estimator, self._rule)

    def _search_at_once(self, picture: np.ndarray, time_s: float) -> None:
        for count in range(self._max_people):
            self._maybe_start_track(self._search.at_once(self._masked(picture), time_s), time_s)
            if len(self._tracks) == count:
                break

    def _follow(self, picture: np.ndarray, time_s: float) -> None:
        views = [(picture, track.crop) for track in self._tracks]
        search_crop = self._search.next_crop(picture, time_s)
        if search_crop is not None:
            views.append((self._masked(picture), search_crop))
        poses = self._estimator.estimate(views)
        for track, pose in zip(self._tracks, poses, strict=False):
            square = self._estimator.square(pose, self._frame_size)
            if square is not None and self._estimator.confidence(pose) >= self._rule.lost_score:
                track.seen(pose, square, time_s)
            else:
                track.missed(pose)
        self._count_duplicates()
        for track in list(self._tracks):
            if max(track.misses, track.duplicate_frames) >= self._rule.lost_after:
                self._end_track(track)
        if search_crop is not None and self._tracks:
            self._maybe_start_track(self._search.add(views[-1][0], poses[-1]), time_s)

    def _masked(self, picture: np.ndarray) -> np.ndarray:
        """The frame to search: with room for more than one person, those tracked are painted over.

        With one person it is the frame itself, so that a better crop of the same person can take over.
        """
        if self._max_people == 1:
            return picture
        picture = picture.copy()
        for track in self._tracks:
            box = self._estimator.box(track.pose, self._frame_size)
            if box is not None:
                margin = _MASK_MARGIN * max(box[2:])
                low, high = np.round(box[:2] - margin).astype(int), np.round(box[:2] + box[2:] + margin).astype(int)
                cv2.rectangle(picture, low.tolist(), high.tolist(), (128, 128, 128), cv2.FILLED)
        return picture

    def _is_same_person(self, a: Pose, b: Pose) -> bool:
        box, other = (self._estimator.box(pose, self._frame_size) for pose in (a, b))
        return box is not None and other is not None and overlap_of_smaller(box, other) >= _SAME_OVERLAP

    def _count_duplicates(self) -> None:
        for place, track in enumerate(self._tracks):
            older = [other for other in self._tracks[:place] if not other.duplicate_frames]
            duplicate = any(self._is_same_person(track.pose, other.pose) for other in older)
            track.duplicate_frames = track.duplicate_frames + 1 if duplicate else 0

    def _maybe_start_track(self, pose: Pose | None, time_s: float) -> None:
        """Starts a track of a search's result, if its confidence suffices and nobody tracked is the same person."""
        square = None if pose is None else self._estimator.square(pose, self._frame_size)
        if pose is None or square is None:
            return
        min_confidence, replaced = self._rule.found_score, None
        if len(self._tracks) == self._max_people:
            replaced = min(self._tracks, key=lambda track: self._estimator.confidence(track.pose))
            min_confidence = max(min_confidence, self._estimator.confidence(replaced.pose) + self._rule.better_by)
        known = any(self._is_same_person(pose, track.pose) for track in self._tracks if track is not replaced)
        if known or self._estimator.confidence(pose) < min_confidence:
            return
        if replaced is not None:
            self._end_track(replaced)
        self._tracks.append(Track(self._number(square, time_s), self._estimator, pose, square, time_s))
        if len(self._tracks) < self._max_people:
            self._search.search_on_next_frame()

    def _number(self, square: np.ndarray, time_s: float) -> int:
        """The number of a person who was lost here within `_REMEMBER_S`, or a new one."""
        self._recently_lost = [track for track in self._recently_lost if time_s - track.time_s <= _REMEMBER_S]
        for track in self._recently_lost:
            if np.linalg.norm(track.square[:2] - square[:2]) < max(track.square[2], square[2]):
                self._recently_lost.remove(track)
                return track.number
        self._last_number += 1
        return self._last_number

    def _end_track(self, track: Track) -> None:
        self._tracks.remove(track)
        if not track.duplicate_frames:
            self._recently_lost.append(track)
        if self._tracks:
            self._search.search_on_next_frame()
