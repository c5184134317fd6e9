"""The same command with changed inputs: parts are made again or an error is raised; old people are never kept."""

import json
import os
import shutil
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import scipy.io
from commands import call
from lsp_archive import extended_joints, make_archive
from made_units import Made
from mpii_archive import make_archive as make_mpii
from mpii_archive import person, picture
from panoptic_sequence import body, camera_entry, write_calibration, write_frame, write_sequence, write_video

from data_prep.coco.reader import Coco
from data_prep.command import main
from data_prep.conversion.convert import Conversion, TooManySkipped, convert
from data_prep.conversion.inputs import traced_units
from data_prep.conversion.splits import SplitRule
from data_prep.h36m.reader import CAMERAS, POSITIONS, H36m
from data_prep.lsp.reader import Lsp
from data_prep.mpii.reader import Mpii
from data_prep.panoptic.reader import Panoptic
from machine.file_state import file_state
from pose import COCO17
from records import read_manifest
from records.tfrecord import read_records

OPTIONS = Conversion(size=32, people_per_shard=3, workers=1, split=SplitRule(val=0, test=0))
COMMAND = ("--size", 32, "--people-per-shard", 3, "--workers", 1, "--val", 0, "--test", 0)


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


def shards(folder):
    return {name: data for name, data in contents(folder).items() if name.endswith(".tfrecord")}


def read_here(path, variable, *, squeeze=False):
    """Reads a MATLAB file in this process: one of its own for each takes a second."""
    return scipy.io.loadmat(path, variable_names=[variable], squeeze_me=squeeze, struct_as_record=False)[variable]


@pytest.fixture(autouse=True)
def quick_labels(monkeypatch):
    for module in ("lsp.reader", "mpii.labels"):
        monkeypatch.setattr(f"data_prep.{module}.read_mat", read_here)


@pytest.fixture
def root(tmp_path, monkeypatch):
    """Twelve people, four a unit."""
    monkeypatch.setattr("data_prep.lsp.reader.PICTURES_A_UNIT", 4)
    return make_archive(tmp_path / "a", extended_joints(12))


def correct_labels(root, people=slice(None)):
    joints = extended_joints(12)
    joints[:, :2, people] += 5
    scipy.io.savemat(root / "joints.mat", {"joints": joints})


def touch(path):
    """Gives a file another modification time."""
    found = path.stat()
    os.utime(path, ns=(found.st_atime_ns, found.st_mtime_ns + 1_000_000))


def test_a_finished_set_of_the_same_inputs_stays_as_it_is(tmp_path, root):
    assert call(main, "lsp", "--root", root, "--out", tmp_path / "out", *COMMAND).returncode == 0
    before = contents(tmp_path / "out")
    done = call(main, "lsp", "--root", root, "--out", tmp_path / "out", *COMMAND)
    assert (done.returncode, contents(tmp_path / "out")) == (0, before)
    assert "note:" not in done.stderr.replace("note: the", "")
    listed = json.loads(before["inputs.json"])
    assert list(listed) == ["im00001", "im00005", "im00009"]


@pytest.mark.parametrize(("people", "count", "first"), [(slice(None), 3, "im00001"), (slice(8, 9), 1, "im00009")])
def test_a_finished_set_of_other_labels_exits_with_2_and_stays(tmp_path, root, people, count, first):
    assert call(main, "lsp", "--root", root, "--out", tmp_path / "out", *COMMAND).returncode == 0
    before = contents(tmp_path / "out")
    correct_labels(root, people)
    done = call(main, "lsp", "--root", root, "--out", tmp_path / "out", *COMMAND)
    assert (done.returncode, done.stdout, contents(tmp_path / "out")) == (2, "", before)
    assert done.stderr == (
        f"error: {tmp_path / 'out'} holds shards made from other inputs, or by another version of the reader ({count} "
        f"of 3 parts changed, first: {first}); delete it or choose another --out\n"
    )


def test_a_finished_set_of_another_reader_version_raises(tmp_path, root, monkeypatch):
    convert(Lsp(root), tmp_path / "out", OPTIONS)
    monkeypatch.setattr(Lsp, "version", Lsp.version + 1)
    with pytest.raises(ValueError, match=r"by another version of the reader \(3 of 3 parts changed, first: im00001\)"):
        convert(Lsp(root), tmp_path / "out", OPTIONS)


