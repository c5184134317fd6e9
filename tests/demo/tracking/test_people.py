"""Smoothing of tracked people."""

import numpy as np
import pytest

from demo.tracking.estimator import Pose
from demo.tracking.one_euro import OneEuro
from demo.tracking.outliers import REACH
from demo.tracking.people import SmoothedTracker
from demo.video.capture import Frame
from pose import Crop

PICTURE = np.zeros((100, 100, 3), np.uint8)


class Script:
    """A tracker that returns given poses: {number: (x of all joints, score, fresh)} for each frame."""

    def __init__(self, frames):
        self._frames = iter(frames)

    def update(self, picture, time_s):
        crop = Crop.centered((50, 50), 200.0, 100)
        return {
            number: Pose(np.full((19, 2), float(x)), np.full(19, score), crop, fresh)
            for number, (x, score, fresh) in next(self._frames).items()
        }


def read(frames, cutoff_hz=1.0, beta=2.0):
    reader = SmoothedTracker(Script(frames), 0.1, cutoff_hz, beta)
    return [reader(Frame(PICTURE, k / 30, k)).people for k in range(len(frames))]


def test_joints_are_smoothed_by_the_crops_side():
    people = read([{1: (10, 0.9, True)}, {1: (12, 0.9, False)}, {1: (15, 0.9, False)}])
    smooth = OneEuro(1.0, 2.0)
    # The crop's side is 200 px of the frame.
    expected = [float(smooth(np.array(float(x)), k / 30, unit=200.0)) for k, x in enumerate((10, 12, 15))]
    assert [person[0].xy_px[3, 1] for person in people] == pytest.approx(expected)
    assert 10 < expected[1] < 12


def test_each_person_is_smoothed_alone_and_they_come_in_order():
    people = read([{2: (50, 0.9, True), 1: (10, 0.9, True)}, {2: (50, 0.9, False), 1: (25, 0.9, False)}])
    assert [[person.number for person in seen] for seen in people] == [[1, 2], [1, 2]]
    assert people[1][1].xy_px[0, 0] == 50 and 10 < people[1][0].xy_px[0, 0] < 25


def test_a_leap_of_one_frame_is_not_shown():
    # The crop's side is 200 px of the frame.
    far = 10 + 1.01 * REACH * 200 / np.sqrt(2)
    people = read([{1: (x, 0.9, k == 0)} for k, x in enumerate((10, far, 10, far, far))])
    assert [person[0].xy_px[0, 0] for person in people][:4] == [10, 10, 10, 10]
    assert people[4][0].xy_px[0, 0] > 10


@pytest.mark.parametrize("between", [{}, {1: (40, 0.9, True)}])
def test_the_filter_restarts_with_a_returning_person_or_a_new_track(between):
    people = read([{1: (10, 0.9, True)}, between, {1: (40, 0.9, not between)}])
    assert people[2][0].xy_px[0, 0] == 40


def test_joints_of_low_score_are_unfiltered_and_have_no_box():
    people = read([{1: (10, 0.9, True)}, {1: (30, 0.05, False)}])
    before, after = people[0][0], people[1][0]
    assert before.shown.all() and before.box_px.tolist() == [10, 10, 0, 0]
    assert not after.shown.any() and after.box_px is None and (after.xy_px == 30).all()


@pytest.mark.parametrize("score, shown", [(0.1, True), (np.nextafter(0.1, 0), False)])
def test_a_joint_is_shown_from_the_minimum_score_on(score, shown):
    (person,) = read([{1: (10, score, True)}])[0]
    assert (person.shown == shown).all()


def test_nan_is_never_shown():
    (person,) = read([{1: (np.nan, 0.9, True)}])[0]
    assert not person.shown.any() and person.box_px is None
