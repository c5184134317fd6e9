"""`python -m train.depth`: options, the wrong ones, and a run that is measured, completed and exported."""

import json
import tomllib

import numpy as np
import pandas as pd
import pytest
from commands import AS_GIVEN, call
from depth_people import SIZE, write_depth
from people import write_shard_set

from artefact.model import Model
from evaluate.__main__ import main as evaluate_main
from export.__main__ import main as export_main
from train.depth import DepthConfig, main, train_depth

SHORT = {"epochs": 1, "batch_size": 4, "log": (), "ema_epochs": 0, "warmup_epochs": 0}


def test_the_options_as_a_file():
    printed = call(main, "--records", "data/depth", "--head", "volumes", "--share", "0.5", "--print-config")
    options = tomllib.loads(printed.stdout)
    assert (options["model"], options["head"], options["share"]) == ("depth", "volumes", 0.5)
    assert options["augmentation"]["closeup"] == 0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"head": "heatmaps"}, "head must be one of cone, depth-readout, volumes, got heatmaps"),
        ({"width": 0}, "width must be 1 or more, got 0"),
        ({"cells": 10}, "cells must be a multiple of 4, got 10; the paper has 44"),
        ({"share": 0}, "share must be above 0 and at most 1, got 0"),
        ({"head": "volumes", "neck": "pyramid"}, "V2V-PoseNet has no neck; leave --neck out"),
        ({"learn": "scores", "initial": "fast"}, "no scores that could be learned alone"),
    ],
)
def test_wrong_options_raise(options, message, tmp_path):
    with pytest.raises(ValueError, match=message):
        DepthConfig(records=tmp_path, **options)


def test_records_without_depth_are_refused(tmp_path):
    write_shard_set(tmp_path / "shards")
    done = call(main, "--records", tmp_path / "shards", "--input-size", "64", "--batch-size", "4")
    assert done.returncode == 2 and "lack depth_mm" in done.stderr, done.stderr


@pytest.mark.parametrize(
    ("head", "formats"),
    [
        ("depth-readout", ("litert", "onnx")),
        pytest.param("cone", ("litert", "openvino"), marks=pytest.mark.slow),
        pytest.param("volumes", ("onnx",), marks=pytest.mark.slow),
    ],
)
def test_a_net_is_trained_measured_completed_and_exported(head, formats, tmp_path):
    write_depth(tmp_path / "set")
    small = {"cells": 8, "share": 0.25} if head == "volumes" else {"depth": 10, "width": 8}
    config = DepthConfig(tmp_path / "set", tmp_path / "run", head=head, **SHORT, **small, **AS_GIVEN)
    run = train_depth(config)
    history = pd.read_csv(run / "history.csv")
    assert {"joint_loss", "val_error", "val_error_hidden", "val_map", "val_pa_mpjpe"} <= {*history.columns}
    done = call(evaluate_main, run, "--split", "val", "--gallery", "2")
    assert done.returncode == 0 and "mean error, mm" in done.stdout, done.stderr
    metrics = json.loads((run / "evaluation-val/metrics.json").read_text())
    assert metrics["headline"] == "error" and metrics["people"] == 4
    assert metrics["metrics"]["error"] == pytest.approx(history["val_error"].iloc[-1], rel=1e-3)
    # Two of the worst, of the best, and chosen at random.
    assert (run / "evaluation-val/report.html").read_text().count("data:image/jpeg") == 6
    completed = call(evaluate_main, run, "--split", "val", "--complete", "lift", "--out", tmp_path / "completed")
    assert completed.returncode == 0, completed.stderr
    wrong = call(evaluate_main, run, "--split", "val", "--complete", run)
    assert wrong.returncode == 2 and "needs a lifter of the joints of panoptic19" in wrong.stderr
    exported = call(export_main, run, "--to", *formats)
    assert "depth pictures of 64 px" in exported.stdout, exported.stdout + exported.stderr
    assert exported.returncode == 0, exported.stdout + exported.stderr
    samples = np.load(run / "samples.npy")
    found = Model(run / "export", formats[-1]).run({name: samples[name][:2] for name in ("depth_mm", "camera_matrix")})
    assert found["joints_xyz_mm"].shape == (2, 19, 3) and samples["depth_mm"].shape[1:] == (SIZE, SIZE)


def test_lifters_are_not_completed(tmp_path):
    from waving import write_sequences

    write_sequences(tmp_path / "sequences", people=1)
    done = call(evaluate_main, "lift", "--records", tmp_path / "sequences", "--split", "val", "--complete", "lift")
    assert done.returncode == 2 and "--complete is for nets on depth images" in done.stderr
