"""Looking at a shard set: what its manifest says, whether every shard is whole, and what the pictures look like."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import tensorflow as tf

from pose import Skeleton, draw_skeleton, draw_text, picture_grid
from records.manifest import Manifest, Shard, file_sha256, read_manifest
from records.pipeline import dataset, parse_example, training_dataset


def check_shard(path: Path, shard: Shard, num_joints: int) -> str | None:
    """Reads a whole shard and returns what is wrong with it, or None.

    TFRecord keeps a CRC32C of each record's length and of its bytes, so a flipped bit is found at its record.
    """
    if not path.is_file():
        return "is missing"
    read = 0
    try:
        for serialized in tf.data.TFRecordDataset(str(path)):
            parse_example(serialized, num_joints)
            read += 1
    except tf.errors.DataLossError:
        return f"fails its checksum at record {read} of {shard.count} ({path.stat().st_size} of {shard.bytes} bytes)"
    except tf.errors.InvalidArgumentError as error:
        return f"record {read} does not follow the schema ({error.message.splitlines()[0]})"
    if read != shard.count:
        return f"holds {read} records instead of {shard.count}"
    if file_sha256(path) != shard.sha256:
        return "is readable, but its SHA-256 is not the manifest's"
    return None


def check_shards(folder: Path, manifest: Manifest) -> dict[str, str]:
    """Returns the damaged shards and what is wrong with each."""
    num_joints = manifest.skeleton.num_joints
    found = {
        shard.name: check_shard(folder / shard.name, shard, num_joints)
        for shards in manifest.shards.values()
        for shard in shards
    }
    return {name: problem for name, problem in found.items() if problem}


def drop_damaged(folder: Path, manifest: Manifest, damaged: dict[str, str]) -> Manifest:
    """Moves damaged shards into FOLDER/damaged and takes them out of the manifest, so that the rest can be used."""
    (folder / "damaged").mkdir(exist_ok=True)
    shards = {split: [s for s in shards if s.name not in damaged] for split, shards in manifest.shards.items()}
    notes = [{"what": name, "why": f"shard {problem}"} for name, problem in sorted(damaged.items())]
    manifest = replace(manifest, shards=shards, skipped=[*manifest.skipped, *notes])
    manifest.write(folder)
    for name in damaged:
        if (folder / name).exists():
            os.replace(folder / name, folder / "damaged" / name)
    return manifest


def contact_sheet(folder: Path, split: str, count: int, seed: int = 0) -> np.ndarray:
    """Pictures with their joints: pairs of a stored record and the same kind of pictures after augmentation.

    Returns:
        uint8 RGB: the first `count` people of the split in the upper rows, as many augmented ones below.
    """
    manifest = read_manifest(folder)
    count = min(count, manifest.counts[split])
    tiles = []
    for kind, batches in (
        ("stored", dataset(folder, split, batch_size=count)),
        ("augmented", training_dataset(folder, split, batch_size=count, epochs=1, seed=seed)),
    ):
        pictures, labels = next(batches.as_numpy_iterator())
        tiles += [draw_text(tile, kind) for tile in _drawn(pictures, labels, manifest.skeleton)]
    return picture_grid(tiles, columns=min(8, count))


def _drawn(pictures: np.ndarray, labels: dict[str, np.ndarray], skeleton: Skeleton) -> list[np.ndarray]:
    people = zip(pictures, labels["joints_xy_px"], labels["visible"], strict=True)
    return [draw_skeleton(picture, xy_px, visible, skeleton) for picture, xy_px, visible in people]


def write_picture(path: Path, picture: np.ndarray) -> None:
    """Writes an RGB picture through a temporary name.

    Raises:
        OSError: the file cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name("partial-" + path.name)
    if not cv2.imwrite(str(temporary), cv2.cvtColor(picture, cv2.COLOR_RGB2BGR)):
        raise OSError(f"cannot write {path}")
    os.replace(temporary, path)
