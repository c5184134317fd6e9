"""Numbers of people whose course is known: crossing, missed, of low score, lost, coming back."""

import numpy as np
import pytest

from pose import LSP14
from pose.tracking.rule import TrackRule
from pose.tracking.tracks import PeopleTracker

SIGMAS = LSP14.sigmas
# A body 200 px high and 60 px wide.
_BODY = np.array([[(17 * j) % 60 - 30, (53 * j) % 200 - 100] for j in range(14)], float)
_NO_ONE = (np.zeros((0, 14, 2)), np.zeros((0, 14)), np.zeros(0))


def people(*places, scores=None, size=1.0):
    """Joints, scores and person scores of people about some places."""
    xy = np.array([size * _BODY + place for place in places]).reshape(-1, 14, 2)
    return xy, np.full(xy.shape[:2], 0.9), np.full(len(xy), 0.9) if scores is None else np.array(scores, float)


def walk(tracker, courses, fps, seconds, *, noise_px=2.0, hidden=lambda time_s, k: False):
    """The numbers of each person in each frame, (T, P); 0 where hidden. `courses` give places at a time."""
    random, frames = np.random.default_rng(0), []
    for time_s in np.arange(0, seconds, 1 / fps):
        seen = [k for k in range(len(courses)) if not hidden(time_s, k)]
        order = random.permutation(seen)
        xy, scores, person_scores = people(*(courses[k](time_s) for k in order))
        numbers = tracker.update(xy + random.normal(0, noise_px, xy.shape), scores, person_scores, time_s)
        frame = np.zeros(len(courses), int)
        frame[order.astype(int)] = numbers
        frames.append(frame)
    return np.array(frames)


def test_numbers_last_whatever_the_order_and_count_from_one():
    numbers = walk(PeopleTracker(SIGMAS), [lambda t: (200, 300), lambda t: (500, 300), lambda t: (800, 300)], 30, 1)
    assert sorted(numbers[0]) == [1, 2, 3]
    assert (numbers == numbers[0]).all()


@pytest.mark.parametrize("fps", [5, 10, 15, 30, 60])
def test_people_who_cross_keep_their_numbers_at_any_frame_rate(fps):
    # They meet at 2.1 s; the one behind is hidden while they are nearer than a body's width.
    courses = [lambda t: (100 + 200 * t, 300), lambda t: (940 - 200 * t, 310)]
    apart = lambda t: abs(courses[0](t)[0] - courses[1](t)[0])  # noqa: E731
    numbers = walk(PeopleTracker(SIGMAS), courses, fps, 4, hidden=lambda t, k: k == 1 and apart(t) < 100)
    assert set(numbers[:, 0]) == {1} | set(numbers[:1, 0])
    assert set(numbers[:, 1]) == {0, numbers[0, 1]}
    assert numbers[0, 0] != numbers[0, 1]


@pytest.mark.parametrize("gap_s", [1.2, 3.0])
def test_numbers_last_where_frames_are_rarer_than_lost_s(gap_s):
    rule = TrackRule(sure_score=1.0)
    courses = [lambda t: (200, 300), lambda t: (400 + 10 * t, 300), lambda t: (900, 300)]
    numbers = walk(PeopleTracker(SIGMAS, rule), courses, 1 / gap_s, 10 * gap_s, hidden=lambda t, k: k == 2 and t < 5)
    assert sorted(numbers[0]) == [0, 1, 2]
    assert (numbers[:, :2] == numbers[0, :2]).all()
    # Someone new has a number from the second frame on.
    assert numbers[numbers[:, 2] != 0, 2].tolist() == [-1, *[3] * (np.count_nonzero(numbers[:, 2]) - 1)]
    # After a longer pause everybody is new.
    tracker = PeopleTracker(SIGMAS, rule)
    tracker.update(*people((200, 300)), 0.0)
    assert tracker.update(*people((200, 300)), 20.0).tolist() == [-1]


