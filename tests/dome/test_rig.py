"""The dome's cameras: within what the studio has, and a real calibration at any size."""

import json

import numpy as np
import pytest

from dome.view.rig import (
    HEIGHTS_MM,
    MIDDLE_MM,
    RADIUS_MM,
    cameras_of_calibration,
    dome_cameras,
    look_at,
    scaled,
)
from pose import Camera
from pose.panoptic_cameras import read_cameras

HD = (1080, 1920)


def camera(name: str = "00_00", center=(0.0, -1000.0, -2700.0), size=(100, 200)) -> Camera:
    rotation = look_at(np.array(center), np.array([0.0, -1000.0, 0.0]), roll=0.0)
    matrix = np.array([[150.0, 0, 99.5], [0, 150.0, 49.5], [0, 0, 1]])
    return Camera(name, size, matrix, np.zeros(5), rotation, -rotation @ np.array(center))


def calibration_file(folder, cameras: list[Camera], kind: str = "hd"):
    entries = [
        {
            "name": each.name,
            "type": kind,
            "resolution": [each.size[1], each.size[0]],
            "K": each.matrix.tolist(),
            "distCoef": each.distortion.tolist(),
            "R": each.rotation.tolist(),
            "t": (each.translation_mm / 10).reshape(3, 1).tolist(),
        }
        for each in cameras
    ]
    path = folder / "calibration_x.json"
    path.write_text(json.dumps({"cameras": entries}))
    return path


@pytest.mark.parametrize("count", [1, 2, 4, 31])
@pytest.mark.parametrize("seed", [0, 1])
def test_cameras_are_within_the_studios_ranges(count, seed):
    cameras = dome_cameras(np.random.default_rng(seed), count, HD)
    assert [each.name for each in cameras] == [f"00_{i:02d}" for i in range(count)]
    for each in cameras:
        assert each.size == HD
        np.testing.assert_allclose(each.rotation @ each.rotation.T, np.eye(3), atol=1e-12)
        assert np.linalg.det(each.rotation) == pytest.approx(1)
        # The studio's: 2733 to 2780 mm from the middle, 739 to 3397 mm up.
        assert 2733 <= np.linalg.norm(each.center_mm - MIDDLE_MM) <= 2780
        assert HEIGHTS_MM[0] <= -each.center_mm[1] <= HEIGHTS_MM[1]
        assert 1393 <= each.matrix[0, 0] <= 1650
        assert 0.997 <= each.matrix[1, 1] / each.matrix[0, 0] <= 0.998
        k1, k2, p1, p2, k3 = each.distortion
        assert -0.291 <= k1 <= -0.2190 and 0.167 <= k2 <= 0.2292 and -0.061 <= k3 <= 0.041
        assert abs(p1) < 9.1e-4 and abs(p2) < 1.1e-3
        # It looks at the middle: the stage's middle is near the image's, and up is up.
        middle = each.project(np.array([0.0, -1313.0, 0.0]))
        assert (np.abs(middle - [959.5, 539.5]) < 230).all()
        assert each.project(np.array([0.0, -1800.0, 0.0]))[1] < middle[1]


@pytest.mark.parametrize("count", [3, 4, 8, 31])
def test_cameras_are_spread_in_azimuth_and_height(count):
    for seed in range(5):
        centers = np.stack([each.center_mm for each in dome_cameras(np.random.default_rng(seed), count, HD)])
        azimuths = np.sort(np.degrees(np.arctan2(centers[:, 0], centers[:, 2])) % 360)
        gaps = np.diff(np.append(azimuths, azimuths[0] + 360))
        # Each is shaken by at most 0.3 of a step to either side.
        assert gaps.max() <= 1.6 * 360 / count + 1e-9 and gaps.min() >= 0.4 * 360 / count - 1e-9
        heights = -centers[:, 1]
        # A third is below 1230 mm, give or take the one that the boundary falls on.
        assert abs((heights <= 1230).sum() - count / 3) < 1
        assert heights.max() > 2000


def test_images_of_another_size_show_the_same():
    large = dome_cameras(np.random.default_rng(3), 2, HD)[1]
    small = dome_cameras(np.random.default_rng(3), 2, (360, 640))[1]
    point = np.array([300.0, -900.0, -200.0])
    np.testing.assert_allclose((small.project(point) + 0.5) * 3 - 0.5, large.project(point), atol=1e-6)


