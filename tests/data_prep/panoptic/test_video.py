"""People from videos: the right frame, unit by unit, and no more frames in memory than needed."""

import gc
import pickle
import re
import shutil
import weakref
from dataclasses import replace

import cv2
import numpy as np
import pytest
from panoptic_sequence import (
    body,
    camera_entry,
    gray_of,
    write_calibration,
    write_frame,
    write_jpeg,
    write_video,
)

from data_prep.panoptic.reader import Panoptic
from data_prep.video.video_file import Video
from pose import PANOPTIC19, Crop
from records import BadInput, encode_example
from records.example import Example


@pytest.fixture
def sequence(tmp_path):
    """12 frames in the video; poses of frames 2 to 9, two bodies each."""
    folder = tmp_path / "seq"
    write_calibration(folder, [camera_entry("00_00")])
    for frame in range(2, 10):
        write_frame(folder, frame, [body(0), body(1)])
    write_video(folder, "00_00", 12)
    return folder


def people_of(sequence, **options):
    return list(Panoptic(sequence, min_box_px=4, **options).people())


def assert_right_frame(person) -> None:
    # 16 gray levels lie between two frames.
    assert abs(person.load_picture().mean() - gray_of(person.frame)) < 6


def test_frame_index_is_the_pose_files_number(sequence):
    people = people_of(sequence)
    assert [person.frame for person in people] == [frame for frame in range(2, 10) for _ in range(2)]
    for person in people:
        assert_right_frame(person)
    assert people[0].load_picture() is people[1].load_picture()


def test_the_right_frame_for_a_stride_and_in_any_order(sequence):
    people = people_of(sequence, start=3, stride=3)
    assert [person.frame for person in people] == [3, 3, 6, 6, 9, 9]
    for person in reversed(people):
        assert_right_frame(person)


def test_units_are_stretches_of_frames_that_can_be_read_anywhere(sequence, monkeypatch):
    whole = people_of(sequence)
    monkeypatch.setattr("data_prep.panoptic.reader._CHOSEN_A_UNIT", 3)
    units = Panoptic(sequence, min_box_px=4).units()
    assert [unit.name for unit in units] == [
        "seq/labels",
        "seq/00_00/00000002",
        "seq/00_00/00000005",
        "seq/00_00/00000008",
    ]
    assert pickle.loads(pickle.dumps(units)) == units
    # In any order, each by itself.
    parts = {unit.name: list(unit.people()) for unit in reversed(units)}
    assert [person.key for unit in units for person in parts[unit.name]] == [person.key for person in whole]
    for people in parts.values():
        for person in people:
            assert_right_frame(person)


def test_a_unit_is_bounded_by_the_frames_it_must_decode_too(sequence, monkeypatch):
    monkeypatch.setattr("data_prep.panoptic.reader._FRAMES_A_UNIT", 4)
    names = [unit.name for unit in Panoptic(sequence, min_box_px=4, stride=3).units()]
    assert names == ["seq/labels", "seq/00_00/00000003", "seq/00_00/00000009"]
    for frame in range(2, 10):
        write_jpeg(sequence, "00_00", frame)
    names = [unit.name for unit in Panoptic(sequence, min_box_px=4, stride=3).units()]
    assert names == ["seq/labels", "seq/00_00/00000003"]


def test_poses_are_read_once_for_all_units(sequence, monkeypatch):
    monkeypatch.setattr("data_prep.panoptic.reader._CHOSEN_A_UNIT", 3)
    units = Panoptic(sequence, min_box_px=4, min_visible_joints=7).units()
    for unit in pickle.loads(pickle.dumps(units[:2])):
        list(unit.people())
    shutil.rmtree(sequence / "hdPose3d_stage1_coco19")
    assert [person.frame for person in units[2].people()] == [5, 5, 6, 6, 7, 7]


