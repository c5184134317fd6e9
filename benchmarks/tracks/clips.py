"""Clips whose people are known: the labels of Bonn's PoseTrack set, and made-up people who walk by recorded motion."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from pose import LSP14, MPII16, Skeleton, convert_joints

#: The frame rate of the labelled clips.
LABELS_FPS = 25.0
# The labels number the joints as MPII does, but without pelvis, thorax: 8 is the neck and 9 the head.
_HEAD_AND_NECK = (8, 9)


@dataclass(frozen=True, eq=False)
class ClipFrame:
    """The people who are in a frame.

    Attributes:
        time_s: when it was taken.
        numbers: int (P,), lasting.
        xy_px: float (P, J, 2).
        visible: int (P, J), COCO's 0, 1, 2.
        picture: uint8 RGB (H, W, 3), or None.
    """

    time_s: float
    numbers: np.ndarray
    xy_px: np.ndarray
    visible: np.ndarray
    picture: np.ndarray | None = None


@dataclass(frozen=True, eq=False)
class Clip:
    """A video of known people."""

    name: str
    skeleton: Skeleton
    frames: Sequence[ClipFrame]

    def at_rate(self, fps: float) -> Clip:
        """The same with fewer frames: those nearest to a rate not above the clip's own."""
        times_s = np.array([frame.time_s for frame in self.frames])
        wanted_s = np.arange(times_s[0], times_s[-1] + 1e-9, 1 / fps)
        chosen = np.unique(np.abs(times_s[:, None] - wanted_s).argmin(axis=0))
        return Clip(self.name, self.skeleton, [self.frames[k] for k in chosen])


def read_labels(path: Path, pictures: Path | None = None) -> list[Clip]:
    """The clips of `labels.json`, with LSP's joints.

    Args:
        path: the file.
        pictures: folder with the JPEG files of the only clip whose pictures are read; other clips are left out.
    """
    clips = json.loads(path.read_text())
    names = [name for name in clips if pictures is None or name == pictures.name]
    return [Clip(name, LSP14, _labelled(clips[name]["frames"], pictures)) for name in names]


def _labelled(frames: list[dict], pictures: Path | None) -> list[ClipFrame]:
    files = [None] * len(frames) if pictures is None else sorted(pictures.glob("*.jpg"))
    found = []
    for k, (people, file) in enumerate(zip(frames, files, strict=True)):
        xy, visible = np.zeros((len(people), 16, 2)), np.zeros((len(people), 16), int)
        for person, joints in enumerate(people.values()):
            for joint, x, y, seen in joints:
                xy[person, int(joint)], visible[person, int(joint)] = (x, y), 1 + int(seen)
        xy, visible = _as_lsp(xy, visible)
        picture = None if file is None else cv2.imread(str(file))[..., ::-1]
        found.append(ClipFrame(k / LABELS_FPS, np.array([int(name) for name in people]), xy, visible, picture))
    return found


def _as_lsp(xy: np.ndarray, visible: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """MPII's joints in LSP's order, neck and head taken from the labels' own places."""
    neck, head = _HEAD_AND_NECK
    lsp_xy, lsp_visible = convert_joints(xy, visible, MPII16, LSP14)
    for joint, source in ((LSP14.index("neck"), neck), (LSP14.index("head_top"), head)):
        lsp_xy[:, joint], lsp_visible[:, joint] = xy[:, source], visible[:, source]
    return lsp_xy, lsp_visible
