"""Estimates how long `make quickstart` will take on this machine, from two seconds of measuring its speed.

    python -m tools.expected_time

The quickstart was timed once, on the processor named below, and so were the two operations measured here: a product of
    matrices, which dominates nets, and a warp of an image, which dominates drawing and augmentation.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import cv2
import numpy as np

from machine.processor import processor_name, usable_cpus

#: The reference processor: AMD EPYC (first generation), 2 cores, avx2.
_REFERENCE_PRODUCTS_S, _REFERENCE_WARPS_S = 0.26, 0.065
#: Seconds on it: for training, evaluation and export; for drawing, records and the video.
_NETS_S, _PICTURES_S = 182.0, 80.0


def products() -> None:
    """Multiplies matrices on all cores."""
    a = np.ones((1024, 1024), np.float32)
    for _ in range(8):
        a @ a


def warps() -> None:
    """Warps images on one core."""
    picture, matrix = np.ones((360, 640, 3), np.uint8), np.array([[0.9, 0.1, 3], [-0.1, 0.9, 40]], np.float32)
    for _ in range(200):
        cv2.warpAffine(picture, matrix, (224, 224))


def least_s(work: Callable[[], None], rounds: int = 5) -> float:
    """The shortest time in s of several rounds of work."""
    times = []
    for _ in range(rounds):
        begin = time.perf_counter()
        work()
        times.append(time.perf_counter() - begin)
    return min(times)


def expected_s() -> float:
    """Expected seconds of the quickstart on this machine, after the installation."""
    cv2.setNumThreads(1)
    nets, pictures = least_s(products) / _REFERENCE_PRODUCTS_S, least_s(warps) / _REFERENCE_WARPS_S
    # Images are drawn by one process per core; the reference has two.
    return _NETS_S * nets + _PICTURES_S * pictures * 2 / min(usable_cpus(), 4)


def main() -> None:
    """Prints it."""
    minutes = max(1, round(expected_s() / 60))
    print(f"this will take about {minutes} minute{'s' if minutes > 1 else ''} on {processor_name()}")


if __name__ == "__main__":
    main()
