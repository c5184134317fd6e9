"""Ctrl-C while a command imports what it needs, and from then on."""

from __future__ import annotations

import os
import signal
import sys
import threading

#: The exit code of a command that Ctrl-C stopped, as the shell has it.
STOPPED = 130


def end_quietly_while_importing(package: str, program: str | None = None) -> None:
    """Makes Ctrl-C end the process silently; to be called first in a package with commands.

    Imports take seconds, and before `heed_ctrl_c` there is nothing to clean up.

    Args:
        package: its name. Where another program imports it, nothing is changed.
        program: the beginning of the names of installed programs that begin with the package.
    """
    words = sys.orig_argv
    module = words[words.index("-m") + 1] if "-m" in words[:-1] else ""
    # A program's name is "-m" while Python imports the package of a command.
    begins_here = sys.argv[:1] == ["-m"] and module.split(".")[0] == package
    installed = program is not None and os.path.basename("".join(sys.argv[:1])).startswith(program)
    if (begins_here or installed) and not _ignored():
        signal.signal(signal.SIGINT, lambda *_: os._exit(STOPPED))


def heed_ctrl_c() -> None:
    """Makes Ctrl-C raise KeyboardInterrupt from here on.

    A command that was started to ignore it, as by `&` in a script, goes on ignoring it.
    """
    if not _ignored() and threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, signal.default_int_handler)


def _ignored() -> bool:
    return signal.getsignal(signal.SIGINT) is signal.SIG_IGN
