"""A new shard set replaces and removes nothing of others."""

import pytest
from commands import call
from people import write_shard_set

from pose import LSP14
from records.__main__ import main
from records.own_files import foreign_in
from records.writer import ShardSetWriter


def contents(folder):
    return {str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize(
    "name",
    [
        "train-00000-of-00001.tfrecord",
        "val-00003-of-00012.tfrecord",
        "inputs.json",
        ".partial/thesis.txt",
        ".partial/parts/thesis.txt",
        ".partial/train-of-thought.json",
    ],
)
def test_a_folder_with_files_that_a_set_would_replace_raises(tmp_path, name):
    path = tmp_path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("mine")
    with pytest.raises(ValueError, match=rf"holds {name}, which no shard set here accounts for"):
        write_shard_set(tmp_path)
    assert contents(tmp_path) == {name: "mine"}


def test_other_files_stay(tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    (tmp_path / "other.tfrecord").write_text("mine")
    write_shard_set(tmp_path, train=2, val=1, test=1)
    assert (tmp_path / "notes.txt").read_text() == (tmp_path / "other.tfrecord").read_text() == "mine"


def test_files_of_a_killed_run_are_recognized(tmp_path):
    partial = tmp_path / ".partial"
    (partial / "parts").mkdir(parents=True)
    for name in ("lock", "journal.json.tmp", "train-00000.tfrecord.tmp", "train-00000.json", "parts/000007.json"):
        (partial / name).touch()
    (partial / "parts/000007.0af3.tmp.train").touch()
    assert foreign_in(partial) == []
    assert foreign_in(tmp_path / "none") == []


def test_a_finished_set_leaves_other_files(tmp_path):
    write_shard_set(tmp_path, train=2, val=1, test=1)
    (tmp_path / ".partial").mkdir()
    (tmp_path / ".partial/thesis.txt").write_text("mine")
    source = {"dataset": "made_up", "padding": 1.25}
    writer = ShardSetWriter(tmp_path, skeleton=LSP14, size=64, source=source, split_rule={}, people_per_shard=5)
    assert writer.finished and (tmp_path / ".partial/thesis.txt").read_text() == "mine"


def test_damaged_shards_do_not_replace_earlier_ones(tmp_path):
    write_shard_set(tmp_path, train=2, val=1, test=1)
    name = "train-00000-of-00001.tfrecord"
    (tmp_path / "damaged").mkdir()
    (tmp_path / "damaged" / name).write_text("mine")
    (tmp_path / name).write_text("rubbish")
    assert call(main, tmp_path, "--drop-damaged", "--split", "val").returncode == 0
    assert (tmp_path / "damaged" / name).read_text() == "mine"
    assert (tmp_path / "damaged" / f"{name}.2").read_text() == "rubbish"
