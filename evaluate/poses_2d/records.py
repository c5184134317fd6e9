"""Reads frame records, without TensorFlow."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np

from evaluate.poses_2d.frames import LABELS, LabeledFrame, frames_of
from records.features import KEYS, KINDS, read_features
from records.manifest import Manifest, read_manifest, shard_paths
from records.maps import decoded_maps
from records.tfrecord import read_records
from records.warp import decode_jpeg

KIND = "frames"
_FIELDS = KINDS[KIND]


@dataclass(frozen=True, eq=False)
class FrameRecords:
    """The labels of a split.

    Attributes:
        folder: the shard set's.
        split: its name.
        manifest: of the set.
        frames: the images in stored order; their keys are dataset/sequence/camera/frame.
        to_frame: float64 (N, 2, 3), px of the records' images -> px of the originals.
    """

    folder: Path
    split: str
    manifest: Manifest
    frames: list[LabeledFrame]
    to_frame: np.ndarray

    def pictures(self, places: set[int]) -> dict[int, np.ndarray]:
        """Some records' images, uint8 RGB (S, S, 3), by their places.

        Raises:
            ValueError: one is damaged.
        """
        found = enumerate(_features(self.folder, self.split, self.manifest))
        return {n: decode_jpeg(record[_FIELDS["picture"].feature]) for n, record in found if n in places}


def read_frame_records(folder: Path, split: str) -> FrameRecords:
    """Reads the labels of a split.

    Raises:
        ValueError: the set or split is missing or damaged, or holds records of single people.
    """
    manifest = read_manifest(folder, KIND)
    frames, matrices = [], []
    for record in _features(folder, split, manifest):
        key = "/".join(_text(record[_FIELDS[name].feature]) for name in KEYS[KIND])
        # A batch of one.
        labels = {name: _array(record[_FIELDS[name].feature])[None] for name in LABELS}
        frames += frames_of(decoded_maps(labels, manifest.size), [key])
        matrices.append(labels["to_frame"][0].astype(np.float64))
    return FrameRecords(folder, split, manifest, frames, np.array(matrices))


def _features(folder: Path, split: str, manifest: Manifest) -> Iterator[dict[str, Any]]:
    joints = manifest.skeleton.num_joints
    for record in chain.from_iterable(map(read_records, shard_paths(folder, split))):
        yield read_features(record, joints, KIND)


def _text(value: bytes | np.ndarray) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


def _array(value: bytes | np.ndarray) -> np.ndarray:
    # An array of bytes would lose zeros at the end.
    return np.array(value, object) if isinstance(value, bytes) else value
