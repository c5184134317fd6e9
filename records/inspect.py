"""Looking at a shard set: what its manifest says, whether every shard is whole, and what the images look like."""

from __future__ import annotations

import os
from dataclasses import replace
from itertools import chain, count, islice
from pathlib import Path

import cv2
import numpy as np

from machine.whole import whole
from pose import Skeleton, captioned, draw_skeleton, draw_text, legend, picture_grid
from records.augment import NUM_DRAWS, Augmentation, augment, changes_of
from records.features import FIELDS, KEY, read_features
from records.manifest import Manifest, Shard, file_sha256, read_manifest, shard_paths
from records.tfrecord import read_records
from records.warp import decode_jpeg

_COLUMNS = 8
# Smaller crops are enlarged to this side, so that joints and names stay legible.
_LEAST_SIDE_PX = 192
# People are chosen from the first ones of a split, to bound the time.
_MOST_SEARCHED = 4096


def check_shard(path: Path, shard: Shard, num_joints: int) -> str | None:
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
                read_features(serialized, num_joints)
            except ValueError as error:
                return f"record {read} does not follow the schema ({error})"
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
            # With a number, if a shard of this name was moved there before.
            names = chain([name], (f"{name}.{number}" for number in count(2)))
            target = next(path for path in (folder / "damaged" / other for other in names) if not path.exists())
            os.replace(folder / name, target)
    return manifest


def contact_sheet(folder: Path, split: str, count: int, seed: int = 0) -> np.ndarray:
    """People from all over a split with their joints and names, and below each row the same people after augmentation.

    Returns:
        uint8 RGB, eight people in a row below a legend.
    """
    manifest = read_manifest(folder)
    skeleton, searched = manifest.skeleton, min(manifest.counts[split], _MOST_SEARCHED)
    step = max(1, searched // count)
    examples = islice(chain.from_iterable(map(read_records, shard_paths(folder, split))), 0, searched, step)
    draws, size = np.random.default_rng(seed).random((count, NUM_DRAWS)), manifest.size
    changes, flip_order = changes_of(draws, Augmentation().fitting(skeleton), size, size), np.array(skeleton.flip_order)
    stored, augmented = [], []
    for i, example in enumerate(islice(examples, count)):
        pictures, labels = _batch_of_one(example, skeleton.num_joints)
        key = labels.pop("key")
        stored.append(_drawn(pictures, labels, skeleton, "stored", key))
        varied = augment(pictures, labels, changes.rows(slice(i, i + 1)), size=size, flip_order=flip_order)
        augmented.append(_drawn(*varied, skeleton, "augmented", key))
    blank = np.full_like(stored[0], 255)
    tiles = []
    for row in range(0, len(stored), _COLUMNS):
        for kind in (stored, augmented):
            tiles += (kind[row : row + _COLUMNS] + [blank] * _COLUMNS)[:_COLUMNS]
    sheet = picture_grid(tiles, _COLUMNS)
    return np.concatenate([legend(sheet.shape[1], f"{folder.resolve().name}, {split}"), sheet])


def _batch_of_one(example: bytes, num_joints: int) -> tuple[np.ndarray, dict]:
    """A record's image and labels, as `records.pipeline.dataset` gives them in batches of one; the key is a text."""
    features = read_features(example, num_joints)
    labels = {
        name: np.asarray(features[FIELDS[name].feature], FIELDS[name].dtype)[None]
        for name in ("joints_xy_px", "visible")
    }
    source = [features[FIELDS[name].feature] for name in KEY]
    key = "/".join(part.decode() if isinstance(part, bytes) else str(part) for part in source)
    return decode_jpeg(features["image/jpeg"])[None], {**labels, "key": key}


def _drawn(pictures: np.ndarray, labels: dict, skeleton: Skeleton, kind: str, key: str) -> np.ndarray:
    """The one image of a batch with its joints, and below it the person's key."""
    picture, size = pictures[0], pictures.shape[1]
    side = max(size, _LEAST_SIDE_PX)
    if side > size:
        picture = cv2.resize(picture, (side, side), interpolation=cv2.INTER_LINEAR)
    xy_px = (labels["joints_xy_px"][0] + 0.5) * (side / size) - 0.5
    return captioned(draw_text(draw_skeleton(picture, xy_px, labels["visible"][0], skeleton), kind), key)


def write_picture(path: Path, picture: np.ndarray) -> None:
    """Writes an RGB image through a temporary name.

    Raises:
        OSError: the file cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with whole(path) as temporary:
        if not cv2.imwrite(str(temporary), cv2.cvtColor(picture, cv2.COLOR_RGB2BGR)):
            raise OSError(f"cannot write {path}")
