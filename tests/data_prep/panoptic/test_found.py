"""Panoptic sequences as found on disks: PNGs, half-extracted frames, old poses, and incomplete sequences."""

import json
import shutil

import cv2
import numpy as np
import pytest
from commands import call
from panoptic_sequence import SIZE, body, camera_entry, gray_of, write_calibration, write_frame, write_jpeg, write_video
from panoptic_sequence import write_sequence as write_jpegs

from data_prep.command import main
from data_prep.conversion.convert import Conversion, convert
from data_prep.conversion.splits import SplitRule
from data_prep.panoptic.reader import Panoptic
from pose import MPII16, PANOPTIC19
from records import BadInput, read_manifest
from records.features import read_features
from records.tfrecord import read_records

FRAMES = (0, 1, 2)
OLD = "hdPose3d_stage1"


def make(sequence, *, frames=FRAMES, video=0, jpegs=(), poses=True, calibration=True):
    """A sequence of one camera, 00_00, with the requested files."""
    sequence.mkdir(parents=True)
    if calibration:
        write_calibration(sequence, [camera_entry("00_00")])
    for frame in frames if poses else ():
        write_frame(sequence, frame, [body()])
    for frame in jpegs:
        write_jpeg(sequence, "00_00", frame)
    if video:
        write_video(sequence, "00_00", video)
    return sequence


def write_png(sequence, frame, ending=".png"):
    path = sequence / f"hdImgs/00_00/00_00_{frame:08d}{ending}"
    path.parent.mkdir(parents=True, exist_ok=True)
    _, data = cv2.imencode(".png", np.full((*SIZE, 3), gray_of(frame), np.uint8))
    path.write_bytes(data.tobytes())
    return path


def read(root, **options):
    items = list(Panoptic(root, min_box_px=4.0, **options).people())
    bad = [item for item in items if isinstance(item, BadInput)]
    return [item for item in items if not isinstance(item, BadInput)], bad


def assert_all_frames(people, place):
    assert [person.frame for person in people] == list(FRAMES)
    for person in people:
        assert place in person.picture.name
        # 16 gray levels lie between two frames.
        assert abs(person.load_picture().mean() - gray_of(person.frame)) < 6


@pytest.mark.parametrize("ending", [".png", ".PNG", ".jpeg", ".JPG"])
def test_frames_may_be_pngs_or_have_other_endings(tmp_path, ending):
    sequence = make(tmp_path / "seq")
    for frame in FRAMES:
        write_png(sequence, frame, ending)
    people, bad = read(sequence)
    assert not bad
    assert_all_frames(people, f"hdImgs/00_00/00_00_0000000{people[0].frame}"[:-1])


def test_a_jpeg_is_preferred_to_a_png_of_the_same_frame(tmp_path):
    sequence = make(tmp_path / "seq", jpegs=FRAMES)
    write_png(sequence, 1)
    people, _ = read(sequence)
    assert [person.picture.name[-4:] for person in people] == [".jpg"] * 3


@pytest.mark.parametrize("there", [(), (0, 2), (0, 1)])
def test_the_video_replaces_incomplete_frames(tmp_path, there):
    sequence = make(tmp_path / "seq", video=3, jpegs=there)
    (sequence / "hdImgs/00_00").mkdir(parents=True, exist_ok=True)
    people, bad = read(sequence)
    assert not bad
    assert_all_frames(people, "hdVideos/hd_00_00.mp4")


def test_frames_are_read_where_all_requested_ones_exist(tmp_path):
    sequence = make(tmp_path / "seq", video=3, jpegs=(0, 2))
    people, bad = read(sequence, stride=2)
    assert not bad and [person.frame for person in people] == [0, 2]
    assert all("hdImgs" in person.picture.name for person in people)


def test_without_a_video_missing_frames_are_named(tmp_path):
    sequence = make(tmp_path / "seq")
    write_png(sequence, 0)
    write_png(sequence, 2)
    people, bad = read(sequence)
    assert [person.frame for person in people] == [0, 2]
    assert [str(item) for item in bad] == [f"{sequence}/hdImgs/00_00/00_00_00000001.png: has poses, but is missing"]


def test_a_camera_with_an_empty_folder_and_no_video_is_named(tmp_path):
    sequence = write_jpegs(tmp_path / "seq", frames=FRAMES, cameras=("00_00", "00_01"))
    for path in (sequence / "hdImgs/00_01").iterdir():
        path.unlink()
    people, bad = read(sequence)
    assert {person.camera for person in people} == {"00_00"}
    assert [str(item) for item in bad] == [f"{sequence} camera 00_01: has neither frames in hdImgs/00_01 nor a video"]


def make_old(sequence):
    """With the poses of 15 joints alone, the head top 40 cm above the neck."""
    make(sequence, jpegs=FRAMES, poses=False)
    joints = np.reshape(body()["joints19"][:60], (15, 4))
    joints[1, :3] = joints[0, :3] - [0, 40, 0]
    (sequence / OLD).mkdir()
    for frame in FRAMES:
        content = {"bodies": [{"id": 5, "joints15": joints.ravel().tolist()}]}
        (sequence / OLD / f"body3DScene_{frame:08d}.json").write_text(json.dumps(content))
    return sequence


