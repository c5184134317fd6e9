"""Parts: files with the records of one unit, made by any process or machine, and kept until they are in shards."""

from __future__ import annotations

import json
import os
import uuid
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import BinaryIO

import numpy as np

from data_prep.conversion.frames import group_frames
from data_prep.conversion.inputs import TracedUnit
from data_prep.conversion.splits import SplitRule
from data_prep.reader import Item, LeftOut, Remark
from pose import Crop, Skeleton, convert_joints
from records import SPLITS, BadInput, Frame, Person, encode_example, encode_frame
from records.manifest import check_counts
from records.sequences.schema import JointSequence, encode_sequence
from records.tfrecord import frame


@dataclass
class Part:
    """The description of a part, stored as JSON.

    Attributes:
        unit: the unit's name.
        counts: people by split.
        bytes: the size of each split's file.
        skipped: why each broken input was skipped.
        made_from: the fingerprint of its inputs; "" in files of earlier versions.
        left_out: how many people were left out on purpose, by reason.
        remarks: how often each remark was made.
        max_people: the most people in a frame, 0 in parts of people.
    """

    unit: str
    counts: dict[str, int]
    bytes: dict[str, int]
    skipped: dict[str, str]
    made_from: str = ""
    left_out: dict[str, int] = field(default_factory=dict)
    remarks: dict[str, int] = field(default_factory=dict)
    max_people: int = 0

    def __post_init__(self) -> None:
        for numbers in (self.counts, self.bytes):
            if sorted(numbers) != sorted(SPLITS) or not all(isinstance(n, int) and n >= 0 for n in numbers.values()):
                raise ValueError(f"a number for each split was expected, got {numbers!r:.100}")
        if not all(
            isinstance(text, str) for text in (self.unit, self.made_from, *self.skipped, *self.skipped.values())
        ):
            raise ValueError("the unit, what it is made from and what was skipped must be texts")
        if not isinstance(self.max_people, int):
            raise ValueError(f"a number of people was expected, got {self.max_people!r:.100}")
        check_counts(self.left_out, self.remarks)

    def is_of(self, unit: TracedUnit) -> bool:
        """Whether it was made of a unit, from its current inputs."""
        return (self.unit, self.made_from) == (unit.name, unit.made_from)


@dataclass(frozen=True, eq=False)
class _Among:
    """A person, and the other people of the image."""

    person: Person
    others: list[Person]

    @property
    def sequence(self) -> str:
        """The person's."""
        return self.person.sequence


def _broken(person: Person) -> bool:
    """Whether a labeled joint is not finite; such a person is skipped, and is not among the others."""
    return not np.isfinite(np.asarray(person.joints_xy_px)[np.asarray(person.visible) > 0]).all()


