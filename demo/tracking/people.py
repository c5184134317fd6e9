"""From frames to people: follows them and smooths their joints."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from demo.tracking.estimator import Pose
from demo.tracking.one_euro import OneEuro
from demo.tracking.outliers import LeapGate
from demo.tracking.tracker import Crowd
from demo.video.capture import Frame
from pose import box_from_joints


@dataclass(frozen=True, eq=False)
class Person:
    """One person in one frame.

    Attributes:
        number: stays the same while the person is followed.
        xy_px: float64 (J, 2) in the frame; smoothed where shown, else as the model said.
        scores: float (J,), 0 to 1.
        shown: bool (J,), joints whose score suffices to be drawn.
    """

    number: int
    xy_px: np.ndarray
    scores: np.ndarray
    shown: np.ndarray

    @property
    def box_px(self) -> np.ndarray | None:
        """float64 (4,): x_min, y_min, width and height about the joints shown; None where there are none."""
        return box_from_joints(self.xy_px, self.shown) if self.shown.any() else None


@dataclass(frozen=True, eq=False)
class Seen:
    """A frame and the people in it."""

    frame: Frame
    people: tuple[Person, ...]


class PeopleReader:
    """Finds the people of one frame after another.

    Args:
        crowd: follows them.
        joint_score: from this score on a joint is shown.
        smooth_cutoff_hz: of the joints' one-euro filter, at rest.
        smooth_beta: of the same filter, in Hz for each crop side per second.
    """

    def __init__(self, crowd: Crowd, joint_score: float, smooth_cutoff_hz: float, smooth_beta: float) -> None:
        """Begins with no frame read."""
        self._crowd = crowd
        self._joint_score = joint_score
        self._parameters = (smooth_cutoff_hz, smooth_beta)
        self._filters: dict[int, tuple[LeapGate, OneEuro]] = {}

    def __call__(self, frame: Frame) -> Seen:
        """Returns the people of a frame that is later than the one before."""
        poses = self._crowd.update(frame.picture, frame.time_s)
        # Whoever is not in this frame is smoothed afresh when seen again.
        self._filters = {number: kept for number, kept in self._filters.items() if number in poses}
        people = [self._person(number, poses[number], frame.time_s) for number in sorted(poses)]
        return Seen(frame, tuple(people))

    def _person(self, number: int, pose: Pose, time_s: float) -> Person:
        if pose.fresh or number not in self._filters:
            self._filters[number] = LeapGate(), OneEuro(*self._parameters)
        shown = (pose.scores >= self._joint_score) & np.isfinite(pose.xy_px).all(axis=1)
        side_px = pose.crop.scale * pose.crop.size
        gate, smooth = self._filters[number]
        measured = gate(np.where(shown[:, None], pose.xy_px, np.nan), time_s, unit=side_px)
        smooth_xy_px = smooth(measured, time_s, unit=side_px)
        return Person(number, np.where(shown[:, None], smooth_xy_px, pose.xy_px), pose.scores, shown)
