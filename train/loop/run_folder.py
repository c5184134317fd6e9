"""A run's folder: checks whether it is free or holds the run to resume, and reads and writes run.json.

Nothing here needs TensorFlow, so that errors in a command line are printed at once.
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

# Other files that a run writes.
_FILES = (MODEL_FILE, "history.csv", "curves.png", "predictions.png", SAMPLES_FILE, "last.weights.h5")


def folder_of(config: TrainConfig, model_name: str) -> Path:
    """The run's folder."""
    return config.run or Path("runs") / f"{model_name}-{config.records.resolve().name}"


def notes_of(
    config: TrainConfig, model_name: str, manifest: Manifest, task: Task, arithmetic: dict, measured: str, best_by: str
) -> dict:
    """The content of a run's run.json.

    Args:
        config: the options.
        model_name: of the net.
        manifest: of the records.
        task: of the net.
        arithmetic: how the training steps are computed.
        measured: how that was chosen.
        best_by: the figure of the validation split that decides which epoch is the best.
    """
    size = config.size_of(manifest)
    return {
        "model": model_name,
        **task.describe(),
        "skeleton": manifest.skeleton.describe(),
        "input_size": size,
        # Whole images are shrunk before a model sees them, crops by the exported model.
        "record_size": manifest.size if manifest.kind == "people" else size,
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
        ValueError: the folder is taken, holds no run to resume, or a run that was begun with other options.
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
    # An option counts as unchanged if it is what the run does or what was asked for: JAX, for one, has only one way to
    # normalize. Options that did not exist yet are taken as their defaults, which change nothing.
    defaults = {option.name: option.default for option in fields(config) if option.default is not MISSING}
    then = defaults | notes["config"] | arithmetic_of(run)
    asked = then | notes.get("asked", {})
    changed = [key for key in now if now[key] not in (then.get(key), asked.get(key))]
    changed = [key for key in changed if not _is_same_path(config, key, then.get(key))]
    if changed:
        listed = "; ".join(f"{key}: {then.get(key)} -> {now[key]}" for key in changed)
        longer = f"; {how_to_train_longer(run)}" if config.epochs > then.get("epochs", config.epochs) else ""
        raise ValueError(
            f"{run} was begun with other options ({listed}); resume it with its own, or pass another --run{longer}"
        )


def _is_same_path(config: TrainConfig, key: str, then: str | None) -> bool:
    """Whether an option is the path that a run noted, written differently."""
    now = getattr(config, key, None)
    return isinstance(now, Path) and then is not None and Path(then).resolve() == now.resolve()


def how_to_train_longer(run: Path) -> str:
    """Advice for a finished run, which cannot go on because its learning rate has decayed to 0."""
    return f"to train longer, start another run from its weights: --initial {run} --epochs N --run ANOTHER"


def _asked(config: TrainConfig) -> dict:
    """The options of the arithmetic that are not "auto"."""
    asked = {"precision": config.precision, "normalization": config.normalization}
    asked |= {"xla": config.xla if config.xla == "auto" else config.xla == "on"}
    return {option: value for option, value in asked.items() if value != "auto"}


def arithmetic_of(run: Path) -> dict:
    """How a run's steps are computed: the fields of `train.loop.speed.Arithmetic`."""
    notes = read_notes(run)
    if "arithmetic" in notes:
        return notes["arithmetic"]
    # A run of an earlier version, whose options decided it.
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
    """The first line of an error's message, cut to 200 characters."""
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
