"""Sequences without images: the dome's own motions, recordings, the studio's and Human3.6M's people over time."""

import json

import numpy as np
import pytest
from commands import call
from lsp_archive import extended_joints, make_archive
from panoptic_sequence import body, write_frame

from data_prep.command import main
from data_prep.conversion.convert import Conversion, convert
from data_prep.h36m.labels import POSITIONS
from data_prep.h36m.sequences import H36mSequences
from data_prep.lsp.reader import Lsp
from data_prep.motion import Motions
from data_prep.panoptic.reader import Panoptic
from pose import MPII16, PANOPTIC19
from pose.panoptic_poses import POSES, pose_file
from records import read_manifest
from records.sequences.clips import read_clips

KIND = {"kind": "sequences", "workers": 1}


def clips_of(folder, split="train"):
    return read_clips(folder, split, read_manifest(folder, "sequences"))


def test_the_domes_motions_are_the_same_however_they_are_made(tmp_path):
    reader = Motions(people=5, seconds=1.5, fps=10)
    first = convert(reader, tmp_path / "one", Conversion(**KIND))
    convert(reader, tmp_path / "two", Conversion(**KIND | {"workers": 2}))
    names = sorted(path.name for path in (tmp_path / "one").glob("*.tfrecord"))
    assert names == sorted(path.name for path in (tmp_path / "two").glob("*.tfrecord"))
    assert all((tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes() for name in names)
    assert first.kind == "sequences" and sum(first.counts.values()) == 5 and first.skeleton == PANOPTIC19
    clip = clips_of(tmp_path / "one")[0]
    assert clip.xyz_mm.shape == (15, 19, 3) and clip.known.all() and clip.fps == 10
    assert 1000 < clip.size_mm < 1600
    # A person's number decides: later ones can be made by themselves.
    convert(Motions(people=2, seconds=1.5, fps=10, first=3), tmp_path / "more", Conversion(**KIND))
    more = {clip.key: clip for split in ("train", "val") for clip in clips_of(tmp_path / "more", split)}
    all_of = {clip.key: clip for split in ("train", "val") for clip in clips_of(tmp_path / "one", split)}
    np.testing.assert_array_equal(more["motions/person_000004/4/0"].xyz_mm, all_of["motions/person_000004/4/0"].xyz_mm)


def test_clips_are_cut(tmp_path):
    made = convert(Motions(people=2, seconds=2, fps=10), tmp_path / "set", Conversion(**KIND, size=16))
    assert made.size == 16 and sum(made.counts.values()) == 4


def test_recordings_by_subject(shared_data):
    reader = Motions(bvh=shared_data / "mocap", people=1, fps=30)
    assert {"35/35_02", "35/35_08", "02/02_01"} <= reader.sequence_names()
    unit = next(unit for unit in reader.units() if unit.name == "35/35_02")
    (one,) = unit.people()
    assert one.sequence == "35/35_02" and one.dataset == "bvh" and len(one.number) > 30
    assert list(unit.files()) == [shared_data / "mocap" / "35_02.bvh"]


def test_motions_have_no_pictures(tmp_path):
    done = call(main, "motions", "--people", "1", "--out", tmp_path / "set")
    assert done.returncode == 2 and "--kind sequences" in done.stderr and not (tmp_path / "set").exists()
    done = call(main, "motions", "--bvh", tmp_path, "--kind", "sequences", "--out", tmp_path / "set")
    assert done.returncode == 2 and "holds no .bvh files" in done.stderr
    with pytest.raises(ValueError, match="people must be 1 or more"):
        Motions(people=0)


def test_sets_of_pictures_have_no_sequences(tmp_path):
    with pytest.raises(ValueError, match="no joints in space over time"):
        Lsp(make_archive(tmp_path / "lsp", extended_joints())).for_sequences()


def whole_body(number, *, x_cm=0.0):
    """A body whose legs and trunk have lengths."""
    entry = body(number)
    rows = np.zeros((19, 4))
    place = {
        "shoulder": (18, -50),
        "elbow": (25, -25),
        "wrist": (30, 0),
        "hip": (10, 0),
        "knee": (11, 42),
        "ankle": (11, 82),
    }
    for name, (x, y) in place.items():
        rows[PANOPTIC19.index(f"left_{name}")] = x + x_cm, y, 0, 0.9
        rows[PANOPTIC19.index(f"right_{name}")] = -x + x_cm, y, 0, 0.9
    rows[rows[:, 3] == 0] = 0, 0, 0, -1
    return {**entry, "joints19": rows.ravel().tolist()}


def test_the_studios_people_need_neither_cameras_nor_images(tmp_path):
    from panoptic_sequence import camera_entry, write_calibration

    folder = tmp_path / "160906_band1"
    folder.mkdir()
    write_calibration(folder, [camera_entry("00_00")])
    for frame in range(8):
        write_frame(folder, frame, [whole_body(0, x_cm=frame), *([whole_body(3)] if frame != 4 else [])])
    reader = Panoptic(tmp_path)
    made = convert(reader, tmp_path / "set", Conversion(**KIND))
    assert not made.skipped
    clips = {
        clip.key: clip
        for split in ("train", "val", "test")
        if made.counts[split]
        for clip in clips_of(tmp_path / "set", split)
    }
    # The second body is not there in one frame, where its clip is cut.
    assert {key: len(clip.known) for key, clip in clips.items()} == {
        "panoptic/160906_band1/0/0": 8,
        "panoptic/160906_band1/3/0": 4,
        "panoptic/160906_band1/3/5": 3,
    }
    first = clips["panoptic/160906_band1/0/0"]
    assert first.fps == pytest.approx(29.97) and first.known.sum(axis=1).tolist() == [12] * 8
    np.testing.assert_allclose(first.xyz_mm[:, PANOPTIC19.index("left_hip"), 0], 100 + 10 * np.arange(8), atol=1e-3)
    for frame in range(8):
        path = folder / POSES / pose_file(frame)
        path.write_text(json.dumps(json.loads(path.read_text()) | {"univTime": 1000 + 40 * frame}))
    convert(reader, tmp_path / "slow", Conversion(**KIND))
    assert clips_of(tmp_path / "slow", next(split for split, count in made.counts.items() if count))[0].fps == 25
    sparse = convert(Panoptic(tmp_path, stride=4), tmp_path / "sparse", Conversion(**KIND))
    assert sum(sparse.counts.values()) == 1


def test_human36m_needs_no_videos(tmp_path):
    points = np.random.default_rng(0).normal(size=(12, 32, 3))
    points[5, 3] = np.nan
    root = tmp_path
    np.savez_compressed(root / POSITIONS, positions_3d={"S1": {"Eating": points}, "S9": {"Eating": points}})
    reader = H36mSequences(root, (), 2)
    assert reader.skeleton is MPII16 and reader.sequence_names() == {"S1/Eating", "S9/Eating"}
    (one,) = next(iter(reader.units())).people()
    # z is up there, y is down here.
    np.testing.assert_allclose(
        one.joints_xyz_mm[0, MPII16.index("pelvis")], 1000 * points[0, 0, [0, 2, 1]] * [1, -1, 1], rtol=1e-5
    )
    assert one.fps == 25 and one.number.tolist() == [0, 2, 4, 6, 8, 10]
    broken, _ = H36mSequences(root, ("S9",), 1).units()[0].people()
    assert broken.what == "S9/Eating frame 5"
    with pytest.raises(ValueError, match="no poses of"):
        H36mSequences(root, ("S2",), 1).units()
