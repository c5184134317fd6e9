"""Bodies of everybody in a recording: a second look at its video, in the boxes of the smoothed joints."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from demo.bodies.model import BodyModel
from demo.offline.gaps import runs
from demo.offline.low_pass import low_pass
from demo.offline.recording import Recording
from demo.offline.smooth import Smoothing
from demo.video.capture import Frame

if TYPE_CHECKING:
    from body.seen import SeenBody


@dataclass(frozen=True, eq=False)
class BodyTracks:
    """The bodies of everybody.

    Attributes:
        people: by the person's number, the body in each frame by the frame's number.
    """

    people: dict[int, dict[int, SeenBody]]

    def at(self, frame: int, number: int) -> SeenBody | None:
        """A person's body in a frame; None where the person is missing."""
        return self.people.get(number, {}).get(frame)


def body_tracks(
    frames: Iterable[Frame], recording: Recording, model: BodyModel, smoothing: Smoothing | None
) -> BodyTracks:
    """Finds the bodies of everybody in a recording.

    Args:
        frames: all frames of the video that was recorded.
        recording: the joints of everybody.
        model: finds the bodies.
        smoothing: the low-pass filter of places and rotations, which leaves each person the mean of their shapes; None
            for the model's own.
    """
    people: dict[int, dict[int, SeenBody]] = {}
    for frame, (index, there) in zip(frames, recording.iter_people(), strict=False):
        boxes = {one.number: one.box_px for one in there if one.box_px is not None}
        for number, body in zip(boxes, model.find(frame.picture, list(boxes.values())), strict=True):
            people.setdefault(number, {})[index] = body
    if smoothing is not None:
        people = {number: _smoothed(track, recording.times_s, smoothing) for number, track in people.items()}
    return BodyTracks(people)


def _smoothed(track: dict[int, SeenBody], times_s: np.ndarray, smoothing: Smoothing) -> dict[int, SeenBody]:
    times = times_s[list(track)]
    values = np.array([body.values() for body in track.values()])
    shape = len(next(iter(track.values())).shape_values)
    values[:, -shape:] = values[:, -shape:].mean(axis=0)
    one_piece = np.zeros(len(times), np.int64)
    for run in runs(np.ones(len(times), bool), times, smoothing.max_gap_s, one_piece):
        values[run, :-shape] = low_pass(values[run, :-shape], times[run], smoothing.kind, smoothing.cutoff_hz)
    return {frame: body.of_values(row) for (frame, body), row in zip(track.items(), values, strict=True)}
