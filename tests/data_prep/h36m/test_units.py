"""Which images of Human3.6M are found, how they are divided, and where joints lie on them."""

import re

import cv2
import numpy as np
import pytest

from data_prep.h36m import reader
from data_prep.h36m.labels import POINT_OF_JOINT
from data_prep.h36m.reader import CAMERAS, POSITIONS, H36m
from data_prep.reader import LeftOut
from pose import MPII16, Camera
from records import BadInput

CAMERA, OTHER = "54138969", "55011271"
FRAMES = "{subject}/{action}.{camera}/{frame:04d}.png"


def camera(name, size=(60, 80)):
    """Looks along the world's z from 1 m before the origin: a point at the origin is at (40, 30) px."""
    matrix = np.array([[100.0, 0, 40], [0, 100, 30], [0, 0, 1]])
    return Camera(name, size, matrix, np.zeros(5), np.eye(3), np.array([0, 0, 1000.0]))


def points(frames, in_view=15):
    """Joint j of MPII's at (10 j, 5 j, 0) mm, so at (40 + j, 30 + j / 2) px; those past `in_view` are 10 m away."""
    found = np.full((frames, 32, 3), 77_000.0, np.float32)
    for number, joint in enumerate(np.flatnonzero(POINT_OF_JOINT >= 0)):
        x_mm = 10 * joint if number < in_view else 10_000
        found[:, POINT_OF_JOINT[joint]] = x_mm, 5 * joint, 0
    return found


@pytest.fixture
def root(tmp_path, monkeypatch):
    """The folder, whose labels are given: two actions of S1 and S9, and one subject without cameras."""
    for name in (POSITIONS, CAMERAS):
        (tmp_path / name).touch()
    positions = {
        "S1": {"Eating": points(5), "Photo 1": points(3)},
        "S5": {"Eating": points(3)},
        "S9": {"Eating": points(2)},
    }
    placed = {subject: {name: camera(name) for name in (OTHER, CAMERA)} for subject in ("S1", "S9", "S7")}
    monkeypatch.setattr(reader, "read_positions", lambda path: positions)
    monkeypatch.setattr(reader, "read_cameras", lambda path: placed)
    return tmp_path


def write_frames(root, subject, action, name, numbers):
    for number in numbers:
        path = root / f"{subject}/{action}.{name}/{number:04d}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(path), np.full((60, 80, 3), number, np.uint8))


def names(h36m):
    return [unit.name for unit in h36m.units()]


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"stride": 0}, "stride must be 1 or more, got 0"),
        ({"first_frame": -1}, "first_frame must be 0 or more, got -1"),
        ({"pictures": "{subject}{action}{camera}{}"}, "pictures must use no field but subject, action, camera and fr"),
        ({"pictures": "{subject}{action}{camera}{video}"}, "must use no field but .*: KeyError"),
        ({"pictures": "{subject}{action}{camera}{"}, "must use no field but .*: ValueError"),
        ({"pictures": "{subject}{action}{camera:d}"}, "must use no field but .*: ValueError"),
        ({"pictures": "{action}{camera}{frame}"}, "pictures must name {subject}, {action} and {camera}, got "),
        ({"pictures": "{subject}{camera}{frame}"}, "pictures must name {subject}, {action} and {camera}, got "),
        ({"pictures": "{subject}{action}{frame}"}, "pictures must name {subject}, {action} and {camera}, got "),
    ],
)
def test_wrong_options_raise(root, options, why):
    with pytest.raises(ValueError, match=why):
        H36m(root, **options)


@pytest.mark.parametrize("name", [POSITIONS, CAMERAS])
def test_both_files_of_labels_are_needed(root, name):
    (root / name).unlink()
    with pytest.raises(ValueError, match=f"there is no {re.escape(str(root / name))}; see the reader's help"):
        H36m(root)


def test_defaults_and_the_least(root):
    h36m = H36m(root, stride=1, first_frame=0, pictures="{subject}/{action} {camera}")
    assert (H36m(root).stride, H36m(root).first_frame, H36m(root).cameras, H36m(root).subjects) == (1, 0, (), ())
    assert (h36m.dataset, h36m.skeleton) == ("h36m", MPII16)


