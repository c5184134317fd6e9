"""Tracking of several people, with a model that finds the largest magenta rectangle of a crop."""

import cv2
import numpy as np
import pytest

from demo.tracking.estimator import Pose
from demo.tracking.rule import FollowRule
from demo.tracking.tracker import Tracker, overlap_of_smaller
from pose import Crop

SIZE = (480, 960)
LEFT, MIDDLE, RIGHT = (150, 250, 260), (480, 250, 220), (800, 250, 240)


@pytest.fixture
def largest(fake_model):
    """The fake model, restricted to the largest rectangle; it would take two for one person."""

    def predict(pictures):
        alone = []
        for picture in pictures:
            mask = (picture[..., 0] > 128) & (picture[..., 2] > 128) & (picture[..., 1] < 100)
            count, labels, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8))
            keep = 1 + int(stats[1:, cv2.CC_STAT_AREA].argmax()) if count > 1 else -1
            alone.append(np.where((labels == keep)[..., None], picture, 90).astype(np.uint8))
        return fake_model.predict(np.stack(alone))

    return predict


@pytest.fixture
def follow(fake_model, largest, paint):
    """Tracks painted people: `follow(tracker or number, frames of people)` -> tracker, poses of each frame."""

    def run(tracker, frames, start_s=0.0):
        if isinstance(tracker, int):
            tracker = Tracker(largest, fake_model.skeleton, fake_model.size, fake_model.padding, people=tracker)
        poses = []
        for k, people in enumerate(frames):
            picture = paint(SIZE, None)
            for person in people:
                picture = np.where(paint(SIZE, person) == 90, picture, paint(SIZE, person))
            poses.append(tracker.update(picture, start_s + k / 30))
        return tracker, poses

    return run


def middles(poses):
    """Rounded x of each person's middle, by number."""
    return {number: round(float(np.mean([p.xy_px[:, 0].min(), p.xy_px[:, 0].max()]))) for number, p in poses.items()}


def near(poses, people):
    """Whether the people found are where they are painted."""
    found = sorted(middles(poses).values())
    return len(found) == len(people) and np.abs(np.subtract(found, sorted(x for x, _, _ in people))).max() < 8


def test_overlap_of_smaller_by_hand():
    box = np.array([0.0, 0.0, 10.0, 10.0])
    assert overlap_of_smaller(box, np.array([5.0, 0.0, 10.0, 20.0])) == pytest.approx(0.5)
    assert overlap_of_smaller(box, np.array([2.0, 2.0, 2.0, 2.0])) == 1.0
    assert overlap_of_smaller(box, np.array([10.0, 0.0, 5.0, 5.0])) == 0.0
    assert overlap_of_smaller(box, np.zeros(4)) == 0.0


def test_three_people_are_found_within_a_second_and_keep_their_numbers(follow):
    people = (LEFT, MIDDLE, RIGHT)
    tracker, poses = follow(4, 60 * [people])
    assert [len(found) for found in poses] == sorted(len(found) for found in poses)
    assert near(poses[25], people) and near(poses[-1], people) and tracker.count == 3
    assert set(poses[-1]) == {1, 2, 3} and middles(poses[25]) == pytest.approx(middles(poses[-1]), abs=4)
    assert sum(pose.fresh for found in poses for pose in found.values()) == 3


def test_no_more_people_than_the_maximum_are_tracked(follow):
    _, poses = follow(2, 90 * [(LEFT, MIDDLE, RIGHT)])
    assert len(poses[-1]) == 2 and max(map(len, poses)) == 2


def test_a_number_is_kept_for_two_seconds(follow):
    tracker, poses = follow(2, 30 * [(LEFT, RIGHT)])
    number = min(poses[-1], key=lambda key: abs(middles(poses[-1])[key] - RIGHT[0]))
    tracker, away = follow(tracker, 15 * [(LEFT,)], 1.0)
    assert set(away[-1]) == set(poses[-1]) - {number}
    tracker, back = follow(tracker, 35 * [(LEFT, RIGHT)], 1.5)
    assert set(back[-1]) == set(poses[-1]) and near(back[-1], (LEFT, RIGHT))
    tracker, _ = follow(tracker, 90 * [(LEFT,)], 3.0)
    _, late = follow(tracker, 40 * [(LEFT, RIGHT)], 6.0)
    assert near(late[-1], (LEFT, RIGHT)) and max(late[-1]) == 3


