"""A long run of the webcam demo with a faulty camera: memory, threads, open files, delays.

    python -m benchmarks.demo.soak CLIP [CLIP ...] --model runs/mine/export
    python -m benchmarks.demo.soak CLIP --model runs/mine/export --seconds 30 --starts 20

Runs the whole demo, with an invisible window, on a camera that drops frames, changes its size and is unplugged; then
starts and stops it repeatedly, each time with its model, window and outputs. Exit code 1 if memory grew, a thread or a
file stayed open, or the camera was not opened again. Ten minutes and 100 starts by default.

The memory in use is counted: resident memory, minus what the C library holds free (see `memory_mb`). Free memory is no
leak: each start begins new threads, glibc assigns a thread any of its arenas, and an arena keeps what was freed in it.
So over 80 starts with ONNX Runtime the resident memory rose by 122 MB, and what malloc had handed out by 0.1 MB; over
200 starts with LiteRT in a single arena (MALLOC_ARENA_MAX=1), trimmed, the resident memory rose by 1 MB. Growth is
counted from a part's second quarter to its last, by the lowest tenth of each quarter, since the memory of the long run
rises and falls with the size of the images.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import psutil
import tyro

from benchmarks.demo.restless_camera import RestlessCamera, read_clip
from demo.webcam import Options, run

_MB = 1e6
_SAMPLE_S = 0.25
_LOWEST_SHARE = 0.1
_SETTLE_S = 2.0
_FRAMES_A_START = 8
_UNPLUG_EVERY_S, _RESIZE_EVERY_S = 30.0, 7.0
# Frequent enough that each quarter has the smallest size.
_LEAST_SIZES = 40
_NEVER_S = 1e9
# The fewest for four quarters.
_LEAST_S, _LEAST_STARTS = 2.0, 4


@dataclass(frozen=True)
class Soak:
    """Runs the demo on a faulty camera.

    Attributes:
        clips: videos that the camera plays.
        model: an exported model.
        seconds: duration of the long run.
        starts: number of starts afterwards.
        people: the most people to track.
        seed: random seed of the random faults.
        growth_mb: how much the memory in use may grow from the second quarter of a part to the last.
    """

    clips: Annotated[list[Path], tyro.conf.Positional]
    model: Path
    seconds: float = 600.0
    starts: int = 100
    people: int = 2
    seed: int = 0
    growth_mb: float = 5.0

    def __post_init__(self) -> None:
        if not self.clips or self.seconds < _LEAST_S or 0 < self.starts < _LEAST_STARTS or self.starts < 0:
            raise ValueError(
                f"needs a clip or more, {_LEAST_S:.0f} seconds or more, and {_LEAST_STARTS} starts or more or 0, got "
                f"{len(self.clips)} clips, {self.seconds} s and {self.starts} starts"
            )


class _MallInfo(ctypes.Structure):
    """What glibc's mallinfo2(3) returns: bytes, of all arenas together."""

    _fields_ = [
        (name, ctypes.c_size_t)
        for name in "arena ordblks smblks hblks hblkhd usmblks fsmblks uordblks fordblks keepcost".split()
    ]


def _held_free_bytes() -> int:
    """The bytes that glibc holds free; 0 with other C libraries, and before glibc 2.33."""
    mallinfo2 = getattr(ctypes.CDLL(None), "mallinfo2", None) if sys.platform == "linux" else None
    if mallinfo2 is None:
        return 0
    mallinfo2.restype = _MallInfo
    return mallinfo2().fordblks


def memory_mb() -> tuple[float, float]:
    """This process's memory in MB: in use, and resident, which includes what the C library holds free."""
    resident = psutil.Process().memory_info().rss
    return (resident - _held_free_bytes()) / _MB, resident / _MB


class Memory:
    """Samples of this process's memory."""

    def __init__(self) -> None:
        self._samples_mb: list[tuple[float, float]] = []

    def sample(self) -> None:
        """Takes one."""
        self._samples_mb.append(memory_mb())

    @contextmanager
    def sampled_by_time(self) -> Iterator[None]:
        """Takes many, in a thread."""
        done = threading.Event()

        def run() -> None:
            while not done.wait(_SAMPLE_S):
                self.sample()

        thread = threading.Thread(target=run, name="memory", daemon=True)
        thread.start()
        try:
            yield
        finally:
            done.set()
            thread.join()

    def quarters_mb(self) -> np.ndarray:
        """The lowest tenth of each quarter of the samples, (4, 2): in use, and resident."""
        parts = np.array_split(np.array(self._samples_mb), 4)
        return np.array([np.quantile(part, _LOWEST_SHARE, axis=0) for part in parts])


