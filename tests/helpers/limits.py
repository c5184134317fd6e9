"""Limits of time and memory."""

import resource
import signal
from contextlib import contextmanager


class OutOfTimeError(Exception):
    """Not `TimeoutError`, an `OSError` that parsers may catch."""


@contextmanager
def seconds(limit):
    """Raises `OutOfTimeError` in a block that takes longer."""

    def end(*_):
        raise OutOfTimeError(f"not done after {limit} seconds")

    before = signal.signal(signal.SIGALRM, end)
    signal.setitimer(signal.ITIMER_REAL, limit)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@contextmanager
def megabytes(limit):
    """Raises `MemoryError` in a block that allocates more."""
    before = resource.getrlimit(resource.RLIMIT_AS)
    with open("/proc/self/statm") as file:
        used = int(file.read().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + (limit << 20), before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)
