"""MPII's multi-person mAP, by hand."""

import numpy as np
import pytest

from evaluate.poses_2d.frames import Ignored
from evaluate.poses_2d.mpii_map import average_precision, mpii_ap
from pose import Skeleton

PAIR = Skeleton("pair", ("top", "bottom"))
BODY = np.array([(0.0, 0), (0, 50)])


def test_the_area_under_the_curve_by_hand():
    # Right, wrong, right of 3: precision 1 at recall 1/3, 2/3 at recall 2/3, nothing beyond.
    assert average_precision([0.9, 0.8, 0.7], [True, False, True], 3) == pytest.approx((1 + 2 / 3) / 3)
    # A wrong one first does not count less than what follows allows: 1/2, 2/3 -> 2/3 at both.
    assert average_precision([0.9, 0.8, 0.7], [False, True, True], 2) == pytest.approx(2 / 3)
    assert average_precision([], [], 2) == 0 and np.isnan(average_precision([0.5], [False], 0))


def test_people_are_paired_by_their_right_joints(labeled, found):
    frame = labeled([(0, 0), (200, 0)], head=20.0, joints=BODY)
    # The second is 10 px off, just within half of the head; the first's bottom is 11 px off.
    people = [[(200, 10), (200, 40)], [(0, 0), (11, 50)]]
    scores = [[0.5, 0.5], [0.9, 0.9]]
    top, bottom = mpii_ap([frame], [found(people, joint_scores=scores)], PAIR)
    # Bottom: wrong at 0.9, right at 0.5: precision 1/2 at recall 1/2.
    assert (top, bottom) == pytest.approx((1, 0.25))


def test_the_second_on_one_person_and_unlabeled_joints_are_wrong(labeled, found):
    frame = labeled([(0, 0)], head=20.0, joints=BODY, visible=[[2, 0]])
    people = [[(3, 0), (0, 50)], [(0, 0), (np.nan, np.nan)]]
    top, bottom = mpii_ap([frame], [found(people, joint_scores=[[0.9, 0.9], [0.5, 0.5]])], PAIR)
    # Both fit equally; the first keeps the label, and the second, with a lower score, spoils nothing.
    assert top == pytest.approx(1) and np.isnan(bottom)
    # Elsewhere the bottom is labeled, and the joint where it is not counts before it.
    other = labeled([(0, 0)], head=20.0, joints=BODY)
    right = found([BODY], joint_scores=[[0.5, 0.5]])
    pairs = [found(people[:1], joint_scores=[[0.9, 0.9]]), right]
    assert mpii_ap([frame, other], pairs, PAIR)[1] == pytest.approx(0.5)


def test_who_is_not_labeled_and_images_without_heads_are_left_out(labeled, found):
    far = BODY + (500, 0)
    false = found([BODY, far], joint_scores=[[0.5, 0.5], [0.9, 0.9]])
    assert mpii_ap([labeled([(0, 0)], head=20.0, joints=BODY)], [false], PAIR) == pytest.approx([0.5, 0.5])
    ignored = Ignored(np.array([[480.0, -10, 40, 80]]), np.array([900.0]), np.ones(1, bool))
    there = labeled([(0, 0)], head=20.0, joints=BODY, ignored=ignored)
    without = labeled([(0, 0)], joints=BODY)
    assert mpii_ap([there, without], [false, found([])], PAIR) == pytest.approx([1, 1])
    assert np.isnan(mpii_ap([without], [false], PAIR)).all()
