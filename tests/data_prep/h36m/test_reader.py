import json
import pickle

import cv2
import numpy as np
import pytest
from made_units import left_out

from data_prep.h36m.labels import POINT_OF_JOINT, read_positions
from data_prep.h36m.reader import CAMERAS, POSITIONS, H36m
from pose import MPII16
from records import BadInput, Person

CAMERA = "55011271"


def poses(frames=4):
    """Point k of frame t at (10 k - 160, 20 k - 320, 100 t) mm, in m as the file has it."""
    k, t = np.arange(32), np.arange(frames)
    points = np.zeros((frames, 32, 3), np.float32)
    points[:, :, 0], points[:, :, 1] = 10 * k - 160, 20 * k - 320
    points[:, :, 2] = 100 * t[:, None]
    return points / 1000


def camera_file(subjects=("S1", "S9"), names=(CAMERA,)):
    """Cameras that look along the world's z from 5 m before the origin, of 1000 px focal length."""
    lens = {"calibration_matrix": [[1000, 0, 500], [0, 1000, 500], [0, 0, 1]], "distortion": [0, 0, 0, 0, 0]}
    place = {"R": np.eye(3).tolist(), "t": [[0], [0], [5000]]}
    return {
        "intrinsics": {name: lens for name in names},
        "extrinsics": {subject: {name: place for name in names} for subject in subjects},
    }


def write_video(path, frames, size=(1000, 1000)):
    path.parent.mkdir(parents=True, exist_ok=True)
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"mp4v"), 50, size)
    for frame in range(frames):
        writer.write(np.full((size[1], size[0], 3), 40 + 20 * frame, np.uint8))
    writer.release()


def make_root(folder, positions, *, cameras=None):
    folder.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(folder / POSITIONS, positions_3d=positions)
    (folder / CAMERAS).write_text(json.dumps(cameras or camera_file()))
    return folder


def test_points_and_joints_have_the_same_names():
    # As Martinez et al. name the 32 points (arXiv 1705.03098): LHip 6, LShoulder 17, RWrist 27, Head 15, Thorax 13.
    at = dict(zip(MPII16.joints, POINT_OF_JOINT.tolist(), strict=True))
    assert (at["left_hip"], at["left_shoulder"], at["right_wrist"], at["head_top"], at["thorax"]) == (6, 17, 27, 15, 13)
    assert at["upper_neck"] == -1 and len(set(at.values())) == 16


def test_people_of_a_video(tmp_path):
    root = make_root(tmp_path, {"S1": {"Eating 2": poses()}})
    write_video(root / "S1/Videos" / f"Eating 2.{CAMERA}.mp4", 4)
    reader = H36m(root)
    assert (reader.dataset, reader.skeleton, reader.total()) == ("h36m", MPII16, 4)
    people = list(reader.people())
    assert [person.key for person in people] == [f"h36m/S1/Eating 2/{CAMERA}/{frame}/0" for frame in range(4)]
    assert [round(person.load_picture().mean() / 20 - 2) for person in people] == [0, 1, 2, 3]
    # Frame 1, left shoulder: point 17, at (10, 20, 100) mm, so 5 100 mm before the camera.
    second, joint = people[1], MPII16.index("left_shoulder")
    np.testing.assert_allclose(second.joints_xyz_mm[joint], [10, 20, 5100], rtol=1e-5)
    np.testing.assert_allclose(second.joints_xy_px[joint], [500 + 10 / 5.1, 500 + 20 / 5.1], rtol=1e-5)
    neck = MPII16.index("upper_neck")
    assert second.visible[neck] == 0 and (np.delete(second.visible, neck) == 2).all()
    # Points 0 and 27 are the outermost: (-160, -320) and (110, 220) mm.
    np.testing.assert_allclose(second.box_px, np.array([500 * 5.1 - 160, 500 * 5.1 - 320, 270, 540]) / 5.1, rtol=1e-5)


def test_extracted_frames_and_a_stride(tmp_path):
    root = make_root(tmp_path, {"S1": {"Photo": poses(5)}, "S9": {"Photo": poses(5)}})
    for frame in (0, 2):
        path = root / f"S1/TakingPhoto.{CAMERA}/{frame + 1:04d}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(path), np.full((1000, 1000, 3), 10 * frame, np.uint8))
    template = "{subject}/{action}.{camera}/{frame:04d}.png"
    items = list(H36m(root, stride=2, pictures=template, first_frame=1).people())
    assert [item.frame for item in items[:2]] == [0, 2] and (items[1].load_picture() == 20).all()
    assert isinstance(items[2], BadInput) and items[2].what.endswith("0005.png")
    with pytest.raises(ValueError, match="has no pictures of S9"):
        H36m(root, subjects=("S9",), pictures=template, first_frame=1).units()


