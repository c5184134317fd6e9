"""Draws dome sequences, in this process or in several."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import FIRST_EXCEPTION, Future, wait
from multiprocessing.sharedctypes import Synchronized
from pathlib import Path

import cv2
from tqdm import tqdm

from dome.settings import SequenceSettings
from dome.write import begin, finish, is_written, write_cameras
from machine.workers import shared_counter, worker_pool

_POLL_S = 0.2
# Cameras drawn together, which share the computation of people and shadows.
_TOGETHER = 4


def write_sequences(jobs: list[tuple[Path, SequenceSettings]], workers: int, title: str) -> None:
    """Writes the missing sequences.

    Args:
        jobs: the folder and the settings of each.
        workers: processes that draw.
        title: of the progress bar.

    Raises:
        ValueError: a sequence exists with other settings, or no motion is found for its people.
        OSError: a sequence cannot be written.
    """
    missing = [job for job in jobs if not is_written(*job)]
    total = sum(settings.cameras * settings.frames for _, settings in missing)
    with tqdm(total=total, unit="view", desc=title, smoothing=0.05, disable=None) as progress:
        if workers == 1:
            for target, settings in missing:
                _write_sequence(target, settings, progress.update)
        else:
            _write_in_processes(missing, workers, progress)


def _write_in_processes(jobs: list[tuple[Path, SequenceSettings]], workers: int, progress: tqdm) -> None:
    """Distributes whole sequences if there are enough, else cameras; each process then makes the people again."""
    # Processes rather than threads, since drawing holds the interpreter's lock.
    drawn = shared_counter()
    with worker_pool(workers, __name__, _begin_process, drawn) as pool:
        if len(jobs) >= 2 * workers:
            _watch([pool.submit(_write_sequence, *job, _count) for job in jobs], drawn, progress)
            return
        for target, settings in jobs:
            unfinished = begin(target, settings)
            groups = _groups(settings.cameras, workers)
            futures = [pool.submit(write_cameras, unfinished, group, settings, _count) for group in groups]
            _watch(futures, drawn, progress)
            finish(unfinished, target)


def _write_sequence(target: Path, settings: SequenceSettings, progress: Callable[[], None]) -> None:
    unfinished = begin(target, settings)
    for group in _groups(settings.cameras, 1):
        write_cameras(unfinished, group, settings, progress)
    finish(unfinished, target)


_drawn: Synchronized[int] | None = None


def _begin_process(drawn: Synchronized[int]) -> None:
    global _drawn
    _drawn = drawn
    # One thread each, since there is a process for each core.
    cv2.setNumThreads(1)


def _count() -> None:
    with _drawn.get_lock():
        _drawn.value += 1


def _groups(cameras: int, workers: int) -> list[range]:
    """Groups of cameras to draw together, enough of them for all workers."""
    most = min(_TOGETHER, -(-cameras // workers))
    return [range(first, min(first + most, cameras)) for first in range(0, cameras, most)]


def _watch(futures: list[Future], drawn: Synchronized[int], progress: tqdm) -> None:
    """Shows the processes' progress until all are done, or raises the first error."""
    waiting = set(futures)
    while waiting:
        done, waiting = wait(waiting, _POLL_S, FIRST_EXCEPTION)
        if drawn.value > progress.n:
            progress.update(drawn.value - progress.n)
        for future in done:
            future.result()
