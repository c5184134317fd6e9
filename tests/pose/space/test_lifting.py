"""What lifters take and answer: the turned camera, the scale, a person's size and place, a track at other times."""

import numpy as np
import pytest
from studio import standing

from pose import LSP14, PANOPTIC19
from pose.space.lifting import (
    SIZE_SHARE,
    STATURE_MM,
    about_hips,
    at_times,
    in_camera,
    placed,
    seen,
    size_mm,
    usual_camera,
)


def image_of(xyz_mm):
    return xyz_mm[..., :2] / xyz_mm[..., 2:]


def test_the_camera_is_turned_to_the_person():
    """The same person on the axis and off it gives the same window, and a pose that is turned accordingly."""
    body = np.random.default_rng(0).uniform(-600, 600, (5, 14, 3))
    ahead = body + (0, 0, 4000)
    angle = np.radians(25)
    turn = np.array([[np.cos(angle), 0, np.sin(angle)], [0, 1, 0], [-np.sin(angle), 0, np.cos(angle)]])
    scores = np.full((5, 14), 0.5)
    first, second = seen(image_of(ahead), scores), seen(image_of(ahead @ turn.T), scores)
    # The small turns about the line of sight differ.
    np.testing.assert_allclose(first.joints, second.joints, atol=0.03)
    assert np.abs(first.joints[..., :2]).max() == pytest.approx(1, abs=0.05)
    np.testing.assert_allclose(second.turn @ second.turn.T, np.eye(3), atol=1e-12)
    back = in_camera(ahead[0] @ second.turn.T, second.turn)
    np.testing.assert_allclose(back, ahead[0], atol=1e-6)


def test_the_turned_camera_looks_at_the_middle_of_the_box():
    joints = seen(np.array([[[0.2, -0.1], [0.6, 0.5]]]), np.ones((1, 2))).joints[0, :, :2]
    np.testing.assert_allclose(joints.sum(axis=0), 0, atol=0.03)
    assert np.ptp(joints, axis=0).max() == pytest.approx(2)


def test_joints_that_are_not_seen_are_zero_whatever_they_hold():
    rays, scores = np.random.default_rng(1).normal(size=(3, 14, 2)), np.ones((3, 14))
    scores[1, 4] = 0
    other = rays.copy()
    other[1, 4] = 1e6
    np.testing.assert_array_equal(seen(rays, scores).joints, seen(other, scores).joints)
    assert not seen(rays, scores).joints[1, 4].any()
    nobody = seen(rays, np.zeros((3, 14)))
    assert not nobody.joints.any()
    np.testing.assert_array_equal(nobody.turn, np.eye(3))


def test_size_by_hand():
    """Thighs of 400 and shanks of 300 mm, a trunk of 500."""
    place = {"hip": (100, 0), "knee": (100, 400), "ankle": (100, 700), "shoulder": (150, -500)}
    xyz = np.zeros((2, 19, 3))
    for name, (x, y) in place.items():
        xyz[:, PANOPTIC19.index(f"left_{name}"), :2] = x, y
        xyz[:, PANOPTIC19.index(f"right_{name}"), :2] = -x, y
    known = np.ones((2, 19), bool)
    assert size_mm(xyz, known, PANOPTIC19) == pytest.approx(1200)
    known[:, PANOPTIC19.index("left_knee")] = False
    assert size_mm(xyz, known, PANOPTIC19) == pytest.approx(1200)
    known[:, PANOPTIC19.index("right_knee")] = False
    assert np.isnan(size_mm(xyz, known, PANOPTIC19))


def test_the_share_of_the_stature_is_that_of_the_bodies():
    from body.human import Human
    from body.shape import Shape

    rng, shares = np.random.default_rng(3), []
    for _ in range(12):
        human = Human(Shape.random(rng))
        joints = human.pose(np.tile(np.eye(3, dtype=np.float32), (1, 31, 1, 1)), np.zeros((1, 3))).joints_mm
        stature = np.ptp(human.rest_mm[:, 1])
        shares.append(size_mm(joints, np.ones(joints.shape[:2], bool), PANOPTIC19) / stature)
    assert np.mean(shares) == pytest.approx(SIZE_SHARE, abs=0.004)
    assert STATURE_MM == 1700


def test_hips_are_the_origin():
    xyz = about_hips(standing()[None, :14], LSP14)
    np.testing.assert_allclose(xyz[0, [LSP14.index("left_hip"), LSP14.index("right_hip")]].mean(axis=0), 0, atol=1e-9)


def test_people_are_placed_where_their_image_says():
    rng = np.random.default_rng(2)
    body, hips = rng.uniform(-500, 500, (3, 14, 3)), np.array([[300, -200, 3000.0], [0, 0, 6000], [-900, 100, 2500]])
    rays, scores = image_of(body + hips[:, None]), np.ones((3, 14))
    np.testing.assert_allclose(placed(body, rays, scores), hips, rtol=1e-6, atol=1e-5)
    rays[0, 3] = np.nan
    scores[2, 2:] = 0
    np.testing.assert_allclose(placed(body, rays, scores), hips, rtol=1e-4, atol=1e-3)
    scores[2, 1] = 0
    assert np.isnan(placed(body, rays, scores)[2]).all()


def test_a_track_at_other_times():
    times = np.array([0.0, 0.1, 0.2, 1.0])
    values = np.repeat(times[:, None, None] * 10, 2, axis=2)
    scores = np.array([[1.0], [0.5], [0.0], [1.0]])
    found = at_times(values, scores, times, np.array([0.05, 0.15, 0.2, 0.5, 1.0, 1.6, -0.02]))
    # Where one neighbor alone shows it, it is there; in long gaps and beyond the ends nothing is.
    np.testing.assert_allclose(found.values[:2, 0, 0], [0.5, 1.0])
    np.testing.assert_allclose(found.scores[:, 0], [0.75, 0.5, 0.5, 0, 1, 0, 1], atol=0.26)
    assert found.scores[3, 0] == found.scores[5, 0] == 0
    one = at_times(values[:1], scores[:1], times[:1], np.array([0.0, 0.3]))
    assert one.scores[:, 0].tolist() == [1, 0]


def test_a_usual_camera_sees_sixty_degrees():
    camera = usual_camera((720, 1280))
    left, right = camera.without_distortion(np.array([[-0.5, 359.5], [1279.5, 359.5]]))
    assert np.degrees(np.arctan(right[0]) - np.arctan(left[0])) == pytest.approx(60, abs=0.5)
