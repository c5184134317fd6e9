"""Training, the same for every net, on Keras `fit`."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

from machine.quiet import check_backend, import_tensorflow
from records import read_manifest, shard_paths, steps_per_epoch
from train.config import TrainConfig
from train.loop.loggers import check_loggers
from train.loop.run_folder import check_run, folder_of

if TYPE_CHECKING:
    from evaluate.measures import Measure
    from models import Loss, OutputForm
    from train.loop.fitting import BuildNet, StartNet
    from train.loop.trainer import Forward


def train(
    config: TrainConfig,
    model_name: str,
    build: BuildNet,
    start: StartNet | None = None,
    *,
    form: OutputForm | None = None,
    measure: Measure | None = None,
    stage_weights: Mapping[str, float] | None = None,
    stage_losses: Mapping[str, Loss] | None = None,
    forward: Forward | None = None,
    rates: Mapping[str, float] | None = None,
) -> Path:
    """Trains a net and returns the run folder.

    The folder holds run.json (the options and what a reader of the model needs), history.csv, best.keras (averaged
    weights, float32, images in and joints in pixels out), last.weights.h5 (to resume from), curves.png,
    predictions.png and the logs of `config.log`.

    Args:
        config: the options.
        model_name: the net's name in the run's name and notes.
        build: builds the net.
        start: loads published weights into it.
        form: output form of the net; that of `config.head` if None.
        measure: how answers are measured; the task's in `evaluate.measures.MEASURES` if None.
        stage_weights: weights of the losses of the net's stages, "stage1" and so on, "" for the last; 1 for those not
            named; a stage of weight 0 is left out.
        stage_losses: losses of stages with targets of their own, by name; the form's for those not named.
        forward: runs the net in training, where labels decide what it looks at.
        rates: learning rates of layers as multiples of the options', by the beginnings of their names.

    Raises:
        ValueError: the records are missing or too few, the run folder is taken, the run to resume has other options, or
            a logger is not installed.
        NonFiniteLoss: the loss or a prediction became NaN or infinite.
        HostLost: another host of a distributed training no longer responds.
    """
    check_backend(to_train=True)
    check_loggers(config.log)
    manifest = read_manifest(config.records, "people" if form is None else form.task.kind)
    if not manifest.counts["val"]:
        raise ValueError(
            f"{config.records} has nobody in its val split, which training measures after each epoch; make the records "
            "again into another --out with a greater --val, such as --val 0.2, or --val-sequences NAME ..."
        )
    if config.learn == "head" and config.initial is None and start is None:
        raise ValueError(
            "the backbone of a new net must learn too; give --initial, or weights to begin with such as --movenet, or "
            "leave --learn out"
        )
    steps_per_epoch(config.records, "train", config.batch_size)
    for split in ("train", "val"):
        shard_paths(config.records, split)
    run = folder_of(config, model_name)
    # One of several hosts creates the folder, and the others may find it already there.
    if config.distribute != "hosts" or config.resume:
        check_run(run, config)
    import_tensorflow()
    from records.damage import named_damage
    from train.loop.fitting import fit
    from train.loop.lost_hosts import host_lost_errors

    lost_hosts = host_lost_errors() if config.distribute == "hosts" else nullcontext()
    with lost_hosts, named_damage(config.records, "train", "val"):
        fit(config, model_name, build, start, manifest, run, form, measure, stage_weights, stage_losses, forward, rates)
    return run
