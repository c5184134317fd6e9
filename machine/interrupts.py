"""Handling of Ctrl-C, during a command's imports and after them, and of output that nobody reads."""

from __future__ import annotations

import os
import signal
import sys
import threading

#: The exit code after Ctrl-C, as in shells.
STOPPED = 130
# As of a command that SIGPIPE ended.
_BROKEN_PIPE = 141


def end_quietly_while_importing(package: str) -> None:
    """Calls `end_quietly` if this package's command is starting; call it first in a package with commands.

    Args:
        package: its name. Nothing changes where another program imports it.
    """
    words = sys.orig_argv
    module = words[words.index("-m") + 1] if "-m" in words[:-1] else ""
    # While Python imports the package of a command, sys.argv[0] is "-m".
    if sys.argv[:1] == ["-m"] and f"{module}.".startswith(f"{package}."):
        end_quietly()


def end_quietly() -> None:
    """Makes Ctrl-C end the process silently until `heed_ctrl_c`.

    A command's imports take seconds, and before they are done there is nothing to clean up.
    """
    if not _ignored():
        signal.signal(signal.SIGINT, lambda *_: os._exit(STOPPED))


def heed_ctrl_c() -> None:
    """Makes Ctrl-C raise KeyboardInterrupt from here on.

    A command that was started with SIGINT ignored, as by `&` in a script, keeps ignoring it.
    """
    if not _ignored() and threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, signal.default_int_handler)


def nobody_reads() -> int:
    """Returns the exit code after BrokenPipeError: the reader of our output has exited, as `head` does.

    Without this, Python prints another error at exit.
    """
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return _BROKEN_PIPE


def _ignored() -> bool:
    return signal.getsignal(signal.SIGINT) is signal.SIG_IGN