def test_only_frames_with_people_are_decoded(sequence, monkeypatch):
    # Moved by 500 cm, nobody is on the image.
    for frame in (4, 5, 9):
        write_frame(sequence, frame, [body(0, x_cm=500.0)])
    wanted = []
    frames = Video.frames
    monkeypatch.setattr(Video, "frames", lambda self, numbers: wanted.append(numbers) or frames(self, numbers))
    assert [person.frame for person in people_of(sequence)][::2] == [2, 3, 6, 7, 8]
    assert wanted == [[2, 3, 6, 7, 8]]


def test_crops_come_from_a_part_of_the_frame(sequence, monkeypatch):
    person = people_of(sequence)[0]
    whole = person.load_picture()
    monkeypatch.setattr(type(person.picture), "__call__", None)
    for size in (8, 32):
        crop = Crop.from_box(person.box_px, size)
        cut, of_whole = (cut_out(replace(person, picture=picture), crop) for picture in (person.picture, whole))
        assert np.abs(cut - of_whole).max() <= 8


def cut_out(person, crop):
    """The image of a record."""
    features = Example.FromString(encode_example(person, crop, PANOPTIC19)).features.feature
    jpeg = np.frombuffer(features["image/jpeg"].bytes_list.value[0], np.uint8)
    return cv2.imdecode(jpeg, cv2.IMREAD_COLOR).astype(int)


def test_images_are_freed_with_their_people(sequence):
    stream = Panoptic(sequence, min_box_px=4).people()
    first = next(stream)
    picture = weakref.ref(first.picture)
    del first
    second = next(stream)
    assert second.frame == 2 and second.picture is picture()
    del second
    assert next(stream).frame == 3
    gc.collect()
    assert picture() is None


def test_a_video_shorter_than_its_poses_is_broken_once(sequence):
    write_video(sequence, "00_00", 6)
    people = people_of(sequence)
    bad = [item for item in people if isinstance(item, BadInput)]
    assert [str(item) for item in bad] == [
        f"{sequence}/hdVideos/hd_00_00.mp4: ends after 6 frames; 4 frames with poses lie beyond"
    ]
    assert [item.frame for item in people if item not in bad] == [2, 2, 3, 3, 4, 4, 5, 5]


def test_a_truncated_video_gives_its_whole_frames(sequence):
    whole = write_video(sequence, "00_00", 12, codec="MJPG", suffix=".avi")
    data = whole.read_bytes()
    whole.unlink()
    (sequence / "hdVideos/hd_00_00.mp4").write_bytes(data[: start_of_frame(data, 7) + 50])
    items = people_of(sequence)
    people = [item for item in items if not isinstance(item, BadInput)]
    assert [person.frame for person in people] == [frame for frame in range(2, 7) for _ in range(2)]
    for person in people:
        assert_right_frame(person)
    # Its index was at the end, so the frames after the damaged one are unknown.
    (told,) = (str(item) for item in items if isinstance(item, BadInput))
    assert told.endswith("hd_00_00.mp4 frames 7 to 9: the video is damaged; 3 frames with poses are skipped")


def start_of_frame(data: bytes, frame: int) -> int:
    """Where a Motion JPEG's frame begins in the file."""
    return [match.start() for match in re.finditer(b"\xff\xd8\xff", data)][frame]


def test_an_unreadable_video_is_broken_once(sequence):
    (sequence / "hdVideos/hd_00_00.mp4").write_bytes(b"no video" * 100)
    (bad,) = people_of(sequence)
    assert str(bad) == f"{sequence}/hdVideos/hd_00_00.mp4: not a video that FFmpeg can open"


def test_a_video_of_another_size_is_broken_once(sequence):
    entry = camera_entry("00_00")
    entry["resolution"] = [1920, 1080]
    write_calibration(sequence, [entry])
    (bad,) = people_of(sequence)
    assert "is 96 x 64 px, but its labels are for 1920 x 1080 px" in str(bad)


def test_extracted_frames_are_preferred_to_the_video(sequence):
    for frame in range(2, 10):
        write_jpeg(sequence, "00_00", frame)
    people = people_of(sequence)
    assert people[0].picture.name.endswith("hdImgs/00_00/00_00_00000002.jpg")
