"""Human3.6M's positions and cameras as others prepare them."""

import io
import json
import pickle
import zipfile

import numpy as np
import pytest

from data_prep.h36m.labels import POINT_OF_JOINT, _Numbers, read_cameras, read_positions
from pose import MPII16

DEEP = "[" * 100_000
LENS = {
    "calibration_matrix": [[1145, 0, 512], [0, 1144, 515], [0, 0, 1]],
    "distortion": [-0.2, 0.2, -0.01, 0.001, 0.01],
}
PLACE = {"R": [[0, 1, 0], [0, 0, -1], [-1, 0, 0]], "t": [[10], [20], [5000]]}


def write_positions(folder, positions):
    np.savez_compressed(folder / "a.npz", positions_3d=np.array(positions, object))
    return folder / "a.npz"


def write_cameras(folder, *, lens=None, place=None, name="54138969", **changes):
    content = {
        "intrinsics": {name: LENS | (lens or {})},
        "extrinsics": {"S1": {name: PLACE | (place or {})}},
        **changes,
    }
    (folder / "c.json").write_text(json.dumps(content))
    return folder / "c.json"


def test_the_points_are_those_of_the_data_set():
    # Human3.6M's 32 points, of which MPII's joints are these; the upper neck is none of them.
    points = {"right_ankle": 3, "right_knee": 2, "right_hip": 1, "left_hip": 6, "left_knee": 7, "left_ankle": 8}
    points |= {"pelvis": 0, "thorax": 13, "upper_neck": -1, "head_top": 15}
    points |= {"right_wrist": 27, "right_elbow": 26, "right_shoulder": 25}
    points |= {"left_shoulder": 17, "left_elbow": 18, "left_wrist": 19}
    assert POINT_OF_JOINT.tolist() == [points[joint] for joint in MPII16.joints]


def test_positions_are_in_mm_and_sorted(tmp_path):
    metres = np.linspace(-2, 2, 2 * 32 * 3).reshape(2, 32, 3)
    path = write_positions(tmp_path, {"S9": {"Walking 1": metres}, "S1": {"Posing": metres[:1], "Eating_2": metres}})
    found = read_positions(path)
    assert [(subject, list(actions)) for subject, actions in found.items()] == [
        ("S1", ["Eating_2", "Posing"]),
        ("S9", ["Walking 1"]),
    ]
    points = found["S9"]["Walking 1"]
    assert points.dtype == np.float32 and points.shape == (2, 32, 3)
    np.testing.assert_allclose(points, 1000 * metres, rtol=1e-6)
    assert found["S1"]["Posing"].shape == (1, 32, 3)


def test_positions_beyond_single_precision_become_infinite(tmp_path):
    metres = np.zeros((1, 32, 3))
    metres[0, 0] = 1e300, 1e37, np.nan
    found = read_positions(write_positions(tmp_path, {"S1": {"Eating": metres}}))["S1"]["Eating"]
    assert np.isinf(found[0, 0, :2]).all() and np.isnan(found[0, 0, 2]) and not found[0, 1:].any()


@pytest.mark.parametrize("shape", [(2, 31, 3), (2, 32, 2), (2, 17, 3), (32, 3), (1, 2, 32, 3)])
def test_positions_of_another_shape_raise(tmp_path, shape):
    path = write_positions(tmp_path, {"S1": {"Eating": np.zeros(shape)}})
    with pytest.raises(ValueError, match="positions must be .T, 32, 3., got .*make it with its data/prepare_data_h36m"):
        read_positions(path)


@pytest.mark.parametrize("name", ["", "../S1", "S1/x", "a.b", "a\\b", "S1\0"])
def test_names_that_are_no_parts_of_paths_raise(tmp_path, name):
    points = np.zeros((1, 32, 3))
    for positions in ({name: {"Eating": points}}, {"S1": {name: points}}):
        with pytest.raises(ValueError, match="a subject or an action must be of letters, digits and blanks, got "):
            read_positions(write_positions(tmp_path, positions))


@pytest.mark.parametrize("version", [(1, 0), (2, 0)])
def test_both_versions_of_the_header_are_read(tmp_path, version):
    positions = np.array({"S1": {"Eating": np.ones((1, 32, 3))}}, object)
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive, archive.open("positions_3d.npy", "w") as member:
        np.lib.format.write_array(member, positions, version)
    assert (read_positions(tmp_path / "a.npz")["S1"]["Eating"] == 1000).all()


