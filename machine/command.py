"""Runs our commands: parses arguments, prints errors in one line, handles Ctrl-C, and returns exit codes."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from importlib import metadata
from typing import Any, TypeVar

import tyro

from machine.interrupts import STOPPED, heed_ctrl_c

Options = TypeVar("Options")

_WRONG = 2
# As of a command that SIGPIPE ended.
_BROKEN_PIPE = 141
# The names for pip of packages whose import names are others.
_FOR_PIP = {"cv2": "opencv-python-headless"}
_typed: ContextVar[str | None] = ContextVar("typed", default=None)


def run_command(
    options: type[Options],
    run: Callable[[Options], int | None],
    arguments: list[str] | None,
    *,
    prog: str,
    description: str | None,
    stopped: str = "stopped",
    errors: tuple[type[Exception], ...] = (ValueError, OSError),
    defaults: Callable[[], Options] | None = None,
    **parsing: Any,
) -> int:
    """Parses a command line, runs the command and returns its exit code.

    Args:
        options: the type that tyro parses.
        run: does the work and returns the exit code; None is 0.
        arguments: the command line; None for that of the process.
        prog: the command's name in its help, if it was not started as another (`typed_as`).
        description: the help's first lines.
        stopped: printed after Ctrl-C, which makes the exit code 130.
        errors: exceptions that a user can fix, printed as one line on standard error; the exit code is their
            `exit_code`, 2 if they have none.
        defaults: makes an object whose values are the options' defaults; its errors are printed as those of `run`.
        **parsing: further arguments of `tyro.cli`.
    """
    heed_ctrl_c()
    try:
        if defaults is not None:
            parsing["default"] = defaults()
        try:
            parsed = tyro.cli(options, args=arguments, prog=_typed.get() or prog, description=description, **parsing)
        except SystemExit as end:  # After --help, or after tyro has printed an error.
            return end.code if isinstance(end.code, int) else _WRONG
        return run(parsed) or 0
    except KeyboardInterrupt:
        # On a terminal the line may hold a progress bar.
        print(f"\n{stopped}" if sys.stderr.isatty() else stopped, file=sys.stderr)
        return STOPPED
    except BrokenPipeError:
        # The reader of our output has exited, as `head` does; without this, Python prints another error at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return _BROKEN_PIPE
    except ModuleNotFoundError as error:
        return missing_package(error)
    except errors as error:
        print(f"error: {error}", file=sys.stderr)
        return getattr(error, "exit_code", _WRONG)


@contextmanager
def typed_as(prog: str) -> Iterator[None]:
    """Within it, a command's help calls the command by the name that the user typed, such as `panopose webcam`."""
    token = _typed.set(prog)
    try:
        yield
    finally:
        _typed.reset(token)


def missing_package(error: ModuleNotFoundError) -> int:
    """Prints how to install a missing package that PanoPose or one of its extras requires, and returns the exit code 2.

    Raises:
        ModuleNotFoundError: `error`, if none requires it.
    """
    module = (error.name or "").partition(".")[0]
    package = _FOR_PIP.get(module, module.replace("_", "-"))
    try:
        needed = metadata.requires("panopose") or []
    except metadata.PackageNotFoundError:
        needed = []
    line = next((line for line in needed if re.match(rf"{re.escape(package)}(?![\w.-])", line)), None)
    if line is None:
        raise error
    extra = re.search(r"extra == [\"'](\w+)", line)
    # Forced, as pip takes a package for installed whose files another one has removed.
    install = f"'panopose[{extra[1]}]'" if extra else f"--force-reinstall --no-deps {package}"
    print(
        f"error: this needs packages that are not installed, such as {package}: pip install {install}", file=sys.stderr
    )
    return _WRONG