@dataclass(frozen=True)
class Parts:
    """A folder of parts, and how to make them. It can be pickled and sent to workers.

    Part 7 is `000007.train.tfrecord` and so on, for the splits that it has people of, and its note `000007.json`. The
    note is written last, so that a part is complete or does not exist.

    Attributes:
        folder: the folder of the parts.
        source: the skeleton of the people.
        target: the skeleton of the records.
        size: height and width of the records' images in px.
        padding: side of the crop as a multiple of the longer side of the person's box.
        split: which split a sequence belongs to.
        kind: of the records, "people", "frames" or "sequences".
        others: whether records of people have the joints of the image's other people.
    """

    folder: Path
    source: Skeleton
    target: Skeleton
    size: int
    padding: float
    split: SplitRule
    kind: str = "people"
    others: bool = False

    def make(self, number: int, unit: TracedUnit) -> int:
        """Makes one part.

        Returns:
            The part's number.

        Raises:
            OSError: the disk is full, or cannot be written to.
        """
        # A unique name, as two of Beam's workers may make the same part at once.
        temporary = f"{number:06d}.{uuid.uuid4().hex}.tmp"
        part = Part(unit.name, dict.fromkeys(SPLITS, 0), dict.fromkeys(SPLITS, 0), {}, unit.made_from)
        files: dict[str, BinaryIO] = {}
        try:
            with ExitStack() as stack:
                for split, data in self._records(unit, part):
                    if split not in files:
                        files[split] = stack.enter_context(open(self.folder / f"{temporary}.{split}", "wb"))
                    files[split].write(data)
                    part.counts[split] += 1
                    part.bytes[split] += len(data)
            for split in files:
                os.replace(self.folder / f"{temporary}.{split}", self.records(number, split))
            (self.folder / temporary).write_text(json.dumps(asdict(part)))
            os.replace(self.folder / temporary, self._note(number))
        finally:
            for left in self.folder.glob(f"{temporary}*"):
                left.unlink(missing_ok=True)
        return number

    def _records(self, unit: TracedUnit, part: Part) -> Iterator[tuple[str, bytes]]:
        """The framed records of a unit, each with its split; all other items are counted in `part`."""
        try:
            for item in self._items(unit):
                if isinstance(item, BadInput):
                    part.skipped[item.what] = item.why
                elif isinstance(item, LeftOut):
                    part.left_out[item.reason] = part.left_out.get(item.reason, 0) + item.count
                elif isinstance(item, Remark):
                    part.remarks[item.text] = part.remarks.get(item.text, 0) + item.count
                elif isinstance(item, Person | Frame | _Among | JointSequence):
                    try:
                        made = self._encode(item)
                    except BadInput as bad:
                        part.skipped[bad.what] = bad.why
                        continue
                    if isinstance(item, Frame):
                        part.max_people = max(part.max_people, len(item.people))
                    yield from ((self.split.split(item.sequence), frame(record)) for record in made)
        except BadInput as bad:
            part.skipped[bad.what] = bad.why

    def _items(self, unit: TracedUnit) -> Iterator[Item | Frame | _Among]:
        """What a unit streams, whole images grouped, or each person with the others of the image."""
        if self.kind == "sequences" or (self.kind == "people" and not self.others):
            yield from unit.people()
            return
        for item in group_frames(unit.people()):
            if isinstance(item, Frame) and self.kind == "people":
                everybody = [person for person in item.people if not _broken(person)]
                yield from (_Among(one, [other for other in everybody if other is not one]) for one in item.people)
            else:
                yield item

    def _encode(self, item: Person | Frame | _Among | JointSequence) -> list[bytes]:
        """The records of an item: one, or of a sequence its clips."""
        if isinstance(item, JointSequence):
            return list(encode_sequence(item.in_skeleton(self.source, self.target), self.size, self.target))
        if isinstance(item, Frame):
            people = [self._in_target(person) for person in item.people]
            return [encode_frame(replace(item, people=people), self.size, self.target)]
        person, others = (item.person, item.others) if isinstance(item, _Among) else (item, [])
        try:
            crop = Crop.from_box(person.box_px, self.size, self.padding)
        except ValueError as error:
            raise BadInput(person.key, str(error)) from error
        others = [self._in_target(other) for other in others]
        return [encode_example(self._in_target(person), crop, self.target, others=others)]

    def _in_target(self, person: Person) -> Person:
        return person if self.target == self.source else _in_skeleton(person, self.source, self.target)

    def records(self, number: int, split: str) -> Path:
        """The file with a part's people of one split."""
        return self.folder / f"{number:06d}.{split}.tfrecord"

    def _note(self, number: int) -> Path:
        return self.folder / f"{number:06d}.json"

    def read(self, number: int, unit: TracedUnit) -> Part | None:
        """The description of a part, None if it is missing or was made from other inputs.

        Raises:
            ValueError: it is damaged.
        """
        part = self.read_any(number)
        return part if part is not None and part.is_of(unit) else None

    def read_any(self, number: int) -> Part | None:
        """The description of a part, whatever its inputs; None if it is missing.

        Raises:
            ValueError: it is damaged.
        """
        try:
            return Part(**json.loads(self._note(number).read_bytes()))
        except FileNotFoundError:
            return None
        except (ValueError, TypeError, AttributeError, RecursionError) as error:
            raise ValueError(
                f"{self._note(number)} is damaged ({error!s:.200}); delete it and run the same command again"
            ) from error

    def numbers(self) -> list[int]:
        """The numbers of all parts, of these inputs or others."""
        return sorted(int(note.stem) for note in self.folder.glob("[0-9]*.json"))

    def is_whole(self, number: int, split: str, part: Part) -> bool:
        """Whether the file of a split has the expected size."""
        path = self.records(number, split)
        return path.is_file() and path.stat().st_size == part.bytes[split]

    def forget(self, number: int) -> None:
        """Marks a part as not made."""
        self._note(number).unlink(missing_ok=True)

    def clean(self) -> None:
        """Makes the folder, and removes temporary files of killed runs."""
        self.folder.mkdir(exist_ok=True)
        for left in self.folder.glob("*.tmp*"):
            left.unlink(missing_ok=True)


def _in_skeleton(person: Person, source: Skeleton, target: Skeleton) -> Person:
    xy_px, visible = convert_joints(person.joints_xy_px, person.visible, source, target)
    person = replace(person, joints_xy_px=xy_px, visible=visible)
    if person.joints_xyz_mm is None:
        return person
    # A joint outside the image may be known in 3D.
    known = np.ones(source.num_joints, bool) if person.xyz_known is None else person.xyz_known
    xyz_mm, known = convert_joints(person.joints_xyz_mm, known, source, target)
    return replace(person, joints_xyz_mm=xyz_mm, xyz_known=known > 0)
