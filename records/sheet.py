"""The contact sheet of a shard set: some records as stored and as augmentation varies them."""

from __future__ import annotations

from itertools import chain, islice
from pathlib import Path

import cv2
import numpy as np

from pose import captioned, draw_skeleton, draw_text, legend, picture_grid
from records.augment import NUM_DRAWS, OF_FRAMES, Augmentation, augment, changes_of
from records.features import KEYS, KINDS, read_features
from records.manifest import Manifest, read_manifest, shard_paths
from records.maps import decoded_maps
from records.sequences.sheet import sequence_sheet
from records.tfrecord import read_records
from records.warp import decode_jpeg

_COLUMNS = {"people": 8, "frames": 4}
# Smaller images are enlarged to the first side, so that joints and names stay legible; larger frames are reduced to
# the second.
_LEAST_SIDE_PX, _MOST_SIDE_PX = 192, 400
# Records are chosen from the first ones of a split, to bound the time.
_MOST_SEARCHED = 4096
_LABELS = ("joints_xy_px", "visible", "box_px", "unlabeled")
_BOX_COLOR, _UNLABELED_COLOR = (255, 255, 255), (230, 40, 40)
_HATCHING_PX = 8


def contact_sheet(folder: Path, split: str, count: int, seed: int = 0) -> np.ndarray:
    """Records from all over a split with their names, and below each row the same ones after augmentation.

    Returns:
        uint8 RGB, eight people or four frames in a row below a legend; of sequences see `records.sequences.sheet`.
    """
    manifest = read_manifest(folder)
    if manifest.kind == "sequences":
        return sequence_sheet(folder, manifest, split, count)
    skeleton, kind, searched = manifest.skeleton, manifest.kind, min(manifest.counts[split], _MOST_SEARCHED)
    step = max(1, searched // count)
    examples = islice(chain.from_iterable(map(read_records, shard_paths(folder, split))), 0, searched, step)
    draws, size = np.random.default_rng(seed).random((count, NUM_DRAWS)), manifest.size
    options = (OF_FRAMES if kind == "frames" else Augmentation()).fitting(skeleton)
    changes, flip_order = changes_of(draws, options, size, size), np.array(skeleton.flip_order)
    stored, augmented = [], []
    for i, example in enumerate(islice(examples, count)):
        pictures, labels = _batch_of_one(example, manifest)
        key = labels.pop("key")
        stored.append(_drawn(pictures, labels, manifest, "stored", key))
        varied = augment(pictures, labels, changes.rows(slice(i, i + 1)), size=size, flip_order=flip_order, kind=kind)
        augmented.append(_drawn(*varied, manifest, "augmented", key))
    blank, columns = np.full_like(stored[0], 255), _COLUMNS[kind]
    tiles = []
    for row in range(0, len(stored), columns):
        for drawn in (stored, augmented):
            tiles += (drawn[row : row + columns] + [blank] * columns)[:columns]
    sheet = picture_grid(tiles, columns)
    more = ["hatched in red: people are not labelled"] if kind == "frames" else []
    return np.concatenate([legend(sheet.shape[1], *more, f"{folder.resolve().name}, {split}"), sheet])


def _batch_of_one(example: bytes, manifest: Manifest) -> tuple[np.ndarray, dict]:
    """A record's image and labels, as `records.pipeline.dataset` gives them in batches of one; the key is a text."""
    fields = KINDS[manifest.kind]
    features = read_features(example, manifest.skeleton.num_joints, manifest.kind)
    labels = {name: features[fields[name].feature] for name in _LABELS if name in fields}
    source = [features[fields[name].feature] for name in KEYS[manifest.kind]]
    key = "/".join(part.decode() if isinstance(part, bytes) else str(part) for part in source)
    arrays = {
        name: np.array([value], object) if isinstance(value, bytes) else np.asarray(value, fields[name].dtype)[None]
        for name, value in labels.items()
    }
    return decode_jpeg(features["image/jpeg"])[None], {**decoded_maps(arrays, manifest.size), "key": key}


def _drawn(pictures: np.ndarray, labels: dict, manifest: Manifest, what: str, key: str) -> np.ndarray:
    """The one image of a batch with its people, and below it the record's key."""
    picture, size = pictures[0], pictures.shape[1]
    side = min(max(size, _LEAST_SIDE_PX), _MOST_SIDE_PX) if manifest.kind == "frames" else max(size, _LEAST_SIDE_PX)
    if side != size:
        how = cv2.INTER_LINEAR if side > size else cv2.INTER_AREA
        picture = cv2.resize(picture, (side, side), interpolation=how)
    scale = side / size
    xy_px, visible = (labels["joints_xy_px"][0] + 0.5) * scale - 0.5, labels["visible"][0]
    if manifest.kind == "frames":
        picture = _hatched(picture, cv2.resize(labels["unlabeled"][0], (side, side), interpolation=cv2.INTER_NEAREST))
        for x, y, width, height in ((labels["box_px"][0] + [0.5, 0.5, 0, 0]) * scale).round().astype(int).tolist():
            if width or height:
                cv2.rectangle(picture, (x, y), (x + width - 1, y + height - 1), _BOX_COLOR)
    for xy, shown in zip(xy_px.reshape(-1, *xy_px.shape[-2:]), visible.reshape(-1, visible.shape[-1]), strict=True):
        picture = draw_skeleton(picture, xy, shown, manifest.skeleton)
    return captioned(draw_text(picture, what), key)


def _hatched(picture: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """A copy with diagonal lines where the mask is set."""
    y, x = np.indices(mask.shape)
    lines = (mask > 0) & ((x + y) % _HATCHING_PX < 2)
    edge = mask ^ cv2.erode(mask, np.ones((3, 3), np.uint8))
    return np.where((lines | (edge > 0))[..., None], np.array(_UNLABELED_COLOR, np.uint8), picture)
