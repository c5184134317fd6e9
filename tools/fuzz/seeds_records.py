"""Small valid shard sets, one for each parser that is fuzzed."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from pose import LSP14, Crop
from records import Frame, Person, Region, ShardSetWriter, encode_example, encode_frame
from records.sequences.schema import JointSequence, encode_sequence
from tools.fuzz.attempt import Seeds


def open_writer(folder: Path, kind: str = "people") -> ShardSetWriter:
    """A writer of the small set."""
    source = {"dataset": "made_up", "padding": 1.25}
    return ShardSetWriter(folder, skeleton=LSP14, size=32, source=source, split_rule={}, people_per_shard=2, kind=kind)


def _person(number: int) -> Person:
    xy_px = np.random.default_rng(number).uniform(5, 35, (14, 2))
    return Person(
        picture=np.full((40, 40, 3), 20 * number, np.uint8),
        box_px=np.array([0, 0, 40, 40]),
        joints_xy_px=xy_px,
        visible=np.full(14, 2),
        dataset="made_up",
        sequence=f"s{number}",
    )


def _record(number: int, kind: str = "people") -> bytes:
    person = _person(number)
    if kind == "frames":
        part = Region.of_box(np.array([3, 3, 9, 9]))
        return encode_frame(Frame(person.picture, [person] * number, [part], "made_up", f"s{number}"), 32, LSP14)
    if kind == "sequences":
        random = np.random.default_rng(number)
        joints_mm = np.cumsum(random.normal(0, 20, (8, 14, 3)), axis=0) + random.normal(0, 400, (14, 3))
        known = np.ones((8, 14), bool)
        return next(
            encode_sequence(
                JointSequence(joints_mm, known, np.arange(8), 30.0, "made_up", f"s{number}", number), 32, LSP14
            )
        )
    return encode_example(person, Crop.from_box(person.box_px, 32), LSP14)


def _shard_set(folder: Path, kind: str = "people") -> None:
    writer = open_writer(folder, kind)
    for number in range(3):
        writer.add("train", _record(number, kind))
    writer.finish(max_people=2)


def manifest_sequences(folder: Path) -> Seeds:
    """The same as `manifest` for sequences."""
    return manifest(folder, "sequences")


def shard_sequences(folder: Path) -> Seeds:
    """The same as `shard` for sequences."""
    return shard(folder, "sequences")


def manifest(folder: Path, kind: str = "people") -> Seeds:
    """A shard set; its manifest is untrusted."""
    _shard_set(folder, kind)
    path = folder / "manifest.json"
    return path, [path.read_bytes()]


def manifest_frames(folder: Path) -> Seeds:
    """The same for frames."""
    return manifest(folder, "frames")


def shard_frames(folder: Path) -> Seeds:
    """The same for a shard of frames."""
    return shard(folder, "frames")


def shard(folder: Path, kind: str = "people") -> Seeds:
    """A shard set; one of its shards is untrusted."""
    _shard_set(folder, kind)
    path = folder / "train-00000-of-00002.tfrecord"
    return path, [path.read_bytes()]


def journal(folder: Path) -> Seeds:
    """An unfinished shard set; its journal is untrusted."""
    writer = open_writer(folder)
    for number in range(3):
        writer.add("train", _record(number))
    writer.abandon()
    path = folder / ".partial" / "journal.json"
    return path, [path.read_bytes()]
