"""Every metric against numbers worked by hand."""

import subprocess
import sys

import numpy as np
import pytest

from evaluate.pose_2d import metrics

# Two people, three joints. Distances: person 0: 0, 5 (3-4-5), not labeled; person 1: 10, 20, 2.
TRUE = np.array([[[10, 10], [20, 20], [0, 0]], [[0, 0], [50, 50], [30, 30]]], float)
PREDICTED = np.array([[[10, 10], [23, 24], [9, 9]], [[10, 0], [50, 70], [30, 28]]], float)
VISIBLE = np.array([[2, 1, 0], [2, 2, 1]])
NAN = np.nan


def test_joint_distances():
    np.testing.assert_allclose(
        metrics.joint_distances(PREDICTED, TRUE, VISIBLE), [[0, 5, NAN], [10, 20, 2]], rtol=1e-12
    )


def test_pck_counts_labeled_joints_within_the_threshold():
    # Reach 0.2 * 25 = 5 px for person 0, 0.2 * 50 = 10 px for person 1; a joint at the very edge is right.
    found = metrics.pck(PREDICTED, TRUE, VISIBLE, np.array([25, 50]), 0.2)
    np.testing.assert_array_equal(found, [1, 0.5, 1])


def test_pck_leaves_out_people_without_a_normalizer_and_joints_that_no_one_has():
    found = metrics.pck(PREDICTED, TRUE, VISIBLE, np.array([25, 0]), 0.2)
    np.testing.assert_array_equal(found, [1, 1, NAN])
    assert np.isnan(metrics.pck(PREDICTED, TRUE, VISIBLE, np.zeros(2), 0.2)).all()


def test_pck_at_threshold_0_counts_joints_that_are_hit_exactly():
    np.testing.assert_array_equal(metrics.pck(PREDICTED, TRUE, VISIBLE, np.array([25, 50]), 0), [0.5, 0, 0])


def test_pooled_pck_is_the_share_of_all_joints_together():
    # Right are all within 5 px of person 0's two, and of person 1's three those 10 and 2 px off, within 10.
    assert metrics.pooled_pck(PREDICTED, TRUE, VISIBLE, np.array([25, 50]), 0.2) == pytest.approx(4 / 5)
    # Person 0 alone, of whom within 4 px is one of two.
    assert metrics.pooled_pck(PREDICTED, TRUE, VISIBLE, np.array([20, 0]), 0.2) == 0.5
    assert metrics.pooled_pck(PREDICTED, TRUE, VISIBLE, np.array([0.5, 0]), 0.2) == 0.5
    assert np.isnan(metrics.pooled_pck(PREDICTED, TRUE, VISIBLE, np.zeros(2), 0.2))


def test_positions_of_unlabeled_joints_do_not_matter():
    true = np.where(VISIBLE[..., None] > 0, TRUE, np.nan)
    np.testing.assert_allclose(metrics.joint_distances(PREDICTED, true, VISIBLE), [[0, 5, NAN], [10, 20, 2]])
    true = np.where(VISIBLE[..., None] > 0, TRUE, np.inf)
    predicted = np.where(VISIBLE[..., None] > 0, PREDICTED, np.inf)
    np.testing.assert_allclose(metrics.joint_distances(predicted, true, VISIBLE), [[0, 5, NAN], [10, 20, 2]])


def test_pck_is_the_same_in_x_and_y():
    swapped = metrics.pck(PREDICTED[..., ::-1], TRUE[..., ::-1], VISIBLE, np.array([20, 60]), 0.3)
    np.testing.assert_array_equal(swapped, metrics.pck(PREDICTED, TRUE, VISIBLE, np.array([20, 60]), 0.3))


def test_auc_is_the_area_under_the_pck_curve():
    normaliser = np.array([20, 80])
    # In normalizers: joint 0: 0 and 0.125; joint 1: 0.25 and 0.25; joint 2: 0.025. Each is right from there to 0.5.
    found = metrics.pck_auc(PREDICTED, TRUE, VISIBLE, normaliser, max_threshold=0.5)
    np.testing.assert_allclose(found, [(1 + 0.75) / 2, 0.5, 0.95], rtol=1e-12)
    middles = (np.arange(1000) + 0.5) / 2000
    curve = [metrics.pck(PREDICTED, TRUE, VISIBLE, normaliser, threshold) for threshold in middles]
    np.testing.assert_allclose(found, np.mean(curve, axis=0), atol=1e-3)


def test_auc_of_joints_beyond_the_end_of_the_curve_is_zero():
    found = metrics.pck_auc(PREDICTED, TRUE, VISIBLE, np.array([0, 2]), max_threshold=0.5)
    np.testing.assert_array_equal(found, [0, 0, 0])


