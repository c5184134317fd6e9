"""The benchmark of joints in space: what it says of exact, noisy and missing joints."""

import json

import numpy as np
import pandas as pd
import pytest
from studio import cameras, seen, walking

from benchmarks import space
from demo.offline.recording import PersonTrack, Recording
from pose import COCO17, PANOPTIC19, convert_joints
from pose.panoptic_cameras import MM_PER_CM, camera_entry

FRAMES = 30


@pytest.fixture
def studio(tmp_path, monkeypatch):
    """A sequence of one person whom three cameras see exactly but for 2 px; the third also sees half of the frames."""
    from dataclasses import replace

    rig = [replace(camera, name=f"00_{k:02}") for k, camera in enumerate(cameras(3))]
    folder, xyz = tmp_path / "walk", walking(FRAMES)
    (folder / "hdVideos").mkdir(parents=True)
    (folder / "hdPose3d_stage1_coco19").mkdir()
    (folder / "calibration_walk.json").write_text(json.dumps({"cameras": list(map(camera_entry, rig))}))
    joints, known = convert_joints(xyz, np.full((FRAMES, 17), 2), COCO17, PANOPTIC19)
    rows = np.concatenate([joints / MM_PER_CM, known[..., None] > 0], axis=2)
    for frame in range(FRAMES):
        bodies = {"bodies": [{"id": 4, "joints19": rows[frame].ravel().tolist()}]}
        (folder / f"hdPose3d_stage1_coco19/body3DScene_{frame:08d}.json").write_text(json.dumps(bodies))
    recordings = {}
    for camera in rig:
        path = folder / f"hdVideos/hd_{camera.name}.mp4"
        path.touch()
        xy, scores = seen([camera], xyz, noise_px=2.0)
        track = PersonTrack(0, xy[0].astype(np.float32), scores[0].astype(np.float32), scores[0] < 0)
        recordings[str(path)] = Recording(COCO17, np.arange(FRAMES) / 30, camera.size, 0.2, {0: track})
    monkeypatch.setattr(space, "FrameSource", lambda path: path)
    monkeypatch.setattr(space, "track_video", lambda source, model: recordings[source])
    return tmp_path, recordings


def test_errors_are_those_of_the_noise(studio, capsys):
    root, _ = studio
    assert space.main(["--root", str(root), "--cameras", "2", "3", "--out", str(root / "space.csv")]) == 0
    table = pd.read_csv(root / "space.csv")
    assert len(table) == 2 * 3 and (table["joints found, %"] == 100).all()
    # 2 px at 4 m and 1 400 px of focal length are 6 mm in each direction.
    assert table["MPJPE, mm"].between(3, 15).all() and (table["PCK at 150 mm, %"] == 100).all()
    by_itself, _, smooth = table["MPJPE, mm"][3:]
    assert smooth < by_itself
    assert "| model | cameras |" in capsys.readouterr().out


def test_frames_without_a_person_count_as_missing(studio):
    root, recordings = studio
    for recording in recordings.values():
        recording.people[0].scores[:10] = 0
    options = space.Options(root, cameras=(3,))
    found = space.with_models(options).iloc[0]
    assert found["joints found, %"] == f"{100 * 20 / 30:.1f}" == found["PCK at 150 mm, %"]


def test_the_studios_cameras_with_noise(shared_data, tmp_path):
    words = ["--root", str(shared_data / "panoptic"), "--noise-px", "4", "--cameras", "2", "8", "--repeats", "2"]
    assert space.main([*words, "--out", str(tmp_path / "space.csv")]) == 0
    table = pd.read_csv(tmp_path / "space.csv")
    assert (table["exact images: largest error, mm"] < 1e-6).all()
    assert table["noise of 4 px: median, mm"].is_monotonic_decreasing
    assert table["noise of 4 px: median, mm"].between(2, 25).all()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "has no calibration_*.json"),
        (["--cameras", "1"], "--cameras must be 2 or more"),
    ],
)
def test_wrong_options_are_one_line(tmp_path, words, message, capsys):
    assert space.main(["--root", str(tmp_path), "--out", str(tmp_path / "x.csv"), *words]) == 2
    assert message in " ".join(capsys.readouterr().err.split())
