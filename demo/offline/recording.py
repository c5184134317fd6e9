"""A recording: the joints of everybody in a video, over time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from demo.tracking.people import TrackedPerson
from pose import Skeleton


@dataclass(frozen=True, eq=False)
class PersonTrack:
    """One person's joints, from the first frame with the person to the last.

    A joint is measured, filled (interpolated between measurements) or missing.

    Attributes:
        start: number of the first of these T frames.
        xy_px: float32 (T, J, 2) in the frame, NaN where missing.
        scores: float32 (T, J), 0 to 1; 0 where filled or missing.
        filled: bool (T, J).
    """

    start: int
    xy_px: np.ndarray
    scores: np.ndarray
    filled: np.ndarray

    @property
    def frames(self) -> np.ndarray:
        """int64 (T,), numbers of the frames."""
        return self.start + np.arange(len(self.xy_px))

    @property
    def present(self) -> np.ndarray:
        """Bool (T,), frames in which at least one joint is not missing."""
        return np.isfinite(self.xy_px).any(axis=(1, 2))


@dataclass(frozen=True)
class Repairs:
    """How many values of a recording were changed before it was low-pass filtered.

    Attributes:
        swapped: pairs of a left and a right joint that were exchanged, over all frames.
        leaps: joints that were rejected as leaps.
        filled: joints that were interpolated, these leaps included.
    """

    swapped: int = 0
    leaps: int = 0
    filled: int = 0


@dataclass(frozen=True, eq=False)
class Recording:
    """The joints of everybody in a video.

    Attributes:
        skeleton: of the people.
        times_s: float64 (F,), time of each frame after the first.
        size: (height, width) of the first frame in px.
        joint_score: minimum score of a joint that counts as measured.
        people: by number, which stays the same while the person is tracked.
        repairs: of the smoothing; None where there was none.
    """

    skeleton: Skeleton
    times_s: np.ndarray
    size: tuple[int, int]
    joint_score: float
    people: dict[int, PersonTrack]
    repairs: Repairs | None = None

    def joints(self, number: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """One person's joints in every frame of the video.

        Returns:
            xy_px (F, J, 2), scores (F, J) and filled (F, J) as in `PersonTrack`; NaN, 0 and False where the person is
            missing.
        """
        track, (frames, joints) = self.people[number], (len(self.times_s), self.skeleton.num_joints)
        xy_px = np.full((frames, joints, 2), np.nan, np.float32)
        scores, filled = np.zeros((frames, joints), np.float32), np.zeros((frames, joints), bool)
        xy_px[track.frames], scores[track.frames], filled[track.frames] = track.xy_px, track.scores, track.filled
        return xy_px, scores, filled

    def shown(self, track: PersonTrack) -> np.ndarray:
        """Int (T, J): 2 for joints measured with sufficient score, 1 for filled ones, 0 for others."""
        known = np.isfinite(track.xy_px).all(axis=2)
        return np.where(track.filled, 1, 2 * (track.scores >= self.joint_score)) * known

    def rows(self) -> tuple[np.ndarray, np.ndarray]:
        """The frames of all people, ordered by frame and then by number.

        Returns:
            int64 (N,) numbers of the frames, and int64 (N,) numbers of the people present in them.
        """
        frames = [track.frames[track.present] for track in self.people.values()]
        numbers = [np.full(len(there), number) for number, there in zip(self.people, frames, strict=True)]
        all_frames, all_numbers = (np.concatenate([*arrays, np.zeros(0, np.int64)]) for arrays in (frames, numbers))
        order = np.lexsort((all_numbers, all_frames))
        return all_frames[order].astype(np.int64), all_numbers[order].astype(np.int64)

    def iter_people(self) -> Iterator[tuple[int, tuple[TrackedPerson, ...]]]:
        """Yields each frame's number and the people present in it, whose `shown` is that of the method above."""
        frames, numbers = self.rows()
        shown = {number: self.shown(track) for number, track in self.people.items()}
        starts = np.searchsorted(frames, np.arange(len(self.times_s) + 1))
        for frame in range(len(self.times_s)):
            people = []
            for number in numbers[starts[frame] : starts[frame + 1]].tolist():
                track = self.people[number]
                k = frame - track.start
                people.append(TrackedPerson(number, track.xy_px[k], track.scores[k], shown[number][k]))
            yield frame, tuple(people)