@contextmanager
def watched(what: str, limit_mb: float, faults: list[str]) -> Iterator[Memory]:
    """Context manager that prints a part's memory, threads and open files, and notes those that stayed."""
    process, memory = psutil.Process(), Memory()
    before = {thread.ident for thread in threading.enumerate()}
    files, threads = process.num_fds(), process.num_threads()
    yield memory
    left = [thread.name for thread in threading.enumerate() if thread.ident not in before]
    # Includes the threads of the runtimes and of OpenCV. One that has just ended may still be counted.
    end_s = time.perf_counter() + _SETTLE_S
    while process.num_threads() > threads and time.perf_counter() < end_s:
        time.sleep(_SAMPLE_S)
    threads = process.num_threads() - threads
    quarters = memory.quarters_mb()
    for column, kind in enumerate(("in use", "resident")):
        print(f"{what}: memory {kind} by quarters {', '.join(f'{mb:.1f}' for mb in quarters[:, column])} MB")
    print(f"{what}: threads {threads:+d}, open files {process.num_fds() - files:+d}", flush=True)
    growth = quarters[3, 0] - quarters[1, 0]
    if growth > limit_mb:
        faults.append(f"{what}: memory in use grew by {growth:.1f} MB, more than {limit_mb} MB")
    if left or threads > 0:
        faults.append(f"{what}: {threads} threads stayed, of ours {', '.join(left) or 'none'}")
    if process.num_fds() > files:
        faults.append(f"{what}: {process.num_fds() - files} files stayed open")


def long_run(soak: Soak, camera: RestlessCamera, folder: Path, faults: list[str]) -> None:
    """Runs the demo once, and stops it by SIGTERM, as a service manager does."""
    lines = folder / "people.jsonl"
    options = Options(source="0", model=soak.model, people=soak.people, jsonl=lines)
    stop = threading.Timer(soak.seconds, os.kill, (os.getpid(), signal.SIGTERM))
    stop.start()
    run(options, camera.open)
    stop.join()
    print(f"camera: {camera.dropped} frames dropped, {camera.resized} sizes, {camera.unplugged} times unplugged")
    times_s = [float(line.split('"time_s":')[1].split(",")[0]) for line in lines.read_text().splitlines()]
    gaps = sum(gap > camera.away_s for gap in np.diff(times_s))
    if gaps < camera.unplugged - camera.away:
        faults.append(f"the camera was unplugged {camera.unplugged} times, and taken up again {gaps} times")


def start_often(soak: Soak, camera: RestlessCamera, folder: Path, starts: int, memory: Memory) -> None:
    """Starts and stops the demo, with all its outputs; samples the memory after each."""
    for k in range(starts):
        output, lines = folder / f"{k}.mp4", folder / f"{k}.jsonl"
        options = Options(
            source="0", model=soak.model, people=soak.people, output=output, jsonl=lines, max_frames=_FRAMES_A_START
        )
        run(options, camera.open)
        output.unlink()
        lines.unlink()
        memory.sample()


def main(soak: Soak) -> int:
    """Runs the soak and returns its exit code."""
    os.environ.setdefault("SDL_VIDEODRIVER", "dummy")
    clips = [picture for path in soak.clips for picture in read_clip(path)]
    faults: list[str] = []
    begin_s = time.perf_counter()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        # All of one size: larger frames take more memory, which would look like growth.
        good = RestlessCamera(clips, soak.seed, unplug_every_s=_NEVER_S, resize_every_s=_NEVER_S)
        # The first start loads libraries, whose threads stay.
        start_often(soak, good, folder, 1, Memory())
        bad = RestlessCamera(
            clips,
            soak.seed,
            unplug_every_s=min(_UNPLUG_EVERY_S, soak.seconds / 2),
            resize_every_s=min(_RESIZE_EVERY_S, soak.seconds / _LEAST_SIZES),
        )
        with watched(f"{soak.seconds:.0f} s", soak.growth_mb, faults) as memory, memory.sampled_by_time():
            long_run(soak, bad, folder, faults)
        if soak.starts:
            with watched(f"{soak.starts} starts", soak.growth_mb, faults) as memory:
                start_often(soak, good, folder, soak.starts, memory)
    faults += [f"{camera.handles} handles of the camera stayed open" for camera in (bad, good) if camera.handles > 0]
    print(f"{time.perf_counter() - begin_s:.0f} s in all; " + ("no fault" if not faults else "\n".join(faults)))
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(tyro.cli(Soak, prog="python -m benchmarks.demo.soak", description=__doc__)))
