"""Latency of an image in each runtime, and of a video in the whole demo, beside MediaPipe's BlazePose.

    python -m venv mediapipe && mediapipe/bin/pip install mediapipe==0.10.14
    python -m benchmarks.speed.latency --model runs/mine/export --clip clip.mp4 --mediapipe mediapipe/bin/python

Every contender is a process of its own on 1 and on 2 processors, and all take turns on the same images, squares cut
from the clip, so that other load on the machine affects all alike. Prints medians over the rounds, the median of the
ratios to the first contender within each round, the peak memory of the process, and the size of the model. Then `python
-m demo.webcam --no-window` and MediaPipe's own loop (read, estimate, draw) take turns on the clip.

`--untrained-resnet 50` replaces `--model`: a ResNet of this depth with random weights, exported to a temporary folder.
Its joints are random, its speed is that of a trained one; the demo, which would search for a person in every frame, is
left out.
"""

from __future__ import annotations

import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import tyro

from artefact.formats import FORMATS, formats_in, installed
from benchmarks.speed.workers.latency import pin
from demo.runtimes.pose_model import PoseModel, candidates, fastest
from pose import LSP14, Crop

_WORKER = Path(__file__).with_name("workers") / "latency.py"
_ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Latency:
    """Times a model in each runtime, beside MediaPipe.

    Attributes:
        clip: a video of a person.
        model: an export folder.
        untrained_resnet: instead of a model, the depth of a ResNet with random weights.
        mediapipe: the Python interpreter of an environment with mediapipe==0.10.14; left out if not given.
        threads: numbers of threads, and of processors.
        pictures: number of images from the clip.
        rounds: of all contenders.
        loops: rounds over the whole clip.
    """

    clip: Path
    model: Path | None = None
    untrained_resnet: int | None = None
    mediapipe: Path | None = None
    threads: tuple[int, ...] = (1, 2)
    pictures: int = 16
    rounds: int = 9
    loops: int = 3

    def __post_init__(self) -> None:
        if (self.model is None) == (self.untrained_resnet is None):
            raise ValueError("give either --model or --untrained-resnet, got both or neither")
        if min(self.pictures, self.rounds, *self.threads) < 1 or self.loops < 0:
            raise ValueError("--pictures, --rounds and --threads must be 1 or more and --loops 0 or more")


class Worker:
    """A contender's process."""

    def __init__(self, command: list[str]) -> None:
        """Starts it and waits until it is warm."""
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
        self._process = subprocess.Popen(command, cwd=_ROOT, text=True, **pipes)
        self.bytes = self._answer()["bytes"]
        self.ms: list[float] = []
        self.peak_mb = 0.0

    def run(self) -> None:
        """Times all images once."""
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        answer = self._answer()
        self.ms.append(answer["ms"])
        self.peak_mb = answer["peak_mb"]

    def stop(self) -> None:
        """Ends the process."""
        self._process.stdin.close()
        self._process.wait()

    def _answer(self) -> dict:
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"{' '.join(self._process.args)} ended; run it by hand to see why")
        return json.loads(line)


@contextmanager
def untrained(depth: int) -> Iterator[Path]:
    """An export of a ResNet with random weights, for 224 px and LSP's joints."""
    from export.write import write_formats
    from models import build_resnet, inference_model

    notes = {
        "model": f"resnet{depth}",
        "skeleton": LSP14.describe(),
        "record_size": 224,
        "input_size": 224,
        "padding": 1.25,
        "score": "none: the weights are random",
        "score_radius": 0.05,
    }
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "export"
        write_formats(inference_model(build_resnet(depth, 14), 224), notes, list(_export_names()), folder)
        yield folder


def _export_names() -> Iterator[str]:
    # Fixed ranges of features cannot be measured on random weights.
    return (name for name in FORMATS if name not in ("openvino-bf16", "litert-int8-static") and installed(name))


def squares(clip: Path, count: int, size: int) -> np.ndarray:
    """The central square of `count` frames spread over a video, uint8 RGB (count, size, size, 3)."""
    capture = cv2.VideoCapture(str(clip))
    frames = []
    while (frame := capture.read())[0]:
        height, width = frame[1].shape[:2]
        crop = Crop.centered(((width - 1) / 2, (height - 1) / 2), min(height, width), size)
        frames.append(crop.cut(frame[1])[..., ::-1])
    if not frames:
        raise ValueError(f"--clip {str(clip)!r} holds no frames; give a video")
    return np.ascontiguousarray([frames[k] for k in np.linspace(0, len(frames) - 1, count).astype(int)])


