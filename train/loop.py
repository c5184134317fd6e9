"""The one training loop, on Keras `fit`."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import keras
import numpy as np
import tensorflow as tf

from models import FORMS, FusedBatchNormalization, inference_model
from pose import Skeleton
from records import Manifest, dataset, read_manifest, steps_per_epoch, training_dataset
from records.manifest import write_json
from train.callbacks import EpochEnd, StopOnNonFinite
from train.config import TrainConfig
from train.distribution import OneDevice, distribution_of
from train.history import History
from train.initial import start_from
from train.trainer import PoseTrainer, build_optimizer, learn_scores_alone
from train.validation import Validator
from weights import shipped

#: build(num_joints, input_size=..., head=..., normalization=...) -> a net.
BuildNet = Callable[..., keras.Model]

_NUM_SAMPLES = 16


def train(config: TrainConfig, model_name: str, build: BuildNet) -> Path:
    """Trains a net and returns the run folder.

    The folder holds run.json (the options and what a reader of the model needs), history.csv, best.keras (averaged
    weights, float32, pictures in and joints in pixels out), last.weights.h5 (to resume from), curves.png,
    predictions.png and TensorBoard logs.

    Args:
        config: the options.
        model_name: what the net is called in the run's name and notes.
        build: makes the net.

    Raises:
        ValueError: records that are missing or too few, a run folder that is taken, or a run to resume that was made
            with other options.
        NonFiniteLoss: the loss became NaN or infinite.
    """
    distribution = distribution_of(config.distribute, config.batch_size)
    manifest = read_manifest(config.records)
    size = config.input_size or manifest.size
    steps = steps_per_epoch(config.records, "train", config.batch_size)
    validator = Validator(config.records, manifest.skeleton, size, config.batch_size)
    run = config.run or Path("runs") / f"{model_name}-{config.records.resolve().name}"
    notes = _notes(config, model_name, manifest, size)
    if distribution.is_chief or config.resume:
        _check_run(run, notes, resume=config.resume)

    with distribution.scope():
        trainer = _build_trainer(config, build, manifest.skeleton, size, steps, distribution)
        epochs_done = _restore(trainer, run, size, steps) if config.resume else 0
    if not distribution.agree(epochs_done):
        raise ValueError(
            f"all hosts must go on after the same epoch, this one has {epochs_done} behind it in {run}; pass a --run "
            "that all hosts share"
        )
    if distribution.is_chief:
        # Not before the net is there, which weights that cannot be read may prevent.
        if not config.resume:
            _begin_run(run, notes, config.records)
        count = trainer.net.count_params()
        print(f"{model_name}: {count:,} parameters, {manifest.counts}, {steps} steps an epoch -> {run}")
        print(f"mean pose on the validation split: PCK@0.2 {validator.baseline:.3f}")
    history = History(run, epochs_done)
    with TemporaryDirectory() as elsewhere:
        # All processes compute and save alike, since any part of it may take them all; one keeps what it saves.
        if not distribution.is_chief:
            history.run = Path(elsewhere)
        end = EpochEnd(validator, inference_model(trainer.net, size), history, manifest.skeleton)
        distribution.share_statistics(trainer.net)
        if epochs_done < config.epochs:
            _fit(config, distribution, trainer, size, epochs_done, end)
    return run


def _fit(
    config: TrainConfig, distribution: OneDevice, trainer: PoseTrainer, size: int, epochs_done: int, end: EpochEnd
) -> None:
    """Trains the epochs that are left, with `end` after each."""

    def batches_from(epoch: int, shard: tuple[int, int] = (0, 1)) -> tf.data.Dataset:
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
        )

    def batches_of(shard: tuple[int, int]) -> tf.data.Dataset:
        # Strings stay behind: they name people in messages and are nothing for an accelerator.
        return batches_from(epochs_done, shard).map(
            lambda pictures, labels: (pictures, {name: labels[name] for name in ("joints_xy_px", "visible", "left")})
        )

    callbacks: list[keras.callbacks.Callback] = [StopOnNonFinite(batches_from), end]
    if config.tensorboard:
        callbacks.append(keras.callbacks.TensorBoard(end.run / "tensorboard", write_graph=False))
    distribution.fit(
        trainer,
        batches_of,
        initial_epoch=epochs_done,
        epochs=config.epochs,
        steps_per_epoch=steps_per_epoch(config.records, "train", config.batch_size),
        callbacks=callbacks,
    )


def _build_trainer(
    config: TrainConfig, build: BuildNet, skeleton: Skeleton, size: int, steps: int, distribution: OneDevice
) -> PoseTrainer:
    """A seeded, compiled trainer of a net that is fresh or starts from the weights of another."""
    keras.utils.set_random_seed(config.seed)
    normalization = FusedBatchNormalization if config.fused_normalization else keras.layers.BatchNormalization
    with _dtype_policy(config.precision):
        head = FORMS[config.head].head
        net = build(skeleton.num_joints, input_size=size, head=head, normalization=normalization)
    trainer = PoseTrainer(net, size, config.score_radius, distribution)
    optimizer = build_optimizer(config, steps, distribution.optimizer)
    trainer.compile(optimizer, jit_compile="auto" if _has_accelerator() else False)
    if config.initial is not None:
        start_from(net, shipped(config.initial) or config.initial, skeleton, config.initial_share)
    if config.learn == "scores":
        learn_scores_alone(net)
    return trainer


def _notes(config: TrainConfig, model_name: str, manifest: Manifest, size: int) -> dict:
    """What a run folder tells of its run."""
    return {
        "model": model_name,
        "skeleton": manifest.skeleton.describe(),
        "input_size": size,
        "record_size": manifest.size,
        "padding": manifest.source["padding"],
        "score": f"probability that the joint lies within {config.score_radius} of the crop's side of the truth",
        "score_radius": config.score_radius,
        "config": config.as_json(),
    }


def _check_run(run: Path, notes: dict, *, resume: bool) -> None:
    """Checks that the folder is free, or holds the run to resume."""
    path = run / "run.json"
    if not path.is_file():
        if resume:
            raise ValueError(f"there is no run to resume in {run}; leave --resume out to start one")
        return
    if not resume:
        raise ValueError(f"{run} already holds a run; pass --resume to go on with it, or another --run")
    then, now = json.loads(path.read_text())["config"], json.loads(json.dumps(notes["config"]))
    changed = [f"{key}: {then.get(key)} -> {now.get(key)}" for key in now if then.get(key) != now.get(key)]
    if changed:
        raise ValueError(
            f"{run} was begun with other options ({'; '.join(changed)}); resume it with its own, or pass another --run"
        )


def _begin_run(run: Path, notes: dict, records: Path) -> None:
    """Makes the run folder."""
    run.mkdir(parents=True, exist_ok=True)
    # A few real pictures, so that an export can be checked, and calibrated, without the records.
    pictures, _ = next(dataset(records, "val", batch_size=_NUM_SAMPLES).as_numpy_iterator())
    np.save(run / "samples.npy", pictures)
    write_json(run / "run.json", notes)


def _restore(trainer: PoseTrainer, run: Path, size: int, steps: int) -> int:
    """Loads the last checkpoint, weights and optimiser state; returns how many epochs it has behind it."""
    path = run / "last.weights.h5"
    if not path.is_file():
        print(f"{run} has no checkpoint yet; starting from the first epoch")
        return 0
    trainer.build((None, size, size, 3))
    trainer.optimizer.build(trainer.trainable_variables)
    trainer.load_weights(path)
    epochs_done = int(keras.ops.convert_to_numpy(trainer.optimizer.iterations)) // steps
    print(f"going on after epoch {epochs_done}")
    return epochs_done


def _has_accelerator() -> bool:
    # XLA slows training on a CPU, as measured; elsewhere Keras knows best.
    return keras.backend.backend() != "tensorflow" or bool(tf.config.list_physical_devices("GPU"))


@contextmanager
def _dtype_policy(name: str) -> Iterator[None]:
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(name)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)
