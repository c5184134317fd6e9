"""One contender of `benchmarks.speed.latency`, in a process of its own: ours in one runtime, or MediaPipe's pose.

    python -m benchmarks.speed.workers.latency PICTURES THREADS ours EXPORT RUNTIME
    python benchmarks/speed/workers/latency.py PICTURES THREADS mediapipe tracking|anew
    python benchmarks/speed/workers/latency.py CLIP THREADS mediapipe loop

PICTURES is a .npy file, uint8 RGB (N, S, S, 3). It prints a line of JSON when it is ready, and times all images once
for each line that it reads. `loop` runs MediaPipe's own loop over a video: read, estimate, draw. With MediaPipe's
interpreter it imports nothing of this project.
"""

from __future__ import annotations

import json
import os
import resource
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np


def pin(count: int) -> None:
    """Pins this process and its threads to a number of processors, where the system supports it."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:count])


def peak_mb() -> float:
    """The peak memory of this process, in MB."""
    status = Path("/proc/self/status")
    if status.is_file():
        # On Linux, getrusage includes the peak of the process that started this one.
        peak = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM:"))
        return int(peak.split()[1]) * 1024 / 1e6
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6


def ours(path: str, runtime: str, threads: int) -> Callable[[np.ndarray], object]:
    """Our model, one image at a time."""
    from demo.runtimes.pose_model import PoseModel

    model = PoseModel(Path(path), runtime, threads)
    return lambda picture: model.predict(picture[None])


def mediapipe_pose(anew: bool):
    """MediaPipe's BlazePose full, the only model in its package."""
    from mediapipe.python.solutions import pose

    return pose.Pose(static_image_mode=anew, model_complexity=1)


def mediapipe_bytes() -> int:
    """Size in bytes of its two nets."""
    import mediapipe

    modules = Path(mediapipe.__file__).parent / "modules"
    nets = ("pose_detection/pose_detection.tflite", "pose_landmark/pose_landmark_full.tflite")
    return sum((modules / net).stat().st_size for net in nets)


def loop(clip: str) -> dict[str, float]:
    """MediaPipe over a video, drawing included; returns frames and frames/s."""
    import cv2
    from mediapipe.python.solutions import drawing_utils, pose

    estimator, capture = mediapipe_pose(False), cv2.VideoCapture(clip)
    estimator.process(np.zeros((256, 256, 3), np.uint8))
    count, found, start_s = 0, 0, time.perf_counter()
    while (frame := capture.read())[0]:
        picture = cv2.cvtColor(frame[1], cv2.COLOR_BGR2RGB)
        landmarks = estimator.process(picture).pose_landmarks
        if landmarks:
            drawing_utils.draw_landmarks(picture, landmarks, pose.POSE_CONNECTIONS)
            found += 1
        count += 1
    return {"frames": count, "found": found, "rate": count / (time.perf_counter() - start_s)}


def main() -> None:
    """Runs the command."""
    source, threads, kind, *rest = sys.argv[1:]
    pin(int(threads))
    if rest[0] == "loop":
        print(json.dumps(loop(source) | {"peak_mb": peak_mb()}))
        return
    pictures = np.load(source)
    estimate = ours(*rest, int(threads)) if kind == "ours" else mediapipe_pose(rest[0] == "anew").process
    for picture in pictures:
        estimate(picture)
    print(json.dumps({"bytes": mediapipe_bytes() if kind == "mediapipe" else None}), flush=True)
    for _ in sys.stdin:
        times_s = []
        for picture in pictures:
            start_s = time.perf_counter()
            estimate(picture)
            times_s.append(time.perf_counter() - start_s)
        print(json.dumps({"ms": 1e3 * statistics.median(times_s), "peak_mb": peak_mb()}), flush=True)


if __name__ == "__main__":
    main()