def test_auc_ends_at_half_the_normalizer_by_default():
    # Joint 1 of person 0 is 5 px off: right for the last half of 0.5 x 20 px.
    found = metrics.pck_auc(PREDICTED, TRUE, VISIBLE, np.array([20, 0]))
    np.testing.assert_allclose(found, [1, 0.5, NAN])


def test_pixel_error():
    np.testing.assert_allclose(metrics.pixel_error(PREDICTED, TRUE, VISIBLE), [5, 12.5, 2], rtol=1e-12)
    assert np.isnan(metrics.pixel_error(PREDICTED[:1], TRUE[:1], VISIBLE[:1])[2])


def test_strict_pcp_needs_both_ends():
    true = np.array([[[0, 0], [10, 0], [10, 20]]] * 2, float)
    # Person 0: ends off by 5 and 5 of a limb of 10 (right), then 5 and 10 of a limb of 20 (right).
    # Person 1: ends off by 0 and 6 of 10: wrong, though their mean is 3; then 6 and 0 of 20 (right).
    predicted = true + np.array([[[5, 0], [0, 5], [10, 0]], [[0, 0], [6, 0], [0, 0]]])
    visible = np.full((2, 3), 2)
    np.testing.assert_array_equal(metrics.pcp(predicted, true, visible, [(0, 1), (1, 2)]), [0.5, 1])
    np.testing.assert_array_equal(metrics.pcp(predicted, true, visible, [(0, 1)], fraction=0.6), [1])


def test_pcp_is_measured_along_slanted_limbs():
    # A limb of 5 px, 3-4-5, and ends that are 2.5 px off, 1.5-2-2.5; then 2.5 and 2.6.
    true = np.array([[[0, 0], [3, 4]]] * 2, float)
    predicted = true + np.array([[[1.5, 2], [2, 1.5]], [[1.5, 2], [0, 2.6]]])
    np.testing.assert_array_equal(metrics.pcp(predicted, true, np.full((2, 2), 2), [(0, 1)]), [0.5])


def test_pcp_of_no_limbs_is_empty():
    assert metrics.pcp(PREDICTED, TRUE, VISIBLE, []).shape == (0,)


def test_pcp_leaves_out_limbs_without_a_label_or_a_length():
    true, visible = np.zeros((1, 4, 2)), np.array([[2, 2, 0, 0]])
    true[0, 2] = 9, 9
    assert np.isnan(metrics.pcp(true, true, visible, [(0, 1), (1, 2), (2, 1), (2, 3)])).all()


def test_oks():
    # Joint 1 of person 0: 25 / (2 * 100 * 0.2^2) = 3.125; joint 0 is perfect.
    sigmas = np.array([0.05, 0.1, 0.2])
    found = metrics.oks(PREDICTED, TRUE, VISIBLE, np.array([100, 0]), sigmas)
    np.testing.assert_allclose(found, [(1 + np.exp(-3.125)) / 2, NAN], rtol=1e-12)


def test_oks_area_is_the_label_or_a_share_of_the_box():
    # Person 0's labeled joints span 10 x 10 px, person 1's area is known.
    found = metrics.oks_area_px(TRUE, VISIBLE, np.array([0, 70]))
    np.testing.assert_allclose(found, [53, 70], rtol=1e-12)
    one_joint = metrics.oks_area_px(TRUE, np.array([[2, 0, 0], [0, 0, 0]]), np.zeros(2))
    np.testing.assert_array_equal(one_joint, [0, 0])


