"""The Panoptic reader: geometry by hand, order, and every broken input by name."""

import json
import re
import tarfile
from io import BytesIO

import numpy as np
import pytest
from made_units import left_out
from panoptic_sequence import (
    CENTER_PX,
    body,
    camera_entry,
    write_calibration,
    write_frame,
    write_jpeg,
    write_sequence,
)

from data_prep.panoptic.reader import Panoptic
from records import BadInput

SMALL = {"min_box_px": 4.0}


def read(root, **options):
    """The people and the broken inputs of a folder."""
    items = list(Panoptic(root, **SMALL, **options).people())
    bad = [item for item in items if isinstance(item, BadInput)]
    return [item for item in items if not isinstance(item, BadInput)], bad


def test_joints_are_projected_from_centimeters(tmp_path):
    people, bad = read(write_sequence(tmp_path / "seq", frames=(7,)))
    assert not bad
    (person,) = people
    # Joint 0 at (-27, -18, 0) cm, 300 cm ahead: x = 48 - 100 * 27 / 300, y = 32 - 100 * 18 / 300.
    np.testing.assert_allclose(person.joints_xy_px[0], [39.0, 26.0], atol=1e-5)
    np.testing.assert_allclose(person.joints_xy_px[18], [57.0, 38.0], atol=1e-5)
    np.testing.assert_allclose(person.joints_xyz_mm[0], [-270, -180, 3000], atol=1e-3)
    np.testing.assert_allclose(person.box_px, [39, 26, 18, 12], atol=1e-5)
    assert person.visible.tolist() == [2] * 19
    assert person.key == "panoptic/seq/00_00/7/0"
    assert person.camera_model.name == "00_00"
    assert person.load_picture().shape == (64, 96, 3)


def test_missing_unsure_behind_and_outside_joints_are_not_labeled(tmp_path):
    sequence = write_sequence(tmp_path / "seq", frames=(0,))
    entry = body()
    joints = np.array(entry["joints19"]).reshape(19, 4)
    joints[3] = 0, 0, 0, -1  # the studio's mark of a missing joint
    joints[4, 3] = 0.1  # not above the threshold
    joints[5, 0] = 147.0  # x = 48 + 100 * 147 / 300 = 97 > 95.5
    joints[6, :3] = 0, 0, -400  # behind the camera, which stands at z = -300 cm
    write_frame(sequence, 0, [{"id": 4, "joints19": joints.ravel().tolist()}])
    (person,), _ = read(sequence)
    assert [j for j in range(19) if person.visible[j] == 0] == [3, 4, 5, 6]
    assert not person.joints_xy_px[3:7].any()
    # In 3D the joints outside the image are known, the missing and the faint one are not.
    assert not person.joints_xyz_mm[3:5].any()
    np.testing.assert_allclose(person.joints_xyz_mm[5:7, 0], [1470, 0], atol=1e-3)
    assert person.person == 4


def test_a_joint_folded_into_the_image_by_the_lens_model_is_not_labeled(tmp_path):
    sequence = write_sequence(tmp_path / "seq", frames=(0,))
    write_calibration(sequence, [{**camera_entry("00_00"), "distCoef": [-0.3, 0, 0, 0, 0]}])
    entry = body()
    # 60 degrees off the axis, x = 1.7 z: 1.7 (1 - 0.3 * 1.7^2) = 0.226, column 48 + 22.6 of 96.
    entry["joints19"][4 * 6 : 4 * 6 + 3] = 510, 0, 0
    write_frame(sequence, 0, [entry])
    (person,), bad = read(sequence)
    assert not bad
    assert person.camera_model.contains(person.camera_model.project([5100.0, 0, 0]))
    assert np.flatnonzero(person.visible == 0).tolist() == [6] and not person.joints_xy_px[6].any()
    assert person.box_px[0] + person.box_px[2] < 58
    # In 3D it is known all the same.
    assert person.xyz_known.all() and person.joints_xyz_mm[6].tolist() == [5100, 0, 3000]