def test_all_that_has_images_is_listed_in_order(root):
    for subject, action, name in (("S9", "Eating", OTHER), ("S1", "TakingPhoto 1", CAMERA), ("S1", "Eating", OTHER)):
        write_frames(root, subject, action, name, [0])
    write_frames(root, "S1", "Eating", CAMERA, [0])
    write_frames(root, "S5", "Eating", CAMERA, [0])
    h36m = H36m(root, pictures=FRAMES)
    assert names(h36m) == [
        f"S1/Eating/{CAMERA}/000000",
        f"S1/Eating/{OTHER}/000000",
        f"S1/Photo 1/{CAMERA}/000000",
        f"S9/Eating/{OTHER}/000000",
    ]
    assert h36m.total() == 5 + 5 + 3 + 2
    assert h36m.sequence_names() == {"S1/Eating", "S1/Photo 1", "S9/Eating"}
    assert names(H36m(root, pictures=FRAMES, subjects=("S9",))) == [f"S9/Eating/{OTHER}/000000"]
    assert names(H36m(root, pictures=FRAMES, cameras=(OTHER,))) == [
        f"S1/Eating/{OTHER}/000000",
        f"S9/Eating/{OTHER}/000000",
    ]
    # The order asked for is kept.
    asked = H36m(root, pictures=FRAMES, subjects=("S9", "S1"), cameras=(OTHER, CAMERA))
    assert [name.split("/")[0] for name in names(asked)] == ["S9", "S1", "S1", "S1"]
    assert asked.units()[1].camera.name == OTHER


def test_what_is_not_there_is_named(root):
    with pytest.raises(ValueError, match=r"has no pictures at '.*'; unpack them there"):
        H36m(root, pictures=FRAMES).units()
    write_frames(root, "S1", "Eating", CAMERA, [0])
    with pytest.raises(ValueError, match=r"there are no poses or no cameras of \['S5', 'S7'\]; .* of \['S1', 'S9'\]"):
        H36m(root, pictures=FRAMES, subjects=("S7", "S1", "S5")).units()
    with pytest.raises(ValueError, match=rf"S1 has no cameras \['1', '2'\]; it has {OTHER}, {CAMERA}"):
        H36m(root, pictures=FRAMES, cameras=("2", CAMERA, "1")).units()
    with pytest.raises(ValueError, match="has no pictures of S9 at '.*'; unpack its videos there"):
        H36m(root, pictures=FRAMES, subjects=("S1", "S9")).units()


@pytest.mark.parametrize(
    ("action", "folder", "found"),
    [
        ("Photo", "Photo", True),
        ("Photo", "TakingPhoto", True),
        ("Photo 1", "TakingPhoto 1", True),
        ("WalkDog 1", "WalkingDog 1", True),
        ("WalkDog", "WalkingDog", True),
        ("Walking", "WalkingDog", False),
        ("Photo 1", "TakingPhoto", False),
        ("Eating 2", "Eating 2", True),
    ],
)
def test_the_first_subjects_videos_have_other_names(root, monkeypatch, action, folder, found):
    monkeypatch.setattr(reader, "read_positions", lambda path: {"S1": {action: points(1)}})
    write_frames(root, "S1", folder, CAMERA, [0])
    h36m = H36m(root, pictures=FRAMES)
    if found:
        (unit,) = h36m.units()
        assert unit.sequence == f"S1/{action}"
        assert list(unit.files()) == [root / f"S1/{folder}.{CAMERA}/0000.png"]
    else:
        with pytest.raises(ValueError, match="has no pictures"):
            h36m.units()


@pytest.mark.parametrize(
    ("stride", "frames", "spans"),
    [
        (1, 1000, [(0, 1000)]),
        (1, 1001, [(0, 1000), (1000, 1)]),
        (3, 1000, [(0, 333), (999, 1)]),
        (7, 1000, [(0, 142), (994, 1)]),
        (600, 1300, [(0, 1), (600, 1), (1200, 1)]),
        (2000, 2001, [(0, 1), (2000, 1)]),
    ],
)
def test_a_unit_is_of_a_thousand_frames_of_the_video(root, monkeypatch, stride, frames, spans):
    monkeypatch.setattr(reader, "read_positions", lambda path: {"S1": {"Eating": points(frames)}})
    write_frames(root, "S1", "Eating", CAMERA, [0])
    units = H36m(root, pictures=FRAMES, stride=stride).units()
    assert [(unit.frames[0], len(unit.frames)) for unit in units] == spans
    assert [unit.name for unit in units] == [f"S1/Eating/{CAMERA}/{first:06d}" for first, _ in spans]
    assert [unit.joints_world_mm.shape for unit in units] == [(count, 16, 3) for _, count in spans]
    assert all(unit.frames.step == stride for unit in units)


