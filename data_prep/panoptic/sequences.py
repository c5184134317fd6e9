"""Panoptic Studio's people over time, from the pose files alone: neither cameras nor images are read."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from data_prep.panoptic.poses import PoseFiles, read_bodies
from data_prep.reader import Item, Reader, Unit
from pose import SKELETONS, Skeleton
from records import BadInput
from records.sequences.schema import JointSequence

# Frames per second of the studio's HD cameras.
_HD_FPS = 29.97
_MOST_FPS = 1000.0


@dataclass(frozen=True)
class PanopticSequences(Reader):
    """Reads every body of every sequence over time; its options are those of `Panoptic`.

    Attributes:
        root: as of `Panoptic`, like the rest.
        sequences: names of sequences.
        stride: take frames start, start + stride, start + 2 stride, ...
        start: the first frame.
        stop: the frame to stop before.
        min_confidence: joints must be above.
        dataset_name: name in the records.
        skeleton_name: of the joints.
        places: the sequences' folders.
    """

    root: Path
    sequences: tuple[str, ...]
    stride: int
    start: int
    stop: int | None
    min_confidence: float
    dataset_name: str
    skeleton_name: str
    places: tuple[tuple[Path, Path], ...]

    @property
    def skeleton(self) -> Skeleton:
        """As of `Panoptic`."""
        return SKELETONS[self.skeleton_name]

    @property
    def dataset(self) -> str:
        """As of `Panoptic`."""
        return self.dataset_name

    def total(self) -> None:
        """Unknown."""

    def sequence_names(self) -> set[str]:
        """The sequences."""
        return {folder.name for folder, _ in self.places}

    def units(self) -> list[Unit]:
        """A unit for each sequence."""
        return [SequenceUnit(self, folder, poses) for folder, poses in self.places]


@dataclass(frozen=True)
class SequenceUnit:
    """One sequence's people.

    Attributes:
        reader: with the options.
        folder: the sequence's folder.
        poses: the folder or tar of its poses.
    """

    reader: PanopticSequences
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
        reader, broken = self.reader, list[BadInput](self._files.broken)
        chosen = self._files.frames[(self._files.frames - reader.start) % reader.stride == 0]
        stop = np.inf if reader.stop is None else reader.stop
        chosen = chosen[(chosen >= reader.start) & (chosen < stop)]
        bodies = read_bodies(self._files, chosen.tolist(), broken.append, reader.skeleton)
        yield from broken
        fps = self._fps(chosen)
        for number in np.unique(bodies.ids):
            one = bodies.at(np.flatnonzero(bodies.ids == number))
            yield JointSequence(
                joints_xyz_mm=one.joints_world_mm,
                known=one.confidence > reader.min_confidence,
                number=one.frames,
                fps=fps / reader.stride,
                dataset=reader.dataset,
                sequence=self.folder.name,
                person=int(number),
            )

    def _fps(self, frames: np.ndarray) -> float:
        """Frames per second by the files' times, which the dome's sequences may have other than the studio's."""
        try:
            ends = [float(json.loads(self._files.read(frame))["univTime"]) for frame in (frames[0], frames[-1])]
            fps = 1000 * int(frames[-1] - frames[0]) / (ends[1] - ends[0])
        except (BadInput, LookupError, TypeError, ValueError, ZeroDivisionError, RecursionError):
            return _HD_FPS
        return fps if 1 <= fps <= _MOST_FPS else _HD_FPS
