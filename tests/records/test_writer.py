import json

import pytest
from people import make_person, write_shard_set

from pose import LSP14, Crop, Skeleton
from records import BadInput, ShardSetWriter, encode_example, read_manifest, shard_paths
from records.inspect import check_shards, drop_damaged
from records.manifest import steps_per_epoch


def open_writer(folder, size=64, per_shard=3):
    return ShardSetWriter(
        folder, skeleton=LSP14, size=size, source={"dataset": "made_up"}, split_rule={}, people_per_shard=per_shard
    )


def offer(writer, count, stop_after=None):
    """Offers people to the train split as a converter does, passing by those who are in whole shards."""
    writer.skip(BadInput("a.jpg", "broken"))
    for i in range(writer.resume_at("train"), count):
        if i == stop_after:
            break
        person = make_person(i)
        writer.add("train", encode_example(person, Crop.from_box(person.box_px, 64), LSP14))
    if stop_after is not None:
        writer.abandon()


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


def test_names_counts_and_checksums(tmp_path):
    manifest = write_shard_set(tmp_path)
    assert sorted(contents(tmp_path)) == [
        "manifest.json",
        "test-00000-of-00001.tfrecord",
        "train-00000-of-00003.tfrecord",
        "train-00001-of-00003.tfrecord",
        "train-00002-of-00003.tfrecord",
        "val-00000-of-00001.tfrecord",
    ]
    assert manifest.counts == {"train": 12, "val": 4, "test": 4}
    assert [shard.count for shard in manifest.shards["train"]] == [5, 5, 2]
    assert read_manifest(tmp_path) == manifest
    assert check_shards(tmp_path, manifest) == {}


@pytest.mark.parametrize("stop_after", range(11))
def test_a_stopped_run_goes_on_to_the_same_bytes(tmp_path, stop_after):
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    writer = open_writer(whole)
    offer(writer, 10)
    writer.finish()
    offer(open_writer(broken), 10, stop_after)
    assert not list(broken.glob("*.tfrecord"))
    again = open_writer(broken)
    assert again.resume_at("train") == stop_after // 3 * 3
    offer(again, 10)
    again.finish()
    assert contents(broken) == contents(whole)
    assert read_manifest(broken).skipped == [{"what": "a.jpg", "why": "broken"}]
    assert not (broken / ".partial").exists()


def stop(*_):
    raise KeyboardInterrupt


@pytest.mark.parametrize("step", ["Manifest.write", "os.replace", "shutil.rmtree"])
def test_killed_in_the_last_steps(tmp_path, monkeypatch, step):
    """Shard after shard gets its final name, then the manifest is written and the rest removed."""
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    writer = open_writer(whole)
    offer(writer, 9)
    writer.finish()
    writer = open_writer(broken)
    offer(writer, 9)
    if step == "os.replace":
        (broken / ".partial/train-00000.tfrecord").rename(broken / "train-00000-of-00003.tfrecord")
    monkeypatch.setattr(f"records.writer.{step}", stop)
    with pytest.raises(KeyboardInterrupt):
        writer.finish()
    monkeypatch.undo()
    writer.abandon()
    again = open_writer(broken)
    if step == "shutil.rmtree":
        assert again.finished
    else:
        offer(again, 9)
        again.finish()
    assert contents(broken) == contents(whole)
    assert not (broken / ".partial").exists()


def test_one_writer_at_a_time(tmp_path):
    first = open_writer(tmp_path)
    with pytest.raises(ValueError, match="another run is writing to .*; wait for it, or choose another folder"):
        open_writer(tmp_path)
    first.abandon()
    open_writer(tmp_path).abandon()


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("journal.json", b'{"settings": ', "journal.json is damaged .*; delete .* and start again"),
        ("journal.json", b"[]", "journal.json is damaged .an object was expected, got list"),
        ("train-00000.json", b'{"name": "train-00000.tfrecord"}', "train-00000.json is damaged .*missing 3 required"),
        ("train-00000.json", b"\xff", "train-00000.json is damaged"),
        ("train-00001.tfrecord", b"", "train-00001.tfrecord is missing or not whole; delete .* and start again"),
    ],
)
def test_a_damaged_unfinished_set_raises(tmp_path, name, content, message):
    offer(open_writer(tmp_path), 9, stop_after=8)
    (tmp_path / ".partial" / name).write_bytes(content)
    with pytest.raises(ValueError, match=message):
        open_writer(tmp_path)


