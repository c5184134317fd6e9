"""`python -m train.hmr`: options, the wrong ones, a run with a critic that is resumed, measured and exported."""

import json
import tomllib
from dataclasses import replace

import keras
import numpy as np
import pandas as pd
import pytest
from body_people import SIZE, write_bodies, write_poses
from by_heart import train_by_heart
from commands import AS_GIVEN, call
from people import write_shard_set

from data_prep.mix import Mix
from evaluate.__main__ import main as evaluate_main
from evaluate.pose_3d.bodies import summarize
from export.__main__ import main as export_main
from models import build_hmr_light
from models.forms.bodies import CRITIC_TERMS, FORM
from pose import PANOPTIC19
from records import dataset
from train.hmr import HmrConfig, main, train_hmr
from train.loop.callbacks import EpochEnd
from train.loop.trainer import PoseTrainer, with_rates

# Masks of dropout are not those of a run that was not stopped.
SHORT = {"batch_size": 4, "log": (), "ema_epochs": 0, "warmup_epochs": 0, "width": 0.25, "units": 16, "dropout": 0.0}


def test_the_options_as_a_file():
    printed = call(main, "--records", "data/bodies", "--poses", "poses.npz", "--steps", "2", "--print-config")
    options = tomllib.loads(printed.stdout)
    assert (options["model"], options["poses"], options["steps"]) == ("hmr", "poses.npz", 2)
    assert options["augmentation"]["closeup"] == 0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"head": "heatmaps"}, "head must be one of bodies, got heatmaps"),
        ({"neck": "pyramid"}, "bodies have no neck and no scores"),
        ({"learn": "scores", "initial": "fast"}, "bodies have no neck and no scores"),
        ({"steps": 0}, "steps must be 1 or more, got 0"),
        ({"dropout": 1.0}, "dropout must be from 0 to below 1, got 1.0"),
        ({"critic_learning_rate": 0}, "critic_learning_rate must be above 0, got 0"),
    ],
)
def test_wrong_options_raise(options, message, tmp_path):
    with pytest.raises(ValueError, match=message):
        HmrConfig(records=tmp_path, **options)


def test_other_records_and_poses_are_refused(tmp_path):
    write_shard_set(tmp_path / "shards")
    done = call(main, "--records", tmp_path / "shards")
    assert done.returncode == 2 and "has other joints than panoptic19" in done.stderr
    write_bodies(tmp_path / "bodies")
    done = call(main, "--records", tmp_path / "bodies", "--poses", tmp_path / "nothing.npz")
    assert done.returncode == 2 and "cannot be read as poses of bodies" in done.stderr


@pytest.mark.slow
@pytest.mark.usefixtures("few_units")
@pytest.mark.graph
def test_images_with_joints_alone_teach_alone_and_beside_bodies(tmp_path):
    bodies, flat = tmp_path / "bodies", tmp_path / "flat"
    write_bodies(bodies)
    write_bodies(flat, has_bodies=False)
    poses = write_poses(tmp_path / "poses.npz")
    run = train_hmr(HmrConfig(flat, tmp_path / "run", epochs=2, poses=poses, **SHORT, **AS_GIVEN))
    history = pd.read_csv(run / "history.csv")
    assert (history[["space_loss", "body_loss"]] == 0).all(axis=None) and (history["joint_loss"] > 0).all()
    assert history["val_mpjpe"].isna().all() and history["val_error_2d"].notna().all()
    done = call(evaluate_main, run, "--records", bodies, "--split", "val")
    for _ in range(2):  # The second replaces the first.
        done = call(evaluate_main, run, "--records", bodies, "--split", "val")
        assert done.returncode == 0, done.stderr
    lacking = call(evaluate_main, run, "--split", "val")
    assert lacking.returncode == 2 and "hips whose places in space are known" in lacking.stderr
    assert done.returncode == 0 and "PA-MPJPE n/a" not in done.stdout, done.stdout + done.stderr
    # The first batches of the mix have two people of each set.
    Mix((flat, bodies), tmp_path / "mix").write()
    run = train_hmr(HmrConfig(tmp_path / "mix", tmp_path / "both", epochs=1, **SHORT, **AS_GIVEN))
    history = pd.read_csv(run / "history.csv")
    of_hidden = [name for name in history.columns if name.endswith("mpjpe_hidden")]
    assert np.isfinite(history.drop(columns=of_hidden)).all(axis=None) and (history["space_loss"] > 0).all()


