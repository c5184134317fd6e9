"""Training speed of our nets in images per second, beside nets of keras.applications with the same operations.

    python -m benchmarks.speed.training
    python -m benchmarks.speed.training --nets densenet121 --precisions float32 --xla off --records data/lspet --profile

For each net, backend, precision, and with and without XLA, these take turns, each a process of its own; JAX always uses
XLA, and is left out if it is not installed:

- keras.applications: its backbone under our head.
- ours: with `FusedBatchNormalization`, whose kernel only TensorFlow has.
- ours, plain: with Keras's own layer.
- ours, fed: from records, through the augmentation of training; the others repeat one batch.
- input pipeline: makes these batches, without training.

All train in `fit` with `PoseTrainer` and its optimizer. GFLOP are those of one image's forward pass, a multiplication
and an addition being two operations, in convolutions and dense layers. Images/s are medians over the rounds, ratios to
keras.applications medians over those within each round. Utilization: three times the GFLOP, since the backward pass
takes twice as many, divided by the rate of a product of large matrices in TensorFlow and in this precision, timed in
turns with them.

`--profile` prints the time of a step by operation, for ours on TensorFlow's CPU without XLA. Several run in parallel,
so that their seconds add up to more than the step's. On a GPU use TensorBoard's profiler.
"""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np
import tyro

from benchmarks.speed.workers.training_job import FED, OURS, PEAK, PEER, PIPELINE, PLAIN, Job, Net

_ROOT = Path(__file__).parents[2]
_ON_TENSORFLOW = (PEAK, PIPELINE)
_SHOWN_KINDS = 16


@dataclass(frozen=True)
class TrainingSpeed:
    """Times training steps.

    Attributes:
        nets: our nets; each has its peer.
        backends: of Keras.
        precisions: dtype policies.
        xla: whether XLA compiles TensorFlow's steps.
        rows: which rows to time; those fed from records only if these are given.
        batch_size: images in a step.
        input_size: height and width of the images in px.
        steps: number of steps in a turn; many on a GPU, so that the overhead of a turn does not count.
        rounds: number of rounds, whose median is printed, after one to warm up.
        records: a shard set.
        profile: print where the time of a step goes.
    """

    nets: tuple[Net, ...] = ("resnet50", "densenet121", "mobilenet_v2")
    backends: tuple[Literal["tensorflow", "jax"], ...] = ("tensorflow", "jax")
    precisions: tuple[Literal["float32", "mixed_bfloat16"], ...] = ("float32", "mixed_bfloat16")
    xla: tuple[Literal["off", "on"], ...] = ("off", "on")
    rows: tuple[Literal["ours", "ours, plain", "ours, fed", "input pipeline"], ...] = (OURS, PLAIN, FED, PIPELINE)
    batch_size: int = 32
    input_size: int = 224
    steps: int = 2
    rounds: int = 3
    records: Path | None = None
    profile: bool = False

    def __post_init__(self) -> None:
        for name in ("batch_size", "steps", "rounds"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be 1 or more, got {getattr(self, name)}")
        if self.input_size < 32:
            raise ValueError(f"input_size must be 32 px or more (the nets halve it five times), got {self.input_size}")

    def job(self, net: Net, row: str, precision: str, xla: bool) -> Job:
        """The job of a contender."""
        records = str(self.records.resolve()) if self.records else None
        return Job(net, row, precision, xla, self.batch_size, self.input_size, self.steps, records)

    def groups(self) -> Iterator[tuple[str, list[tuple[str, Job]]]]:
        """For each table its title, and the backend and job of each contender: first the peak's, then the peer's."""
        fed = () if self.records else (FED, PIPELINE)
        for net in self.nets:
            for backend in self.backends:
                for precision in self.precisions:
                    # Only TensorFlow has the fused kernel, and steps without XLA.
                    for xla in self.xla if backend == "tensorflow" else ("on",):
                        rows = [row for row in self.rows if row not in fed]
                        if backend != "tensorflow":
                            rows = [row for row in rows if row != PLAIN]
                        jobs = [self.job(net, row, precision, xla == "on") for row in (PEAK, PEER, *rows)]
                        backends = ["tensorflow" if job.row in _ON_TENSORFLOW else backend for job in jobs]
                        title = f"{net}, {backend}, {precision}, XLA {xla}"
                        yield title, list(zip(backends, jobs, strict=True))


class Contender:
    """A process of `benchmarks.speed.workers.training`."""

    def __init__(self, backend: str, job: Job) -> None:
        """Starts it and waits until it is warm."""
        self.row = job.row
        self._errors = tempfile.TemporaryFile("w+")
        # Several processes share a GPU's memory.
        sharing = {"TF_FORCE_GPU_ALLOW_GROWTH": "true", "XLA_PYTHON_CLIENT_PREALLOCATE": "false"}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.speed.workers.training", json.dumps(asdict(job))],
            cwd=_ROOT,
            env=os.environ | sharing | {"KERAS_BACKEND": backend},
            text=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
        )
        self.first = self._answer()
        self.answers: list[dict] = []

    def turn(self) -> None:
        """Times one turn."""
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        self.answers.append(self._answer())

    def stop(self) -> None:
        """Ends the process after its current turn."""
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()
        self._errors.close()

    def of(self, name: str) -> np.ndarray:
        """A value of its results, for each round."""
        return np.array([answer[name] for answer in self.answers])

    def _answer(self) -> dict:
        line = self._process.stdout.readline()
        if not line:
            self._errors.seek(0)
            raise RuntimeError(f"{' '.join(self._process.args)} ended: {self._errors.read()[-500:]}")
        return json.loads(line)


