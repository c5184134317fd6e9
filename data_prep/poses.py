"""Poses of real people, without images, for critics of bodies."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from body.pool import BodyPool
from dome.moves.pool import bodies_of, pooled
from machine.whole import whole
from pose import BadInput
from pose.space.bvh import read_bvh


@dataclass(frozen=True)
class Poses:
    """Writes a file of people's poses and shapes, from which a critic of bodies learns what people look like.

    The poses are those of motion capture, or without `bvh` of the dome's own motions: every pose and its mirror image,
    as rotations of the bones of people of random shapes.

    Attributes:
        out: the .npz file to write.
        bvh: a folder of BVH files with the joints of the CMU laboratory, with folders in it.
        people: persons; of recordings, the persons who perform each.
        seconds: duration of each of the dome's own motions.
        fps: poses per second.
        most: the most poses to keep, drawn from all.
        first: number of the first person, from which shape and motion follow.
        max_skipped: the most recordings to skip because they cannot be used; with more, nothing is written.
    """

    out: Path
    bvh: Path | None = None
    people: int = 1
    seconds: float = 20.0
    fps: float = 10.0
    most: int = 50_000
    first: int = 0
    max_skipped: int = 100

    def __post_init__(self) -> None:
        for name, lowest in (("people", 1), ("most", 1), ("first", 0), ("max_skipped", 0)):
            if getattr(self, name) < lowest:
                raise ValueError(f"{name} must be {lowest} or more, got {getattr(self, name)}")
        for name in ("seconds", "fps"):
            if not 0 < getattr(self, name) < 1000:
                raise ValueError(f"{name} must be above 0 and below 1000, got {getattr(self, name)}")

    def write(self) -> BodyPool:
        """Writes the file and returns what is in it.

        Raises:
            ValueError: there are no recordings, or too many that cannot be used.
            OSError: the file cannot be written.
        """
        pool = pooled(self._parts(), self.most, np.random.default_rng(self.first))
        self.out.parent.mkdir(parents=True, exist_ok=True)
        with whole(self.out) as temporary, temporary.open("wb") as file:
            pool.write(file)
        return pool

    def _parts(self) -> Iterator[BodyPool]:
        numbers = range(self.first, self.first + self.people)
        if self.bvh is None:
            yield from (bodies_of(number, self.fps, self.seconds) for number in numbers)
            return
        files = sorted(path for path in self.bvh.rglob("*") if path.suffix.lower() == ".bvh")
        skipped: list[BadInput] = []
        for path in files:
            try:
                recording = read_bvh(path)
                yield from [bodies_of(number, self.fps, recording=recording) for number in numbers]
            except BadInput as bad:
                skipped.append(bad)
                print(f"skipped: {bad}", file=sys.stderr)
                if len(skipped) > self.max_skipped:
                    rule = f"more than {self.max_skipped} recordings cannot be used"
                    raise ValueError(f"{rule}, the last is {bad}; raise --max-skipped") from bad
        if len(skipped) == len(files):
            raise ValueError(f"bvh must be a folder with .bvh files that can be used, and {self.bvh} has none")