def test_a_finished_set_is_kept_and_other_settings_raise(tmp_path):
    writer = open_writer(tmp_path)
    offer(writer, 4)
    writer.finish()
    assert open_writer(tmp_path).finished
    with pytest.raises(ValueError, match="already holds a shard set made with other settings.* now: size 64, 32$"):
        open_writer(tmp_path, size=32)


def test_an_unfinished_set_of_other_settings_raises(tmp_path):
    offer(open_writer(tmp_path), 10, stop_after=5)
    with pytest.raises(ValueError, match="beginning of a shard set made with other settings.* people_per_shard 3, 7$"):
        open_writer(tmp_path, per_shard=7)


def test_an_empty_set_raises_naming_what_was_broken(tmp_path):
    writer = open_writer(tmp_path)
    writer.skip(BadInput("a.jpg", "truncated JPEG"))
    writer.note({"fewer than 6 keypoints (--min-keypoints)": 2}, {})
    expected = "gave no people.*\n  left out: 2 fewer than 6 keypoints .--min-keypoints.\n  a.jpg: truncated JPEG"
    with pytest.raises(ValueError, match=expected):
        writer.finish()


def test_people_left_out_and_remarks_are_counted_in_the_manifest(tmp_path):
    writer = open_writer(tmp_path)
    writer.note({"crowd": 1}, {"pictures of a kind": 3})
    writer.note({"crowd": 2, "too small": 7}, {})
    offer(writer, 4)
    writer.finish()
    manifest = read_manifest(tmp_path)
    assert manifest.left_out == {"too small": 7, "crowd": 3} and manifest.remarks == {"pictures of a kind": 3}
    assert manifest.notes == [
        "left out on purpose: 10",
        "       7  too small",
        "       3  crowd",
        "remarks:",
        "       3  pictures of a kind",
    ]


def test_a_manifest_of_an_earlier_version_counts_no_one_as_left_out(tmp_path):
    write_shard_set(tmp_path)
    path = tmp_path / "manifest.json"
    content = json.loads(path.read_text())
    del content["left_out"], content["remarks"]
    path.write_text(json.dumps(content))
    manifest = read_manifest(tmp_path)
    assert manifest.left_out == {} and manifest.notes == []
    for wrong in ({"left_out": {"crowd": "3"}}, {"left_out": []}, {"remarks": {"text": -1}}):
        path.write_text(json.dumps(content | wrong))
        with pytest.raises(ValueError, match="manifest.json is damaged .numbers by reason were expected"):
            read_manifest(tmp_path)


