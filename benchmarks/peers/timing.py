"""Latencies of contenders for one image, timed in turns."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.peers.contender import Contender
from benchmarks.speed.latency import Worker


@dataclass(frozen=True)
class Timing:
    """What a contender took.

    Attributes:
        runtime: its name.
        ms: the median over rounds of the median over images.
        bytes: the size of its files, if its worker knows it.
    """

    runtime: str
    ms: float
    bytes: int | None = None


def time_in_turns(
    contenders: Sequence[Contender], pictures: Sequence[np.ndarray], threads: int, rounds: int, scratch: Path
) -> list[Timing]:
    """Times all contenders on a number of threads and processors, each in a process of its own.

    Args:
        contenders: C of them.
        pictures: for each uint8 RGB (N, S, S, 3) of its `timed_size`; they are taken one at a time.
        threads: of each.
        rounds: number of rounds, in which each has one turn.
        scratch: a folder for the images.

    Returns:
        One `Timing` for each.
    """
    runtimes, workers = [], []
    with ExitStack() as stack:
        for k, (contender, own) in enumerate(zip(contenders, pictures, strict=True)):
            file = scratch / f"pictures-{k}.npy"
            np.save(file, own)
            runtime, command = contender.worker(threads, file)
            workers.append(Worker([str(word) for word in command]))
            stack.callback(workers[-1].stop)
            runtimes.append(runtime)
        for _ in range(rounds):
            for worker in workers:
                worker.run()
    return [
        Timing(runtime, statistics.median(worker.ms), worker.bytes)
        for runtime, worker in zip(runtimes, workers, strict=True)
    ]
