"""The command that writes dome sequences."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable
from concurrent.futures import FIRST_EXCEPTION, Future, ProcessPoolExecutor, wait
from dataclasses import dataclass, field
from pathlib import Path

import cv2
from tqdm import tqdm

from data_prep.dome.settings import SequenceSettings
from data_prep.dome.write import begin, finish, is_written, write_cameras

_SECONDS_BETWEEN_LOOKS = 0.2
# Cameras that are drawn at once, for people and shadows to be found once for all of them.
_TOGETHER = 4


@dataclass(frozen=True)
class Dome:
    """Writes synthetic sequences of people in a dome of cameras, laid out as CMU Panoptic Studio's are.

    Beside them lies what a studio cannot know: which joints are hidden, depth, body parts, shapes and poses. A run
    that was stopped goes on with the cameras that are not finished; finished sequences are left as they are.

    Attributes:
        out: folder for the sequences dome_000, dome_001, ...; made if need be.
        sequences: how many.
        frames: in each sequence.
        cameras: HD cameras in each sequence, at most 31.
        people: in each sequence, a number or a range such as 1-4, at most 7.
        height: of the pictures in px, even.
        width: of the pictures in px, even.
        fps: frames a second of the motion and of the videos.
        seed: number of the first sequence; each sequence's seed is its number.
        poses: groups of poses to make the motions of: upright, low, lying, flying; all if none is given.
        places: kinds of place to draw: studio, room, hall, park, field, street, plain, chaos; all if none is given.
        motion: a folder of BVH motion capture to move the people by, instead of the dome's own motions.
        photographs: a folder of photographs to put behind the people instead of drawn places.
        calibration: a Panoptic calibration file whose HD cameras to use, instead of random ones.
        maps: write pictures of depth and of body parts, about 0.5 MB for each view at 1920 x 1080.
        workers: processes that draw; the result does not depend on it.
    """

    out: Path
    sequences: int = 1
    frames: int = 30
    cameras: int = 8
    people: str = "1-4"
    height: int = 1080
    width: int = 1920
    fps: float = 30.0
    seed: int = 0
    poses: tuple[str, ...] = ()
    places: tuple[str, ...] = ()
    motion: Path | None = None
    photographs: Path | None = None
    calibration: Path | None = None
    maps: bool = True
    workers: int = field(default_factory=lambda: os.cpu_count() or 1)

    def __post_init__(self) -> None:
        """Checks the ranges."""
        if self.sequences < 1:
            raise ValueError(f"sequences must be 1 or more, got {self.sequences}")
        if self.workers < 1:
            raise ValueError(f"workers must be 1 or more, got {self.workers}")
        self._settings(self.seed)

    def write(self) -> list[Path]:
        """Writes the sequences.

        Returns:
            The folders of all of them, those that were there included.

        Raises:
            ValueError: a sequence is there with other settings, or no motion is found for its people.
            OSError: a sequence cannot be written.
        """
        jobs = [(self.out / f"dome_{number:03d}", self._settings(number)) for number in self._numbers()]
        missing = [job for job in jobs if not is_written(*job)]
        total = len(missing) * self.cameras * self.frames
        with tqdm(total=total, unit="view", desc=str(self.out), smoothing=0.05) as progress:
            if self.workers == 1:
                for target, settings in missing:
                    _write_sequence(target, settings, progress.update)
            else:
                self._write_in_processes(missing, progress)
        return [target for target, _ in jobs]

    def _numbers(self) -> range:
        return range(self.seed, self.seed + self.sequences)

    def _settings(self, seed: int) -> SequenceSettings:
        return SequenceSettings(
            seed=seed,
            frames=self.frames,
            cameras=self.cameras,
            people=_people_range(self.people),
            height=self.height,
            width=self.width,
            fps=self.fps,
            poses=self.poses,
            places=self.places,
            motion=self.motion,
            photographs=self.photographs,
            calibration=self.calibration,
            maps=self.maps,
        )

    def _write_in_processes(self, jobs: list[tuple[Path, SequenceSettings]], progress: tqdm) -> None:
        """Shares out whole sequences where there are enough, else cameras, which have their people made in each."""
        # Drawing holds the interpreter's lock: processes, not threads. Not forked, because whoever calls may have
        # threads.
        context = multiprocessing.get_context("spawn")
        drawn, stop = context.Value("q", 0), context.Event()
        with ProcessPoolExecutor(self.workers, context, initializer=_begin_process, initargs=(drawn, stop)) as pool:
            try:
                if len(jobs) >= 2 * self.workers:
                    _watch([pool.submit(_write_counted, *job) for job in jobs], drawn, progress)
                    return
                for target, settings in jobs:
                    unfinished = begin(target, settings)
                    groups = _groups(settings.cameras, self.workers)
                    _watch([pool.submit(_cameras_counted, unfinished, g, settings) for g in groups], drawn, progress)
                    finish(unfinished, target)
            finally:
                stop.set()


def _people_range(text: str) -> tuple[int, int]:
    fewest, _, most = text.partition("-")
    if not fewest.isdecimal() or (most and not most.isdecimal()) or text.endswith("-"):
        raise ValueError(f"people must be a number or a range such as 1-4, got {text!r}")
    return int(fewest), int(most or fewest)


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


def write_dome(folder: Path, *, sequences: int = 1, **settings: object) -> list[Path]:
    """Writes several sequences.

    Args:
        folder: where they go.
        sequences: how many.
        **settings: other fields of `Dome`.

    Returns:
        The folders of all of them, those that were there included.
    """
    return Dome(Path(folder), sequences=sequences, **settings).write()
