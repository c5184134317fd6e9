"""Whether the webcam demo survives a bad camera for a long time: memory, threads, open files, delays.

    python -m benchmarks.soak CLIP [CLIP ...] --model runs/mine/export
    python -m benchmarks.soak CLIP --model runs/mine/export --seconds 30 --starts 5

Runs the whole demo, with a window that nobody sees, on a camera that drops frames, changes its size and is plugged out
and in; then starts and stops it again and again, each time with its model, window and outputs. Prints what happened;
exit code 1 if memory grew, a thread or a file stayed, or the camera was not taken up again. Ten minutes and 100 starts
unless told otherwise.
"""

from __future__ import annotations

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

from benchmarks.restless_camera import RestlessCamera, read_clip
from demo.webcam import Options, run

_MB = 1e6
_SAMPLE_S = 0.25
_FRAMES_A_START = 8
_UNPLUG_EVERY_S = 30.0
_NEVER_S = 1e9


@dataclass(frozen=True)
class Soak:
    """Runs the demo on a bad camera.

    Attributes:
        clips: what the camera shows.
        model: an exported model.
        seconds: of the long run.
        starts: of the demo, afterwards.
        people: the most to follow.
        seed: of what happens when.
        growth_mb: how much memory may grow from the second quarter of a run to the last.
    """

    clips: Annotated[list[Path], tyro.conf.Positional]
    model: Path
    seconds: float = 600.0
    starts: int = 100
    people: int = 2
    seed: int = 0
    growth_mb: float = 20.0

    def __post_init__(self) -> None:
        """Checks the values."""
        if not self.clips or self.seconds <= 0 or self.starts < 0:
            raise ValueError(
                "needs a clip or more, seconds above 0 and starts of 0 or more, got "
                f"{len(self.clips)} clips, {self.seconds} and {self.starts}"
            )


class Memory(threading.Thread):
    """Samples this process's resident memory until it is told to stop."""

    def __init__(self) -> None:
        """Has sampled nothing yet."""
        super().__init__(name="memory", daemon=True)
        self.samples_mb: list[float] = []
        self.done = threading.Event()

    def run(self) -> None:
        """Samples."""
        process = psutil.Process()
        while not self.done.wait(_SAMPLE_S):
            self.samples_mb.append(process.memory_info().rss / _MB)

    def quarters_mb(self) -> list[float]:
        """The median of each quarter of the samples."""
        return [float(np.median(part)) for part in np.array_split(self.samples_mb, 4) if len(part)]


@contextmanager
def watched(what: str, limit_mb: float, faults: list[str]) -> Iterator[None]:
    """Prints what a run did to memory, threads and open files, and notes what it should not have done."""
    process, memory = psutil.Process(), Memory()
    threads_before = {thread.ident for thread in threading.enumerate()}
    files_before = process.num_fds()
    memory.start()
    yield
    memory.done.set()
    memory.join()
    left = [thread.name for thread in threading.enumerate() if thread.ident not in threads_before]
    files = process.num_fds() - files_before
    quarters = memory.quarters_mb()
    growth = quarters[-1] - quarters[1] if len(quarters) == 4 else 0.0
    print(f"{what}: memory by quarters {', '.join(f'{quarter:.1f}' for quarter in quarters)} MB; ", end="")
    print(f"threads left: {', '.join(left) or 'none'}; open files {files:+d}", flush=True)
    if growth > limit_mb:
        faults.append(f"{what}: memory grew by {growth:.1f} MB, more than {limit_mb} MB")
    if left:
        faults.append(f"{what}: threads stayed: {', '.join(left)}")


def long_run(soak: Soak, camera: RestlessCamera, folder: Path, faults: list[str]) -> None:
    """Runs the demo once, and stops it as a service is stopped."""
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


def start_often(soak: Soak, camera: RestlessCamera, folder: Path) -> None:
    """Starts and stops the demo, with all its outputs."""
    for k in range(soak.starts):
        output, lines = folder / f"{k}.mp4", folder / f"{k}.jsonl"
        options = Options(
            source="0", model=soak.model, people=soak.people, output=output, jsonl=lines, max_frames=_FRAMES_A_START
        )
        run(options, camera.open)
        output.unlink()
        lines.unlink()


def main(soak: Soak) -> int:
    """Runs the soak and returns its exit code."""
    os.environ.setdefault("SDL_VIDEODRIVER", "dummy")
    clips = [picture for path in soak.clips for picture in read_clip(path)]
    faults: list[str] = []
    begin_s = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        bad = RestlessCamera(clips, soak.seed, unplug_every_s=min(_UNPLUG_EVERY_S, soak.seconds / 2))
        with watched(f"{soak.seconds:.0f} s", soak.growth_mb, faults):
            long_run(soak, bad, Path(folder), faults)
        # Of one size: larger frames take more memory, which would look like growth.
        good = RestlessCamera(clips, soak.seed, unplug_every_s=_NEVER_S, resize_every_s=_NEVER_S)
        with watched(f"{soak.starts} starts", soak.growth_mb, faults):
            start_often(soak, good, Path(folder))
    faults += [f"{camera.handles} handles of the camera stayed open" for camera in (bad, good) if camera.handles > 0]
    print(f"{time.perf_counter() - begin_s:.0f} s in all; " + ("no fault" if not faults else "\n".join(faults)))
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(tyro.cli(Soak, prog="python -m benchmarks.soak", description=__doc__)))
