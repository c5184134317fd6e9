"""OKS-AP: perfect and worthless predictions, and agreement with the project's own OKS."""

import numpy as np
import pytest

from evaluate.pose_2d.metrics import oks
from evaluate.pose_2d.oks_ap import average_precision
from pose import LSP14, PANOPTIC19

THRESHOLDS = np.linspace(0.5, 0.95, 10)


def some_people(skeleton, people, seed=0):
    random = np.random.default_rng(seed)
    xy = random.uniform(10, 200, (people, skeleton.num_joints, 2))
    visible = random.integers(0, 3, (people, skeleton.num_joints))
    visible[:, :2] = 2
    return {"joints_xy_px": xy, "visible": visible, "area_px": random.uniform(3000, 9000, people)}


@pytest.mark.parametrize("skeleton", [LSP14, PANOPTIC19], ids=lambda skeleton: skeleton.name)
def test_perfect_predictions_have_ap_1(skeleton, capsys):
    labels = some_people(skeleton, 5)
    found = average_precision(labels["joints_xy_px"], np.ones((5, skeleton.num_joints)), labels, skeleton)
    assert (found.ap, found.ap50, found.ap75, found.ar, found.people) == pytest.approx((1, 1, 1, 1, 5))
    assert capsys.readouterr().out == ""


def test_agrees_with_the_projects_own_oks_and_orders_by_score():
    people = 12
    labels = some_people(LSP14, people)
    random = np.random.default_rng(3)
    jitter = random.uniform(1, 14, (people, 1, 1)) * random.normal(size=(people, 14, 2))
    predicted, scores = labels["joints_xy_px"] + jitter, random.uniform(0, 1, (people, 14))
    similarity = oks(predicted, labels["joints_xy_px"], labels["visible"], labels["area_px"], LSP14.sigmas)
    assert 0.2 < similarity.min() < 0.6 < 0.8 < similarity.max()  # Otherwise the thresholds would not matter.
    right = similarity[np.argsort(-scores.mean(axis=1))] >= THRESHOLDS[:, None]
    precision = [interpolated_precision(row) for row in right]
    found = average_precision(predicted, scores, labels, LSP14)
    assert found.ap == pytest.approx(np.mean(precision))
    assert found.ap50 == pytest.approx(precision[0])
    assert found.ap75 == pytest.approx(precision[5])
    assert found.ar == pytest.approx(right.mean())


def interpolated_precision(right):
    """Average precision at 101 recalls of detections in order of their scores, one for each person."""
    recall = np.cumsum(right) / len(right)
    precision = np.cumsum(right) / np.arange(1, len(right) + 1)
    best_from = np.maximum.accumulate(precision[::-1])[::-1]
    place = np.searchsorted(recall, np.linspace(0, 1, 101), side="left")
    return np.mean([best_from[i] if i < len(right) else 0 for i in place])


def test_by_hand():
    # Two people, one right, one wrong at every threshold. Right one first: precision 1 up to recall 0.5, which is
    # 51 of the 101 recalls; wrong one first: precision 0.5 there.
    labels = some_people(LSP14, 2)
    predicted = labels["joints_xy_px"].copy()
    predicted[1] += 400
    first, last = np.full(14, 0.9), np.full(14, 0.1)
    found = average_precision(predicted, np.stack([first, last]), labels, LSP14)
    assert (found.ap, found.ar) == pytest.approx((51 / 101, 0.5))
    found = average_precision(predicted, np.stack([last, first]), labels, LSP14)
    assert (found.ap, found.ar) == pytest.approx((0.5 * 51 / 101, 0.5))


def test_predictions_that_are_not_finite_are_wrong():
    labels = some_people(LSP14, 3)
    predicted = np.full_like(labels["joints_xy_px"], np.nan)
    found = average_precision(predicted, np.full((3, 14), np.nan), labels, LSP14)
    assert (found.ap, found.ar, found.people) == (0, 0, 3)


def test_unknown_areas_come_from_the_joints_box_and_people_without_one_are_left_out():
    labels = some_people(LSP14, 3)
    labels["area_px"][:] = 0
    labels["visible"][2] = 0
    labels["visible"][2, 4] = 2
    found = average_precision(labels["joints_xy_px"], np.ones((3, 14)), labels, LSP14)
    assert (found.ap, found.people) == (pytest.approx(1), 2)
    labels["visible"][:] = 0
    nobody = average_precision(labels["joints_xy_px"], np.ones((3, 14)), labels, LSP14)
    assert np.isnan([nobody.ap, nobody.ap50, nobody.ap75, nobody.ar]).all()
    assert nobody.people == 0


def test_a_joint_that_is_not_finite_is_wrong_and_the_others_count():
    labels = some_people(LSP14, 2)
    labels["visible"][:] = 2
    predicted = labels["joints_xy_px"].copy()
    predicted[0, :7] = np.nan
    predicted[0, 0] = [3, np.inf]
    one = {name: value[:1] for name, value in labels.items()}
    found = average_precision(predicted[:1], np.ones((1, 14)), one, LSP14)
    # Half the joints are right, so OKS is a half: right at the first threshold only.
    assert (found.ap50, found.ap75, found.ar) == pytest.approx((1, 0, 0.1))
    # All of the other person's are, so that person is right at all ten.
    assert average_precision(predicted, np.ones((2, 14)), labels, LSP14).ar == pytest.approx((0.1 + 1) / 2)


def test_a_score_that_is_not_a_number_counts_as_0_in_its_persons_mean():
    labels = some_people(LSP14, 2)
    predicted = labels["joints_xy_px"].copy()
    predicted[1] += 400
    scores = np.full((2, 14), 0.5)
    # A mean of 0.8 * 7 / 14 = 0.4, below the other's 0.5: the wrong one comes first.
    scores[0, :7], scores[0, 7:] = np.nan, 0.8
    assert average_precision(predicted, scores, labels, LSP14).ap == pytest.approx(0.5 * 51 / 101)
    scores[0, 7:] = 1.2
    assert average_precision(predicted, scores, labels, LSP14).ap == pytest.approx(51 / 101)


def test_the_area_that_is_known_decides():
    # 10 px off: exp(-100 / (2 area (2 sigma)^2)) of sigma 0.107 is 0.56 at 1900 px^2 and 0.32 at 950.
    labels = some_people(LSP14, 1)
    labels["visible"][:] = 0
    labels["visible"][0, LSP14.index("left_hip")] = 2
    for area_px, right in ((1900, 1), (950, 0)):
        labels["area_px"][:] = area_px
        found = average_precision(labels["joints_xy_px"] + [6, 8], np.ones((1, 14)), labels, LSP14)
        assert (found.ap50, found.people) == pytest.approx((right, 1))


@pytest.mark.parametrize(
    ("predicted", "visible", "message"),
    [((2, 14, 2), (3, 14), "predictions .2, 14, 2."), ((3, 14, 2), (3, 13), "visibility .3, 13.")],
)
def test_predictions_and_visibility_fit_the_labels(predicted, visible, message):
    labels = {**some_people(LSP14, 3), "visible": np.ones(visible, int)}
    with pytest.raises(ValueError, match=message):
        average_precision(np.zeros(predicted), np.ones(visible), labels, LSP14)


def test_shapes_are_checked():
    labels = some_people(LSP14, 3)
    with pytest.raises(ValueError, match=r"scores \(3,\)"):
        average_precision(labels["joints_xy_px"], np.ones(3), labels, LSP14)