def test_confidence_threshold_is_an_option(tmp_path):
    sequence = write_sequence(tmp_path / "seq", frames=(0,))
    assert len(read(sequence, min_confidence=0.49)[0]) == 1
    assert read(sequence, min_confidence=0.5) == ([], [])


def test_people_with_too_little_in_the_image_are_left_out(tmp_path):
    sequence = write_sequence(tmp_path / "seq", frames=(0,))
    # Moved by 130 cm, joint j lies at x = 48 + (103 + 3 j) / 3 = 82.33 + j: joints 0 to 13 are on the image.
    write_frame(sequence, 0, [body(0, x_cm=130.0)])
    assert len(read(sequence, min_visible_joints=14)[0]) == 1
    assert read(sequence, min_visible_joints=15) == ([], [])
    # 14 joints are 13 px wide and 8.67 px high.
    assert not list(Panoptic(sequence, min_visible_joints=14, min_box_px=14).people())
    write_frame(sequence, 0, [body(0, x_cm=130.0), body(1), body(2, x_cm=1e4)])
    assert left_out(Panoptic(sequence, min_visible_joints=14, min_box_px=14)) == {
        "no joint in view": 1,
        "box smaller than 14 px (--min-box-px)": 1,
    }
    assert left_out(Panoptic(sequence, min_visible_joints=15, min_box_px=14)) == {
        "no joint in view": 1,
        "fewer than 15 joints in view (--min-visible-joints)": 1,
    }


def test_order_is_sequence_camera_frame_body(tmp_path):
    for name in ("b_seq", "a_seq"):
        sequence = write_sequence(tmp_path / name, frames=(3, 5), cameras=("00_01", "00_00"))
        write_frame(sequence, 3, [body(9), body(2)])
    people, bad = read(tmp_path)
    assert not bad
    one_sequence = ["00_00/3/9", "00_00/3/2", "00_00/5/0", "00_01/3/9", "00_01/3/2", "00_01/5/0"]
    expected = [f"panoptic/{name}/{rest}" for name in ("a_seq", "b_seq") for rest in one_sequence]
    assert [person.key for person in people] == expected
    assert Panoptic(tmp_path).total() == 2 * 2 * 3


def test_sequences_cameras_and_frames_can_be_chosen(tmp_path):
    write_sequence(tmp_path / "a", frames=tuple(range(10)), cameras=("00_00", "00_03"))
    write_sequence(tmp_path / "b", frames=(0,))
    people, bad = read(tmp_path, sequences=("a",), cameras=("3",), start=1, stop=8, stride=3)
    assert not bad
    assert [person.key for person in people] == [f"panoptic/a/00_03/{frame}/0" for frame in (1, 4, 7)]
    assert Panoptic(tmp_path, sequences=("a",), cameras=("3",), start=1, stop=8, stride=3).total() == 3


def test_people_of_a_frame_share_one_image(tmp_path):
    sequence = write_sequence(tmp_path / "seq", frames=(0,))
    write_frame(sequence, 0, [body(0), body(1)])
    (first, second), _ = read(sequence)
    assert first.load_picture() is second.load_picture()


def test_reads_the_tar_as_downloaded(tmp_path):
    sequence = write_sequence(tmp_path / "seq", frames=(0, 1))
    from_folder, _ = read(sequence)
    folder = sequence / "hdPose3d_stage1_coco19"
    files = {path.name: path.read_bytes() for path in folder.iterdir()}
    for path in list(folder.iterdir()):
        path.unlink()
    folder.rmdir()
    write_tar(sequence, [(f"hdPose3d_stage1_coco19/{name}", data) for name, data in sorted(files.items())])
    from_tar, bad = read(sequence)
    assert not bad
    assert [person.key for person in from_tar] == [person.key for person in from_folder]
    for one, other in zip(from_tar, from_folder, strict=True):
        np.testing.assert_array_equal(one.joints_xy_px, other.joints_xy_px)


