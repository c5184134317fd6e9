import json
from dataclasses import replace

import numpy as np
import pytest
import tensorflow as tf
from made_units import left_out
from panoptic_sequence import SIZE, body, camera_entry, gray_of, write_calibration, write_frame, write_jpeg, write_video

from data_prep.conversion.inputs import traced_units
from data_prep.panoptic import kinect_depth
from data_prep.panoptic.kinect import PanopticKinect
from pose import PANOPTIC19, Crop
from records import BadInput, Person, encode_example
from records.maps import decoded_maps

FRAMES = 4
DEPTH = "kinect_shared_depth/KINECTNODE1/depthdata.dat"


def make_sequence(folder, *, video=True, depth_pictures=FRAMES + 2):
    """HD frame f has color image f + 1 and depth image f + 2; depth image n shows a wall 2 m + 100 n mm off."""
    write_calibration(folder, [{**camera_entry("50_01", distance_cm=200), "type": "kinect-color"}])
    for frame in range(FRAMES):
        write_frame(folder, frame, [body(0), body(1, x_cm=5.0)])
    if video:
        (folder / "kinectVideos").mkdir()
        write_video(folder, "50_01", FRAMES + 1).rename(folder / "kinectVideos/kinect_50_01.mp4")
    else:
        for number in range(1, FRAMES + 2):
            write_jpeg(folder, "50_01", number)
        (folder / "hdImgs").rename(folder / "kinectImgs")
    times = 1000.0 + 40 * np.arange(FRAMES)
    write_json(folder / f"synctables_{folder.name}.json", {"hd": {"univ_time": [-1, *times]}})
    clock = {
        "color": {"KINECTNODE1": {"univ_time": [-1, *(times + 6.25)]}},
        "depth": {"KINECTNODE1": {"univ_time": [-1, 960, *times]}},
    }
    write_json(folder / f"ksynctables_{folder.name}.json", {"kinect": clock})
    to_color = np.eye(4)
    to_color[0, 3] = -0.052
    sensor = {
        "K_depth": [[365, 0, 256], [0, 365, 212], [0, 0, 1]],
        "distCoeffs_depth": [0, 0, 0, 0, 0],
        "M_depth": np.eye(4).tolist(),
        "M_color": to_color.tolist(),
    }
    write_json(folder / f"kcalibration_{folder.name}.json", {"sensors": [sensor]})
    path = folder / "kinect_shared_depth/KINECTNODE1/depthdata.dat"
    path.parent.mkdir(parents=True)
    walls = np.repeat(2000 + 100 * np.arange(depth_pictures), kinect_depth.SIZE[0] * kinect_depth.SIZE[1])
    path.write_bytes(walls.astype("<u2").tobytes())
    return folder


def write_json(path, content):
    path.write_text(json.dumps(content))


@pytest.mark.parametrize("video", [True, False])
def test_people_have_the_color_and_depth_nearest_in_time(tmp_path, video):
    reader = PanopticKinect(make_sequence(tmp_path / "s", video=video), min_box_px=1)
    people = list(reader.people())
    assert [(person.frame, person.person) for person in people] == [(f, p) for f in range(FRAMES) for p in (0, 1)]
    for person in people:
        # The second color image is the first of a frame; extracted ones are numbered from 1.
        shown = gray_of(person.frame + 1 if video else person.frame + 2)
        assert abs(person.load_picture().mean() - shown) < 3
        depth_mm = person.depth_mm()
        assert depth_mm.shape == SIZE and (depth_mm == 2000 + 100 * (person.frame + 2)).all()
    assert people[0].key == "panoptic_kinect/s/50_01/0/0" and people[0].depth_mm is people[1].depth_mm


