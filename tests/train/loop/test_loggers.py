"""Loggers beside history.csv, each by its own package."""

import json
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace

import pytest
from commands import AS_GIVEN, call
from people import write_shard_set

from train.config import TrainConfig
from train.densenet import main
from train.loop import loggers
from train.loop.loggers import open_loggers

ROOT = Path(__file__).parents[3]
# What the packages themselves warn about is theirs.
of_package = pytest.mark.filterwarnings("ignore")
LOGS = [{"loss": 1.5, "val_pck@0.2": 0.25}, {"loss": 1.0, "val_pck@0.2": 0.5}]


def needs(package):
    return pytest.mark.skipif(find_spec(package) is None, reason=f"{package} is not installed")


def options(folder, resume=False):
    return TrainConfig(records=folder / "records", epochs=2, resume=resume)


def train_with(callbacks, epochs):
    """Calls callbacks as `fit` does."""
    import keras

    net = keras.Sequential([keras.layers.Dense(1)])
    net.compile(keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(0.1, 4)), "mse")
    net.build((None, 2))
    for callback in callbacks:
        callback.set_model(net)
        callback.on_train_begin()
        for epoch in epochs:
            callback.on_epoch_end(epoch, dict(LOGS[epoch]))
        callback.on_train_end()


def test_a_missing_package_is_one_line_before_anything_begins(tmp_path, monkeypatch):
    for package in ("wandb", "mlflow"):
        monkeypatch.setitem(sys.modules, package, None)
    words = ("--records", tmp_path / "none", "--run", tmp_path / "run", "--log", "tensorboard", "wandb", "mlflow")
    done = call(main, *words)
    assert done.returncode == 2 and not (tmp_path / "run").exists()
    assert done.stderr == "error: --log wandb mlflow needs what is not installed: pip install wandb mlflow\n"


def test_other_loggers_are_refused():
    with pytest.raises(ValueError, match="log must be one of tensorboard, wandb, mlflow, got comet; choose one of"):
        TrainConfig(records=Path("x"), log=("tensorboard", "comet"))


def test_a_logger_that_cannot_start_is_one_line_and_keeps_no_id(tmp_path, monkeypatch):
    def fail(*_):
        raise RuntimeError("no key\nlog in first")

    monkeypatch.setattr(loggers, "_open_wandb", fail)
    with pytest.raises(ValueError, match=r"^wandb cannot log this run \(no key\)$"):
        with open_loggers(("tensorboard", "wandb"), tmp_path / "run", options(tmp_path)):
            pytest.fail("it has started")
    assert not (tmp_path / "run").exists()


def test_a_resumed_run_goes_on_in_the_same_and_a_new_one_in_another(tmp_path, monkeypatch):
    seen = []

    def open_it(run, config, id, enter):
        seen.append(id)
        return SimpleNamespace(), id or f"id-{len(seen)}"

    monkeypatch.setattr(loggers, "_open_mlflow", open_it)
    run = tmp_path / "run"
    for resume in (False, True, False, True):
        with open_loggers(("mlflow", "mlflow"), run, options(tmp_path, resume)) as callbacks:
            assert len(callbacks) == 1
    assert seen == [None, "id-1", None, "id-3"]
    assert json.loads((run / "loggers.json").read_text()) == {"mlflow": "id-3"}


@pytest.fixture
def mlflow_client(tmp_path, monkeypatch):
    mlflow = pytest.importorskip("mlflow")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path / 'mlflow.db'}")
    monkeypatch.setenv("MLFLOW_ENABLE_ASYNC_LOGGING", "false")
    monkeypatch.chdir(tmp_path)
    return mlflow.MlflowClient()


@needs("mlflow")
@of_package
def test_mlflow_has_options_and_figures_of_all_epochs_also_after_a_resume(tmp_path, mlflow_client):
    run = tmp_path / "run"
    with pytest.raises(KeyboardInterrupt):
        with open_loggers(("mlflow",), run, options(tmp_path)) as callbacks:
            train_with(callbacks, [0])
            raise KeyboardInterrupt
    id = json.loads((run / "loggers.json").read_text())["mlflow"]
    assert mlflow_client.get_run(id).info.status == "FAILED"
    with open_loggers(("mlflow",), run, options(tmp_path, resume=True)) as callbacks:
        train_with(callbacks, [1])
    experiment = mlflow_client.get_experiment_by_name("panopose")
    (found,) = mlflow_client.search_runs([experiment.experiment_id])
    assert (found.info.run_id, found.info.run_name, found.info.status) == (id, "run", "FINISHED")
    assert found.data.params["epochs"] == "2" and found.data.params["augmentation.flip"] == "0.5"
    figures = mlflow_client.get_metric_history(id, "val_pck_0.2")
    assert [(figure.step, figure.value) for figure in figures] == [(0, 0.25), (1, 0.5)]


@needs("wandb")
@of_package
def test_wandb_has_options_and_figures_also_after_a_resume(tmp_path, monkeypatch):
    import wandb

    monkeypatch.setenv("WANDB_MODE", "offline")
    run = tmp_path / "run"
    for resume, epoch in ((False, 0), (True, 1)):
        with open_loggers(("wandb",), run, options(tmp_path, resume)) as callbacks:
            train_with(callbacks, [epoch])
            assert wandb.run.id == json.loads((run / "loggers.json").read_text())["wandb"]
            assert (wandb.run.name, wandb.run.project, wandb.run.config["epochs"]) == ("run", "panopose", 2)
            assert wandb.run.summary["epoch/val_pck@0.2"] == LOGS[epoch]["val_pck@0.2"]
            assert wandb.run.summary["epoch/epoch"] == epoch
        assert wandb.run is None
    # `wandb sync` joins parts with the same id.
    id = json.loads((run / "loggers.json").read_text())["wandb"]
    assert len(list((run / "wandb").glob(f"offline-run-*-{id}"))) == 2


@pytest.mark.slow
@needs("mlflow")
@needs("wandb")
def test_the_command_logs_with_all_at_once(tmp_path, mlflow_client):
    write_shard_set(tmp_path / "records", train=8, val=4, size=64)
    words = ["--records", tmp_path / "records", "--run", tmp_path / "run", "--epochs", 2, "--batch-size", 8]
    words += ["--blocks", 1, "--growth-rate", 4, "--log", "tensorboard", "wandb", "mlflow"]
    words += [word for name, value in AS_GIVEN.items() for word in (f"--{name}", value)]
    environment = os.environ | {"WANDB_MODE": "offline", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-m", "train.densenet", *map(str, words)],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert {"loggers.json", "tensorboard", "wandb"} <= {path.name for path in (tmp_path / "run").iterdir()}
    id = json.loads((tmp_path / "run/loggers.json").read_text())["mlflow"]
    assert mlflow_client.get_run(id).info.status == "FINISHED"
    assert [figure.step for figure in mlflow_client.get_metric_history(id, "val_pck_0.2")] == [0, 1]
