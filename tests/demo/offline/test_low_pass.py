"""Zero-phase low-pass filters against their theory."""

import numpy as np
import pytest
from scipy.signal import savgol_filter

from demo.offline.low_pass import MIN_SAMPLES, butterworth, low_pass, savitzky_golay

RATE_HZ = 30.0
TIMES_S = np.arange(300) / RATE_HZ
# Far enough from the ends that their padding does not matter.
INNER = slice(45, -45)


def sine(frequency_hz, times_s=TIMES_S, phase=0.3):
    return np.sin(2 * np.pi * frequency_hz * times_s + phase)[:, None]


def amplitude_and_lag_ms(filtered, frequency_hz, times_s=TIMES_S):
    """Of the sine in a series, by least squares against a sine and a cosine."""
    turns = 2 * np.pi * frequency_hz * times_s + 0.3
    basis = np.column_stack([np.sin(turns), np.cos(turns)])[INNER]
    (in_phase, quadrature), *_ = np.linalg.lstsq(basis, filtered[INNER, 0], rcond=None)
    return np.hypot(in_phase, quadrature), np.arctan2(-quadrature, in_phase) / (2 * np.pi * frequency_hz) * 1000


def theory(frequency_hz, cutoff_hz=6.0, rate_hz=RATE_HZ):
    """Winter's filter: second order, twice, its cutoff corrected by (sqrt(2) - 1) ** (1/4) in the analog domain."""
    corrected = np.tan(np.pi * cutoff_hz / rate_hz) / (np.sqrt(2) - 1) ** 0.25
    return 1 / (1 + (np.tan(np.pi * frequency_hz / rate_hz) / corrected) ** 4)


@pytest.mark.parametrize("frequency_hz", [0.5, 1.0, 2.0, 4.0, 6.0, 9.0])
def test_butterworth_has_the_amplitude_of_its_theory_and_no_lag(frequency_hz):
    amplitude, lag_ms = amplitude_and_lag_ms(butterworth(sine(frequency_hz), 6.0, RATE_HZ), frequency_hz)
    assert amplitude == pytest.approx(theory(frequency_hz), abs=2e-4)
    assert abs(lag_ms) < 0.05


def test_the_cutoff_is_that_of_both_runs_together():
    """Uncorrected, the amplitude would fall to 0.5 there."""
    for cutoff_hz in (2.0, 6.0, 12.0):
        amplitude, _ = amplitude_and_lag_ms(butterworth(sine(cutoff_hz), cutoff_hz, RATE_HZ), cutoff_hz)
        assert amplitude == pytest.approx(0.5**0.5, abs=2e-3)


def test_steps_of_a_walk_keep_their_height():
    """At 1 Hz, a joint loses less than a thousandth of its motion."""
    for kind in ("butterworth", "savgol"):
        amplitude, lag_ms = amplitude_and_lag_ms(low_pass(sine(1.0), TIMES_S, kind, 6.0), 1.0)
        assert 0.999 < amplitude <= 1.0 and abs(lag_ms) < 0.05, kind


@pytest.mark.parametrize("cutoff_hz", [2.0, 4.0, 8.0])
def test_savgol_uses_the_shortest_window_that_reaches_the_cutoff(cutoff_hz):
    windows = range(5, 61, 2)
    filtered = [savgol_filter(sine(cutoff_hz), window, 3, axis=0) for window in windows]
    low = [amplitude_and_lag_ms(series, cutoff_hz)[0] <= 0.5**0.5 for series in filtered]
    shortest = low.index(True)
    assert shortest == {2.0: 6, 4.0: 2, 8.0: 0}[cutoff_hz]
    np.testing.assert_allclose(savitzky_golay(sine(cutoff_hz), cutoff_hz, RATE_HZ), filtered[shortest], atol=1e-12)


def test_savgol_keeps_cubic_motion_exactly():
    cubic = np.polynomial.Polynomial([3, -2, 0.7, 0.05])(TIMES_S)[:, None]
    np.testing.assert_allclose(low_pass(cubic, TIMES_S, "savgol", 6.0), cubic, atol=1e-8)


@pytest.mark.parametrize("kind", ["butterworth", "savgol"])
def test_a_joint_at_rest_or_in_even_motion_stays_as_it_is_up_to_the_ends(kind):
    values = np.column_stack([np.full(300, 7.0), 5 - 3 * TIMES_S])
    np.testing.assert_allclose(low_pass(values, TIMES_S, kind, 6.0), values, atol=1e-6)


@pytest.mark.parametrize("kind", ["butterworth", "savgol"])
def test_fewer_samples_than_the_filter_needs_are_left_as_they_are(kind):
    values = np.random.default_rng(0).normal(size=(40, 2))
    for count in range(MIN_SAMPLES):
        assert (low_pass(values[:count], TIMES_S[:count], kind, 6.0) == values[:count]).all()
    # The window for the lowest cutoff is longer than the series.
    assert kind == "butterworth" or (low_pass(values, TIMES_S[:40], kind, 0.5) == values).all()
    assert (low_pass(values[:MIN_SAMPLES], TIMES_S[:MIN_SAMPLES], kind, 6.0) != values[:MIN_SAMPLES]).any()


def test_a_cutoff_above_half_the_frame_rate_does_nothing():
    values, times_s = np.random.default_rng(0).normal(size=(60, 2)), np.arange(60) / 10
    assert (low_pass(values, times_s, "butterworth", 5.0) == values).all()
    assert (low_pass(values, times_s, "butterworth", 4.9) != values).any()


@pytest.mark.parametrize("kind", ["butterworth", "savgol"])
def test_frames_at_uneven_times_are_filtered_over_time(kind):
    """Every second frame is missing in the middle third, and times deviate by a third of the interval."""
    rng = np.random.default_rng(0)
    keep = np.ones(300, bool)
    keep[101:200:2] = False
    times_s = (TIMES_S + rng.uniform(-0.15, 0.15, 300) / RATE_HZ)[keep]
    truth = sine(1.0, times_s)
    np.testing.assert_allclose(low_pass(truth, times_s, kind, 6.0)[30:-30], truth[30:-30], atol=0.01)
    # Where every frame is there, motion of 12 Hz is removed.
    error = low_pass(truth + 0.1 * sine(12.0, times_s), times_s, kind, 6.0) - truth
    assert np.abs(error[20:90]).max() < 0.04


def test_times_in_whole_milliseconds_count_as_even():
    values = np.random.default_rng(0).normal(size=(300, 2))
    exact = low_pass(values, TIMES_S, "butterworth", 6.0)
    np.testing.assert_allclose(low_pass(values, TIMES_S.round(3), "butterworth", 6.0), exact, atol=1e-3)


def test_frames_that_follow_at_once_do_not_make_the_filter_run_away():
    """The reader of videos gives frames without a time of their own a tenth of a millisecond."""
    times_s = np.sort(np.concatenate([TIMES_S, TIMES_S[50:250] + 1e-4]))
    values = np.random.default_rng(0).normal(size=(len(times_s), 2))
    filtered = low_pass(values, times_s, "butterworth", 6.0)
    assert np.abs(filtered).max() < np.abs(values).max() and filtered.std() < 0.8 * values.std()