def test_depth_gets_into_the_record(tmp_path):
    reader = PanopticKinect(make_sequence(tmp_path / "s"), min_box_px=1)
    person = next(item for item in reader.people() if isinstance(item, Person))
    serialized = encode_example(person, Crop.from_box(person.box_px, 32, 1.0), PANOPTIC19)
    png = tf.train.Example.FromString(serialized).features.feature["depth/png"].bytes_list.value[0]
    assert (decoded_maps({"depth_mm": np.array([png], object)}, 32)["depth_mm"] == 2200).all()


@pytest.mark.parametrize(("lost", "from_video"), [(None, False), (2, True), (1, False)])
def test_the_video_replaces_incomplete_frames(tmp_path, lost, from_video):
    """Of the five color images, numbered from 1, the first has no HD frame."""
    root = make_sequence(tmp_path / "s", video=False)
    (root / "kinectVideos").mkdir()
    write_video(root, "50_01", FRAMES + 1).rename(root / "kinectVideos/kinect_50_01.mp4")
    if lost:
        (root / f"kinectImgs/50_01/50_01_{lost:08d}.jpg").unlink()
    people = list(PanopticKinect(root, min_box_px=1).people())
    assert [(person.frame, person.person) for person in people] == [(f, p) for f in range(FRAMES) for p in (0, 1)]
    assert ("kinectVideos" in people[0].picture.name) == from_video
    for person in people:
        assert abs(person.load_picture().mean() - gray_of(person.frame + 1 if from_video else person.frame + 2)) < 3


@pytest.mark.parametrize(
    "name", ["kcalibration_s.json", "ksynctables_s.json", "synctables_s.json", "kinectVideos/kinect_50_01.mp4", DEPTH]
)
def test_all_its_files_are_in_the_fingerprint(tmp_path, name):
    root = make_sequence(tmp_path / "s")
    (_, before) = traced_units(PanopticKinect(root))
    with (root / name).open("ab") as file:
        file.write(b" ")
    (_, now) = traced_units(PanopticKinect(root))
    assert now.name == before.name and now.made_from != before.made_from


def test_frames_without_images_near_in_time_are_left_out(tmp_path):
    root = make_sequence(tmp_path / "s")
    tables = root / "ksynctables_s.json"
    content = json.loads(tables.read_text())
    content["kinect"]["depth"]["KINECTNODE1"]["univ_time"][3] = -1
    tables.write_text(json.dumps(content))
    frames = [person.frame for person in PanopticKinect(root, min_box_px=1).people()]
    assert sorted(set(frames)) == [0, 2, 3]
    assert left_out(PanopticKinect(root, min_box_px=1)) == {"no color and depth picture of the Kinect near in time": 2}


def test_of_two_frames_with_the_same_image_one_is_left_out(tmp_path):
    root = make_sequence(tmp_path / "s")
    tables = root / "synctables_s.json"
    write_json(tables, {"hd": {"univ_time": [-1, 1000, 1005, 1080, 1120]}})
    frames = [person.frame for person in PanopticKinect(root, min_box_px=1).people()]
    assert sorted(set(frames)) == [0, 2, 3]
    reason = "another HD frame has the same color picture of the Kinect"
    assert left_out(PanopticKinect(root, min_box_px=1)) == {reason: 2}


def test_a_short_depth_file_is_reported_once(tmp_path):
    root = make_sequence(tmp_path / "s", depth_pictures=4)
    items = list(PanopticKinect(root, min_box_px=1).people())
    broken = [item for item in items if isinstance(item, BadInput)]
    assert [item.why for item in broken] == ["ends after 4 pictures; 2 frames with poses lie beyond"]
    assert {item.frame for item in items if isinstance(item, Person)} == {0, 1}


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("kcalibration_s.json", "malformed .FileNotFoundError"),
        ("ksynctables_s.json", "malformed or missing .FileNotFoundError"),
        ("kinect_shared_depth/KINECTNODE1/depthdata.dat", "is missing or empty"),
    ],
)
def test_missing_files_are_named(tmp_path, name, why):
    root = make_sequence(tmp_path / "s")
    (root / name).unlink()
    with pytest.raises(BadInput, match=why):
        list(PanopticKinect(root).people())


