"""Searches for a net of blocks that is as fast as you say in the runtime you say (ProxylessNAS, arXiv 1812.00332).

python -m export.latency --out runs/latency
python -m train.search --records data/lspet --table runs/latency/latency.json --limit-ms 3 --movenet package
"""

from __future__ import annotations

import sys
from pathlib import Path

from machine.quiet import check_backend, import_tensorflow
from records import read_manifest, shard_paths, steps_per_epoch
from train.cli import run_recipe
from train.loop.run_folder import check_run, folder_of
from train.searching.options import SearchConfig


def train_search(config: SearchConfig) -> Path:
    """Searches and returns the run folder, whose best.keras has the weights of the search.

    Raises:
        ValueError: the records or the table are missing or do not fit one another, no net keeps the limit, the run
            folder is taken, or the run to resume has other options.
        NonFiniteLoss: the loss became NaN or infinite.
    """
    check_backend(to_train=True)
    manifest = read_manifest(config.records, "people")
    for split in ("train", "val"):
        shard_paths(config.records, split)
        steps_per_epoch(config.records, split, config.batch_size)
    name = "search"
    run = folder_of(config, name)
    check_run(run, config)
    import_tensorflow()
    from models.latency_table import read_latency_table
    from records.damage import named_damage
    from train.searching.loop import search

    table = read_latency_table(config.table)
    measured = {
        "input size": (table.input_size, config.size_of(manifest)),
        "number of joints": (table.num_joints, manifest.skeleton.num_joints),
        "head": (table.head, config.head),
        "neck": (table.neck, config.neck),
    }
    for what, (theirs, ours) in measured.items():
        if theirs != ours:
            raise ValueError(f"{config.table} was measured with another {what}, {theirs}, than {ours}; measure again")
    if config.way not in table.ms:
        raise ValueError(f"{config.table} has {'; '.join(table.ms)}, but not {config.way}; measure it, or take one")
    with named_damage(config.records, "train", "val"):
        search(config, manifest, table, run, name)
    return run


def main(arguments: list[str] | None = None) -> int:
    """The command line; returns the exit code."""
    return run_recipe("search", SearchConfig, __doc__, train_search, arguments)


if __name__ == "__main__":
    sys.exit(main())
