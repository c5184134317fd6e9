"""The fastest way to compute a training step on this machine: measured once for each kind of net, then cached.

All ways give the same model up to rounding. Which is fastest depends on the processor and the net: bfloat16 is twice as
fast where there are instructions for it and up to eight times as slow elsewhere; XLA makes one net faster and another
slower.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

import keras
import numpy as np

from machine.choices import Timings, is_sure, keep, recall, take_turns
from machine.processor import processor_name, usable_cpus, versions
from models import FusedBatchNormalization
from records.inputs import random_batch
from train.config import TrainConfig
from train.loop.trainer import PoseTrainer, build_optimizer

_KIND = "training"
# Compiling a net takes up to half a minute, which pays only in a longer training.
_XLA_PAYS_FROM_S = 240.0
_BUDGET_S = 1.0

#: build(normalization=...) -> a fresh net for images of the training's size, under the dtype policy in force.
Build = Callable[..., keras.Model]
#: wrap(net) -> the trainer of a net.
Wrap = Callable[..., PoseTrainer]


@dataclass(frozen=True)
class Arithmetic:
    """A way to compute a training step.

    Attributes:
        precision: the dtype policy.
        normalization: "fused" for TensorFlow's kernel, "plain" for Keras's operations.
        xla: whether the step is compiled by XLA.
    """

    precision: str
    normalization: str
    xla: bool

    def __str__(self) -> str:
        return f"{self.precision}, {self.normalization} normalization{', XLA' if self.xla else ''}"

    @property
    def layer(self) -> type[keras.layers.BatchNormalization]:
        """The class of the normalization layers."""
        return FusedBatchNormalization if self.normalization == "fused" else keras.layers.BatchNormalization

    def net(self, build: Build) -> keras.Model:
        """Builds a net that computes this way."""
        before = keras.config.dtype_policy()
        keras.config.set_dtype_policy(self.precision)
        try:
            return build(normalization=self.layer)
        finally:
            keras.config.set_dtype_policy(before)


def choose_arithmetic(
    config: TrainConfig, build: Build, wrap: Wrap, *, name: str, num_joints: int, size: int, batch_size: int, steps: int
) -> tuple[Arithmetic, str]:
    """Finds the fastest way to compute a step among those that the options leave open.

    Args:
        config: the options; those that are "auto" are chosen.
        build: builds a fresh net.
        wrap: builds its trainer.
        name: of the net.
        num_joints: of its skeleton.
        size: height and width of its images in px.
        batch_size: people in a batch on one device.
        steps: how many steps the training will take.

    Returns:
        The choice, and a text that says how it was made.
    """
    compiles = keras.backend.backend() != "tensorflow"
    first = Arithmetic(
        "float32" if config.precision == "auto" else config.precision,
        "plain" if compiles else "fused" if config.normalization == "auto" else config.normalization,
        compiles or config.xla == "on",
    )
    open_options = [option for option in ("precision", "normalization", "xla") if getattr(config, option) == "auto"]
    if compiles:
        open_options = [option for option in open_options if option == "precision"]
    if not open_options:
        return first, "as given"
    packages = ["keras", "tensorflow", *(["jax", "jaxlib"] if keras.backend.backend() == "jax" else [])]
    shared = {field.name for field in fields(TrainConfig)}
    question = {
        "net": [name, num_joints, size, batch_size, config.head],
        # Such as the net's width, which its name does not include.
        "options": {key: value for key, value in vars(config).items() if key not in shared},
        "first": asdict(first),
        "open": open_options,
        "backend": keras.backend.backend(),
        "onednn": os.environ.get("TF_ENABLE_ONEDNN_OPTS"),
        "threads": config.threads or usable_cpus(),
        "versions": versions(packages),
    }
    known = None if config.measure_again else recall(_KIND, question)
    # Whether XLA was worth compiling depends on how long the training takes.
    if known and (known["compiled"] or known["seconds"] * steps < _XLA_PAYS_FROM_S):
        return Arithmetic(**known["arithmetic"]), f"measured before on this machine: {known['measured']}"
    print("measuring how this machine trains this net fastest, once; this takes up to a minute", flush=True)

    def prepare(way: Arithmetic) -> Callable[[], float]:
        trainer = wrap(way.net(build))
        return _step(way, config, trainer, random_batch(trainer.form.task, num_joints, size, batch_size))

    contest = _Contest(prepare)
    contest.enter(first)
    if "precision" in open_options:
        contest.enter(replace(contest.best(), precision="mixed_bfloat16"))
    if "normalization" in open_options:
        contest.enter(replace(contest.best(), normalization="plain"))
    worth_compiling = "xla" in open_options and contest.seconds() * steps >= _XLA_PAYS_FROM_S
    if worth_compiling:
        contest.enter(replace(contest.best(), xla=True))
    timings = contest.finish()
    best = contest.best()
    measured = ", ".join(f"{way} {1e3 * timings.least(way):.0f} ms" for way in timings.times)
    sure = is_sure(timings, best)
    answer = {
        "arithmetic": asdict(best),
        "seconds": timings.least(best),
        "compiled": worth_compiling,
        "measured": measured,
    }
    keep(_KIND, question, answer, sure=sure)
    doubt = "" if sure else "; unsure, as other programs were at work, so it is measured again next time"
    return best, f"measured on {processor_name()}: {measured}{doubt}"


class _Contest:
    """Times candidates one after the other, so that each next one can build on the best so far."""

    def __init__(self, prepare: Callable[[Arithmetic], Callable[[], float]]) -> None:
        self._prepare = prepare
        self._runs: dict[Arithmetic, Callable[[], float]] = {}
        self._firsts: dict[Arithmetic, float] = {}

    def enter(self, way: Arithmetic) -> None:
        """Prepares a candidate, which traces or compiles it, and times it once."""
        run = self._prepare(way)
        run()
        self._runs[way], self._firsts[way] = run, run()

    def best(self) -> Arithmetic:
        return min(self._firsts, key=self._firsts.get)

    def seconds(self) -> float:
        return min(self._firsts.values())

    def finish(self) -> Timings:
        """Times the candidates near the best again, in turns; the others keep their one time."""
        least = self.seconds()
        near = {way: run for way, run in self._runs.items() if self._firsts[way] < 1.5 * least}
        timings = take_turns(near, _BUDGET_S)
        timings.times |= {way: [first] for way, first in self._firsts.items() if way not in near}
        self._firsts = {way: min(times) for way, times in timings.times.items()}
        return timings


def _step(
    way: Arithmetic, config: TrainConfig, trainer: PoseTrainer, batch: tuple[Any, dict[str, np.ndarray]]
) -> Callable[[], float]:
    """Returns a function that computes a step's loss and gradients once and returns the seconds that it took.

    On TensorFlow without the optimizer, which costs the same in every way and takes four times as long to trace.
    """
    if keras.backend.backend() != "tensorflow":
        trainer.compile(build_optimizer(config, 1))
        return lambda: _seconds(lambda: trainer.train_on_batch(trainer.inputs_for(*batch), batch[1]))
    import tensorflow as tf

    pictures, labels = tf.nest.map_structure(tf.constant, batch)

    @tf.function(jit_compile=way.xla)
    def gradients() -> list[Any]:
        with tf.GradientTape() as tape:
            outputs = trainer(trainer.inputs_for(pictures, labels), training=True)
            loss = trainer.compute_loss(pictures, labels, outputs)
        return tape.gradient(loss, trainer.trainable_variables)

    # Reading a value waits for the accelerator.
    return lambda: _seconds(lambda: gradients()[-1].numpy())


def _seconds(run: Callable[[], object]) -> float:
    begin = time.perf_counter()
    run()
    return time.perf_counter() - begin
