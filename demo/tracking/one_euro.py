"""The one-euro filter: smooth at rest, fast in motion.

Casiez, Roussel and Vogel, "1 euro filter: a simple speed-based low-pass filter for noisy input in interactive
systems", CHI 2012.
"""

from __future__ import annotations

import numpy as np

#: Cutoff frequency of the speed's own filter.
SPEED_CUTOFF_HZ = 1.0


def smoothing_factor(cutoff_hz: np.ndarray | float, elapsed_s: float) -> np.ndarray | float:
    """The paper's alpha, the weight of the new value: 1 / (1 + tau / T_e) with tau = 1 / (2 pi f_c)."""
    return 1.0 / (1.0 + 1.0 / (2.0 * np.pi * np.asarray(cutoff_hz) * elapsed_s))


class OneEuro:
    """Smooths each element of an array by itself.

    Each call gives its time in seconds, so that the smoothing does not depend on the frame rate.

    Args:
        min_cutoff_hz: cutoff frequency of a value at rest; a lower one reduces jitter.
        beta: increase of the cutoff with speed, in Hz for each unit per second; a higher one reduces lag.
        speed_cutoff_hz: cutoff frequency of the speed's own filter.

    Raises:
        ValueError: a cutoff is not above 0, or beta is below 0.
    """

    def __init__(self, min_cutoff_hz: float = 1.0, beta: float = 0.0, speed_cutoff_hz: float = SPEED_CUTOFF_HZ) -> None:
        if not (min_cutoff_hz > 0 and speed_cutoff_hz > 0 and beta >= 0):
            raise ValueError(
                "a one-euro filter needs cutoffs above 0 Hz and beta of 0 or more, got "
                f"min_cutoff_hz={min_cutoff_hz}, speed_cutoff_hz={speed_cutoff_hz}, beta={beta}"
            )
        self.min_cutoff_hz = min_cutoff_hz
        self.beta = beta
        self.speed_cutoff_hz = speed_cutoff_hz
        self.reset()

    def reset(self) -> None:
        """Forgets the past: the next values are returned as they are."""
        self._values: np.ndarray | None = None
        self._speed = np.zeros(0)
        self._time_s = 0.0

    def __call__(self, values: np.ndarray, time_s: float, unit: float = 1.0) -> np.ndarray:
        """Filters the next measurement.

        Args:
            values: float, any shape, the same in every call. NaN means not measured: it is returned as NaN, and the
                filter of that element restarts with its next measurement.
            time_s: when it was taken; must increase from call to call.
            unit: divides speeds before beta weights them. With the size of the person in px, one beta serves near and
                distant people.

        Returns:
            float64 of the same shape, smoothed.

        Raises:
            ValueError: the shape changed, or the time did not increase.
        """
        values = np.asarray(values, np.float64)
        if self._values is None:
            self._values, self._speed, self._time_s = values.copy(), np.zeros_like(values), time_s
            return values.copy()
        elapsed_s = time_s - self._time_s
        if values.shape != self._values.shape or not elapsed_s > 0:
            raise ValueError(
                f"values must keep their shape {self._values.shape} and time must go on from {self._time_s}"
                f" s, got shape {values.shape} at {time_s} s; call reset() before another series"
            )
        afresh = np.isnan(self._values)
        change = np.where(afresh, 0.0, values - self._values)
        weight = smoothing_factor(self.speed_cutoff_hz, elapsed_s)
        speed = np.where(afresh, 0.0, self._speed + weight * (change / elapsed_s - self._speed))
        cutoff_hz = self.min_cutoff_hz + self.beta * np.abs(speed) / unit
        step = smoothing_factor(cutoff_hz, elapsed_s) * change
        self._values = np.where(afresh, values, self._values + step)
        self._speed, self._time_s = speed, time_s
        return self._values.copy()