def file_bytes(folder: Path, name: str) -> int:
    """Size of a format's files."""
    file = folder / FORMATS[name].file
    parts = file.parent.glob(f"{file.stem}.*") if name.startswith("openvino") else [file]
    if name == "saved-model":
        parts = [file, *(folder / "variables").iterdir()]
    return sum(part.stat().st_size for part in parts)


def time_pictures(options: Latency, folder: Path, pictures: Path) -> None:
    """Lets all contenders take turns, and prints a table for each number of threads."""
    names = [name for name in formats_in(folder) if installed(name)]
    for threads in options.threads:
        commands = {
            name: [sys.executable, "-m", "benchmarks.speed.workers.latency", pictures, threads, "ours", folder, name]
            for name in names
        }
        if options.mediapipe:
            interpreter = options.mediapipe.absolute()
            for mode in ("tracking", "anew"):
                commands[f"MediaPipe, {mode}"] = [interpreter, _WORKER, pictures, threads, "mediapipe", mode]
        with ExitStack() as stack:
            workers = {}
            for name, command in commands.items():
                try:
                    workers[name] = Worker([str(word) for word in command])
                    stack.callback(workers[name].stop)
                except RuntimeError as error:
                    print(f"{name} does not run here: {error}")
            for _ in range(options.rounds):
                for worker in workers.values():
                    worker.run()
        base = np.array(next(iter(workers.values())).ms)
        print(f"\n{f'threads: {threads}':22}{'ms':>8}{'least':>8}{'ratio':>8}{'peak MB':>9}{'model MB':>10}")
        for name, worker in workers.items():
            size_mb = (worker.bytes or file_bytes(folder, name)) / 1e6
            print(
                f"{name:22}{statistics.median(worker.ms):8.1f}{min(worker.ms):8.1f}"
                f"{np.median(np.array(worker.ms) / base):8.2f}{worker.peak_mb:9.0f}{size_mb:10.1f}"
            )


def time_loops(options: Latency, folder: Path) -> None:
    """Lets the demo and MediaPipe's loop take turns on the clip, and prints frames/s."""
    clip = options.clip.resolve()
    for threads in options.threads:
        runtime = fastest(folder, threads=threads).runtime
        demo = [sys.executable, "-m", "demo.webcam", "--source", clip, "--no-window", "--model", folder]
        demo += ["--runtime", runtime, "--threads", threads]
        rates: dict[str, list[float]] = {}
        for _ in range(options.loops):
            printed = _run(demo, threads)
            rates.setdefault(f"demo.webcam, {runtime}", []).append(float(re.search(r"\(([\d.]+) fr", printed)[1]))
            if options.mediapipe:
                worker = [options.mediapipe.absolute(), _WORKER, clip, threads, "mediapipe", "loop"]
                rates.setdefault("MediaPipe's loop", []).append(json.loads(_run(worker, threads))["rate"])
        print(f"\n{f'{clip.name}, threads: {threads}':30}{'frames/s':>10}{'most':>8}{'ratio':>8}")
        base = np.array(next(iter(rates.values())))
        for name, values in rates.items():
            ratio = np.median(np.array(values) / base)
            print(f"{name:30}{statistics.median(values):10.1f}{max(values):8.1f}{ratio:8.2f}")


def _run(command: list, processors: int) -> str:
    words = [str(word) for word in command]
    done = subprocess.run(
        words, cwd=_ROOT, capture_output=True, text=True, check=False, preexec_fn=lambda: pin(processors)
    )
    if done.returncode:
        raise RuntimeError(f"{' '.join(words)} failed: {done.stderr[-500:]}")
    return done.stdout


def main(options: Latency) -> None:
    """Runs the benchmark."""
    with ExitStack() as stack:
        folder = options.model or stack.enter_context(untrained(options.untrained_resnet))
        folder = folder.resolve()
        model = PoseModel(folder, candidates(folder)[0])
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        np.save(scratch / "pictures.npy", squares(options.clip, options.pictures, model.size))
        load = os.getloadavg()[0] if hasattr(os, "getloadavg") else float("nan")
        print(f"{folder.parent.name}: {options.pictures} pictures of {model.size} px, {options.rounds} rounds", end="")
        print(f", {os.cpu_count()} processors, load of the machine {load:.1f}")
        time_pictures(options, folder, scratch / "pictures.npy")
        if options.model:
            time_loops(options, folder)


if __name__ == "__main__":
    main(tyro.cli(Latency, description=__doc__))
