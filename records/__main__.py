"""Shows a shard set: its manifest, the state of every shard, and a contact sheet of its images.

    python -m records data/lspet

Exit code 1 if a shard is damaged, 2 for a wrong argument.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro

from machine.command import run_command
from machine.words import counted
from records.inspect import check_shards, drop_damaged, write_picture
from records.manifest import SPLITS, Manifest, read_manifest
from records.sheet import contact_sheet


@dataclass(frozen=True)
class Options:
    """What to show.

    Attributes:
        folder: the shard set.
        sheet: the contact sheet to write, a .jpg or .png file; FOLDER/contact_sheet.jpg if not given.
        count: number of people, or of frames, on the contact sheet.
        split: the split to take them from.
        seed: random seed of the augmentation on the sheet.
        drop_damaged: move damaged shards aside and keep the intact ones.
    """

    folder: Annotated[Path, tyro.conf.Positional]
    sheet: Path | None = None
    count: int = 24
    split: str = "train"
    seed: int = 0
    drop_damaged: bool = False

    def __post_init__(self) -> None:
        if self.count < 1:
            raise ValueError(f"count must be 1 or more, got {self.count}")
        if self.split not in SPLITS:
            raise ValueError(f"split must be one of {', '.join(SPLITS)}, got {self.split!r}")
        if self.sheet is not None and self.sheet.suffix.lower() not in (".jpg", ".png"):
            raise ValueError(f"sheet must be a .jpg or .png file, got {str(self.sheet)!r}")


_ONE_AND_MORE = {"people": ("person", "people"), "frames": ("frame", "frames"), "sequences": ("clip", "clips")}


def print_manifest(manifest: Manifest) -> None:
    """Prints what the manifest says, in words."""
    size = f"{manifest.size} x {manifest.size} px"
    if manifest.kind == "sequences":
        size = f"clips of at most {counted(manifest.size, 'frame')}"
    kind = f", frames of at most {counted(manifest.max_people, 'person', 'people')}" if manifest.max_people else ""
    print(f"{manifest.skeleton.name}, {size}, schema {manifest.schema_version}{kind}")
    print("source: " + ", ".join(f"{k} {v}" for k, v in manifest.source.items() if k not in ("settings", "inputs")))
    print("split:  " + ", ".join(f"{k} {v}" for k, v in manifest.split_rule.items()))
    for split, shards in manifest.shards.items():
        megabytes = sum(shard.bytes for shard in shards) / 1e6
        records = counted(manifest.counts[split], *_ONE_AND_MORE[manifest.kind])
        print(f"{split:>6}: {records:>15} in {counted(len(shards), 'shard')}, {megabytes:.1f} MB")
    print(f"skipped: {counted(len(manifest.skipped), 'broken input')}")
    for skipped in manifest.skipped[:10]:
        print(f"  {skipped['what']}: {skipped['why']}")
    if len(manifest.skipped) > 10:
        print(f"  ... and {len(manifest.skipped) - 10} more in manifest.json")
    for line in manifest.notes:
        print(line)


def show(options: Options) -> int:
    """Shows a shard set and returns the exit code."""
    manifest = read_manifest(options.folder)
    print_manifest(manifest)
    damaged = check_shards(options.folder, manifest)
    for name, problem in damaged.items():
        print(f"DAMAGED {options.folder / name}: {problem}", file=sys.stderr)
    if damaged and not options.drop_damaged:
        print("the other shards are whole; --drop-damaged moves what is damaged aside", file=sys.stderr)
        return 1
    if damaged:
        manifest = drop_damaged(options.folder, manifest, damaged)
        print(
            f"moved {counted(len(damaged), 'damaged shard')} to {options.folder / 'damaged'}; left: {manifest.counts}"
        )
    else:
        number = sum(map(len, manifest.shards.values()))
        print(f"all {number} shards are whole" if number > 1 else "the shard is whole")
    if not manifest.counts[options.split]:
        print(f"no contact sheet: the {options.split} split is empty")
        return 0
    sheet = options.sheet or options.folder / "contact_sheet.jpg"
    write_picture(sheet, contact_sheet(options.folder, options.split, options.count, options.seed))
    print(f"contact sheet: {sheet}")
    return 0


def main(arguments: list[str] | None = None) -> int:
    """The command line; returns the exit code."""
    return run_command(Options, show, arguments, prog="python -m records", description=__doc__)


if __name__ == "__main__":
    sys.exit(main())
