"""A Kinect's calibration, its bounds, and the edges of registered depth images."""

import json

import numpy as np
import pytest

from data_prep.panoptic.kinect_depth import SIZE, DepthFile, Sensor, _without_gaps
from data_prep.panoptic.kinect_sync import KinectSync
from pose import Camera
from records import BadInput

DEEP = "[" * 100_000


def to_color(x_mm=-52.0, y_mm=0.0, z_mm=0.0, rotation=None):
    """The matrix in meters from depth to color."""
    matrix = np.eye(4)
    matrix[:3, :3] = np.eye(3) if rotation is None else rotation
    matrix[:3, 3] = x_mm / 1000, y_mm / 1000, z_mm / 1000
    return matrix


def about_y(sine):
    cosine = np.sqrt(1 - sine**2)
    return np.array([[cosine, 0, sine], [0, 1, 0], [-sine, 0, cosine]])


def entry(matrix=None, **changes):
    """A Kinect of 350 px focal length whose axis is pixel (255, 211)."""
    return {
        "K_depth": [[350, 0, 255], [0, 350, 211], [0, 0, 1]],
        "distCoeffs_depth": [0, 0, 0, 0, 0],
        "M_depth": np.eye(4).tolist(),
        "M_color": (to_color() if matrix is None else matrix).tolist(),
        **changes,
    }


def sensor(folder, *entries, number=1):
    (folder / "kcalibration_a.json").write_text(json.dumps({"sensors": entries}))
    return Sensor.of_calibration(folder / "kcalibration_a.json", number)


def color_camera(size=(1080, 1920), center=(960.0, 540.0)):
    matrix = np.array([[1050.0, 0, center[0]], [0, 1050, center[1]], [0, 0, 1]])
    return Camera("50_01", size, matrix, np.zeros(5), np.eye(3), np.zeros(3))


def test_rays_go_through_the_centers_of_the_pixels(tmp_path):
    found = sensor(tmp_path, entry())
    assert found.rays.shape == (3, 424 * 512) and found.rays.dtype == np.float32
    rays = found.rays.reshape(3, *SIZE)
    np.testing.assert_allclose(rays[:, 211, 255], [0, 0, 1])
    np.testing.assert_allclose(rays[:, 0, 0], [-255 / 350, -211 / 350, 1], rtol=1e-6)
    np.testing.assert_allclose(rays[:, 423, 511], [256 / 350, 212 / 350, 1], rtol=1e-6)


def test_sensors_are_numbered_from_one(tmp_path):
    entries = [entry(to_color(x_mm=-float(x_mm))) for x_mm in range(40, 50)]
    for number in (1, 2, 10):
        offset_mm = sensor(tmp_path, *entries, number=number).translation_mm
        np.testing.assert_allclose(offset_mm, [-39 - number, 0, 0], atol=1e-9)


def test_the_color_camera_is_placed_relative_to_the_depth_camera(tmp_path):
    placed = to_color(300, -200, 1500, about_y(0.6))
    relative = to_color(-50, 20, 5, about_y(0.01))
    for inverse in (False, True):
        matrix = relative @ placed
        found = sensor(tmp_path, entry(np.linalg.inv(matrix) if inverse else matrix, M_depth=placed.tolist()))
        np.testing.assert_allclose(found.rotation, about_y(0.01), atol=1e-9)
        np.testing.assert_allclose(found.translation_mm, [-50, 20, 5], atol=1e-9)


@pytest.mark.parametrize(("sine", "fits"), [(0.099, True), (-0.099, True), (0.101, False), (-0.101, False)])
def test_the_cameras_look_the_same_way(tmp_path, sine, fits):
    if fits:
        np.testing.assert_allclose(sensor(tmp_path, entry(to_color(rotation=about_y(sine)))).rotation, about_y(sine))
    else:
        with pytest.raises(BadInput, match="put no color camera 52 mm to the right"):
            sensor(tmp_path, entry(to_color(rotation=about_y(sine))))


def test_a_calibration_that_fits_both_ways_raises(tmp_path):
    # Its inverse moves by 50 - 0.05 * 2000 = -50 mm along x as well.
    matrix = to_color(-50, 0, 2000, about_y(-0.05))
    assert np.linalg.inv(matrix)[0, 3] == pytest.approx(-0.05, abs=1e-3)
    with pytest.raises(BadInput, match="put no color camera 52 mm to the right"):
        sensor(tmp_path, entry(matrix))


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (None, r"\(FileNotFoundError: "),
        ("{", r"\(Expecting property name"),
        ("{}", r"\(KeyError: 'sensors'\)"),
        ("[]", r"\(TypeError: "),
        ('{"sensors": []}', r"\(IndexError: "),
        ('{"sensors": [{}]}', r"\(KeyError: 'K_depth'\)"),
        (json.dumps({"sensors": [entry(M_depth=[[{}] * 4] * 4)]}), r"\(TypeError: "),
        (json.dumps({"sensors": [entry(K_depth=[[10**400] * 3] * 3)]}), r"\(OverflowError: "),
        (json.dumps({"sensors": [entry(M_depth=[[0] * 4] * 4)]}), r"\(Singular matrix\)"),
        (DEEP, r"\(RecursionError: "),
    ],
)
def test_a_malformed_calibration_raises(tmp_path, content, why):
    path = tmp_path / "kcalibration_a.json"
    if content is not None:
        path.write_text(content)
    with pytest.raises(BadInput, match=rf"kcalibration_a.json sensor 1: malformed {why}"):
        Sensor.of_calibration(path, 1)


