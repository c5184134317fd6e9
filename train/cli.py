"""The command line of a recipe."""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Callable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, TypeVar

from artefact.formats import MODEL_FILE
from machine.command import run_command
from records import read_manifest
from train.config import TrainConfig
from train.config_file import as_toml, read_options, with_defaults
from train.loop.errors import HostLost, NonFiniteLoss

Config = TypeVar("Config", bound=TrainConfig)
# What a run's folder may hold; not every task has images to draw.
_WRITTEN = (MODEL_FILE, "curves.png", "predictions.png")


@dataclass(frozen=True, kw_only=True)
class ConfigFile:
    """Options in files.

    Attributes:
        config: a TOML file of options, such as configs/fast.toml; those in the command line override it.
        print_config: print the options of this command as such a file, and exit.
    """

    config: Path | None = None
    print_config: bool = False


def run_recipe(
    name: str,
    config_class: type[Config],
    description: str | None,
    train: Callable[[Config], Path],
    arguments: list[str] | None,
) -> int:
    """Parses the command line of `python -m train.NAME`, trains, and returns the exit code."""
    command: Any = dataclass(frozen=True)(type(config_class.__name__, (config_class, ConfigFile), {}))

    def defaults() -> Any:
        path = _config_path(arguments)
        return with_defaults(command, {} if path is None else read_options(path, config_class, name))

    def run(parsed: Any) -> None:
        config = config_class(**{field.name: getattr(parsed, field.name) for field in fields(config_class)})
        if parsed.print_config:
            print(as_toml(config, name), end="")
            return
        try:
            folder = train(config)
        except HostLost as error:
            from train.loop.lost_hosts import exit_at_once

            exit_at_once(error)
        # `python -m evaluate` measures on the test split by default.
        split = "" if read_manifest(config.records).counts["test"] else " --split val"
        here, records = shlex.quote(str(folder)), shlex.quote(str(config.records))
        written = [one for one in _WRITTEN if (folder / one).is_file()]
        print(f"done: {folder} has {', '.join(written)} and history.csv; next:")
        print(f"  python -m evaluate {here} --records {records}{split}\n  python -m export {here}")

    return run_command(
        command,
        run,
        arguments,
        prog=f"python -m train.{name}",
        description=description,
        stopped="stopped; the same command with --resume goes on after the last whole epoch",
        errors=(ValueError, OSError, NonFiniteLoss),
        defaults=defaults,
    )


def _config_path(arguments: list[str] | None) -> Path | None:
    """The file of --config, which gives the other options their defaults, so that it is read first."""
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("--config", type=Path, nargs="?")  # tyro says so if the path is missing.
    return parser.parse_known_args(arguments)[0].config
