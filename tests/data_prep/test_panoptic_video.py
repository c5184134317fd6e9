"""Frames from videos: the right one, whatever the order, and no more of them in memory than people need."""

import gc
import re
from concurrent.futures import ThreadPoolExecutor

import pytest
from panoptic_sequence import (
    body,
    camera_entry,
    grey_of,
    write_calibration,
    write_frame,
    write_jpeg,
    write_video,
)

from data_prep.panoptic import Panoptic
from records import BadInput


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
    # 16 grey levels lie between two frames.
    assert abs(person.load_picture().mean() - grey_of(person.frame)) < 6


def test_frame_index_is_the_pose_files_number(sequence):
    people = people_of(sequence)
    assert [person.frame for person in people] == [frame for frame in range(2, 10) for _ in range(2)]
    for person in people:
        assert_right_frame(person)
    assert people[0].load_picture() is people[1].load_picture()


def test_right_frame_for_a_stride_and_in_any_order(sequence):
    people = people_of(sequence, start=3, stride=3)
    assert [person.frame for person in people] == [3, 3, 6, 6, 9, 9]
    for person in reversed(people):
        assert_right_frame(person)


def test_right_frames_for_many_threads(sequence):
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(assert_right_frame, people_of(sequence)))


def test_a_frame_passed_by_before_it_is_asked_for_is_still_found(sequence):
    stream = Panoptic(sequence, min_box_px=4).people()
    people = [next(stream) for _ in range(8)]
    video = people[0].picture.video
    assert_right_frame(people[7])
    assert video._position == 6
    handle = video.frame(2, people[0].picture.size)  # made too late: the video has to begin again
    assert abs(handle().mean() - grey_of(2)) < 6


def test_pictures_live_only_as_long_as_their_people(sequence):
    people = people_of(sequence)
    video = people[0].picture.video
    kept = [person for person in people if person.frame in (4, 9)]
    del people
    gc.collect()
    assert_right_frame(kept[-1])
    # Frames 2 and 3, 5 to 8 had no people left, and were passed by without a picture.
    assert sorted(video._handles) == [4, 9]
    assert kept[0].picture.picture is not None


def test_a_video_shorter_than_its_poses_is_broken_once(sequence):
    write_video(sequence, "00_00", 6)
    people = people_of(sequence)
    bad = [item for item in people if isinstance(item, BadInput)]
    assert [str(item) for item in bad] == [
        f"{sequence}/hdVideos/hd_00_00.mp4: ends after 6 frames; 4 frames with poses lie beyond"
    ]
    assert [item.frame for item in people if item not in bad] == [2, 2, 3, 3, 4, 4, 5, 5]


def test_a_video_cut_short_gives_the_frames_it_holds(sequence):
    whole = write_video(sequence, "00_00", 12, codec="MJPG", suffix=".avi")
    data = whole.read_bytes()
    whole.unlink()
    (sequence / "hdVideos/hd_00_00.mp4").write_bytes(data[: start_of_frame(data, 7) + 50])
    bad, *people = people_of(sequence)
    assert re.search("ends after [78] frames; [23] frames with poses lie beyond", str(bad)), bad
    assert {person.frame for person in people} >= {2, 3, 4, 5, 6}
    for person in people:
        if person.frame < 7:
            assert_right_frame(person)


def start_of_frame(data: bytes, frame: int) -> int:
    """Where a Motion JPEG's frame begins in the file."""
    return [match.start() for match in re.finditer(b"\xff\xd8\xff", data)][frame]


def test_an_unreadable_video_is_broken_once(sequence):
    (sequence / "hdVideos/hd_00_00.mp4").write_bytes(b"no video" * 100)
    (bad,) = people_of(sequence)
    assert str(bad) == f"{sequence}/hdVideos/hd_00_00.mp4: not a video that OpenCV can open"


def test_a_video_of_another_size_is_broken_once(sequence):
    entry = camera_entry("00_00")
    entry["resolution"] = [1920, 1080]
    write_calibration(sequence, [entry])
    (bad,) = people_of(sequence)
    assert "is 96 x 64 px, but its labels are for 1920 x 1080 px" in str(bad)


def test_extracted_frames_go_before_the_video(sequence):
    for frame in range(2, 10):
        write_jpeg(sequence, "00_00", frame)
    people = people_of(sequence)
    assert people[0].picture.name.endswith("hdImgs/00_00/00_00_00000002.jpg")
