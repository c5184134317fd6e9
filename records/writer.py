"""Writing a shard set so that a run stopped at any moment leaves whole shards and can go on."""

from __future__ import annotations

import json
import os
import shutil
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

from filelock import FileLock, Timeout

from pose import SKELETONS, BadInput, Skeleton
from records.manifest import (
    FILE_NAME,
    INPUTS_NAME,
    SPLITS,
    Manifest,
    Shard,
    inputs_digest,
    read_manifest,
    write_json,
)
from records.open_shard import OpenShard
from records.own_files import check_free, foreign_in
from records.schema import SCHEMA_VERSION

_PARTIAL = ".partial"
_JOURNAL = "journal.json"


class ShardSetWriter:
    """Fills the shards of each split one after the other.

    Until the set is finished everything lies in `FOLDER/.partial`: a journal of the settings, whole shards, and beside
    each shard its entry of the manifest, written last. Then the shards get their final names, and the manifest is
    written. A later writer with the same settings resumes after the whole shards; `resume_at` says how many records
    they hold. The cost of closing a shard does not depend on how many there are.

    Attributes:
        folder: of the shard set.
        partial: the folder of unfinished work; callers may keep temporary files there.
        finished: whether the manifest is written, so that nothing is left to do.
    """

    def __init__(
        self,
        folder: str | Path,
        *,
        skeleton: Skeleton,
        size: int,
        source: dict,
        split_rule: dict,
        people_per_shard: int = 1024,
        kind: str = "people",
    ) -> None:
        """Opens a folder for writing, or goes on where an earlier run stopped.

        Raises:
            ValueError: the folder holds a set, or a part of one, that was made with other settings or is damaged, or
                another run is writing to it.
            OSError: the folder cannot be written to.
        """
        if people_per_shard < 1:
            raise ValueError(f"people_per_shard must be 1 or more, got {people_per_shard}")
        self.folder = Path(folder)
        self.partial = self.folder / _PARTIAL
        self._size, self._skeleton, self._per_shard, self._kind = size, skeleton, people_per_shard, kind
        settings = {
            "schema_version": SCHEMA_VERSION,
            "skeleton": skeleton.name if skeleton == SKELETONS.get(skeleton.name) else skeleton.describe(),
            "size": size,
            "source": source,
            "split_rule": split_rule,
            "people_per_shard": people_per_shard,
        }
        settings |= {} if kind == "people" else {"kind": kind}
        self._settings = json.loads(json.dumps(settings))
        self._shards: dict[str, list[Shard]] = {split: [] for split in SPLITS}
        self._skipped: dict[str, str] = {}
        self._left_out: Counter[str] = Counter()
        self._remarks: Counter[str] = Counter()
        self._open: dict[str, OpenShard] = {}
        self.finished = False
        self._lock = FileLock(self.partial / "lock", blocking=False)
        try:
            self._resume()
        except BaseException:
            self._lock.release()
            raise

    def _resume(self) -> None:
        journal = self.partial / _JOURNAL
        if (self.folder / FILE_NAME).is_file() and not journal.is_file():
            then = read_manifest(self.folder).source.get("settings")
            if then != self._settings:
                raise ValueError(
                    f"{self.folder} already holds a shard set made with other settings; choose another output "
                    f"folder or delete this one. {_differences(self._settings, then)}"
                )
            self.finished = True
            if not foreign_in(self.partial):  # Where a run was killed while it cleaned up.
                shutil.rmtree(self.partial, ignore_errors=True)
            return
        if not journal.is_file():
            check_free(self.folder, self.partial)
        self.partial.mkdir(parents=True, exist_ok=True)
        try:
            self._lock.acquire()
        except Timeout as error:
            raise ValueError(
                f"another run is writing to {self.folder}; wait for it, or choose another folder"
            ) from error
        if journal.is_file():
            then = _read_json(journal).get("settings")
            if then != self._settings:
                raise ValueError(
                    f"{self.folder} holds the beginning of a shard set made with other settings; choose another "
                    f"output folder or delete this one. {_differences(self._settings, then)}"
                )
            for split in SPLITS:
                self._shards[split] = list(self._whole_shards(split))
        else:
            write_json(journal, {"settings": self._settings})

    def _whole_shards(self, split: str) -> list[Shard]:
        shards: list[Shard] = []
        while (note := self._path(split, len(shards)).with_suffix(".json")).is_file():
            try:
                shard = Shard(**_read_json(note))
            except (TypeError, ValueError) as error:
                raise ValueError(f"{note} is damaged ({error!s:.200}); delete {self.folder} and start again") from error
            if not self._places(split, len(shards), shard):
                path = self.partial / shard.name
                raise ValueError(f"{path} is missing or not whole; delete {self.folder} and start again")
            shards.append(shard)
        return shards

    def _places(self, split: str, number: int, shard: Shard) -> list[Path]:
        """Where a whole shard of an unfinished set lies."""
        path = self.partial / shard.name
        # A run that was killed while it gave the shards their final names has moved some already.
        moved = [] if path.is_file() else self.folder.glob(f"{split}-{number:05d}-of-*.tfrecord")
        return [place for place in (path, *moved) if place.is_file() and place.stat().st_size == shard.bytes]

    def resume_at(self, split: str) -> int:
        """How many records of a split are in whole shards; `add` goes on with the next."""
        return sum(shard.count for shard in self._shards[split])

    def add(self, split: str, example: bytes) -> None:
        """Appends a serialized Example.

        Raises:
            OSError: the disk is full, or cannot be written to.
        """
        if split not in self._open:
            self._open[split] = OpenShard(self._path(split, len(self._shards[split])))
        self._open[split].append(example)
        if self._open[split].count == self._per_shard:
            self._close_shard(split)

    def skip(self, bad: BadInput) -> None:
        """Notes a broken input for the manifest; the same one is noted once."""
        self._skipped[bad.what] = bad.why

    def note(self, left_out: Mapping[str, int], remarks: Mapping[str, int]) -> None:
        """Counts people left out on purpose by reason, and remarks by their text, for the manifest."""
        self._left_out.update(left_out)
        self._remarks.update(remarks)

    @property
    def skipped(self) -> list[dict[str, str]]:
        """The broken inputs so far, sorted by name."""
        return [{"what": what, "why": self._skipped[what]} for what in sorted(self._skipped)]

    def abandon(self) -> None:
        """Drops open files and releases the folder for other runs, which resume after the whole shards."""
        for shard in self._open.values():
            shard.drop()
        self._open.clear()
        self._lock.release()

    def restart(self) -> None:
        """Drops the whole shards and what lies beside them, so that the set is begun again.

        Raises:
            ValueError: the set is complete; only the user may delete it.
            OSError: they cannot be removed.
        """
        if (self.folder / FILE_NAME).is_file():
            raise ValueError(f"{self.folder} holds a complete shard set; delete it or choose another output folder")
        for split, shards in self._shards.items():
            # From last to first, the note before its shard, so that what is left can be resumed at any moment.
            while shards:
                shard = shards.pop()
                places = self._places(split, len(shards), shard)
                self._path(split, len(shards)).with_suffix(".json").unlink()
                for place in places:
                    place.unlink()

    def finish(self, inputs: dict[str, str] | None = None, *, max_people: int = 0, **found: object) -> Manifest:
        """Closes the last shards, gives every shard its final name and writes the manifest.

        Args:
            inputs: the fingerprint of what each part was made from, by the part's name; for `inputs.json`.
            max_people: the most people in a frame of the set, if it is of frames.
            **found: further entries of the manifest's `source`, besides the settings.

        Raises:
            ValueError: no one was added: an empty set is an error, never a result.
            OSError: the disk is full, or cannot be written to.
        """
        for split in list(self._open):
            self._close_shard(split)
        if not any(self._shards.values()):
            why = "".join(f"\n  left out: {count} {reason}" for reason, count in self._left_out.most_common(20))
            why += "".join(f"\n  {bad['what']}: {bad['why']}" for bad in self.skipped[:20])
            why = why or " nothing was found"
            raise ValueError(f"the data set gave no {self._kind}, so no shard set was written:{why}")
        final = {split: self._final_names(split) for split in SPLITS}
        for split, shards in final.items():
            for old, new in zip(self._shards[split], shards, strict=True):
                if (self.partial / old.name).exists():
                    os.replace(self.partial / old.name, self.folder / new.name)
        source = {**self._settings["source"], **found, "settings": self._settings}
        if inputs is not None:
            write_json(self.folder / INPUTS_NAME, inputs)
            source["inputs"] = inputs_digest(inputs)
        rule = self._settings["split_rule"]
        manifest = Manifest(
            self._skeleton,
            self._size,
            final,
            source,
            rule,
            self.skipped,
            dict(self._left_out.most_common()),
            dict(self._remarks.most_common()),
            kind=self._kind,
            # Arrays have at least one row.
            max_people=max(1, max_people) if self._kind == "frames" else 0,
        )
        manifest.write(self.folder)
        # The journal first: without it, leftovers of a killed clean-up are not resumed.
        (self.partial / _JOURNAL).unlink()
        shutil.rmtree(self.partial)
        self._lock.release()
        self.finished = True
        return manifest

    def _final_names(self, split: str) -> list[Shard]:
        shards = self._shards[split]
        return [
            Shard(f"{split}-{i:05d}-of-{len(shards):05d}.tfrecord", shard.count, shard.bytes, shard.sha256)
            for i, shard in enumerate(shards)
        ]

    def _path(self, split: str, i: int) -> Path:
        return self.partial / f"{split}-{i:05d}.tfrecord"

    def _close_shard(self, split: str) -> None:
        shard = self._open[split].close()
        write_json((self.partial / shard.name).with_suffix(".json"), asdict(shard))
        self._shards[split].append(shard)
        del self._open[split]


def _read_json(path: Path) -> dict:
    try:
        content = json.loads(path.read_text())
        if not isinstance(content, dict):
            raise ValueError(f"an object was expected, got {type(content).__name__}")
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path} is damaged ({error!s:.200}); delete {path.parent.parent} and start again") from error
    return content


def _differences(now: dict, then: dict | None) -> str:
    """Names the settings that differ."""
    now, then = _flat(now), _flat(then if isinstance(then, dict) else {})
    changed = [name for name in {**then, **now} if now.get(name) != then.get(name)]
    listed = "; ".join(f"{name} {then.get(name)!r}, {now.get(name)!r}" for name in changed)
    return f"Then and now: {listed[:1000]}"


def _flat(settings: dict, prefix: str = "") -> dict[str, object]:
    flat: dict[str, object] = {}
    for name, value in settings.items():
        flat |= _flat(value, f"{prefix}{name}.") if isinstance(value, dict) else {prefix + name: value}
    return flat
