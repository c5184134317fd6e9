"""Smoothing of recordings: gaps, leaps, exchanged sides, and what is left of each."""

import numpy as np
import pytest

from demo.offline.low_pass import low_pass
from demo.offline.recording import Repairs
from demo.offline.smooth import Smoothing, person_lengths, smooth
from pose import LSP14

FRAMES = 90
TIMES_S = np.arange(FRAMES) / 30
WRIST, ANKLES = LSP14.index("left_wrist"), [LSP14.index("left_ankle"), LSP14.index("right_ankle")]
EASY = Smoothing(max_gap_s=0.2)


def swinging(amplitude_px=20.0):
    """(90, 14, 2): joints spread over 130 px, all of which swing at 1 Hz."""
    xy = np.zeros((FRAMES, 14, 2)) + 10.0 * np.arange(14)[:, None] + 100
    xy[..., 0] += amplitude_px * np.sin(2 * np.pi * TIMES_S)[:, None]
    return xy


def test_joints_are_filtered_without_lag(make_recording):
    before = swinging() + np.random.default_rng(0).normal(0, 1, (FRAMES, 14, 2))
    smoothed = smooth(make_recording({0: (5, before, None)}, 100), Smoothing(swaps=False, leaps=False))
    track = smoothed.people[0]
    assert track.start == 5 and not track.filled.any() and (track.scores == np.float32(0.9)).all()
    expected = low_pass(before[:, 3].astype(np.float32), TIMES_S, "butterworth", 6.0)
    np.testing.assert_allclose(track.xy_px[:, 3], expected, atol=1e-3)
    # The swing stays where it was; two thirds of the noise are gone.
    error, noise = (np.sqrt(((xy - swinging()) ** 2).mean()) for xy in (track.xy_px, before))
    assert error < 0.75 * noise


def test_a_gap_up_to_the_limit_is_filled_and_marked(make_recording):
    xy = swinging()
    xy[40:45, WRIST] = np.nan
    track = smooth(make_recording({0: (0, xy, None)}, FRAMES), EASY).people[0]
    assert np.argwhere(track.filled).tolist() == [[frame, WRIST] for frame in range(40, 45)]
    assert (track.scores[40:45, WRIST] == 0).all() and track.scores[39, WRIST] > 0
    assert np.abs(track.xy_px[:, WRIST] - swinging()[:, WRIST]).max() < 1.5


def test_a_longer_gap_stays_empty_and_both_sides_are_filtered_apart(make_recording):
    xy = swinging()
    # The first leaves 6 intervals, 0.2 s, between measurements, the second one more.
    xy[20:25, WRIST] = xy[40:46, WRIST] = np.nan
    recording = make_recording({0: (0, xy, None)}, FRAMES)
    track = smooth(recording, Smoothing(max_gap_s=0.2001)).people[0]
    assert np.flatnonzero(np.isnan(track.xy_px[:, WRIST, 0])).tolist() == list(range(40, 46))
    assert np.flatnonzero(track.filled[:, WRIST]).tolist() == list(range(20, 25))
    assert np.isfinite(np.delete(track.xy_px, WRIST, axis=1)).all() and (track.scores[40:46, WRIST] == 0).all()
    after = low_pass(xy[46:, WRIST].astype(np.float32), TIMES_S[46:], "butterworth", 6.0)
    np.testing.assert_allclose(track.xy_px[46:, WRIST], after, atol=1e-4)


def test_nothing_is_extrapolated(make_recording):
    xy = swinging()
    xy[:3, WRIST] = xy[-2:, WRIST] = np.nan
    track = smooth(make_recording({0: (0, xy, None)}, FRAMES), Smoothing()).people[0]
    assert np.flatnonzero(np.isnan(track.xy_px[:, WRIST, 0])).tolist() == [0, 1, 2, 88, 89]


def test_a_person_missing_for_a_moment_is_filled_in_whole(make_recording):
    xy = swinging()
    xy[30:33] = np.nan
    smoothed = smooth(make_recording({0: (0, xy, None)}, FRAMES), EASY)
    assert smoothed.people[0].filled[30:33].all() and smoothed.people[0].present.all()
    assert smoothed.repairs == Repairs(filled=3 * 14)


def test_joints_of_low_score_are_not_used(make_recording):
    xy, scores = swinging(), np.full((FRAMES, 14), 0.9)
    xy[50, WRIST], scores[50, WRIST] = (3000, -500), 0.19
    xy[60:, WRIST], scores[60:, WRIST] = (3000, -500), 0.19
    track = smooth(make_recording({0: (0, xy, scores)}, FRAMES), Smoothing(leaps=False)).people[0]
    assert track.filled[50, WRIST] and np.abs(track.xy_px[:60, WRIST] - swinging()[:60, WRIST]).max() < 1.5
    assert np.isnan(track.xy_px[60:, WRIST]).all() and (track.scores[60:, WRIST] == 0).all()


