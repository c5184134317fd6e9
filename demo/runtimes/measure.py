"""Times one artefact in one runtime, in a process of its own.

    python -m demo.runtimes.measure runs/resnet/export openvino --threads 1 2 --batches 1 8

Prints one line of JSON for each number of threads and pictures. A process of its own, because a runtime that was built
for another processor may take its process down, and because runtimes keep their threads and memory.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path

import numpy as np

from demo.errors import DemoError
from demo.runtime import PoseModel

_LEAST_RUNS, _MOST_RUNS, _MOST_S = 3, 30, 0.25


def time_ms(model: PoseModel, batch: int) -> float:
    """Milliseconds that a picture takes in batches of this size.

    The least of some runs, because other programs only ever make one slower.
    """
    pictures = np.random.default_rng(0).integers(0, 256, (batch, model.size, model.size, 3), np.uint8)
    model.predict(pictures)
    times_s: list[float] = []
    while len(times_s) < _LEAST_RUNS or (len(times_s) < _MOST_RUNS and sum(times_s) < _MOST_S):
        start_s = time.perf_counter()
        model.predict(pictures)
        times_s.append(time.perf_counter() - start_s)
    return 1e3 * min(times_s) / batch


def main() -> None:
    """Runs the command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("path", type=Path)
    parser.add_argument("runtime")
    parser.add_argument("--threads", type=int, nargs="+", required=True, help="0 leaves it to the runtime")
    parser.add_argument("--batches", type=int, nargs="+", required=True)
    arguments = parser.parse_args()
    for threads in arguments.threads:
        try:
            model = PoseModel(arguments.path, arguments.runtime, threads or None)
        except DemoError as error:
            sys.exit(str(error))
        for batch in arguments.batches:
            row = {"threads": model.threads, "batch": batch, "ms": time_ms(model, batch)}
            print(json.dumps(row), flush=True)


if __name__ == "__main__":
    main()
