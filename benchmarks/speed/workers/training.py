"""One contender of `benchmarks.speed.training`, in a process of its own; the values of a `Job` say which.

    KERAS_BACKEND=jax python -m benchmarks.speed.workers.training '{"net": "resnet50", "row": "ours", "xla": true}'

It prints a line of JSON for its first steps, which compile and warm up, and then one for each line that it reads:
    `rate`, `gflops` of the net, and `peak_mb`, the peak memory of the process. A net's rate is that of `fit` with the
    trainer, the losses and the optimizer of `python -m train.resnet`, in images/s; that of the row "matmul", for the
    machine's peak, is in operations/s.
"""

from __future__ import annotations

import json
import sys
import time
from functools import partial
from pathlib import Path
from typing import TextIO

import keras
import numpy as np
import tensorflow as tf

from benchmarks.speed.workers.latency import peak_mb
from benchmarks.speed.workers.training_job import FED, OURS, PEAK, PEER, PIPELINE, Job
from benchmarks.speed.workers.training_profile import Profile
from models import FusedBatchNormalization, build_densenet, build_mobilenet_v2, build_resnet, coordinate_head
from models.blocks import pose_net
from records import training_dataset
from train.config import TrainConfig
from train.loop.trainer import PoseTrainer, build_optimizer

#: For each net: ours, and the function of keras.applications.
NETS = {
    "resnet50": (partial(build_resnet, 50), "ResNet50V2"),
    "densenet121": (partial(build_densenet, 121), "DenseNet121"),
    "mobilenet_v2": (partial(build_mobilenet_v2, 1.0), "MobileNetV2"),
}
_NUM_JOINTS, _SCORE_RADIUS, _STEPS_PER_EPOCH = 14, 0.05, 1000
_PRODUCTS, _PIPELINE_BATCHES = 20, 64


def build_net(job: Job) -> keras.Model:
    """The net of a row, with random weights; the peer's backbone has our head."""
    build, peer = NETS[job.net]
    normalization = FusedBatchNormalization if job.row in (OURS, FED) else keras.layers.BatchNormalization
    options = {"input_size": job.input_size, "head": coordinate_head}
    keras.config.set_dtype_policy(job.precision)
    try:
        if job.row != PEER:
            return build(_NUM_JOINTS, normalization=normalization, **options)
        application = getattr(keras.applications, peer)
        return pose_net(
            lambda x, _: [application(include_top=False, weights=None, input_tensor=x).output],
            _NUM_JOINTS,
            smallest=32,
            name=peer,
            **options,
        )
    finally:
        keras.config.set_dtype_policy("float32")


def forward_gflops(net: keras.Model) -> float:
    """Operations of one image's forward pass in 10^9: a multiplication and an addition are two.

    Counts convolutions and dense layers, by the shapes of their kernels and outputs; others have hardly any operations.
    """
    counted = (keras.layers.Conv2D, keras.layers.DepthwiseConv2D, keras.layers.Dense)
    operations = 0
    for layer in net.layers:
        if isinstance(layer, counted):
            # A kernel is applied once at each position of the output; a dense layer has one position.
            operations += 2 * int(np.prod(layer.kernel.shape)) * int(np.prod(layer.output.shape[1:-1]))
    return operations / 1e9


def make_trainer(job: Job) -> PoseTrainer:
    """A net as `python -m train.resnet` trains it."""
    trainer = PoseTrainer(build_net(job), job.input_size, _SCORE_RADIUS)
    config = TrainConfig(Path(job.records or "."), precision=job.precision, batch_size=job.batch_size)
    trainer.compile(build_optimizer(config, _STEPS_PER_EPOCH), jit_compile=job.xla)
    return trainer


