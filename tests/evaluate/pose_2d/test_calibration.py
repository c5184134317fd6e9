"""The reliability of scores, by hand."""

import numpy as np
import pytest

from evaluate.pose_2d.calibration import calibrate


def test_by_hand():
    true = np.zeros((1, 6, 2))
    predicted = np.array([[[0, 5], [6, 0], [3, 0], [0, 50], [np.nan, 0], [0, 0]]])
    scores = np.array([[0.9, 0.8, 0.1, 0.1, 1.0, 0.5]])
    visible = np.array([[2, 1, 2, 2, 2, 0]])
    found = calibrate(predicted, scores, true, visible, reach_px=5, bins=2)
    # Bin 1: scores 0.1 and 0.1, one right. Bin 2: scores 0.9 (right), 0.8 and 1.0 (wrong). The last is not labeled.
    assert found.count.tolist() == [2, 3]
    np.testing.assert_allclose(found.claimed, [0.1, 0.9], rtol=1e-12)
    np.testing.assert_allclose(found.found, [0.5, 1 / 3], rtol=1e-12)
    assert found.error == pytest.approx((2 * 0.4 + 3 * (0.9 - 1 / 3)) / 5)
    assert found.invalid == 0
    assert found.edges.tolist() == [0, 0.5, 1]
    # One person: each joint's own score, and whether it is right.
    np.testing.assert_array_equal(found.joint_claimed, [0.9, 0.8, 0.1, 0.1, 1, np.nan])
    np.testing.assert_array_equal(found.joint_found, [1, 0, 1, 0, 0, np.nan])


def test_bins_end_at_multiples_of_their_width():
    """Ten bins: a score of 0.15 lies in the second, 0.19 still does, 0.2 in the third, and 1 in the last."""
    scores = np.array([[0.0, 0.05, 0.09, 0.1, 0.15, 0.19, 0.2, 0.55, 0.99, 1.0]])
    true = np.zeros((1, 10, 2))
    found = calibrate(true, scores, true, np.full((1, 10), 2), reach_px=5)
    assert found.count.tolist() == [3, 3, 1, 0, 0, 1, 0, 0, 0, 2]
    np.testing.assert_allclose(found.claimed[[0, 1, 2, 5, 9]], [0.14 / 3, 0.44 / 3, 0.2, 0.55, 0.995])
    empty = [3, 4, 6, 7, 8]
    assert np.isnan(found.claimed[empty]).all() and np.isnan(found.found[empty]).all()
    assert found.found[[0, 1, 2, 5, 9]].tolist() == [1] * 5
    np.testing.assert_allclose(found.edges, np.arange(11) / 10)


def test_means_of_each_joint():
    true, visible = np.zeros((2, 2, 2)), np.array([[2, 2], [2, 0]])
    predicted = np.array([[[0, 1], [0, 9]], [[9, 0], [0, 0]]])
    found = calibrate(predicted, np.array([[0.5, 0.3], [0.7, 0.9]]), true, visible, reach_px=5)
    np.testing.assert_allclose(found.joint_claimed, [0.6, 0.3])
    np.testing.assert_allclose(found.joint_found, [0.5, 0])


def test_scores_outside_0_to_1_are_counted_and_left_out():
    true, visible = np.zeros((1, 3, 2)), np.full((1, 3), 2)
    found = calibrate(true, np.array([[1.5, np.nan, -0.1]]), true, visible, reach_px=5)
    assert (found.invalid, found.count.sum()) == (3, 0)
    assert np.isnan(found.error)


def test_scores_of_unlabeled_joints_are_neither_counted_nor_invalid():
    true = np.zeros((1, 4, 2))
    found = calibrate(true, np.array([[2.0, np.nan, 0.5, 2.0]]), true, np.array([[0, 0, 2, 1]]), reach_px=5)
    assert (found.invalid, found.count.sum()) == (1, 1)
    np.testing.assert_array_equal(found.joint_claimed, [np.nan, np.nan, 0.5, np.nan])


def test_scores_that_are_too_low_count_as_error():
    true = np.zeros((1, 4, 2))
    # All are right: 0.3 claimed of three is 0.7 too little, 0.9 of one is 0.1.
    found = calibrate(true, np.array([[0.3, 0.3, 0.3, 0.9]]), true, np.full((1, 4), 2), reach_px=0, bins=2)
    assert found.error == pytest.approx((3 * 0.7 + 0.1) / 4)


@pytest.mark.parametrize("shape", [(3,), (1, 2), (1, 4)])
def test_shapes_are_checked(shape):
    with pytest.raises(ValueError, match=r"one score for each of \(1, 3\) joints, got shape"):
        calibrate(np.zeros((1, 3, 2)), np.zeros(shape), np.zeros((1, 3, 2)), np.full((1, 3), 2), reach_px=5)
