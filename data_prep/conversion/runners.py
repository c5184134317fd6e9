"""Parts made in processes of this machine."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from itertools import starmap
from multiprocessing.connection import Connection

import cv2

from data_prep.conversion.record_parts import Parts
from data_prep.reader import Unit

#: Parts that may be begun before the first of them that is not made, for each worker. Shards take parts up in order, so
#: that is how many a slow one can hold up, and what the disk must have room for besides the shards.
_AHEAD = 3


def run_local(parts: Parts, todo: list[tuple[int, Unit]], workers: int) -> Iterator[int]:
    """Makes parts in processes of this machine, or in this process if one is enough.

    Args:
        parts: makes them.
        todo: the number and the unit of each, in order.
        workers: how many processes there may be.

    Yields:
        The numbers of the parts as they are finished.

    Raises:
        OSError: the disk is full, or a process died.
    """
    workers = min(workers, len(todo))
    if workers <= 1:
        yield from starmap(parts.make, todo)
        return
    methods = multiprocessing.get_all_start_methods()
    context = multiprocessing.get_context("forkserver" if "forkserver" in methods else "spawn")
    # The server imports once for all its children. A fork of this process might inherit a lock that is held.
    context.set_forkserver_preload([__name__])
    watched, held = context.Pipe(duplex=False)
    with watched, ProcessPoolExecutor(workers, context, _become_worker, (watched,)) as pool, held:
        yield from _in_window(pool, parts, todo, workers)


def _in_window(pool: Executor, parts: Parts, todo: list[tuple[int, Unit]], workers: int) -> Iterator[int]:
    """Keeps the pool busy with the first parts that are not made, and no others."""
    running: dict[Future, int] = {}
    begun = 0
    try:
        while running or begun < len(todo):
            first = min(running.values(), default=begun)
            while begun < min(len(todo), first + _AHEAD * workers):
                running[pool.submit(parts.make, *todo[begun])] = begun
                begun += 1
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                number = future.result()
                del running[future]
                yield number
    except BrokenProcessPool as error:
        names = ", ".join(todo[i][1].name for i in sorted(running.values())[:workers])
        raise ChildProcessError(
            f"a process died at {names} or soon after, for want of memory (give fewer --workers) or as the decoder "
            "crashed; the same command again goes on"
        ) from error


def _become_worker(watched: Connection) -> None:
    """Prepares a process: it is one of many, and ends without a word when its parent does or is stopped."""
    cv2.setNumThreads(1)
    # Ctrl-C reaches all processes. Were this one to die of it first, its parent would take that for a crash.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, args=(watched,), daemon=True).start()


def _end_with_parent(watched: Connection) -> None:
    """Waits for the parent to close its end of the pipe, which it also does by being killed.

    What the process is at is not waited for: parts are whole or absent.
    """
    with suppress(EOFError):
        watched.recv()
    os._exit(1)
