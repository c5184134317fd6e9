"""The options of the Panoptic reader, and how it divides and counts its work."""

import pytest
from panoptic_sequence import (
    body,
    camera_entry,
    write_calibration,
    write_frame,
    write_jpeg,
    write_sequence,
    write_video,
)

from data_prep.panoptic.reader import Panoptic, _stretches


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"stride": 0}, "stride must be 1 or more, got 0"),
        ({"start": -1}, "start must be 0 or more, got -1"),
        ({"min_box_px": 0.5}, "min_box_px must be 1 or more, got 0.5"),
        ({"min_box_px": float("nan")}, "min_box_px must be 1 or more, got nan"),
        ({"min_pose_change_mm": -0.1}, "min_pose_change_mm must be 0 or more, got -0.1"),
        ({"min_confidence": -0.1}, "min_confidence must be from 0 to below 1, got -0.1"),
        ({"min_confidence": 1.0}, "min_confidence must be from 0 to below 1, got 1.0"),
        ({"start": 3, "stop": 2}, "stop must be above start, got start 3 and stop 2"),
        ({"start": 3, "stop": 3}, "stop must be above start, got start 3 and stop 3"),
        ({"min_visible_joints": 0}, "min_visible_joints must lie between 1 and 19, got 0"),
        ({"min_visible_joints": 20}, "min_visible_joints must lie between 1 and 19, got 20"),
        ({"max_people": 0}, "max_people must be 1 or more, got 0"),
        ({"max_people": -1}, "max_people must be 1 or more, got -1"),
    ],
)
def test_values_out_of_bounds_raise(tmp_path, options, why):
    with pytest.raises(ValueError, match=why):
        Panoptic(tmp_path, **options)


@pytest.mark.parametrize(
    "options",
    [
        {"stride": 1, "start": 0, "stop": 1},
        {"min_box_px": 1.0, "min_pose_change_mm": 0.0, "min_confidence": 0.0},
        {"min_confidence": 0.99, "min_visible_joints": 1},
        {"min_visible_joints": 19, "max_people": 1},
        {"stop": None, "max_people": None},
    ],
)
def test_the_least_and_the_most_are_allowed(tmp_path, options):
    assert Panoptic(tmp_path, **options).root == tmp_path


def test_defaults(tmp_path):
    # `--help` prints them, and records made with them must not change.
    reader = Panoptic(tmp_path)
    assert (reader.stride, reader.start, reader.stop, reader.cameras, reader.sequences) == (1, 0, None, (), ())
    assert (reader.min_confidence, reader.min_visible_joints, reader.min_box_px) == (0.1, 8, 32.0)
    assert (reader.min_pose_change_mm, reader.max_people, reader.dataset) == (0, None, "panoptic")


@pytest.mark.parametrize(
    ("frames", "are_files", "spans"),
    [
        ([], True, []),
        ([5], True, [(5, 5)]),
        (range(2000), True, [(0, 1999)]),
        (range(2001), True, [(0, 1999), (2000, 2000)]),
        (range(0, 20_000, 10), True, [(0, 19_990)]),
        (range(1000), False, [(0, 999)]),
        (range(2500), False, [(0, 999), (1000, 1999), (2000, 2499)]),
        ([0, 3999, 4000, 7999, 8001], False, [(0, 3999), (4000, 7999), (8001, 8001)]),
        ([3, 4003, 4004], False, [(3, 3), (4003, 4004)]),
    ],
)
def test_spans_of_frames(frames, are_files, spans):
    """At most 2000 images; of a video at most 1000 chosen frames among 4000."""
    assert _stretches(list(frames), are_files) == spans


def test_frames_are_chosen_from_start_by_stride_to_before_stop(tmp_path):
    sequence = write_sequence(tmp_path / "s", frames=(1, 2, 3, 4, 6, 7, 8))

    def frames(**options):
        return [person.frame for person in Panoptic(sequence, min_box_px=4, **options).people()]

    assert frames() == [1, 2, 3, 4, 6, 7, 8]
    assert frames(stride=2) == [2, 4, 6, 8]
    assert frames(start=1, stride=3) == [1, 4, 7]
    assert frames(start=3, stop=7) == [3, 4, 6]
    assert frames(stop=1 + 1) == [1]
    why = "s has no frame for start 5, stop 6 and stride 1; its frames run from 1 to 8"
    with pytest.raises(ValueError, match=why):
        frames(start=5, stop=6)


