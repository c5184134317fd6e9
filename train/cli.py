"""How a recipe becomes a command."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import tyro

from train.callbacks import NonFiniteLoss
from train.config import TrainConfig

Config = TypeVar("Config", bound=TrainConfig)


def run_recipe(name: str, config_class: type[Config], description: str, train: Callable[[Config], Path]) -> None:
    """Parses the command line of `python -m train.NAME` and trains; errors a user can mend become one line."""
    try:
        run = train(tyro.cli(config_class, prog=f"python -m train.{name}", description=description))
    except KeyboardInterrupt:
        sys.exit("stopped; the same command with --resume goes on after the last whole epoch")
    except (ValueError, OSError, NonFiniteLoss) as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)
    print(f"done: {run}; next: python -m evaluate {run} --records RECORDS, python -m export {run}")