def test_damaged_shards_are_named_and_the_others_usable(tmp_path):
    write_shard_set(tmp_path)
    flipped, cut, gone = (tmp_path / f"train-0000{i}-of-00003.tfrecord" for i in range(3))
    data = bytearray(flipped.read_bytes())
    data[len(data) // 2] ^= 4
    flipped.write_bytes(data)
    cut.write_bytes(cut.read_bytes()[:-100])
    gone.unlink()
    manifest = read_manifest(tmp_path)
    damaged = check_shards(tmp_path, manifest)
    assert set(damaged) == {flipped.name, cut.name, gone.name}
    assert "fails its checksum at record 2 of 5" in damaged[flipped.name]
    assert "fails its checksum at record 4 of 5" in damaged[cut.name]
    assert damaged[gone.name] == "is missing"
    with pytest.raises(ValueError, match="train-00001-of-00003.tfrecord has .* bytes instead of"):
        shard_paths(tmp_path, "train")
    assert len(shard_paths(tmp_path, "val")) == 1
    left = drop_damaged(tmp_path, manifest, damaged)
    assert left.counts == {"train": 0, "val": 4, "test": 4}
    assert check_shards(tmp_path, read_manifest(tmp_path)) == {}
    assert (tmp_path / "damaged" / flipped.name).exists()
    with pytest.raises(ValueError, match="no people in its train split; splits with people: val, test; make it again"):
        shard_paths(tmp_path, "train")


def test_an_empty_validation_split_raises_with_the_remedy(tmp_path):
    write_shard_set(tmp_path, val=0)
    remedy = "in its val split; splits with people: train, test; make it again in another folder with --val-sequences"
    with pytest.raises(ValueError, match=remedy):
        shard_paths(tmp_path, "val")


def test_missing_and_damaged_manifests_raise(tmp_path):
    with pytest.raises(ValueError, match="is no shard set: it has no manifest.json; make one with"):
        read_manifest(tmp_path / "nowhere")
    write_shard_set(tmp_path)
    path = tmp_path / "manifest.json"
    text = path.read_text()
    path.write_text(text[: len(text) // 2])
    with pytest.raises(ValueError, match="manifest.json is damaged"):
        read_manifest(tmp_path)
    path.write_text(json.dumps({**json.loads(text), "schema_version": 99}))
    with pytest.raises(ValueError, match="schema version 99, this program reads 1"):
        read_manifest(tmp_path)
    with pytest.raises(ValueError, match="a split is one of train, val, test, got 'tset'"):
        path.write_text(text)
        shard_paths(tmp_path, "tset")


SHARD = {"name": "a.tfrecord", "count": 1, "bytes": 9, "sha256": "0"}


@pytest.mark.parametrize(
    "change",
    [
        {"size": 0},
        {"size": 64.5},
        {"skeleton_name": "lsp15"},
        {"skeleton": "lsp14"},
        {"skeleton": {"name": "lsp14", "joints": []}},
        {"skipped": {}},
        {"source": []},
        {"split_rule": None},
        {"skipped": [{"what": "a.jpg", "why": 3}]},
        {"left_out": {"too small": 0}},
        {"left_out": {"too small": 1.5}},
        {"remarks": ["many"]},
        {"shards": {"train": []}},
        *(
            {"shards": {"train": [{**SHARD, **wrong}], "val": [], "test": []}}
            for wrong in ({"name": "a/b.tfrecord"}, {"name": "a.txt"}, {"count": -1}, {"bytes": "9"}, {"sha256": 0})
        ),
    ],
    ids=str,
)
def test_a_manifest_with_an_invalid_field_raises(tmp_path, change):
    write_shard_set(tmp_path, train=1, val=0, test=0)
    path = tmp_path / "manifest.json"
    content = json.loads(path.read_text())
    path.write_text(json.dumps({**content, "size": 1, "left_out": {"too small": 1}}))
    assert read_manifest(tmp_path).size == 1
    path.write_text(json.dumps({**content, **change}))
    with pytest.raises(ValueError, match="manifest.json is damaged"):
        read_manifest(tmp_path)


def test_a_manifest_that_names_a_skeleton_of_the_project_is_read(tmp_path):
    """As earlier versions wrote it."""
    write_shard_set(tmp_path, train=1, val=0, test=0)
    path = tmp_path / "manifest.json"
    content = json.loads(path.read_text())
    described = content.pop("skeleton")
    path.write_text(json.dumps({**content, "skeleton_name": "lsp14"}))
    assert read_manifest(tmp_path).skeleton == LSP14 == Skeleton.from_description(described)


def test_an_epoch_has_only_full_batches(tmp_path):
    write_shard_set(tmp_path, train=12)
    assert [steps_per_epoch(tmp_path, "train", size) for size in (5, 6, 12)] == [2, 2, 1]
    with pytest.raises(ValueError, match="a batch of 13 needs at least as many people, the train split of .* has 12"):
        steps_per_epoch(tmp_path, "train", 13)
