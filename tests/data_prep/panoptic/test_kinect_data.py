import json

import numpy as np
import pytest

from data_prep.panoptic.kinect_depth import SIZE, DepthFile, Sensor, _without_gaps
from data_prep.panoptic.kinect_sync import KinectSync
from pose import Camera
from records import BadInput

COLOR = Camera(
    "50_01", (1080, 1920), np.array([[1050.0, 0, 960], [0, 1050, 540], [0, 0, 1]]), np.zeros(5), np.eye(3), np.zeros(3)
)
TO_COLOR = np.eye(4)
TO_COLOR[0, 3] = -0.052


def write_sensor(folder, **changes):
    entry = {
        "K_depth": [[350, 0, 255], [0, 350, 211], [0, 0, 1]],
        "distCoeffs_depth": [0, 0, 0, 0, 0, 1000, 0],
        "M_depth": np.eye(4).tolist(),
        "M_color": TO_COLOR.tolist(),
        **changes,
    }
    path = folder / "kcalibration_a.json"
    path.write_text(json.dumps({"sensors": [entry]}))
    return path


def write_sync(folder, hd, color, depth):
    folder.mkdir(exist_ok=True)
    kinect = {"color": {"KINECTNODE1": {"univ_time": color}}, "depth": {"KINECTNODE1": {"univ_time": depth}}}
    (folder / f"synctables_{folder.name}.json").write_text(json.dumps({"hd": {"univ_time": hd}}))
    (folder / f"ksynctables_{folder.name}.json").write_text(json.dumps({"kinect": kinect}))
    return folder


@pytest.mark.parametrize("to_color", [TO_COLOR, np.linalg.inv(TO_COLOR)])
def test_depth_lands_where_the_color_camera_sees_it(tmp_path, to_color):
    sensor = Sensor.of_calibration(write_sensor(tmp_path, M_color=to_color.tolist()), 1)
    depth_mm = np.full(SIZE, 3000, np.uint16)
    # A board from pixel 255 to 284 and 211 to 240, a meter away: 0 to 82.9 mm right of the depth camera's axis, and so
    # -52 to 30.9 mm of the color camera's, at columns 960 - 54.6 = 905.4 to 960 + 32.4 = 992.4, rows 540 to 627.
    depth_mm[211:241, 255:285] = 1000
    found = sensor.register(depth_mm, COLOR)
    assert found.shape == (1080, 1920) and found.dtype == np.uint16
    assert (found[545:620, 912:985] == 1000).all()
    assert not (found[:535] == 1000).any() and not (found[633:] == 1000).any()
    assert not (found[:, :899] == 1000).any() and not (found[:, 1000:] == 1000).any()
    # The wall around it is whole; beside the board lies what the depth camera cannot see: its shadow.
    assert (found[300:500, 500:1500] == 3000).all()
    # It hides the wall's first 257 mm from the depth camera, which are columns 960 + 350 (-0.052 to 0.205) of color;
    # of those, the ones right of the board itself stay unknown.
    shadow = np.flatnonzero(found[580, 900:1200] == 0) + 900
    assert 990 <= shadow[0] <= 997 and 1028 <= shadow[-1] <= 1036 and (np.diff(shadow) == 1).all()


def test_depth_is_unknown_where_nothing_was_measured(tmp_path):
    sensor = Sensor.of_calibration(write_sensor(tmp_path), 1)
    assert not sensor.register(np.zeros(SIZE, np.uint16), COLOR).any()


def test_a_near_depth_pixel_covers_three_by_three_color_pixels(tmp_path):
    sensor = Sensor.of_calibration(write_sensor(tmp_path), 1)
    depth_mm = np.zeros(SIZE, np.uint16)
    # At 1050 mm, column 255 of depth is straight ahead, so -52 mm of color: column 960 - 1050 * 52 / 1050 = 908.
    depth_mm[211, 255] = 1050
    rows, columns = np.nonzero(sensor.register(depth_mm, COLOR))
    assert (rows.min(), rows.max(), columns.min(), columns.max(), len(rows)) == (540, 542, 906, 908, 9)


def test_a_gap_is_filled_from_five_neighbors_and_not_from_four(tmp_path):
    around = np.array([[5, 0, 7], [0, 0, 9], [6, 8, 0]], np.uint16)
    filled = around.copy()
    # The middle has five; of the others none has more than four.
    filled[1, 1] = 9
    np.testing.assert_array_equal(_without_gaps(around), filled)
    around[2, 1] = 0
    np.testing.assert_array_equal(_without_gaps(around), around)


@pytest.mark.parametrize(("offset_m", "fits"), [(-0.031, True), (-0.069, True), (-0.029, False), (-0.071, False)])
def test_the_color_camera_is_30_to_70_mm_to_the_right(tmp_path, offset_m, fits):
    matrix = np.eye(4)
    matrix[0, 3] = offset_m
    path = write_sensor(tmp_path, M_color=matrix.tolist())
    if fits:
        np.testing.assert_allclose(Sensor.of_calibration(path, 1).translation_mm, [1000 * offset_m, 0, 0])
    else:
        with pytest.raises(BadInput, match="put no color camera"):
            Sensor.of_calibration(path, 1)