def test_a_finished_set_of_fewer_people_raises(tmp_path, root):
    convert(Lsp(root), tmp_path / "out", OPTIONS)
    scipy.io.savemat(root / "joints.mat", {"joints": extended_joints(12)[:, :, :8]})
    with pytest.raises(ValueError, match=r"\(1 of 2 parts changed, first: im00009\)"):
        convert(Lsp(root), tmp_path / "out", OPTIONS)


def test_changed_inputs_raise_also_without_inputs_json(tmp_path, root):
    convert(Lsp(root), tmp_path / "out", OPTIONS)
    (tmp_path / "out/inputs.json").write_text("[")
    assert convert(Lsp(root), tmp_path / "out", OPTIONS) == read_manifest(tmp_path / "out")
    correct_labels(root)
    with pytest.raises(ValueError, match="by another version of the reader; delete it or choose another --out"):
        convert(Lsp(root), tmp_path / "out", OPTIONS)


def test_a_set_without_recorded_inputs_prints_a_note(tmp_path, root):
    assert call(main, "lsp", "--root", root, "--out", tmp_path / "out", *COMMAND).returncode == 0
    manifest = json.loads((tmp_path / "out/manifest.json").read_text())
    del manifest["source"]["inputs"]
    (tmp_path / "out/manifest.json").write_text(json.dumps(manifest))
    (tmp_path / "out/inputs.json").unlink()
    done = call(main, "lsp", "--root", root, "--out", tmp_path / "out", *COMMAND)
    assert done.returncode == 0 and "done: " in done.stdout
    assert "note: " in done.stderr and "did not record its inputs, so they may have changed since" in done.stderr


def test_labels_corrected_after_a_refused_run_are_in_every_record(tmp_path, root):
    broken = root / "images/im00011.jpg"
    whole = broken.read_bytes()
    broken.write_bytes(whole[:-40])
    strict = replace(OPTIONS, max_skipped=0)
    with pytest.raises(TooManySkipped):
        convert(Lsp(root), tmp_path / "out", strict)
    assert len(list((tmp_path / "out").glob(".partial/train-*.tfrecord"))) == 2
    broken.write_bytes(whole)
    correct_labels(root)
    convert(Lsp(root), tmp_path / "out", strict)
    convert(Lsp(root), tmp_path / "fresh", strict)
    assert contents(tmp_path / "out") == contents(tmp_path / "fresh")
    convert(Lsp(make_archive(tmp_path / "old", extended_joints(12))), tmp_path / "before", strict)
    old, new = (
        [record for data in sorted(shards(tmp_path / name)) for record in read_records(tmp_path / name / data)]
        for name in ("before", "out")
    )
    assert len(old) == len(new) == 12 and not set(old) & set(new)


@pytest.mark.parametrize(("people", "told"), [(slice(0, 1), "started again"), (slice(9, 10), "made again")])
def test_an_unfinished_set_keeps_nothing_made_from_changed_inputs(tmp_path, root, capsys, people, told):
    broken = root / "images/im00012.jpg"
    whole = broken.read_bytes()
    broken.write_bytes(whole[:-40])
    with pytest.raises(TooManySkipped):
        convert(Lsp(root), tmp_path / "out", replace(OPTIONS, max_skipped=0))
    (shard,) = {path.read_bytes() for path in (tmp_path / "out").glob(".partial/train-00000.tfrecord")}
    # As a killed run leaves it: the last part is made, and of its people none is in whole shards.
    convert_part(Lsp(root), tmp_path / "out", 2)
    correct_labels(root, people)
    convert(Lsp(root), tmp_path / "out", OPTIONS)
    err = capsys.readouterr().err
    assert f"note: {tmp_path / 'out'} was started with other inputs" in err and f"{told}\n" in err
    convert(Lsp(root), tmp_path / "fresh", OPTIONS)
    assert contents(tmp_path / "out") == contents(tmp_path / "fresh")
    assert (shards(tmp_path / "out")["train-00000-of-00004.tfrecord"] == shard) == (told == "made again")


