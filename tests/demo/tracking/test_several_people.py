"""Several people at once, with a painted model that finds one magenta rectangle, the largest of those it sees."""

import cv2
import numpy as np
import pytest

from demo.tracking.estimator import Pose
from demo.tracking.rule import FollowRule
from demo.tracking.tracker import Crowd, shared_part
from pose import Crop

SIZE = (480, 960)
LEFT, MIDDLE, RIGHT = (150, 250, 260), (480, 250, 220), (800, 250, 240)


@pytest.fixture
def largest(fake_model):
    """The fake model, which alone would take two rectangles for one person."""

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
    """Follows painted people: `follow(crowd or number, frames of people)` -> the crowd and its poses in each frame."""

    def run(crowd, frames, start_s=0.0):
        if isinstance(crowd, int):
            crowd = Crowd(largest, fake_model.skeleton, fake_model.size, fake_model.padding, people=crowd)
        poses = []
        for k, people in enumerate(frames):
            picture = paint(SIZE, None)
            for person in people:
                picture = np.where(paint(SIZE, person) == 90, picture, paint(SIZE, person))
            poses.append(crowd.update(picture, start_s + k / 30))
        return crowd, poses

    return run


def middles(poses):
    """Rounded x of each person's middle, by number."""
    return {number: round(float(np.mean([p.xy_px[:, 0].min(), p.xy_px[:, 0].max()]))) for number, p in poses.items()}


def near(poses, people):
    """Whether the people found stand where the painted ones do."""
    found = sorted(middles(poses).values())
    return len(found) == len(people) and np.abs(np.subtract(found, sorted(x for x, _, _ in people))).max() < 8


def test_the_share_of_two_boxes_by_hand():
    box = np.array([0.0, 0.0, 10.0, 10.0])
    assert shared_part(box, np.array([5.0, 0.0, 10.0, 20.0])) == pytest.approx(0.5)
    assert shared_part(box, np.array([2.0, 2.0, 2.0, 2.0])) == 1.0
    assert shared_part(box, np.array([10.0, 0.0, 5.0, 5.0])) == 0.0
    assert shared_part(box, np.zeros(4)) == 0.0


def test_three_people_are_found_within_a_second_and_keep_their_numbers(follow):
    people = (LEFT, MIDDLE, RIGHT)
    crowd, poses = follow(4, 60 * [people])
    assert [len(found) for found in poses] == sorted(len(found) for found in poses)
    assert near(poses[25], people) and near(poses[-1], people) and crowd.count == 3
    assert set(poses[-1]) == {1, 2, 3} and middles(poses[25]) == pytest.approx(middles(poses[-1]), abs=4)
    assert sum(pose.fresh for found in poses for pose in found.values()) == 3


def test_no_more_than_asked_for(follow):
    _, poses = follow(2, 90 * [(LEFT, MIDDLE, RIGHT)])
    assert len(poses[-1]) == 2 and max(map(len, poses)) == 2


def test_who_comes_back_soon_keeps_the_number_and_who_comes_late_gets_a_new_one(follow):
    crowd, poses = follow(2, 30 * [(LEFT, RIGHT)])
    number = min(poses[-1], key=lambda key: abs(middles(poses[-1])[key] - RIGHT[0]))
    crowd, away = follow(crowd, 15 * [(LEFT,)], 1.0)
    assert set(away[-1]) == set(poses[-1]) - {number}
    crowd, back = follow(crowd, 35 * [(LEFT, RIGHT)], 1.5)
    assert set(back[-1]) == set(poses[-1]) and near(back[-1], (LEFT, RIGHT))
    crowd, _ = follow(crowd, 90 * [(LEFT,)], 3.0)
    _, late = follow(crowd, 40 * [(LEFT, RIGHT)], 6.0)
    assert near(late[-1], (LEFT, RIGHT)) and max(late[-1]) == 3


def test_two_who_meet_are_one_until_they_part(follow):
    """The smaller walks into the larger, and out on the other side."""
    frames = [((480, 250, 300), (140 + 6 * k, 250, 200)) for k in range(110)]
    _, poses = follow(2, frames)
    assert near(poses[20], frames[20])
    hidden = [k for k, found in enumerate(poses) if abs(140 + 6 * k - 480) < 60 and len(found) > 1]
    assert len(hidden) <= 2
    assert near(poses[-1], frames[-1])


def test_one_person_is_never_followed_twice(follow):
    crowd, poses = follow(4, [[(150 + 5 * k, 250, 260)] for k in range(120)])
    assert {len(found) for found in poses} == {1} and crowd.count == 1


def test_a_frame_of_another_size_begins_afresh(follow, fake_model, largest, paint):
    crowd, _ = follow(2, 30 * [(LEFT, RIGHT)])
    found = crowd.update(paint((240, 480), (240, 120, 120)), 1.0)
    assert [pose.fresh for pose in found.values()] == [True]
    assert middles(found) == {3: pytest.approx(240, abs=3)}


def test_a_look_around_costs_one_crop_a_frame(fake_model, largest, paint):
    batches = []

    def counted(pictures):
        batches.append(len(pictures))
        return largest(pictures)

    rule = FollowRule(search_every_s=1.0)
    crowd = Crowd(counted, fake_model.skeleton, fake_model.size, fake_model.padding, rule)
    picture = paint(SIZE, LEFT)
    for k in range(60):
        crowd.update(picture, k / 30)
    # At first seven squares and two closer looks. Later, once a second, one more in each of seven frames, and at the
    # end of the round the best again and its closer looks.
    assert batches[0] == 7 and max(batches[1:]) == 2 and batches.count(2) == 7
    assert 59 + 2 <= len(batches) - 1 <= 59 + 2 + 3


@pytest.mark.parametrize("people", [0, 5])
def test_how_many_can_be_followed(fake_model, people):
    with pytest.raises(ValueError, match=f"people must be 1 to 4, got {people}"):
        Crowd(fake_model.predict, fake_model.skeleton, 96, 1.4, people=people)


def test_everybody_in_a_still_picture_is_found_in_its_one_frame(follow):
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
def test_two_who_share_three_fifths_of_a_box_are_one_person(fake_model, moved_px, same):
    """Of boxes 100 px wide, (100 - 39) / 100 is shared, or (100 - 41) / 100."""
    crowd = Crowd(fake_model.predict, fake_model.skeleton, 96, 1.4, people=2)
    crowd.update(np.full((*SIZE, 3), 90, np.uint8), 0.0)
    assert crowd._same(boxed((100, 100, 100, 200)), boxed((100 + moved_px, 100, 100, 200))) == same


def test_who_is_followed_is_painted_over_with_a_margin_of_a_tenth_of_their_longer_side(fake_model, paint):
    crowd = Crowd(fake_model.predict, fake_model.skeleton, fake_model.size, fake_model.padding, people=2)
    (pose,) = crowd.update(paint(SIZE, MIDDLE), 0.0).values()
    (left, top), (right, bottom) = pose.xy_px.min(axis=0), pose.xy_px.max(axis=0)
    grey = np.argwhere((crowd._covered(np.zeros((*SIZE, 3), np.uint8)) == 128).all(axis=-1))
    margin = 0.1 * (bottom - top)
    expected = [[top - margin, left - margin], [bottom + margin, right + margin]]
    np.testing.assert_allclose([grey.min(axis=0), grey.max(axis=0)], expected, atol=1)
