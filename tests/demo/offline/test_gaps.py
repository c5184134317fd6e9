"""Runs of measurements, and gaps."""

import numpy as np
import pytest

from demo.offline.gaps import fill, pieces, runs

TIMES_S = np.arange(12) / 10
ONE = np.zeros(12, int)


def runs_of(pattern, times_s=TIMES_S, max_gap_s=0.3, piece=ONE):
    measured = np.array([character == "x" for character in pattern])
    return [run.tolist() for run in runs(measured, times_s[: len(pattern)], max_gap_s, piece[: len(pattern)])]


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


def test_pieces_are_not_joined():
    assert runs_of("xxxxxx", piece=np.array([0, 0, 1, 1, 1, 2])) == [[0, 1], [2, 3, 4], [5]]
    assert runs_of("xx.xx", piece=np.array([0, 0, 0, 1, 1])) == [[0, 1], [3, 4]]


def pieces_of(steps_px, interval_s=0.1, length_px=100.0):
    """Of three joints that move by these steps along x; None is a frame without them."""
    x = np.cumsum([0.0, *(step or 0.0 for step in steps_px)])
    measured = np.array([True, *(step is not None for step in steps_px)])[:, None].repeat(3, axis=1)
    xy_px = x[:, None, None] + np.array([[0.0, 0.0], [10.0, 40.0], [20.0, 80.0]]) * (1, 0)
    xy_px[~measured] = np.nan
    times_s = interval_s * np.arange(len(x))
    return pieces(xy_px, measured, times_s, np.full(len(x), length_px)).tolist()


@pytest.mark.parametrize(
    "steps_px, interval_s, expected",
    [
        # Along x and y: 36 px each are 51 px. Half a length within 0.09 s is more than 5 lengths per second.
        ([10, 10, 35, 10], 0.09, [0, 0, 0, 0, 0]),
        ([10, 10, 36, 10], 0.09, [0, 0, 0, 1, 1]),
        # Far, but not fast; fast, but not far.
        ([60, 60], 0.2, [0, 0, 0]),
        ([30, -30], 0.01, [0, 0, 0]),
        # While not seen, for 0.2 s.
        ([10, None, 70, 10], 0.1, [0, 0, 0, 0, 0]),
        ([10, None, 71, 10], 0.1, [0, 0, 0, 1, 1]),
        ([], 0.1, [0]),
    ],
)
def test_someone_who_leaps_as_a_whole_begins_a_piece(steps_px, interval_s, expected):
    assert pieces_of(steps_px, interval_s) == expected
    assert pieces_of(steps_px, interval_s, length_px=np.inf) == [0] * len(expected)


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
