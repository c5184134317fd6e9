"""How our commands run: their arguments, their errors in one line, Ctrl-C, and their exit codes."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import Any, TypeVar

import tyro

from machine.interrupts import STOPPED, heed_ctrl_c

Options = TypeVar("Options")

_WRONG = 2
# As of a command that SIGPIPE ended.
_READER_LEFT = 141


def run_command(
    options: type[Options],
    run: Callable[[Options], int | None],
    arguments: list[str] | None,
    *,
    prog: str,
    description: str | None,
    stopped: str = "stopped",
    errors: tuple[type[Exception], ...] = (ValueError, OSError),
    **parsing: Any,
) -> int:
    """Parses a command line, runs the command and returns its exit code.

    Args:
        options: what tyro parses.
        run: does the work; what it returns is the exit code, None is 0.
        arguments: the command line; None is the process's own.
        prog: what the help calls the command.
        description: the help's first lines.
        stopped: printed after Ctrl-C, which makes the exit code 130.
        errors: those that a user can fix. They become one line on standard error, and exit code 2 or the error's own
            `exit_code`.
        **parsing: further arguments of `tyro.cli`.
    """
    heed_ctrl_c()
    try:
        try:
            parsed = tyro.cli(options, args=arguments, prog=prog, description=description, **parsing)
        except SystemExit as end:  # After --help, or what tyro found wrong and printed.
            return end.code if isinstance(end.code, int) else _WRONG
        return run(parsed) or 0
    except KeyboardInterrupt:
        # On a terminal the line may hold a progress bar.
        print(f"\n{stopped}" if sys.stderr.isatty() else stopped, file=sys.stderr)
        return STOPPED
    except BrokenPipeError:
        # The reader of our output has stopped, as `head` does; without this Python would print another error at its
        # end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return _READER_LEFT
    except errors as error:
        print(f"error: {error}", file=sys.stderr)
        return getattr(error, "exit_code", _WRONG)
