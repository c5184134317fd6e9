"""Panoptic Studio's people over time, from the pose files alone: neither cameras nor images are read."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from data_prep.panoptic.poses import PoseFiles, read_bodies
from data_prep.panoptic.selection import Selection
from data_prep.reader import Item
from records import BadInput
from records.sequences.schema import JointSequence

# Frames per second of the studio's HD cameras.
_HD_FPS = 29.97
_MOST_FPS = 1000.0


@dataclass(frozen=True)
class SequenceUnit:
    """One sequence's people.

    Attributes:
        selection: which frames and joints to take.
        folder: the sequence's folder.
        poses: the folder or tar of its poses.
    """

    selection: Selection
    folder: Path
    poses: Path

    @property
    def name(self) -> str:
        """SEQUENCE/people."""
        return f"{self.folder.name}/people"

    @cached_property
    def _files(self) -> PoseFiles:
        return PoseFiles.of(self.poses)

    def files(self) -> Iterator[Path]:
        """The pose files."""
        return map(Path, self._files.files())

    def people(self) -> Iterator[Item]:
        """Streams the bodies, by their number, and broken files."""
        chosen, broken = self.selection.frames(self._files), list[BadInput](self._files.broken)
        bodies = read_bodies(self._files, chosen, broken.append, self.selection.skeleton)
        yield from broken
        fps = self._fps(chosen)
        for number in np.unique(bodies.ids):
            one = bodies.at(np.flatnonzero(bodies.ids == number))
            yield JointSequence(
                joints_xyz_mm=one.joints_world_mm,
                known=one.confidence > self.selection.min_confidence,
                number=one.frames,
                fps=fps / self.selection.stride,
                dataset=self.selection.dataset,
                sequence=self.folder.name,
                person=int(number),
            )

    def _fps(self, frames: list[int]) -> float:
        """Frames per second by the files' times, which the dome's sequences may have other than the studio's."""
        try:
            ends = [float(json.loads(self._files.read(frame))["univTime"]) for frame in (frames[0], frames[-1])]
            fps = 1000 * (frames[-1] - frames[0]) / (ends[1] - ends[0])
        except (BadInput, LookupError, TypeError, ValueError, ZeroDivisionError, RecursionError):
            return _HD_FPS
        return fps if 1 <= fps <= _MOST_FPS else _HD_FPS