def test_shards_with_final_names_are_removed_with_the_unfinished_set(tmp_path, root):
    """The state after a kill during renaming, of a set that was to have one shard less."""
    convert(Lsp(root), tmp_path / "fresh", replace(OPTIONS, people_per_shard=4))
    (root / "images/im00012.jpg").rename(tmp_path / "later.jpg")
    with pytest.raises(TooManySkipped):
        convert(Lsp(root), tmp_path / "out", replace(OPTIONS, people_per_shard=4, max_skipped=0))
    (tmp_path / "later.jpg").rename(root / "images/im00012.jpg")
    (tmp_path / "out/.partial/train-00000.tfrecord").rename(tmp_path / "out/train-00000-of-00002.tfrecord")
    (tmp_path / "out/train-00007-of-00008.tfrecord").write_text("not one of them")
    correct_labels(root)
    convert(Lsp(root), tmp_path / "out", replace(OPTIONS, people_per_shard=4))
    assert sorted(contents(tmp_path / "out")) == sorted(
        [*contents(tmp_path / "fresh"), "train-00007-of-00008.tfrecord"]
    )


def convert_part(reader, folder, number):
    from data_prep.conversion.record_parts import Parts

    place = folder / ".partial/parts"
    parts = Parts(place, reader.skeleton, reader.skeleton, OPTIONS.size, OPTIONS.padding, OPTIONS.split)
    parts.make(number, traced_units(reader)[number])


def test_only_changed_inputs_are_read_again(tmp_path):
    log = tmp_path / "log"
    log.mkdir()
    reader = Made(log, 6, does=(("u3", "skip"),))
    with pytest.raises(TooManySkipped):
        convert(reader, tmp_path / "out", replace(OPTIONS, max_skipped=0, people_per_shard=100))
    (log / "repaired").touch()
    convert(reader, tmp_path / "out", replace(OPTIONS, max_skipped=0, people_per_shard=100))
    assert reader.readings() == {"u0": 1, "u1": 1, "u2": 1, "u3": 2, "u4": 1, "u5": 1}


def test_an_unfinished_set_of_an_earlier_version_is_restarted(tmp_path, root, capsys):
    broken = root / "images/im00012.jpg"
    whole = broken.read_bytes()
    broken.write_bytes(whole[:-40])
    with pytest.raises(TooManySkipped):
        convert(Lsp(root), tmp_path / "out", replace(OPTIONS, max_skipped=0))
    broken.write_bytes(whole)
    for note in (tmp_path / "out").glob(".partial/parts/*.json"):
        part = json.loads(note.read_text())
        del part["made_from"]
        note.write_text(json.dumps(part))
    convert(Lsp(root), tmp_path / "out", OPTIONS)
    assert "2 of 2 finished parts, the first of them im00001; the set is started again" in capsys.readouterr().err
    convert(Lsp(root), tmp_path / "fresh", OPTIONS)
    assert contents(tmp_path / "out") == contents(tmp_path / "fresh")


def test_a_part_overwritten_by_another_run_raises(tmp_path, root, monkeypatch):
    monkeypatch.setattr("data_prep.conversion.convert.run_local", overwritten)
    with pytest.raises(OSError, match="part 0 was overwritten from other inputs; end the processes of earlier runs"):
        convert(Lsp(root), tmp_path / "out", OPTIONS)


def overwritten(parts, todo, workers):
    for number, unit in todo:
        yield parts.make(number, replace(unit, made_from="then"))


def test_the_working_folder_makes_no_difference(tmp_path, root, monkeypatch):
    convert(Lsp(root), tmp_path / "out", OPTIONS)
    monkeypatch.chdir(root)
    assert convert(Lsp(Path()), tmp_path / "out", OPTIONS).counts["train"] == 12


def coco_root(folder):
    (folder / "train2017").mkdir(parents=True)
    (folder / "annotations").mkdir()
    cv2.imwrite(str(folder / "train2017/7.png"), np.full((80, 60, 3), 7, np.uint8))
    keypoints = np.ravel([[10 + j, 20 + 2 * j, 2] for j in range(17)]).tolist()
    entry = {"id": 1, "image_id": 7, "category_id": 1, "keypoints": keypoints, "bbox": [5, 10, 40, 60], "area": 900}
    content = {
        "images": [{"id": 7, "file_name": "7.png", "height": 80, "width": 60}],
        "annotations": [entry],
        "categories": [{"id": 1, "name": "person", "keypoints": list(COCO17.joints)}],
    }
    path = folder / "annotations/person_keypoints_train2017.json"
    path.write_text(json.dumps(content))
    return Coco(folder), [folder / "train2017/7.png"]


def mpii_root(folder):
    make_mpii(folder, [picture("a.jpg", [person()])])
    return Mpii(folder), [folder / "images/a.jpg"]


def lsp_root(folder):
    make_archive(folder, extended_joints(2))
    return Lsp(folder), [folder / "images/im00002.jpg"]


