import json

import numpy as np
import pytest
from panoptic_sequence import body, camera_entry, gray_of, write_calibration, write_frame, write_jpeg, write_video

from data_prep.panoptic.reader import Panoptic
from data_prep.panoptic.vga import VGA, PanopticVga
from pose import MPII16
from pose.panoptic_cameras import read_cameras
from records import BadInput


def make_sequence(folder, *, frames=(0, 1), video=False):
    """A body before the VGA camera 05_12, and a HD camera with images of its own."""
    write_calibration(folder, [camera_entry("00_03"), {**camera_entry("05_12", distance_cm=200), "type": "vga"}])
    for frame in frames:
        write_frame(folder, frame, [body()])
        write_jpeg(folder, "00_03", frame)
        if not video:
            write_jpeg(folder, "05_12", frame)
    (folder / "hdPose3d_stage1_coco19").rename(folder / VGA.poses)
    if video:
        path = write_video(folder, "05_12", len(frames))
        (folder / "vgaVideos").mkdir()
        path.rename(folder / "vgaVideos/vga_05_12.mp4")
    else:
        (folder / "vgaImgs").mkdir()
        (folder / "hdImgs/05_12").rename(folder / "vgaImgs/05_12")
    return folder


@pytest.mark.parametrize("video", [False, True])
def test_vga_images_go_with_vga_poses(tmp_path, video):
    reader = PanopticVga(make_sequence(tmp_path / "s", frames=(0, 1, 2), video=video), min_box_px=1)
    people = list(reader.people())
    assert [person.key for person in people] == [f"panoptic_vga/s/05_12/{frame}/0" for frame in range(3)]
    assert [abs(person.load_picture().mean() - gray_of(frame)) < 3 for frame, person in enumerate(people)] == [True] * 3
    # Joint 18 at (27, 18, 0) cm, 200 cm before a camera of 100 px: 48 + 13.5, 32 + 9.
    np.testing.assert_allclose(people[0].joints_xy_px[18], [61.5, 41], atol=1e-4)
    np.testing.assert_allclose(people[0].joints_xyz_mm[18], [270, 180, 2000], atol=1e-3)


def test_cameras_are_twenty_panels_of_twenty_four(tmp_path):
    root = make_sequence(tmp_path / "s")
    assert PanopticVga(root, cameras=("20_24", "01_01")).cameras == ("20_24", "01_01")
    for name in ("00_03", "21_01", "05_25", "05_00", "50_01"):
        with pytest.raises(ValueError, match="a camera must be named as"):
            PanopticVga(root, cameras=(name,))


def test_each_reader_sees_its_own_files_alone(tmp_path):
    root = make_sequence(tmp_path / "s")
    with pytest.raises(ValueError, match="has no 3D poses; download hdPose3d_stage1_coco19.tar"):
        Panoptic(root).units()
    (root / VGA.poses).rename(root / "hdPose3d_stage1_coco19")
    assert {person.camera for person in Panoptic(root, min_box_px=1).people()} == {"00_03"}
    with pytest.raises(ValueError, match="has no 3D poses; download vgaPose3d_stage1_coco19.tar"):
        PanopticVga(root).units()


def test_old_vga_poses_have_the_top_of_the_head(tmp_path):
    root = make_sequence(tmp_path / "s")
    for path in (root / VGA.poses).iterdir():
        path.write_text(json.dumps({"bodies": [{"id": 0, "joints15": body()["joints19"][:60]}]}))
    (root / VGA.poses).rename(root / VGA.old_poses)
    reader = PanopticVga(root, min_box_px=1)
    first, _ = reader.people()
    assert reader.skeleton == MPII16 and (first.visible > 0).sum() == 15
    # Joint 1 at (-24, -16, 0) cm, 200 cm before a camera of 100 px: 48 - 12, 32 - 8.
    np.testing.assert_allclose(first.joints_xy_px[MPII16.index("head_top")], [36, 24], atol=1e-4)


def test_missing_files_are_named(tmp_path):
    root = make_sequence(tmp_path / "s")
    (root / "vgaImgs/05_12/05_12_00000001.jpg").unlink()
    (broken,) = (item for item in PanopticVga(root, min_box_px=1).people() if isinstance(item, BadInput))
    assert broken.what.endswith("05_12_00000001.jpg") and broken.why == "has poses, but is missing"


def test_real_calibration(shared_data):
    path = shared_data / "panoptic/160906_band1/calibration_160906_band1.json"
    cameras, broken = read_cameras(path, VGA.kind)
    assert len(cameras) == 479 and not broken
    assert all(VGA.camera_name(name) == name and camera.size == (480, 640) for name, camera in cameras.items())
