"""Frame rate and delay of what is shown."""

from __future__ import annotations

from collections import deque

import numpy as np

#: Time span of the current frame rate and delay.
SPAN_S = 1.0
_MAX_MS = 5_000


class RateMeter:
    """Frames per second over the last `SPAN_S`."""

    def __init__(self) -> None:
        self._times_s: deque[float] = deque()

    def tick(self, time_s: float) -> float:
        """Counts a frame shown at `time_s`; returns the rate, 0 before the second frame."""
        self._times_s.append(time_s)
        while len(self._times_s) > 2 and time_s - self._times_s[0] > SPAN_S:
            self._times_s.popleft()
        span_s = time_s - self._times_s[0]
        return (len(self._times_s) - 1) / span_s if span_s > 0 else 0.0


class DelayMeter:
    """Delay from reading a camera's frame to showing it.

    Its memory is constant: a histogram in steps of 1 ms, in which delays above 5 s count as 5 s.
    """

    def __init__(self) -> None:
        self._counts = np.zeros(_MAX_MS + 1, np.int64)
        self._recent: deque[tuple[float, float]] = deque()

    def add(self, taken_s: float, shown_s: float) -> None:
        """Counts one frame, read and shown at these times, in seconds of one clock."""
        delay_s = shown_s - taken_s
        self._counts[min(max(round(1000 * delay_s), 0), _MAX_MS)] += 1
        self._recent.append((shown_s, delay_s))
        while shown_s - self._recent[0][0] > SPAN_S:
            self._recent.popleft()

    @property
    def recent_ms(self) -> float | None:
        """Median over the last `SPAN_S`, in ms; None before the first frame."""
        return 1000 * float(np.median([delay_s for _, delay_s in self._recent])) if self._recent else None

    def quantile_ms(self, share: float) -> int | None:
        """Quantile of all delays, in whole ms, for a share from 0 to 1; None before the first frame."""
        total = self._counts.sum()
        return int(np.searchsorted(self._counts.cumsum(), share * total)) if total else None
