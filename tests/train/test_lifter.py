"""`python -m train.lifter`: options, the wrong ones, and a run that is measured, exported and used."""

import json
import tomllib

import numpy as np
import pandas as pd
import pytest
from commands import AS_GIVEN, call
from waving import SKELETON, moving, write_sequences

from demo.lifting.lifter import Lifter
from evaluate.__main__ import main as evaluate_main
from export.__main__ import main as export_main
from pose.space.lifting import usual_camera
from train.lifter import LifterConfig, main, train_lifter


def test_the_options_as_a_file():
    printed = call(main, "--records", "data/sequences", "--frames", "81", "--augmentation.live", "0", "--print-config")
    options = tomllib.loads(printed.stdout)
    assert (options["model"], options["frames"], options["augmentation"]["live"]) == ("lifter", 81, 0)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"frames": 10}, "frames must be 1 or a power of 3, such as 27, 81 and 243, got 10"),
        ({"filters": 0}, "filters must be 1 or more, got 0"),
        ({"dropout": 1.0}, "dropout must be from 0 to below 1, got 1.0"),
        ({"input_size": 64}, "a lifter has no images, no neck and no scores; leave --input-size"),
        ({"head": "heatmaps"}, "head must be one of lifted, got heatmaps"),
    ],
)
def test_wrong_options_raise(options, message, tmp_path):
    with pytest.raises(ValueError, match=message):
        LifterConfig(records=tmp_path, **options)


def test_records_of_people_are_refused(tmp_path):
    from people import write_shard_set

    write_shard_set(tmp_path / "shards")
    done = call(main, "--records", tmp_path / "shards")
    assert done.returncode == 2 and "records of sequences are needed" in done.stderr


def test_a_resumed_run_drops_the_same_features(tmp_path):
    write_sequences(tmp_path / "set", people=8)
    options = {"epochs": 2, "batch_size": 8, "filters": 16, "dropout": 0.5, "frames": 1, "log": (), **AS_GIVEN}
    whole, stopped = tmp_path / "whole", tmp_path / "stopped"
    train_lifter(LifterConfig(tmp_path / "set", whole, **options))

    class Stop(Exception):
        pass

    def stop(self, epoch, logs=None):
        if epoch == 1:
            raise Stop

    with pytest.MonkeyPatch.context() as patch, pytest.raises(Stop):
        patch.setattr("train.loop.callbacks.StopOnNonFinite.on_epoch_begin", stop)
        train_lifter(LifterConfig(tmp_path / "set", stopped, **options))
    train_lifter(LifterConfig(tmp_path / "set", stopped, resume=True, **options))
    one, other = (pd.read_csv(run / "history.csv") for run in (whole, stopped))
    assert one["epoch"].tolist() == other["epoch"].tolist() == [1, 2]
    np.testing.assert_allclose(one, other, rtol=1e-5)


@pytest.mark.parametrize("frames", [1, 9])
def test_a_lifter_is_trained_measured_exported_and_used(frames, tmp_path):
    write_sequences(tmp_path / "set", people=8)
    options = {"epochs": 2, "batch_size": 8, "filters": 16, "log": (), "ema_epochs": 0, "warmup_epochs": 0}
    config = LifterConfig(tmp_path / "set", tmp_path / "run", frames=frames, **options, **AS_GIVEN)
    run = train_lifter(config)
    history = pd.read_csv(run / "history.csv")
    assert {"joint_loss", "val_mpjpe", "val_pa_mpjpe", "val_mpjve"} <= {*history.columns}
    assert (run / "curves.png").is_file() and not (run / "predictions.png").exists()
    done = call(evaluate_main, run, "--split", "val", "--gallery", "2")
    assert done.returncode == 0 and "MPJPE, mm" in done.stdout, done.stderr
    metrics = json.loads((run / "evaluation-val/metrics.json").read_text())
    assert metrics["headline"] == "mpjpe" and metrics["metrics"]["mpjpe"] > 0
    best = history.loc[history["val_mpjpe"].idxmin(), "val_mpjpe"]
    assert metrics["metrics"]["mpjpe"] == pytest.approx(best, rel=1e-3)
    exact = call(evaluate_main, run, "--split", "val", "--exact", "--out", tmp_path / "exact")
    assert exact.returncode == 0 and json.loads((tmp_path / "exact/metrics.json").read_text())["exact"] is True
    exported = call(export_main, run, "--to", "litert", "onnx")
    assert exported.returncode == 0 and f"windows of {frames} frame" in exported.stdout, exported.stdout
    lifter = Lifter(run / "export", SKELETON)
    assert lifter.frames == frames
    camera = usual_camera((480, 640))
    points = moving(20)[..., :] + (0, 0, 3000)
    xy = camera.project(points.astype(float))
    times = np.arange(20) / 30
    lifted = lifter.lift(xy, np.ones(xy.shape[:2]), times, times[5:8], (480, 640))
    assert lifted.xyz_mm.shape == (3, 19, 3) and np.isfinite(lifted.hips_mm).all()
    # A taller person of the same image is farther away, by as much.
    taller = Lifter(run / "export", SKELETON, stature_mm=3400).lift(
        xy, np.ones(xy.shape[:2]), times, times[5:8], (480, 640)
    )
    np.testing.assert_allclose(taller.hips_mm, 2 * lifted.hips_mm, rtol=1e-4)
