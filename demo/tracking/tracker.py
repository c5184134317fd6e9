"""Following people from frame to frame with a single-person model.

The model sees a square crop. While a person is followed, the crop of a frame comes from the joints found in
the frame before. Without a person, several squares of the frame are tried at once, and the best is looked at
again more closely.
"""

from __future__ import annotations

import cv2
import numpy as np

from demo.tracking.estimator import Eye, Pose, Predict
from demo.tracking.rule import FollowRule
from demo.tracking.search import Search
from demo.tracking.track import Track
from pose import Skeleton

#: The most people who can be followed: each costs a crop in every frame.
MOST_PEOPLE = 4

# Two boxes that share this much of the smaller one hold the same person.
_SAME_SHARE = 0.6
# Someone who comes back so soon, less than their own size away, keeps the number.
_REMEMBER_S = 2.0
# Around the box of the trusted joints, so that hands, feet and hair are covered too.
_COVER_MARGIN = 0.1


def shared_part(a: np.ndarray, b: np.ndarray) -> float:
    """The share of the smaller of two boxes (x, y, width, height) that lies in the other, 0 to 1."""
    low, high = np.maximum(a[:2], b[:2]), np.minimum(a[:2] + a[2:], b[:2] + b[2:])
    smaller = min(a[2] * a[3], b[2] * b[3])
    return float(np.prod(np.maximum(high - low, 0)) / smaller) if smaller > 0 else 0.0


