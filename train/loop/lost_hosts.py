"""What a host tells when another host of its training is lost: killed, stopped or unplugged."""

from __future__ import annotations

import ctypes
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

import keras
import tensorflow as tf

from train.loop.errors import HOST_LOST, HostLost

_TENSORFLOW = (tf.errors.UnavailableError, tf.errors.AbortedError, tf.errors.CancelledError)
# An internal error may be of anything, a kernel for one.
_NETWORK = re.compile(r"collective|connection|socket|/task:|heartbeat|rpc", re.IGNORECASE)
# JAX has no kind of error for it.
_JAX = re.compile(r"gloo|nccl|coordination|heartbeat|UNAVAILABLE|DEADLINE_EXCEEDED", re.IGNORECASE)
_JAX_ABORTS = "Terminating process because the JAX distributed service"
# What the backends put before the reason.
_PLACE = re.compile(r"\{\{.*?\}\} |.*ops is aborted by: |.*Error reported from \S+: |\[\S+\.cc:\d+\] ")


@contextmanager
def told_of_lost_hosts() -> Iterator[None]:
    """Within it, what the backend raises when a host does not answer any more becomes one plain error.

    Raises:
        HostLost: in place of the backend's error.
    """
    try:
        yield
    except Exception as error:
        if not _tells_of_a_lost_host(error):
            raise
        raise HostLost(_message(_reason(error))) from error


def end_without(error: HostLost) -> NoReturn:
    """Prints the error and ends the process at once.

    As they end, the libraries would wait for the lost host once more, or abort.
    """
    sys.stdout.flush()
    print(f"error: {error}", file=sys.stderr, flush=True)
    os._exit(HOST_LOST)


def abort_in_one_line() -> None:
    """Has JAX end the process in a line of ours, and with our exit code, where it learns that a host is lost.

    It may learn so in a thread of its own, which calls no Python, but prints a stack of C++ calls and aborts.
    """
    words = _JAX_ABORTS, f"error: {_message('it does not answer')}"
    last_words = subprocess.Popen(
        [sys.executable, str(Path(__file__).with_name("last_words.py")), *words],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        start_new_session=True,  # Ctrl-C is not for it.
    )
    os.dup2(last_words.stdin.fileno(), 2)
    last_words.stdin.close()
    libc = ctypes.CDLL(None)
    # The handler's argument is the number of the signal, which so becomes the exit code.
    libc.signal(ctypes.c_int(signal.SIGABRT), ctypes.cast(libc._exit, ctypes.c_void_p))


def _message(reason: str) -> str:
    return (
        f"another host was lost, or the network to it ({reason}); its own output may say why. The same command with "
        "--resume, on every host, goes on after the last whole epoch"
    )


def _reason(error: Exception) -> str:
    """The end of what the backend says in its first line, and in the next where that is a list's beginning."""
    first, second, *_ = [*str(error).splitlines(), "", ""]
    text = _PLACE.sub("", f"{first} {second}" if first.endswith(":") else first)
    return text.strip(" :.")[:200] or type(error).__name__


def _tells_of_a_lost_host(error: Exception) -> bool:
    if keras.backend.backend() == "jax":
        # Gloo's errors come as ValueError, too.
        return _JAX.search(str(error)) is not None
    is_internal = isinstance(error, tf.errors.InternalError) and _NETWORK.search(str(error)) is not None
    return is_internal or isinstance(error, _TENSORFLOW)