def time_group(title: str, group: list[tuple[str, Job]], rounds: int) -> None:
    """Lets the contenders of a table take turns, and prints it."""
    with ExitStack() as stack:
        contenders = []
        for backend, job in group:
            contenders.append(Contender(backend, job))
            stack.callback(contenders[-1].stop)
        print(f"\n{title}", end="", flush=True)
        for _ in range(rounds):
            for contender in contenders:
                contender.turn()
    peak, peer, *_ = contenders
    print(f"; peak {np.median(peak.of('rate')) / 1e9:.0f} GFLOP/s")
    print(f"{'':20}{'GFLOP':>8}{'images/s':>10}{'ratio':>8}{'utilisation':>13}{'peak MB':>9}")
    for contender in contenders[1:]:
        rates = contender.of("rate")
        used = np.median(3e9 * contender.of("gflops") * rates / peak.of("rate"))
        gflops = contender.answers[0]["gflops"]
        print(f"{contender.row:20}{f'{gflops:.2f}' if gflops else '':>8}{np.median(rates):10.1f}", end="")
        print(f"{np.median(rates / peer.of('rate')):8.2f}{f'{used:.0%}' if used else '':>13}", end="")
        print(f"{contender.answers[-1]['peak_mb']:9.0f}", flush=True)


def show_profile(job: Job) -> None:
    """Prints where the time of our steps goes."""
    contender = Contender("tensorflow", job)
    contender.stop()
    traced, total = contender.first, sum(seconds for *_, seconds in contender.first["operations"])
    print(
        f"\n{job.net}, {job.precision}: {traced['seconds'] / job.steps:.2f} s a step while traced, in which operations",
        end="",
    )
    print(f" took {total / job.steps:.2f} s")
    parts = Counter()
    for part, _, seconds in traced["operations"]:
        parts[part] += seconds
    print(", ".join(f"{part} {seconds / total:.1%}" for part, seconds in parts.most_common()))
    for part, kind, seconds in traced["operations"][:_SHOWN_KINDS]:
        print(f"{part:12}{kind:40}{seconds / total:8.1%}")


def main(options: TrainingSpeed) -> None:
    """Runs the benchmark."""
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else float("nan")
    print(
        f"{options.input_size} px, batches of {options.batch_size}, {options.rounds} rounds of {options.steps} steps",
        end="",
    )
    print(f", {os.cpu_count()} processors, load of the machine {load:.1f}")
    with_jax = importlib.util.find_spec("jax") is not None
    if "jax" in options.backends and not with_jax:
        print("JAX is not installed, and left out; pip install jax")
    for title, group in options.groups():
        if with_jax or group[1][0] != "jax":
            time_group(title, group, options.rounds)
    if options.profile:
        for net in options.nets:
            for precision in options.precisions:
                show_profile(replace(options.job(net, OURS, precision, xla=False), profile=True))


if __name__ == "__main__":
    main(tyro.cli(TrainingSpeed, description=__doc__))
