"""Who was found, who is not there, how hard it was, and the summary of it all."""

import numpy as np
import pytest

from evaluate.poses_2d.difficulty import crowd_index, crowd_ratios, kinds_of_frames, kinds_of_people
from evaluate.poses_2d.frames import Ignored, LabeledFrame
from evaluate.poses_2d.matching import match, min_joints
from evaluate.poses_2d.summary import summarize_many
from pose import COCO17

CENTERS = [(100, 100), (300, 100)]


def test_each_labeled_person_is_found_once(labeled, found, upright):
    people = [upright + (300, 101), upright + (101, 100), upright + (102, 100), upright + (500, 100)]
    one = match(labeled(CENTERS), found(people), COCO17)
    # The nearer of the two on the first person; the other is not there, as is the last.
    assert one.partner.tolist() == [1, 0] and one.false.tolist() == [False, False, True, True]
    assert (one.oks > 0.9).all() and one.counted.all() and not one.missed.any() and one.joints_right.all()


def test_nobody_labeled_and_nobody_found(labeled, found, upright):
    none = match(labeled(CENTERS), found([]), COCO17)
    assert none.partner.tolist() == [-1, -1] and none.missed.all() and none.oks.tolist() == [0, 0]
    alone = match(labeled([]), found([upright]), COCO17)
    assert alone.false.tolist() == [True] and alone.partner.shape == (0,)


def test_people_with_few_labels_may_be_missed_and_may_be_found(labeled, found, upright):
    visible = np.full((2, 17), 2)
    visible[1, :10] = 0
    frame = labeled(CENTERS, visible=visible)
    one = match(frame, found([upright + CENTERS[0], upright + CENTERS[1]]), COCO17)
    assert one.counted.tolist() == [True, False] and not one.false.any()
    assert match(frame, found([]), COCO17).missed.tolist() == [True, False]
    assert (min_joints(17), min_joints(14), min_joints(4), min_joints(1)) == (8, 7, 2, 1)


def test_only_joints_that_the_finder_knows_are_compared(labeled, found, upright):
    person, known = upright + CENTERS[0], np.ones(17, bool)
    person[5:] = np.nan
    assert match(labeled(CENTERS[:1]), found([person]), COCO17).partner.tolist() == [-1]
    known[9:] = False  # 5 of 9 are right.
    one = match(labeled(CENTERS[:1]), found([person]), COCO17, known)
    assert one.partner.tolist() == [0] and one.oks == pytest.approx([5 / 9])
    assert one.joints_right.sum() == 5


def test_a_joint_is_right_up_to_a_similarity_of_a_half(labeled, found, upright):
    # exp(-d^2 / (8 * 4000 * 0.026^2)) is 0.5 at d = 3.87 px for the nose.
    for distance, right in ((3.8, True), (3.95, False)):
        person = upright + CENTERS[0]
        person[0, 0] += distance
        assert match(labeled(CENTERS[:1]), found([person]), COCO17).joints_right[0, 0] == right


def test_who_lies_on_someone_not_labeled_is_not_false(labeled, found, upright):
    ignored = Ignored(np.array([[580.0, 240, 40, 120]]), np.array([3000.0]), np.zeros(1, bool))
    frame = labeled(CENTERS[:1], ignored=ignored)
    # Within the box, beyond it by less than its size, and far off.
    people = [upright + (600, 300), upright + (630, 350), upright + (600, 700)]
    assert match(frame, found(people), COCO17).false.tolist() == [False, False, True]


def test_the_crowd_index_by_hand():
    xy = np.array([[(0.0, 0), (10, 10)], [(5, 5), (50, 50)], [(100, 100), (110, 110)]])
    boxes = np.array([[0.0, 0, 10, 10], [0, 0, 0, 0], [100, 100, 10, 10]])
    frame = LabeledFrame("k", xy, np.full((3, 2), 2), boxes, np.full(3, 100.0), np.zeros(3), Ignored.nobody())
    # One joint of the second in the first's box, one of the first in the second's (of its joints), none in the third's.
    assert crowd_ratios(frame).tolist() == [0.5, 0.5, 0] and crowd_index(frame) == pytest.approx(1 / 3)


def test_kinds_of_images_and_people(labeled):
    frames = [labeled([]), labeled(CENTERS[:1]), labeled([(100, 100), (101, 100)]), labeled(CENTERS)]
    kinds = kinds_of_frames(frames)
    assert kinds["people", "1"].tolist() == [False, True, False, False]
    assert kinds["people", "2"].tolist() == [False, False, True, True]
    assert kinds["crowd index", "hard, above 0.8"].tolist() == [False, False, True, False]
    assert kinds["crowd index", "easy, to 0.1"].tolist() == [False, True, False, True]
    sizes = kinds_of_people(labeled(CENTERS, area=1000.0))
    assert [who.tolist() for who in sizes.values()] == [[True, True], [False, False], [False, False]]


def test_the_summary_by_hand(labeled, found, upright):
    frames = [labeled(CENTERS, key="a"), labeled(CENTERS[:1], key="b", area=500.0)]
    people = [found([upright + CENTERS[0], upright + 700]), found([])]
    summary = summarize_many(frames, people, COCO17)
    assert (summary.frames, summary.people, summary.counted, summary.answers) == (2, 3, 3, 2)
    assert summary.found == pytest.approx(1 / 3) and summary.false == pytest.approx(1 / 2)
    assert summary.scalars()["ap"] == pytest.approx(34 / 101)
    np.testing.assert_allclose(summary.joints_found, 1 / 3)
    assert summary.labeled.tolist() == 17 * [3]
    kinds = {(kind.what, kind.name): kind for kind in summary.kinds}
    small = kinds["size", "small, to 32 px"]
    assert (small.people, small.found, small.frames) == (1, 0, None) and np.isnan(small.ap)
    assert kinds["size", "medium, to 96 px"].found == pytest.approx(1 / 2)
    two = kinds["people", "2"]
    assert (two.frames, two.people, two.found, two.false) == (1, 2, 0.5, 1)
    assert two.ap == pytest.approx(51 / 101)
    with pytest.raises(ValueError, match="at least one image"):
        summarize_many([], [], COCO17)
