"""From any reader's stream of labelled people to a shard set."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Literal, Protocol

from tqdm import tqdm

from data_prep.splits import SplitRule
from pose import SKELETONS, Crop, Skeleton, convert_joints
from records import SPLITS, BadInput, Manifest, Person, ShardSetWriter, encode_example, read_manifest


class Reader(Protocol):
    """What a data set module offers: a frozen dataclass of its options with these members."""

    @property
    def skeleton(self) -> Skeleton:
        """The skeleton of its people."""

    @property
    def dataset(self) -> str:
        """Its name in the records."""

    def total(self) -> int | None:
        """How many people there may be, None if unknown; for the progress bar alone."""

    def people(self) -> Iterator[Person | BadInput]:
        """Streams people in an order that is always the same, broken inputs among them."""


@dataclass(frozen=True)
class Conversion:
    """How people become records.

    Attributes:
        size: height and width of the crops in px.
        padding: side of the crop as a multiple of the longer side of the person's box.
        people_per_shard: records in each shard but the last.
        max_skipped: broken inputs to pass by before giving up.
        workers: threads that decode, crop and encode; the result does not depend on it.
        skeleton: to write the joints in, so that sets of several sources can train and test one net; joints that the
            source lacks are not labelled. The source's own if not given.
        split: which sequences are for validation and the test.
    """

    size: int = 224
    padding: float = 1.25
    people_per_shard: int = 1024
    max_skipped: int = 100
    workers: int = field(default_factory=lambda: os.cpu_count() or 1)
    skeleton: Literal["panoptic19", "coco17", "mpii16", "lsp14"] | None = None
    split: SplitRule = field(default_factory=SplitRule)

    def __post_init__(self) -> None:
        """Checks the ranges."""
        for name, lowest in (("size", 16), ("people_per_shard", 1), ("max_skipped", 0), ("workers", 1)):
            if getattr(self, name) < lowest:
                raise ValueError(f"{name} must be {lowest} or more, got {getattr(self, name)}")
        if self.padding <= 0:
            raise ValueError(f"padding must be above 0, got {self.padding}")
        if self.skeleton is not None and self.skeleton not in SKELETONS:
            raise ValueError(f"skeleton must be one of {', '.join(SKELETONS)}, got {self.skeleton!r}")

    def target(self, reader: Reader) -> Skeleton:
        """The skeleton of the records."""
        return SKELETONS[self.skeleton] if self.skeleton else reader.skeleton


class TooManySkipped(ValueError):
    """More broken inputs than `max_skipped`."""


def convert(reader: Reader, folder: Path, options: Conversion) -> Manifest:
    """Writes a shard set, or finishes one that was begun; a finished one is left as it is.

    Raises:
        ValueError: an empty data set, an output folder of another configuration, or more than `max_skipped`
            broken inputs (`TooManySkipped`, with the list).
        OSError: the folder cannot be written to.
    """
    source = {"dataset": reader.dataset, **_plain(asdict(reader)), "padding": options.padding}
    writer = ShardSetWriter(
        folder,
        skeleton=options.target(reader),
        size=options.size,
        source=source,
        split_rule=options.split.describe(),
        people_per_shard=options.people_per_shard,
    )
    if writer.finished:
        return read_manifest(folder)
    try:
        with (
            ThreadPoolExecutor(options.workers) as pool,
            tqdm(total=reader.total(), unit="people", smoothing=0.05) as progress,
        ):
            _fill(writer, reader, options, pool, progress)
        return writer.finish()
    finally:
        writer.abandon()


def _fill(
    writer: ShardSetWriter, reader: Reader, options: Conversion, pool: ThreadPoolExecutor, progress: tqdm
) -> None:
    """Keeps a few people in the pool at a time and takes them out in the order they went in."""
    waiting: deque[tuple[str, int, Future]] = deque()
    ordinals = dict.fromkeys(SPLITS, 0)

    def take_out() -> None:
        split, ordinal, future = waiting.popleft()
        try:
            writer.add(split, ordinal, future.result())
        except BadInput as bad:
            _skip(writer, bad, options.max_skipped)
        progress.update()

    for item in reader.people():
        if isinstance(item, BadInput):
            _skip(writer, item, options.max_skipped)
            progress.update()
            continue
        split = options.split.split(item.sequence)
        ordinal = ordinals[split]
        ordinals[split] += 1
        if ordinal < writer.resume_at(split):
            progress.update()
            continue
        waiting.append((split, ordinal, pool.submit(_encode, item, reader, options)))
        if len(waiting) > 4 * options.workers:
            take_out()
    while waiting:
        take_out()


def _encode(person: Person, reader: Reader, options: Conversion) -> bytes:
    crop = Crop.from_box(person.box_px, options.size, options.padding)
    target = options.target(reader)
    if target is not reader.skeleton:
        person = _in_skeleton(person, reader.skeleton, target)
    return encode_example(person, crop, target)


def _in_skeleton(person: Person, source: Skeleton, target: Skeleton) -> Person:
    xy_px, visible = convert_joints(person.joints_xy_px, person.visible, source, target)
    xyz_mm = person.joints_xyz_mm
    if xyz_mm is not None:
        xyz_mm, _ = convert_joints(xyz_mm, person.visible, source, target)
    return replace(person, joints_xy_px=xy_px, visible=visible, joints_xyz_mm=xyz_mm)


def _skip(writer: ShardSetWriter, bad: BadInput, max_skipped: int) -> None:
    writer.skip(bad)
    if len(writer.skipped) > max_skipped:
        listed = "\n".join(f"  {skipped['what']}: {skipped['why']}" for skipped in writer.skipped)
        raise TooManySkipped(f"more than {max_skipped} broken inputs (raise --max-skipped to pass them by):\n{listed}")


def _plain(value: object) -> object:
    """Options as JSON can hold them."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    # Where a data set lies is part of what was read, from whichever folder the command was given.
    return str(value.resolve()) if isinstance(value, Path) else value