def test_a_leap_is_rejected_and_filled(make_recording):
    xy = swinging()
    xy[45, WRIST] += (60, -60)
    recording = make_recording({0: (0, xy, None)}, FRAMES)
    smoothed = smooth(recording, Smoothing())
    assert smoothed.repairs == Repairs(swapped=0, leaps=1, filled=1)
    assert smoothed.people[0].filled[45, WRIST]
    assert np.abs(smoothed.people[0].xy_px[:, WRIST] - swinging()[:, WRIST]).max() < 1.5
    kept = smooth(recording, Smoothing(leaps=False)).people[0]
    assert not kept.filled.any() and np.abs(kept.xy_px[45, WRIST] - swinging()[45, WRIST]).max() > 20


def test_exchanged_sides_are_put_right_with_their_scores(make_recording):
    xy, scores = swinging(), np.full((FRAMES, 14), 0.9)
    xy[:, ANKLES[0], 0] += 80
    scores[:, ANKLES[0]] = 0.7
    truth = xy.copy()
    xy[40:50, ANKLES], scores[40:50, ANKLES] = xy[40:50, ANKLES[::-1]], scores[40:50, ANKLES[::-1]]
    recording = make_recording({0: (0, xy, scores)}, FRAMES)
    smoothed = smooth(recording, Smoothing(leaps=False))
    assert smoothed.repairs == Repairs(swapped=10)
    assert np.abs(smoothed.people[0].xy_px[:, ANKLES] - truth[:, ANKLES]).max() < 1.5
    assert (smoothed.people[0].scores[:, ANKLES[0]] == np.float32(0.7)).all()
    kept = smooth(recording, Smoothing(leaps=False, swaps=False)).people[0]
    assert np.abs(kept.xy_px[40:50, ANKLES] - truth[40:50, ANKLES]).max() > 40


def test_nothing_is_smoothed_across_a_leap_of_the_whole_person(make_recording):
    """Who was lost is taken for someone else, found 400 px away three frames later."""
    xy = swinging()
    xy[45:] += 400
    xy[43:45] = np.nan
    track = smooth(make_recording({0: (0, xy, None)}, FRAMES), Smoothing()).people[0]
    assert not track.filled.any() and np.flatnonzero(~track.present).tolist() == [43, 44]
    assert np.nanmax(np.abs(track.xy_px - xy)) < 1.5


def test_short_tracks_pass_as_they_are(make_recording):
    for count in (1, 2, 5, 9):
        before = swinging()[:count].astype(np.float32)
        track = smooth(make_recording({0: (2, before, None)}, 20), Smoothing()).people[0]
        assert (track.xy_px == before).all() and not track.filled.any()


def test_people_are_smoothed_by_themselves(make_recording):
    one, other = swinging(), swinging(5.0) + 60
    alone = smooth(make_recording({0: (0, one, None)}, 120), Smoothing())
    both = smooth(make_recording({0: (0, one, None), 7: (20, other, None)}, 120), Smoothing("savgol"))
    assert list(both.people) == [0, 7] and both.people[7].start == 20
    assert np.abs(both.people[0].xy_px - alone.people[0].xy_px).max() < 1
    assert (both.times_s == alone.times_s).all() and both.repairs is not None


def test_a_recording_of_nobody_and_one_without_measurements(make_recording):
    assert smooth(make_recording({}, 5), Smoothing()).people == {}
    unseen = make_recording({0: (0, np.full((5, 14, 2), 9.0), np.full((5, 14), 0.1))}, 5)
    track = smooth(unseen, Smoothing()).people[0]
    assert not track.present.any() and (track.scores == 0).all()


def test_the_recording_given_is_not_changed(make_recording):
    xy = swinging()
    xy[40, WRIST], xy[50, WRIST] = (400, 0), np.nan
    recording = make_recording({0: (0, xy, None)}, FRAMES)
    before = recording.people[0].xy_px.copy(), recording.people[0].scores.copy()
    smooth(recording, Smoothing())
    np.testing.assert_array_equal(recording.people[0].xy_px, before[0])
    np.testing.assert_array_equal(recording.people[0].scores, before[1])
    assert recording.repairs is None


def test_the_length_is_the_median_of_the_boxes_nearby():
    xy = np.zeros((FRAMES, 14, 2))
    xy[:, 1], xy[:, 2] = (30, 80), (0, 40)
    xy[20] *= 10
    xy[60:] *= 2
    known = np.ones((FRAMES, 14), bool)
    known[5, 2:] = False
    lengths_px = person_lengths(xy, known, TIMES_S)
    assert (lengths_px[:45] == 80).all() and (lengths_px[75:] == 160).all()
    assert np.isinf(person_lengths(xy, np.zeros_like(known), TIMES_S)).all()


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"kind": "kalman"}, "must be butterworth or savgol, got 'kalman'"),
        ({"cutoff_hz": 0.0}, "needs a cutoff above 0 Hz and a longest gap of 0 s or more, got cutoff_hz=0.0"),
        ({"cutoff_hz": np.nan}, "got cutoff_hz=nan"),
        ({"max_gap_s": -0.1}, "max_gap_s=-0.1"),
    ],
)
def test_bad_settings_raise(arguments, message):
    with pytest.raises(ValueError, match=message):
        Smoothing(**arguments)