def test_someone_new_gets_a_number_when_seen_long_enough_or_surely():
    tracker = PeopleTracker(SIGMAS, TrackRule(birth_s=0.1, sure_score=0.95))
    assert tracker.update(*people((200, 300)), 0.0).tolist() == [1]
    answers = [tracker.update(*people((200, 300), (600, 300)), k / 20).tolist() for k in (1, 2, 3)]
    assert answers == [[1, -1], [1, -1], [1, 2]]
    assert tracker.update(*people((200, 300), (600, 300), (900, 300), scores=[0.9, 0.9, 0.96]), 0.2).tolist() == [
        1,
        2,
        3,
    ]


def test_a_false_pose_of_one_frame_gets_no_number():
    tracker = PeopleTracker(SIGMAS)
    tracker.update(*people((200, 300)), 0.0)
    assert tracker.update(*people((200, 300), (600, 300), scores=[0.9, 0.5]), 0.03).tolist() == [1, -1]
    assert tracker.update(*people((200, 300)), 0.06).tolist() == [1]
    assert tracker.update(*people((200, 300), (600, 300), scores=[0.9, 0.5]), 0.5).tolist() == [1, -1]
    assert [person.number for person in tracker.predict(0.5)] == [1]


def test_someone_new_beside_another_gets_a_number_later():
    # 30 of 60 px are common: an IoU of a third. Nobody is sure there.
    tracker = PeopleTracker(SIGMAS, TrackRule(duplicate_oks=1.0))
    tracker.update(*people((200, 300)), 0.0)
    answers = [tracker.update(*people((200, 300), (230, 300)), k / 10).tolist() for k in range(1, 8)]
    assert answers == [[1, -1]] * 5 + [[1, 2]] * 2


def test_who_was_seen_shortly_is_not_taken_for_who_comes_back():
    # Number 2 was seen for 0.1 s beside 1, who was there all the time; both are lost for two seconds.
    tracker = PeopleTracker(SIGMAS, TrackRule(birth_s=0.05, beside_s=0.05, duplicate_oks=1.0))
    for k in range(20):
        tracker.update(*people((200, 300)), k / 20)
    for k in (20, 21, 22):
        numbers = tracker.update(*people((200, 300), (230, 300)), k / 20)
    assert numbers.tolist() == [1, 2]
    tracker.update(*_NO_ONE, 3.0)
    assert [tracker.update(*people((225, 300)), time_s).tolist() for time_s in (3.1, 3.2)] == [[1], [1]]


def test_low_scores_continue_tracks_but_start_none():
    rule = TrackRule(low_score=0.1, high_score=0.3)
    tracker = PeopleTracker(SIGMAS, rule)
    assert tracker.update(*people((200, 300), (600, 300), scores=[0.9, 0.2]), 0.0).tolist() == [1, -1]
    assert tracker.update(*people((205, 300), (600, 300), scores=[0.2, 0.2]), 0.1).tolist() == [1, -1]
    assert tracker.update(*people((210, 300), scores=[0.05]), 0.2).tolist() == [-1]
    assert tracker.predict(0.2)[0].missed_s == pytest.approx(0.1)


def test_predictions_go_on_and_say_who_was_missed():
    tracker = PeopleTracker(SIGMAS)
    for k in range(31):
        tracker.update(*people((200 + 10 * k, 300), (500, 300)), k / 30)
    first, second = tracker.predict(1 + 1 / 30)
    np.testing.assert_allclose(first.xy_px, _BODY + (510, 300), atol=1)
    np.testing.assert_allclose(second.xy_px, _BODY + (500, 300), atol=0.1)
    assert (first.number, second.number) == (1, 2)
    assert first.scores.tolist() == [0.9] * 14 and first.length_px == pytest.approx(np.ptp(_BODY[:, 1]))
    tracker.update(*people((510, 300)), 1 + 1 / 30)
    assert [person.missed_s for person in tracker.predict(1 + 1 / 30)] == pytest.approx([0, 1 / 30])
    assert [person.number for person in tracker.predict(2.02)] == [1]
    assert tracker.predict(2.1) == []