def test_a_lens_steeper_than_ten_to_one_raises(tmp_path):
    # The last column is 511 - 255 = 256 px from the middle: 256 / 25.6 = 10 to one.
    for focal_px, fits in ((25.7, True), (25.5, False)):
        path = write_sensor(tmp_path, K_depth=[[focal_px, 0, 255], [0, 350, 211], [0, 0, 1]])
        if fits:
            assert Sensor.of_calibration(path, 1).rays[0].max() == pytest.approx(256 / 25.7)
        else:
            with pytest.raises(BadInput, match="are no Kinect's"):
                Sensor.of_calibration(path, 1)


def test_five_distortion_coefficients_are_needed_and_the_others_ignored(tmp_path):
    rays = [
        Sensor.of_calibration(write_sensor(tmp_path, distCoeffs_depth=numbers), 1).rays
        for numbers in ([0.1, 0, 0, 0, 0], [0.1, 0, 0, 0, 0, 3, 4])
    ]
    np.testing.assert_array_equal(*rays)
    with pytest.raises(BadInput, match="at least five numbers, got 4"):
        Sensor.of_calibration(write_sensor(tmp_path, distCoeffs_depth=[0, 0, 0, 0]), 1)


def test_a_calibration_that_fits_no_kinect_raises(tmp_path):
    turned = np.diag([1.0, -1, -1, 1]) @ TO_COLOR
    for matrix in (np.eye(4), turned):
        with pytest.raises(BadInput, match="put no color camera 52 mm to the right"):
            Sensor.of_calibration(write_sensor(tmp_path, M_color=matrix.tolist()), 1)
    for change in ({"K_depth": [1, 2]}, {"M_depth": None}, {"M_depth": np.zeros((4, 4)).tolist()}):
        with pytest.raises(BadInput, match="malformed"):
            Sensor.of_calibration(write_sensor(tmp_path, **change), 1)
    with pytest.raises(BadInput, match=r"kcalibration_a.json sensor 2: malformed \(IndexError"):
        Sensor.of_calibration(write_sensor(tmp_path), 2)


def test_a_depth_file_is_mirrored_rows_of_16_bits(tmp_path):
    path = tmp_path / "depthdata.dat"
    pictures = np.arange(2 * SIZE[0] * SIZE[1]).astype("<u2")
    path.write_bytes(pictures.tobytes() + b"cut")
    file = DepthFile(path)
    assert len(file) == 2 and len(DepthFile(tmp_path / "none")) == 0
    second = file.read(1)
    assert second[0, 511] == SIZE[0] * SIZE[1] % 65536 and second[0, 510] == second[0, 511] + 1
    assert second[1, 511] == (SIZE[0] * SIZE[1] + 512) % 65536
    with pytest.raises(BadInput, match="picture 2: the file ends after 2 pictures"):
        file.read(2)


def test_images_of_an_hd_frame(tmp_path):
    # The second entry of the table is frame 0's. Color is stamped 6.25 ms late.
    folder = write_sync(tmp_path / "a", [1, 1000, 1033.4], [-1, 973, 1006.5, 1040], [970, 1003, 1036.5])
    sync = KinectSync.of_sequence(folder, 1)
    assert sync.pictures(0) == (2, 1) and sync.pictures(1) == (3, 2)
    assert sync.pictures(2) is None and sync.pictures(-2) is None


def test_frames_without_images_near_in_time_have_none(tmp_path):
    def found(hd, color, depth):
        return KinectSync.of_sequence(write_sync(tmp_path / "a", [0, hd], color, depth), 1).pictures(0)

    assert found(1000, [1006.25], [1000]) == (0, 0)
    assert found(1000, [1016], [1016]) == (0, 0)
    assert found(1000, [1017.5], [1017.5]) is None  # The depth is more than 17 ms off.
    assert found(1000, [1017], [1017]) == found(1000, [983], [983]) == (0, 0)
    assert found(1000, [982.5], [982.5]) is None
    assert found(1000, [1036.5], [1017]) is None  # The color is more than 30 ms off.
    assert found(1000, [1010], [1003]) is None  # They are 7 ms apart.
    assert found(1000, [1009.5], [1003]) == found(1000, [1003], [1009.5]) == (0, 0)
    assert found(1000, [1003], [1010]) is None
    assert found(0, [6.25], [0]) == (0, 0)
    assert found(-0.5, [5.75], [0]) is None
    assert found(1000, [1006.25], []) is None
    assert found(-1, [-1], [-1]) is None
    assert found(1000, [], [1000]) is None


def test_color_is_stamped_late_and_not_early(tmp_path):
    """1006.25 is 1000 on the studio's clock, 996 is 989.75; were they stamped early, 996 would be the nearer one."""
    sync = KinectSync.of_sequence(write_sync(tmp_path / "a", [0, 1000], [996, 1006.25], [1000]), 1)
    assert sync.pictures(0) == (1, 0)


def test_the_table_starts_one_entry_before_the_first_frame(tmp_path):
    sync = KinectSync.of_sequence(write_sync(tmp_path / "a", [500, 1000], [506.25, 1006.25], [500, 1000]), 1)
    assert [sync.pictures(frame) for frame in (-1, 0, 1)] == [(0, 0), (1, 1), None]


def test_broken_tables_raise(tmp_path):
    with pytest.raises(BadInput, match="KINECTNODE1: malformed or missing .FileNotFoundError"):
        KinectSync.of_sequence(tmp_path, 1)
    folder = write_sync(tmp_path / "a", [0], [0], [0])
    with pytest.raises(BadInput, match="KINECTNODE2: malformed or missing .KeyError"):
        KinectSync.of_sequence(folder, 2)