@pytest.mark.parametrize(
    ("hd", "kinect", "why"),
    [
        ("{", "{}", r"JSONDecodeError"),
        ("{}", "{}", r"KeyError: 'hd'"),
        ("[]", "{}", r"TypeError: "),
        ('{"hd": {}}', "{}", r"KeyError: 'kinect'"),
        ('{"hd": {"univ_time": [1]}}', '{"kinect": {"color": {"KINECTNODE2": 1}}}', r"KeyError: 'KINECTNODE1'"),
        (json.dumps({"hd": {"univ_time": [10**400]}}), None, r"OverflowError: "),
        ('{"hd": {"univ_time": ["late"]}}', None, r"ValueError: "),
        (DEEP, "{}", r"RecursionError: "),
    ],
)
def test_malformed_tables_of_times_raise(tmp_path, hd, kinect, why):
    tables = {"univ_time": [1]}
    whole = json.dumps({"kinect": {"color": {"KINECTNODE1": tables}, "depth": {"KINECTNODE1": tables}}})
    names = [tmp_path / f"{name}_{tmp_path.name}.json" for name in ("synctables", "ksynctables")]
    for path, content in zip(names, (hd, kinect or whole), strict=True):
        path.write_text(content)
    with pytest.raises(BadInput) as raised:
        KinectSync.of_sequence(tmp_path, 1)
    assert raised.value.what == f"{names[0]} and {names[1]} KINECTNODE1"
    assert raised.value.why.startswith(f"malformed or missing ({why}")


def test_unknown_depth_lands_nowhere(tmp_path):
    # Moved by 500 mm along z, a point at the depth camera itself would be at column 960 - 1050 * 52 / 500.
    found = sensor(tmp_path, entry(to_color(z_mm=500))).register(np.zeros(SIZE, np.uint16), color_camera())
    assert not found.any()


def test_depth_is_in_the_color_cameras_frame_and_rounded(tmp_path):
    for z_mm, expected in ((2.4, 2002), (2.6, 2003), (-2.6, 1997)):
        found = sensor(tmp_path, entry(to_color(z_mm=z_mm))).register(np.full(SIZE, 2000, np.uint16), color_camera())
        assert np.unique(found[400:700, 800:1100]).tolist() == [expected]


@pytest.mark.parametrize(("depth_mm", "known"), [(1, True), (65_534, True), (65_535, False)])
def test_depths_from_1_to_65534_mm_are_known(tmp_path, depth_mm, known):
    # The color camera looks where 52 mm to the left are in the middle.
    camera = color_camera((60, 90), (45.0 + 1050 * 52 / depth_mm, 30.0))
    picture = np.zeros(SIZE, np.uint16)
    picture[211, 255] = depth_mm
    found = sensor(tmp_path, entry()).register(picture, camera)
    assert np.unique(found).tolist() == ([0, depth_mm] if known else [0])


def test_a_depth_pixel_belongs_to_the_block_that_its_center_is_in(tmp_path):
    # At 1004 mm, column 960 - 54600 / 1004 = 905.6, which rounds to 906, the first of its block.
    picture = np.zeros(SIZE, np.uint16)
    picture[211, 255] = 1004
    rows, columns = np.nonzero(sensor(tmp_path, entry()).register(picture, color_camera()))
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (540, 542, 906, 908)


@pytest.mark.parametrize("size", [(60, 90), (61, 91), (62, 92)])
def test_what_lies_outside_the_image_does_not_come_back_on_the_other_side(tmp_path, size):
    """A wall 4 m away fills an image of 90 x 60 px; nearer things all around it are out of view."""
    picture = np.full(SIZE, 4000, np.uint16)
    # 90 px of color are 30 px of depth. The board that hides the wall is 40 px away from the middle.
    camera = color_camera(size, (45.0 + 1050 * 52 / 4000, 30.0))
    for rows, columns in (
        (slice(0, 171), slice(None)),
        (slice(251, None), slice(None)),
        (slice(None), slice(0, 215)),
        (slice(None), slice(295, None)),
    ):
        picture[rows, columns] = 3000
    found = sensor(tmp_path, entry()).register(picture, camera)
    assert found.shape == size and (found == 4000).all()


def test_every_neighbor_of_a_gap_counts_once():
    places = [place for place in np.ndindex(3, 3) if place != (1, 1)]
    for pattern in range(256):
        around = np.zeros((3, 3), np.uint16)
        for bit, place in enumerate(places):
            around[place] = 1000 + bit if pattern >> bit & 1 else 0
        filled = around.max() if (around > 0).sum() >= 5 else 0
        assert _without_gaps(around)[1, 1] == filled


def test_a_depth_image_is_read_from_its_place(tmp_path):
    path = tmp_path / "depthdata.dat"
    for number in range(3):
        with path.open("ab") as file:
            file.write(np.full(SIZE, number + 1, "<u2").tobytes())
    file = DepthFile(path)
    assert len(file) == 3 and [np.unique(file.read(number)).tolist() for number in range(3)] == [[1], [2], [3]]
    # One byte less than three.
    path.write_bytes(path.read_bytes()[:-1])
    assert len(file) == 2
    with pytest.raises(BadInput, match="depthdata.dat picture 2: the file ends after 2 pictures"):
        file.read(2)
    path.unlink()
    with pytest.raises(BadInput, match=r"depthdata.dat: cannot be read \(No such file or directory\)"):
        file.read(0)