def test_joints_below_the_minimum_score_or_not_finite_are_not_compared():
    tracker = PeopleTracker(SIGMAS)
    tracker.update(*people((200, 300)), 0.0)
    xy, scores, person_scores = people((203, 300))
    xy[0, :5], scores[0, 5:9] = np.nan, 0.01
    xy[0, 5:9] = -900
    assert tracker.update(xy, scores, person_scores, 0.1).tolist() == [1]
    # Missing joints are expected where the others went.
    np.testing.assert_allclose(tracker.predict(0.1)[0].xy_px, _BODY + (203, 300), atol=1e-9)
    xy[0, 9:12] = np.nan
    assert tracker.update(xy, scores, person_scores, 0.2).tolist() == [-1]


def test_duplicates_get_no_number():
    tracker = PeopleTracker(SIGMAS)
    assert tracker.update(*people((200, 300), (201, 300), scores=[0.8, 0.9]), 0.0).tolist() == [-1, 1]


def test_who_comes_back_where_they_left_gets_the_old_number():
    tracker = PeopleTracker(SIGMAS)
    # They walk out at the right, and come back there two seconds later, at first with a few joints in view.
    for k in range(30):
        tracker.update(*people((900 + 10 * k, 300), (200, 300)), k / 10)
    assert [person.number for person in tracker.predict(3)] == [1, 2]
    for k in range(30, 50):
        tracker.update(*people((200, 300)), k / 10)
    assert [person.number for person in tracker.predict(5)] == [2]
    for k in range(50, 56):
        xy, scores, person_scores = people((1260 - 10 * k + 500, 310), (200, 300))
        scores[0, 7:] = 0
        numbers = tracker.update(xy, scores, person_scores, k / 10)
    assert numbers.tolist() == [1, 2]


@pytest.mark.parametrize(
    "change", [{"place": (400, 300)}, {"size": 0.4}, {"after_s": 12.0}], ids=["elsewhere", "smaller", "too late"]
)
def test_someone_else_does_not_get_the_old_number(change):
    change = {"place": (900, 300), "size": 1.0, "after_s": 3.0} | change
    tracker = PeopleTracker(SIGMAS, TrackRule(remember_s=10))
    tracker.update(*people((900, 300), (200, 300)), 0.0)
    tracker.update(*people((900, 300), (200, 300)), 0.1)
    for k in range(1, 21):
        tracker.update(*people((200, 300)), 0.1 + k * change["after_s"] / 20)
    for k in (1, 2, 3):
        other = people(change["place"], size=change["size"])
        both = [np.concatenate(pair) for pair in zip(other, people((200, 300)), strict=True)]
        numbers = tracker.update(*both, 0.1 + change["after_s"] + k / 10)
    assert numbers.tolist() == [3, 2]


def test_boxes_match_whom_oks_does_not():
    # Someone falls between two frames: no joint is near, but the box is.
    body, fallen = _BODY, _BODY * (2.5, 0.8)
    answers = []
    for min_iou in (0.3, 1.0):
        tracker = PeopleTracker(SIGMAS, TrackRule(min_oks=0.9, min_low_oks=0.9, min_iou=min_iou, sure_score=1))
        scores = np.full((1, 14), 0.9), np.full(1, 0.9)
        tracker.update((body + 300)[None], *scores, 0.0)
        answers.append(tracker.update((fallen + 300)[None], *scores, 0.1).tolist())
    assert answers == [[1], [-1]]


def test_boxes_do_not_match_someone_with_whoever_hides_them():
    # Another pose, so that OKS is low; the box is 1.8 times as long and covers the first one's.
    turned = lambda size: (size * _BODY[::-1] + (200, 300))[None]  # noqa: E731
    for size, same in ((1.3, True), (1.8, False)):
        tracker = PeopleTracker(SIGMAS, TrackRule(min_oks=0.95, min_low_oks=0.95, sure_score=1))
        tracker.update(*people((200, 300)), 0.0)
        numbers = tracker.update(turned(size), *people((200, 300))[1:], 0.1)
        assert numbers.tolist() == ([1] if same else [-1])