def test_poses_may_lie_one_folder_deeper(tmp_path):
    sequence = write_sequence(tmp_path / "seq", frames=(0, 1))
    folder = sequence / "hdPose3d_stage1_coco19"
    (folder / "hd").mkdir()
    for path in folder.glob("*.json"):
        path.rename(folder / "hd" / path.name)
    people, bad = read(sequence)
    assert not bad
    assert [person.frame for person in people] == [0, 1]


def write_tar(sequence, members) -> None:
    """Writes hdPose3d_stage1_coco19.tar with (name, content) members."""
    with tarfile.open(sequence / "hdPose3d_stage1_coco19.tar", "w") as archive:
        for name, data in members:
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, BytesIO(data))


def test_unsafe_and_other_tar_members_are_ignored(tmp_path):
    sequence = tmp_path / "seq"
    write_calibration(sequence, [camera_entry("00_00")])
    write_jpeg(sequence, "00_00", 1)
    data = json.dumps({"bodies": [body()]}).encode()
    names = ["../body3DScene_00000000.json", "/tmp/body3DScene_00000002.json", "hdPose3d_stage1_coco19/readme.txt"]
    write_tar(sequence, [(name, data) for name in names] + [("hdPose3d_stage1_coco19/body3DScene_00000001.json", data)])
    people, bad = read(sequence)
    assert not bad
    assert [person.frame for person in people] == [1]


def test_a_tar_of_folders_empty_files_and_whole_blocks(tmp_path):
    """A real archive begins with its folder; what fills its blocks to the last byte has no padding behind it."""
    sequence = tmp_path / "seq"
    write_calibration(sequence, [camera_entry("00_00")])
    data = json.dumps({"bodies": [body()]}).encode()
    name = "hdPose3d_stage1_coco19/body3DScene_{:08d}.json"
    contents = [data.ljust(1536), b"", data.ljust(2048), data, data.ljust(512 * 5)]
    with tarfile.open(sequence / "hdPose3d_stage1_coco19.tar", "w") as archive:
        folder = tarfile.TarInfo("hdPose3d_stage1_coco19")
        folder.type = tarfile.DIRTYPE
        archive.addfile(folder)
        for frame, content in enumerate(contents):
            member = tarfile.TarInfo(name.format(frame))
            member.size = len(content)
            archive.addfile(member, BytesIO(content))
    for frame in range(len(contents)):
        write_jpeg(sequence, "00_00", frame)
    people, bad = read(sequence)
    assert [person.frame for person in people] == [0, 2, 3, 4]
    assert [item.what[-25:] for item in bad] == ["body3DScene_00000001.json"]