def batches(job: Job) -> tf.data.Dataset:
    """An endless stream of batches: of the records, or the same noise repeated."""
    if job.row in (FED, PIPELINE):
        options = {"batch_size": job.batch_size, "epochs": 10**6, "seed": 0, "input_size": job.input_size}
        return training_dataset(job.records, "train", **options, fields=("joints_xy_px", "visible", "left"))
    rng, joints = np.random.default_rng(0), (job.batch_size, _NUM_JOINTS)
    pictures = rng.integers(0, 256, (job.batch_size, job.input_size, job.input_size, 3), np.uint8)
    labels = {
        "joints_xy_px": rng.uniform(0, job.input_size - 1, (*joints, 2)).astype(np.float32),
        "visible": np.full(joints, 2, np.int32),
        "left": np.zeros(joints, bool),
    }
    return tf.data.Dataset.from_tensors((pictures, labels)).repeat()


def answer(output: TextIO, rate: float, gflops: float = 0.0) -> None:
    """Prints the result of a turn."""
    print(json.dumps({"rate": rate, "gflops": gflops, "peak_mb": peak_mb()}), file=output, flush=True)


class Turns(keras.callbacks.Callback):
    """Makes each epoch of `fit` a turn: prints its rate, and waits for the next line of input."""

    def __init__(self, pictures: int, gflops: float, output: TextIO) -> None:
        """Takes the images of an epoch, the net's operations, and the output stream."""
        super().__init__()
        self._pictures, self._gflops, self._output = pictures, gflops, output

    def on_train_begin(self, logs: dict | None = None) -> None:
        """The first turn starts."""
        self._start_s = time.perf_counter()

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        """Ends a turn; `logs` were read from the device, so its steps are done."""
        answer(self._output, self._pictures / (time.perf_counter() - self._start_s), self._gflops)
        self.model.stop_training = not sys.stdin.readline()
        self._start_s = time.perf_counter()


def time_net(job: Job, output: TextIO) -> None:
    """Trains in turns, or once for the profile."""
    trainer = make_trainer(job)
    turns = Turns(job.steps * job.batch_size, forward_gflops(trainer.net), output)
    trainer.fit(
        batches(job),
        epochs=2 if job.profile else 10**6,
        steps_per_epoch=job.steps,
        verbose=0,
        shuffle=False,
        callbacks=[Profile(output) if job.profile else turns],
    )


def time_pipeline(job: Job, output: TextIO) -> None:
    """Prints the pictures/s of the input pipeline by itself, again for each line that it reads."""
    fed = iter(batches(job))
    while True:
        # Discards batches that were made during the turns of others.
        for _ in range(_PIPELINE_BATCHES):
            next(fed)
        start_s = time.perf_counter()
        for _ in range(_PIPELINE_BATCHES):
            next(fed)
        answer(output, _PIPELINE_BATCHES * job.batch_size / (time.perf_counter() - start_s))
        if not sys.stdin.readline():
            return


def time_matmul(job: Job, output: TextIO) -> None:
    """Prints the operations/s of a large product of matrices, again for each line that it reads."""
    side = 8192 if tf.config.list_physical_devices("GPU") else 2048
    dtype = "float32" if job.precision == "float32" else "bfloat16"
    # Scaled so that repeated products keep their magnitude.
    left = tf.cast(tf.random.stateless_normal([side, side], [0, 1], stddev=side**-0.5), dtype)
    multiply = tf.function(tf.matmul)
    while True:
        product, start_s = left, time.perf_counter()
        for _ in range(_PRODUCTS):
            product = multiply(left, product)
        # Reading a value waits for the device.
        product[0, 0].numpy()
        answer(output, _PRODUCTS * 2 * side**3 / (time.perf_counter() - start_s))
        if not sys.stdin.readline():
            return


def main() -> None:
    """Runs the command."""
    # Libraries may print to the standard output.
    output, sys.stdout = sys.stdout, sys.stderr
    job = Job(**json.loads(sys.argv[1]))
    run = {PEAK: time_matmul, PIPELINE: time_pipeline}.get(job.row, time_net)
    run(job, output)


if __name__ == "__main__":
    main()
