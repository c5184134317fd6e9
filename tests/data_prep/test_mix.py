"""Several shard sets as one: whose records a batch holds, and what is refused."""

import json
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from frames import NO_AUGMENTATION
from people import make_person, write_shard_set

from data_prep.__main__ import main
from data_prep.mix import Mix
from pose import LSP14, Crop
from records import ShardSetWriter, dataset, encode_example, read_manifest, training_dataset
from records.__main__ import main as inspect
from records.pipeline import _turns


def write_set(folder, numbers, *, skeleton=LSP14, size=64, padding=1.25, split="train"):
    """A set of made-up people, whose keys have their numbers."""
    writer = ShardSetWriter(
        folder, skeleton=skeleton, size=size, source={"padding": padding}, split_rule={}, people_per_shard=4
    )
    for number in numbers:
        person = make_person(number)
        writer.add(split, encode_example(person, Crop.from_box(person.box_px, size), LSP14))
    return writer.finish()


@pytest.fixture(scope="module")
def mixed(tmp_path_factory):
    """A set of 30 people, numbers below 100, and one of 6, from 100 on, of which a third of each batch is to come."""
    folder = tmp_path_factory.mktemp("mix")
    write_set(folder / "large", range(30))
    write_set(folder / "small set", range(100, 106))
    Mix((folder / "large", folder / "small set"), folder / "both", (2.0, 1.0)).write()
    return folder / "both"


def numbers_of(folder, **options):
    options = {"batch_size": 6, "epochs": 2, "seed": 3, "augmentation": NO_AUGMENTATION, "fields": ("key",), **options}
    batches = training_dataset(folder, "train", **options).as_numpy_iterator()
    return [[int(key.split(b"//")[1].split(b"/")[0]) for key in labels["key"]] for _, labels in batches]


def test_turns_are_spread_evenly():
    assert _turns((2, 1), 6).tolist() == [0, 1, 0, 0, 1, 0]
    assert _turns((1, 1, 2), 8).tolist() == [2, 0, 1, 2, 2, 0, 1, 2]
    assert Counter(_turns((0.5, 0.3, 0.2), 1000).tolist()) == {0: 500, 1: 300, 2: 200}


