"""Points of one image in the next, on a moved texture."""

import cv2
import numpy as np
import pytest

from pose.tracking.flow import JointFlow


@pytest.fixture(scope="module")
def wall():
    small = np.random.default_rng(1).integers(0, 256, (60, 80, 3), np.uint8)
    return cv2.resize(small, (1280, 960), interpolation=cv2.INTER_CUBIC)


def test_points_move_with_the_image(wall):
    flow = JointFlow()
    flow.next(wall[100:820, 100:1060])
    flow.next(wall[92:812, 112:1072])
    points = np.array([[[200, 300], [480, 360]], [[700, 500], [np.nan, 3]]], float)
    moved = flow.move(points)
    assert moved.shape == points.shape and np.isnan(moved[1, 1]).all()
    np.testing.assert_allclose(moved[:, 0], points[:, 0] + (-12, 8), atol=1.0)


def test_points_that_were_covered_or_leave_are_unknown(wall):
    flow = JointFlow()
    before, after = wall[100:820, 100:1060].copy(), wall[100:820, 100:1060].copy()
    cv2.rectangle(after, (300, 200), (600, 500), (255, 0, 0), cv2.FILLED)
    flow.next(before)
    flow.next(after)
    assert np.isnan(flow.move(np.array([[450.0, 350.0]]))).all()
    np.testing.assert_allclose(flow.move(np.array([[800.0, 600.0]])), [[800, 600]], atol=0.5)
    assert np.isnan(flow.move(np.array([[-50.0, 350.0], [450.0, 900.0]]))).all()


def test_nothing_is_known_without_a_last_image_of_the_same_size(wall):
    flow = JointFlow()
    point = np.array([[200.0, 200.0]])
    for picture in (wall[:720, :960], wall[:480, :960], None, wall[:480, :960], wall[:10, :960], wall[:10, :960]):
        flow.next(picture)
        assert not flow.known and np.isnan(flow.move(point)).all()
