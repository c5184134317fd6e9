"""Times one artefact in one runtime, in a process of its own.

    python -m demo.runtimes.measure runs/resnet/export openvino --threads 1 2 --batches 1 8

Runs once with each number of threads and each batch size, then prints a line "ready". After that it answers each line
"THREADS BATCH" of the standard input with the milliseconds per image. A process of its own, because a runtime built for
another processor may crash, and because runtimes keep their threads and memory.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

import numpy as np

from demo.errors import DemoError
from demo.runtimes.pose_model import PictureModel

# Duration of a turn: so short that few turns are disturbed by other programs.
_TURN_S = 0.02


def pictures_of(model: PictureModel, batch: int) -> np.ndarray:
    """Random images to run the model on."""
    return np.random.default_rng(0).integers(0, 256, (batch, model.size, model.size, 3), np.uint8)


def turn_ms(model: PictureModel, pictures: np.ndarray) -> float:
    """Milliseconds per image: the minimum of a few runs."""
    begin_s, times_s = time.perf_counter(), list[float]()
    while not times_s or time.perf_counter() - begin_s < _TURN_S:
        start_s = time.perf_counter()
        model.run(pictures)
        times_s.append(time.perf_counter() - start_s)
    return 1e3 * min(times_s) / len(pictures)


def main() -> None:
    """Runs the command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("path", type=Path)
    parser.add_argument("runtime")
    parser.add_argument("--threads", type=int, nargs="+", required=True, help="0 leaves it to the runtime")
    parser.add_argument("--batches", type=int, nargs="+", required=True)
    arguments = parser.parse_args()
    try:
        models = {n: PictureModel(arguments.path, arguments.runtime, n or None) for n in arguments.threads}
    except DemoError as error:
        sys.exit(str(error))
    pictures = {batch: pictures_of(models[arguments.threads[0]], batch) for batch in arguments.batches}
    for model in models.values():
        model.warm_up(*arguments.batches)
    print("ready", flush=True)
    for line in sys.stdin:
        threads, batch = map(int, line.split())
        print(turn_ms(models[threads], pictures[batch]), flush=True)


if __name__ == "__main__":
    main()
