"""How fast frames come, and how old they are when they are shown."""

from __future__ import annotations

from collections import deque

import numpy as np

_SPAN_S = 1.0
_MOST_MS = 5_000


class RateMeter:
    """Frames per second over the last second."""

    def __init__(self) -> None:
        """Begins without a frame."""
        self._times_s: deque[float] = deque()

    def tick(self, time_s: float) -> float:
        """Counts a frame shown at `time_s` and returns the rate, 0 before the second frame."""
        self._times_s.append(time_s)
        while len(self._times_s) > 2 and time_s - self._times_s[0] > _SPAN_S:
            self._times_s.popleft()
        span_s = time_s - self._times_s[0]
        return (len(self._times_s) - 1) / span_s if span_s > 0 else 0.0


class DelayMeter:
    """The time from when a camera's frame was read to when it had been shown.

    However long it runs it takes the same memory: delays are counted by the millisecond, above 5 s as 5 s.
    """

    def __init__(self) -> None:
        """Begins without a frame."""
        self._counts = np.zeros(_MOST_MS + 1, np.int64)
        self._recent: deque[tuple[float, float]] = deque()

    def add(self, taken_s: float, shown_s: float) -> None:
        """Counts one frame by the two times, in seconds of one clock."""
        delay_s = shown_s - taken_s
        self._counts[min(max(round(1000 * delay_s), 0), _MOST_MS)] += 1
        self._recent.append((shown_s, delay_s))
        while shown_s - self._recent[0][0] > _SPAN_S:
            self._recent.popleft()

    @property
    def recent_ms(self) -> float | None:
        """The median of the last second, in ms; None before the first frame."""
        return 1000 * float(np.median([delay_s for _, delay_s in self._recent])) if self._recent else None

    def quantile_ms(self, share: float) -> int | None:
        """The delay that this share of all frames does not exceed, in whole ms; None before the first frame."""
        total = self._counts.sum()
        return int(np.searchsorted(self._counts.cumsum(), share * total)) if total else None
