"""Cameras from images of a board."""

import cv2
import numpy as np
import pytest
from boards import held, photograph
from studio import cameras, seen

from pose.space import triangulate
from pose.space.board import Board
from pose.space.calibrate import calibrate, calibrate_lens

BOARD = Board(columns=6, rows=5, square_mm=100.0)


@pytest.fixture(scope="module")
def filmed():
    """Two cameras side by side, and what they see of the board in 40 instants."""
    rig = [one for one in cameras(6, distance_mm=2500.0, distortion=(0.0,) * 5, size=(1080, 1920))][:2]
    sightings = [
        {t: found for t in range(60) if (found := BOARD.find(photograph(BOARD, camera, held(t)))) is not None}
        for camera in rig
    ]
    return rig, sightings


@pytest.mark.parametrize("kind", ["charuco", "checkerboard"])
def test_corners_are_where_the_board_is(kind):
    board = Board(kind, columns=6, rows=5, square_mm=100.0)
    camera = cameras(1, distance_mm=2500.0, distortion=(0.0,) * 5)[0]
    # Before the camera, upright.
    whole = np.eye(4)
    whole[:3, :3] = camera.rotation.T @ cv2.Rodrigues(np.array([0.2, -0.3, 0.1]))[0]
    whole[:3, 3] = (0, 0, 900) - whole[:3, :3] @ (300, 250, 0)
    found = board.find(photograph(board, camera, whole))
    assert len(found.corners) == 20
    expected = camera.project((board.points_mm @ whole[:3, :3].T + whole[:3, 3])[found.corners])
    # A checkerboard has no beginning.
    orders = (expected, expected[::-1]) if kind == "checkerboard" else (expected,)
    assert min(np.abs(found.xy_px - one).max() for one in orders) < 0.5


def test_a_part_of_a_charuco_board_is_enough():
    camera = cameras(1, distance_mm=2500.0, distortion=(0.0,) * 5)[0]
    whole = np.eye(4)
    whole[:3, :3] = camera.rotation.T
    whole[:3, 3] = (0, 0, 900) - whole[:3, :3] @ (300, 250, 0)
    picture = photograph(BOARD, camera, whole)
    picture[:, : picture.shape[1] // 2] = 90
    found = BOARD.find(picture)
    assert 4 <= len(found.corners) < 20
    expected = camera.project((BOARD.points_mm @ whole[:3, :3].T + whole[:3, 3])[found.corners])
    assert np.abs(found.xy_px - expected).max() < 0.5


def test_an_empty_image_has_no_board():
    for kind in ("charuco", "checkerboard"):
        assert Board(kind).find(np.full((200, 300, 3), 90, np.uint8)) is None


def test_lenses_and_places_are_found(filmed):
    rig, sightings = filmed
    found, errors = calibrate(BOARD, ["a", "b"], [camera.size for camera in rig], sightings)
    assert max(errors) < 0.3
    for camera, truth in zip(found, rig, strict=True):
        np.testing.assert_allclose(camera.matrix[[0, 1], [0, 1]], truth.matrix[[0, 1], [0, 1]], rtol=0.01)
        np.testing.assert_allclose(camera.matrix[:2, 2], truth.matrix[:2, 2], atol=15)
    # What they are for: distances in the room that was filmed.
    points = np.random.default_rng(1).uniform(-400, 400, (30, 3)) + (0, 0, 900)
    xyz = triangulate(found, *seen(rig, points)).xyz_mm
    lengths, true_lengths = (np.linalg.norm(one[1:] - one[:-1], axis=1) for one in (xyz, points))
    np.testing.assert_allclose(lengths, true_lengths, rtol=0.015)


def test_the_world_is_where_the_board_lies(filmed):
    rig, sightings = filmed
    instant = sorted(sightings[0].keys() & sightings[1].keys())[3]
    found, _ = calibrate(BOARD, ["a", "b"], [camera.size for camera in rig], sightings, world=instant)
    # Points of that board, x to the right and y up in the world, lie at z = 0.
    whole = held(instant)
    points = np.array([(0.0, 0, 0), (500, 0, 0), (0, -400, 0), (100, -100, 200)])
    true_points = (points * (1, -1, -1)) @ whole[:3, :3].T + whole[:3, 3]
    for camera, truth in zip(found, rig, strict=True):
        assert np.abs(camera.project(points) - truth.project(true_points)).max() < 3


def test_one_camera_alone_can_be_calibrated(filmed):
    rig, sightings = filmed
    (found,), _ = calibrate(BOARD, ["a"], [rig[0].size], sightings[:1])
    np.testing.assert_allclose(found.matrix[[0, 1], [0, 1]], rig[0].matrix[[0, 1], [0, 1]], rtol=0.01)


def test_a_mistaken_image_is_left_out(filmed):
    rig, sightings = filmed
    own = dict(sightings[0])
    wrong = next(t for t, one in own.items() if len(one.corners) >= 12)
    own[wrong] = own[wrong]._replace(
        xy_px=own[wrong].xy_px + np.random.default_rng(0).normal(0, 60, own[wrong].xy_px.shape)
    )
    matrix, _, error = calibrate_lens(BOARD, own, rig[0].size)
    assert error < 0.3
    np.testing.assert_allclose(matrix[[0, 1], [0, 1]], rig[0].matrix[[0, 1], [0, 1]], rtol=0.01)


def test_too_few_images_raise(filmed):
    rig, sightings = filmed
    few = dict(list(sightings[0].items())[:3])
    with pytest.raises(ValueError, match="a: the board is seen in . instants, 5 or more are needed"):
        calibrate(BOARD, ["a"], [rig[0].size], [few])


def test_cameras_that_never_see_the_board_together_raise(filmed):
    rig, sightings = filmed
    later = {t + 1000: one for t, one in sightings[1].items()}
    with pytest.raises(ValueError, match="b never sees the board together with the others"):
        calibrate(BOARD, ["a", "b"], [camera.size for camera in rig], [sightings[0], later])


def test_a_world_that_nobody_saw_raises(filmed):
    rig, sightings = filmed
    with pytest.raises(ValueError, match="no camera sees the board in the instant of the world"):
        calibrate(BOARD, ["a", "b"], [camera.size for camera in rig], sightings, world=5000)


@pytest.mark.parametrize("wrong", [{"columns": 2}, {"square_mm": 0}, {"square_mm": float("nan")}, {"kind": "circles"}])
def test_boards_that_cannot_be_raise(wrong):
    with pytest.raises(ValueError, match="a board (is|has)"):
        Board(**wrong)
