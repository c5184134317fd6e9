"""Parts made in processes of this machine."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from concurrent.futures.process import BrokenProcessPool
from itertools import starmap

import cv2

from data_prep.conversion.record_parts import Parts
from data_prep.reader import Unit
from machine.workers import worker_pool

#: Parts that may be begun before the first unfinished one, for each worker. Shards take parts up in order, so that many
#: parts can wait for a slow one, and the disk must have room for them besides the shards.
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
    # One thread of OpenCV each, since there is a process for each core.
    with worker_pool(workers, __name__, cv2.setNumThreads, 1) as pool:
        yield from made_in_window(pool, parts, todo, workers)


def made_in_window(pool: Executor, parts: Parts, todo: list[tuple[int, Unit]], workers: int) -> Iterator[int]:
    """Keeps the pool busy with the first parts that are not made, and no others; yields their numbers.

    Raises:
        ChildProcessError: a process died.
    """
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