def test_parts_of_a_net_learn_at_rates_of_their_own():
    slow, fast = (keras.layers.Dense(2, use_bias=False, name=name) for name in ("slow", "fast_one"))
    for layer in (slow, fast):
        layer.build((None, 2))
    before = [layer.kernel.numpy().copy() for layer in (slow, fast)]
    optimizer = with_rates(keras.optimizers.AdamW, {"fast_": 10.0})(1e-3, weight_decay=0.0)
    optimizer.apply([np.ones((2, 2), "float32")] * 2, [slow.kernel, fast.kernel])
    moved = [np.abs(layer.kernel.numpy() - then) for layer, then in zip((slow, fast), before, strict=True)]
    np.testing.assert_allclose(moved[0], 1e-3, rtol=1e-3)
    np.testing.assert_allclose(moved[1], 1e-2, rtol=1e-3)


def stop_after(on_epoch_end):
    def stopped(self, epoch, logs=None):
        on_epoch_end(self, epoch, logs)
        raise KeyboardInterrupt

    return stopped


@pytest.mark.slow
@pytest.mark.usefixtures("few_units")
@pytest.mark.graph
def test_a_net_is_trained_resumed_measured_and_exported(tmp_path, monkeypatch):
    write_bodies(tmp_path / "set")
    poses = write_poses(tmp_path / "poses.npz")
    config = HmrConfig(tmp_path / "set", tmp_path / "run", epochs=2, poses=poses, **SHORT, **AS_GIVEN)
    run = train_hmr(config)
    history = pd.read_csv(run / "history.csv")
    assert {*FORM.terms, *CRITIC_TERMS, "val_mpjpe", "val_pa_mpjpe", "val_stage1_mpjpe"} <= {*history.columns}
    assert "val_critic_loss" not in history.columns and (run / "predictions.png").is_file()
    assert history[list(CRITIC_TERMS)].to_numpy().min() > 0
    other = replace(config, run=tmp_path / "other")
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(EpochEnd, "on_epoch_end", stop_after(EpochEnd.on_epoch_end))
        train_hmr(other)
    assert len(pd.read_csv(other.run / "history.csv")) == 1
    train_hmr(replace(other, resume=True))
    again = pd.read_csv(other.run / "history.csv")
    for name in ("joint_loss", "critic_loss", "fooling_loss", "val_mpjpe"):
        np.testing.assert_allclose(again[name], history[name], rtol=1e-5, err_msg=name)
    done = call(evaluate_main, run, "--split", "val")
    assert done.returncode == 0 and "MPJPE about the hips" in done.stdout, done.stderr
    exported = call(export_main, run, "--to", "litert", "onnx")
    assert exported.returncode == 0, exported.stdout + exported.stderr
    about = json.loads((run / "export/pose.json").read_text())
    assert about["task"] == "pose-body" and set(about["outputs"]) == set(FORM.task.answers)


@pytest.mark.slow
@pytest.mark.graph
def test_eight_people_are_learned_by_heart(tmp_path):
    """The bodies' joints in space and in the image."""
    keras.utils.set_random_seed(0)
    write_bodies(tmp_path / "set")
    fields = FORM.task.labels
    pictures, labels = next(dataset(tmp_path / "set", "train", batch_size=8, fields=fields).as_numpy_iterator())
    net = build_hmr_light(0.35, input_size=SIZE, units=128, dropout=0.0)
    trainer = PoseTrainer(net, SIZE, 0.05, form=FORM, stage_weights={"stage1": 0.0, "stage2": 0.0})
    losses = train_by_heart(trainer, 250, pictures, labels, rate=3e-3)
    assert losses[-1]["body_loss"] < 0.2 * losses[0]["body_loss"]
    answers = {name: np.asarray(value) for name, value in FORM.decode(net(pictures, training=True), SIZE).items()}
    found = summarize(answers, labels, PANOPTIC19, SIZE)
    assert found["mpjpe"] < 60 and found["error_2d"] < 0.02, found
