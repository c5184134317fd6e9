"""Following people through the frames of a video, with a model that sees where magenta is."""

from types import SimpleNamespace

import cv2
import numpy as np
import pytest
from two_people import TWO, two_people

from demo.offline.track import track_frames
from demo.tracking.rule import CompleteRule
from demo.video.capture import Frame
from pose import LSP14

RULE = CompleteRule(joint_score=0.2, found_score=0.35, lost_score=0.25)


def predict(pictures):
    """Puts the joints on the left and right edge of the largest rectangle in turns; without one, scores are 0.05."""
    joints, scores = np.full((len(pictures), 14, 2), 48.0, np.float32), np.full((len(pictures), 14), 0.05, np.float32)
    for k, picture in enumerate(pictures):
        mask = ((picture[..., 0] > 128) & (picture[..., 1] < 100)).astype(np.uint8)
        count, _, stats, _ = cv2.connectedComponentsWithStats(mask)
        if count > 1:
            x, y, width, height, _ = stats[1 + int(stats[1:, cv2.CC_STAT_AREA].argmax())]
            joints[k, ::2, 0], joints[k, 1::2, 0] = x, x + width - 1
            joints[k, :, 1] = y + (height - 1) * np.linspace(0, 1, 14)
            scores[k] = 0.9 if height > 15 else 0.3
    return joints, scores


MODEL = SimpleNamespace(
    predict=predict,
    skeleton=LSP14,
    size=96,
    padding=1.4,
    follow={"joint_score": 0.2},
    finds_everybody=False,
    finder=None,
)


def frames_of(pictures, fps=30):
    return [Frame(picture, k / fps, k) for k, picture in enumerate(pictures)]


@pytest.fixture
def moving(paint):
    """A person who walks 3 px a frame."""
    return [paint((240, 320), (100 + 3 * k, 120, 120)) for k in range(20)]


def test_a_person_is_followed_and_joints_are_the_models_own(moving):
    recording = track_frames(frames_of(moving), MODEL, RULE)
    assert list(recording.people) == [0] and recording.size == (240, 320) and recording.joint_score == 0.2
    np.testing.assert_allclose(recording.times_s, np.arange(20) / 30)
    track = recording.people[0]
    assert track.start == 0 and track.xy_px.shape == (20, 14, 2) and track.xy_px.dtype == np.float32
    np.testing.assert_allclose(track.xy_px[:, 3, 0], 130 + 3 * np.arange(20), atol=3)
    np.testing.assert_allclose(track.xy_px[:, [0, -1], 1], np.tile([60, 180], (20, 1)), atol=3)
    assert (track.scores == np.float32(0.9)).all() and not track.filled.any()


def test_frames_without_the_person_are_missing_in_between(moving, paint):
    moving[8:11] = 3 * [paint((240, 320), None)]
    recording = track_frames(frames_of([paint((240, 320), None), *moving]), MODEL, RULE)
    track = recording.people[0]
    assert track.start == 1 and np.flatnonzero(~track.present).tolist() == [8, 9, 10]
    assert (track.scores[8:11] == 0).all() and len(recording.times_s) == 21


def test_several_people_keep_their_numbers(paint):
    recording = track_frames(frames_of(10 * [two_people(paint)]), MODEL, RULE)
    assert list(recording.people) == [0, 1]
    middles = sorted(float(track.xy_px[..., 0].mean()) for track in recording.people.values())
    np.testing.assert_allclose(middles, [x for x, _, _ in TWO], atol=3)
    assert list(track_frames(frames_of(10 * [two_people(paint)]), MODEL, RULE, people=1).people) == [0]


def test_the_models_own_rule_is_the_default(moving):
    model = SimpleNamespace(**vars(MODEL) | {"follow": {"joint_score": 0.4, "found_score": 0.95, "lost_score": 0.9}})
    assert track_frames(frames_of(moving), model).people == {}
    assert track_frames(frames_of(moving), MODEL).joint_score == 0.2


def test_frames_below_the_minimum_score_are_missing(moving):
    assert track_frames(frames_of(moving), MODEL, RULE, min_score=0.91).people == {}
    assert list(track_frames(frames_of(moving), MODEL, RULE, min_score=0.89).people) == [0]


def test_no_frame_and_nobody(paint):
    assert track_frames([], MODEL, RULE).people == {}
    nobody = track_frames(frames_of(4 * [paint((240, 320), None)]), MODEL, RULE)
    assert nobody.people == {} and len(nobody.times_s) == 4


def test_joints_that_are_not_finite_are_missing(moving):
    def broken(pictures):
        joints, scores = predict(pictures)
        joints[:, 2], scores[:, 5] = np.nan, np.nan
        return joints, scores

    recording = track_frames(frames_of(moving), SimpleNamespace(**vars(MODEL) | {"predict": broken}), RULE)
    track = recording.people[0]
    assert np.isnan(track.xy_px[:, 2]).all() and (track.scores[:, 5] == 0).all()
    assert np.isfinite(np.delete(track.xy_px, 2, axis=1)).all()
