"""Converts the units of any reader into a shard set."""

from __future__ import annotations

import math
import re
import sys
from collections import deque
from collections.abc import Iterator
from contextlib import closing
from dataclasses import asdict, dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import Literal

from tqdm import tqdm

from data_prep.conversion.clusters import SharedParts, beam_arguments, run_beam, run_dask
from data_prep.conversion.inputs import TracedUnit, check_finished, traced_units
from data_prep.conversion.local_runner import run_local
from data_prep.conversion.record_parts import Part, Parts
from data_prep.conversion.splits import SplitRule
from data_prep.reader import Reader
from machine.processor import usable_cpus
from pose import SKELETONS, Skeleton
from records import SPLITS, BadInput, Manifest, ShardSetWriter, read_manifest
from records.features import MOST_PEOPLE
from records.tfrecord import read_records

# The default sizes of the records' images in px, or of clips in frames.
_SIZES = {"people": 224, "frames": 640, "sequences": 250}


@dataclass(frozen=True)
class Conversion:
    """How people become records.

    Attributes:
        kind: what a record holds: "people", a crop of one person; "frames", a whole image with all its people and a
            mask of the parts in which people are not labeled; or "sequences", a clip of one person's joints in space.
        size: height and width of the records' images in px, by default 224 for people and 640 for frames, whose longer
            side it is; of sequences the most frames in a clip, by default 250.
        padding: side of the crop of a person as a multiple of the longer side of the box.
        others: store the joints of other people in a person's crop too, those of the nearest eight who are read, as
            `train.cpm` uses them.
        people_per_shard: records in each shard except the last.
        max_skipped: the most broken inputs to skip; with more, the conversion fails.
        runner: local makes the records in processes of this machine; dask sends the work to a Dask cluster, beam to an
            Apache Beam runner. The result does not depend on it.
        workers: processes that decode, crop and encode with the local runner, or with dask if no scheduler is given;
            the result does not depend on it.
        scheduler: HOST:PORT of the Dask cluster's scheduler; by default a cluster of local processes is started.
        beam_options: Apache Beam's options, as NAME=VALUE pairs: runner=FlinkRunner flink_master=HOST:8081.
        skeleton: of the joints in the records, so that sets of several sources can train and test one net; joints that
            the source lacks are not labeled. The source's own by default.
        split: which sequences are for validation and test.
    """

    kind: Literal["people", "frames", "sequences"] = "people"
    size: int | None = None
    padding: float = 1.25
    others: bool = False
    people_per_shard: int = 1024
    max_skipped: int = 100
    runner: Literal["local", "dask", "beam"] = "local"
    workers: int = field(default_factory=usable_cpus)
    scheduler: str | None = None
    beam_options: tuple[str, ...] = ()
    skeleton: Literal["panoptic19", "coco17", "mpii16", "lsp14", "body26"] | None = None
    split: SplitRule = field(default_factory=SplitRule)

    def __post_init__(self) -> None:
        if self.kind not in _SIZES:
            raise ValueError(f"kind must be one of {', '.join(_SIZES)}, got {self.kind!r}")
        for name, lowest in (("size", 16), ("people_per_shard", 1), ("max_skipped", 0), ("workers", 1)):
            if getattr(self, name) is not None and getattr(self, name) < lowest:
                raise ValueError(f"{name} must be {lowest} or more, got {getattr(self, name)}")
        if self.padding <= 0:
            raise ValueError(f"padding must be above 0, got {self.padding}")
        if self.kind != "people" and self.padding != Conversion.padding:
            raise ValueError(f"padding is for crops of people, got {self.padding} for {self.kind}")
        if self.kind != "people" and self.others:
            raise ValueError(f"others are for crops of people, got them for {self.kind}; leave --others out")
        if self.kind == "sequences" and self.size is not None and self.size > MOST_PEOPLE:
            raise ValueError(f"a clip has at most {MOST_PEOPLE} frames, got size {self.size}")
        if self.runner not in ("local", "dask", "beam"):
            raise ValueError(f"runner must be local, dask or beam, got {self.runner!r}")
        if self.scheduler is not None and self.runner != "dask":
            raise ValueError(f"scheduler is for the dask runner, got {self.scheduler!r} with {self.runner}")
        if self.scheduler is not None and not re.fullmatch(r"(\w+://)?\S+:\d+", self.scheduler):
            raise ValueError(f"scheduler must be HOST:PORT, got {self.scheduler!r}")
        if self.beam_options and self.runner != "beam":
            given = " ".join(self.beam_options)
            raise ValueError(f"beam_options are for the beam runner, got {given!r} with {self.runner}")
        beam_arguments(self.beam_options)
        if self.skeleton is not None and self.skeleton not in SKELETONS:
            raise ValueError(f"skeleton must be one of {', '.join(SKELETONS)}, got {self.skeleton!r}")

    @property
    def size_px(self) -> int:
        """Height and width of the records' images."""
        return _SIZES[self.kind] if self.size is None else self.size

    def target(self, reader: Reader) -> Skeleton:
        """The skeleton of the records."""
        return SKELETONS[self.skeleton] if self.skeleton else reader.skeleton


