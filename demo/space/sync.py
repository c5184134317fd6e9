"""When videos begin, found by when the people in them are in one place."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

import numpy as np

from demo.offline.recording import Recording
from demo.space.scene import at_times
from pose import Camera
from pose.space.matching import SAME_ERROR, disagreement

#: Videos are thought to begin within so many seconds of the first.
REACH_S = 10.0
# Offsets that are this much better than those a quarter of a second away are sure; people who stand still say nothing.
_CLEARLY, _APART_S = 0.9, 0.25


def find_offsets(
    cameras: Sequence[Camera], recordings: Sequence[Recording], reach_s: float = REACH_S
) -> list[float | None]:
    """The time of each video's first frame after that of the first video, in seconds; None where it is not to be found.

    Of every track in a video and every track in the first, the reprojection error is computed for all offsets in steps
    of a frame; the smallest wins, and a parabola through its neighbors finds the part of a frame.

    Args:
        cameras: V cameras.
        recordings: what a model sees in each camera's video.
        reach_s: the largest offset.
    """
    first = recordings[0]
    step_s = float(np.median(np.diff(first.times_s))) if len(first.times_s) > 1 else 1.0
    offsets_s = step_s * np.arange(-round(reach_s / step_s), round(reach_s / step_s) + 1)
    found: list[float | None] = [0.0]
    for camera, recording in zip(cameras[1:], recordings[1:], strict=True):
        best: tuple[float, float | None] = (np.inf, None)
        for track, other in product(first.people.values(), recording.people.values()):
            errors = np.full(len(offsets_s), np.inf)
            own = at_times(first, track, 0.0, first.times_s)
            for number, offset_s in enumerate(offsets_s):
                moved = at_times(recording, other, offset_s, first.times_s)
                error = disagreement([cameras[0], camera], [[own], [moved]], [(0, 0), (1, 0)], [(0, 0), (1, 0)])
                errors[number] = np.inf if error is None else error
            best = min(best, _lowest(offsets_s, errors), key=lambda one: one[0])
        found.append(best[1] if best[0] <= SAME_ERROR else None)
    return found


def _lowest(offsets_s: np.ndarray, errors: np.ndarray) -> tuple[float, float | None]:
    """The smallest error and its offset; infinity if others are nearly as good."""
    best = int(errors.argmin())
    others = errors[np.abs(offsets_s - offsets_s[best]) >= _APART_S]
    if not np.isfinite(errors[best]) or errors[best] > _CLEARLY * others.min(initial=np.inf):
        return np.inf, None
    shift = 0.0
    if 0 < best < len(errors) - 1 and np.isfinite(errors[best - 1 : best + 2]).all():
        before, here, after = errors[best - 1 : best + 2]
        curve = before - 2 * here + after
        shift = float(0.5 * (before - after) / curve) if curve > 0 else 0.0
    return float(errors[best]), float(offsets_s[best] + shift * (offsets_s[1] - offsets_s[0]))