def test_frames_whose_depth_is_missing_are_not_counted_twice(tmp_path):
    root = make_sequence(tmp_path / "s", depth_pictures=2)
    write_json(root / "synctables_s.json", {"hd": {"univ_time": [-1, 1000, 1005, 1080, 1120]}})
    (bad,) = PanopticKinect(root, min_box_px=1).people()
    assert bad.what == str(root / DEPTH) and bad.why == "ends after 2 pictures; 4 frames with poses lie beyond"
    assert left_out(PanopticKinect(root, min_box_px=1)) == {}


def test_of_two_frames_with_the_same_image_the_first_is_taken(tmp_path):
    root = make_sequence(tmp_path / "s", video=False)
    write_json(root / "synctables_s.json", {"hd": {"univ_time": [-1, 1000, 1005, 1006, 1120]}})
    people = list(PanopticKinect(root, min_box_px=1).people())
    assert [(person.frame, person.person) for person in people] == [(0, 0), (0, 1), (3, 0), (3, 1)]
    # The extracted frame 2 and depth picture 2 are of the time 1000, 5 and 5 of the time 1120.
    assert [person.picture.name[-12:] for person in people[::2]] == ["00000002.jpg", "00000005.jpg"]
    assert [int(person.depth_mm().max()) for person in people[::2]] == [2200, 2500]


def test_without_tables_of_times_a_unit_is_listed_and_broken(tmp_path):
    root = make_sequence(tmp_path / "s", video=False)
    (root / "kinectVideos").mkdir()
    write_video(root, "50_01", FRAMES + 1).rename(root / "kinectVideos/kinect_50_01.mp4")
    (root / "synctables_s.json").unlink()
    _, unit = PanopticKinect(root, min_box_px=1).units()
    assert unit.name == "s/50_01/00000000" and unit.wanted(root, "50_01", [0, 1]) == []
    with pytest.raises(BadInput, match="synctables_s.json KINECTNODE1: malformed or missing"):
        list(unit.people())


def test_numbers_and_files_of_a_kinect(tmp_path):
    root = make_sequence(tmp_path / "s", video=False)
    _, unit = PanopticKinect(root, min_box_px=1).units()
    # HD frame 0 has the second color image, which is numbered 2; beyond the tables there is none.
    assert unit.wanted(root, "50_01", [0, 2, 3, 4]) == [2, 4, 5]
    assert unit.files() == (root / "truth/visible_50_01.json", root / DEPTH)
    tenth = replace(unit, camera="50_10", source=root / "kinectVideos/kinect_50_10.mp4")
    assert tenth.files() == (
        root / "kinectVideos/kinect_50_10.mp4",
        root / "truth/visible_50_10.json",
        root / "kinect_shared_depth/KINECTNODE10/depthdata.dat",
    )
    with pytest.raises(BadInput, match="KINECTNODE10/depthdata.dat: is missing or empty"):
        list(tenth._pictures(None, [0]))


def test_a_kinect_is_read_once_for_its_units(tmp_path, monkeypatch):
    root = make_sequence(tmp_path / "s")
    monkeypatch.setattr("data_prep.panoptic.reader._CHOSEN_A_UNIT", 2)
    _, first, second = PanopticKinect(root, min_box_px=1).units()
    list(first.people())
    (root / "kcalibration_s.json").unlink()
    assert [item.frame for item in second.people() if isinstance(item, Person)] == [2, 2, 3, 3]


def test_a_depth_picture_names_itself(tmp_path):
    root = make_sequence(tmp_path / "s")
    person = next(PanopticKinect(root, min_box_px=1).people())
    assert person.depth_mm.name == f"{root / DEPTH} picture 2"
    (root / DEPTH).write_bytes(b"")
    with pytest.raises(BadInput, match="depthdata.dat picture 2: the file ends after 0 pictures"):
        person.depth_mm()
