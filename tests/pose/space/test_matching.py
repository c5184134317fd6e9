"""Who is who in several cameras."""

import numpy as np
import pytest
from studio import cameras, seen, walking

from pose.space.matching import Track, joined_tracks, match_tracks


def people(count, frames=30):
    """People who walk in different directions, some of whom cross."""
    ways = [(0, (0, -500)), (180, (300, 500)), (90, (700, 300)), (270, (-700, -200)), (45, (-600, -800))]
    return [walking(frames, turn_deg=turn, start=start) for turn, start in ways[:count]]


def tracks_of(rig, everybody, noise_px=4.0, order=None):
    """The tracks of each camera, in another order in each."""
    found = []
    for view, camera in enumerate(rig):
        own = []
        for number, xyz in enumerate(everybody):
            xy, scores = seen([camera], xyz, noise_px=noise_px, seed=10 * view + number)
            own.append(Track(xy[0], scores[0]))
        found.append(own[view % len(own) :] + own[: view % len(own)])
    return found


def persons(group, count):
    """The true numbers of the people whose tracks are in a group."""
    return {(number + view) % count for view, number in group}


@pytest.mark.parametrize("count", [1, 2, 3, 5])
def test_everybody_is_found_in_all_cameras(count):
    rig = cameras(4)
    groups = match_tracks(rig, tracks_of(rig, people(count)))
    assert len(groups) == count
    for group in groups:
        assert [view for view, _ in group] == [0, 1, 2, 3]
        assert len(persons(group, count)) == 1


def test_someone_whom_one_camera_does_not_see_is_found_in_the_others():
    rig = cameras(4)
    tracks = tracks_of(rig, people(2))
    del tracks[1][1]
    groups = match_tracks(rig, tracks)
    assert sorted(map(len, groups)) == [3, 4] and groups[0] == sorted(groups[0])


def test_someone_whom_one_camera_alone_sees_is_left_out():
    rig = cameras(3)
    tracks = tracks_of(rig, people(1))
    ghost = np.random.default_rng(0).uniform(100, 900, tracks[0][0].xy_px.shape)
    tracks[2].append(Track(ghost, np.ones(ghost.shape[:2])))
    assert match_tracks(rig, tracks) == [[(0, 0), (1, 0), (2, 0)]]


def test_tracks_of_one_person_one_after_the_other_are_joined():
    rig = cameras(3)
    tracks = tracks_of(rig, people(2), noise_px=0)
    whole = tracks[0][0]
    early, late = (np.where(np.arange(30)[:, None] < 15, *pair) for pair in ((whole.scores, 0), (0, whole.scores)))
    tracks[0] = [Track(whole.xy_px, early), tracks[0][1], Track(whole.xy_px, late)]
    groups = match_tracks(rig, tracks)
    assert sorted(map(len, groups)) == [3, 4]
    group = max(groups, key=len)
    assert [number for view, number in group if view == 0] == [0, 2]
    xy, scores = joined_tracks(rig, tracks, group)
    np.testing.assert_array_equal(scores[0], whole.scores)
    np.testing.assert_array_equal(xy[0], whole.xy_px)
    assert (scores > 0).all()


def test_a_camera_that_does_not_see_somebody_has_scores_of_0():
    rig = cameras(3)
    tracks = tracks_of(rig, people(1))
    tracks[1] = []
    ((group),) = match_tracks(rig, tracks)
    xy, scores = joined_tracks(rig, tracks, group)
    assert group == [(0, 0), (2, 0)] and xy.shape == (3, 30, 17, 2)
    assert not scores[1].any() and scores[[0, 2]].all()


def test_nobody_is_nobody():
    assert match_tracks(cameras(2), [[], []]) == []
