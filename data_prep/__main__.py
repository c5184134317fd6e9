"""Runs the command line: `python -m data_prep`."""

from __future__ import annotations

import sys


def main(arguments: list[str] | None = None) -> int:
    """The command line; returns the exit code."""
    # Workers import this module too, and need no command line.
    from data_prep.command import main as command

    return command(arguments)


if __name__ == "__main__":
    sys.exit(main())
