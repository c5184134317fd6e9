"""The benchmark's clips, its finder, and what its tables say of trackers whose result is known."""

import json

import numpy as np
import pytest

from benchmarks.tracks.baselines import GreedyTracker
from benchmarks.tracks.clips import Clip, ClipFrame, read_labels
from benchmarks.tracks.finder import CLEAN, FinderNoise, find_people
from benchmarks.tracks.measure import measure
from benchmarks.tracks.walkers import Walk, make_clip, paint
from pose import LSP14
from pose.tracking.tracks import PeopleTracker

# Someone who stands for two seconds, legs and arms apart.
_STANDING = np.array(
    [
        (250, -150, 80),
        (150, -130, 450),
        (0, -100, 900),
        (0, 100, 900),
        (-150, 130, 450),
        (-250, 150, 80),
        (-250, -260, 900),
    ]
    + [(0, -240, 1150), (0, -180, 1400), (0, 180, 1400), (0, 240, 1150), (250, 260, 900), (0, 0, 1450), (0, 0, 1700)],
    float,
)


@pytest.fixture(scope="module")
def clip():
    walk = Walk(np.repeat(_STANDING[None], 60, axis=0), 30.0, 1200.0)
    return make_clip([walk], 3, seed=1).at_rate(10)


def test_labels_are_read_with_neck_and_head_of_their_own(tmp_path):
    joints = [[joint, 10.0 * joint, 5.0, joint % 2] for joint in (*range(6), 8, 9, *range(10, 16))]
    (tmp_path / "labels.json").write_text(json.dumps({"one": {"split": "train", "frames": [{"4": joints}, {}]}}))
    (found,) = read_labels(tmp_path / "labels.json")
    first, second = found.frames
    assert (first.numbers.tolist(), second.numbers.tolist()) == ([4], [])
    assert (first.time_s, second.time_s) == (0, 0.04)
    by_name = dict(zip(LSP14.joints, zip(first.xy_px[0, :, 0], first.visible[0], strict=True), strict=True))
    assert (by_name["right_ankle"], by_name["left_wrist"]) == ((0, 1), (150, 2))
    assert (by_name["neck"], by_name["head_top"]) == ((80, 1), (90, 2))


def test_made_up_people_cross_leave_and_come_back(clip):
    assert len(clip.frames) == 200
    there = np.array([[k in frame.numbers for k in range(3)] for frame in clip.frames])
    # Each leaves or is hidden, and returns.
    assert ((there[1:] != there[:-1]).sum(axis=0) >= 2).all() and 0.3 < there.mean() < 0.95
    assert any((frame.visible == 1).any() for frame in clip.frames)
    for frame in clip.frames:
        seen = frame.xy_px[frame.visible > 0]
        assert (seen > -1).all() and (seen < (1280, 720)).all()
        assert ((frame.visible == 2).mean(axis=1) >= 0.3).all()


def test_painted_people_have_their_clothes(clip):
    frame = paint(Clip(clip.name, clip.skeleton, clip.frames[:1]), seed=0).frames[0]
    assert frame.picture.shape == (180, 320, 3)
    np.testing.assert_allclose(frame.xy_px, (clip.frames[0].xy_px + 0.5) / 4 - 0.5)


def test_the_clean_finder_misses_only_who_is_hidden(clip):
    for frame, found in zip(clip.frames, find_people(clip, CLEAN, seed=0), strict=True):
        seen = (frame.visible == 2).sum(axis=1) / (frame.visible > 0).sum(axis=1)
        assert len(found.xy_px) == (seen >= 0.4).sum()


@pytest.mark.parametrize("fps", [5, 10])
def test_the_noisy_finder_errs_as_often_as_it_says_at_any_rate(fps):
    # One person who stands, for 400 seconds.
    xy = _STANDING[None, :, 1:] / 10 + 300
    frames = [ClipFrame(k / fps, np.array([0]), xy, np.full((1, 14), 2)) for k in range(400 * fps)]
    found = find_people(Clip("one", LSP14, frames), FinderNoise(missed_share=0.1, false_people=0.3), seed=0)
    near = [np.abs(one.xy_px - xy).max(axis=(1, 2)) < 20 for one in found]
    assert np.mean([one.sum() for one in near]) == pytest.approx(0.9, abs=0.06)
    assert np.mean([(~one).sum() for one in near]) == pytest.approx(0.3, abs=0.15)


def test_perfect_numbers_bound_the_trackers(clip):
    pytest.importorskip("trackeval")
    perfect = measure(None, [clip], CLEAN, seed=0).figures
    ours = measure(lambda: PeopleTracker(LSP14.sigmas), [clip], CLEAN, seed=0).figures
    greedy = measure(lambda: GreedyTracker(LSP14.sigmas), [clip], CLEAN, seed=0).figures
    assert perfect.switches == 0 and perfect.idf1 > 0.97
    assert perfect.idf1 >= ours.idf1 > greedy.idf1
