"""The people of a frame: tracked, with smoothed joints."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from demo.tracking.estimator import Pose
from demo.tracking.one_euro import OneEuro
from demo.tracking.outliers import OutlierGate
from demo.video.capture import Frame
from pose import box_from_joints

if TYPE_CHECKING:
    from body.seen import SeenBody

#: Defaults of the joints' one-euro filter.
SMOOTH_CUTOFF_HZ, SMOOTH_BETA = 1.0, 10.0


@dataclass(frozen=True, eq=False)
class TrackedPerson:
    """One person in one frame.

    Attributes:
        number: stays the same while the person is tracked.
        xy_px: float64 (J, 2) in the frame; smoothed where shown, else as estimated.
        scores: float (J,), 0 to 1.
        shown: bool (J,), joints whose score suffices to be drawn.
        xyz_mm: float64 (K, 3), the joints of a lifter's skeleton in mm before the camera; NaN where the place is
            unknown, None where nothing is lifted.
        body: None where no bodies are looked for, or the person has no box.
    """

    number: int
    xy_px: np.ndarray
    scores: np.ndarray
    shown: np.ndarray
    xyz_mm: np.ndarray | None = None
    body: SeenBody | None = None

    @property
    def box_px(self) -> np.ndarray | None:
        """float64 (4,): x_min, y_min, width and height around the joints shown; None where there are none."""
        return box_from_joints(self.xy_px, self.shown) if self.shown.any() else None


@dataclass(frozen=True, eq=False)
class TrackedFrame:
    """A frame and its people, in the order of their numbers."""

    frame: Frame
    people: tuple[TrackedPerson, ...]


class _Tracker(Protocol):
    """Gives the people of successive frames numbers and poses, such as `demo.tracking.tracker.Tracker`."""

    def update(self, picture: np.ndarray, time_s: float) -> dict[int, Pose]:
        """The pose of each person by the person's number."""


class SmoothedTracker:
    """Tracks the people of successive frames and smooths their joints.

    Args:
        tracker: finds the poses.
        joint_score: minimum score of a joint that is shown.
        smooth_cutoff_hz: cutoff of the joints' one-euro filter at rest.
        smooth_beta: beta of the same filter, in Hz for each crop side per second.
    """

    def __init__(self, tracker: _Tracker, joint_score: float, smooth_cutoff_hz: float, smooth_beta: float) -> None:
        self._tracker = tracker
        self._joint_score = joint_score
        self._parameters = (smooth_cutoff_hz, smooth_beta)
        self._filters: dict[int, tuple[OutlierGate, OneEuro]] = {}

    def __call__(self, frame: Frame) -> TrackedFrame:
        """Returns a frame with its people; frames must be passed in the order of their times."""
        poses = self._tracker.update(frame.picture, frame.time_s)
        # The filters of a person who is missing from a frame start anew.
        self._filters = {number: kept for number, kept in self._filters.items() if number in poses}
        people = [self._person(number, poses[number], frame.time_s) for number in sorted(poses)]
        return TrackedFrame(frame, tuple(people))

    def _person(self, number: int, pose: Pose, time_s: float) -> TrackedPerson:
        if pose.fresh or number not in self._filters:
            self._filters[number] = OutlierGate(), OneEuro(*self._parameters)
        shown = (pose.scores >= self._joint_score) & np.isfinite(pose.xy_px).all(axis=1)
        side_px = pose.crop.scale * pose.crop.size
        gate, smooth = self._filters[number]
        measured = gate(np.where(shown[:, None], pose.xy_px, np.nan), time_s, unit=side_px)
        smooth_xy_px = smooth(measured, time_s, unit=side_px)
        return TrackedPerson(number, np.where(shown[:, None], smooth_xy_px, pose.xy_px), pose.scores, shown)
