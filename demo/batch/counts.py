"""What `python -m demo.batch` says of the pictures at its end, so that none disappears silently."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from demo.batch.inputs import Boxes
from demo.batch.table import Person
from machine.words import counted

_MOST_NAMED = 5


@dataclass(eq=False)
class Counts:
    """What became of the pictures.

    Attributes:
        kind: "picture" or "frame".
        boxes: of all pictures; None where they are not given.
        most: the most people that are searched for in a picture; None where each picture is one person's.
        seen: names or numbers of those that were read.
        broken: of those that could not be read.
        empty: of those in which nobody was found.
        full: number of those with the most people.
        notes: what is said besides.
    """

    kind: str
    boxes: Boxes | None
    most: int | None
    seen: set[str | int] = field(default_factory=set)
    broken: list[str | int] = field(default_factory=list)
    empty: list[str | int] = field(default_factory=list)
    full: int = 0
    notes: list[str] = field(default_factory=list)

    @property
    def read(self) -> int:
        """How many were read."""
        return len(self.seen)

    def add(self, key: str | int, people: list[Person] | None) -> None:
        """Counts a picture with its people, None where it could not be read."""
        if people is None:
            self.broken.append(key)
            return
        self.seen.add(key)
        self.empty += [] if people else [key]
        self.full += len(people) == self.most

    def report(self, source: Path) -> list[str]:
        """The lines to say, without one for what did not happen."""
        lines = list(self.notes)
        if self.broken:
            lines.append(f"{len(self.broken)} could not be read: {_named(self.broken)}")
        of_all = f"of {counted(self.read, self.kind)}"
        if self.boxes is None:
            if self.empty:
                lines.append(f"in {len(self.empty)} {of_all} nobody was found: {_named(self.empty)}")
            # Someone who asks for one person knows that there may be more.
            if self.full and self.most != 1:
                lines.append(f"in {self.full} {of_all} {self.most} people were found, as many as are searched for")
        elif absent := sorted(self.boxes.keys() - self.seen - set(self.broken)):
            lines.append(
                f"not in {source}: {counted(len(absent), self.kind)} with boxes, the first of them {absent[0]}"
            )
        return lines


def _named(keys: list[str | int]) -> str:
    return ", ".join(map(str, keys[:_MOST_NAMED])) + (", ..." if len(keys) > _MOST_NAMED else "")
