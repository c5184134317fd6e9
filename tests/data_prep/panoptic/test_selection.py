"""Selection of bodies by change of pose, and by a budget spread over time."""

import numpy as np
import pytest
from made_units import left_out
from panoptic_sequence import body, camera_entry, write_calibration, write_frame, write_jpeg

from data_prep.panoptic.poses import Bodies
from data_prep.panoptic.reader import Panoptic
from data_prep.panoptic.selection import View, distinct, spread
from pose import PANOPTIC19, Camera
from records import BadInput, Person

CENTER = PANOPTIC19.joints.index("body_center")


def view_of(joints_mm, confidence):
    """A camera of 100 px focal length that looks along z from the origin, on an image of 80 x 60 px about (40, 30)."""
    camera = Camera("00_00", (60, 80), [[100, 0, 40], [0, 100, 30], [0, 0, 1]], np.zeros(5), np.eye(3), np.zeros(3))
    bodies = Bodies(np.arange(len(joints_mm)), np.zeros(len(joints_mm), int), joints_mm, confidence)
    return View.of(bodies, camera, 0.1)


def test_a_view_has_the_joints_that_are_known_in_front_and_in_the_image():
    joints = np.array([[[-100, 50, 1000], [200, -100, 1000], [300, 0, 1000], [0, 0, -1000], [50, 250, 1000]]], float)
    # At (30, 35), (60, 20), (70, 30), behind, (45, 55); the third is in doubt.
    view = view_of(joints, np.array([[0.11, 0.5, 0.1, 0.9, 0.9]]))
    assert view.known.tolist() == [[True, True, False, True, True]]
    assert view.on_picture.tolist() == [[True, True, False, False, True]]
    np.testing.assert_allclose(view.box_px, [[30, 20, 30, 35]])
    assert [view.shown(*least).tolist() for least in ((3, 35), (4, 35), (3, 35.5), (3, 30))] == [
        [True],
        [False],
        [False],
        [True],
    ]


def test_a_view_without_joints_has_no_box():
    view = view_of(np.array([[[0, 0, 1000.0]], [[9000, 0, 1000.0]]]), np.array([[0.05], [0.9]]))
    assert not view.on_picture.any() and not view.box_px.any()


def test_a_budget_takes_the_middle_of_each_stretch_of_time():
    # One view a frame: of 12 frames three stretches of four, of each the third.
    chosen = spread(np.ones((1, 12), bool), np.arange(12), 3)
    assert np.flatnonzero(chosen[0]).tolist() == [2, 6, 10]
    everyone = np.ones((1, 3), bool)
    assert spread(everyone, np.arange(3), 3) is everyone


def test_which_views_of_a_frame_are_taken_is_drawn_from_the_seed_0():
    drawn = np.random.default_rng(0).random(5)
    chosen = spread(np.ones((5, 1), bool), np.zeros(1, int), 1)
    assert np.flatnonzero(chosen).tolist() == [np.argsort(drawn)[2]]


def poses(*wrists_mm):
    """Bodies that differ in how far one wrist is moved along x: by 18 mm, the 18 joints move by 1 mm on average."""
    joints = np.random.default_rng(0).normal(0, 300, (1, 19, 3)).repeat(len(wrists_mm), axis=0)
    joints[:, PANOPTIC19.joints.index("left_wrist"), 0] += wrists_mm
    return joints


def kept(joints, min_change_mm, known=None):
    known = np.ones(joints.shape[:2], bool) if known is None else known
    return np.flatnonzero(distinct(joints, known, min_change_mm)).tolist()


def test_a_pose_is_kept_if_it_differs_from_all_that_are_kept():
    # Means of 0, 1, 2, 2.5, 0.5 and 5 mm: 2.5 is too near to 2, 0.5 to 0.
    joints = poses(0, 18, 36, 45, 9, 90)
    assert kept(joints, 1.0 - 1e-9) == [0, 1, 2, 5]
    assert kept(joints, 1.1) == [0, 2, 5]
    assert kept(joints, 3) == [0, 5]
    assert kept(joints, 5.1) == [0]


def test_a_pose_that_differs_by_exactly_the_least_change_is_kept():
    # Steps of exactly 1 mm, more than are compared at a time.
    joints = np.zeros((300, 19, 3))
    joints[:, PANOPTIC19.joints.index("left_wrist"), 0] = 18 * np.arange(300)
    assert kept(joints, 1.0) == list(range(300))
    assert kept(joints, 1.001) == list(range(0, 300, 2))


def test_a_pose_left_out_excludes_no_later_one():
    # Steps of 1 mm: with 1.5 mm, every second is kept, as each is compared only with those kept.
    assert kept(poses(*np.arange(9) * 18), 1.5) == [0, 2, 4, 6, 8]


def test_where_a_body_stands_does_not_count_but_which_way_it_faces_does():
    joints = poses(0, 0, 0)
    joints[1] += [5000, 0, -3000]
    turned = joints[2] - joints[2, CENTER]
    joints[2] = turned @ np.array([[0, 0, 1], [0, 1, 0], [-1, 0, 0]]) + joints[2, CENTER]
    assert kept(joints, 0.001) == [0, 2]


