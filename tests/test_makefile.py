"""The files that `make` removes."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture
def folder(tmp_path):
    shutil.copy(ROOT / "Makefile", tmp_path)
    for name in ("data/lspet/manifest.json", "runs/mine/best.keras", ".venv/bin/python", "build/x", "other/.keep"):
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).touch()
    return tmp_path


def make(folder, *words, answer=""):
    # What a `make` that runs these tests hands on: its variables, its flags, and that this one is below it.
    inherited = ("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "MAKEOVERRIDES", "VENV")
    env = {name: value for name, value in os.environ.items() if name not in inherited}
    return subprocess.run(
        ["make", *words], cwd=folder, env=env, input=answer, capture_output=True, text=True, check=False
    )


def test_clean_leaves_data_and_runs(folder):
    done = make(folder, "clean")
    assert done.returncode == 0, done.stderr
    assert sorted(path.name for path in folder.iterdir()) == ["Makefile", "data", "other", "runs"]
    assert (folder / "data/lspet/manifest.json").is_file() and (folder / "runs/mine/best.keras").is_file()


def test_clean_leaves_a_folder_that_make_did_not_set_up(folder):
    done = make(folder, "clean", "VENV=other")
    assert done.returncode == 2 and "other was not made by make setup; it stays" in done.stdout
    assert (folder / "other/.keep").is_file()


@pytest.mark.parametrize(
    ("answer", "kept"), [("yes\n", False), ("no\n", True), ("y\n", True), ("\n", True), ("", True)]
)
def test_clean_data_asks(folder, answer, kept):
    done = make(folder, "clean-data", answer=answer)
    assert "remove data/ and runs/, downloads and trained models included? (yes/no)" in done.stdout
    assert (folder / "data").exists() == (folder / "runs").exists() == kept
    assert (folder / ".venv").exists()


RECIPES = (
    "cpm deeppose densenet depth efficientnet_lite gait_joints gaitset hmr hourglass hrnet ief lifter mobilenet_v2 "
    "movenet multipose openpose resnet search searched simple_baseline tompson"
)


@pytest.fixture
def trainable(tmp_path):
    """A copy of what `make train` reads, where `python` prints its arguments."""
    for name in ("Makefile", "train", "configs", "requirements.txt", "setup.py"):
        copy = shutil.copy if (ROOT / name).is_file() else shutil.copytree
        copy(ROOT / name, tmp_path / name)
    python = tmp_path / ".venv/bin/python"
    python.parent.mkdir(parents=True)
    python.write_text("#!/bin/sh\nprintf '%s\\n' \"$@\"\n")
    python.chmod(0o755)
    (tmp_path / ".venv/.installed").touch()
    return tmp_path


def train_words(folder, *words):
    done = make(folder, "-s", "train", *words)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_help_lists_the_recipes_that_are_there(trainable):
    assert f"MODEL of make train: {RECIPES}" in make(trainable, "help").stdout.splitlines()
    shutil.copy(trainable / "train/resnet.py", trainable / "train/vitpose.py")
    assert f"MODEL of make train: {RECIPES} vitpose" in make(trainable, "help").stdout.splitlines()


def test_an_unknown_model_is_one_line_with_the_list(trainable):
    done = make(trainable, "train", "MODEL=resnet50")
    assert done.returncode == 2 and done.stdout == f"there is no MODEL resnet50; there are {RECIPES}\n"


def test_what_make_train_passes_on(trainable):
    default = ["-m", "train.resnet", "--records", "data/records", "--run", "runs/resnet"]
    assert train_words(trainable) == default
    words = ("MODEL=movenet", "RECORDS=data/a b", "RUN=runs/x", "ARGS=--epochs 3 --resume")
    passed = ["-m", "train.movenet", "--records", "data/a b", "--run", "runs/x", "--epochs", "3", "--resume"]
    assert train_words(trainable, *words) == passed


def test_a_config_gives_the_model_the_records_and_the_run(trainable):
    fast = ["-m", "train.movenet", "--config", "configs/fast.toml"]
    assert train_words(trainable, "CONFIG=configs/fast.toml") == fast
    words = ("CONFIG=configs/fast.toml", "RUN=runs/x", "ARGS=--epochs 3")
    assert train_words(trainable, *words) == [*fast, "--run", "runs/x", "--epochs", "3"]
    # A file need not name its model.
    (trainable / "my own.toml").write_text("epochs = 3\n")
    assert train_words(trainable, "CONFIG=my own.toml") == ["-m", "train.resnet", "--config", "my own.toml"]
