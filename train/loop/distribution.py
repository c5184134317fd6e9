"""One training run on several devices of a host, or on several hosts, with the loss curve of one device.

Every device takes a part of each batch, and the results are combined as if one device had seen the whole batch: means
over labeled joints, the statistics of batch normalization, the gradient, and its norm where it is clipped.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import keras
import tensorflow as tf

from models import named_layers
from models.private_keras import AdamWOfSummedGradients
from train.config import Distribute
from train.loop.lost_hosts import shorten_jax_abort

#: (index, count) of a host -> its share of every batch: see `records.training_dataset`.
BatchesOf = Callable[[tuple[int, int]], tf.data.Dataset]


class OneDevice:
    """Training on one device; the base class of the distributed ways.

    Attributes:
        num_devices: how many devices share a batch.
        num_losses: how many losses `loss_weight` scales for one batch.
        is_chief: whether this process writes the run folder.
        optimizer: the class of the optimizer.
    """

    num_devices = 1
    num_losses = 1
    is_chief = True
    optimizer: type[keras.optimizers.AdamW] = keras.optimizers.AdamW

    def scope(self) -> AbstractContextManager:
        """The scope to build and train the trainer in; variables made outside are local to this process."""
        return nullcontext()

    def share_statistics(self, net: keras.Model) -> None:
        """Makes batch normalization take the statistics of the whole batch."""

    def loss_weight(self, labeled: Any) -> Any:
        """The weight of this device's mean over `labeled` (B, J) in the mean over the batch.

        The mean of the `num_losses` weighted means is the mean over the batch.
        """
        return 1.0

    def all_equal(self, number: int) -> bool:
        """Whether all processes pass the same number."""
        return True

    def fit(self, trainer: keras.Model, batches_of: BatchesOf, **options: Any) -> None:
        """Trains as `keras.Model.fit` does; options are initial_epoch, epochs, steps_per_epoch and callbacks."""
        with self.scope():
            trainer.fit(self._batches(batches_of), shuffle=False, verbose=self.verbose, **options)

    @property
    def verbose(self) -> int:
        """Keras's: a progress bar on a terminal, a line per epoch in a log; silent unless this is the chief."""
        return 0 if not self.is_chief else 1 if sys.stdout.isatty() else 2

    def _batches(self, batches_of: BatchesOf) -> tf.data.Dataset:
        return batches_of((0, 1))


class GlobalAdamW(AdamWOfSummedGradients):
    """AdamW that sums the gradients of all replicas first and clips the sum.

    Keras 3.15 clips each replica's own gradient before it sums them, which gives another gradient.
    """

    def apply(self, grads: Any, trainable_variables: Any = None) -> None:
        """Sums, clips and applies the replica's gradients."""
        grads = tf.distribute.get_replica_context().all_reduce(tf.distribute.ReduceOp.SUM, list(grads))
        super().apply(grads, trainable_variables)