def test_boxes_that_overlap_little_match_where_colors_are_alike():
    red, blue = np.zeros((600, 800, 3), np.uint8), np.zeros((600, 800, 3), np.uint8)
    red[...], blue[...] = (200, 0, 0), (0, 0, 200)
    # Moved by 85 of 200 px, a box overlaps itself by 0.4, and by 40 px by 0.67.
    for picture, moved, same in ((red, 85, True), (blue, 85, False), (blue, 40, True)):
        tracker = PeopleTracker(SIGMAS, TrackRule(min_oks=0.95, min_low_oks=0.95, sure_score=1))
        tracker.update(*people((200, 300)), 0.0, red)
        numbers = tracker.update((_BODY + (200, 300 + moved))[None], *people((200, 300))[1:], 0.1, picture)
        assert numbers.tolist() == ([1] if same else [-1])


def test_colors_tell_who_comes_back():
    # Two people leave at the same place; the one in red comes back first.
    answers = []
    for colors in (True, False):
        tracker = PeopleTracker(SIGMAS, TrackRule(colors=colors, sure_score=1))
        for k in range(3):
            tracker.update(
                *people((300, 300), (420, 300)),
                k / 10,
                _painted({(300, 300): (220, 30, 30), (420, 300): (30, 30, 220)}),
            )
        for k in range(3, 20):
            tracker.update(*_NO_ONE, k / 10, _painted({}))
        for k in range(20, 23):
            numbers = tracker.update(*people((370, 300)), k / 10, _painted({(370, 300): (220, 30, 30)}))
        answers += numbers.tolist()
    assert answers == [1, 2]


def _painted(boxes):
    picture = np.full((600, 800, 3), 128, np.uint8)
    for (x, y), color in boxes.items():
        picture[y - 100 : y + 100, x - 40 : x + 40] = color
    return picture


def test_flow_follows_what_motion_does_not_predict():
    random = np.random.default_rng(0)
    wall = np.kron(random.integers(0, 256, (60, 120, 3), np.uint8), np.ones((10, 10, 1), np.uint8))
    answers = []
    for flow in (True, False):
        tracker = PeopleTracker(SIGMAS, TrackRule(flow=flow, colors=False, min_iou=1, sure_score=1))
        tracker.update(*people((300, 300)), 0.0, wall[:, :800])
        # The camera turns at once.
        answers += tracker.update(*people((270, 300)), 1 / 30, wall[:, 30:830]).tolist()
    assert answers == [1, -1]


def test_numbers_are_not_given_again_after_a_reset():
    tracker = PeopleTracker(SIGMAS)
    assert tracker.update(*people((200, 300)), 5.0).tolist() == [1]
    tracker.reset()
    assert tracker.update(*people((200, 300)), 0.0).tolist() == [2]


def test_no_people_at_all():
    tracker = PeopleTracker(SIGMAS)
    assert tracker.update(*_NO_ONE, 0.0).shape == (0,)
    assert tracker.update(*people((200, 300)), 0.1).tolist() == [1]
    assert tracker.update(*_NO_ONE, 0.2).tolist() == []


def test_wrong_input_is_refused():
    tracker = PeopleTracker(SIGMAS)
    tracker.update(*people((200, 300)), 1.0)
    with pytest.raises(ValueError, match=r"time must go on from 1\.0 s, got 1\.0 s"):
        tracker.update(*people((200, 300)), 1.0)
    with pytest.raises(ValueError, match=r"need joints \(P, 14, 2\).*got \(1, 3, 2\)"):
        tracker.update(np.zeros((1, 3, 2)), np.zeros((1, 3)), np.zeros(1), 2.0)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"min_oks": 1.5}, "must lie in 0..1"),
        ({"low_score": 0.5}, "low_score must not exceed high_score"),
        ({"lost_s": 20.0}, "lost_s must be 0 or more and must not exceed remember_s"),
        ({"birth_s": 0.6}, "birth_s must be 0 or more and must not exceed beside_s"),
    ],
)
def test_wrong_rules_are_refused(wrong, message):
    with pytest.raises(ValueError, match=message):
        TrackRule(**wrong)