def test_joints_known_in_both_are_compared():
    joints = poses(0, 900, 0)
    wrist = PANOPTIC19.joints.index("left_wrist")
    known = np.ones((3, 19), bool)
    known[1, wrist] = False
    assert kept(joints, 1, known) == [0]
    # 900 mm of one joint among the two that are left, the other being unmoved.
    known = np.zeros((3, 19), bool)
    known[:, [CENTER, wrist, wrist + 1]] = True
    assert kept(joints, 449, known) == [0, 1]
    assert kept(joints, 451, known) == [0]
    # Only the center in common.
    known[1] = False
    known[1, [CENTER, wrist + 2]] = True
    assert kept(joints, 1000, known) == [0, 1]
    known[0, CENTER] = False
    assert kept(joints, 1, known) == [1, 2]


def test_many_poses_are_compared_as_few_are():
    rng = np.random.default_rng(1)
    joints = rng.normal(0, 40, (700, 19, 3))
    joints[:, CENTER] = 0
    known = rng.random((700, 19)) < 0.9
    known[:, CENTER] = True
    expected = []
    for i in range(700):
        both = known[i] & known[expected]
        both[:, CENTER] = False
        moved = np.linalg.norm(joints[i] - joints[expected], axis=-1)
        if all(moved[k][both[k]].mean() >= 78 for k in range(len(expected))):
            expected.append(i)
    assert 100 < len(expected) < 600
    assert kept(joints, 78, known) == expected


def test_a_budget_is_spread_evenly_over_time_and_prefers_no_camera():
    frames = np.arange(3000) // 3
    shown = np.ones((31, 3000), bool)
    chosen = spread(shown, frames, 500)
    assert chosen.sum() == 500
    # Every stretch of a tenth of the time has a tenth of them.
    assert (chosen.sum(axis=0).reshape(10, 300).sum(axis=1) == 50).all()
    # 500 / 31 = 16 from each camera, give or take; 167 of the first, second and third body of a frame.
    assert 5 <= chosen.sum(axis=1).min() and chosen.sum(axis=1).max() <= 30
    assert np.abs(chosen.sum(axis=0).reshape(1000, 3).sum(axis=0) - 500 / 3).max() < 40
    np.testing.assert_array_equal(spread(shown, frames, 500), chosen)


def test_a_budget_takes_only_what_is_shown_and_all_if_that_is_little():
    shown = np.zeros((2, 100), bool)
    shown[0, 50:60] = shown[1, 55] = True
    frames = np.arange(100)
    assert spread(shown, frames, 11) is shown
    chosen = spread(shown, frames, 4)
    assert chosen.sum() == 4 and not (chosen & ~shown).any()


@pytest.fixture
def sequence(tmp_path):
    """Fourteen frames of two cameras: body 0 moves an arm by 9 cm a frame, body 1 stands still and walks off."""
    folder = tmp_path / "seq"
    write_calibration(folder, [camera_entry("00_00"), camera_entry("00_01")])
    for frame in range(14):
        moving = body(0)
        moving["joints19"][4 * 5] += 9 * frame
        write_frame(folder, frame, [moving, body(1, x_cm=20.0 * frame)])
        for camera in ("00_00", "00_01"):
            write_jpeg(folder, camera, frame)
    return folder


def keys_of(sequence, **options):
    people = list(Panoptic(sequence, min_box_px=4, **options).people())
    assert not [item for item in people if isinstance(item, BadInput)]
    return [(person.camera, person.frame, person.person) for person in people]


def test_people_with_a_pose_seen_before_are_left_out(sequence):
    # 90 mm of one joint are 5 mm on average, so 10 mm is two frames; body 1 stands as body 0 did at first.
    keys = keys_of(sequence, min_pose_change_mm=9.9)
    assert keys == [(camera, frame, 0) for camera in ("00_00", "00_01") for frame in range(0, 14, 2)]
    reader = Panoptic(sequence, min_box_px=4, min_pose_change_mm=9.9)
    seen = len(keys_of(sequence))
    assert left_out(reader)["a pose like one before it (--min-pose-change-mm)"] == seen - len(keys)
    assert sum(left_out(reader).values()) + len(keys) == 2 * 2 * 14


def test_max_people_bounds_the_views_taken(sequence):
    everyone = keys_of(sequence)
    some = keys_of(sequence, max_people=10)
    assert len(some) == 10 and set(some) < set(everyone) and some == sorted(some)
    assert {camera for camera, _, _ in some} == {"00_00", "00_01"}
    assert min(frame for _, frame, _ in some) <= 1 and max(frame for _, frame, _ in some) >= 12
    assert keys_of(sequence, max_people=10) == some
    left = left_out(Panoptic(sequence, min_box_px=4, max_people=10))
    assert left["more than are wanted (--max-people)"] == len(everyone) - 10
    assert keys_of(sequence, max_people=1000) == everyone
    assert Panoptic(sequence, min_box_px=4, max_people=10).total() == 10


def test_both_together_and_a_unit_by_itself(sequence):
    options = {"min_pose_change_mm": 9.9, "max_people": 6}
    keys = keys_of(sequence, **options)
    assert len(keys) == 6 and {body for _, _, body in keys} == {0}
    *_, last = Panoptic(sequence, min_box_px=4, **options).units()
    assert [("00_01", person.frame, 0) for person in last.people() if isinstance(person, Person)] == [
        key for key in keys if key[0] == "00_01"
    ]


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"max_people": 0}, "max_people must be 1 or more, got 0"),
        ({"min_pose_change_mm": -1.0}, "min_pose_change_mm must be 0 or more, got -1"),
    ],
)
def test_wrong_values_raise(tmp_path, options, match):
    with pytest.raises(ValueError, match=match):
        Panoptic(tmp_path, **options)
