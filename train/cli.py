"""The command line of a recipe."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from machine.command import run_command
from records import read_manifest
from train.config import TrainConfig
from train.loop.errors import HostLost, NonFiniteLoss

Config = TypeVar("Config", bound=TrainConfig)


def run_recipe(
    name: str,
    config_class: type[Config],
    description: str | None,
    train: Callable[[Config], Path],
    arguments: list[str] | None,
) -> int:
    """Parses the command line of `python -m train.NAME`, trains, and returns the exit code."""

    def run(config: Config) -> None:
        try:
            folder = train(config)
        except HostLost as error:
            from train.loop.lost_hosts import exit_at_once

            exit_at_once(error)
        # `python -m evaluate` measures on the test split by default.
        split = "" if read_manifest(config.records).counts["test"] else " --split val"
        here, records = shlex.quote(str(folder)), shlex.quote(str(config.records))
        print(f"done: {folder} has best.keras, curves.png, predictions.png and history.csv; next:")
        print(f"  python -m evaluate {here} --records {records}{split}\n  python -m export {here}")

    return run_command(
        config_class,
        run,
        arguments,
        prog=f"python -m train.{name}",
        description=description,
        stopped="stopped; the same command with --resume goes on after the last whole epoch",
        errors=(ValueError, OSError, NonFiniteLoss),
    )
