"""Outliers by hand: the reach is 12 px for a crop of 100 px at up to 30 frames/s."""

import numpy as np
import pytest

from demo.tracking.outliers import FRAME_S, OutlierGate


def gated(xs, frame_s=FRAME_S):
    """The filtered x of one joint."""
    gate = OutlierGate()
    return [float(gate(np.array([[x, 0.0]]), 5 + k * frame_s, unit=100.0)[0, 0]) for k, x in enumerate(xs)]


def test_a_leap_of_one_frame_is_suppressed():
    assert gated([0, 50, 1, 50, 2, 90, 50, 3]) == [0, 0, 1, 1, 2, 2, 2, 3]


def test_a_confirmed_leap_is_accepted():
    assert gated([0, 50, 55, 56]) == [0, 0, 55, 56]


def test_motion_within_reach_is_unchanged():
    assert gated([0, 11.9, 23.8, 11.9]) == [0, 11.9, 23.8, 11.9]


def test_fast_motion_is_held_for_two_frames_at_most():
    assert gated([0, 20, 40, 60, 80, 100, 120]) == [0, 0, 0, 60, 60, 60, 120]


def test_the_reach_grows_with_the_time_between_frames_and_has_a_minimum():
    assert gated([0, 23, 0], frame_s=2 * FRAME_S) == [0, 23, 0]
    assert gated([0, 25, 0], frame_s=2 * FRAME_S) == [0, 0, 0]
    assert gated([0, 11.9, 0], frame_s=FRAME_S / 4) == [0, 11.9, 0]


def test_joints_are_held_one_by_one():
    gate = OutlierGate()
    gate(np.zeros((3, 2)), 0.0, unit=100.0)
    # 12 px are left out in no direction: 9 and 9 are 12.7.
    after = gate(np.array([[9.0, 9.0], [9.0, 0.0], [0.0, -13.0]]), FRAME_S, unit=100.0)
    assert after.tolist() == [[0, 0], [9, 0], [0, 0]]


def test_a_joint_is_accepted_after_it_was_not_measured():
    assert gated([0, np.nan, 50, 51])[2:] == [50, 51]
    assert gated([0, np.nan])[1] == pytest.approx(np.nan, nan_ok=True)
