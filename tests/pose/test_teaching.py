"""Answers of several models and labels of the same people, whose differences are known."""

import numpy as np
import pytest

from pose import BODY26, COCO17, LSP14
from pose.teaching import Habit, consensus, person_size, taught, trunk_deg

NOSE = BODY26.index("nose")
LABELED = np.array([joint in LSP14.joints for joint in BODY26.joints])


def bodies(count, seed=0):
    """Joints of people in all directions, float (N, 26, 2) px, some 200 px long."""
    random = np.random.default_rng(seed)
    angle = random.uniform(0, 2 * np.pi, count)
    turn = np.stack([np.stack([np.cos(angle), -np.sin(angle)], 1), np.stack([np.sin(angle), np.cos(angle)], 1)], 1)
    return random.uniform(-100, 100, (count, 26, 2)) @ turn.swapaxes(1, 2) + 300


def test_the_size_is_the_longer_side_of_the_known_joints():
    xy = np.array([[[0, 0], [30, 50], [999, 999]]], float)
    assert person_size(xy, np.array([[True, True, False]])).tolist() == [50]
    assert person_size(xy, np.array([[False, False, False]])).tolist() == [1]


def test_consensus_leaves_out_who_disagrees():
    truth = bodies(5)
    answers, scores = np.stack([truth + 1, truth - 1, truth + 90]), np.full((3, 5, 26), 0.8)
    scores[2] = 0.9
    xy, score = consensus(answers, scores, np.full(5, 200.0))
    np.testing.assert_allclose(xy, truth, atol=0.05)
    # Two of three agree, each 2.8 px from the other, where 10 px are a standard deviation.
    np.testing.assert_allclose(score, 0.8 * (1 + np.exp(-0.5 * 0.08)) / 3)


def test_consensus_counts_only_answers_that_have_the_joint():
    truth = bodies(3)
    scores = np.full((2, 3, 26), 0.6)
    scores[1, :, NOSE] = 0
    xy, score = consensus(np.stack([truth, truth]), scores, np.full(3, 200.0))
    np.testing.assert_allclose(xy, truth)
    np.testing.assert_allclose(score, 0.6)


def test_habits_turn_with_the_body():
    labels, known = bodies(200), np.ones((200, 26), bool)
    up = labels[:, [5, 6]].mean(axis=1) - labels[:, [11, 12]].mean(axis=1)
    answers = labels.copy()
    answers[:, 11] += 0.02 * up + 0.04 * (labels[:, 11] - labels[:, 12])
    answers[::7, 11] += 150  # Mistakes, which are too far away to count.
    habit = Habit.fit(labels, known, answers, known, BODY26)
    np.testing.assert_allclose(habit.shares[11], [0.02, 0, 0.04], atol=1e-9)
    np.testing.assert_allclose(np.delete(habit.shares, 11, axis=0), 0, atol=1e-9)
    others = bodies(4, seed=1)
    moved = habit.apply(others, known[:4], BODY26)
    up = others[:, [5, 6]].mean(axis=1) - others[:, [11, 12]].mean(axis=1)
    np.testing.assert_allclose(moved[:, 11], others[:, 11] + 0.02 * up + 0.04 * (others[:, 11] - others[:, 12]))


def test_habits_need_pairs_and_a_trunk():
    labels, known = bodies(15), np.ones((15, 26), bool)
    assert not Habit.fit(labels, known, labels + 3, known, BODY26).shares.any()
    known[:, BODY26.index("left_hip")] = False
    habit = Habit(np.full((26, 3), 0.1))
    np.testing.assert_array_equal(habit.apply(labels, known, BODY26), labels)


def cases(count=40):
    """Labels of LSP's joints, and answers that agree."""
    truth = bodies(count)
    visible = np.where(LABELED, 2, 0) * np.ones((count, 1), int)
    return truth, visible, truth.copy(), np.full((count, 26), 0.9)