def test_other_versions_of_the_header_and_other_members_raise(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        archive.writestr("positions_3d.npy", b"\x93NUMPY\x03\x00" + bytes(200))
    with pytest.raises(ValueError, match=r"a.npz cannot be read as VideoPose3D's positions \(KeyError: \(3, 0\)"):
        read_positions(tmp_path / "a.npz")
    np.savez(tmp_path / "a.npz", positions_2d=np.zeros(3))
    with pytest.raises(ValueError, match="no item named 'positions_3d.npy'"):
        read_positions(tmp_path / "a.npz")
    with pytest.raises(ValueError, match=r"cannot be read as VideoPose3D's positions \(FileNotFoundError: "):
        read_positions(tmp_path / "b.npz")


class _Calls:
    def __init__(self, function, *arguments):
        self.call = function, arguments

    def __reduce__(self):
        return self.call


@pytest.mark.parametrize(
    ("call", "why"),
    [
        (_Calls(eval, "1"), "asks for builtins.eval"),
        (_Calls(np.load, "a"), r"asks for numpy(\.lib\.[\w.]+)?.load"),
        (_Calls(np.lib.format.open_memmap, "a"), "asks for numpy.lib.[a-z_.]*.open_memmap"),
    ],
)
def test_a_pickle_of_anything_but_numbers_raises(tmp_path, call, why):
    with pytest.raises(ValueError, match=rf"\(UnpicklingError: {why}, but may only hold numbers"):
        read_positions(write_positions(tmp_path, {"S1": call}))


@pytest.mark.parametrize("core", ["numpy.core", "numpy._core"])
def test_arrays_pickled_by_older_and_newer_numpy_are_read(tmp_path, core):
    """NumPy 2 writes `numpy._core`; NumPy 1, which VideoPose3D was made with, `numpy.core`."""
    array = np.array({"S1": {"Eating": np.ones((1, 32, 3))}}, object)
    pickled = pickle.dumps(array, 3)
    assert pickled.count(b"cnumpy._core.multiarray\n") == 1
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive, archive.open("positions_3d.npy", "w") as member:
        np.lib.format.write_array_header_1_0(member, np.lib.format.header_data_from_array_1_0(array))
        member.write(pickled.replace(b"numpy._core", core.encode()))
    assert (read_positions(tmp_path / "a.npz")["S1"]["Eating"] == 1000).all()
    for module, name in (("multiarray", "_reconstruct"), ("numeric", "_frombuffer")):
        found = _Numbers(io.BytesIO(f"c{core}.{module}\n{name}\n.".encode())).load()
        assert found.__name__ == name


def test_a_camera(tmp_path):
    camera = read_cameras(write_cameras(tmp_path))["S1"]["54138969"]
    assert (camera.name, camera.size) == ("54138969", (1002, 1000))
    np.testing.assert_array_equal(camera.matrix, LENS["calibration_matrix"])
    np.testing.assert_array_equal(camera.distortion, LENS["distortion"])
    np.testing.assert_array_equal(camera.rotation, PLACE["R"])
    assert camera.translation_mm.tolist() == [10, 20, 5000]


@pytest.mark.parametrize(
    ("name", "size"),
    [
        ("54138969", (1002, 1000)),
        ("55011271", (1000, 1000)),
        ("58860488", (1000, 1000)),
        ("60457274", (1002, 1000)),
    ],
)
def test_sizes_of_the_videos(tmp_path, name, size):
    assert read_cameras(write_cameras(tmp_path, name=name))["S1"][name].size == size


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"name": "12345678"}, "KeyError: '12345678'"),
        ({"lens": {"calibration_matrix": None}}, ""),
        ({"lens": {"distortion": [[{}]]}}, "TypeError: "),
        ({"lens": {"distortion": [10**400] * 5}}, "OverflowError: "),
        ({"place": {"R": [[2, 0, 0], [0, 2, 0], [0, 0, 2]]}}, "ValueError: R must be a rotation"),
        ({"extrinsics": [3]}, "AttributeError: 'list' object has no attribute 'items'"),
        ({"intrinsics": {}}, "KeyError: '54138969'"),
    ],
)
def test_malformed_cameras_raise(tmp_path, changes, why):
    with pytest.raises(ValueError, match=rf"c.json cannot be read as Human3.6M's cameras \({why}"):
        read_cameras(write_cameras(tmp_path, **changes))


@pytest.mark.parametrize(("content", "why"), [("{", "JSONDecodeError"), (DEEP, "RecursionError"), ("[]", "TypeError")])
def test_files_that_hold_no_cameras_raise(tmp_path, content, why):
    (tmp_path / "c.json").write_text(content)
    with pytest.raises(ValueError, match=rf"c.json cannot be read as Human3.6M's cameras \({why}: "):
        read_cameras(tmp_path / "c.json")
    with pytest.raises(ValueError, match=r"d.json cannot be read as Human3.6M's cameras \(FileNotFoundError: "):
        read_cameras(tmp_path / "d.json")