@pytest.mark.parametrize("count", [0, 32])
def test_counts_out_of_range_raise(count):
    with pytest.raises(ValueError, match=f"from 1 to 31 HD cameras, got count = {count}; ask for fewer"):
        dome_cameras(np.random.default_rng(0), count, HD)


def test_scaling_keeps_the_corners_of_pixels():
    half = scaled(camera(), (50, 100))
    # The middle of a 200 x 100 image is at (99.5, 49.5), that of a 100 x 50 one at (49.5, 24.5).
    np.testing.assert_allclose(half.matrix, [[75, 0, 49.5], [0, 75, 24.5], [0, 0, 1]])
    assert half.size == (50, 100)
    with pytest.raises(ValueError, match=r"camera 00_00: pictures .* \(100, 200\) would be stretched to \(60, 100\)"):
        scaled(camera(), (60, 100))


def test_a_calibration_file_gives_its_hd_cameras(tmp_path):
    # Three on a line: the first and the last are the farthest apart.
    cameras = [camera(f"00_0{i}", (100.0 * i, -1000.0, -2700.0)) for i in range(3)]
    path = calibration_file(tmp_path, cameras)
    assert [each.name for each in cameras_of_calibration(path)] == ["00_00", "00_01", "00_02"]
    assert [each.name for each in cameras_of_calibration(path, None, 2)] == ["00_00", "00_02"]
    (named,) = cameras_of_calibration(path, (50, 100), names=["00_01"])
    assert named.size == (50, 100) and named.name == "00_01"
    np.testing.assert_allclose(named.center_mm, [100, -1000, -2700], atol=1e-9)


def test_unusable_calibration_files_raise(tmp_path):
    with pytest.raises(ValueError, match="must have HD cameras, but it lists none of type `hd`; give a calibration_"):
        cameras_of_calibration(calibration_file(tmp_path, [camera()], kind="vga"))
    with pytest.raises(ValueError, match="not a calibration file"):
        cameras_of_calibration(tmp_path / "missing.json")
    path = calibration_file(tmp_path, [camera()])
    with pytest.raises(ValueError, match="has no HD camera 00_07; it has 00_00"):
        cameras_of_calibration(path, names=["00_07"])
    with pytest.raises(ValueError, match="has 1 such HD cameras, got count = 2"):
        cameras_of_calibration(path, None, 2)


def test_real_calibrations_scale(shared_data):
    path = shared_data / "panoptic/160906_band1/calibration_160906_band1.json"
    original, _ = read_cameras(path)
    cameras = cameras_of_calibration(path, (360, 640))
    assert len(cameras) == 31 and list(original) == [each.name for each in cameras]
    points = np.random.default_rng(0).uniform((-800, -1800, -800), (800, 0, 800), (50, 3))
    for each in cameras:
        expected = (original[each.name].project(points) + 0.5) / 3 - 0.5
        np.testing.assert_allclose(each.project(points), expected, atol=1e-6, rtol=0)


def test_the_figures_are_the_studios(shared_data):
    cameras = cameras_of_calibration(shared_data / "panoptic/160906_band1/calibration_160906_band1.json")
    centers = np.stack([each.center_mm for each in cameras])
    # The best sphere: |c|^2 = 2 c.m + (r^2 - |m|^2).
    system = np.column_stack([2 * centers, np.ones(31)])
    *middle, rest = np.linalg.lstsq(system, (centers**2).sum(axis=1), rcond=None)[0]
    assert np.sqrt(rest + np.dot(middle, middle)) == pytest.approx(RADIUS_MM, abs=2)
    np.testing.assert_allclose(middle, MIDDLE_MM, atol=25)
    assert (-centers[:, 1]).min() == pytest.approx(HEIGHTS_MM[0], abs=5)
    assert (-centers[:, 1]).max() == pytest.approx(HEIGHTS_MM[1], abs=5)


def test_the_floor_is_y_0(shared_data):
    ankles = []
    for path in sorted((shared_data / "panoptic").glob("*/hdPose3d_stage1_coco19/*.json")):
        for body in json.loads(path.read_text())["bodies"]:
            joints = np.reshape(body["joints19"], (19, 4))
            ankles += [10 * joints[i, 1] for i in (8, 14) if joints[i, 3] > 0]
    assert len(ankles) >= 12
    # An ankle's middle is 60 to 110 mm above the sole, and the lowest of a standing body's is that high.
    assert -110 < np.median(ankles) < -60 and max(ankles) < -50
