"""Joints in space in the demos: the options, what is remembered of a person, and the picture that turns."""

import json

import numpy as np
import pytest

from demo.errors import ArgumentError, ModelError
from demo.lifting.lifter import Lifted, Lifter, LiftOptions
from demo.lifting.live import LiftedTracker
from demo.lifting.panel import space_panel
from demo.outputs.jsonl import frame_record
from demo.tracking.people import TrackedFrame, TrackedPerson
from demo.video.capture import Frame
from pose import COCO17, LSP14, PANOPTIC19, Skeleton
from weights import run_of


class Noted:
    """A lifter that notes what it is given."""

    frames, skeleton = 9, PANOPTIC19

    def __init__(self):
        self.given = []

    def lift(self, xy_px, scores, times_s, wanted_s, size):
        self.given.append((xy_px.copy(), scores.copy(), times_s.copy(), wanted_s.copy(), size))
        return Lifted(np.zeros((1, 19, 3)), np.array([[0.0, 0.0, 3000.0]]))


def person(number, x=0.0, shown=True):
    return TrackedPerson(number, np.full((14, 2), x), np.full(14, 0.8), np.full(14, shown))


def frame_at(time_s, index=0):
    return Frame(picture=np.zeros((48, 64, 3), np.uint8), index=index, time_s=time_s, duration_s=1 / 30)


def test_a_persons_last_frames_are_lifted_together():
    lifter = Noted()
    people = iter([[person(1, 1)], [person(1, 2), person(2, 7)], [person(2, 8)], [person(1, 3), person(2, 9, False)]])
    track = LiftedTracker(lambda frame: TrackedFrame(frame, tuple(next(people))), lifter)
    for number in range(4):
        found = track(frame_at(number / 30, number))
    assert [one.xyz_mm[0, 2] for one in found.people] == [3000, 3000]
    # The first person was lost for a frame, and begins anew.
    xs = [given[0][:, 0, 0].tolist() for given in lifter.given]
    assert xs == [[1], [1, 2], [7], [7, 8], [3], [7, 8, 9]]
    assert lifter.given[-1][1][:, 0].tolist() == [0.8, 0.8, 0] and lifter.given[-1][4] == (48, 64)
    np.testing.assert_allclose(lifter.given[-1][3], [0.1])


def test_frames_long_ago_are_forgotten():
    lifter = Noted()
    track = LiftedTracker(lambda frame: TrackedFrame(frame, (person(1),)), lifter)
    for number in range(30):
        track(frame_at(number / 30, number))
    assert 5 <= len(lifter.given[-1][2]) <= 8


@pytest.mark.parametrize(
    ("options", "message"),
    [({"stature_mm": 17.0}, "--stature-mm must be 300 to 3000"), ({"focal": 0.0}, "--focal must")],
)
def test_wrong_options(options, message):
    with pytest.raises(ArgumentError, match=message):
        LiftOptions(**options).check_lifting()


def test_nothing_is_loaded_without_space():
    assert LiftOptions(lifter="nowhere").load_lifter(LSP14) is None


def test_other_models_and_other_joints_raise():
    with pytest.raises(ModelError, match="lifts no joints to 3D"):
        Lifter(run_of("fast") / "export", LSP14)
    with pytest.raises(ModelError, match="which beetle lacks"):
        Lifter(run_of("lift") / "export", Skeleton("beetle", ("head", "tail")))


@pytest.mark.parametrize("skeleton", [LSP14, COCO17, PANOPTIC19])
def test_a_person_is_lifted_from_any_skeleton(skeleton):
    lifter = Lifter(run_of("lift") / "export", skeleton)
    from waving import moving

    from pose import convert_joints
    from pose.space.lifting import usual_camera

    camera, xyz = usual_camera((480, 640)), moving(30).astype(np.float64)
    image, there = convert_joints(camera.project(xyz + (200, 0, 3500)), np.ones(xyz.shape[:2]), PANOPTIC19, skeleton)
    times = np.arange(30) / 30
    found = lifter.lift(image, there, times, times[10:20], (480, 640))
    hips = [lifter.skeleton.index("left_hip"), lifter.skeleton.index("right_hip")]
    errors = np.linalg.norm(found.xyz_mm - (xyz - xyz[:, hips].mean(axis=1, keepdims=True))[10:20], axis=2)
    # A person who stands: the shipped lifter knows such poses well, also the joints that are not shown.
    assert errors.mean() < 90
    np.testing.assert_allclose(found.hips_mm.mean(axis=0), (200, 0, 3500), atol=450)


def test_the_panel_shows_who_is_in_space():
    xyz = np.random.default_rng(0).uniform(-500, 500, (19, 3)) + (0, 0, 3000)
    lifted = TrackedPerson(0, np.zeros((14, 2)), np.ones(14), np.ones(14, bool), xyz)
    unknown = TrackedPerson(1, np.zeros((14, 2)), np.ones(14), np.ones(14, bool), np.full((19, 3), np.nan))
    empty = space_panel([], PANOPTIC19, 200, 0.0)
    one = space_panel([lifted, unknown], PANOPTIC19, 200, 0.0)
    assert one.shape == empty.shape == (200, 200, 3) and not np.array_equal(one, empty)
    np.testing.assert_array_equal(space_panel([unknown], PANOPTIC19, 200, 0.0), empty)
    # It turns.
    assert not np.array_equal(one, space_panel([lifted], PANOPTIC19, 200, 2.0))


def test_lines_of_json_have_the_joints_in_space():
    xyz = np.array([[1.25, -2.04, 3000.0], [np.nan] * 3])
    people = [TrackedPerson(0, np.zeros((14, 2)), np.ones(14), np.ones(14, bool), xyz)]
    record = frame_record(0, 0.0, (48, 64), people, LSP14, PANOPTIC19)
    assert record["space_skeleton"] == "panoptic19"
    assert record["people"][0]["space_mm"] == [[1.2, -2.0, 3000.0], [None] * 3]
    assert "space" not in json.dumps(frame_record(0, 0.0, (48, 64), [person(1)], LSP14))
