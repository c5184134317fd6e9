"""Converts a data set on disk into a shard set, downloads one, or draws the synthetic dome or its walkers.

    python -m data_prep download 171204_pose1 --cameras 0 3 --out data/panoptic
    python -m data_prep panoptic --root data/panoptic --out data/records    or panoptic-vga, panoptic-kinect
    python -m data_prep lsp --root lspet --out data/lspet
    python -m data_prep coco --root coco --out data/coco
    python -m data_prep cvat --root export --out data/cvat      or labelstudio
    python -m data_prep mpii --root mpii --out data/mpii
    python -m data_prep h36m --root h36m --out data/h36m --published human36m
    python -m data_prep dome --out data/dome
    python -m data_prep walkers --out data/walkers
    python -m data_prep mix --sets data/coco data/lspet --shares 2 1 --out data/mix
    python -m data_prep poses --bvh cmu --out data/poses.npz
    python -m data_prep teach --records data/lspet --teachers accurate --out data/taught

With --kind frames a record is a whole image with all its people instead of a crop of one person; with --kind sequences
it is a clip of one person's joints in space, of panoptic, h36m, and of motions without any image:

    python -m data_prep motions --kind sequences --out data/motions

A stopped run resumes when the same command is run again. Exit code 2 for a wrong argument or an unusable data set.
"""

from __future__ import annotations

import inspect
import re
import sys
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Generic, TypeVar

import tyro

from artefact.formats import ArtefactError
from data_prep.coco.reader import Coco
from data_prep.conversion.convert import Conversion, convert
from data_prep.cvat.reader import Cvat
from data_prep.download.sequences import Download
from data_prep.h36m.reader import H36m
from data_prep.labelstudio.reader import LabelStudio
from data_prep.lsp.reader import Lsp
from data_prep.mix import Mix
from data_prep.motion import Motions
from data_prep.mpii.reader import Mpii
from data_prep.panoptic.kinect import PanopticKinect
from data_prep.panoptic.reader import Panoptic
from data_prep.panoptic.vga import PanopticVga
from data_prep.poses import Poses
from data_prep.reader import Reader
from data_prep.teach import Teach
from dome import Dome, Walkers
from machine.command import run_command
from machine.words import counted
from records import Manifest

AnyReader = TypeVar("AnyReader", bound=Reader)


@dataclass(frozen=True)
class Convert(Generic[AnyReader]):
    """Reads a data set and writes a shard set.

    Attributes:
        reader: the data set.
        out: the shard set's folder.
        conversion: how people become records.
    """

    reader: AnyReader
    out: Path
    conversion: Conversion = field(default_factory=Conversion)


def _about(reader: type) -> str:
    """A reader's docstring without its list of options, which the help shows by itself."""
    return inspect.cleandoc(reader.__doc__).split("\nAttributes:")[0]


Command = (
    Annotated[Convert[Panoptic], tyro.conf.subcommand("panoptic", description=_about(Panoptic))]
    | Annotated[Convert[PanopticVga], tyro.conf.subcommand("panoptic-vga", description=_about(PanopticVga))]
    | Annotated[Convert[PanopticKinect], tyro.conf.subcommand("panoptic-kinect", description=_about(PanopticKinect))]
    | Annotated[Convert[Lsp], tyro.conf.subcommand("lsp", description=_about(Lsp))]
    | Annotated[Convert[Coco], tyro.conf.subcommand("coco", description=_about(Coco))]
    | Annotated[Convert[Cvat], tyro.conf.subcommand("cvat", description=_about(Cvat))]
    | Annotated[Convert[LabelStudio], tyro.conf.subcommand("labelstudio", description=_about(LabelStudio))]
    | Annotated[Convert[Mpii], tyro.conf.subcommand("mpii", description=_about(Mpii))]
    | Annotated[Convert[H36m], tyro.conf.subcommand("h36m", description=_about(H36m))]
    | Annotated[Convert[Motions], tyro.conf.subcommand("motions", description=_about(Motions))]
    | Annotated[Mix, tyro.conf.subcommand("mix")]
    | Annotated[Teach, tyro.conf.subcommand("teach")]
    | Annotated[Poses, tyro.conf.subcommand("poses")]
    | Annotated[Download, tyro.conf.subcommand("download")]
    | Annotated[Dome, tyro.conf.subcommand("dome")]
    | Annotated[Walkers, tyro.conf.subcommand("walkers")]
)


def print_summary(manifest: Manifest, folder: Path) -> None:
    """Prints what a shard set holds, and what was skipped or left out."""
    import pandas as pd

    rows = [
        {
            "split": split,
            manifest.kind: manifest.counts[split],
            "shards": len(shards),
            "MB": round(sum(shard.bytes for shard in shards) / 1e6, 1),
        }
        for split, shards in manifest.shards.items()
    ]
    print(pd.DataFrame(rows).to_string(index=False))
    print(f"skipped: {counted(len(manifest.skipped), 'broken input')}")
    for why, count in Counter(skipped["why"] for skipped in manifest.skipped).most_common(10):
        print(f"{count:>8}  {why}")
    for line in manifest.notes:
        print(line)
    for split, count in manifest.counts.items():
        if not count:
            print(
                f"note: the {split} split is empty; to fill it, make the set again in another folder with a larger "
                f"--{split}, or with --{split}-sequences NAME",
                file=sys.stderr,
            )
    print(f"done: {folder}; next: python -m records {folder}")


def run(command: Command) -> int:
    """Runs a command and returns its exit code."""
    if isinstance(command, Download):
        return command.run()
    if isinstance(command, (Dome, Walkers)):
        command.write()
    elif isinstance(command, Poses):
        print(f"done: {command.out} has {len(command.write().rotations)} poses")
    elif isinstance(command, (Mix, Teach)):
        print_summary(command.write(), command.out)
    else:
        print_summary(convert(command.reader, command.out, command.conversion), command.out)
    return 0


def _beam_options_as_value(arguments: list[str]) -> list[str]:
    """Marks words after `--beam-options` as its values, also if they begin with dashes, as Beam's own options do."""
    split = (word.split("=", 1) if re.match("--beam[-_]options=--", word) else [word] for word in arguments)
    words = [word for parts in split for word in parts]
    pairs = zip(["", *words], words, strict=False)
    return [
        f" {word}" if before in ("--beam-options", "--beam_options") and re.match(r"--\w+[ =]", word) else word
        for before, word in pairs
    ]


def main(arguments: list[str] | None = None) -> int:
    """The command line; returns the exit code."""
    return run_command(
        Command,
        run,
        _beam_options_as_value(sys.argv[1:] if arguments is None else arguments),
        prog="python -m data_prep",
        description=__doc__,
        stopped="stopped; run the same command again to resume",
        errors=(ValueError, OSError, ArtefactError),
        config=(tyro.conf.OmitArgPrefixes,),
    )