def test_predictions_that_are_not_finite_are_infinitely_far_off():
    predicted = PREDICTED.copy()
    predicted[0, 0] = [NAN, 10]
    predicted[1, 2] = [np.inf, 30]
    predicted[0, 2] = NAN  # Not labeled, so it does not matter.
    pose = (predicted, TRUE, VISIBLE)
    normaliser = np.array([1000, 1000])
    np.testing.assert_array_equal(metrics.pck(*pose, normaliser, 0.5), [0.5, 1, 0])
    np.testing.assert_allclose(metrics.pck_auc(*pose, normaliser), [0.98 / 2, 0.975, 0], rtol=1e-12)
    np.testing.assert_array_equal(metrics.pixel_error(*pose), [np.inf, 12.5, np.inf])
    np.testing.assert_array_equal(metrics.pcp(*pose, [(0, 1)]), [0.5])  # Person 1 is right.
    assert metrics.oks(*pose, np.full(2, 1e9), np.ones(3))[0] == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"predicted": PREDICTED[:, :2]}, r"got predictions \(2, 2, 2\), labels \(2, 3, 2\)"),
        ({"predicted": PREDICTED[0], "true": TRUE[0], "visible": VISIBLE[0]}, r"must have shape \(N, J, 2\)"),
        ({"predicted": np.zeros((2, 3, 3)), "true": np.zeros((2, 3, 3))}, r"labels \(2, 3, 3\), visibility \(2, 3\)"),
        ({"predicted": np.zeros((2, 4, 2))}, r"got predictions \(2, 4, 2\), labels \(2, 3, 2\)"),
        ({"predicted": np.zeros((2, 3, 1)), "true": np.zeros((2, 3, 1))}, r"labels \(2, 3, 1\)"),
        ({"visible": np.ones((2, 4))}, r"visibility \(2, 4\)"),
        ({"normaliser": np.ones(3)}, r"for each of 2 people, got shape \(3,\)"),
        ({"visible": VISIBLE[:1]}, r"visibility \(1, 3\)"),
        ({"normaliser": np.array([1.0])}, r"for each of 2 people, got shape \(1,\)"),
        ({"normaliser": np.array([1.0, NAN])}, "finite number"),
        ({"normaliser": np.array([1.0, -1.0])}, "0 \\(unknown\\) or more"),
        ({"normaliser": np.array([1.0, np.inf])}, r"got shape \(2,\) and values \[1.0, inf\]"),
        ({"threshold": -0.1}, "must be 0 or more, got -0.1"),
        ({"threshold": NAN}, "must be 0 or more, got nan"),
        ({"true": np.where(TRUE == 30, NAN, TRUE)}, "joint 2 of person 1 is labelled but not finite"),
    ],
)
def test_shapes_that_do_not_fit_raise(change, message):
    given = {"predicted": PREDICTED, "true": TRUE, "visible": VISIBLE, "normaliser": np.ones(2), "threshold": 0.2}
    with pytest.raises(ValueError, match=message):
        metrics.pck(*{**given, **change}.values())


def test_arguments_out_of_range_raise():
    with pytest.raises(ValueError, match="joints from 0 to 2"):
        metrics.pcp(PREDICTED, TRUE, VISIBLE, [(0, 3)])
    for limb in ((-1, 2), (4, 0)):
        with pytest.raises(ValueError, match="joints from 0 to 2"):
            metrics.pcp(PREDICTED, TRUE, VISIBLE, [limb])
    for sigmas in (np.ones(2), np.ones(4)):
        with pytest.raises(ValueError, match="one sigma for each of 3 joints"):
            metrics.oks(PREDICTED, TRUE, VISIBLE, np.ones(2), sigmas)
    with pytest.raises(ValueError, match="max_threshold 0"):
        metrics.pck_auc(PREDICTED, TRUE, VISIBLE, np.ones(2), max_threshold=0)


def test_shares_are_the_same_in_smaller_units():
    tiny = (PREDICTED / 1000, TRUE / 1000, VISIBLE)
    # As in the tests of AUC, OKS and the area above.
    np.testing.assert_allclose(metrics.pck_auc(*tiny, np.array([0.02, 0.08])), [(1 + 0.75) / 2, 0.5, 0.95])
    found = metrics.oks(*tiny, np.array([1e-4, 0]), np.array([0.05, 0.1, 0.2]))
    np.testing.assert_allclose(found, [(1 + np.exp(-3.125)) / 2, NAN])
    np.testing.assert_allclose(metrics.oks_area_px(TRUE / 1000, VISIBLE, np.array([0, 7e-5])), [5.3e-5, 7e-5])


def test_errors_show_the_first_five_values():
    with pytest.raises(ValueError, match=r"values \[-1.0, 1.0, 2.0, 3.0, 4.0\]$"):
        metrics.oks_area_px(np.zeros((6, 1, 2)), np.ones((6, 1)), np.array([-1.0, 1, 2, 3, 4, 5]))


def test_oks_without_labels_is_nan():
    found = metrics.oks(PREDICTED, TRUE, np.array([[0, 0, 0], [0, 0, 2]]), np.array([9, 50]), np.full(3, 0.1))
    # 2 px off: 4 / (2 * 50 * 0.2^2) = 1.
    np.testing.assert_allclose(found, [NAN, np.exp(-1)])


def test_metrics_load_neither_tensorflow_nor_matplotlib():
    modules = "evaluate.pose_2d.metrics, evaluate.pose_2d.summary"
    code = f"import sys, {modules}; print({{'tensorflow', 'matplotlib', 'keras'}} & {{*sys.modules}})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