class Crowd:
    """Keeps a crop on each of up to `people` people.

    A person is *taken up* when the best of `search_squares`, looked at more closely up to `refinements` times (once
    at any rate, then for as long as the model does not become less sure), reaches `found_score`. While nobody is
    followed, a frame is searched again, with those found painted over, until nobody more is found. A frame is a
    *miss* when its confidence is below `lost_score`, or fewer than three trusted joints lie inside the frame; the
    crop then stays where it is, and widens. After `lost_after` misses in a row the person is *lost*; when nobody is
    left, the search begins again in the same frame.

    Later, beside those who are followed, one more square a frame is looked at, in a round every `search_every_s`. With
    room for more people, those who are followed are painted over for it, and whoever else is seen is taken up.
    Without, someone of whom the model is surer by `better_by` takes over from the one of whom it is least sure.

    When two crops come to hold the same person, the one taken up later is not shown, and lost after `lost_after`
    frames. A frame of another size begins everything afresh.

    Args:
        predict: the model.
        skeleton: of the model's joints.
        size: of the model's crops, in px.
        padding: side of a crop as a multiple of the longer side of the person's box.
        rule: when a person counts as found and as lost.
        people: the most people to follow.

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
        """Begins with nobody."""
        if not 1 <= people <= MOST_PEOPLE:
            raise ValueError(f"people must be 1 to {MOST_PEOPLE}, got {people}")
        self._rule = (rule or FollowRule()).for_model({})
        self._eye = Eye(predict, skeleton, size, padding, self._rule)
        self._most = people
        self._last_number = 0
        self._frame_size = (0, 0)
        self._forget()

    @property
    def count(self) -> int:
        """How many people are being followed."""
        return len(self._tracks)

    def update(self, picture: np.ndarray, time_s: float) -> dict[int, Pose]:
        """Finds the people in the next frame.

        Args:
            picture: uint8 RGB (H, W, 3).
            time_s: when it was taken, in seconds; later than the frame before.

        Returns:
            The pose of each person by the person's number, which stays the same while the person is followed.
            During a miss it is what the model says, with low scores.
        """
        if picture.shape[:2] != self._frame_size:
            self._frame_size = picture.shape[:2]
            self._forget()
        if self._tracks:
            self._follow(picture, time_s)
        if not self._tracks:
            self._search_at_once(picture, time_s)
        return {track.number: track.pose for track in self._tracks if not track.twins}

    def _forget(self) -> None:
        self._tracks: list[Track] = []
        self._gone: list[Track] = []
        self._search = Search(self._eye, self._rule)

    def _search_at_once(self, picture: np.ndarray, time_s: float) -> None:
        for count in range(self._most):
            self._offer(self._search.at_once(self._covered(picture), time_s), time_s)
            if len(self._tracks) == count:
                break

    def _follow(self, picture: np.ndarray, time_s: float) -> None:
        crop = self._search.next_crop(picture, time_s)
        around = [] if crop is None else [(self._covered(picture), crop)]
        poses = self._eye.look([(picture, track.crop) for track in self._tracks] + around)
        for track, pose in zip(self._tracks, poses, strict=False):
            square = self._eye.square(pose, self._frame_size)
            if square is not None and self._eye.confidence(pose) >= self._rule.lost_score:
                track.seen(pose, square, time_s)
            else:
                track.missed(pose)
        self._count_twins()
        for track in list(self._tracks):
            if max(track.misses, track.twins) >= self._rule.lost_after:
                self._lose(track)
        if around and self._tracks:
            self._offer(self._search.note(around[0][0], poses[-1]), time_s)

    def _covered(self, picture: np.ndarray) -> np.ndarray:
        """The picture in which to look for more people: without those who are followed, where there is room for more.

        With one person it is the picture itself, so that a better crop of the same person can take over.
        """
        if self._most == 1:
            return picture
        picture = picture.copy()
        for track in self._tracks:
            box = self._eye.box(track.pose, self._frame_size)
            if box is not None:
                margin = _COVER_MARGIN * max(box[2:])
                low, high = np.round(box[:2] - margin).astype(int), np.round(box[:2] + box[2:] + margin).astype(int)
                cv2.rectangle(picture, low.tolist(), high.tolist(), (128, 128, 128), cv2.FILLED)
        return picture

    def _same(self, a: Pose, b: Pose) -> bool:
        boxes = [self._eye.box(pose, self._frame_size) for pose in (a, b)]
        return all(box is not None for box in boxes) and shared_part(*boxes) >= _SAME_SHARE

    def _count_twins(self) -> None:
        for place, track in enumerate(self._tracks):
            twin = any(self._same(track.pose, older.pose) for older in self._tracks[:place] if not older.twins)
            track.twins = track.twins + 1 if twin else 0

    def _offer(self, pose: Pose | None, time_s: float) -> None:
        """Takes up someone whom a search found, if the model is sure enough and it is nobody known."""
        square = None if pose is None else self._eye.square(pose, self._frame_size)
        if square is None:
            return
        least, leaves = self._rule.found_score, None
        if len(self._tracks) == self._most:
            leaves = min(self._tracks, key=lambda track: self._eye.confidence(track.pose))
            least = max(least, self._eye.confidence(leaves.pose) + self._rule.better_by)
        known = any(self._same(pose, track.pose) for track in self._tracks if track is not leaves)
        if known or self._eye.confidence(pose) < least:
            return
        if leaves is not None:
            self._lose(leaves)
        self._tracks.append(Track(self._number(square, time_s), self._eye, pose, square, time_s))
        if len(self._tracks) < self._most:
            self._search.hurry()

    def _number(self, square: np.ndarray, time_s: float) -> int:
        """The number of someone who was lost here a moment ago, or a new one."""
        self._gone = [track for track in self._gone if time_s - track.time_s <= _REMEMBER_S]
        for track in self._gone:
            if np.linalg.norm(track.square[:2] - square[:2]) < max(track.square[2], square[2]):
                self._gone.remove(track)
                return track.number
        self._last_number += 1
        return self._last_number

    def _lose(self, track: Track) -> None:
        self._tracks.remove(track)
        if not track.twins:
            self._gone.append(track)
        if self._tracks:
            self._search.hurry()


class Follower:
    """Keeps the crop on one person: a `Crowd` of one, with the same arguments."""

    def __init__(
        self, predict: Predict, skeleton: Skeleton, size: int, padding: float, rule: FollowRule | None = None
    ) -> None:
        """Begins with nobody."""
        self._crowd = Crowd(predict, skeleton, size, padding, rule)

    @property
    def following(self) -> bool:
        """Whether a person is being followed."""
        return self._crowd.count > 0

    def update(self, picture: np.ndarray, time_s: float) -> Pose | None:
        """Finds the person in the next frame; None while there is nobody. See `Crowd.update`."""
        return next(iter(self._crowd.update(picture, time_s).values()), None)
