"""Which files of a sequence are found, and which of several are preferred."""

import re

import numpy as np
import pytest
from panoptic_sequence import SIZE

from data_prep.panoptic.kinect import KINECT
from data_prep.panoptic.layout import HD
from data_prep.panoptic.pictures import Places, extracted_frames, has_frames, pictures_of
from data_prep.panoptic.vga import VGA
from pose import Camera
from records import BadInput

CAMERA = Camera("00_03", SIZE, np.diag([100.0, 100.0, 1.0]), np.zeros(5), np.eye(3), np.zeros(3))


def touch(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    return path


def frame(folder, number, ending=".jpg", camera="00_03"):
    return touch(folder / f"{camera}_{number:08d}{ending}")


@pytest.mark.parametrize(
    ("layout", "short", "full", "wrong"),
    [
        (HD, {"7": "00_07", "12": "00_12"}, ("00_00", "00_99"), ("100", "01_00", "00_7", "hd_3", "", "00_000")),
        (VGA, {"7": "01_07", "24": "01_24"}, ("20_24", "10_10", "19_09"), ("0", "25", "00_01", "21_01", "01_25")),
        (KINECT, {"1": "50_01", "10": "50_10"}, ("50_09",), ("0", "11", "50_11", "50_00", "00_01")),
    ],
)
def test_names_of_cameras(layout, short, full, wrong):
    assert {name: layout.camera_name(name) for name in short} == short
    assert [layout.camera_name(name) for name in full] == list(full)
    for name in wrong:
        with pytest.raises(ValueError, match=f"a camera must be named as .*_03, or 3 for short, got '{name}'"):
            layout.camera_name(name)


@pytest.mark.parametrize(
    ("name", "yes"),
    [
        ("s/calibration_other.json", True),
        ("s/hdPose3d_stage1.tar", True),
        ("s/hdPose3d_stage1_coco19/body3DScene_00000000.json", True),
        ("s/hdImgs/x", True),
        ("s/hdVideos/x", True),
        ("s/vgaImgs/x", False),
        ("s/readme.txt", False),
        ("s", False),
        (".s/calibration_s.json", False),
    ],
)
def test_a_folder_with_any_part_of_a_sequence_is_one(tmp_path, name, yes):
    touch(tmp_path / name)
    assert HD.is_sequence(tmp_path / name.split("/")[0]) == yes


def test_the_calibration_of_the_folders_name_is_preferred(tmp_path):
    folder = tmp_path / "s"
    with pytest.raises(ValueError, match="s/calibration_s.json is missing"):
        HD.calibration(folder)
    other = touch(folder / "calibration_a.json")
    assert HD.calibration(folder) == other
    own = touch(folder / "calibration_s.json")
    assert HD.calibration(folder) == own
    touch(folder / "calibration_z.json")
    assert HD.calibration(folder) == own
    own.unlink()
    with pytest.raises(ValueError, match=re.escape(f"{own} is missing; download it, or name the folder after its")):
        HD.calibration(folder)


def test_poses_are_looked_for_by_kind_then_folder_then_tar(tmp_path):
    """Each place is preferred to those found before it; empty folders are none."""
    assert HD.poses_of(tmp_path) is None
    for kind, old in (("hdPose3d_stage1", True), ("hdPose3d_stage1_coco19", False)):
        (tmp_path / kind / "hd").mkdir(parents=True)
        for found, name in (
            (f"{kind}.tar", f"{kind}.tar"),
            (kind, f"{kind}/body3DScene_00000004.json"),
            (f"{kind}/hd", f"{kind}/hd/body3DScene_00000004.json"),
        ):
            touch((tmp_path / name).with_suffix(".txt"))
            touch(tmp_path / name)
            assert HD.poses_of(tmp_path) == tmp_path / found
            assert HD.are_old(tmp_path / found) == old


def test_places_of_images(tmp_path):
    frame(tmp_path / "hdImgs/00_03", 5)
    touch(tmp_path / "hdVideos/hd_00_03.mp4")
    frame(tmp_path / "hdImgs/00_04", 5, camera="00_04")
    touch(tmp_path / "hdVideos/hd_00_05.mp4")
    (tmp_path / "hdImgs/00_06").mkdir()
    # Frames of another camera, names of no camera, and a file where a folder belongs.
    frame(tmp_path / "hdImgs/00_07", 5)
    touch(tmp_path / "hdImgs/00_08")
    for name in ("hdImgs/01_00/x", "hdImgs/00_090/x", "hdVideos/hd_00_09.mp4.part", "hdVideos/hd_01_00.mp4"):
        touch(tmp_path / name)
    assert HD.pictures(tmp_path) == {
        "00_03": Places(tmp_path / "hdImgs/00_03", tmp_path / "hdVideos/hd_00_03.mp4"),
        "00_04": Places(tmp_path / "hdImgs/00_04", None),
        "00_05": Places(None, tmp_path / "hdVideos/hd_00_05.mp4"),
        "00_06": Places(None, None),
        "00_07": Places(None, None),
    }


def test_the_source_is_the_folder_if_it_has_all_that_is_wanted(tmp_path):
    folder, video = tmp_path / "frames", tmp_path / "video.mp4"
    for number in (2, 3, 5):
        frame(folder, number)
    both = Places(folder, video)
    assert both.source("00_03", [2, 5]) == folder and both.source("00_03", [2, 3, 5]) == folder
    assert both.source("00_03", []) == folder
    assert both.source("00_03", [2, 4]) == video and both.source("00_04", [2]) == video
    assert Places(folder).source("00_03", [4]) == folder
    assert Places(None, video).source("00_03", [4]) == video
    assert Places().source("00_03", [4]) is None


def test_of_several_files_of_a_frame_the_first_ending_counts(tmp_path):
    for number, endings in enumerate(((".png", ".jpeg", ".jpg"), (".PNG", ".JPEG"), (".png",), (".jpg", ".JPG"))):
        for ending in endings:
            frame(tmp_path, number, ending)
    for name in ("00_03_0000009.jpg", "00_03_000000009.jpg", "00_03_00000009.bmp", "00_04_00000009.jpg"):
        touch(tmp_path / name)
    touch(tmp_path / "00_03_00000009.jpg.part")
    assert extracted_frames(tmp_path, "00_03") == {
        0: "00_03_00000000.jpg",
        1: "00_03_00000001.JPEG",
        2: "00_03_00000002.png",
        3: "00_03_00000003.JPG",
    }
    assert extracted_frames(tmp_path, "00_04") == {9: "00_04_00000009.jpg"}
    assert has_frames(tmp_path, "00_04") and not has_frames(tmp_path, "00_05")


def test_a_missing_frame_has_the_ending_of_the_others(tmp_path):
    found = list(pictures_of(tmp_path, CAMERA, [4]))
    assert [str(bad) for bad in found] == [f"{tmp_path}/00_03_00000004.jpg: has poses, but is missing"]
    frame(tmp_path, 3, ".PNG")
    frame(tmp_path, 7, ".PNG")
    missing, (number, picture) = pictures_of(tmp_path, CAMERA, [4, 7])
    assert isinstance(missing, BadInput) and missing.what == f"{tmp_path}/00_03_00000004.PNG"
    assert (number, picture.name) == (7, f"{tmp_path}/00_03_00000007.PNG")
