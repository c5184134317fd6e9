"""A run replaces no files of others."""

from dataclasses import replace
from types import SimpleNamespace

import pytest

from pose import LSP14
from pose.tasks import POSE_2D
from train.config import TrainConfig
from train.loop.run_folder import check_run, notes_of, write_notes


@pytest.mark.parametrize("name", ["history.csv", "best.keras", "curves.png", "samples.npy", "last.weights.h5"])
def test_a_folder_with_files_of_a_runs_names_raises(tmp_path, name):
    (tmp_path / name).write_text("mine")
    with pytest.raises(ValueError, match=f"is no run, as it has no run.json, but holds {name}, which a run would"):
        check_run(tmp_path, TrainConfig(records=tmp_path / "records"))
    assert (tmp_path / name).read_text() == "mine"


def test_other_files_do_not_matter(tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    check_run(tmp_path, TrainConfig(records=tmp_path / "records"))


def test_a_run_is_resumed_with_what_it_was_asked_for_and_with_what_it_does(tmp_path):
    """As on JAX, which compiles every step and has only one way to normalize, whatever is asked for."""
    options = TrainConfig(tmp_path, run=tmp_path / "run", normalization="fused", xla="off", precision="float32")
    arithmetic = {"precision": "float32", "normalization": "plain", "xla": True}
    (tmp_path / "run").mkdir()
    manifest = SimpleNamespace(skeleton=LSP14, size=32, kind="people", source={"padding": 1.25})
    write_notes(tmp_path / "run", notes_of(options, "net", manifest, POSE_2D, arithmetic, "as given", "val_error"))
    for same in ({}, {"normalization": "plain", "xla": "on"}, {"normalization": "auto", "xla": "auto"}):
        check_run(tmp_path / "run", replace(options, resume=True, **same))
    with pytest.raises(ValueError, match="begun with other options .precision: float32 -> mixed_bfloat16.; resume"):
        check_run(tmp_path / "run", replace(options, resume=True, precision="mixed_bfloat16"))


def test_a_run_begun_before_there_was_an_option_is_resumed_with_its_default(tmp_path):
    options = TrainConfig(tmp_path, run=tmp_path / "run", normalization="fused", xla="off", precision="float32")
    (tmp_path / "run").mkdir()
    manifest = SimpleNamespace(skeleton=LSP14, size=32, kind="people", source={"padding": 1.25})
    arithmetic = {"precision": "float32", "normalization": "fused", "xla": False}
    notes = notes_of(options, "net", manifest, POSE_2D, arithmetic, "as given", "val_error")
    del notes["config"]["neck"], notes["task"]
    write_notes(tmp_path / "run", notes)
    check_run(tmp_path / "run", replace(options, resume=True))
    with pytest.raises(ValueError, match="neck: auto -> none"):
        check_run(tmp_path / "run", replace(options, resume=True, neck="none"))
