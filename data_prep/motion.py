"""Motions in space without any image: the dome's own ones, or recorded ones of BVH files, of bodies of many shapes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from data_prep.reader import Item, Reader, Unit
from dome.moves.joints import joints_of_person
from pose import PANOPTIC19, Skeleton
from pose.space.bvh import read_bvh
from records.sequences.schema import JointSequence

_BATCH = 20
_WITHOUT_PICTURES = "motions have no pictures; pass --kind sequences"


@dataclass(frozen=True)
class Motions(Reader):
    """Makes people who move as the dome's people do, or as recorded, with the studio's 19 joints in space.

    Without `bvh` each sequence is a person of random shape in poses of everyday life and sport, gaits and jumps. With
    `bvh` each recording is performed by `people` persons of random shape. They are one subject of the splits, named as
    the file is before its first underscore, as CMU's recordings are: 35_02.bvh is of subject 35.

    Attributes:
        people: persons; of recordings, the persons for each.
        seconds: duration of the dome's own motions.
        fps: frames per second.
        bvh: a folder of BVH files.
        first: number of the first person, from which shape and motion follow.
    """

    people: int = 1000
    seconds: float = 20.0
    fps: float = 30.0
    bvh: Path | None = None
    first: int = 0

    def __post_init__(self) -> None:
        for name, lowest in (("people", 1), ("first", 0)):
            if getattr(self, name) < lowest:
                raise ValueError(f"{name} must be {lowest} or more, got {getattr(self, name)}")
        for name in ("seconds", "fps"):
            if not 0 < getattr(self, name) < 1000:
                raise ValueError(f"{name} must be above 0 and below 1000, got {getattr(self, name)}")

    @property
    def skeleton(self) -> Skeleton:
        """The studio's."""
        return PANOPTIC19

    @property
    def dataset(self) -> str:
        """The name in the records."""
        return "bvh" if self.bvh else "motions"

    def total(self) -> None:
        """Unknown."""

    def for_people(self) -> Reader:
        """Raises: there are no images."""
        raise ValueError(_WITHOUT_PICTURES)

    for_frames = for_people

    def for_sequences(self) -> Reader:
        """Itself."""
        return self

    def sequence_names(self) -> set[str]:
        """The recordings' subjects, or the persons."""
        return {_sequence_of(path) for path in self._files()} if self.bvh else set(map(_person, self._numbers))

    def units(self) -> list[Unit]:
        """A unit for each recording, or for a few persons.

        Raises:
            ValueError: there are no recordings.
        """
        if self.bvh:
            return [MotionUnit(self, str(path), self._numbers) for path in self._files()]
        return [MotionUnit(self, "", self._numbers[k : k + _BATCH]) for k in range(0, self.people, _BATCH)]

    @property
    def _numbers(self) -> range:
        return range(self.first, self.first + self.people)

    def _files(self) -> list[Path]:
        files = sorted(Path(self.bvh or "").glob("*.bvh"))
        if not files:
            raise ValueError(f"{self.bvh} holds no .bvh files; give a folder of them")
        return files


def _person(number: int) -> str:
    return f"person_{number:06d}"


def _sequence_of(path: Path) -> str:
    """SUBJECT/RECORDING, where the name has both."""
    subject, underscore, _ = path.stem.partition("_")
    return f"{subject}/{path.stem}" if underscore else path.stem


@dataclass(frozen=True)
class MotionUnit:
    """Some persons.

    Attributes:
        reader: with the options.
        file: the recording; "" for the dome's own motions.
        numbers: of the persons.
    """

    reader: Motions
    file: str
    numbers: range

    @property
    def name(self) -> str:
        """RECORDING, or the first person's name."""
        return _sequence_of(Path(self.file)) if self.file else _person(self.numbers[0])

    def files(self) -> Iterator[Path]:
        """The recording."""
        return iter((Path(self.file),) if self.file else ())

    def people(self) -> Iterator[Item]:
        """Streams the persons.

        Raises:
            BadInput: the recording cannot be read or retargeted.
        """
        recording = read_bvh(self.file) if self.file else None
        for number in self.numbers:
            joints_mm = joints_of_person(number, self.reader.fps, self.reader.seconds, recording)
            yield JointSequence(
                joints_xyz_mm=joints_mm,
                known=np.ones(joints_mm.shape[:2], bool),
                number=np.arange(len(joints_mm)),
                fps=self.reader.fps,
                dataset=self.reader.dataset,
                sequence=self.name if self.file else _person(number),
                person=number,
            )
