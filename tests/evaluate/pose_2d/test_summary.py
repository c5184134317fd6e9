"""The summary: which joints the headline averages, and the figures beside it."""

import math

import numpy as np
import pytest

from evaluate import HEADLINE, summarize
from evaluate.pose_2d.summary import mean_of_known
from pose import COCO17, LSP14, MPII16

_NAMES = ("pck@0.05", "pck@0.1", "pck@0.2", "pck_head@0.5", "pckh@0.5")


def labels_of(skeleton, people):
    joints = skeleton.num_joints
    xy = np.arange(people * joints * 2, dtype=np.float32).reshape(people, joints, 2)
    return {
        "joints_xy_px": xy,
        "visible": np.full((people, joints), 2),
        "torso_px": np.full(people, 100.0),
        "head_px": np.full(people, 20.0),
        "head_size_px": np.full(people, 18.0),
        "area_px": np.full(people, 5000.0),
    }


def test_perfect_predictions():
    labels = labels_of(LSP14, 3)
    summary = summarize(labels["joints_xy_px"], labels, LSP14)
    assert summary.people == 3
    assert summary.invalid == 0
    assert summary.labeled.tolist() == [3] * 14
    scalars = summary.scalars()
    assert scalars.pop("error_px") == 0
    assert list(scalars) == [
        HEADLINE,
        "pck@0.05",
        "pck@0.1",
        "pck@0.2",
        "pck_head@0.5",
        "pckh@0.5",
        "auc",
        "pcp@0.5",
        "oks",
    ]
    assert set(scalars.values()) == {1.0}


def test_the_headline_is_the_mean_over_arms_and_legs_only():
    labels = labels_of(LSP14, 4)
    predicted = labels["joints_xy_px"].astype(float)
    # Neck and head top are never right; one of 12 limb joints is right for 1 of 4 people.
    predicted[:, [LSP14.index("neck"), LSP14.index("head_top")]] += 500
    predicted[:3, LSP14.index("left_wrist")] += 500
    summary = summarize(predicted, labels, LSP14)
    assert summary.headline == pytest.approx((11 + 0.25) / 12)
    assert summary.scalars()["pck@0.2"] == pytest.approx((11 + 0.25) / 14)


def test_the_three_thresholds_and_the_head():
    labels = labels_of(LSP14, 1)
    # 11 px: 0.11 of the torso, 0.55 and 0.61 of the head's span and size; 9 px: 0.09, 0.45 and 0.5.
    summary = summarize(labels["joints_xy_px"] + np.array([11.0, 0]), labels, LSP14)
    assert [summary.scalars()[name] for name in _NAMES] == [0, 0, 1, 0, 0]
    summary = summarize(labels["joints_xy_px"] + np.array([0, 9.0]), labels, LSP14)
    assert [summary.scalars()[name] for name in _NAMES] == [0, 1, 1, 1, 1]
    assert summary.scalars()["auc"] == pytest.approx(1 - 0.09 / 0.5)
    assert summary.scalars()["error_px"] == pytest.approx(9)


def test_without_a_head_span_or_a_head_box_a_figure_is_unknown():
    labels = {**labels_of(COCO17, 2), "head_px": np.zeros(2)}
    scalars = summarize(labels["joints_xy_px"], labels, COCO17).scalars()
    assert math.isnan(scalars["pck_head@0.5"]) and scalars["pckh@0.5"] == 1
    labels = {**labels_of(LSP14, 2), "head_size_px": np.zeros(2)}
    scalars = summarize(labels["joints_xy_px"], labels, LSP14).scalars()
    assert scalars["pck_head@0.5"] == 1 and math.isnan(scalars["pckh@0.5"])


def test_pckh_is_mpiis():
    """By hand: half of the head's size is 9 px; pelvis and thorax do not count; all labeled joints have the same
    weight."""
    labels = labels_of(MPII16, 3)
    labels["head_size_px"][2] = 0  # Unknown: this person is left out.
    predicted = labels["joints_xy_px"].astype(float)
    wrist, ankle = MPII16.index("left_wrist"), MPII16.index("right_ankle")
    predicted[0, wrist] += (0, 9.5)
    predicted[1, wrist] += (0, 9)
    predicted[:, [MPII16.index("pelvis"), MPII16.index("thorax")]] += 500
    predicted[2] += 500
    labels["visible"][0, ankle] = 0
    summary = summarize(predicted, labels, MPII16)
    assert summary.pckh[wrist] == 0.5 and summary.pckh[MPII16.index("pelvis")] == 0 and summary.pckh[ankle] == 1
    # 14 joints of two people, less one that is not labeled; one of them is wrong.
    assert summary.scalars()["pckh@0.5"] == pytest.approx(26 / 27)


def test_invalid_predictions_are_counted():
    labels = labels_of(LSP14, 2)
    labels["visible"][0, 0] = 0
    predicted = labels["joints_xy_px"].astype(float)
    predicted[0, :3, 0] = np.nan
    summary = summarize(predicted, labels, LSP14)
    assert summary.invalid == 2  # The third is not labeled.
    assert summary.scalars()["error_px"] == math.inf


def test_no_one_and_another_skeleton_raise():
    labels = labels_of(LSP14, 2)
    with pytest.raises(ValueError, match="coco17 has 17 joints, got labels of shape"):
        summarize(labels["joints_xy_px"], labels, COCO17)
    empty = {name: values[:0] for name, values in labels.items()}
    with pytest.raises(ValueError, match="at least one person, got none"):
        summarize(empty["joints_xy_px"], empty, LSP14)


def test_mean_of_known():
    assert mean_of_known([1, np.nan, 3]) == 2
    assert math.isnan(mean_of_known([np.nan]))
