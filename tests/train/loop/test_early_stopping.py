"""--patience: training stops when the figure that chooses the best epoch no longer improves."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import h5py
import keras
import numpy as np
import pandas as pd
import pytest
from commands import AS_GIVEN, call
from people import write_shard_set

from train.densenet import DenseNetConfig, main, train_densenet
from train.loop.callbacks import EpochEnd, StopWithoutImprovement
from train.loop.history import History
from train.loop.validation import Validator

ROOT = Path(__file__).parents[3]
# The best one twice; patience 2 ends the run after the fourth epoch.
FIGURES = (0.1, 0.3, 0.2, 0.3, 0.4, 0.5)
STOPPED = "stopped after epoch 4 of 6: val_pck@0.2 has not improved for 2 epochs (--patience 2)"


@pytest.fixture(scope="module")
def shards(tmp_path_factory):
    folder = tmp_path_factory.mktemp("shards")
    write_shard_set(folder, train=8, val=4, size=64)
    return folder


@pytest.fixture
def figures(monkeypatch):
    """Makes the epochs' figures those above: of epoch 1 and so on, whatever the net has learned."""
    figures_of, epoch_end, epochs = Validator._figures, EpochEnd.on_epoch_end, []

    def on_epoch_end(self, epoch, logs=None):
        epochs.append(epoch)
        epoch_end(self, epoch, logs)

    def scripted(self, answers):
        # The baseline is measured before the first epoch.
        found = figures_of(self, answers)
        return found | {"val_pck@0.2": FIGURES[epochs[-1]]} if epochs else found

    monkeypatch.setattr(EpochEnd, "on_epoch_end", on_epoch_end)
    monkeypatch.setattr(Validator, "_figures", scripted)
    return epochs


def config(records, run, **changes):
    options = {"epochs": 6, "batch_size": 8, "blocks": (1, 1), "growth_rate": 4, "log": ()} | AS_GIVEN
    return DenseNetConfig(records=records, run=run, **{**options, **changes})


def weights_of(run):
    return keras.models.load_model(run / "best.keras").get_weights()


def test_a_run_stops_and_says_why(shards, figures, tmp_path, capsys):
    run, other = tmp_path / "run", tmp_path / "other"
    train_densenet(config(shards, run, patience=2))
    printed = capsys.readouterr().out.splitlines()
    assert STOPPED in printed and any(line.startswith("best epoch 4: PCK@0.2 30.0 %") for line in printed)
    history = pd.read_csv(run / "history.csv")
    assert history["val_pck@0.2"].tolist() == list(FIGURES[:4])
    # Without patience the same epochs come first, and the best of the four is the same net.
    figures.clear()

    def end_after_four(self, epoch, logs=None):
        epoch_end(self, epoch, logs)
        if epoch == 3:
            raise KeyboardInterrupt

    epoch_end = EpochEnd.on_epoch_end
    with pytest.MonkeyPatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(EpochEnd, "on_epoch_end", end_after_four)
        train_densenet(config(shards, other))
    pd.testing.assert_frame_equal(history, pd.read_csv(other / "history.csv"), check_exact=True)
    for one, two in zip(weights_of(run), weights_of(other), strict=True):
        np.testing.assert_array_equal(one, two)


def test_a_run_that_has_stopped_is_not_continued(shards, figures, tmp_path, capsys):
    run = tmp_path / "run"
    train_densenet(config(shards, run, patience=2))
    before = {path.name: path.read_bytes() for path in run.iterdir() if path.suffix != ".png"}
    capsys.readouterr()
    figures.clear()
    train_densenet(config(shards, run, patience=2, resume=True))
    printed = capsys.readouterr().out
    assert f"{STOPPED}; to train longer, start another run from its weights: --initial {run} --epochs N" in printed
    assert "were done before" not in printed and figures == []
    assert before == {path.name: path.read_bytes() for path in run.iterdir() if path.suffix != ".png"}
    with pytest.raises(ValueError, match=r"was begun with other options \(patience: 2 -> 3\)"):
        train_densenet(config(shards, run, patience=3, resume=True))


