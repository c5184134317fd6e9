"""A pool of local worker processes that end with their parent."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection
from multiprocessing.context import BaseContext
from multiprocessing.sharedctypes import Synchronized
from typing import Any


@contextmanager
def worker_pool(
    workers: int, module: str, prepare: Callable[..., object], *arguments: object
) -> Iterator[ProcessPoolExecutor]:
    """A pool whose workers end with the block, or when this process is stopped or killed.

    Workers are ended in the middle of their tasks, so they must write files atomically. They ignore Ctrl-C; this
    process handles it. Workers import the calling script; guard its code with `if __name__ == "__main__":`.

    Args:
        workers: how many processes.
        module: a module that the workers need; imported once for all of them where the system can fork.
        prepare: called in each process before its first task.
        *arguments: of `prepare`, such as a `shared_counter`.

    Raises:
        ChildProcessError: a worker died, by a crash or out of memory.
    """
    context = _context()
    context.set_forkserver_preload([module])
    watched, held = context.Pipe(duplex=False)
    initial = (watched, prepare, arguments)
    try:
        # `held` is closed first: the processes then end, and the pool need not wait for their tasks.
        with watched, ProcessPoolExecutor(workers, context, _become_worker, initial) as pool, held:
            yield pool
    except BrokenProcessPool as error:
        raise ChildProcessError(
            "a process died, out of memory (give fewer --workers) or by a crash; run the same command again to resume"
        ) from error


def shared_counter() -> Synchronized[int]:
    """A counter, 0 at first, that the processes of a pool share through `prepare`."""
    return _context().Value("q", 0)


def _context() -> Any:
    # A fork of this process might inherit a lock that another of its threads holds.
    methods = multiprocessing.get_all_start_methods()
    context: BaseContext = multiprocessing.get_context("forkserver" if "forkserver" in methods else "spawn")
    return context


def _become_worker(watched: Connection, prepare: Callable[..., object], arguments: tuple[object, ...]) -> None:
    # If a worker died of Ctrl-C before its parent, the parent would report a crash.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, args=(watched,), daemon=True).start()
    prepare(*arguments)


def _end_with_parent(watched: Connection) -> None:
    """Waits for the parent to close its end of the pipe, which happens also when it is killed."""
    with suppress(EOFError):
        watched.recv()
    os._exit(1)
