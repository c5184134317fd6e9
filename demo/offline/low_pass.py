"""Low-pass filters that do not delay: a Butterworth filter run forward and backward, and Savitzky-Golay's.

Winter, "Biomechanics and Motor Control of Human Movement", chapter 3: a Butterworth filter of second order, run in both
directions, is of fourth order, and its cutoff must be corrected for the second run.
Savitzky and Golay, "Smoothing and differentiation of data by simplified least squares procedures", 1964.
"""

from __future__ import annotations

from typing import Literal

import numpy as np

LowPass = Literal["butterworth", "savgol"]

#: Order of each run of the Butterworth filter, and of the polynomial of Savitzky and Golay.
_ORDER, _POLYNOMIAL = 2, 3
#: Fewer samples are left as they are.
MIN_SAMPLES = 10
# Frame times that deviate by less than this share of the interval count as even.
_EVEN = 0.1


def low_pass(values: np.ndarray, times_s: np.ndarray, kind: LowPass, cutoff_hz: float) -> np.ndarray:
    """Filters series of values without delay.

    Samples at uneven times are interpolated at even ones, filtered, and interpolated back.

    Args:
        values: float (T, K), K series.
        times_s: (T,), increasing.
        kind: the filter.
        cutoff_hz: frequency at which the amplitude falls to 0.71.

    Returns:
        float64 (T, K); the values themselves where there are fewer than the filter needs, or where the frame rate is
        too low for the cutoff: below twice as many frames per second.
    """
    values = np.asarray(values, np.float64)
    if len(values) < MIN_SAMPLES:
        return values
    even_s = _even_times(times_s)
    rate_hz = (len(even_s) - 1) / (even_s[-1] - even_s[0])
    if cutoff_hz >= rate_hz / 2:
        return values
    filtered = butterworth if kind == "butterworth" else savitzky_golay
    if len(even_s) == len(times_s) and np.abs(even_s - times_s).max() < _EVEN / rate_hz:
        return filtered(values, cutoff_hz, rate_hz)
    from scipy.interpolate import CubicSpline, PchipInterpolator

    # The measurements may be noisy and any time apart, so that a spline would overshoot; the filtered ones are not.
    smooth = filtered(PchipInterpolator(times_s, values)(even_s), cutoff_hz, rate_hz)
    return CubicSpline(even_s, smooth)(times_s)


def butterworth(values: np.ndarray, cutoff_hz: float, rate_hz: float) -> np.ndarray:
    """Filters evenly sampled series (T, K) in both directions; the amplitude at the cutoff is 0.71 after both."""
    from scipy.signal import butter, sosfiltfilt

    # Each run has half the attenuation in dB. The correction holds for the frequencies of the analog filter.
    correction = (2**0.5 - 1) ** (1 / (2 * _ORDER))
    corrected_hz = rate_hz / np.pi * np.arctan(np.tan(np.pi * cutoff_hz / rate_hz) / correction)
    sections = butter(_ORDER, corrected_hz, fs=rate_hz, output="sos")
    # Three periods of the cutoff at either end, in which the filter settles.
    padding = min(max(round(3 * rate_hz / cutoff_hz), MIN_SAMPLES - 1), len(values) - 1)
    return sosfiltfilt(sections, values, axis=0, padlen=padding)


def savitzky_golay(values: np.ndarray, cutoff_hz: float, rate_hz: float) -> np.ndarray:
    """Fits cubic polynomials to windows of evenly sampled series (T, K).

    The window is the shortest whose amplitude at the cutoff is at most 0.71; shorter series are left as they are.
    """
    from scipy.signal import savgol_coeffs, savgol_filter

    window = _POLYNOMIAL + 2
    while window <= len(values):
        turns = 2 * np.pi * cutoff_hz / rate_hz * (np.arange(window) - window // 2)
        if savgol_coeffs(window, _POLYNOMIAL) @ np.cos(turns) <= 0.5**0.5:
            return savgol_filter(values, window, _POLYNOMIAL, axis=0)
        window += 2
    return values


def _even_times(times_s: np.ndarray) -> np.ndarray:
    """Even times from the first to the last, as close as the shorter intervals, but at most four times as many."""
    intervals_s = np.diff(times_s)
    mean_s = float(times_s[-1] - times_s[0]) / len(intervals_s)
    # Intervals that are even but for the container's rounding keep the number of samples.
    step_s = mean_s if np.ptp(intervals_s) < _EVEN * mean_s else max(np.quantile(intervals_s, 0.1), mean_s / 4)
    return np.linspace(times_s[0], times_s[-1], round((times_s[-1] - times_s[0]) / step_s) + 1)