def test_frames_and_joints_go_together(root, monkeypatch):
    moving = points(7)
    moving[:, :, 2] += 100 * np.arange(7)[:, None]
    monkeypatch.setattr(reader, "read_positions", lambda path: {"S1": {"Eating": moving}})
    monkeypatch.setattr(reader, "_FRAMES_PER_UNIT", 4)
    write_frames(root, "S1", "Eating", CAMERA, range(10, 17))
    h36m = H36m(root, pictures=FRAMES, stride=2, first_frame=10)
    assert [list(unit.frames) for unit in h36m.units()] == [[0, 2], [4, 6]]
    people = list(h36m.people())
    for person, frame in zip(people, (0, 2, 4, 6), strict=True):
        assert person.frame == frame and (person.load_picture() == 10 + frame).all()
        np.testing.assert_allclose(person.joints_xyz_mm[0], [0, 0, 1000 + 100 * frame], rtol=1e-6)
    files = [path.name for unit in h36m.units() for path in unit.files()]
    assert files == ["0010.png", "0012.png", "0014.png", "0016.png"]


def test_a_person_is_projected_and_labeled(root):
    write_frames(root, "S9", "Eating", OTHER, [0, 1])
    person, _ = H36m(root, pictures=FRAMES).people()
    neck = MPII16.index("upper_neck")
    known = np.arange(16) != neck
    expected = np.stack([40 + np.arange(16), 30 + np.arange(16) / 2], axis=1)
    np.testing.assert_allclose(person.joints_xy_px[known], expected[known], rtol=1e-5)
    assert not person.joints_xy_px[neck].any() and not person.joints_xyz_mm[neck].any()
    assert person.visible.tolist() == (2 * known).tolist() and person.xyz_known.tolist() == known.tolist()
    np.testing.assert_allclose(person.joints_xyz_mm[15], [150, 75, 1000], rtol=1e-6)
    np.testing.assert_allclose(person.box_px, [40, 30, 15, 7.5], rtol=1e-5)
    assert person.joints_xy_px.dtype == person.joints_xyz_mm.dtype == np.float32
    assert (person.key, person.camera_model.name) == (f"h36m/S9/Eating/{OTHER}/0/0", OTHER)


@pytest.mark.parametrize(("in_view", "taken"), [(15, True), (8, True), (7, False), (0, False)])
def test_eight_joints_must_be_in_the_image(root, monkeypatch, in_view, taken):
    monkeypatch.setattr(reader, "read_positions", lambda path: {"S1": {"Eating": points(1, in_view)}})
    write_frames(root, "S1", "Eating", CAMERA, [0])
    (unit,) = H36m(root, pictures=FRAMES).units()
    (item,) = unit.people()
    if taken:
        assert (item.visible > 0).sum() == in_view and item.xyz_known.sum() == 15
        assert not item.joints_xy_px[item.visible == 0].any()
    else:
        assert item == LeftOut("fewer than 8 joints on the picture")


def test_joints_behind_the_camera_are_not_labeled(root, monkeypatch):
    # Mirrored through the camera, at z = -1000 mm, they would be in the image.
    behind = points(1)
    for joint in ("right_ankle", "left_wrist"):
        behind[0, POINT_OF_JOINT[MPII16.index(joint)]] = 0, 0, -2000
    monkeypatch.setattr(reader, "read_positions", lambda path: {"S1": {"Eating": behind}})
    write_frames(root, "S1", "Eating", CAMERA, [0])
    (person,) = H36m(root, pictures=FRAMES).people()
    lacks = [MPII16.joints[joint] for joint in np.flatnonzero(person.visible == 0)]
    assert lacks == ["right_ankle", "upper_neck", "left_wrist"] and person.xyz_known.sum() == 15


def test_broken_frames_are_named(root, monkeypatch):
    broken = points(4)
    broken[1, POINT_OF_JOINT[0], 2] = np.inf
    broken[2, 31] = np.nan  # a point that is none of MPII's joints
    monkeypatch.setattr(reader, "read_positions", lambda path: {"S1": {"Eating": broken}})
    write_frames(root, "S1", "Eating", CAMERA, [0, 1, 2])
    (unit,) = H36m(root, pictures=FRAMES).units()
    first, nan, third, missing = unit.people()
    assert (first.frame, third.frame) == (0, 2)
    assert isinstance(nan, BadInput) and str(nan) == f"S1/Eating/{CAMERA}/000000 frame 1: a joint is NaN or infinite"
    assert str(missing) == f"{root}/S1/Eating.{CAMERA}/0003.png: is missing"


def test_files_of_a_video(root):
    path = root / f"S1/Videos/Eating.{CAMERA}.mp4"
    path.parent.mkdir(parents=True)
    path.touch()
    (unit,) = H36m(root, first_frame=3).units()
    assert list(unit.files()) == [path] and not unit.source.are_frames
    with pytest.raises(BadInput, match=f"Eating.{CAMERA}.mp4: not a video"):
        list(unit.people())
