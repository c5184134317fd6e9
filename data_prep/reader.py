"""The interface of readers of data sets: a list of small units of work, each a stream of labeled people."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import ClassVar, Protocol, Self

from pose import Skeleton
from records import BadInput, Person, Region
from records.schema import Picture
from records.sequences.schema import JointSequence

#: Images per unit in data sets of single images: a few seconds of work.
PICTURES_A_UNIT = 256


#: Metadata of a unit's field that was added later. At its default it does not count among the unit's inputs, so that
#: sets that were made before stay complete.
ADDED = {"added": True}


@dataclass(frozen=True)
class LeftOut:
    """Labeled people who are left out on purpose; counted by reason in the manifest.

    Attributes:
        reason: the reason, with the option that decides, such as "fewer than 6 keypoints (--min-keypoints)".
        count: how many people.
    """

    reason: str
    count: int = 1


@dataclass(frozen=True)
class Remark:
    """A note for the user about inputs that are used; counted by its text in the manifest.

    Attributes:
        text: begins with what is counted, such as "pictures with EXIF orientation 3: ...".
        count: how many inputs.
    """

    text: str
    count: int = 1


@dataclass(frozen=True)
class Unlabeled:
    """A part of an image in which people are not labeled: for records of frames, whose people it precedes or follows.

    Attributes:
        picture: the image, as of a `Person`, and the same object as that of the image's people.
        dataset: as of a `Person`, like the rest.
        sequence: the recording or subject.
        camera: the camera's name.
        frame: the frame's number in the sequence.
        region: the part; None where there is none, so that an image without people becomes a frame too.
    """

    picture: Picture
    dataset: str
    sequence: str
    camera: str = ""
    frame: int = 0
    region: Region | None = None


Item = Person | BadInput | LeftOut | Remark | Unlabeled | JointSequence


class Unit(Protocol):
    """A part of a data set that is read independently: a dataclass of plain values that can be pickled.

    A unit takes seconds to a minute: long enough to make its overhead negligible, short enough that a killed run loses
    little and that many machines can share the work.

    Attributes:
        name: unique in the data set and the same in every run, such as "171204_pose1/00_03/000000".
    """

    name: str

    def files(self) -> Iterable[Path]:
        """The files that `people` reads, existing or not, without labels whose content the unit holds.

        The unit's people depend on these files and on the unit's fields only.
        """

    def people(self) -> Iterator[Item]:
        """Streams the people in a fixed order, with broken inputs, counts of people left out, and remarks.

        The people of an image follow one another, with the parts of it in which people are not labeled.

        Raises:
            BadInput: the rest of the unit cannot be read.
        """


class Reader(ABC):
    """A data set on disk: the base class of the readers, frozen dataclasses of their options.

    Attributes:
        version: incremented whenever the same files and options give other people.
    """

    version: ClassVar[int] = 1
    # Whether the units also stream what is not labeled; no option of a reader, as the kind of record decides.
    of_frames: ClassVar[bool] = False

    @property
    @abstractmethod
    def skeleton(self) -> Skeleton:
        """The skeleton of its people."""

    @property
    @abstractmethod
    def dataset(self) -> str:
        """Its name in the records."""

    @abstractmethod
    def total(self) -> int | None:
        """The most people there may be, None if unknown; for the progress bar only."""

    @abstractmethod
    def units(self) -> list[Unit]:
        """Lists the units, in the order of their people in the shard set; decodes nothing.

        Raises:
            ValueError: the data set is empty, or cannot be used as a whole.
        """

    def for_people(self) -> Reader:
        """The reader of the same data set for records of people: itself.

        Raises:
            ValueError: the data set has no images.
        """
        return self

    def for_frames(self) -> Self:
        """The reader of the same data set for records of frames: its units also stream what is not labeled.

        Raises:
            ValueError: an option is for records of people only, or the data set does not label all people of an image.
        """
        reader = replace(self)  # Also without what is cached.
        object.__setattr__(reader, "of_frames", True)
        return reader

    def for_sequences(self) -> Reader:
        """The reader of the same data set for records of sequences: its units stream `JointSequence` items.

        Raises:
            ValueError: the data set has no joints in space over time.
        """
        raise ValueError(f"{self.dataset} has no joints in space over time; leave --kind sequences out")

    def found(self) -> dict[str, object]:
        """Facts about the files found that go into the manifest, besides the options."""
        return {}

    def people(self) -> Iterator[Person | BadInput]:
        """Streams the people and the broken inputs of all units.

        Raises:
            ValueError: as `units` does, before the first item.
        """
        items = chain.from_iterable(unit.people() for unit in self.units())
        return (item for item in items if isinstance(item, Person | BadInput))

    def sequence_names(self) -> set[str]:
        """The names of the people's sequences; empty if they are unknown before reading everything.

        Raises:
            ValueError: as `units` does.
        """
        return set()


@dataclass(frozen=True)
class Tally:
    """A unit without people: remarks and counts that are known before any image is read.

    Attributes:
        name: the unit's name.
        items: the remarks and counts.
    """

    name: str
    items: tuple[Item, ...]

    def files(self) -> tuple[Path, ...]:
        """None."""
        return ()

    def people(self) -> Iterator[Item]:
        """Streams the items."""
        yield from self.items
