"""Writing a shard set so that a run stopped at any moment leaves whole shards and can go on."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import asdict
from pathlib import Path

import tensorflow as tf

from pose import Skeleton
from records.manifest import FILE_NAME, SPLITS, Manifest, Shard, file_sha256, read_manifest, write_json
from records.schema import SCHEMA_VERSION, BadInput

_PARTIAL = ".partial"
_JOURNAL = "journal.json"


class ShardSetWriter:
    """Fills the shards of each split one after the other.

    Every person offered to a split has an ordinal there. Whole shards and a journal of them lie in
    `FOLDER/.partial` until the set is finished; then they get their final names and the manifest is written last.
    A later writer with the same settings finds the journal, and `resume_at` says which ordinals are done.
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
    ) -> None:
        """Opens a folder for writing, or goes on where an earlier run stopped.

        Raises:
            ValueError: the folder holds a set, or a part of one, that was made with other settings.
            OSError: the folder cannot be written to.
        """
        if people_per_shard < 1:
            raise ValueError(f"people_per_shard must be 1 or more, got {people_per_shard}")
        self.folder = Path(folder)
        self._partial = self.folder / _PARTIAL
        self._size, self._skeleton, self._per_shard = size, skeleton, people_per_shard
        settings = {
            "schema_version": SCHEMA_VERSION,
            "skeleton": skeleton.name,
            "size": size,
            "source": source,
            "split_rule": split_rule,
            "people_per_shard": people_per_shard,
        }
        self._settings = json.loads(json.dumps(settings))
        self._shards: dict[str, list[Shard]] = {split: [] for split in SPLITS}
        self._next = dict.fromkeys(SPLITS, 0)
        self._after_last = dict.fromkeys(SPLITS, 0)
        self._skipped: dict[str, str] = {}
        self._open: dict[str, tf.io.TFRecordWriter] = {}
        self._count = dict.fromkeys(SPLITS, 0)
        self.finished = False
        self._take_up()

    def _take_up(self) -> None:
        if (self.folder / FILE_NAME).is_file() and not (self._partial / _JOURNAL).is_file():
            manifest = read_manifest(self.folder)
            if manifest.source.get("settings") != self._settings:
                raise ValueError(
                    f"{self.folder} already holds a shard set made with other settings; choose another output "
                    f"folder or delete this one. {_differences(self._settings, manifest.source.get('settings'))}"
                )
            self.finished = True
            return
        self._partial.mkdir(parents=True, exist_ok=True)
        journal = self._partial / _JOURNAL
        if journal.is_file():
            content = json.loads(journal.read_text())
            if content["settings"] != self._settings:
                raise ValueError(
                    f"{self.folder} holds the beginning of a shard set made with other settings; choose another "
                    f"output folder or delete this one. {_differences(self._settings, content['settings'])}"
                )
            self._shards = {k: [Shard(**shard) for shard in v] for k, v in content["shards"].items()}
            self._next = content["next"]
            self._skipped = content["skipped"]
        else:
            self._write_journal()

    def resume_at(self, split: str) -> int:
        """The first ordinal of a split that is not yet in a whole shard."""
        return self._next[split]

    def add(self, split: str, ordinal: int, example: bytes) -> None:
        """Appends a serialised Example; ordinals of a split come in rising order."""
        if split not in self._open:
            self._open[split] = tf.io.TFRecordWriter(str(self._path(split)) + ".tmp")
        self._open[split].write(example)
        self._count[split] += 1
        self._after_last[split] = ordinal + 1
        if self._count[split] == self._per_shard:
            self._close_shard(split)

    def skip(self, bad: BadInput) -> None:
        """Notes a broken input; the same one is noted once."""
        self._skipped[bad.what] = bad.why

    @property
    def skipped(self) -> list[dict[str, str]]:
        """The broken inputs so far, sorted by name."""
        return [{"what": what, "why": self._skipped[what]} for what in sorted(self._skipped)]

    def abandon(self) -> None:
        """Closes open files; whole shards stay for a later run."""
        for writer in self._open.values():
            writer.close()
        self._open.clear()

    def finish(self) -> Manifest:
        """Closes the last shards, gives every shard its final name and writes the manifest.

        Raises:
            ValueError: no one was added: an empty set is an error, never a result.
        """
        for split in list(self._open):
            self._close_shard(split)
        if not any(self._shards.values()):
            why = "".join(f"\n  {bad['what']}: {bad['why']}" for bad in self.skipped[:20]) or " nothing was found"
            raise ValueError(f"the data set gave no people, so no shard set was written:{why}")
        final = {split: self._final_names(split) for split in SPLITS}
        for split, shards in final.items():
            for old, new in zip(self._shards[split], shards, strict=True):
                if (self._partial / old.name).exists():
                    os.replace(self._partial / old.name, self.folder / new.name)
        source = {**self._settings["source"], "settings": self._settings}
        rule = self._settings["split_rule"]
        manifest = Manifest(self._skeleton.name, self._size, final, source, rule, self.skipped)
        manifest.write(self.folder)
        shutil.rmtree(self._partial)
        self.finished = True
        return manifest

    def _final_names(self, split: str) -> list[Shard]:
        shards = self._shards[split]
        return [
            Shard(f"{split}-{i:05d}-of-{len(shards):05d}.tfrecord", shard.count, shard.bytes, shard.sha256)
            for i, shard in enumerate(shards)
        ]

    def _path(self, split: str) -> Path:
        return self._partial / f"{split}-{len(self._shards[split]):05d}.tfrecord"

    def _close_shard(self, split: str) -> None:
        self._open.pop(split).close()
        path = self._path(split)
        os.replace(str(path) + ".tmp", path)
        shard = Shard(path.name, self._count[split], path.stat().st_size, file_sha256(path))
        self._shards[split].append(shard)
        self._count[split] = 0
        self._next[split] = self._after_last[split]
        self._write_journal()

    def _write_journal(self) -> None:
        shards = {split: [asdict(shard) for shard in shards] for split, shards in self._shards.items()}
        content = {"settings": self._settings, "shards": shards, "next": self._next, "skipped": self._skipped}
        write_json(self._partial / _JOURNAL, content)


def _differences(now: dict, then: dict | None) -> str:
    """Names the settings that differ."""
    now, then = _flat(now), _flat(then or {})
    changed = [name for name in {**then, **now} if now.get(name) != then.get(name)]
    return "Then and now: " + "; ".join(f"{name} {then.get(name)!r}, {now.get(name)!r}" for name in changed)


def _flat(settings: dict, prefix: str = "") -> dict[str, object]:
    flat: dict[str, object] = {}
    for name, value in settings.items():
        flat |= _flat(value, f"{prefix}{name}.") if isinstance(value, dict) else {prefix + name: value}
    return flat
