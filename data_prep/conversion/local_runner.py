"""Makes parts in processes of this machine."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from concurrent.futures.process import BrokenProcessPool
from itertools import starmap

import cv2

from data_prep.conversion.record_parts import Parts
from data_prep.reader import Unit
from machine.workers import worker_pool

#: How many parts may be in flight ahead of the oldest unfinished one, per worker. Parts are copied into shards in
#: order, so all that wait for a slow one take up disk space.
_AHEAD = 3


def run_local(parts: Parts, todo: list[tuple[int, Unit]], workers: int) -> Iterator[int]:
    """Makes parts in worker processes, or in this process if one is enough.

    Args:
        parts: makes one part.
        todo: the number and the unit of each part, in order.
        workers: the most processes.

    Yields:
        The numbers of finished parts.

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
    """Makes parts in order, with a bounded number in flight; yields the numbers of finished ones.

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
            f"a process died at {names} or soon after, out of memory (give fewer --workers) or by a crash of the "
            "decoder; run the same command again to resume"
        ) from error
