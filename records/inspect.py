"""Checks whether every shard of a set is whole, and takes damaged ones out."""

from __future__ import annotations

import os
from dataclasses import replace
from itertools import chain, count
from pathlib import Path

import cv2
import numpy as np

from machine.whole import whole
from records.features import FRAME_FIELDS, read_features
from records.manifest import Manifest, Shard, file_sha256, set_of
from records.tfrecord import read_records


def check_shard(path: Path, shard: Shard, manifest: Manifest) -> str | None:
    """Reads a whole shard and returns what is wrong with it, or None.

    TFRecord keeps a CRC32C of each record's length and of its bytes, so a flipped bit is found at its record.
    """
    if not path.is_file():
        return "is missing"
    read = 0
    try:
        # TensorFlow's own reader allocates as much as a corrupt length says, which may end the process.
        for serialized in read_records(path):
            try:
                features = read_features(serialized, manifest.skeleton.num_joints, manifest.kind)
            except ValueError as error:
                return f"record {read} does not follow the schema ({error})"
            people = len(features.get(FRAME_FIELDS["person"].feature, ()))
            if people > manifest.max_people:
                return f"record {read} has {people} people, more than the {manifest.max_people} of the manifest"
            read += 1
    except ValueError:
        return f"fails its checksum at record {read} of {shard.count} ({path.stat().st_size} of {shard.bytes} bytes)"
    if read != shard.count:
        return f"holds {read} records instead of {shard.count}"
    if file_sha256(path) != shard.sha256:
        return "is readable, but its SHA-256 is not the manifest's"
    return None


def check_shards(folder: Path, manifest: Manifest) -> dict[str, str]:
    """Returns the damaged shards and what is wrong with each."""
    found = {
        shard.name: check_shard(folder / shard.name, shard, manifest)
        for shards in manifest.shards.values()
        for shard in shards
    }
    return {name: problem for name, problem in found.items() if problem}


def drop_damaged(folder: Path, manifest: Manifest, damaged: dict[str, str]) -> Manifest:
    """Moves damaged shards into FOLDER/damaged and takes them out of the manifest, so that the rest can be used."""
    (folder / "damaged").mkdir(exist_ok=True)
    shards = {split: [s for s in shards if s.name not in damaged] for split, shards in manifest.shards.items()}
    notes = [{"what": name, "why": f"shard {problem}"} for name, problem in sorted(damaged.items())]
    left = {set_of(shard) for shard in shards["train"]}
    shares = {name: share for name, share in manifest.shares.items() if name in left}
    manifest = replace(manifest, shards=shards, skipped=[*manifest.skipped, *notes], shares=shares)
    manifest.write(folder)
    for name in damaged:
        if (folder / name).exists():
            # With a number, if a shard of this name was moved there before.
            names = chain([name], (f"{name}.{number}" for number in count(2)))
            target = next(path for path in (folder / "damaged" / other for other in names) if not path.exists())
            os.replace(folder / name, target)
    return manifest


def write_picture(path: Path, picture: np.ndarray) -> None:
    """Writes an RGB image through a temporary name.

    Raises:
        OSError: the file cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with whole(path) as temporary:
        if not cv2.imwrite(str(temporary), cv2.cvtColor(picture, cv2.COLOR_RGB2BGR)):
            raise OSError(f"cannot write {path}")
