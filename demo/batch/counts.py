"""Final report of `python -m demo.batch`, in which every image is accounted for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from demo.batch.inputs import Boxes
from machine.words import counted

_MOST_NAMED = 5


@dataclass(eq=False)
class Counts:
    """Counts of the images or frames, which are identified by their names or numbers.

    Attributes:
        kind: "picture" or "frame".
        boxes: of all images; None if not given.
        max_people: maximum number of people searched for in an image; None if each image is one person's crop.
        seen: those that were read.
        broken: those that could not be read.
        empty: those in which nobody was found.
        full: number of those with the maximum number of people.
        notes: further lines of the report.
    """

    kind: str
    boxes: Boxes | None
    max_people: int | None
    seen: set[str | int] = field(default_factory=set)
    broken: list[str | int] = field(default_factory=list)
    empty: list[str | int] = field(default_factory=list)
    full: int = 0
    notes: list[str] = field(default_factory=list)

    @property
    def read(self) -> int:
        """Number of images that were read."""
        return len(self.seen)

    def add(self, key: str | int, people: Sequence | None) -> None:
        """Counts an image with its people, None if it could not be read."""
        if people is None:
            self.broken.append(key)
            return
        self.seen.add(key)
        self.empty += [] if people else [key]
        self.full += len(people) == self.max_people

    def report(self, source: Path) -> list[str]:
        """Lines of the report; counts of zero are left out."""
        lines = list(self.notes)
        if self.broken:
            lines.append(f"{len(self.broken)} could not be read: {_named(self.broken)}")
        of_all = f"of {counted(self.read, self.kind)}"
        if self.boxes is None:
            if self.empty:
                lines.append(f"in {len(self.empty)} {of_all} nobody was found: {_named(self.empty)}")
            # A user who asks for one person knows that there may be more.
            if self.full and self.max_people != 1:
                lines.append(
                    f"in {self.full} {of_all} {self.max_people} people were found, as many as are searched for"
                )
        elif absent := sorted(self.boxes.keys() - self.seen - set(self.broken)):
            lines.append(
                f"not in {source}: {counted(len(absent), self.kind)} with boxes, the first of them {absent[0]}"
            )
        return lines


def _named(keys: list[str | int]) -> str:
    return ", ".join(map(str, keys[:_MOST_NAMED])) + (", ..." if len(keys) > _MOST_NAMED else "")
