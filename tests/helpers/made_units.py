"""A made-up data set whose units behave as a test wants and log every reading on the disk."""

from __future__ import annotations

import os
import signal
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np

from data_prep.reader import LeftOut, Reader, Remark
from pose import LSP14, Skeleton
from records import BadInput, Person


def left_out(reader: Reader) -> dict[str, int]:
    """How many people are left out, by reason."""
    return _counts(reader, LeftOut)


def remarks(reader: Reader) -> dict[str, int]:
    """How often each remark is made."""
    return _counts(reader, Remark)


def _counts(reader: Reader, kind: type) -> dict[str, int]:
    counts: Counter[str] = Counter()
    for unit in reader.units():
        for item in unit.people():
            if isinstance(item, kind):
                counts[item.reason if kind is LeftOut else item.text] += item.count
    return dict(counts)


def made_person(number: int) -> Person:
    """A gray image with 14 joints; each sequence has five people."""
    joints = np.random.default_rng(number).uniform(10, 90, (14, 2))
    return Person(
        picture=np.full((100, 100, 3), number % 256, np.uint8),
        box_px=np.array([10, 10, 80, 80]),
        joints_xy_px=joints,
        visible=np.full(14, 2),
        dataset="made",
        sequence=f"s{number // 5}",
        frame=number,
    )


@dataclass(frozen=True)
class MadeUnit:
    """People `first` to `first` + `count` - 1.

    Attributes:
        log: a folder in which every reading writes a file NAME.RANDOM with its process id.
        does: "die" kills the process, "wait" waits for a file `go` in the log, "fail" finds the disk full after
            the first person, "break" finds the rest broken after the first person, "skip" has one broken input until
            there is a file `repaired` in the log.
    """

    name: str
    first: int
    count: int
    log: Path
    does: str = ""
    made_from: ClassVar[str] = "made up"

    def files(self) -> list[Path]:
        """The file that repairs the unit."""
        return [self.log / "repaired"] if self.does == "skip" else []

    def people(self) -> Iterator[Person | BadInput]:
        """Streams the people."""
        (self.log / f"{self.name}.{uuid.uuid4().hex}").write_text(str(os.getpid()))
        for i in range(self.first, self.first + self.count):
            yield made_person(i)
            if self.does == "die":
                # So that a waiting test knows that the units before are done.
                time.sleep(0.5)
                os.kill(os.getpid(), signal.SIGKILL)
            while self.does == "wait" and not (self.log / "go").exists():
                time.sleep(0.01)
            if self.does == "fail":
                raise OSError(28, "No space left on device")
            if self.does == "break":
                raise BadInput(f"{self.name}.mp4", "ends here")
        if self.does == "skip" and not (self.log / "repaired").exists():
            yield BadInput(f"{self.name}.jpg", "broken")


@dataclass(frozen=True)
class Made(Reader):
    """Units u0, u1, ... of `count` people each.

    Attributes:
        log: of the units.
        number: of units.
        count: of people in each.
        does: what each unit does, by its name.
    """

    log: Path
    number: int = 6
    count: int = 4
    does: tuple[tuple[str, str], ...] = ()

    @property
    def skeleton(self) -> Skeleton:
        """The skeleton of the people."""
        return LSP14

    @property
    def dataset(self) -> str:
        """The name in the records."""
        return "made"

    def total(self) -> int:
        """How many people there are."""
        return self.number * self.count

    def units(self) -> list[MadeUnit]:
        """Lists the units."""
        does = dict(self.does)
        names = [f"u{i}" for i in range(self.number)]
        return [
            MadeUnit(name, i * self.count, self.count, self.log, does.get(name, "")) for i, name in enumerate(names)
        ]

    def readings(self) -> dict[str, int]:
        """How often each unit was read."""
        names = [path.name.split(".")[0] for path in self.log.glob("u*.*")]
        return {name: names.count(name) for name in sorted(set(names))}