def test_a_truncated_tar_gives_its_whole_files(tmp_path):
    sequence = tmp_path / "seq"
    write_calibration(sequence, [camera_entry("00_00")])
    data = json.dumps({"bodies": [body()]}).encode()
    members = [(f"hdPose3d_stage1_coco19/body3DScene_{frame:08d}.json", data) for frame in range(3)]
    write_tar(sequence, members)
    for frame in range(3):
        write_jpeg(sequence, "00_00", frame)
    path = sequence / "hdPose3d_stage1_coco19.tar"
    whole = path.read_bytes()
    block = 512 * (2 + len(data) // 512)  # a header and the padded content
    path.write_bytes(whole[: 2 * block + 700])  # 188 bytes into the third file
    people, bad = read(sequence)
    assert [person.frame for person in people] == [0, 1]
    assert any("cut short" in item.why or "damaged tar" in item.why for item in bad)


def spoil_json_cut(sequence) -> str:
    path = write_frame(sequence, 1, [body()])
    path.write_text(path.read_text()[:-40])
    return "body3DScene_00000001.json: malformed or cut short"


def spoil_json_empty(sequence) -> str:
    write_frame(sequence, 1, []).write_text("")
    return "body3DScene_00000001.json: malformed or cut short"


def spoil_json_keys(sequence) -> str:
    write_frame(sequence, 1, []).write_text('{"version": 0.7}')
    return "body3DScene_00000001.json: malformed or cut short"


def spoil_nan(sequence) -> str:
    entry = body()
    entry["joints19"][4 * 3 + 1] = float("nan")
    write_frame(sequence, 1, [entry])
    return "body3DScene_00000001.json body 0: .*left_shoulder not finite"


def spoil_joint_count(sequence) -> str:
    write_frame(sequence, 1, [{"id": 0, "joints19": body()["joints19"][:60]}])
    return r"body3DScene_00000001.json body 0: .*must hold 19 x 4 numbers, got an array of shape \(60,\)"


def spoil_body_id(sequence) -> str:
    write_frame(sequence, 1, [{"joints19": body()["joints19"]}])
    return "body3DScene_00000001.json body 0: .*'id'"


def spoil_missing_jpeg(sequence) -> str:
    (sequence / "hdImgs/00_00/00_00_00000001.jpg").unlink()
    return "00_00_00000001.jpg: has poses, but is missing"


@pytest.mark.parametrize(
    "spoil",
    [
        spoil_json_cut,
        spoil_json_empty,
        spoil_json_keys,
        spoil_nan,
        spoil_joint_count,
        spoil_body_id,
        spoil_missing_jpeg,
    ],
)
def test_a_broken_frame_is_named_and_skipped(tmp_path, spoil):
    sequence = write_sequence(tmp_path / "seq", frames=(0, 1, 2))
    expected = spoil(sequence)
    people, bad = read(sequence)
    assert [person.frame for person in people] == [0, 2]
    assert len(bad) == 1
    assert re.search(expected, str(bad[0])), bad[0]


def test_a_second_body_with_one_id_is_broken(tmp_path):
    sequence = write_sequence(tmp_path / "seq", frames=(0,))
    write_frame(sequence, 0, [body(5), body(5), body(6)])
    people, bad = read(sequence)
    assert [person.person for person in people] == [5, 6]
    assert "a second body with the id 5" in str(bad[0])


def test_a_truncated_jpeg_is_found_when_it_is_loaded(tmp_path):
    sequence = write_sequence(tmp_path / "seq", frames=(0,))
    path = write_jpeg(sequence, "00_00", 0)
    path.write_bytes(path.read_bytes()[:-20])
    (person,), bad = read(sequence)
    assert not bad
    with pytest.raises(BadInput, match="00_00_00000000.jpg: truncated JPEG"):
        person.load_picture()


def test_an_image_of_another_size_is_broken(tmp_path):
    sequence = write_sequence(tmp_path / "seq", frames=(0,))
    write_jpeg(sequence, "00_00", 0, size=(32, 48))
    (person,), _ = read(sequence)
    with pytest.raises(BadInput, match="is 48 x 32 px, but its labels are for 96 x 64"):
        person.load_picture()


def test_an_incomplete_camera_is_broken_and_the_others_are_read(tmp_path):
    sequence = write_sequence(tmp_path / "seq", frames=(0,), cameras=("00_00", "00_01", "00_02"))
    incomplete, nan = camera_entry("00_00"), camera_entry("00_01")
    del incomplete["distCoef"]
    nan["t"][0] = [float("nan")]
    write_calibration(sequence, [incomplete, nan, camera_entry("00_02")])
    people, bad = read(sequence)
    assert [person.camera for person in people] == ["00_02"]
    assert "calibration_seq.json camera 00_00: malformed (KeyError: 'distCoef')" in str(bad[0])
    assert "camera 00_01: malformed" in str(bad[1])
    assert len(bad) == 2


def test_images_of_an_uncalibrated_camera_are_broken(tmp_path):
    sequence = write_sequence(tmp_path / "seq", frames=(0,), cameras=("00_00", "00_01"))
    write_calibration(sequence, [camera_entry("00_01")])
    people, bad = read(sequence)
    assert [person.camera for person in people] == ["00_01"]
    assert [str(item) for item in bad] == [f"{sequence} camera 00_00: has pictures, but no calibration"]


def test_a_calibration_under_another_name_is_read_unless_there_are_two(tmp_path):
    sequence = write_sequence(tmp_path / "seq", frames=(0,))
    (sequence / "calibration_seq.json").rename(sequence / "calibration_other.json")
    people, bad = read(sequence)
    assert len(people) == 1 and not bad
    (sequence / "calibration_more.json").write_text((sequence / "calibration_other.json").read_text())
    with pytest.raises(ValueError, match="calibration_seq.json is missing; download it, or name the folder after its"):
        read(sequence)


def test_a_malformed_calibration_breaks_only_its_sequence(tmp_path):
    write_sequence(tmp_path / "good", frames=(0,))
    broken = write_sequence(tmp_path / "broken", frames=(0,))
    (broken / "calibration_broken.json").write_text('{"cameras": [')
    people, bad = read(tmp_path)
    assert [person.sequence for person in people] == ["good"]
    assert "calibration_broken.json: not a calibration file" in str(bad[0])
    assert len(bad) == 1


def test_a_camera_without_images_is_broken(tmp_path):
    sequence = write_sequence(tmp_path / "seq", frames=(0,))
    write_calibration(sequence, [camera_entry("00_00"), camera_entry("00_01")])
    people, bad = read(sequence, cameras=("0", "1"))
    assert [person.camera for person in people] == ["00_00"]
    assert "camera 00_01: has neither hdImgs/00_01 nor a video" in str(bad[0])


def test_wrong_arguments_and_empty_folders_raise_at_once(tmp_path):
    sequence = write_sequence(tmp_path / "seq", frames=(4, 5))

    def fails(match: str, root=sequence, **options) -> None:
        with pytest.raises(ValueError, match=match):
            Panoptic(root, **options).people()

    fails("root must be a folder, got .*nowhere", root=tmp_path / "nowhere")
    fails("holds no sequence", root=sequence / "hdImgs")
    fails(r"holds no sequences \['x'\]; it has \['seq'\]", root=tmp_path, sequences=("x",))
    fails(r"has no HD cameras \['00_07'\]; it has 00_00", cameras=("7",))
    fails("a camera must be named as 00_03, or 3 for short, got 'hd_3'", cameras=("hd_3",))
    fails("stride must be 1 or more, got 0", stride=0)
    fails("stop must be above start, got start 3 and stop 3", start=3, stop=3)
    fails("min_visible_joints must lie between 1 and 19, got 20", min_visible_joints=20)
    fails("min_confidence must be from 0 to below 1, got 1.5", min_confidence=1.5)
    fails("no frame for start 6.*its frames run from 4 to 5", start=6)
    (sequence / "calibration_seq.json").rename(sequence / "calibration.txt")
    fails("calibration_seq.json is missing")


def test_missing_images_or_poses_of_a_whole_sequence_raise_at_once(tmp_path):
    write_calibration(tmp_path / "a", [camera_entry("00_00")])
    write_frame(tmp_path / "a", 0, [body()])
    with pytest.raises(ValueError, match="a has no pictures; download hdVideos"):
        Panoptic(tmp_path / "a").people()
    write_calibration(tmp_path / "b", [camera_entry("00_00")])
    write_jpeg(tmp_path / "b", "00_00", 0)
    with pytest.raises(ValueError, match="b has no 3D poses; download hdPose3d_stage1_coco19.tar"):
        Panoptic(tmp_path / "b").people()


def test_distances_come_from_the_calibration(tmp_path):
    sequence = write_sequence(tmp_path / "seq", frames=(0,))
    write_calibration(sequence, [camera_entry("00_00", distance_cm=600.0)])
    (person,), _ = read(sequence)
    # Twice as far, half as far from the middle of the image.
    np.testing.assert_allclose(person.joints_xy_px[0], np.array(CENTER_PX) - [4.5, 3.0], atol=1e-5)