def test_the_total_is_estimated_from_sixteen_frames(tmp_path):
    sequence = write_sequence(tmp_path / "a", frames=(0,), cameras=("00_00", "00_01"))
    # Every third frame is counted: 14 frames, of which 0 and 3 have three bodies.
    for frame in range(40):
        write_frame(sequence, frame, [body(number) for number in range(3 if frame < 6 else 1)])
    assert Panoptic(sequence).total() == round(2 * 40 * (2 * 3 + 12) / 14)
    assert Panoptic(sequence, max_people=7).total() == 7
    assert Panoptic(sequence, max_people=10**6).total() == round(2 * 40 * 18 / 14)
    # Few frames are all counted.
    assert Panoptic(sequence, stop=15).total() == 2 * (6 * 3 + 9)
    write_sequence(tmp_path / "b", frames=(0, 1))
    assert Panoptic(tmp_path, stop=15).total() == 2 * (6 * 3 + 9) + 2
    assert Panoptic(tmp_path, stop=15, max_people=3).total() == 3 + 2
    assert Panoptic(tmp_path).sequence_names() == {"a", "b"}
    assert Panoptic(tmp_path, sequences=("b",)).sequence_names() == {"b"}


def test_a_damaged_tar_without_a_frame_is_named_and_counts_nobody(tmp_path):
    sequence = write_sequence(tmp_path / "s", frames=(0,))
    for path in (sequence / "hdPose3d_stage1_coco19").iterdir():
        path.unlink()
    (sequence / "hdPose3d_stage1_coco19.tar").write_bytes(b"damaged " * 100)
    assert Panoptic(sequence).total() == 0
    (bad,) = Panoptic(sequence).people()
    assert "damaged tar" in bad.why and bad.why.endswith("; 0 frames can be read")


def test_cameras_of_a_sequence_without_calibration_are_named(tmp_path):
    for name in ("a", "b"):
        write_sequence(tmp_path / name, frames=(0,), cameras=("00_00", "00_01"))
    write_calibration(tmp_path / "b", [camera_entry("00_00")])
    with pytest.raises(ValueError, match=r"b/calibration_b.json has no HD cameras \['00_01'\]; it has 00_00$"):
        Panoptic(tmp_path, cameras=("0", "1")).units()
    # Where no camera can be read at all, the broken calibration is reported instead.
    (tmp_path / "b/calibration_b.json").write_text("{")
    names = [unit.name for unit in Panoptic(tmp_path, cameras=("0", "1")).units()]
    assert names == ["a/labels", "a/00_00/00000000", "a/00_01/00000000", "b/labels"]


def test_a_sequence_is_found_from_inside_and_from_above(tmp_path, monkeypatch):
    write_sequence(tmp_path / "in/s", frames=(0,))
    (tmp_path / "in/notes").mkdir()
    (tmp_path / "in/readme.txt").touch()
    assert Panoptic(tmp_path / "in").sequence_names() == Panoptic(tmp_path / "in/s").sequence_names() == {"s"}
    # Named after the folder, even if it is the current one.
    monkeypatch.chdir(tmp_path / "in/s")
    assert Panoptic(".").sequence_names() == {"s"}


def test_a_camera_is_read_from_files_or_from_its_video_by_what_they_hold(tmp_path):
    sequence = write_sequence(tmp_path / "s", frames=(0, 1, 2))
    video = write_video(sequence, "00_00", 3)
    assert [unit.source.name for unit in Panoptic(sequence).units()[1:]] == ["00_00"]
    (sequence / "hdImgs/00_00/00_00_00000001.jpg").unlink()
    assert [unit.source for unit in Panoptic(sequence).units()[1:]] == [video]
    write_jpeg(sequence, "00_00", 1)
    write_frame(sequence, 3, [body()])
    assert [unit.source for unit in Panoptic(sequence).units()[1:]] == [video]
    assert [unit.source.name for unit in Panoptic(sequence, stop=3).units()[1:]] == ["00_00"]