def test_a_resumed_run_goes_on_counting(shards, figures, tmp_path, capsys):
    run, epoch_end = tmp_path / "run", EpochEnd.on_epoch_end

    def end_after_three(self, epoch, logs=None):
        epoch_end(self, epoch, logs)
        if epoch == 2:
            raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(EpochEnd, "on_epoch_end", end_after_three)
        train_densenet(config(shards, run, patience=2))
    assert len(pd.read_csv(run / "history.csv")) == 3
    figures.clear()
    train_densenet(config(shards, run, patience=2, resume=True))
    assert STOPPED in capsys.readouterr().out.splitlines()
    assert pd.read_csv(run / "history.csv")["val_pck@0.2"].tolist() == list(FIGURES[:4]) and figures == [3]


def test_patience_that_lasts_is_not_mentioned(shards, figures, tmp_path, capsys):
    train_densenet(config(shards, tmp_path / "run", epochs=4, patience=2))
    assert "stopped after" not in capsys.readouterr().out and figures == [0, 1, 2, 3]


def test_all_processes_stop_or_none():
    history = History(None)
    for epoch in range(2):
        history.add(epoch, {"val_pck@0.2": 0.1})
    asked = []
    for others, expected in ((1, True), (0, False)):
        stop = StopWithoutImprovement(
            history, 1, lambda number, others=others: asked.append(number) or number == others
        )
        model = SimpleNamespace(stop_training=False)
        stop.set_model(model)
        stop.on_epoch_end(1)
        assert model.stop_training is expected
    # Also a process that would go on must answer, since the others wait for it.
    history.add(2, {"val_pck@0.2": 0.2})
    stop.on_epoch_end(2)
    assert asked == [1, 1, 0] and model.stop_training is False


def test_no_patience_at_all_is_wrong(tmp_path):
    done = call(main, "--records", tmp_path, "--patience", 0)
    assert done.returncode == 2 and "patience must be 1 or more, got 0" in done.stderr


@pytest.mark.slow
def test_killed_and_resumed_stops_after_the_same_epoch_with_the_same_numbers(shards, tmp_path):
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    done = subprocess.run(command(shards, whole), cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    said = re.search(r"stopped after epoch \d+ of 40: .*", done.stdout)[0]
    process = subprocess.Popen(command(shards, broken), cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while process.poll() is None and not (broken / "last.weights.h5").exists():
        time.sleep(0.01)
    os.kill(process.pid, signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    done = subprocess.run(command(shards, broken, "--resume"), cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "going on after epoch" in done.stdout and said in done.stdout.splitlines()
    histories = [pd.read_csv(run / "history.csv") for run in (whole, broken)]
    pd.testing.assert_frame_equal(*histories, check_exact=True)
    assert 4 <= len(histories[0]) < 40
    states = [state_of(run) for run in (whole, broken)]
    assert states[0].keys() == states[1].keys() and len(states[0]) > 50
    for name, value in states[0].items():
        np.testing.assert_array_equal(value, states[1][name], err_msg=name)
    for one, two in zip(weights_of(whole), weights_of(broken), strict=True):
        np.testing.assert_array_equal(one, two)


def command(shards, run, *more):
    words = ["--records", shards, "--run", run, "--epochs", 40, "--patience", 3, "--batch-size", 4, "--log"]
    words += ["--blocks", 1, 1, "--growth-rate", 4, *more]
    words += [word for name, value in AS_GIVEN.items() for word in (f"--{name}", value)]
    return [sys.executable, "-m", "train.densenet", *map(str, words)]


def state_of(run):
    """All weights of a checkpoint, those of the optimizer too."""
    found = {}
    with h5py.File(run / "last.weights.h5") as file:
        file.visititems(lambda name, item: found.update({name: item[()]}) if isinstance(item, h5py.Dataset) else None)
    return found