def test_units_are_spans_of_one_video(tmp_path):
    root = make_root(tmp_path, {"S1": {"Eating": poses(2500)}}, cameras=camera_file(names=(CAMERA, "58860488")))
    for name in (CAMERA, "58860488"):
        write_video(root / "S1/Videos" / f"Eating.{name}.mp4", 1)
    units = H36m(root, stride=10).units()
    assert [unit.name for unit in units] == [
        f"S1/Eating/{name}/{start:06d}" for name in (CAMERA, "58860488") for start in (0, 1000, 2000)
    ]
    assert [len(unit.frames) for unit in units] == [100, 100, 50] * 2
    assert units[1].frames[0] == 1000 and units[1].frames[-1] == 1990
    # All 100 poses of 16 joints, and little else.
    assert len(pickle.dumps(units[0])) < 100 * 16 * 3 * 4 + 4000
    assert len(H36m(root, stride=10, cameras=("58860488",)).units()) == 3


def test_broken_inputs_are_named(tmp_path):
    nan = poses(3)
    nan[1, 6] = np.nan
    root = make_root(tmp_path, {"S1": {"Eating": nan, "Posing": poses(3), "Waiting": poses(3)}})
    write_video(root / "S1/Videos" / f"Eating.{CAMERA}.mp4", 2)
    write_video(root / "S1/Videos" / f"Posing.{CAMERA}.mp4", 3, size=(640, 480))
    (root / "S1/Videos" / f"Waiting.{CAMERA}.mp4").write_bytes(b"no video")
    eating, posing, waiting = H36m(root).units()
    items = list(eating.people())
    assert isinstance(items[0], Person) and items[1].why == "a joint is NaN or infinite"
    assert [type(item) for item in items[2:]] == [BadInput]
    with pytest.raises(BadInput, match="is 640 x 480 px, but its labels are for 1000 x 1000 px"):
        list(posing.people())
    with pytest.raises(BadInput, match="not a video"):
        list(waiting.people())


def test_people_outside_the_image_are_left_out(tmp_path):
    away = poses(2)
    away[1, :, 0] += 50
    root = make_root(tmp_path, {"S1": {"Eating": away}})
    write_video(root / "S1/Videos" / f"Eating.{CAMERA}.mp4", 2)
    assert [person.frame for person in H36m(root).people()] == [0]
    assert left_out(H36m(root)) == {"fewer than 8 joints on the picture": 1}


class _Evil:
    def __reduce__(self):
        return eval, ("1 + 1",)


def test_a_pickle_with_code_raises(tmp_path):
    np.savez(tmp_path / POSITIONS, positions_3d=np.array({"S1": _Evil()}, dtype=object))
    with pytest.raises(ValueError, match="asks for builtins.eval, but may only hold numbers"):
        read_positions(tmp_path / POSITIONS)


@pytest.mark.parametrize(
    "positions", [{"S1": {"Eating": np.zeros((2, 17, 3))}}, {"S1": {"../Eating": poses()}}, {"S1": 3}, np.zeros(3)]
)
def test_malformed_positions_raise(tmp_path, positions):
    root = make_root(tmp_path, positions)
    with pytest.raises(ValueError, match="cannot be read as VideoPose3D's positions"):
        H36m(root).units()


def test_unusable_folders_and_options_raise(tmp_path):
    with pytest.raises(ValueError, match=f"there is no .*{POSITIONS}"):
        H36m(tmp_path)
    root = make_root(tmp_path, {"S1": {"Eating": poses()}})
    with pytest.raises(ValueError, match="has no pictures at"):
        H36m(root).units()
    with pytest.raises(ValueError, match=r"of \['S5'\]; there are those of \['S1'\]"):
        H36m(root, subjects=("S5",)).units()
    with pytest.raises(ValueError, match=r"S1 has no cameras \['1'\]; it has 55011271"):
        H36m(root, cameras=("1",)).units()
    with pytest.raises(ValueError, match="must use no field but"):
        H36m(root, pictures="{subject}{action}{camera}{video}")
    with pytest.raises(ValueError, match="must name {subject}, {action} and {camera}, got 'videos'"):
        H36m(root, pictures="videos")
    with pytest.raises(ValueError, match="stride must be 1 or more, got 0"):
        H36m(root, stride=0)
    (root / CAMERAS).write_text("[]")
    with pytest.raises(ValueError, match="cannot be read as Human3.6M's cameras"):
        H36m(root).units()
