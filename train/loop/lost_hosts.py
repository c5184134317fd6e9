"""Reports the loss of another host of a training (killed, stopped or unplugged) in one line."""

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
# JAX has no exception type for it.
_JAX = re.compile(r"gloo|nccl|coordination|heartbeat|UNAVAILABLE|DEADLINE_EXCEEDED", re.IGNORECASE)
_JAX_ABORTS = "Terminating process because the JAX distributed service"
# What the backends put before the reason.
_PLACE = re.compile(r"\{\{.*?\}\} |.*ops is aborted by: |.*Error reported from \S+: |\[\S+\.cc:\d+\] ")


@contextmanager
def host_lost_errors() -> Iterator[None]:
    """Context manager that turns the backend's errors about a lost host into one plain error.

    Raises:
        HostLost: in place of the backend's error.
    """
    try:
        yield
    except Exception as error:
        if not _is_lost_host(error):
            raise
        raise HostLost(_message(_reason(error))) from error


def exit_at_once(error: HostLost) -> NoReturn:
    """Prints the error and ends the process at once.

    On a normal exit the libraries would wait for the lost host once more, or abort.
    """
    sys.stdout.flush()
    print(f"error: {error}", file=sys.stderr, flush=True)
    os._exit(HOST_LOST)


def shorten_jax_abort() -> None:
    """Makes JAX end the process with one line of ours and our exit code when a host is lost.

    JAX may notice in a thread of its own, which calls no Python but prints a C++ stack and aborts.
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
    # The handler's argument, the signal's number, becomes the exit code.
    libc.signal(ctypes.c_int(signal.SIGABRT), ctypes.cast(libc._exit, ctypes.c_void_p))


def _message(reason: str) -> str:
    return (
        f"another host was lost, or the network to it ({reason}); its own output may say why. The same command with "
        "--resume, on every host, goes on after the last whole epoch"
    )


def _reason(error: Exception) -> str:
    """The end of the first line of the backend's message, with the next line if the first ends in a colon."""
    first, second, *_ = [*str(error).splitlines(), "", ""]
    text = _PLACE.sub("", f"{first} {second}" if first.endswith(":") else first)
    return text.strip(" :.")[:200] or type(error).__name__


def _is_lost_host(error: Exception) -> bool:
    if keras.backend.backend() == "jax":
        # Gloo raises ValueError, too.
        return _JAX.search(str(error)) is not None
    is_internal = isinstance(error, tf.errors.InternalError) and _NETWORK.search(str(error)) is not None
    return is_internal or isinstance(error, _TENSORFLOW)
