"""The contact sheet of a set of sequences: some clips' middle frames as a camera sees them, and in space."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from pose import captioned, legend, picture_grid
from pose.space.drawing import Drawn, joints_shown, strip
from records.manifest import Manifest
from records.sequences.clips import as_one_camera, read_clips
from records.sequences.views import windows

_COLUMNS = 2


def sequence_sheet(folder: Path, manifest: Manifest, split: str, count: int) -> np.ndarray:
    """Clips from all over a split, with their names.

    Returns:
        uint8 RGB, two clips in a row below a legend.
    """
    clips, tiles = read_clips(folder, split, manifest), []
    for clip in clips[:: max(1, len(clips) // count)][:count]:
        views = as_one_camera(clip, manifest.skeleton)
        joints, labels = windows(views, np.array([[len(clip.known) // 2]]), 1)
        pose = Drawn(labels["joints_xyz_mm"][0], labels["xyz_known"][0] > 0)
        shown = joints_shown(joints[0, 0, :, :2], joints[0, 0, :, 2] > 0, manifest.skeleton)
        tiles.append(captioned(strip(shown, [pose], manifest.skeleton), f"{clip.key}, {len(clip.known)} frames"))
    tiles += [np.full_like(tiles[0], 255)] * (-len(tiles) % _COLUMNS)
    sheet = picture_grid(tiles, _COLUMNS)
    return np.concatenate([legend(sheet.shape[1], f"{folder.resolve().name}, {split}"), sheet])
