"""Everybody in images and videos, with a model that sees everybody: a made-up one that sees gray dots."""

from types import SimpleNamespace

import cv2
import numpy as np
import pytest

from demo.finding.choose import max_people, tracker_for
from demo.finding.crowd import CrowdTracker
from demo.finding.finder import Finder
from demo.finding.views import View, views_of
from demo.tracking.rule import CompleteRule
from pose import Skeleton
from pose.people import People

# A person is a dot, whose gray level minus 100 is the score in per cent, and whose radius is 12 px of the frame.
SKELETON = Skeleton("square", ("a", "b", "c", "d"), ((0, 1),), pairs=(), sigmas=(0.1,) * 4, torso=None, head=None)
PLACES = np.array([[-1.0, -1.0], [1.0, -1.0], [1.0, 1.0], [-1.0, 1.0]])
SIZE, RADIUS = 128, 12
RULE = CompleteRule(joint_score=0.1, found_score=0.3, lost_score=0.2)


def frame(*dots, height=240, width=320):
    picture = np.zeros((height, width, 3), np.uint8)
    for x, y, score in dots:
        cv2.circle(picture, (x, y), RADIUS, (100 + score,) * 3, cv2.FILLED)
    return picture


def find(pictures):
    """The dots of each image of 3 px radius and more: smaller ones are not seen."""
    found = []
    for picture in pictures:
        count, labels, stats, centers = cv2.connectedComponentsWithStats((picture[..., 0] > 90).astype(np.uint8))
        people = []
        for number in range(1, count):
            half = max(stats[number, cv2.CC_STAT_WIDTH], stats[number, cv2.CC_STAT_HEIGHT]) / 2
            if half >= 3:
                score = (np.median(picture[labels == number]) - 100) / 100
                people.append((centers[number] + PLACES * half, np.full(4, score), score))
        joints, scores, person_scores = zip(*people, strict=True) if people else ([], [], [])
        shape = np.reshape(joints, (-1, 4, 2)), np.reshape(scores, (-1, 4)), np.reshape(person_scores, -1)
        found.append(People(*(np.asarray(value, float) for value in shape)))
    return found


def finder(batch=1):
    return Finder(find, SKELETON, SIZE, RULE, batch)


def middles(people):
    return sorted(np.round(people.joints_xy_px.mean(axis=1)).astype(int).tolist())


def test_views_are_the_whole_image_and_overlapping_squares_of_it():
    views = views_of(240, 320, 128, 2)
    assert views[0] == View(159.5, 119.5, 320, 0)
    assert [view for view in views if view.level == 1] == [View(119.5, 119.5, 240, 1), View(199.5, 119.5, 240, 1)]
    nearest = [view for view in views if view.level == 2]
    assert len(nearest) == 4 * 3 and {view.side for view in nearest} == {120.0}
    xs = sorted({view.x for view in nearest})
    assert xs[0] == 59.5 and xs[-1] == 259.5 and np.diff(xs).max() <= 0.75 * 120


def test_a_square_image_has_no_squares_of_its_own_side_twice():
    assert [view.level for view in views_of(200, 200, 128, 1)] == [0]
    assert {view.level for view in views_of(200, 200, 128, 2)} == {0, 2}


def test_levels_that_would_enlarge_the_image_are_left_out():
    assert {view.level for view in views_of(240, 320, 300, 5)} == {0, 1}
    assert {view.level for view in views_of(100, 100, 300, 5)} == {0}


def test_who_reaches_an_edge_inside_the_image_is_cut_off():
    view = View(99.5, 119.5, 200, 1)
    boxes = np.array([[0, 100, 20, 20], [150, 100, 20, 20], [175, 100, 20, 20], [100, 12, 10, 10], [50, 40, 10, 10]])
    # The left edge is the image's own. Of 200 px, 5 % are near.
    assert view.cuts(boxes, 240, 320).tolist() == [False, False, True, True, False]
    assert View(99.5, 119.5, 160, 1).cuts(boxes, 240, 320).tolist() == [True, False, True, True, True]


