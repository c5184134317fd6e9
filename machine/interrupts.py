"""Handling of Ctrl-C, during a command's imports and after them."""

from __future__ import annotations

import os
import signal
import sys
import threading

#: The exit code after Ctrl-C, as in shells.
STOPPED = 130


def end_quietly_while_importing(package: str, program: str | None = None) -> None:
    """Makes Ctrl-C end the process silently; call it first in a package with commands.

    Imports take seconds, and before `heed_ctrl_c` there is nothing to clean up.

    Args:
        package: its name. Nothing changes where another program imports it.
        program: prefix of the names of the package's installed programs.
    """
    words = sys.orig_argv
    module = words[words.index("-m") + 1] if "-m" in words[:-1] else ""
    # While Python imports the package of a command, sys.argv[0] is "-m".
    begins_here = sys.argv[:1] == ["-m"] and module.split(".")[0] == package
    installed = program is not None and os.path.basename("".join(sys.argv[:1])).startswith(program)
    if (begins_here or installed) and not _ignored():
        signal.signal(signal.SIGINT, lambda *_: os._exit(STOPPED))


def heed_ctrl_c() -> None:
    """Makes Ctrl-C raise KeyboardInterrupt from here on.

    A command that was started with SIGINT ignored, as by `&` in a script, keeps ignoring it.
    """
    if not _ignored() and threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, signal.default_int_handler)


def _ignored() -> bool:
    return signal.getsignal(signal.SIGINT) is signal.SIG_IGN
