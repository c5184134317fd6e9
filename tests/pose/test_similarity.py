"""OKS, box overlap and suppression against values worked by hand."""

import numpy as np
import pytest

from pose.similarity import box_iou_matrix, oks_matrix, oks_suppression

# With area 1/8 and sigma 1 the similarity of a joint at distance d is exp(-d^2).
_AREA = 1 / 8


def test_oks_is_the_mean_of_the_joints_similarities():
    xy = np.array([[[0, 0], [10, 0]], [[5, 5], [6, 6]]], float)
    other = np.array([[[0, 1], [10, 0]], [[1, 1], [10, 2]], [[5, 5], [6, 6]]], float)
    found = oks_matrix(xy, other, [_AREA, _AREA], [1, 1])
    assert found.shape == (2, 3)
    assert found[0] == pytest.approx([(np.exp(-1) + 1) / 2, (np.exp(-2) + np.exp(-4)) / 2, np.exp(-50) / 2])
    assert found[1, 2] == 1


def test_oks_depends_on_area_and_sigmas_as_in_coco():
    xy, other = np.zeros((1, 2, 2)), np.array([[[3, 4], [0, 0]]], float)
    found = oks_matrix(xy, other, [100], [0.5, 0.1])
    assert found[0, 0] == pytest.approx((np.exp(-25 / (2 * 100 * 1**2)) + 1) / 2)
    # Areas of pairs.
    both = oks_matrix(xy, np.repeat(other, 2, 0), [[100, 400]], [0.5, 0.1])
    assert both[0] == pytest.approx([(np.exp(-25 / 200) + 1) / 2, (np.exp(-25 / 800) + 1) / 2])


def test_only_visible_joints_count_and_a_missing_prediction_counts_as_far_off():
    xy = np.array([[[0, 0], [np.nan, 0], [7, 7]]], float)
    other = np.array([[[0, 1], [0, 0], [50, 50]], [[np.nan, np.nan], [1, 1], [7, 7]]], float)
    assert oks_matrix(xy, other, [_AREA], [1, 1, 1], [[2, 2, 0]])[0] == pytest.approx([np.exp(-1), 0])
    assert oks_matrix(xy, other, [_AREA], [1, 1, 1])[0] == pytest.approx([np.exp(-1) / 2, 0.5])
    pairs = np.array([[[1, 1, 0], [0, 0, 1]]])
    assert oks_matrix(xy, other, [_AREA], [1, 1, 1], pairs)[0] == pytest.approx([np.exp(-1), 1])
    assert oks_matrix(xy, other, [_AREA], [1, 1, 1], np.zeros((1, 3)))[0].tolist() == [0, 0]
    assert oks_matrix(xy, other, [0], [1, 1, 1])[0].tolist() == [0, 0]


def test_oks_of_nobody_is_empty():
    assert oks_matrix(np.zeros((0, 2, 2)), np.zeros((3, 2, 2)), np.zeros(0), [1, 1]).shape == (0, 3)
    assert oks_matrix(np.zeros((3, 2, 2)), np.zeros((0, 2, 2)), np.ones(3), [1, 1]).shape == (3, 0)


@pytest.mark.parametrize(
    "change",
    [{"other_xy": np.zeros((2, 3, 2))}, {"areas": np.ones(2)}, {"sigmas": [1]}, {"visible": np.ones((1, 3))}],
)
def test_oks_says_which_shapes_do_not_fit(change):
    given = {"xy": np.zeros((1, 2, 2)), "other_xy": np.zeros((2, 2, 2)), "areas": np.ones(1), "sigmas": [1, 1]} | change
    with pytest.raises(ValueError, match=r"OKS needs people \(P, J, 2\) and \(Q, J, 2\)"):
        oks_matrix(**given)


def test_overlap_of_boxes():
    boxes = [[0, 0, 10, 10], [20, 20, 0, 0]]
    others = [[0, 0, 10, 10], [5, 0, 10, 10], [5, 5, 2, 5], [30, 0, 5, 5], [20, 20, 0, 0]]
    assert box_iou_matrix(boxes, others) == pytest.approx(np.array([[1, 1 / 3, 0.1, 0, 0], [0] * 5]))
    assert box_iou_matrix(np.zeros((0, 4)), others).shape == (0, 5)


def test_suppression_keeps_the_highest_score_of_duplicates():
    xy = np.array([[[0, 0]], [[0.1, 0]], [[9, 9]], [[0.9, 0]]], float)
    given = {"areas": np.full(4, _AREA), "sigmas": [1], "threshold": 0.5}
    # exp(-0.1^2) is above the threshold, exp(-0.8^2) from the best to the last too, exp(-0.9^2) is not.
    assert oks_suppression(xy, [0.5, 0.9, 0.4, 0.3], **given).tolist() == [1, 2]
    assert oks_suppression(xy, [0.9, 0.9, 0.4, 0.3], **given).tolist() == [0, 2, 3]
    assert oks_suppression(xy[:0], [], **given | {"areas": []}).tolist() == []