@pytest.mark.parametrize("batch", [1, 3])
def test_everybody_is_found_once_in_all_views(batch):
    picture = frame((40, 50, 90), (160, 120, 60), (270, 200, 80), (165, 60, 70))
    found = finder(batch).find(picture, views_of(240, 320, SIZE, 2))
    assert middles(found) == [[40, 50], [160, 120], [165, 60], [270, 200]]
    np.testing.assert_allclose(found.person_scores, [0.9, 0.8, 0.7, 0.6], atol=0.02)
    # Within a pixel of the view of the whole image, which shows 320 px by 128.
    sides = found.joints_xy_px[:, 1, 0] - found.joints_xy_px[:, 0, 0]
    np.testing.assert_allclose(sides, 2 * RADIUS + 1, atol=2.5)


def test_people_too_small_for_the_whole_image_are_found_from_nearer():
    picture = frame((300, 300, 90), height=600, width=800)
    far, near = (finder().find(picture, views_of(600, 800, SIZE, levels)) for levels in (0, 2))
    assert len(far.scores) == 0 and middles(near) == [[300, 300]]


def test_nobody_is_found_in_an_empty_image():
    found = finder().find(frame(), views_of(240, 320, SIZE, 2))
    assert found.joints_xy_px.shape == (0, 4, 2) and found.person_scores.shape == (0,)


def model(**changes):
    """A model that sees everybody."""
    own = {"find": find, "skeleton": SKELETON, "size": SIZE, "padding": 1.25, "finds_everybody": True}
    own |= {"finder": None, "follow": {"joint_score": 0.1, "found_score": 0.3, "lost_score": 0.2}}
    return SimpleNamespace(**own | changes)


def test_a_model_that_sees_everybody_finds_any_number():
    dots = [(25 + 50 * column, 25 + 50 * row, 90 - 10 * row) for row in range(4) for column in range(6)]
    tracker = tracker_for(model(), RULE, None)
    assert isinstance(tracker, CrowdTracker)
    found = tracker.find(frame(*dots))
    assert middles(found) == sorted([x, y] for x, y, _ in dots)
    best = tracker_for(model(), RULE, 5).find(frame(*dots))
    assert len(best.scores) == 5 and {y for _, y in middles(best)} == {25}


def test_people_keep_their_numbers_while_they_move():
    tracker = tracker_for(model(), RULE, None)
    before = {}
    for step in range(12):
        dots = (60 + 5 * step, 60, 90), (250 - 5 * step, 180, 80)
        poses = tracker.update(frame(*dots), step / 15)
        places = {number: pose.xy_px.mean(axis=0) for number, pose in poses.items()}
        assert sorted(poses) == [1, 2]
        assert all(pose.fresh == (step == 0) for pose in poses.values())
        for number, place in before.items():
            assert np.linalg.norm(places[number] - place) < 8
        before = places


def closer(pictures):
    """A model of one person: the dot nearest to the middle, with 1 for the last joint's score."""
    people = find(pictures)
    joints, scores = np.zeros((len(pictures), 4, 2)), np.zeros((len(pictures), 4))
    for row, one in enumerate(people):
        if len(one.scores):
            away = np.linalg.norm(one.joints_xy_px.mean(axis=1) - SIZE / 2, axis=1)
            joints[row], scores[row] = one.joints_xy_px[away.argmin()], one.scores[away.argmin()]
            scores[row, 3] = 1.0
    return joints, scores


def of_one_person(**changes):
    calls = []

    def predict(pictures):
        calls.append(len(pictures))
        return closer(pictures)

    looked = []

    def look(pictures):
        looked.append(len(pictures))
        return find(pictures)

    own = {"predict": predict, "finds_everybody": False, "finder": model(find=look), "calls": calls, "looked": looked}
    return model(**own | changes)


