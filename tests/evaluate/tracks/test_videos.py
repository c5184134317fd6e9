"""Tracks of labeled videos: who counts, and when tracks are measured."""

import numpy as np
import pytest

from evaluate.poses_2d.frames import Ignored, LabeledFrame
from evaluate.poses_2d.matching import match
from evaluate.tracks.videos import measure_tracks
from pose import COCO17
from pose.results.people import ImagePeople

BODY = np.random.default_rng(0).uniform((-20, -60), (20, 60), (17, 2))
LEFT, RIGHT = (100, 100), (300, 100)
ALL = np.ones(17, bool)


def labels(number, people, *, video="walk", seen=17, ignored=None):
    """A frame with labeled people, number -> center, of whom the first `seen` joints are in sight."""
    xy = np.array([BODY + center for center in people.values()]).reshape(-1, 17, 2)
    visible = np.tile(np.where(np.arange(17) < seen, 2, 1), (len(xy), 1))
    count = len(xy)
    return LabeledFrame(
        f"{video}/{number}",
        xy,
        visible,
        np.zeros((count, 4)),
        np.full(count, 4000.0),
        np.zeros(count),
        Ignored.nobody() if ignored is None else ignored,
        np.array(list(people), np.int64),
        (video, number),
    )


def answers(people):
    """Found people, number -> center."""
    xy = np.array([BODY + center for center in people.values()]).reshape(-1, 17, 2)
    count = len(xy)
    return ImagePeople(None, "", xy, np.ones((count, 17)), np.ones(count), np.array(list(people), np.int64))


def measured(frames, found, known=ALL):
    matches = [match(frame, people, COCO17, known) for frame, people in zip(frames, found, strict=True)]
    return measure_tracks(frames, found, matches, COCO17, known)


@pytest.fixture
def trackeval():
    return pytest.importorskip("trackeval")


def test_frames_are_taken_in_the_order_of_time_and_videos_by_themselves(trackeval):
    frames = [labels(n, {7: LEFT}) for n in (10, 2, 1)] + [labels(n, {7: LEFT}, video="run") for n in (0, 1)]
    # In time the number of the walk changes once.
    found = [answers({2: LEFT}), answers({1: LEFT}), answers({1: LEFT}), answers({5: LEFT}), answers({5: LEFT})]
    tracks = measured(frames, found)
    assert list(tracks.videos) == ["walk", "run"]
    assert (tracks.videos["walk"].switches, tracks.videos["run"].switches, tracks.overall.switches) == (1, 0, 1)
    assert tracks.videos["walk"].idf1 == pytest.approx(2 / 3) and tracks.videos["run"].idf1 == 1
    assert tracks.overall.people == 5 and tracks.note == ""


def test_lost_and_found_again_is_a_fragment(trackeval):
    frames = [labels(n, {7: LEFT, 8: RIGHT}) for n in range(3)]
    both, one = answers({1: LEFT, 2: RIGHT}), answers({2: RIGHT})
    tracks = measured(frames, [both, one, both])
    assert (tracks.overall.fragments, tracks.overall.switches, tracks.overall.misses) == (1, 0, 1)


def test_people_of_few_joints_in_sight_are_neither_right_nor_wrong(trackeval):
    hidden = [labels(n, {7: LEFT}, seen=7) for n in (2, 3)]
    frames = [labels(0, {7: LEFT}), labels(1, {7: LEFT}, seen=8), *hidden]
    tracks = measured(frames, [answers({1: LEFT}), answers({1: LEFT}), answers({2: LEFT}), answers({})])
    assert (tracks.overall.people, tracks.overall.mota, tracks.overall.idf1) == (2, 1, 1)


def test_found_people_without_numbers_or_on_someone_not_labeled_do_not_count(trackeval):
    crowd = Ignored(np.array([[270.0, 30, 60, 140]]), np.array([8400.0]), np.array([True]))
    frames = [labels(n, {7: LEFT}, ignored=crowd) for n in range(2)]
    found = [answers({1: LEFT, 2: RIGHT}), answers({1: LEFT, -1: (200, 400)})]
    tracks = measured(frames, found)
    assert (tracks.overall.false_people, tracks.overall.mota) == (0, 1)
    elsewhere = measured(frames, [answers({1: LEFT, 2: (200, 400)})] * 2)
    assert elsewhere.overall.false_people == 2 and elsewhere.overall.mota == -0.0


def test_joints_that_the_results_lack_do_not_count(trackeval):
    known = np.arange(17) < 12
    frames = [labels(n, {7: LEFT}) for n in range(2)]
    people = answers({1: LEFT})
    people.xy_px[:, ~known] = np.nan
    assert measured(frames, [people] * 2, known).overall.mota == 1


def test_why_tracks_are_not_measured(monkeypatch):
    video, found = [labels(n, {7: LEFT}) for n in range(2)], [answers({1: LEFT})] * 2
    unnumbered = [answers({-1: LEFT})] * 2
    stills = [labels(n, {n: LEFT}) for n in range(2)]
    for frames in (stills, [labels(n, {-1: LEFT}) for n in range(2)]):
        assert "labeled people have no numbers that last" in measured(frames, found).note
        assert measured(frames, unnumbered).note == ""
    assert "found people have no numbers that last" in measured(video, unnumbered).note
    monkeypatch.setattr("evaluate.tracks.videos.find_spec", lambda name: None)
    tracks = measured(video, found)
    assert "install it by `pip install --no-deps trackeval tabulate`" in tracks.note and tracks.overall is None


def test_somebody_found_twice_under_one_number_is_an_error(trackeval):
    frames = [labels(n, {7: LEFT}) for n in range(2)]
    twice = ImagePeople(None, "", np.array([BODY + LEFT, BODY + RIGHT]), np.ones((2, 17)), np.ones(2), np.array([1, 1]))
    with pytest.raises(ValueError, match="walk/0: each person may be in a frame once"):
        measured(frames, [twice] * 2)