class TooManySkipped(ValueError):
    """More broken inputs than `max_skipped`."""


def convert(reader: Reader, folder: Path, options: Conversion) -> Manifest:
    """Writes a shard set, or resumes an unfinished one; a finished one stays as it is.

    Every unit of the reader becomes a part, a few small files in `FOLDER/.partial/parts`, made in any order and by any
    process. Shards are filled from the parts in the order of the units, so the result is deterministic; a part's
    records are deleted once they are in whole shards. A killed run leaves whole parts and whole shards, and the next
    run resumes from them. Parts whose inputs have changed are made again.

    Workers of the local runner import the calling script; guard its code with `if __name__ == "__main__":`.

    Raises:
        ValueError: the data set is empty; the output folder has another configuration, a finished set of other inputs,
            or another run writing to it; or more than `max_skipped` inputs are broken (`TooManySkipped`).
        OSError: the folder cannot be written to, the disk is full, or a worker died.
    """
    if hasattr(reader, "root"):
        # Other processes may have another working folder, and names of skipped inputs must not depend on it.
        reader = replace(reader, root=Path(reader.root).absolute())
    people = options.kind == "people"
    reader = getattr(reader, f"for_{options.kind}")()
    source = {"dataset": reader.dataset, **_plain(asdict(reader)), "padding": options.padding if people else 1.0}
    # Sets that were made before there was the option stay complete.
    source |= {"others": True} if options.others else {}
    target = options.target(reader)
    split = options.split.with_validation(reader.sequence_names())
    # First, so that an unusable data set leaves no unfinished output.
    units = traced_units(reader)
    writer = ShardSetWriter(
        folder,
        skeleton=target,
        size=options.size_px,
        source=source,
        split_rule=split.describe(),
        people_per_shard=options.people_per_shard,
        kind=options.kind,
    )
    if writer.finished:
        manifest = read_manifest(folder)
        if note := check_finished(folder, manifest, units):
            print(f"note: {note}", file=sys.stderr)
        return manifest
    if split is not options.split:
        name = split.val_sequences[0]
        remark = f"sequence for validation, as its share gave none: {name!r} (--val-sequences names others)"
        writer.note({}, {remark: 1})
    place = writer.partial.resolve() / "parts"
    parts = Parts(place, reader.skeleton, target, options.size_px, options.padding, split, options.kind, options.others)
    try:
        filling = _Filling(writer, parts, units, options.max_skipped)
        made, todo = filling.take_stock()
        finished = _start(reader, parts, todo, options)
        there = sum(map(_people, made.values()))
        with (
            # How many frames or clips there are is unknown before.
            tqdm(
                total=reader.total() if people else None,
                initial=there,
                unit=options.kind,
                smoothing=0.05,
                disable=None,
            ) as progress,
            closing(finished),
        ):
            filling.run(made, finished, progress)
        inputs = {unit.name: unit.made_from for unit in units}
        return writer.finish(inputs, max_people=filling.max_people, **reader.found())
    finally:
        writer.abandon()


def _start(reader: Reader, parts: Parts, todo: list[tuple[int, TracedUnit]], options: Conversion) -> Iterator[int]:
    """Starts the chosen runner; yields the numbers of finished parts."""
    shared = SharedParts(parts, getattr(reader, "root", None))
    if options.runner == "beam":
        return run_beam(shared, todo, beam_arguments(options.beam_options))
    if options.runner == "dask":
        return run_dask(shared, todo, options.scheduler, options.workers)
    return run_local(parts, todo, options.workers)


def _people(part: Part) -> int:
    """How many people of a part were read, skipped or left out."""
    return sum(part.counts.values()) + len(part.skipped) + sum(part.left_out.values())