def test_two_people_who_meet_are_one_until_they_part(follow):
    """The smaller person walks past the larger one."""
    frames = [((480, 250, 300), (140 + 6 * k, 250, 200)) for k in range(110)]
    _, poses = follow(2, frames)
    assert near(poses[20], frames[20])
    hidden = [k for k, found in enumerate(poses) if abs(140 + 6 * k - 480) < 60 and len(found) > 1]
    assert len(hidden) <= 2
    assert near(poses[-1], frames[-1])


def test_one_person_has_one_track(follow):
    tracker, poses = follow(4, [[(150 + 5 * k, 250, 260)] for k in range(120)])
    assert {len(found) for found in poses} == {1} and tracker.count == 1


def test_a_frame_of_another_size_ends_all_tracks(follow, fake_model, largest, paint):
    tracker, _ = follow(2, 30 * [(LEFT, RIGHT)])
    found = tracker.update(paint((240, 480), (240, 120, 120)), 1.0)
    assert [pose.fresh for pose in found.values()] == [True]
    assert middles(found) == {3: pytest.approx(240, abs=3)}


def test_a_search_round_costs_one_crop_per_frame(fake_model, largest, paint):
    batches = []

    def counted(pictures):
        batches.append(len(pictures))
        return largest(pictures)

    rule = FollowRule(search_every_s=1.0)
    tracker = Tracker(counted, fake_model.skeleton, fake_model.size, fake_model.padding, rule)
    picture = paint(SIZE, LEFT)
    for k in range(60):
        tracker.update(picture, k / 30)
    # At first seven squares and two refinements. Later, once a second, one more square in each of seven frames, and at
    # the end of the round the best square again and its refinements.
    assert batches[0] == 7 and max(batches[1:]) == 2 and batches.count(2) == 7
    assert 59 + 2 <= len(batches) - 1 <= 59 + 2 + 3


@pytest.mark.parametrize("people", [0, 5])
def test_an_invalid_number_of_people_raises(fake_model, people):
    with pytest.raises(ValueError, match=f"people must be 1 to 4, got {people}"):
        Tracker(fake_model.predict, fake_model.skeleton, 96, 1.4, people=people)


def test_everybody_in_a_single_image_is_found(follow):
    people = (LEFT, MIDDLE, RIGHT)
    _, (poses,) = follow(4, [people])
    assert near(poses, people) and all(pose.fresh for pose in poses.values())
    _, (poses,) = follow(2, [people])
    assert len(poses) == 2


def boxed(box, score=0.9):
    """A pose whose trusted joints span a box (x, y, width, height)."""
    x, y, width, height = box
    corners = np.array([[x, y], [x + width, y + height]], float)
    return Pose(corners[np.arange(19) % 2], np.full(19, score), Crop.centered((x, y), 100, 96))


@pytest.mark.parametrize("moved_px, same", [(39, True), (41, False)])
def test_boxes_that_overlap_by_three_fifths_are_one_person(fake_model, moved_px, same):
    """Boxes of 100 px width overlap by (100 - 39) / 100 or (100 - 41) / 100."""
    tracker = Tracker(fake_model.predict, fake_model.skeleton, 96, 1.4, people=2)
    tracker.update(np.full((*SIZE, 3), 90, np.uint8), 0.0)
    assert tracker._is_same_person(boxed((100, 100, 100, 200)), boxed((100 + moved_px, 100, 100, 200))) == same


def test_tracked_people_are_masked_with_a_margin_of_a_tenth_of_their_longer_side(fake_model, paint):
    tracker = Tracker(fake_model.predict, fake_model.skeleton, fake_model.size, fake_model.padding, people=2)
    (pose,) = tracker.update(paint(SIZE, MIDDLE), 0.0).values()
    (left, top), (right, bottom) = pose.xy_px.min(axis=0), pose.xy_px.max(axis=0)
    grey = np.argwhere((tracker._masked(np.zeros((*SIZE, 3), np.uint8)) == 128).all(axis=-1))
    margin = 0.1 * (bottom - top)
    expected = [[top - margin, left - margin], [bottom + margin, right + margin]]
    np.testing.assert_allclose([grey.min(axis=0), grey.max(axis=0)], expected, atol=1)
