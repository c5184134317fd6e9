"""The joints of everybody in a recording, before one person's are analyzed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from gait.motion import Motion

# An hour at 240 frames per second.
_MOST_FRAMES = 864_000
# Frame times that deviate by less than this share of the interval count as even.
_EVEN = 0.1


@dataclass(frozen=True, eq=False)
class Tracks:
    """The joints of everybody in a recording.

    Attributes:
        joints: J names.
        unit: "mm", "px", or "" for a length that is not known.
        people: by number, times in s float64 (F,) and joints float64 (F, J, D) in `unit`, NaN where not known.
    """

    joints: tuple[str, ...]
    unit: str
    people: Mapping[int, tuple[np.ndarray, np.ndarray]]

    def longest_first(self) -> list[int]:
        """The people's numbers, first of those who are seen in most frames."""
        seen = {number: np.isfinite(xyz).any(axis=(1, 2)).sum() for number, (_, xyz) in self.people.items()}
        return sorted(seen, key=lambda number: -seen[number])

    def motion(self, number: int) -> Motion:
        """One person's motion, at even times.

        Raises:
            ValueError: there is no such person, or the joints are not enough for gait.
        """
        if number not in self.people:
            known = ", ".join(map(str, sorted(self.people)))
            raise ValueError(f"there is no person {number}; the recording has {known or 'nobody'}")
        times_s, xyz = self.people[number]
        if len(times_s) < 2:
            raise ValueError(f"there is one frame of person {number}; gait needs a walk")
        even_s, xyz = _evenly(times_s, xyz)
        fps = (len(even_s) - 1) / float(even_s[-1] - even_s[0])
        return Motion.of(xyz, self.joints, fps, unit=self.unit, start_s=float(even_s[0]))


def _evenly(times_s: np.ndarray, xyz: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Times at even intervals, and the joints at them: interpolated where frames are not even, as phones record."""
    steps_s = np.diff(times_s)
    usual_s = float(np.median(steps_s))
    if not (np.isfinite(times_s).all() and steps_s.min() > 0) or times_s[-1] - times_s[0] > _MOST_FRAMES * usual_s:
        raise ValueError(f"times of frames must increase, over {_MOST_FRAMES} frames at most")
    even_s = np.linspace(times_s[0], times_s[-1], round((times_s[-1] - times_s[0]) / usual_s) + 1)
    if len(even_s) == len(times_s) and np.abs(even_s - times_s).max() < _EVEN * usual_s:
        return even_s, xyz
    flat = xyz.reshape(len(xyz), -1)
    columns = [np.interp(even_s, times_s, column) for column in flat.T]
    return even_s, np.stack(columns, axis=1).reshape(len(even_s), *xyz.shape[1:])


def with_gaps(frames: np.ndarray, times_s: np.ndarray, xyz: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Adds the frames in which a person was not seen.

    Args:
        frames: int (N,), numbers of the frames, increasing.
        times_s: float (N,), their times.
        xyz: float (N, J, D), the joints in them.

    Raises:
        ValueError: the numbers do not increase, or are too far apart.
    """
    places = frames - frames[0]
    if (np.diff(places) <= 0).any() or places[-1] > _MOST_FRAMES:
        raise ValueError(f"numbers of frames must increase, over {_MOST_FRAMES} frames at most")
    full = np.full((int(places[-1]) + 1, *xyz.shape[1:]), np.nan)
    full[places] = xyz
    return np.interp(np.arange(len(full)), places, times_s), full
