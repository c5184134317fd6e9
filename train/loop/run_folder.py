"""A run's folder: whether it is free, or holds the run to resume, and what it tells of its run.

Nothing here needs TensorFlow, so that what is wrong with a command line is printed at once.
"""

from __future__ import annotations

import json
from dataclasses import MISSING, fields
from pathlib import Path

import numpy as np

from artefact.formats import MODEL_FILE, RUN_FILE, SAMPLES_FILE
from pose.tasks import Task
from records import Manifest
from records.manifest import write_json
from train.config import TrainConfig

# What else a run writes.
_FILES = (MODEL_FILE, "history.csv", "curves.png", "predictions.png", SAMPLES_FILE, "last.weights.h5")


def run_folder(config: TrainConfig, model_name: str) -> Path:
    """Where the run goes."""
    return config.run or Path("runs") / f"{model_name}-{config.records.resolve().name}"


def notes_of(
    config: TrainConfig, model_name: str, manifest: Manifest, task: Task, arithmetic: dict, measured: str, best_by: str
) -> dict:
    """What a run folder tells of its run.

    Args:
        config: the options.
        model_name: of the net.
        manifest: of the records.
        task: what the net answers.
        arithmetic: how its steps are computed.
        measured: why so.
        best_by: the figure of the validation split that decides which epoch is the best.
    """
    return {
        "model": model_name,
        **task.describe(),
        "skeleton": manifest.skeleton.describe(),
        "input_size": config.input_size or manifest.size,
        "record_size": manifest.size,
        "padding": manifest.source["padding"],
        "score": f"probability that the joint lies within {config.score_radius} of the crop's side of the truth",
        "score_radius": config.score_radius,
        "config": config.as_json(),
        "asked": _asked(config),
        "arithmetic": arithmetic,
        "measured": measured,
        "best_by": best_by,
    }


def check_run(run: Path, config: TrainConfig) -> None:
    """Checks that the folder is free, or holds the run to resume.

    Raises:
        ValueError: it is taken, or holds no run, or one that was begun with other options.
    """
    path = run / RUN_FILE
    if not path.is_file():
        if config.resume:
            raise ValueError(f"there is no run to resume in {run}; leave --resume out to start one")
        _check_free(run)
        return
    if not config.resume:
        raise ValueError(f"{run} already holds a run; pass --resume to go on with it, or another --run")
    notes, now = read_notes(run), json.loads(json.dumps(config.as_json())) | _asked(config)
    # What was asked for stays so where it is not what the run does, as JAX has but one way to normalize.
    # Options that were not there yet had no effect, which is what the defaults have.
    defaults = {option.name: option.default for option in fields(config) if option.default is not MISSING}
    then = defaults | notes["config"] | arithmetic_of(run)
    asked = then | notes.get("asked", {})
    changed = [key for key in now if now[key] not in (then.get(key), asked.get(key))]
    changed = [key for key in changed if not _same_place(config, key, then.get(key))]
    if changed:
        listed = "; ".join(f"{key}: {then.get(key)} -> {now[key]}" for key in changed)
        longer = f"; {how_to_train_longer(run)}" if config.epochs > then.get("epochs", config.epochs) else ""
        raise ValueError(
            f"{run} was begun with other options ({listed}); resume it with its own, or pass another --run{longer}"
        )


def _same_place(config: TrainConfig, key: str, then: str | None) -> bool:
    """Whether an option is a path that a run noted in other words."""
    now = getattr(config, key, None)
    return isinstance(now, Path) and then is not None and Path(then).resolve() == now.resolve()


def how_to_train_longer(run: Path) -> str:
    """What to do, as the learning rate of a run has come down to 0 after its last epoch."""
    return f"to train longer, start another run from its weights: --initial {run} --epochs N --run ANOTHER"


def _asked(config: TrainConfig) -> dict:
    """How the options ask steps to be computed, as far as they do."""
    asked = {"precision": config.precision, "normalization": config.normalization}
    asked |= {"xla": config.xla if config.xla == "auto" else config.xla == "on"}
    return {option: value for option, value in asked.items() if value != "auto"}


def arithmetic_of(run: Path) -> dict:
    """How a run's steps are computed: the fields of `train.loop.speed.Arithmetic`."""
    notes = read_notes(run)
    if "arithmetic" in notes:
        return notes["arithmetic"]
    # A run of a version in which options decided it.
    fused = notes["config"].get("fused_normalization", True)
    return {"precision": notes["config"]["precision"], "normalization": "fused" if fused else "plain", "xla": False}


def read_notes(run: Path) -> dict:
    """Reads what `write_notes` wrote.

    Raises:
        ValueError: it is damaged.
    """
    path = run / RUN_FILE
    try:
        notes = json.loads(path.read_text())
        if not isinstance(notes["config"], dict):
            raise ValueError("its config is no object")
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise ValueError(f"{path} is damaged ({first_line(error)}); put it back, or pass another --run") from error
    return notes


def first_line(error: Exception) -> str:
    """What an error says, as far as it fits into a line of ours."""
    return (str(error).splitlines() or [type(error).__name__])[0][:200]


def write_samples(run: Path, inputs: dict[str, np.ndarray]) -> None:
    """Writes samples.npy: an array, or where there are several inputs, a structured array with a field for each."""
    samples = next(iter(inputs.values()))
    if len(inputs) > 1:
        kinds = [(name, value.dtype, value.shape[1:]) for name, value in inputs.items()]
        samples = np.zeros(len(samples), kinds)
        for name, value in inputs.items():
            samples[name] = value
    np.save(run / SAMPLES_FILE, samples)


def write_notes(run: Path, notes: dict) -> None:
    """Writes run.json."""
    write_json(run / RUN_FILE, notes)


def _check_free(run: Path) -> None:
    """Checks that a folder without a run holds no file that a run would replace."""
    there = [name for name in _FILES if (run / name).exists()]
    if there:
        raise ValueError(
            f"{run} is no run, as it has no {RUN_FILE}, but holds {', '.join(there)}, which a run would replace; "
            "pass another --run"
        )
