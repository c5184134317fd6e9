"""A run's folder replaces nothing of others."""

import pytest

from train.config import TrainConfig
from train.run_folder import check_run


@pytest.mark.parametrize("name", ["history.csv", "best.keras", "curves.png", "samples.npy", "last.weights.h5"])
def test_a_folder_with_files_of_a_runs_names_is_refused(tmp_path, name):
    (tmp_path / name).write_text("mine")
    with pytest.raises(ValueError, match=f"is no run, as it has no run.json, but holds {name}, which a run would"):
        check_run(tmp_path, TrainConfig(records=tmp_path / "records"))
    assert (tmp_path / name).read_text() == "mine"


def test_other_files_are_no_hindrance(tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    check_run(tmp_path, TrainConfig(records=tmp_path / "records"))
