"""What a module for a data set offers: a list of small units of work, each a stream of labelled people."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import ClassVar, Protocol

from pose import Skeleton
from records import BadInput, Person

#: Of a data set of single pictures: a few seconds of work.
PICTURES_A_UNIT = 256


@dataclass(frozen=True)
class LeftOut:
    """Labeled people who are left out on purpose; counted by reason in the manifest.

    Attributes:
        reason: why, with the option that decides, such as "fewer than 6 keypoints (--min-keypoints)".
        count: how many people.
    """

    reason: str
    count: int = 1


@dataclass(frozen=True)
class Remark:
    """What a user should know of inputs that are used; counted by its text in the manifest.

    Attributes:
        text: begins with what is counted, such as "pictures with EXIF orientation 3: ...".
        count: how many of it.
    """

    text: str
    count: int = 1


Item = Person | BadInput | LeftOut | Remark


class Unit(Protocol):
    """A part of a data set that is read by itself: a dataclass of plain values, nothing open, that can be pickled.

    A unit takes seconds to a minute: long enough that starting it costs nothing, short enough that a run that is
    killed loses little, and that many machines can share the work.

    Attributes:
        name: unique in the data set and the same in every run, such as "171204_pose1/00_03/000000".
    """

    name: str

    def files(self) -> Iterable[Path]:
        """The files that `people` reads, there or not; labels are not among them where the unit holds their content.

        Together with the unit's fields they are all that its people depend on.
        """

    def people(self) -> Iterator[Item]:
        """Streams its people in an order that is always the same, and what is broken, left out or to be remarked.

        Raises:
            BadInput: what the rest of the unit lies in is broken.
        """


class Reader(ABC):
    """A data set on disk: the base of the frozen dataclasses of each one's options.

    Attributes:
        version: raised whenever the same files and options give other people.
    """

    version: ClassVar[int] = 1

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
        """How many people there may be, None if unknown; for the progress bar alone."""

    @abstractmethod
    def units(self) -> list[Unit]:
        """Lists the units, in the order in which their people stand in the shard set; decodes nothing.

        Raises:
            ValueError: the data set is empty, or cannot be used as a whole.
        """

    def found(self) -> dict[str, object]:
        """What the manifest is to say of the files that were found, beyond the options."""
        return {}

    def people(self) -> Iterator[Person | BadInput]:
        """Streams the people and the broken inputs of all units.

        Raises:
            ValueError: at once, what `units` raises.
        """
        items = chain.from_iterable(unit.people() for unit in self.units())
        return (item for item in items if isinstance(item, Person | BadInput))

    def sequence_names(self) -> set[str]:
        """The names of the sequences that people come from, none where only reading all would tell.

        Raises:
            ValueError: what `units` raises.
        """
        return set()


@dataclass(frozen=True)
class Tally:
    """A unit without people: what is known of the data set before any of it is read.

    Attributes:
        name: the unit's.
        items: what it tells.
    """

    name: str
    items: tuple[Item, ...]

    def files(self) -> tuple[Path, ...]:
        """None."""
        return ()

    def people(self) -> Iterator[Item]:
        """Streams the items."""
        yield from self.items
