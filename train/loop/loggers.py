"""Loggers of a run beside its history.csv: TensorBoard, Weights & Biases and MLflow, by their own Keras callbacks."""

from __future__ import annotations

import importlib.util
import json
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from records.manifest import write_json
from train.config import TrainConfig
from train.loop.run_folder import first_line

if TYPE_CHECKING:
    import keras

# The ids of the run in Weights & Biases and in MLflow, so that a resumed run goes on in the same.
_IDS_FILE = "loggers.json"
_PROJECT = "panopose"


def check_loggers(names: Sequence[str]) -> None:
    """Checks that the packages of loggers are installed.

    Raises:
        ValueError: one is missing.
    """
    if missing := [name for name in names if importlib.util.find_spec(name) is None]:
        raise ValueError(f"--log {' '.join(missing)} needs what is not installed: pip install {' '.join(missing)}")


@contextmanager
def open_loggers(names: Sequence[str], run: Path, config: TrainConfig) -> Iterator[list[keras.callbacks.Callback]]:
    """Context manager in which a run is logged: finished at its end, failed after an exception.

    Args:
        names: of the loggers.
        run: the run folder; its name is that of the run.
        config: the options, which are logged; if the run is resumed, its earlier logs are continued.

    Yields:
        The callbacks, which belong behind the one that adds the figures of validation.

    Raises:
        ValueError: a logger cannot start, for want of a login for instance.
    """
    openers = {"tensorboard": _open_tensorboard, "wandb": _open_wandb, "mlflow": _open_mlflow}
    path = run / _IDS_FILE
    ids = json.loads(path.read_text()) if config.resume and path.is_file() else {}
    callbacks = []
    with ExitStack() as stack:
        for name in dict.fromkeys(names):
            try:
                callback, id = openers[name](run, config, ids.get(name), stack.enter_context)
            except Exception as error:  # Of the package's own kinds.
                raise ValueError(f"{name} cannot log this run ({first_line(error)})") from error
            callbacks.append(callback)
            if id is not None:
                ids[name] = id
                run.mkdir(parents=True, exist_ok=True)
                write_json(path, ids)
        yield callbacks


_Enter = Callable[[AbstractContextManager], Any]


def _open_tensorboard(run: Path, config: TrainConfig, id: str | None, enter: _Enter) -> tuple:
    import keras

    return keras.callbacks.TensorBoard(run / "tensorboard", write_graph=False), None


def _open_wandb(run: Path, config: TrainConfig, id: str | None, enter: _Enter) -> tuple:
    import wandb
    from wandb.integration.keras import WandbMetricsLogger

    run.mkdir(parents=True, exist_ok=True)
    logged = enter(
        wandb.init(
            project=os.environ.get("WANDB_PROJECT", _PROJECT),
            name=run.name,
            dir=run,
            config=config.as_json(),
            id=id,
            resume="allow" if id else None,
        )
    )
    return WandbMetricsLogger(), logged.id


def _open_mlflow(run: Path, config: TrainConfig, id: str | None, enter: _Enter) -> tuple:
    import mlflow
    from mlflow.keras import MlflowCallback

    class Callback(MlflowCallback):
        def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
            """MLflow logs nothing of an epoch that has a name with an @, such as val_pck@0.2."""
            super().on_epoch_end(epoch, {name.replace("@", "_"): value for name, value in (logs or {}).items()})

    if "MLFLOW_EXPERIMENT_NAME" not in os.environ:
        mlflow.set_experiment(_PROJECT)
    logged = enter(mlflow.start_run(run_id=id, run_name=run.name, log_system_metrics=False))
    if id is None:
        options = config.as_json()
        options |= {f"augmentation.{name}": value for name, value in options.pop("augmentation").items()}
        mlflow.log_params(options)
    return Callback(), logged.info.run_id
