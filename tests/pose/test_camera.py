import json

import cv2
import numpy as np
import pytest

from pose import Camera

RADIAL = [-0.22, 0.2, 0.0, 0.0, 0.02]


def camera(distortion=(0, 0, 0, 0, 0), rotation=None, translation_mm=(0, 0, 0)):
    matrix = [[1000, 0, 960], [0, 1100, 540], [0, 0, 1]]
    rotation = np.eye(3) if rotation is None else rotation
    return Camera("00_00", (1080, 1920), matrix, distortion, rotation, translation_mm)


def test_projection_by_hand():
    # x = 0.5, y = -0.25: u = 1000 * 0.5 + 960, v = 1100 * -0.25 + 540.
    np.testing.assert_allclose(camera().project([1000.0, -500.0, 2000.0]), [1460, 265])
    # r2 = 0.3125, k1 = 0.1: both stretched by 1.03125.
    np.testing.assert_allclose(camera([0.1, 0, 0, 0, 0]).project([1000.0, -500.0, 2000.0]), [1475.625, 256.40625])
    # p1 = 0.01 adds 2 p1 x y = -0.0025 to x and p1 (r2 + 2 y^2) = 0.004375 to y.
    np.testing.assert_allclose(camera([0, 0, 0.01, 0, 0]).project([1000.0, -500.0, 2000.0]), [1457.5, 269.8125])


def test_every_hd_camera_of_a_real_calibration_projects_as_opencv_does(shared_data):
    path = shared_data / "panoptic/160906_band1/calibration_160906_band1.json"
    entries = [entry for entry in json.loads(path.read_text())["cameras"] if entry["type"] == "hd"]
    assert len(entries) == 31
    points = np.random.default_rng(0).uniform(-1500, 1500, (300, 3))
    for entry in entries:
        real = Camera(entry["name"], (1080, 1920), entry["K"], entry["distCoef"], entry["R"], np.ravel(entry["t"]) * 10)
        seen = points[real.in_front(points)]
        assert len(seen) > 100
        true, _ = cv2.projectPoints(seen, real.rotation, real.translation_mm, real.matrix, real.distortion)
        assert np.abs(real.project(seen) - true[:, 0]).max() < 1e-3
        inside = real.contains(real.project(seen))
        back = real.back_project(real.project(seen)[inside], real.to_camera(seen[inside])[:, 2])
        assert np.abs(back - seen[inside]).max() < 1e-2  # mm


def test_back_projection_undoes_projection():
    rotation, _ = cv2.Rodrigues(np.array([0.3, -0.2, 0.1]))
    distorted = camera([*RADIAL[:2], 0.001, -0.002, 0.02], rotation, [100.0, -50.0, 3000.0])
    points = np.random.default_rng(1).uniform(-800, 800, (2, 40, 3))
    depth = distorted.to_camera(points)[..., 2]
    np.testing.assert_allclose(distorted.back_project(distorted.project(points), depth), points, atol=1e-4)


def test_center_is_where_the_camera_stands():
    rotation, _ = cv2.Rodrigues(np.array([0.0, np.pi / 2, 0.0]))
    placed = camera(rotation=rotation, translation_mm=[1.0, 2.0, 3.0])
    np.testing.assert_allclose(placed.to_camera(placed.center_mm), 0, atol=1e-12)


def test_points_behind_or_beyond_the_lens_model_are_not_in_front():
    assert camera().in_front(np.array([[0, 0, 1000.0], [0, 0, -1000.0]])).tolist() == [True, False]
    assert np.isnan(camera().project(np.array([0, 0, -1000.0]))).all()
    # 1 - 0.5 r2 turns back at r2 = 2/3: a point far to the side would land in the picture again.
    folding = camera([-0.5, 0, 0, 0, 0])
    sideways = np.array([[1400.0, 0, 1000.0], [700.0, 0, 1000.0]])
    assert folding.contains(folding.project(sideways)).tolist() == [True, True]
    assert folding.in_front(sideways).tolist() == [False, True]


@pytest.mark.parametrize("distortion", [(-1 / 3, 0, 0, 0, 0), (0, -1 / 5, 0, 0, 0), (0, 0, 0, 0, -1 / 7)])
def test_the_lens_model_is_limited_to_where_it_is_monotonic(distortion):
    """Of r + k1 r^3, r + k2 r^5 and r + k3 r^7 the slope is 1 + 3 k1 r^2, ...: 0 at r = 1 here."""
    folding = camera(distortion)
    x = np.array([0.98, 0.99, 1.01, 1.02])
    points = np.stack([1000 * x, np.zeros(4), np.full(4, 1000.0)], axis=1)
    before, at, beyond, further = folding.project(points)[:, 0]
    assert before < at and further < beyond
    assert folding.in_front(points).tolist() == [True, True, False, False]
    assert folding.in_front(points[:, [1, 0, 2]]).tolist() == [True, True, False, False]


@pytest.mark.parametrize(
    "distortion",
    [
        # 1 + 3 k1 s = 0 at s = -1/2 alone, and a radius squared is no less than 0.
        (2 / 3, 0, 0, 0, 0),
        # 1 + 3 k1 s + 5 k2 s^2 = 1 - 1.6 s + 0.8 s^2 = 0 at 1 + i/2 and 1 - i/2: the slope is never 0.
        (-1.6 / 3, 0.8 / 5, 0, 0, 0),
    ],
)
def test_a_monotonic_lens_model_has_no_limit(distortion):
    points = np.array([[0, 0, 1000.0], [1000, 0, 1000], [0, 50_000, 1000]])
    assert camera(distortion).in_front(points).all()


def test_what_is_less_than_a_millimetre_before_the_camera_is_projected_and_what_is_behind_or_beside_it_is_not():
    found = camera().project(np.array([[0.1, 0, 0.5], [0.1, 0, 0], [0.1, 0, -0.5]]))
    np.testing.assert_allclose(found, [[1160, 540], [np.nan] * 2, [np.nan] * 2])
    assert camera().in_front(np.array([[0.1, 0, 0.5], [0.1, 0, 0], [0.1, 0, -0.5]])).tolist() == [True, False, False]


def test_picture_border_is_half_a_pixel_out():
    xy = np.array([[-0.5, 0], [-0.51, 0], [1919.4, 1079.4], [1919.5, 0], [1925, 0], [np.nan, 0]])
    assert camera().contains(xy).tolist() == [True, False, True, False, False, False]
    xy = np.array([[0, -0.5], [0, -0.51], [0, 1079.5], [0, 1080.4]])
    assert camera().contains(xy).tolist() == [True, False, False, False]


def test_one_point_and_many_give_the_same():
    folding = camera([-0.5, 0, 0, 0, 0])
    points = np.random.default_rng(2).uniform(-3000, 3000, (4, 3, 5, 3))
    whole = folding.in_front(points)
    assert whole.shape == (4, 3, 5) and 0 < whole.sum() < whole.size
    one_by_one = [bool(folding.in_front(point)) for point in points.reshape(-1, 3)]
    assert whole.ravel().tolist() == one_by_one


def test_a_camera_is_immutable():
    """Where its lens model ends is worked out once."""
    with pytest.raises(AttributeError):
        camera().distortion = np.zeros(5)


def test_broken_calibration_raises():
    with pytest.raises(ValueError, match="camera '00_00': distortion must be finite numbers of shape"):
        camera([0, 0, 0, 0])
    with pytest.raises(ValueError, match="distortion must be finite numbers of shape"):
        camera([0, 0, 0, 0, 0, 0])
    with pytest.raises(ValueError, match="translation_mm"):
        camera(translation_mm=[0, 0, np.nan])