def test_every_batch_has_its_shares(mixed):
    batches = numbers_of(mixed)
    assert len(batches) == 2 * (36 // 6)
    assert [sum(number >= 100 for number in batch) for batch in batches] == [2] * 12
    once = Counter(number for batch in batches[:6] for number in batch)
    # Of the small set everybody comes twice in an epoch; of the large one nobody does.
    assert {number: count for number, count in once.items() if number >= 100} == dict.fromkeys(range(100, 106), 2)
    assert set(once.values()) == {1, 2} and sum(number < 100 for number in once) == 24


def test_the_order_differs_between_epochs_and_is_that_of_the_seed(mixed):
    batches = numbers_of(mixed)
    assert batches == numbers_of(mixed) != numbers_of(mixed, seed=4)
    assert batches[:6] != batches[6:]
    assert numbers_of(mixed, first_epoch=1, first_step=2) == batches[8:]


def test_workers_share_out_the_batches(mixed):
    halves = zip(numbers_of(mixed, shard=(0, 2)), numbers_of(mixed, shard=(1, 2)), strict=True)
    assert [first + second for first, second in halves] == numbers_of(mixed)


def test_a_mix_is_a_shard_set(mixed, capsys):
    assert inspect([str(mixed)]) == 0
    assert "all 10 shards are whole" in capsys.readouterr().out
    assert read_manifest(mixed).counts == {"train": 36, "val": 0, "test": 0}
    assert sum(len(pictures) for pictures, _ in dataset(mixed, "train", batch_size=8)) == 36
    first, copy = mixed.parent / "large/train-00000-of-00008.tfrecord", mixed / "large-train-00000-of-00008.tfrecord"
    assert copy.samefile(first)


def test_splits_without_people_to_train_on_have_no_shares(tmp_path):
    write_shard_set(tmp_path / "a", train=4, val=2, test=0)
    write_set(tmp_path / "b", range(4))
    made = Mix((tmp_path / "a", tmp_path / "b"), tmp_path / "out").write()
    assert made.counts == {"train": 8, "val": 2, "test": 0} and made.shares == {"a": 1, "b": 1}
    with pytest.raises(ValueError, match="the val split of .* has nobody of b, which has a share"):
        training_dataset(tmp_path / "out", "val", batch_size=2, epochs=1, seed=0)


def test_a_mix_is_made_again_with_other_shares_and_sets(tmp_path, capsys):
    for name, start in (("a", 0), ("b", 100), ("c", 200)):
        write_set(tmp_path / name, range(start, start + 4))
    words = ["mix", "--out", str(tmp_path / "out"), "--sets"]
    assert main([*words, str(tmp_path / "a"), str(tmp_path / "b")]) == 0
    assert read_manifest(tmp_path / "out").shares == {"a": 1, "b": 1}
    assert main([*words, str(tmp_path / "b"), str(tmp_path / "c"), "--shares", "1", "3"]) == 0
    assert read_manifest(tmp_path / "out").shares == {"b": 1, "c": 3}
    found = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert found == ["b-train-00000-of-00001.tfrecord", "c-train-00000-of-00001.tfrecord", "manifest.json"]
    assert "train" in capsys.readouterr().out
    assert all((tmp_path / name / "train-00000-of-00001.tfrecord").is_file() for name in "abc")


def test_shards_are_copied_where_they_cannot_be_linked(tmp_path, monkeypatch):
    def no_links(*_):
        raise OSError("Operation not permitted")

    for name in "ab":
        write_set(tmp_path / name, range(4))
    monkeypatch.setattr("data_prep.mix.os.link", no_links)
    for _ in range(2):
        Mix((tmp_path / "a", tmp_path / "b"), tmp_path / "out").write()
    assert sorted(n for batch in numbers_of(tmp_path / "out", batch_size=8, epochs=1) for n in batch) == [
        *(0, 0, 1, 1, 2, 2, 3, 3)
    ]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"skeleton": replace(LSP14, name="mine")}, r"b has another skeleton \(--skeleton\) than a"),
        ({"size": 32}, r"b has another size \(--size\) than a"),
        ({"padding": 1.9}, r"b has another padding \(--padding\) than a"),
        ({"split": "val"}, r"b has no people in its train split"),
    ],
)
def test_sets_that_do_not_fit_are_refused(tmp_path, options, message, capsys):
    write_set(tmp_path / "a", range(2))
    write_set(tmp_path / "b", range(2), **options)
    with pytest.raises(ValueError, match=message):
        Mix((tmp_path / "a", tmp_path / "b"), tmp_path / "out").write()
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--sets", "a"], "--sets must be two or more folders of different names, got a"),
        (["--sets", "a", "x/a"], "--sets must be two or more folders of different names, got a, a"),
        (["--sets", "a", "out"], "--out must be another folder than those of --sets"),
        (["--sets", "a", "b", "--shares", "1"], "--shares must be a number for each of the 2 sets, got 1"),
        (["--sets", "a", "b", "--shares", "1", "0"], "--shares must be above 0, got 1.0, 0.0"),
        (["--sets", "a", "b"], "a is no shard set"),
    ],
)
def test_wrong_options_are_one_line(tmp_path, words, message, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["mix", "--out", "out", *words]) == 2
    assert message in " ".join(capsys.readouterr().err.split())


def test_other_files_are_not_replaced(tmp_path):
    sets = tuple(tmp_path / name for name in "abc")
    for folder in sets:
        write_set(folder, range(4))
    with pytest.raises(ValueError, match="is a shard set of its own, which a mix would replace"):
        Mix(sets[:2], sets[2]).write()
    (tmp_path / "out").mkdir()
    mine = tmp_path / "out/b-train-00000-of-00001.tfrecord"
    mine.write_bytes(b"mine")
    with pytest.raises(ValueError, match="is there already, and no mix here accounts for it"):
        Mix(sets[:2], tmp_path / "out").write()
    assert mine.read_bytes() == b"mine"


def test_a_mix_of_mixes_is_refused(mixed, tmp_path):
    write_set(tmp_path / "a", range(4))
    with pytest.raises(ValueError, match="both is a mix itself; give the sets that it was made of: large, small_set"):
        Mix((tmp_path / "a", mixed), tmp_path / "out").write()


def test_a_set_whose_shards_are_all_damaged_loses_its_share(tmp_path, capsys):
    for name in "ab":
        write_set(tmp_path / name, range(8))
    folder = tmp_path / "out"
    Mix((tmp_path / "a", tmp_path / "b"), folder).write()
    for path in folder.glob("b-*"):
        path.unlink()
        path.write_bytes(b"rubbish")
    assert inspect([str(folder), "--drop-damaged"]) == 0
    assert read_manifest(folder).shares == {"a": 1}
    assert len(np.concatenate(numbers_of(folder, batch_size=4, epochs=1))) == 8


@pytest.mark.parametrize("shares", [{"a": 0}, {"a": 1, "c": 1}, {"a": "1", "b": 1}, [1, 2], {"a": 1}])
def test_damaged_shares_are_one_line(tmp_path, shares):
    for name in "ab":
        write_set(tmp_path / name, range(4))
    Mix((tmp_path / "a", tmp_path / "b"), tmp_path / "out").write()
    path = tmp_path / "out/manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"shares": shares}))
    with pytest.raises(ValueError, match="is damaged"):
        read_manifest(tmp_path / "out")