def frames_root(folder):
    write_sequence(folder / "seq")
    (folder / "seq/truth").mkdir()
    (folder / "seq/truth/visible_00_00.json").write_text(json.dumps({"frames": [[[2] * 19]] * 2}))
    poses = folder / "seq/hdPose3d_stage1_coco19/body3DScene_00000001.json"
    return Panoptic(folder), [
        folder / "seq/hdImgs/00_00/00_00_00000001.jpg",
        folder / "seq/truth/visible_00_00.json",
        poses,
    ]


def video_root(folder):
    write_calibration(folder / "seq", [camera_entry("00_00")])
    write_frame(folder / "seq", 0, [body()])
    return Panoptic(folder), [write_video(folder / "seq", "00_00", 1)]


def h36m_root(folder):
    path = folder / "S1/Eating.55011271/000000.png"
    path.parent.mkdir(parents=True)
    cv2.imwrite(str(path), np.zeros((1000, 1000, 3), np.uint8))
    np.savez(folder / POSITIONS, positions_3d={"S1": {"Eating": np.zeros((1, 32, 3), np.float32)}})
    lens = {"calibration_matrix": [[1000, 0, 500], [0, 1000, 500], [0, 0, 1]], "distortion": [0, 0, 0, 0, 0]}
    place = {"R": np.eye(3).tolist(), "t": [[0], [0], [5000]]}
    cameras = {"intrinsics": {"55011271": lens}, "extrinsics": {"S1": {"55011271": place}}}
    (folder / CAMERAS).write_text(json.dumps(cameras))
    return H36m(folder, pictures="{subject}/{action}.{camera}/{frame:06d}.png"), [path]


@pytest.mark.parametrize("make", [coco_root, mpii_root, lsp_root, frames_root, video_root, h36m_root])
def test_every_reader_notices_a_file_that_has_changed_or_gone(tmp_path, make):
    reader, files = make(tmp_path / "a")
    before = made_from(reader)
    assert made_from(reader) == before
    for path in files:
        touch(path)
        assert made_from(reader) != before, path
        before = made_from(reader)
    # Without its only images, the sequence is gone.
    if make not in (video_root, h36m_root):
        path.unlink()
        assert made_from(reader) != before


def made_from(reader):
    # A new reader: some cache what they have read.
    return [(unit.name, unit.made_from) for unit in traced_units(replace(reader))]


def test_a_calibration_is_compared_by_content(tmp_path):
    reader, _ = frames_root(tmp_path / "a")
    before = made_from(reader)
    path = tmp_path / "a/seq/calibration_seq.json"
    touch(path)
    assert made_from(reader) == before
    text = path.read_text().replace("300.0", "301.0")
    assert text != path.read_text()
    path.write_text(text)
    assert all(now != then for now, then in zip(made_from(reader), before, strict=True))


def test_a_process_reads_changed_labels_again(tmp_path):
    reader, _ = frames_root(tmp_path / "a")
    reader = replace(reader, min_box_px=4.0)
    before = next(iter(reader.people())).joints_xy_px
    write_frame(tmp_path / "a/seq", 0, [body(x_cm=3.0)])
    now = next(iter(reader.people())).joints_xy_px
    np.testing.assert_allclose(now[0] - before[0], [1, 0], atol=1e-5)


def test_impossible_file_names_count_as_missing_files():
    for name in ("a\0b", "x" * 5000, "\ud800", "\udcff.jpg"):
        file_state(name).encode()
        assert file_state(name).endswith(" missing\n")
    assert file_state(os.sep).endswith(" no file\n")


def test_a_complete_set_is_never_deleted(tmp_path, root):
    """The state after a kill between writing the manifest and the end of the clean-up."""
    convert(Lsp(root), tmp_path / "out", OPTIONS)
    broken = root / "images/im00012.jpg"
    broken.write_bytes(broken.read_bytes()[:-40])
    with pytest.raises(TooManySkipped):
        convert(Lsp(root), tmp_path / "other", replace(OPTIONS, max_skipped=0))
    shutil.copytree(tmp_path / "other/.partial", tmp_path / "out/.partial")
    before = contents(tmp_path / "out")
    correct_labels(root)
    with pytest.raises(ValueError, match="holds a complete shard set; delete it or choose another output folder"):
        convert(Lsp(root), tmp_path / "out", OPTIONS)
    assert contents(tmp_path / "out") == before
