"""A Keras backend that is not installed is an error in one line, before anything is imported."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest
from commands import call
from people import write_shard_set

import evaluate.__main__
import export.__main__
import train.resnet
from machine.quiet import check_backend, import_tensorflow

ROOT = Path(__file__).parents[2]


@pytest.fixture
def without(monkeypatch):
    """(backend) -> KERAS_BACKEND names that backend, which is not installed."""
    find = importlib.util.find_spec

    def ask_for(backend):
        monkeypatch.setenv("KERAS_BACKEND", backend)
        monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == backend else find(name))

    return ask_for


def test_a_backend_that_is_not_installed_exits_with_2(without, tmp_path):
    write_shard_set(tmp_path / "records")
    (tmp_path / "run").mkdir()
    for name in ("run.json", "best.keras", "samples.npy"):
        (tmp_path / "run" / name).touch()
    without("jax")
    for command, words in (
        (train.resnet.main, ("--records", "x")),
        (evaluate.__main__.main, (tmp_path / "run", "--records", tmp_path / "records")),
        (export.__main__.main, (tmp_path / "run",)),
    ):
        done = call(command, *words)
        assert (done.returncode, done.stderr) == (2, "error: KERAS_BACKEND=jax needs JAX: pip install jax\n")


def test_a_missing_backend_to_train_raises(without):
    without("torch")
    with pytest.raises(ValueError, match="KERAS_BACKEND=torch needs PyTorch: pip install torch"):
        check_backend()
    without("numpy")
    check_backend()
    with pytest.raises(ValueError, match="must be one of tensorflow, jax, torch to train, got numpy; leave it out"):
        check_backend(to_train=True)


def test_an_installed_backend_is_imported(monkeypatch):
    for backend in ("tensorflow", ""):
        monkeypatch.setenv("KERAS_BACKEND", backend)
        check_backend(to_train=True)
        import_tensorflow()


@pytest.mark.parametrize(("own", "used"), [({}, "1"), ({"TF_ENABLE_ONEDNN_OPTS": "0"}, "0")])
def test_tensorflow_computes_with_onednn_unless_it_is_turned_off(own, used, tmp_path):
    (tmp_path / "tensorflow.py").write_text("import os\nprint(os.environ['TF_ENABLE_ONEDNN_OPTS'])\n")
    code = "import machine.quiet\nmachine.quiet.import_tensorflow(with_keras=False)"
    environment = {"PYTHONPATH": f"{tmp_path}:{ROOT}", "PATH": "", **own}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False)
    assert done.stdout == f"{used}\n", done.stderr


def test_a_missing_backend_of_keras_own_file_raises_too(tmp_path):
    (tmp_path / "keras.py").write_text("raise ModuleNotFoundError(\"No module named 'jax'\", name='jax')\n")
    code = "import machine.quiet\ntry:\n  machine.quiet.import_tensorflow()\nexcept ValueError as e:\n  print(e)"
    environment = {"PYTHONPATH": f"{tmp_path}:{ROOT}", "PATH": ""}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False)
    assert done.stdout == "KERAS_BACKEND=jax needs JAX: pip install jax\n", done.stderr
