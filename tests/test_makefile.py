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
    # Variables given to a `make` that runs these tests would be inherited.
    env = {name: value for name, value in os.environ.items() if name not in ("MAKEFLAGS", "MAKEOVERRIDES", "VENV")}
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