def test_sure_joints_alone_do_not_make_a_person():
    people = People(np.zeros((2, 4, 2)), np.full((2, 4), 0.9), np.array([0.4, 0.2]))
    people = people._replace(joints_xy_px=np.array([[60, 60], [200, 120]])[:, None] + 12 * PLACES)
    tracker = CrowdTracker(Finder(lambda pictures: [people], SKELETON, 240, RULE), RULE, SKELETON)
    # 0.36 is enough to start a track, 0.18 is not.
    assert [len(tracker.update(frame(width=240), time_s)) for time_s in (0.0, 0.2, 0.4)] == [1, 1, 1]


@pytest.mark.parametrize(("radius", "usual"), [(12, 2), (60, 1)])
def test_nearer_views_are_of_small_people_and_of_a_round_every_second(radius, usual):
    looked = []

    def look(pictures):
        looked.append(len(pictures))
        return find(pictures)

    tracker = CrowdTracker(Finder(look, SKELETON, SIZE, RULE, batch=8), RULE, SKELETON)
    picture = cv2.circle(np.zeros((240, 320, 3), np.uint8), (90, 120), radius, (190,) * 3, cv2.FILLED)
    for step in range(20):
        assert list(tracker.update(picture, step / 15)) == [1]
    # All three views of the first frame, as nobody is tracked yet; after a second two more, a frame each, in one of
    # which a small person is anyway.
    assert looked == [3, *[usual] * 14, 2, usual + 1, *[usual] * 3]


def test_a_model_of_one_person_looks_closer_at_everybody():
    top_down = of_one_person()
    found = tracker_for(top_down, RULE, None, batch=8).find(frame((60, 60, 90), (250, 180, 50)))
    assert middles(found) == [[60, 60], [250, 180]]
    # The confidence is the mean of the better half of the joints; a person's score is the mean of both models'.
    np.testing.assert_allclose(found.scores[:, 3], 1)
    np.testing.assert_allclose(found.person_scores, np.sqrt([0.9 * 0.95, 0.5 * 0.75]), atol=0.02)
    assert top_down.calls == [2]


def test_people_are_followed_between_the_rounds_of_the_finder():
    top_down = of_one_person()
    tracker = tracker_for(top_down, RULE, None, batch=8)
    views = len(views_of(240, 320, SIZE, 1))
    for step in range(30):
        poses = tracker.update(frame((60 + 4 * step, 60, 90), (250 - 4 * step, 180, 80)), step / 15)
        assert sorted(poses) == [1, 2]
    # All views of the first frame, one call each, then a view a frame in a round every second.
    assert sum(top_down.looked[:1]) >= 1 and sum(top_down.looked) == 2 * views
    assert top_down.calls == [2] * 30


def test_somebody_new_is_found_in_the_next_round():
    tracker = tracker_for(of_one_person(), RULE, None, batch=8)
    seen = []
    for step in range(40):
        dots = [(60, 60, 90)] + ([(250, 180, 80)] if step >= 5 else [])
        seen.append(len(tracker.update(frame(*dots), step / 15)))
    assert seen[:5] == [1] * 5 and seen[-1] == 2 and 15 <= seen.index(2) <= 22


def test_a_frame_of_another_size_starts_anew():
    tracker = tracker_for(model(), RULE, None)
    assert list(tracker.update(frame((60, 60, 90)), 0.0)) == [1]
    assert list(tracker.update(frame((60, 60, 90), height=200), 0.1)) == [2]


def test_squares_are_searched_for_four_people_at_most():
    one = of_one_person(finder=None)
    assert max_people(one, None) == 4 and max_people(one, 2) == 2 and max_people(model(), None) is None
    for people in (0, 5):
        with pytest.raises(ValueError, match=rf"people must be 1 to 4, got {people}; a finder, .* finds more"):
            tracker_for(one, RULE, people)
    with pytest.raises(ValueError, match="people must be 1 or more, got 0"):
        tracker_for(model(), RULE, 0)
