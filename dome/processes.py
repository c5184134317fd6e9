"""Draws dome sequences, in this process or in several."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable
from concurrent.futures import FIRST_EXCEPTION, Future, ProcessPoolExecutor, wait
from pathlib import Path

import cv2
from tqdm import tqdm

from dome.settings import SequenceSettings
from dome.write import begin, finish, is_written, write_cameras

_SECONDS_BETWEEN_LOOKS = 0.2
# Cameras that are drawn at once, for people and shadows to be found once for all of them.
_TOGETHER = 4


def write_sequences(jobs: list[tuple[Path, SequenceSettings]], workers: int, title: str) -> None:
    """Writes those sequences that are not there.

    Args:
        jobs: the folder of each, and what it depends on.
        workers: processes that draw.
        title: of the progress bar.

    Raises:
        ValueError: a sequence is there with other settings, or no motion is found for its people.
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
    """Shares out whole sequences where there are enough, else cameras, which have their people made in each."""
    # Drawing holds the interpreter's lock: processes, not threads. Not forked, because whoever calls may have
    # threads.
    context = multiprocessing.get_context("spawn")
    drawn, stop = context.Value("q", 0), context.Event()
    with ProcessPoolExecutor(workers, context, initializer=_begin_process, initargs=(drawn, stop)) as pool:
        try:
            if len(jobs) >= 2 * workers:
                _watch([pool.submit(_write_counted, *job) for job in jobs], drawn, progress)
                return
            for target, settings in jobs:
                unfinished = begin(target, settings)
                groups = _groups(settings.cameras, workers)
                _watch([pool.submit(_cameras_counted, unfinished, g, settings) for g in groups], drawn, progress)
                finish(unfinished, target)
        finally:
            stop.set()


def _write_sequence(target: Path, settings: SequenceSettings, progress: Callable[[], None]) -> None:
    unfinished = begin(target, settings)
    for group in _groups(settings.cameras, 1):
        write_cameras(unfinished, group, settings, progress)
    finish(unfinished, target)


def _begin_process(drawn: object, stop: object) -> None:
    global _drawn, _stop
    _drawn, _stop = drawn, stop
    # Ctrl-C reaches all processes; the command's own tells the others, which then end quietly.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # There is a process for each core.
    cv2.setNumThreads(1)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    # A process pool outlives a command that is killed, and would write where the command, given again, writes too.
    multiprocessing.parent_process().join()
    os._exit(1)


def _count() -> None:
    _go_on()
    with _drawn.get_lock():
        _drawn.value += 1


def _go_on() -> None:
    if _stop.is_set():
        raise InterruptedError("stopped")


def _write_counted(target: Path, settings: SequenceSettings) -> None:
    _go_on()
    _write_sequence(target, settings, _count)


def _cameras_counted(folder: Path, numbers: range, settings: SequenceSettings) -> None:
    _go_on()
    write_cameras(folder, numbers, settings, _count)


def _groups(cameras: int, workers: int) -> list[range]:
    """Cameras that are drawn together, with something to do for all workers."""
    most = min(_TOGETHER, -(-cameras // workers))
    return [range(first, min(first + most, cameras)) for first in range(0, cameras, most)]


def _watch(futures: list[Future], drawn: object, progress: tqdm) -> None:
    """Shows the processes' count until all is done; the first failure stops what has not begun."""
    waiting = set(futures)
    try:
        while waiting:
            done, waiting = wait(waiting, _SECONDS_BETWEEN_LOOKS, FIRST_EXCEPTION)
            if drawn.value > progress.n:
                progress.update(drawn.value - progress.n)
            for future in done:
                future.result()
    finally:
        for future in waiting:
            future.cancel()
