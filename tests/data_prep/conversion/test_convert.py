import re
from pathlib import Path

import numpy as np
import pytest
from commands import call
from lsp_archive import extended_joints, make_archive
from made_units import Made

from data_prep.command import main
from data_prep.conversion.convert import Conversion, TooManySkipped, convert
from data_prep.conversion.record_parts import Parts
from data_prep.conversion.splits import SplitRule
from data_prep.lsp.reader import Lsp
from pose import COCO17, LSP14
from records import dataset, read_manifest

ROOT = Path(__file__).parents[3]
HALF = SplitRule(val=0.25, test=0.25, seed=1)


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


def test_people_become_records(tmp_path):
    joints = extended_joints(20)
    root = make_archive(tmp_path / "a", joints)
    manifest = convert(Lsp(root), tmp_path / "out", Conversion(size=64, split=HALF))
    assert sum(manifest.counts.values()) == 20 and all(manifest.counts.values())
    seen = set()
    for split in ("train", "val", "test"):
        for _, labels in dataset(tmp_path / "out", split, batch_size=1).as_numpy_iterator():
            name = labels["key"][0].decode().split("/")[1]
            seen.add(name)
            assert HALF.split(name) == split
            frame = labels["joints_xy_px"][0] @ labels["to_frame"][0][:, :2].T + labels["to_frame"][0][:, 2]
            assert np.abs(frame - joints[:, :2, int(name[2:]) - 1]).max() < 0.5
    assert len(seen) == 20


def test_workers_do_not_change_a_byte(tmp_path):
    root = make_archive(tmp_path / "a", extended_joints(20))
    for workers in (1, 3):
        options = Conversion(size=64, split=HALF, workers=workers, people_per_shard=4)
        convert(Lsp(root), tmp_path / str(workers), options)
    assert contents(tmp_path / "1") == contents(tmp_path / "3")


def test_the_disk_holds_the_shards_and_a_few_parts(tmp_path, monkeypatch):
    """A part is deleted when its people are in whole shards: with shards of 3, at most one part per split is left."""
    (tmp_path / "log").mkdir()
    left, make = [], Parts.make

    def counted(parts, number, unit):
        left.append(len(list(parts.folder.glob("*.tfrecord"))))
        return make(parts, number, unit)

    monkeypatch.setattr(Parts, "make", counted)
    options = Conversion(size=32, split=HALF, people_per_shard=3, workers=1)
    manifest = convert(Made(tmp_path / "log", 20, 7), tmp_path / "out", options)
    assert sum(manifest.counts.values()) == 140 and all(manifest.counts.values())
    assert len(left) == 20 and 1 <= max(left) <= 3


def test_joints_are_written_in_the_requested_skeleton(tmp_path):
    joints = extended_joints(20)
    root = make_archive(tmp_path / "a", joints)
    options = Conversion(size=64, split=HALF, skeleton="coco17")
    manifest = convert(Lsp(root), tmp_path / "out", options)
    assert manifest.skeleton == COCO17
    for split in ("train", "val", "test"):
        for _, labels in dataset(tmp_path / "out", split, batch_size=1).as_numpy_iterator():
            number = int(labels["key"][0].decode().split("/")[1][2:]) - 1
            frame = labels["joints_xy_px"][0] @ labels["to_frame"][0][:, :2].T + labels["to_frame"][0][:, 2]
            for name in ("left_wrist", "right_knee"):
                expected = joints[LSP14.index(name), :2, number]
                assert np.abs(frame[COCO17.index(name)] - expected).max() < 0.5
            assert (labels["visible"][0][:5] == 0).all()
    with pytest.raises(ValueError, match="skeleton must be one of panoptic19, .*got 'lsp'"):
        Conversion(skeleton="lsp")


def test_broken_images_are_counted_and_named(tmp_path):
    root = make_archive(tmp_path / "a", extended_joints(6))
    for name in ("im00002", "im00004"):
        path = root / "images" / f"{name}.jpg"
        path.write_bytes(path.read_bytes()[:-40])
    manifest = convert(Lsp(root), tmp_path / "out", Conversion(size=64))
    assert sum(manifest.counts.values()) == 4
    assert [(Path(s["what"]).name, s["why"]) for s in manifest.skipped] == [
        ("im00002.jpg", "truncated JPEG, or a damaged one"),
        ("im00004.jpg", "truncated JPEG, or a damaged one"),
    ]
    with pytest.raises(TooManySkipped, match="more than 1 broken inputs.*\n.*im00002.jpg: truncated JPEG"):
        convert(Lsp(root), tmp_path / "strict", Conversion(size=64, max_skipped=1))
    assert not list((tmp_path / "strict").glob("*.tfrecord"))


def test_split_rule():
    rule = SplitRule(val=0.05, test=0.05, seed=0)
    counts = {"train": 0, "val": 0, "test": 0}
    for i in range(20000):
        counts[rule.split(f"im{i:05d}")] += 1
    assert abs(counts["val"] - 1000) < 120 and abs(counts["test"] - 1000) < 120
    # Pinned: a changed hash would silently move people between training and test.
    assert [rule.split(f"im{i:05d}") for i in (6, 43, 11, 23, 0)] == ["test", "test", "val", "val", "train"]
    named = SplitRule(val=0, test=0, val_sequences=("a",), test_sequences=("b",))
    assert [named.split(name) for name in "abc"] == ["val", "test", "train"]
    with pytest.raises(ValueError, match="sum to 1 at most, got val 0.6 and test 0.6"):
        SplitRule(val=0.6, test=0.6)
    with pytest.raises(ValueError, match=r"\['a'\] for both val and test"):
        SplitRule(val_sequences=("a",), test_sequences=("a",))


def test_the_command_as_a_user_types_it(tmp_path):
    root = make_archive(tmp_path / "a", extended_joints(8))
    done = call(main, "lsp", "--root", root, "--out", tmp_path / "out", "--size", 64, "--val", 0.25)
    assert done.returncode == 0, done.stderr
    assert "train" in done.stdout and "skipped: 0 broken inputs" in done.stdout
    assert sum(read_manifest(tmp_path / "out").counts.values()) == 8
    for arguments, message in (
        (("lsp", "--root", tmp_path / "none", "--out", tmp_path / "o"), "is no LSP archive"),
        (("lsp", "--root", root, "--out", tmp_path / "out"), "already holds a shard set made with other settings"),
        (("lsp", "--root", root, "--out", "/proc/nowhere"), "/proc/nowhere"),
        (("lsp", "--root", root, "--out", tmp_path / "o", "--colour", 3), "--colour"),
    ):
        done = call(main, *arguments)
        assert done.returncode == 2
        # Tyro prints errors in a box and wraps lines.
        assert message in " ".join(re.sub("[│─]", " ", done.stderr + done.stdout).split())
        assert "Traceback" not in done.stderr
