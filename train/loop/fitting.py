"""Builds, trains and saves a net: the slow part of `train.loop.train`, after its quick checks."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from evaluate.measures import Measure, measure_of
from machine.processor import usable_cpus
from models import FORMS, NECKS, Loss, OutputForm, inference_model, named_layers
from pose import Skeleton
from pose.tasks import Task, as_net_takes
from records import Manifest, dataset, steps_per_epoch, training_dataset
from records.inputs import fields_of, inputs_of
from train.config import TrainConfig
from train.loop.callbacks import DrawByEpoch, EpochEnd, StopOnNonFinite, StopWithoutImprovement
from train.loop.distribution import OneDevice, distribution_of
from train.loop.history import History
from train.loop.loggers import open_loggers
from train.loop.run_folder import (
    arithmetic_of,
    check_run,
    first_line,
    notes_of,
    read_notes,
    write_notes,
    write_samples,
)
from train.loop.speed import Arithmetic, Build, Wrap, choose_arithmetic
from train.loop.trainer import Forward, PoseTrainer, build_optimizer, follow_statistics, freeze_all_but, with_rates
from train.loop.validation import Validator
from train.loop.verdict import about_end, about_validation, verdict
from train.start.initial import start_from
from train.start.statistics import measure_statistics
from weights import shipped

#: build(num_joints, input_size=..., neck=..., head=..., normalization=...) -> a net with random weights.
BuildNet = Callable[..., keras.Model]
#: Loads initial weights into a fresh net.
StartNet = Callable[[keras.Model], None]

_NUM_SAMPLES = 16
# Inputs that the statistics of averaged weights are measured on.
_NUM_MEASURED = 512


def fit(
    config: TrainConfig,
    model_name: str,
    build: BuildNet,
    start: StartNet | None,
    manifest: Manifest,
    run: Path,
    form: OutputForm | None = None,
    measure: Measure | None = None,
    stage_weights: Mapping[str, float] | None = None,
    stage_losses: Mapping[str, Loss] | None = None,
    forward: Forward | None = None,
    rates: Mapping[str, float] | None = None,
) -> None:
    """Trains; see `train.loop.train`."""
    form = form or FORMS[config.head]
    measure = measure or measure_of(form.task.name)
    distribution = distribution_of(config.distribute, config.batch_size)
    if distribution.is_chief:
        check_run(run, config)
    use_threads(config.threads)
    skeleton, size = manifest.skeleton, config.size_of(manifest)
    steps = steps_per_epoch(config.records, "train", config.batch_size)
    validator = Validator(config.records, skeleton, size, config.batch_size, form.task, measure)
    neck = NECKS.get(config.neck, form.neck)
    make = partial(build, skeleton.num_joints, input_size=size, neck=neck, head=form.head)
    wrap = partial(
        PoseTrainer,
        input_size=size,
        score_radius=config.score_radius,
        form=form,
        stage_weights=stage_weights,
        stage_losses=stage_losses,
        forward=forward,
    )
    way, measured = _arithmetic(config, distribution, make, wrap, model_name, skeleton, size, steps, run)
    with distribution.scope():
        trainer = _build_trainer(config, way, make, wrap, start, skeleton, steps, distribution, rates or {})
        epochs_done = restore(trainer, run, size, steps) if config.resume else 0
    if not distribution.all_equal(epochs_done):
        raise ValueError(
            f"all hosts must resume after the same epoch, this one has finished {epochs_done} in {run}; pass a --run "
            "that all hosts share"
        )
    # A resumed run keeps the figure that it began with.
    begun_with = read_notes(run).get("best_by") if config.resume else None
    history = History(run, epochs_done, begun_with or validator.best_by, measure)
    is_done = epochs_done == config.epochs or history.has_stalled(config.patience)
    logs = config.log if distribution.is_chief and not is_done else ()
    with open_loggers(logs, run, config) as loggers, TemporaryDirectory() as elsewhere:
        if distribution.is_chief:
            # Only after the net is built: if its initial weights cannot be read, no folder is left behind.
            if not config.resume:
                notes = notes_of(config, model_name, manifest, form.task, asdict(way), measured, validator.best_by)
                notes["follow"] = validator.box_rule(manifest.source["padding"])
                begin_run(run, notes, config.records, form.task)
            count = trainer.net.count_params()
            print(f"{model_name}: {count:,} parameters, {manifest.counts}, {steps} steps an epoch -> {run}")
            print("\n".join(about_validation(validator)))
            if skeleton.lone_joints and config.augmentation.flip:
                print(f"pictures are not mirrored, as {', '.join(skeleton.lone_joints)} have no mirror image")
        # All processes compute and save the same, because any step may need them all; only the chief's files are kept.
        if not distribution.is_chief:
            history.run = Path(elsewhere)
        inference = inference_model(trainer.net, size, form)
        end = EpochEnd(validator, inference, form, history, manifest.skeleton, config.epochs)
        distribution.share_statistics(trainer.net)
        if not is_done:
            after_epochs = [end, *loggers]
            if config.patience is not None:
                after_epochs.append(StopWithoutImprovement(history, config.patience, distribution.all_equal))
            _fit(config, distribution, trainer, form.task, size, epochs_done, after_epochs)
    if distribution.is_chief:
        lines = about_end(history, config.epochs, config.patience, run, is_done)
        print("\n".join([*lines, verdict(history, validator, config.records)]))


def _fit(
    config: TrainConfig,
    distribution: OneDevice,
    trainer: PoseTrainer,
    task: Task,
    size: int,
    epochs_done: int,
    after_epochs: list[keras.callbacks.Callback],
) -> None:
    """Trains the epochs that are left."""

    def batches(fields: Sequence[str], epoch: int, shard: tuple[int, int] = (0, 1)) -> tf.data.Dataset:
        return training_dataset(
            config.records,
            "train",
            batch_size=config.batch_size,
            epochs=config.epochs,
            seed=config.seed,
            first_epoch=epoch,
            shard=shard,
            input_size=size,
            augmentation=config.augmentation,
            fields=fields,
            may_lack=task.may_lack,
            kind=task.kind,
        )

    def training_batches(shard: tuple[int, int] = (0, 1)) -> tf.data.Dataset:
        found = batches(fields_of(task, task.labels), epochs_done, shard)

        def taken(pictures: tf.Tensor, fields: Mapping[str, tf.Tensor]) -> tuple[Any, dict[str, tf.Tensor]]:
            # Drops the fields that are not labels.
            labels = {name: fields[name] for name in task.labels}
            return trainer.inputs_for(as_net_takes(inputs_of(task, pictures, fields)), labels), labels

        return found.map(taken)

    # Keys are strings, which only messages need and accelerators cannot hold.
    callbacks = [DrawByEpoch(), StopOnNonFinite(partial(batches, ("key",))), *after_epochs]
    distribution.fit(
        trainer,
        training_batches,
        initial_epoch=epochs_done,
        epochs=config.epochs,
        steps_per_epoch=steps_per_epoch(config.records, "train", config.batch_size),
        callbacks=callbacks,
    )


def _arithmetic(
    config: TrainConfig,
    distribution: OneDevice,
    build: Build,
    wrap: Wrap,
    name: str,
    skeleton: Skeleton,
    size: int,
    steps: int,
    run: Path,
) -> tuple[Arithmetic, str]:
    """How the run computes its steps: as before if resumed, else as the options say or as is fastest here."""
    if config.resume:
        return Arithmetic(**arithmetic_of(run)), "as the run began"
    if distribution.num_devices > 1:
        # The loop over replicas is compiled anyway, and statistics over several devices have no fused kernel.
        config = replace(
            config,
            xla="off" if config.xla == "auto" else config.xla,
            normalization="fused" if config.normalization == "auto" else config.normalization,
        )
    way, measured = choose_arithmetic(
        config,
        build,
        wrap,
        name=name,
        num_joints=skeleton.num_joints,
        size=size,
        batch_size=config.batch_size // distribution.num_devices,
        steps=steps * config.epochs,
    )
    if not distribution.all_equal(int(way.precision == "float32")):
        raise ValueError(
            f"all hosts must compute alike, this one is fastest in {way.precision} and others are not; pass --precision"
        )
    if distribution.is_chief:
        print(f"training in {way} ({measured})")
    return way, measured


def _build_trainer(
    config: TrainConfig,
    way: Arithmetic,
    build: Build,
    wrap: Wrap,
    start: StartNet | None,
    skeleton: Skeleton,
    steps: int,
    distribution: OneDevice,
    rates: Mapping[str, float],
) -> PoseTrainer:
    """Builds a seeded, compiled trainer of a net with fresh or initial weights."""
    keras.utils.set_random_seed(config.seed)
    net = way.net(build)
    new = None
    if start is not None and config.learn == "head" and config.initial is None:
        fresh = {name: layer.get_weights() for name, layer in named_layers(net)}
        start(net)
        new = {name for name, layer in named_layers(net) if _equal(layer.get_weights(), fresh[name])}
    elif start is not None:
        start(net)
    trainer = wrap(net, distribution=distribution)
    kind = with_rates(distribution.optimizer, rates) if rates else distribution.optimizer
    optimizer = build_optimizer(config, steps, kind)
    trainer.compile(optimizer, jit_compile=way.xla)
    if config.initial is not None:
        came = start_from(net, shipped(config.initial) or config.initial, skeleton, config.initial_share)
        if distribution.is_chief:
            print(came)
        # A net that labels tell where to look has other inputs.
        if config.initial_share < 1 and trainer.seeds is None:
            size, task = net.inputs[0].shape[1], trainer.form.task
            found = _inputs(config.records, "train", config.batch_size, size, task, limit=_NUM_MEASURED)
            measure_statistics(net, map(as_net_takes, found))
    follow_statistics(net, steps)
    if config.learn != "all":
        freeze_all_but(net, config.learn, new)
    # If a step created them while it is traced, TensorFlow would trace it twice.
    optimizer.build(trainer.trainable_variables)
    return trainer


def _equal(weights: list[np.ndarray], others: list[np.ndarray]) -> bool:
    return all(map(np.array_equal, weights, others))


def begin_run(run: Path, notes: dict, records: Path, task: Task) -> None:
    """Creates the run folder, with its samples and notes."""
    run.mkdir(parents=True, exist_ok=True)
    # A few real inputs, so that an export can be checked, and calibrated, without the records.
    write_samples(run, next(_inputs(records, "val", _NUM_SAMPLES, notes["record_size"], task)))
    write_notes(run, notes)


def _inputs(
    records: Path, split: str, batch_size: int, size: int, task: Task, limit: int | None = None
) -> Iterator[dict[str, np.ndarray]]:
    """The inputs of a split as they are, in batches, of so many records at most."""
    options = {"batch_size": batch_size, "input_size": size, "limit": limit, "kind": task.kind}
    for batch in dataset(records, split, fields=fields_of(task), **options).as_numpy_iterator():
        yield inputs_of(task, *batch)


def restore(trainer: PoseTrainer, run: Path, size: int, steps: int) -> int:
    """Loads the last checkpoint, weights and optimizer state; returns the number of finished epochs."""
    path = run / "last.weights.h5"
    if not path.is_file():
        print(f"{run} has no checkpoint yet; starting from the first epoch")
        return 0
    # A call on zeros creates every variable.
    trainer(keras.tree.map_structure(lambda tensor: np.zeros((1, *tensor.shape[1:]), "float32"), trainer.net.input))
    try:
        trainer.load_weights(path)
        if not all(np.isfinite(array).all() for array in trainer.get_weights()):
            raise ValueError("it has weights that are not finite")
    except Exception as error:  # Keras and h5py raise many kinds for a file that is damaged.
        raise ValueError(
            f"{path} cannot be loaded ({first_line(error)}); put it back, or start another run from best.keras with "
            f"--initial {run}"
        ) from error
    epochs_done = int(keras.ops.convert_to_numpy(trainer.optimizer.iterations)) // steps
    if trainer.seeds is not None:
        # One draw a step: it goes on as if it had not stopped.
        begun = keras.ops.convert_to_numpy(trainer.seeds.state)
        trainer.seeds.state.assign(begun + [0, epochs_done * steps])
    print(f"going on after epoch {epochs_done}")
    return epochs_done


def use_threads(threads: int | None) -> None:
    """Sets the number of TensorFlow's threads, because TensorFlow ignores the CPU quotas of containers."""
    if tf.config.threading.get_intra_op_parallelism_threads() == (threads or usable_cpus()):
        return
    try:
        tf.config.threading.set_intra_op_parallelism_threads(threads or usable_cpus())
    except RuntimeError as error:
        # TensorFlow has computed something in this process already.
        if threads is not None:
            raise ValueError(f"threads must be set before TensorFlow computes anything, got {threads} after") from error
