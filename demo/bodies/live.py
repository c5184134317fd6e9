"""Bodies of the people in a running video."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from demo.bodies.model import BodyModel
from demo.tracking.one_euro import OneEuro
from demo.tracking.people import SMOOTH_BETA, SMOOTH_CUTOFF_HZ, TrackedFrame
from demo.video.capture import Frame

if TYPE_CHECKING:
    from body.seen import SeenBody


class BodyTracker:
    """Adds bodies to tracked people, smoothed as their joints are.

    Args:
        track: frame -> its people.
        model: finds the bodies.
        smooth_cutoff_hz: cutoff of the one-euro filter at rest.
        smooth_beta: beta of the same filter, in Hz for each crop side, or each unit of a rotation's matrix, per second.
    """

    def __init__(
        self,
        track: Callable[[Frame], TrackedFrame],
        model: BodyModel,
        smooth_cutoff_hz: float = SMOOTH_CUTOFF_HZ,
        smooth_beta: float = SMOOTH_BETA,
    ) -> None:
        self._track, self._model = track, model
        self._parameters = (smooth_cutoff_hz, smooth_beta)
        self._filters: dict[int, OneEuro] = {}

    def __call__(self, frame: Frame) -> TrackedFrame:
        """Returns a frame with its people; frames must be passed in the order of their times."""
        tracked = self._track(frame)
        boxes = {one.number: one.box_px for one in tracked.people if one.box_px is not None}
        self._filters = {number: kept for number, kept in self._filters.items() if number in boxes}
        found = dict(zip(boxes, self._model.find(frame.picture, list(boxes.values())), strict=True))
        bodies = {number: self._smoothed(number, body, frame.time_s) for number, body in found.items()}
        return replace(tracked, people=tuple(replace(one, body=bodies.get(one.number)) for one in tracked.people))

    def _smoothed(self, number: int, body: SeenBody, time_s: float) -> SeenBody:
        kept = self._filters.setdefault(number, OneEuro(*self._parameters))
        side_px = body.crop.scale * body.crop.size
        # Places in crop sides, so that one beta serves near and distant people.
        units = np.ones_like(body.values())
        units[: body.NUM_PX] = side_px
        return body.of_values(kept(body.values() / units, time_s) * units)
