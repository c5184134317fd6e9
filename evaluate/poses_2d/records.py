"""Reads frame records, without TensorFlow."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path

import numpy as np

from evaluate.poses_2d.frames import LABELS, Ignored, LabeledFrame, frames_of
from records.features import KEYS, KINDS, read_extents, read_features
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
        joints, jpeg = self.manifest.skeleton.num_joints, _FIELDS["picture"].feature
        chosen = (one for one in enumerate(_serialized(self.folder, self.split)) if one[0] in places)
        return {n: decode_jpeg(read_features(record, joints, KIND)[jpeg]) for n, record in chosen}


def read_frame_records(folder: Path, split: str) -> FrameRecords:
    """Reads the labels of a split.

    Raises:
        ValueError: the set or split is missing or damaged, or holds records of single people.
    """
    manifest = read_manifest(folder, KIND)
    frames, matrices = [], []
    for serialized in _serialized(folder, split):
        record = read_features(serialized, manifest.skeleton.num_joints, KIND)
        key = "/".join(_text(record[_FIELDS[name].feature]) for name in KEYS[KIND])
        # A batch of one.
        labels = {name: _array(record[_FIELDS[name].feature])[None] for name in (*LABELS, "person")}
        (frame,) = frames_of(decoded_maps(labels, manifest.size), [key])
        video, number = key.rsplit("/", 1)
        frame = replace(frame, video=(video.split("/", 1)[1], int(number)))
        frames.append(_with_extents(frame, read_extents(serialized)))
        matrices.append(labels["to_frame"][0].astype(np.float64))
    return FrameRecords(folder, split, manifest, frames, np.array(matrices))


def _serialized(folder: Path, split: str) -> Iterator[bytes]:
    return chain.from_iterable(map(read_records, shard_paths(folder, split)))


def _with_extents(frame: LabeledFrame, extents: np.ndarray | None) -> LabeledFrame:
    """With the boxes and areas of people who are not labeled in place of the mask's parts, if they are known."""
    if extents is None:
        return frame
    return replace(frame, ignored=Ignored(extents[:, :4], extents[:, 4], extents[:, 5] > 0))


def _text(value: bytes | np.ndarray) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


def _array(value: bytes | np.ndarray) -> np.ndarray:
    # An array of bytes would lose zeros at the end.
    return np.array(value, object) if isinstance(value, bytes) else value
