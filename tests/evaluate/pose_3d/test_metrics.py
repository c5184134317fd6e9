"""Metrics of joints in space, against numbers worked by hand."""

import cv2
import numpy as np
import pytest

from evaluate.pose_3d.metrics import (
    AUC_MM,
    auc_3d,
    joint_errors,
    mean_average_precision,
    pck_3d,
    velocity_errors,
)

TRUE = np.array([[[0.0, 0, 0], [100, 0, 0], [0, 200, 0], [0, 0, 300]]])
KNOWN = np.ones((1, 4), bool)


def test_errors_are_distances():
    predicted = TRUE + [[[0, 0, 0], [3, 4, 0], [0, 0, -12], [1, 2, 2]]]
    assert joint_errors(predicted, TRUE, KNOWN).tolist() == [[0, 5, 12, 3]]


def test_the_root_takes_a_move_out():
    predicted = TRUE + (10, -20, 5) + [[[0, 0, 0], [3, 4, 0], [0, 0, 0], [0, 0, 0]]]
    np.testing.assert_allclose(joint_errors(predicted, TRUE, KNOWN, "root"), [[0, 5, 0, 0]], atol=1e-12)
    # The mean of joints 0 and 1 as the root: it is 1.5, 2, 0 off, and so is all else.
    errors = joint_errors(predicted, TRUE, KNOWN, "root", root=(0, 1))
    np.testing.assert_allclose(errors, [[2.5, 2.5, 2.5, 2.5]])


def test_the_scale_takes_a_factor_out():
    np.testing.assert_allclose(joint_errors(1.3 * TRUE + 7, TRUE, KNOWN, "scale"), 0, atol=1e-10)
    # Joint 1 is twice as far: the factor is (2 * 1 + 4 + 9) / (4 + 4 + 9) = 15 / 17.
    predicted = TRUE.copy()
    predicted[0, 1] *= 2
    expected = [[0, 200 * 15 / 17 - 100, 200 * 2 / 17, 300 * 2 / 17]]
    np.testing.assert_allclose(joint_errors(predicted, TRUE, KNOWN, "scale"), expected)


def test_a_similarity_takes_a_rotation_out_but_no_mirror_image():
    turn = cv2.Rodrigues(np.array([0.3, -0.7, 1.1]))[0]
    predicted = 0.8 * TRUE @ turn.T + (50, 60, 70)
    np.testing.assert_allclose(joint_errors(predicted, TRUE, KNOWN, "similarity"), 0, atol=1e-9)
    mirrored = joint_errors(TRUE * (-1, 1, 1), TRUE, KNOWN, "similarity")
    assert mirrored.max() > 20
    # By SciPy's own Procrustes without reflection: its disparity is of poses of unit size.
    from scipy.spatial.transform import Rotation

    noisy = predicted + np.random.default_rng(0).normal(0, 15, predicted.shape)
    points, targets = (pose[0] - pose[0].mean(axis=0) for pose in (noisy, TRUE))
    rotation, _ = Rotation.align_vectors(targets, points)
    turned = rotation.apply(points)
    factor = (turned * targets).sum() / (points**2).sum()
    expected = np.linalg.norm(factor * turned - targets, axis=1)
    np.testing.assert_allclose(joint_errors(noisy, TRUE, KNOWN, "similarity")[0], expected, rtol=1e-6)


@pytest.mark.parametrize("alignment", ["none", "root", "scale", "similarity"])
def test_what_is_not_known_does_not_count_and_what_is_not_predicted_is_wrong(alignment):
    true, predicted = np.repeat(TRUE, 2, 0), np.repeat(TRUE, 2, 0).copy()
    known = np.repeat(KNOWN, 2, 0)
    known[0, 3], true[0, 3], predicted[1, 2] = False, np.nan, np.nan
    errors = joint_errors(predicted, true, known, alignment)
    np.testing.assert_allclose(errors, [[0, 0, 0, np.nan], [0, 0, np.inf, 0]], atol=1e-9)


def test_poses_that_cannot_be_aligned_are_not_measured():
    known = KNOWN.copy()
    known[0, 0] = False
    for alignment in ("root", "scale"):
        assert np.isnan(joint_errors(TRUE, TRUE, known, alignment)).all()
    known[0, 1] = False
    assert np.isnan(joint_errors(TRUE, TRUE, known, "similarity")).all()
    assert np.isnan(joint_errors(0 * TRUE, TRUE, KNOWN, "scale")).all()
    assert np.isnan(joint_errors(0 * TRUE, TRUE, KNOWN, "similarity")).all()


def test_pck_and_its_area():
    errors = np.array([[0.0, 150, 150.1, np.inf, np.nan, 75]])
    np.testing.assert_array_equal(pck_3d(errors), [[1, 1, 0, 0, np.nan, 1]])
    assert len(AUC_MM) == 31 and AUC_MM[-1] == 150
    # Within 0, 5, ..., 150: 31, 1, 0, 0 and 16 thresholds.
    np.testing.assert_allclose(auc_3d(errors), [[1, 1 / 31, 0, 0, np.nan, 16 / 31]])


def test_map_is_the_mean_over_joints():
    errors = np.array([[50.0, 120, np.nan], [100, np.nan, np.nan], [130, 20, np.nan]])
    # Two of three, and one of two; nobody knows the third joint.
    assert mean_average_precision(errors) == pytest.approx((2 / 3 + 1 / 2) / 2)
    assert np.isnan(mean_average_precision(np.full((2, 3), np.nan)))


def test_velocities_are_compared_per_second():
    true = np.zeros((3, 1, 3))
    predicted = np.array([[[0.0, 0, 0]], [[3, 4, 0]], [[3, 4, 12]]])
    known = np.ones((3, 1), bool)
    errors = velocity_errors(predicted, true, known, np.array([0.0, 0.1, 0.3]))
    np.testing.assert_allclose(errors, [[50], [60]])
    known[2] = False
    assert np.isnan(velocity_errors(predicted, true, known, np.arange(3.0))[1, 0])
    predicted[1] = np.nan
    assert np.isinf(velocity_errors(predicted, true, np.ones((3, 1), bool), np.arange(3.0))).all()
    # A shift that stays is no velocity.
    assert (velocity_errors(true + 50, true, np.ones((3, 1), bool), np.arange(3.0)) == 0).all()


@pytest.mark.parametrize(
    ("predicted", "known", "alignment", "message"),
    [
        (TRUE[:, :3], KNOWN, "none", r"joints must have shape \(N, J, 3\)"),
        (TRUE, KNOWN[:, :3], "none", r"joints must have shape \(N, J, 3\)"),
        (TRUE, KNOWN, "up", "alignment must be none, root, scale or similarity, got 'up'"),
    ],
)
def test_what_does_not_fit_raises(predicted, known, alignment, message):
    with pytest.raises(ValueError, match=message):
        joint_errors(predicted, TRUE, known, alignment)


def test_truth_that_is_not_finite_raises():
    with pytest.raises(ValueError, match="a joint that is known has a place that is not finite"):
        joint_errors(TRUE, np.full_like(TRUE, np.nan), KNOWN)
