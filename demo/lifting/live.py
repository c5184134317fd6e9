"""Joints in space of the people in a running video."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from demo.lifting.lifter import Lifter
from demo.tracking.people import TrackedFrame, TrackedPerson
from demo.video.capture import Frame
from pose.space.lifting import LIFTED_FPS


class LiftedTracker:
    """Adds joints in space to tracked people; of each it remembers half a window of frames.

    Args:
        track: frame -> its people.
        lifter: the lifter.
    """

    def __init__(self, track: Callable[[Frame], TrackedFrame], lifter: Lifter) -> None:
        self._track, self._lifter = track, lifter
        self._past: dict[int, deque[tuple[float, np.ndarray, np.ndarray]]] = {}

    def __call__(self, frame: Frame) -> TrackedFrame:
        """Returns a frame with its people; frames must be passed in the order of their times."""
        tracked = self._track(frame)
        there = {person.number for person in tracked.people}
        self._past = {number: past for number, past in self._past.items() if number in there}
        people = [self._lifted(person, frame) for person in tracked.people]
        return replace(tracked, people=tuple(people))

    def _lifted(self, person: TrackedPerson, frame: Frame) -> TrackedPerson:
        past = self._past.setdefault(person.number, deque())
        past.append((frame.time_s, person.xy_px, np.where(person.shown, person.scores, 0.0)))
        while frame.time_s - past[0][0] > (self._lifter.frames // 2 + 2) / LIFTED_FPS:
            past.popleft()
        times, xy_px, scores = (np.array(values) for values in zip(*past, strict=True))
        height, width = frame.picture.shape[:2]
        found = self._lifter.lift(xy_px, scores, times, times[-1:], (height, width))
        return replace(person, xyz_mm=found.before_camera_mm[0])
