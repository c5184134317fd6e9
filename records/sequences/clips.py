"""The records of a set of sequences, read into memory."""

from __future__ import annotations

import zlib
from pathlib import Path
from typing import NamedTuple

import numpy as np

from pose import Skeleton
from records.features import KEYS, SEQUENCE_FIELDS, read_features
from records.manifest import Manifest, shard_paths
from records.sequences.views import MEASURED, Viewing, Views, view
from records.tfrecord import read_records


class Clip(NamedTuple):
    """A record of a sequence; `of` is the name of its set in a mix."""

    xyz_mm: np.ndarray
    known: np.ndarray
    size_mm: float
    fps: float
    key: str
    of: str

    def about(self, middles: np.ndarray | list[int]) -> dict[str, np.ndarray]:
        """The labels of windows that do not depend on the camera."""
        middles = np.asarray(middles)
        return {
            "key": np.array([f"{self.key}+{middle}".encode() for middle in middles], object),
            "dataset": np.full(len(middles), self.key.split("/")[0].encode(), object),
            "time_s": (middles / self.fps).astype(np.float32),
        }


def read_clips(folder: str | Path, split: str, manifest: Manifest) -> list[Clip]:
    """All records of a split."""
    joints, clips = manifest.skeleton.num_joints, []
    for path in shard_paths(folder, split):
        for serialized in read_records(path):
            found = read_features(serialized, joints, "sequences")
            values = {name: found[field.feature] for name, field in SEQUENCE_FIELDS.items()}
            names = [values[name] for name in KEYS["sequences"]]
            key = "/".join(name.decode(errors="replace") if isinstance(name, bytes) else str(name) for name in names)
            known = values["xyz_known"] > 0
            if not len(known) or not (values["fps"] > 0 and values["size_mm"] > 0):
                raise ValueError(f"{path} has a clip without frames, or whose frame rate or size is not above 0")
            numbers = float(values["size_mm"]), float(values["fps"])
            clips.append(Clip(values["joints_xyz_mm"], known, *numbers, key, Path(path).name.partition("-")[0]))
    return clips


def as_one_camera(clip: Clip, skeleton: Skeleton, viewing: Viewing = MEASURED) -> Views:
    """A clip as the one camera sees it by which it is measured; it depends on the clip's key alone."""
    rng = np.random.default_rng(zlib.crc32(clip.key.encode()))
    sizes, fps = np.array([clip.size_mm]), np.array([clip.fps])
    return view(rng, clip.xyz_mm[None], clip.known[None], sizes, fps, skeleton, viewing)
