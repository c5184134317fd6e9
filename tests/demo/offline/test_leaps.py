"""Leaps of a joint; the person is 100 px long."""

import numpy as np
import pytest

from demo.offline.leaps import LEAP, find_leaps

TIMES_S = np.arange(60) / 30


def leaps_of(xy_px, times_s=TIMES_S, length_px=100.0):
    xy_px = np.asarray(xy_px, float)
    return np.flatnonzero(find_leaps(xy_px, times_s[: len(xy_px)], np.full(len(xy_px), length_px))).tolist()


def walk():
    """A joint that moves on and swings: 30 px/s, and 20 px at 1 Hz, with a jitter of 0.5 px."""
    rng = np.random.default_rng(0)
    swing = 20 * np.sin(2 * np.pi * TIMES_S)
    return np.column_stack([30 * TIMES_S + swing, np.full(60, 50.0)]) + rng.normal(0, 0.5, (60, 2))


def test_a_swinging_joint_does_not_leap():
    assert leaps_of(walk()) == []


@pytest.mark.parametrize("frames", [[0], [20], [20, 21], [58, 59], [59]])
def test_leaps_of_up_to_two_frames_are_found_in_motion(frames):
    xy_px = walk()
    xy_px[frames] += (40, -30)
    assert leaps_of(xy_px) == frames


def test_leaps_of_three_frames_are_found_at_rest():
    xy_px = np.full((60, 2), 50.0) + np.random.default_rng(0).normal(0, 0.5, (60, 2))
    xy_px[22:25] += (40, -30)
    assert leaps_of(xy_px) == [22, 23, 24]


def test_a_joint_that_moves_elsewhere_for_good_does_not_leap():
    xy_px = walk()
    xy_px[30:] += (40, -30)
    assert leaps_of(xy_px) == []


def test_a_leap_is_relative_to_the_person():
    xy_px = np.full((60, 2), 50.0)
    xy_px[30, 0] += 1.01 * LEAP * 100
    assert leaps_of(xy_px) == [30]
    assert leaps_of(xy_px, length_px=102.0) == []


def test_a_wide_spread_of_the_neighbors_excuses_a_leap():
    """A fast gesture: 60 px to one side and back within a third of a second."""
    xy_px = np.full((60, 2), 50.0)
    xy_px[25:36, 0] += 60 * np.sin(np.pi * np.arange(11) / 10)
    assert leaps_of(xy_px) == []


def test_at_higher_frame_rates_a_leap_may_last_as_long():
    times_s = np.arange(240) / 120
    xy_px = np.full((240, 2), 50.0)
    xy_px[100:110] += 40
    assert leaps_of(xy_px, times_s) == list(range(100, 110))


@pytest.mark.parametrize("fps, found", [(8, [30]), (7.9, [])])
def test_at_low_frame_rates_a_joint_may_move_that_much(fps, found):
    xy_px = np.full((60, 2), 50.0)
    xy_px[30] += 40
    assert leaps_of(xy_px, np.arange(60) / fps) == found


def test_too_few_measurements_are_not_judged():
    assert leaps_of([[0, 0], [90, 0], [0, 0], [0, 0]]) == [] and leaps_of(np.zeros((0, 2))) == []
    assert leaps_of([[0, 0], [90, 0], [0, 0], [0, 0], [0, 0]]) == [1]
