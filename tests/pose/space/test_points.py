"""Points from several cameras: exact ones exactly, wrong cameras left out, and how far noise moves them."""

import json

import numpy as np
import pytest
from studio import cameras, seen, standing

from pose import Camera
from pose.panoptic_cameras import read_cameras
from pose.space import triangulate
from pose.space.points import slopes


@pytest.mark.parametrize("count", [2, 3, 5])
def test_exact_images_give_the_exact_points(count):
    rig, xyz = cameras(count), standing()
    found = triangulate(rig, *seen(rig, xyz))
    np.testing.assert_allclose(found.xyz_mm, xyz, atol=1e-6)
    assert found.used.all() and np.nanmax(found.errors_px) < 1e-6


def test_two_cameras_by_hand():
    """Both look along z, 1000 mm apart, with 1000 px of focal length: the depth is 1000 * 1000 / shift."""
    matrix = np.array([[1000.0, 0, 500], [0, 1000, 500], [0, 0, 1]])
    rig = [Camera(str(x), (1000, 1000), matrix, np.zeros(5), np.eye(3), np.array([-x, 0.0, 0])) for x in (0.0, 1000)]
    found = triangulate(rig, np.array([[[700.0, 600]], [[500.0, 600]]]), np.ones((2, 1)))
    np.testing.assert_allclose(found.xyz_mm, [[1000, 500, 5000]], atol=1e-6)


def test_a_wrong_camera_is_left_out_and_the_point_is_exact():
    rig, xyz = cameras(4), standing()
    xy, scores = seen(rig, xyz)
    xy[2, 3] += (150, -90)
    found = triangulate(rig, xy, scores)
    np.testing.assert_allclose(found.xyz_mm, xyz, atol=1e-6)
    assert not found.used[2, 3] and found.used.sum() == found.used.size - 1
    assert found.errors_px[2, 3] == pytest.approx(np.hypot(150, 90), abs=1e-3)


def test_points_that_fewer_than_two_cameras_agree_on_are_unknown():
    rig, xyz = cameras(3)[:2], standing()
    xy, scores = seen(rig, xyz)
    scores[0, 5] = 0
    xy[1, 6] += (0, 400)
    xy[0, 7] = np.nan
    found = triangulate(rig, xy, scores)
    assert np.flatnonzero(np.isnan(found.xyz_mm[:, 0])).tolist() == [5, 6, 7]
    assert not found.used[:, 5:8].any()
    assert np.isnan(found.errors_px[:, 5:8]).all()


def test_weights_draw_the_point():
    """Of three cameras in one place in all but name, the point goes to the one that is trusted most."""
    rig, xyz = cameras(3), standing()[:1]
    xy, _ = seen(rig, xyz)
    moved = xy.copy()
    moved[0] += 6
    trusted, not_trusted = (
        triangulate(rig, moved, np.array([[weight], [1.0], [1.0]])).errors_px[0, 0] for weight in (100.0, 0.01)
    )
    assert trusted < 0.5 < 5 < not_trusted


def test_noise_is_not_enlarged():
    """Four cameras at 4 m with 1 400 px of focal length: 3 px are 8.6 mm at one of them."""
    rig, xyz = cameras(4), np.repeat(standing()[5:6], 2000, 0)
    found = triangulate(rig, *seen(rig, xyz, noise_px=3.0))
    assert np.abs(found.xyz_mm.mean(axis=0) - xyz[0]).max() < 0.5
    assert (found.xyz_mm.std(axis=0) < 8.6 / np.sqrt(2)).all()


def test_slopes_are_those_of_the_projection():
    rig, xyz = cameras(2), standing()
    step = np.array([0.01, -0.02, 0.015])
    moved = np.stack([camera.project(xyz + step) - camera.project(xyz - step) for camera in rig]) / 2
    np.testing.assert_allclose(slopes(rig, xyz) @ step, moved, atol=1e-6)


def test_many_cameras_are_tried_in_pairs_of_the_most_trusted():
    rig, xyz = cameras(20), standing()
    xy, scores = seen(rig, xyz)
    xy[0] += 300
    found = triangulate(rig, xy, np.where(np.arange(20)[:, None] == 0, 2.0, scores))
    np.testing.assert_allclose(found.xyz_mm, xyz, atol=1e-6)
    assert not found.used[0].any() and found.used[1:].all()


@pytest.mark.parametrize(
    ("shape", "weights", "message"),
    [
        ((3, 5, 2), np.ones((3, 5)), "2 cameras need xy_px"),
        ((2, 5, 2), np.ones((2, 4)), "2 cameras need xy_px"),
        ((2, 5, 2), np.full((2, 5), -1.0), "weights must be 0 or more, got -1.0"),
    ],
)
def test_arrays_that_do_not_fit_raise(shape, weights, message):
    with pytest.raises(ValueError, match=message):
        triangulate(cameras(2), np.zeros(shape), weights)


def test_nobody_is_no_points():
    found = triangulate(cameras(3), np.zeros((3, 0, 2)), np.zeros((3, 0)))
    assert found.xyz_mm.shape == (0, 3) and found.errors_px.shape == (3, 0)


def test_the_studios_cameras_and_people(shared_data):
    """The official calibration and 3D joints of Panoptic Studio, projected, give the joints back."""
    folder = shared_data / "panoptic/160906_band1"
    found, broken = read_cameras(folder / "calibration_160906_band1.json")
    rig = list(found.values())
    assert len(rig) == 31 and not broken
    for file in sorted((folder / "hdPose3d_stage1_coco19").glob("*.json")):
        bodies = json.loads(file.read_text())["bodies"]
        joints = np.concatenate([np.reshape(body["joints19"], (19, 4)) for body in bodies])
        xyz = 10 * joints[joints[:, 3] > 0, :3]
        exact = triangulate(rig, *seen(rig, xyz)).xyz_mm
        assert np.linalg.norm(exact - xyz, axis=1).max() < 1e-3
        noisy = triangulate(rig, *seen(rig, xyz, noise_px=3.0)).xyz_mm
        assert np.median(np.linalg.norm(noisy - xyz, axis=1)) < 4