def test_old_poses_alone_become_mpii_joints(tmp_path, capsys):
    sequence = make_old(tmp_path / "seq")
    reader = Panoptic(sequence, min_box_px=4.0)
    assert reader.skeleton == MPII16
    people, bad = read(sequence)
    assert not bad and [person.person for person in people] == [5] * 3
    assert [MPII16.joints[j] for j in np.flatnonzero(people[0].visible == 0)] == ["upper_neck"]
    assert (people[0].xyz_known == (people[0].visible > 0)).all()
    at = {joint: people[0].joints_xy_px[j] for j, joint in enumerate(MPII16.joints)}
    # The neck at (-27, -18, 0) cm is 300 cm before a camera of 100 px; the head top lies 40 / 3 px above it.
    np.testing.assert_allclose(at["thorax"], [39, 26], atol=1e-5)
    np.testing.assert_allclose(at["head_top"], [39, 26 - 40 / 3], atol=1e-4)
    np.testing.assert_allclose(at["pelvis"], [48 - 7, 32 - 14 / 3], atol=1e-4)
    np.testing.assert_allclose(at["right_ankle"], [48 + 5, 32 + 10 / 3], atol=1e-4)
    assert "note: the poses are of 15 joints, they become MPII's: seq\n" in capsys.readouterr().err


def test_old_poses_beside_others_lack_nose_eyes_and_ears(tmp_path, capsys):
    make_old(tmp_path / "old")
    make(tmp_path / "new", jpegs=FRAMES)
    options = Conversion(size=32, workers=1, split=SplitRule(val=0, test=0))
    manifest = convert(Panoptic(tmp_path, min_box_px=4.0), tmp_path / "out", options)
    assert manifest.skeleton == PANOPTIC19 and manifest.counts["train"] == 6
    assert manifest.source["joints15"] == ["old"]
    assert "note: the poses are of 15 joints, nose, eyes and ears are not labeled: old\n" in capsys.readouterr().err
    shard = tmp_path / "out" / manifest.shards["train"][0].name
    records = [read_features(record, 19) for record in read_records(shard)]
    lacking = {
        record["source/sequence"]: [PANOPTIC19.joints[j] for j in np.flatnonzero(record["joints/visible"] == 0)]
        for record in records
    }
    assert lacking == {b"new": [], b"old": ["nose", "left_eye", "left_ear", "right_eye", "right_ear"]}


def test_poses_of_19_joints_are_preferred(tmp_path):
    sequence = make_old(tmp_path / "seq")
    (sequence / "hdPose3d_stage1_coco19").mkdir()
    assert Panoptic(sequence).skeleton == MPII16
    for frame in FRAMES:
        write_frame(sequence, frame, [body()])
    assert Panoptic(sequence).skeleton == PANOPTIC19
    assert (read(sequence)[0][0].visible == 2).all()


def test_distinct_old_poses_are_compared_about_their_own_center(tmp_path):
    sequence = make_old(tmp_path / "seq")
    people, _ = read(sequence, min_pose_change_mm=1.0)
    assert [person.frame for person in people] == [0]


@pytest.mark.parametrize(
    ("lacks", "why"),
    [
        (
            "poses",
            "has no 3D poses; download hdPose3d_stage1_coco19.tar, or hdPose3d_stage1.tar where the studio has no",
        ),
        ("pictures", "has no pictures; download hdVideos/hd_XX.mp4 into it with `python -m data_prep download s2`"),
        ("calibration", "calibration_s2.json is missing; download it, or name the folder after its sequence"),
    ],
)
def test_an_incomplete_sequence_is_left_out_and_named(tmp_path, lacks, why):
    make(tmp_path / "in/s1", jpegs=FRAMES)
    make(
        tmp_path / "in/s2",
        poses=lacks != "poses",
        jpegs=() if lacks == "pictures" else FRAMES,
        calibration=lacks != "calibration",
    )
    arguments = ("--workers", 1, "--size", 32, "--min-box-px", 4, "--val", 0, "--test", 0, "--out", tmp_path / "out")
    done = call(main, "panoptic", "--root", tmp_path / "in", *arguments)
    assert done.returncode == 0, done.stderr
    told = next(line for line in done.stderr.splitlines() if line.startswith(f"left out: {tmp_path}/in/s2: "))
    assert why in told and told.endswith(", or name the others with --sequences")
    manifest = read_manifest(tmp_path / "out")
    assert manifest.counts["train"] == 3
    assert [bad["what"] for bad in manifest.skipped] == [f"{tmp_path}/in/s2"] and why in manifest.skipped[0]["why"]
    # Requested by name it is an error, and so it is if it is the only sequence.
    for options in (("--sequences", "s1", "s2"), ("--sequences", "s2")):
        done = call(main, "panoptic", "--root", tmp_path / "in", *options, *arguments[:-1], tmp_path / "other")
        assert done.returncode == 2 and why in done.stderr and "left out" not in done.stderr
    shutil.rmtree(tmp_path / "in/s1")
    make(tmp_path / "in/s3", poses=False)
    done = call(main, "panoptic", "--root", tmp_path / "in", *arguments[:-1], tmp_path / "other")
    assert done.returncode == 2 and "none of the 2 sequences can be used; the first: " in done.stderr
    assert why in done.stderr


def test_a_sequence_of_images_alone_is_named(tmp_path, capsys):
    make(tmp_path / "s1", jpegs=FRAMES)
    make(tmp_path / "s2", jpegs=FRAMES, poses=False, calibration=False)
    people, (bad,) = read(tmp_path)
    assert {person.sequence for person in people} == {"s1"}
    assert bad.what == str(tmp_path / "s2") and "calibration_s2.json is missing" in bad.why
    assert f"left out: {tmp_path / 's2'}: " in capsys.readouterr().err
