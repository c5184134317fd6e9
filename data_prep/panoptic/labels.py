"""Reads the calibration and the 3D poses of a Panoptic sequence, shared by all units of the sequence."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from data_prep.panoptic.layout import Layout
from data_prep.panoptic.pictures import Places
from data_prep.panoptic.poses import Bodies, PoseFiles, read_bodies
from data_prep.panoptic.selection import Selection
from machine.file_state import file_state
from pose import Camera
from pose.panoptic_cameras import read_cameras
from records import BadInput


@dataclass(frozen=True, eq=False)
class Labels:
    """The contents of a sequence's calibration and poses.

    Attributes:
        cameras: by name.
        frames: the numbers of the chosen frames, also of those without bodies.
        bodies: all N of the chosen frames.
        chosen: by camera, bool (N,): which bodies may be taken; None for all that the camera sees.
        broken: the broken inputs.
    """

    cameras: dict[str, Camera]
    frames: list[int]
    bodies: Bodies
    chosen: dict[str, np.ndarray] | None
    broken: tuple[BadInput, ...]


# Cached, since a process makes many units of a sequence with the same labels.
@lru_cache(maxsize=2)
def read_labels(selection: Selection, folder: Path, state: str) -> Labels:
    """Reads the calibration and the poses of a sequence.

    Args:
        selection: which frames, cameras and people are taken.
        folder: the sequence's folder.
        state: of the files, see `labels_state`; part of the cache's key, so that changed files are read again.
    """
    layout = selection.layout
    cameras, broken = read_cameras(layout.calibration(folder), layout.kind)
    files = PoseFiles.of(layout.poses_of(folder))
    reports = [*broken.values(), *files.broken]
    frames = selection.frames(files) if cameras else []
    bodies = read_bodies(files, frames, reports.append, selection.skeleton)
    sources = layout.pictures(folder)
    for name in selection.views(folder) if cameras else []:
        if sources.get(name, Places()) == Places():
            images = layout.images.format(name)
            empty = "frames in " if name in sources else ""
            reports.append(BadInput(f"{folder} camera {name}", f"has neither {empty}{images} nor a video"))
        elif name not in cameras and name not in broken:
            reports.append(BadInput(f"{folder} camera {name}", "has pictures, but no calibration"))
    return Labels(cameras, frames, bodies, selection.choose(folder, cameras, bodies), tuple(reports))


def labels_state(layout: Layout, folder: Path, poses: PoseFiles) -> str:
    """A digest of a sequence's labels: the calibration's content, and the sizes and times of the poses."""
    digest = hashlib.blake2b(digest_size=16)
    for path in (layout.calibration(folder), *(folder / name.format(folder.name) for name in layout.tables)):
        digest.update(path.read_bytes() if path.is_file() else b"missing")
    for name in poses.files():
        digest.update(file_state(name).encode())
    return digest.hexdigest()
