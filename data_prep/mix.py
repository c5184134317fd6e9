"""Several shard sets as one, of which training takes given shares."""

from __future__ import annotations

import filecmp
import os
import re
import shutil
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from machine.whole import whole
from records import Manifest, read_manifest, shard_paths
from records.manifest import FILE_NAME, SPLITS, Shard


@dataclass(frozen=True)
class Mix:
    """Makes one shard set of several, with fixed shares of each in every batch of a training.

    The sets must have the same joints (`--skeleton`), size and padding. Their shards are linked, or copied where the
    disk cannot link, so that the originals may be made again or removed.

    Attributes:
        sets: folders of the shard sets.
        out: the new set's folder.
        shares: a number for each set: how much of a batch comes from it, relative to the others; equal if not given. An
            epoch has as many records as the sets have together, so those of a small set with a large share come
            several times, and those of a large one with a small share not all.
    """

    sets: tuple[Path, ...]
    out: Path
    shares: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        names = [_name(one) for one in self.sets]
        if len(self.sets) < 2 or len(set(names)) < len(names):
            raise ValueError(f"--sets must be two or more folders of different names, got {', '.join(names) or 'none'}")
        if self.out.resolve() in [one.resolve() for one in self.sets]:
            raise ValueError(f"--out must be another folder than those of --sets, got {self.out}")
        if self.shares and len(self.shares) != len(self.sets):
            raise ValueError(f"--shares must be a number for each of the {len(self.sets)} sets, got {len(self.shares)}")
        if not all(0 < share < float("inf") for share in self.shares):
            raise ValueError(f"--shares must be above 0, got {', '.join(map(str, self.shares))}")

    def write(self) -> Manifest:
        """Writes the set and returns its manifest.

        A mix that is there already is replaced.

        Raises:
            ValueError: the sets do not fit together, one of them is not whole or has nobody to train on, or the folder
                holds something else.
            OSError: the folder cannot be written to.
        """
        manifests = {_name(folder): read_manifest(folder) for folder in self.sets}
        _check_fit(manifests)
        known = _known_files(self.out)
        self.out.mkdir(parents=True, exist_ok=True)
        shards: dict[str, list[Shard]] = {split: [] for split in SPLITS}
        for folder, (name, manifest) in zip(self.sets, manifests.items(), strict=True):
            for split in (split for split in SPLITS if manifest.counts[split]):
                for path, shard in zip(shard_paths(folder, split), manifest.shards[split], strict=True):
                    named = replace(shard, name=f"{name}-{shard.name}")
                    _link(Path(path), self.out / named.name, known)
                    shards[split].append(named)
        first = next(iter(manifests.values()))
        made = Manifest(
            skeleton=first.skeleton,
            size=first.size,
            shards=shards,
            source={
                "dataset": "mix",
                "padding": first.source["padding"],
                "sets": {name: one.source for name, one in manifests.items()},
            },
            split_rule={"sets": {name: one.split_rule for name, one in manifests.items()}},
            skipped=[skipped for one in manifests.values() for skipped in one.skipped],
            left_out=_summed(one.left_out for one in manifests.values()),
            remarks=_summed(one.remarks for one in manifests.values()),
            kind=first.kind,
            max_people=max(one.max_people for one in manifests.values()),
            shares=dict(zip(manifests, self.shares or (1.0,) * len(manifests), strict=True)),
        )
        made.write(self.out)
        for name in known - {shard.name for some in shards.values() for shard in some}:
            (self.out / name).unlink(missing_ok=True)
        return made


def _name(folder: Path) -> str:
    """A folder's name, as a beginning of file names."""
    return re.sub(r"[^\w.]+", "_", folder.resolve().name)


def _check_fit(manifests: dict[str, Manifest]) -> None:
    """Raises unless sets have records of one kind and people to train on."""
    facts: dict[str, Callable[[Manifest], object]] = {
        "kind of records (--kind)": lambda one: one.kind,
        "skeleton (--skeleton)": lambda one: one.skeleton.describe(),
        "size (--size)": lambda one: one.size,
        "padding (--padding)": lambda one: one.source.get("padding"),
    }
    first, *others = manifests
    for name in others:
        for fact, of in facts.items():
            if of(manifests[name]) != of(manifests[first]):
                raise ValueError(f"{name} has another {fact} than {first}; make one of them again like the other")
    for name, one in manifests.items():
        if one.shares:
            raise ValueError(f"{name} is a mix itself; give the sets that it was made of: {', '.join(one.shares)}")
        if not one.counts["train"]:
            raise ValueError(f"{name} has no {one.kind} in its train split; make it again with a smaller --val")


def _known_files(folder: Path) -> set[str]:
    """The shards in a folder that a mix may replace: those of an earlier one."""
    if not (folder / FILE_NAME).is_file():
        return set()
    manifest = read_manifest(folder)
    if not manifest.shares:
        raise ValueError(f"{folder} is a shard set of its own, which a mix would replace; choose another --out")
    return {shard.name for shards in manifest.shards.values() for shard in shards}


def _link(source: Path, target: Path, known: set[str]) -> None:
    """Gives a file a second name, or copies it."""
    if target.exists():
        if target.samefile(source) or filecmp.cmp(source, target, shallow=False):
            return
        if target.name not in known:
            raise ValueError(f"{target} is there already, and no mix here accounts for it; choose another --out")
    with whole(target) as unfinished:
        try:
            os.link(source, unfinished)
        except OSError:
            shutil.copyfile(source, unfinished)


def _summed(counts: Iterable[dict[str, int]]) -> dict[str, int]:
    return dict(sum(map(Counter, counts), Counter()))
