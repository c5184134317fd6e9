"""Recordings of several people."""

import numpy as np
import pytest


@pytest.fixture
def recording(make_recording):
    """Person 3 in frames 1 and 3, missing in 2; person 0 in frames 3 and 4."""
    first = np.full((3, 14, 2), 10.0)
    first[1] = np.nan
    second = np.full((2, 14, 2), 50.0)
    second[0, 0], second[1, 0] = (20, 30), np.nan
    low = np.full((2, 14), 0.9)
    low[0, 1] = 0.1
    return make_recording({3: (1, first, None), 0: (3, second, low)}, frames=6)


def test_joints_cover_every_frame(recording):
    xy_px, scores, filled = recording.joints(3)
    assert xy_px.shape == (6, 14, 2) and scores.shape == filled.shape == (6, 14)
    assert np.flatnonzero(np.isfinite(xy_px).all(axis=(1, 2))).tolist() == [1, 3]
    assert (scores[[1, 3]] == np.float32(0.9)).all() and (scores[[0, 2, 4, 5]] == 0).all() and not filled.any()


def test_rows_are_ordered_by_frame_and_number(recording):
    frames, numbers = recording.rows()
    assert frames.tolist() == [1, 3, 3, 4] and numbers.tolist() == [3, 0, 3, 0]


def test_frames_come_with_their_people(recording):
    people = dict(recording.iter_people())
    assert {frame: [person.number for person in there] for frame, there in people.items()} == {
        0: [],
        1: [3],
        2: [],
        3: [0, 3],
        4: [0],
        5: [],
    }
    assert people[3][0].box_px.tolist() == [20, 30, 30, 20]


def test_joints_of_low_score_and_missing_ones_are_not_shown(recording):
    track = recording.people[0]
    track.filled[1, 2] = True
    shown = recording.shown(track)
    assert shown[0].tolist() == [2, 0] + 12 * [2]
    assert shown[1].tolist() == [0, 2, 1] + 11 * [2]


def test_nobody_has_no_rows(make_recording):
    recording = make_recording({}, frames=2)
    assert [len(values) for values in recording.rows()] == [0, 0]
    assert list(recording.iter_people()) == [(0, ()), (1, ())]
