"""The filter against values worked by hand from the paper's Algorithm 1."""

import numpy as np
import pytest

from demo.tracking.one_euro import OneEuro, smoothing_factor

# At a cutoff of 1 Hz the time constant tau is 1 / (2 pi) s; with this step alpha is 1 / (1 + 1) = 1 / 2.
STEP_S = 1 / (2 * np.pi)


def test_smoothing_factor_by_hand():
    assert smoothing_factor(1.0, STEP_S) == pytest.approx(1 / 2)
    # 3 Hz: tau is a third of the step, 1 / (1 + 1 / 3).
    assert smoothing_factor(3.0, STEP_S) == pytest.approx(3 / 4)


def test_without_beta_it_is_a_low_pass_filter():
    smooth = OneEuro(min_cutoff_hz=1.0, beta=0.0)
    outputs = [float(smooth(np.array(value), k * STEP_S)) for k, value in enumerate((0.0, 10.0, 10.0, 10.0))]
    assert outputs == pytest.approx([0.0, 5.0, 7.5, 8.75])


def test_speed_raises_the_cutoff_by_hand():
    smooth = OneEuro(min_cutoff_hz=1.0, beta=0.1 / np.pi, speed_cutoff_hz=1.0)
    assert smooth(np.array(0.0), 0.0) == 0.0
    # Speed 10 / step = 20 pi, filtered by 1/2: 10 pi. Cutoff 1 + 0.1 * 10 = 2, alpha 2/3, 0 + 2/3 * 10.
    assert smooth(np.array(10.0), STEP_S) == pytest.approx(20 / 3)
    # Speed from the filtered 20/3: (10/3) * 2 pi = 20 pi / 3; filtered with 10 pi: 25 pi / 3.
    # Cutoff 1 + 0.1 * 25 / 3 = 11/6, alpha 11/17.
    assert smooth(np.array(10.0), 2 * STEP_S) == pytest.approx(20 / 3 + 11 / 17 * 10 / 3)


def test_each_value_of_an_array_is_smoothed_by_itself():
    rng = np.random.default_rng(0)
    series = rng.normal(size=(6, 3, 2))
    together = OneEuro(1.2, 0.7)
    alone = OneEuro(1.2, 0.7)
    for k, values in enumerate(series):
        smooth = together(values, k / 30)
        np.testing.assert_allclose(smooth[1, 0], alone(values[1, 0], k / 30))


def test_unit_makes_the_size_of_the_person_irrelevant():
    near, far = OneEuro(1.0, 5.0), OneEuro(1.0, 5.0)
    for k, x in enumerate((0.0, 1.0, 4.0, 4.5)):
        small = far(np.array(x), k / 30, unit=100.0)
        large = near(np.array(7 * x), k / 30, unit=700.0)
        assert large == pytest.approx(7 * small)


def test_the_step_response_does_not_depend_on_the_frame_rate():
    reached = {}
    for rate in (30, 120):
        smooth = OneEuro(1.0, 0.0)
        smooth(np.array(0.0), 0.0)
        for k in range(1, rate // 5 + 1):
            reached[rate] = float(smooth(np.array(1.0), k / rate))
    # The continuous filter reaches 1 - exp(-2 pi 0.2) = 0.715 after 0.2 s.
    assert reached[30] == pytest.approx(0.715, abs=0.04)
    assert reached[120] == pytest.approx(0.715, abs=0.01)


def test_a_value_restarts_after_nan():
    smooth = OneEuro(1.0, 0.0)
    smooth(np.array([0.0, 0.0]), 0.0)
    np.testing.assert_allclose(smooth(np.array([10.0, np.nan]), STEP_S), [5.0, np.nan])
    np.testing.assert_allclose(smooth(np.array([10.0, 10.0]), 2 * STEP_S), [7.5, 10.0])
    np.testing.assert_allclose(smooth(np.array([10.0, 0.0]), 3 * STEP_S), [8.75, 5.0])


def test_reset_forgets_the_past():
    smooth = OneEuro(1.0, 0.0)
    smooth(np.zeros(2), 5.0)
    smooth.reset()
    np.testing.assert_array_equal(smooth(np.ones(3), 1.0), np.ones(3))


@pytest.mark.parametrize("time_s, values", [(1.0, np.zeros(2)), (0.5, np.zeros(2)), (2.0, np.zeros(3))])
def test_another_shape_or_time_that_does_not_increase_raises(time_s, values):
    smooth = OneEuro()
    smooth(np.zeros(2), 1.0)
    with pytest.raises(ValueError, match=r"keep their shape \(2,\) and time must go on from 1.0 s, got"):
        smooth(values, time_s)


@pytest.mark.parametrize("arguments", [(0.0, 0.0, 1.0), (1.0, -1.0, 1.0), (1.0, 0.0, 0.0)])
def test_invalid_parameters_raise(arguments):
    with pytest.raises(ValueError, match="cutoffs above 0 Hz and beta of 0 or more"):
        OneEuro(*arguments)