class Replicas(OneDevice):
    """`tf.distribute`: a copy of the trainer on each device."""

    optimizer = GlobalAdamW

    def __init__(self, strategy: tf.distribute.Strategy) -> None:
        """Takes a mirrored strategy."""
        self._strategy = strategy
        self.num_devices = self.num_losses = strategy.num_replicas_in_sync
        self.is_chief = strategy.extended.should_checkpoint

    def scope(self) -> AbstractContextManager:
        """The strategy's scope, in which variables are copied to each device."""
        return self._strategy.scope()

    def share_statistics(self, net: keras.Model) -> None:
        """Sums the statistics over the replicas."""
        for _, layer in named_layers(net):
            if isinstance(layer, keras.layers.BatchNormalization):
                layer.synchronized = True

    def loss_weight(self, labeled: Any) -> Any:
        """The labeled joints here, divided by their mean over the replicas."""
        count = tf.reduce_sum(tf.cast(labeled, tf.float32))
        replica = tf.distribute.get_replica_context()
        total = replica.all_reduce(tf.distribute.ReduceOp.SUM, count)
        return count * self.num_losses / tf.maximum(total, 1.0)

    def all_equal(self, number: int) -> bool:
        """Compares the number with its mean over all replicas."""
        strategy = self._strategy

        @tf.function
        def mean() -> tf.Tensor:
            numbers = strategy.run(lambda: tf.constant(number, tf.float32))
            return strategy.reduce(tf.distribute.ReduceOp.MEAN, numbers, axis=None)

        return float(mean()) == number

    def fit(
        self,
        trainer: keras.Model,
        batches_of: BatchesOf,
        *,
        initial_epoch: int,
        epochs: int,
        steps_per_epoch: int,
        callbacks: list[keras.callbacks.Callback],
    ) -> None:
        """The loop of `keras.Model.fit`, which in Keras 3.15 cannot take the batches of several hosts."""
        strategy = self._strategy
        with strategy.scope():
            trainer.optimizer.build(trainer.trainable_variables)

        @tf.function
        def train_step(batch: Any) -> dict[str, Any]:
            logs = strategy.run(trainer.train_step, args=(batch,))
            return {name: strategy.reduce(tf.distribute.ReduceOp.MEAN, logs[name], axis=None) for name in sorted(logs)}

        calls = keras.callbacks.CallbackList(
            callbacks,
            add_progbar=self.is_chief,
            model=trainer,
            verbose=self.verbose,
            epochs=epochs,
            steps=steps_per_epoch,
        )
        batches = iter(strategy.distribute_datasets_from_function(lambda context: self._parts(batches_of, context)))
        trainer.stop_training = False
        calls.on_train_begin()
        for epoch in range(initial_epoch, epochs):
            trainer.reset_metrics()
            calls.on_epoch_begin(epoch)
            for step in range(steps_per_epoch):
                calls.on_train_batch_begin(step)
                logs = train_step(next(batches))
                calls.on_train_batch_end(step, logs)
            calls.on_epoch_end(epoch, dict(logs))
            if trainer.stop_training:
                break
        calls.on_train_end()

    def _parts(self, batches_of: BatchesOf, context: tf.distribute.InputContext) -> tf.data.Dataset:
        """The parts of each batch for this host's devices, in turn."""
        batches = batches_of((context.input_pipeline_id, context.num_input_pipelines))
        devices = context.num_replicas_in_sync // context.num_input_pipelines
        size = batches.element_spec[0].shape[0]
        return batches.rebatch(size // devices, drop_remainder=True).prefetch(tf.data.AUTOTUNE)


class Mesh(OneDevice):
    """`keras.distribution` on JAX: one trainer, on batches sharded over the devices."""

    def __init__(self) -> None:
        """Takes all devices of all processes."""
        self._parallel = keras.distribution.DataParallel(auto_shard_dataset=False)
        self.num_devices = self._parallel.num_model_replicas
        self._host = self._parallel.data_shard_id, self._parallel.num_processes
        self.is_chief = self._host[0] == 0

    def scope(self) -> AbstractContextManager:
        """The scope in which variables are copied to each device."""
        return self._parallel.scope()

    def all_equal(self, number: int) -> bool:
        """Compares the numbers of all processes."""
        from jax.experimental import multihost_utils

        return bool((multihost_utils.process_allgather(number) == number).all())

    def _batches(self, batches_of: BatchesOf) -> tf.data.Dataset:
        return batches_of(self._host)


def distribution_of(distribute: Distribute, batch_size: int) -> OneDevice:
    """Finds the devices of this host, or joins the hosts; call it before any computation.

    Args:
        distribute: "none" for one device, "devices" for all of this host (GPUs if there are any, else CPUs), "hosts"
            for all devices of the hosts that the environment names: TF_CONFIG for TensorFlow,
            KERAS_DISTRIBUTION_JOB_ADDRESSES, _NUM_PROCESSES and _PROCESS_ID for JAX.
        batch_size: people in a batch of all devices together.

    Raises:
        ValueError: an unsupported backend, no hosts named, one device alone, or a number of devices that does not
            divide the batch size.
    """
    if distribute == "none":
        return OneDevice()
    backend = keras.backend.backend()
    if backend not in ("tensorflow", "jax"):
        raise ValueError(
            f"training is distributed on the backends tensorflow and jax, got {backend}; set KERAS_BACKEND to one of "
            "them, or leave --distribute out"
        )
    if distribute == "hosts":
        _check_hosts(backend)
        print(f"waiting for all hosts named in {_HOSTS[backend]}", file=sys.stderr)
    if backend == "jax":
        if distribute == "hosts":
            shorten_jax_abort()
            keras.distribution.initialize()
        found: OneDevice = Mesh()
    elif distribute == "hosts":
        found = Replicas(tf.distribute.MultiWorkerMirroredStrategy())
    else:
        devices = tf.config.list_logical_devices("GPU") or tf.config.list_logical_devices("CPU")
        check_shares(len(devices), batch_size)
        found = Replicas(tf.distribute.MirroredStrategy([device.name for device in devices]))
    check_shares(found.num_devices, batch_size)
    return found


def check_shares(num_devices: int, batch_size: int) -> None:
    """Checks that a batch can be shared evenly among devices.

    Raises:
        ValueError: one device alone, or a number of devices that does not divide the batch size.
    """
    if num_devices == 1:
        raise ValueError("there must be 2 devices or more to distribute training, got 1; leave --distribute out")
    if batch_size % num_devices:
        raise ValueError(
            f"the number of devices must divide the batch size, got {num_devices} devices and {batch_size} people; "
            f"pass --batch-size {-(-batch_size // num_devices) * num_devices}"
        )


_HOSTS = {"tensorflow": "TF_CONFIG", "jax": "KERAS_DISTRIBUTION_JOB_ADDRESSES"}


def _check_hosts(backend: str) -> None:
    if not os.environ.get(_HOSTS[backend]):
        raise ValueError(
            f"the hosts must be named in the environment variable {_HOSTS[backend]}, which is not set; "
            "docs/clusters.md shows its form"
        )
