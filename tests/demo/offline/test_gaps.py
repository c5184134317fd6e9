"""Runs of measurements, and gaps."""

import numpy as np
import pytest

from demo.offline.gaps import fill, runs

TIMES_S = np.arange(12) / 10


def runs_of(pattern, times_s=TIMES_S, max_gap_s=0.3):
    measured = np.array([character == "x" for character in pattern])
    return [run.tolist() for run in runs(measured, times_s[: len(pattern)], max_gap_s)]


@pytest.mark.parametrize(
    "pattern, max_gap_s, expected",
    [
        ("xxxx", 0.3, [[0, 1, 2, 3]]),
        # Two frames are missing: 0.3 s between the measurements. Three: 0.4 s.
        ("xx..xx", 0.3001, [[0, 1, 4, 5]]),
        ("xx...xx", 0.3001, [[0, 1], [5, 6]]),
        ("..x.x..", 0.3, [[2, 4]]),
        # Without interpolation, successive frames are a run all the same.
        ("xxx.xx", 0.0, [[0, 1, 2], [4, 5]]),
        ("x", 0.3, [[0]]),
        ("....", 0.3, []),
    ],
)
def test_gaps_up_to_the_limit_join(pattern, max_gap_s, expected):
    assert runs_of(pattern, max_gap_s=max_gap_s) == expected


def test_time_that_the_video_skips_is_a_gap():
    times_s = np.array([0, 0.1, 0.2, 1.5, 1.6])
    assert runs_of("xxxxx", times_s) == [[0, 1, 2], [3, 4]]


def test_slow_videos_are_one_run():
    assert runs_of("xxxx", np.arange(4.0)) == [[0, 1, 2, 3]]


def test_a_line_is_filled_over_time_and_nothing_outside_the_run():
    times_s = np.array([0, 0.1, 0.2, 0.25, 0.5, 0.6, 0.7])
    xy_px = np.column_stack([100 * times_s, 50 - 20 * times_s])
    holed = xy_px.copy()
    holed[[0, 2, 3, 6]] = np.nan
    fill(holed, times_s, np.array([1, 4, 5]))
    np.testing.assert_allclose(holed[1:6], xy_px[1:6])
    assert np.isnan(holed[[0, 6]]).all()


def test_a_turn_is_not_overshot():
    xy_px = np.array([[0, 0], [10, 0], [20, 0], [np.nan, np.nan], [20, 0], [10, 0]], float)
    fill(xy_px, TIMES_S[:6], np.array([0, 1, 2, 4, 5]))
    assert xy_px[3].tolist() == [20, 0]
