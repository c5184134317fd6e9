"""What a module for a data set offers: a list of small units of work, each a stream of labelled people."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path
from typing import ClassVar, Protocol

from pose import Skeleton
from records import BadInput, Person

#: Of a data set of single pictures: a few seconds of work.
PICTURES_A_UNIT = 256


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

    def people(self) -> Iterator[Person | BadInput]:
        """Streams its people in an order that is always the same, broken inputs among them.

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
        """Streams the people of all units.

        Raises:
            ValueError: at once, what `units` raises.
        """
        return chain.from_iterable(unit.people() for unit in self.units())