class _Filling:
    """Fills the shards with the parts, in the order of the units."""

    def __init__(self, writer: ShardSetWriter, parts: Parts, units: list[TracedUnit], max_skipped: int) -> None:
        self.writer, self.parts, self.units, self.max_skipped = writer, parts, units, max_skipped
        # Of the parts copied so far: the end of each split, the starts of those with broken inputs, and the files
        # whose records are not yet all in whole shards.
        self.ends = dict.fromkeys(SPLITS, 0)
        self.broken: list[tuple[int, dict[str, int]]] = []
        self.used: dict[str, deque[tuple[int, Path]]] = {split: deque() for split in SPLITS}
        self.max_people = 0

    def take_stock(self) -> tuple[dict[int, Part], list[tuple[int, TracedUnit]]]:
        """The parts that earlier runs have made, and those that are to be made.

        Parts whose files were lost before they were copied are made again.
        """
        self.parts.clean()
        self._drop_changed()
        made, todo = {}, []
        ends: dict[str, float] = dict.fromkeys(SPLITS, 0)
        for number, unit in enumerate(self.units):
            part = self.parts.read(number, unit)
            if part is None:
                # Parts are copied in order, so nothing behind a missing one has been copied.
                ends = dict.fromkeys(SPLITS, math.inf)
                todo.append((number, unit))
                continue
            ends = {split: end + part.counts[split] for split, end in ends.items()}
            needed = [split for split in SPLITS if part.counts[split] and ends[split] > self.writer.resume_at(split)]
            if all(self.parts.is_whole(number, split, part) for split in needed):
                made[number] = part
            else:
                todo.append((number, unit))
        return made, todo

    def _drop_changed(self) -> None:
        """Drops parts made from other inputs, and all shards if one of these parts may be in them."""
        numbers, changed, used = self.parts.numbers(), [], False
        ends = dict.fromkeys(SPLITS, 0)
        for number in range(max((len(self.units), *(last + 1 for last in numbers)))):
            part = self.parts.read_any(number)
            if part is None or number >= len(self.units) or not part.is_of(self.units[number]):
                # Shards are filled in order: those beyond this position hold this part or later ones.
                used |= any(ends[split] < self.writer.resume_at(split) for split in SPLITS)
                changed += [] if part is None else [(number, part)]
            if part is not None:
                ends = {split: end + part.counts[split] for split, end in ends.items()}
        if not changed and not used:
            return
        if used:
            self.writer.restart()
        for number, _ in changed:
            self.parts.forget(number)
        first = f", the first of them {changed[0][1].unit}" if changed else ""
        print(
            f"note: {self.writer.folder} was started with other inputs or by another version of the reader: "
            f"{len(changed)} of {len(numbers)} finished parts{first}; "
            + ("the set is started again" if used else "they are made again"),
            file=sys.stderr,
        )

    def run(self, made: dict[int, Part], finished: Iterator[int], progress: tqdm) -> None:
        """Copies the parts into shards, in order, as they are finished."""
        for number in range(len(self.units)):
            while number not in made:
                other = next(finished)
                part = self.parts.read(other, self.units[other])
                if part is None:
                    raise OSError(
                        f"{self.parts.folder}: part {other} was overwritten from other inputs; end the processes of "
                        "earlier runs that still write there, then give the same command again"
                    )
                made[other] = part
                progress.update(_people(made[other]))
            self._note_skipped(number, made)
            self.max_people = max(self.max_people, made[number].max_people)
            for split, count in made.pop(number).counts.items():
                self._copy(number, split, count)
            self._delete_used()

    def _note_skipped(self, number: int, made: dict[int, Part]) -> None:
        if made[number].skipped:
            self.broken.append((number, dict(self.ends)))
        for what, why in made[number].skipped.items():
            self.writer.skip(BadInput(what, why))
        self.writer.note(made[number].left_out, made[number].remarks)
        if len(self.writer.skipped) <= self.max_skipped:
            return
        # Read these parts again if the inputs are repaired, unless whole shards were written without them.
        unused = [n for n, starts in self.broken if all(starts[s] >= self.writer.resume_at(s) for s in SPLITS)]
        later = range(number + 1, len(self.units))
        found = ((n, self.parts.read(n, self.units[n])) for n in later)
        for other in (*unused, *(n for n, part in found if part is not None and part.skipped)):
            self.parts.forget(other)
        listed = "\n".join(f"  {skipped['what']}: {skipped['why']}" for skipped in self.writer.skipped)
        raise TooManySkipped(
            f"more than {self.max_skipped} broken inputs (raise --max-skipped to skip them):\n{listed}"
        )

    def _copy(self, number: int, split: str, count: int) -> None:
        """Copies a part's people of a split into shards, except those already in whole shards."""
        if not count:
            return
        done = max(0, self.writer.resume_at(split) - self.ends[split])
        self.ends[split] += count
        path = self.parts.records(number, split)
        self.used[split].append((self.ends[split], path))
        if done >= count:
            return
        try:
            for record in islice(read_records(path), done, None):
                self.writer.add(split, record)
        except ValueError as error:
            # Its note stays: it says what the people in whole shards were made from.
            path.unlink()
            raise OSError(f"{error}; run the same command again to make it anew") from error

    def _delete_used(self) -> None:
        for split, files in self.used.items():
            while files and files[0][0] <= self.writer.resume_at(split):
                files.popleft()[1].unlink(missing_ok=True)


def _plain(value: object) -> object:
    """Options as JSON values."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    # Resolved, so that the working folder makes no difference.
    return str(value.resolve()) if isinstance(value, Path) else value