def test_answers_replace_labels_that_they_agree_with_and_no_others():
    truth, visible, answers, scores = cases()
    wrist = BODY26.index("left_wrist")
    labels = truth + 1.5
    labels[3, wrist] += 80
    xy, seen = taught(labels, visible, answers, scores, BODY26)
    near = np.ones((40, 26), bool)
    near[3, wrist] = False
    np.testing.assert_allclose(xy[near], truth[near])
    np.testing.assert_array_equal(xy[3, wrist], labels[3, wrist])
    assert (seen[:, LABELED] == 2).all()


def test_a_face_to_which_no_limb_leads_is_filled_in_too():
    truth = bodies(40)[:, :17]
    arms_and_legs = np.arange(17) >= 5
    visible = np.where(arms_and_legs, 2, 0) * np.ones((40, 1), int)
    labels = np.where(arms_and_legs[:, None], truth, 0)
    labels[3, 5:] += 80
    xy, seen = taught(labels, visible, truth, np.full((40, 17), 0.9), COCO17)
    agrees = np.arange(40) != 3
    assert (seen[agrees] == 2).all() and (seen[3] == visible[3]).all()
    np.testing.assert_allclose(xy[agrees, :5], truth[agrees, :5])


def test_exact_labels_stay():
    truth, visible, answers, scores = cases()
    xy, seen = taught(truth, visible, answers + 3, scores, BODY26, exact=True)
    np.testing.assert_array_equal(xy[:, LABELED], truth[:, LABELED])
    np.testing.assert_allclose(xy[:, ~LABELED], truth[:, ~LABELED] + 3)


def test_joints_without_labels_are_added_where_models_are_sure_and_believed():
    truth, visible, answers, scores = cases()
    scores[1, NOSE] = 0.2
    answers[2] += 300  # Somebody else.
    xy, seen = taught(truth, visible, answers, scores, BODY26)
    assert seen[0, NOSE] == 2 and seen[1, NOSE] == 0 and not seen[2, ~LABELED].any()
    np.testing.assert_allclose(xy[0], truth[0], atol=1e-6)
    assert not xy[1, NOSE].any()
    np.testing.assert_allclose(xy[2, LABELED], truth[2, LABELED], atol=1e-6)


def test_a_foot_is_added_where_models_agree_about_its_ankle():
    truth, visible, answers, scores = cases()
    ankle, feet = BODY26.index("left_ankle"), [BODY26.index(f"left_{part}") for part in ("heel", "big_toe")]
    answers[4, [ankle, *feet]] += 120
    _, seen = taught(truth, visible, answers, scores, BODY26)
    others = [BODY26.index(f"right_{part}") for part in ("heel", "big_toe")]
    assert not seen[4, feet].any() and (seen[4, others] == 2).all() and (seen[5, feet] == 2).all()


def test_answers_with_left_and_right_exchanged_are_exchanged_back():
    truth, visible, answers, scores = cases()
    answers[5], scores[5, BODY26.index("left_eye")] = answers[5, BODY26.flip_order], 0.1
    xy, seen = taught(truth, visible, answers, scores, BODY26)
    eye = BODY26.index("right_eye")
    np.testing.assert_allclose(xy[5, seen[5] > 0], truth[5, seen[5] > 0], atol=1e-6)
    assert seen[5, eye] == 0 and seen[5, BODY26.index("left_eye")] == 2


@pytest.mark.parametrize("angle", [-170, -90, 0, 30, 120])
def test_the_trunks_angle(angle):
    xy = np.zeros((26, 2))
    xy[[5, 6, 11, 12]] = [(10, -100), (-10, -100), (8, 0), (-8, 0)]
    cos, sin = np.cos(np.deg2rad(angle)), np.sin(np.deg2rad(angle))
    assert trunk_deg(xy @ [[cos, sin], [-sin, cos]], np.full(26, 2), BODY26) == pytest.approx(angle)
    assert trunk_deg(xy, np.zeros(26, int), BODY26) == 0
