import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import keras
import numpy as np
import pandas as pd
import pytest
from commands import AS_GIVEN, call
from people import write_shard_set

from models import build_densenet, build_openpose_light, build_resnet, fields_form, inference_model, is_of_head
from pose import COCO17, LSP14
from records import dataset
from train.config import TrainConfig
from train.densenet import DenseNetConfig, main, train_densenet
from train.loop import train
from train.loop.errors import NonFiniteLoss
from train.loop.trainer import PoseTrainer, averaged_weights, build_optimizer, freeze_all_but
from train.resnet import ResNetConfig, train_resnet
from train.start.initial import start_from

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def shards(tmp_path_factory):
    folder = tmp_path_factory.mktemp("shards")
    write_shard_set(folder, train=24, val=6, size=64)
    return folder


def config(shards, run, **changes):
    """A net small enough to be traced in a second or two."""
    options = {"epochs": 2, "batch_size": 8, "blocks": (1, 1, 1, 1), "growth_rate": 4, "log": ()} | AS_GIVEN
    return DenseNetConfig(records=shards, run=run, **{**options, **changes})


@pytest.fixture(scope="module")
def trained(shards, tmp_path_factory):
    """A run of one epoch, for tests that do not change it."""
    return train_densenet(config(shards, tmp_path_factory.mktemp("runs") / "trained", epochs=1))


def test_a_run_folder_holds_all_its_files(shards, tmp_path):
    run = train_densenet(config(shards, tmp_path / "run", log=("tensorboard",)))
    names = {path.name for path in run.iterdir()}
    assert names == {
        "best.keras",
        "curves.png",
        "history.csv",
        "last.weights.h5",
        "predictions.png",
        "run.json",
        "samples.npy",
        "tensorboard",
    }
    notes = json.loads((run / "run.json").read_text())
    assert notes["skeleton"]["name"] == "lsp14" and notes["input_size"] == notes["record_size"] == 64
    history = pd.read_csv(run / "history.csv")
    assert history["epoch"].tolist() == [1, 2] and np.isfinite(history).all(axis=None)
    model = keras.models.load_model(run / "best.keras")
    assert {layer.dtype_policy.name for layer in model._flatten_layers()} <= {"float32"}
    pictures, _ = next(dataset(shards, "val", batch_size=6).as_numpy_iterator())
    outputs = model(pictures)
    assert outputs["joints_xy_px"].shape == (6, 14, 2) and outputs["scores"].shape == (6, 14)


def test_validation_is_what_the_saved_model_scores(shards, trained, tmp_path):
    from evaluate.pose_2d.summary import HEADLINE, summarize

    run = trained
    model = keras.models.load_model(run / "best.keras")
    pictures, labels = next(dataset(shards, "val", batch_size=6).as_numpy_iterator())
    scalars = summarize(np.asarray(model(pictures)["joints_xy_px"]), labels, LSP14).scalars()
    row = pd.read_csv(run / "history.csv").iloc[-1]
    assert row["val_pck@0.2"] == pytest.approx(scalars[HEADLINE])
    assert row["val_error"] == pytest.approx(scalars["error_px"] / 64, rel=1e-4)


def weights_of(net) -> dict:
    return {weight.path: np.asarray(weight) for weight in net.weights}


@pytest.mark.slow
def test_a_run_starts_from_the_weights_of_another(shards, trained, tmp_path):
    run = trained
    taught = weights_of(keras.models.load_model(run / "best.keras"))
    net = build_densenet((1, 1, 1, 1), 14, input_size=64, growth_rate=4)
    fresh = weights_of(net)
    start_from(net, run, LSP14)
    started = weights_of(net)
    assert all((started[path] == taught[path]).all() for path in started)
    assert any((started[path] != fresh[path]).any() for path in started)
    # A share: the mean of both.
    net.set_weights([weight + 1 for weight in net.get_weights()])
    start_from(net, run, LSP14, 0.75)
    for path, value in weights_of(net).items():
        np.testing.assert_allclose(value, taught[path] + 0.25, rtol=1e-5, atol=1e-6)
    # In a whole training run: a learning rate near 0 keeps the initial weights.
    again = train_densenet(config(shards, tmp_path / "again", epochs=1, initial=run, learning_rate=1e-12))
    kept = weights_of(keras.models.load_model(again / "best.keras"))
    for path, value in kept.items():
        if "moving" not in path:
            np.testing.assert_allclose(value, taught[path], atol=1e-6)


@pytest.mark.slow
def test_scores_can_be_trained_alone(shards, trained, tmp_path):
    run = trained
    again = train_densenet(config(shards, tmp_path / "again", initial=run, learn="scores", warmup_epochs=0.0))
    before, after = (weights_of(keras.models.load_model(folder / "best.keras")) for folder in (run, again))
    changed = {path for path in before if (before[path] != after[path]).any()}
    assert changed == {"score_logits/kernel", "score_logits/bias"}
    with pytest.raises(ValueError, match="only a trained net can learn its scores alone, got no initial; pass"):
        config(shards, tmp_path / "none", learn="scores")


@pytest.mark.slow
def test_the_head_can_be_trained_alone_with_its_statistics_as_they_are(shards, trained, tmp_path):
    run = trained
    again = train_densenet(config(shards, tmp_path / "again", initial=run, learn="head", warmup_epochs=0.0))
    before, after = (weights_of(keras.models.load_model(folder / "best.keras")) for folder in (run, again))
    layers = {path.split("/")[0] for path in before}
    changed = {path.split("/")[0] for path in before if (before[path] != after[path]).any()}
    assert changed == {layer for layer in layers if is_of_head(layer) and not layer.endswith("_bn")}
    assert 2 <= len(changed) < len(layers) / 2


def test_with_a_frozen_backbone_what_is_new_learns_with_its_normalization():
    net = build_openpose_light(0.25, 17, head=fields_form(COCO17).head, input_size=64, filters=8)
    heads = {"joint_maps", "limb_fields", "stage1_out_joint_maps", "stage1_out_limb_fields"}
    fresh = {layer.name for layer in net.layers if layer.weights and layer.name.startswith("light_")}
    assert "light_initial1_bn" in fresh
    # A neck with MoveNet's weights stays as it is.
    for new in (fresh, {"light_initial1_conv", "pyramid0_conv"}):
        freeze_all_but(net, "head", new)
        assert {layer.name for layer in net.layers if layer.weights and layer.trainable} == heads | new


def test_the_head_of_a_net_of_random_weights_cannot_learn_alone(shards, tmp_path):
    with pytest.raises(ValueError, match="the backbone of a new net must learn too; give --initial"):
        train_densenet(config(shards, tmp_path / "run", learn="head"))
    assert not (tmp_path / "run").exists()


def test_weights_of_another_net_raise(shards, trained, tmp_path):
    run = trained
    net = build_densenet((1, 1, 1, 1), 14, input_size=64, growth_rate=8)
    with pytest.raises(ValueError, match="was trained with another net: its layer .* give the options it was trained"):
        start_from(net, run, LSP14)
    # All layers of a shallow net are in a deep one, whose other layers would be lost.
    deep = tmp_path / "deep"
    deep.mkdir()
    inference_model(build_resnet(34, 14, input_size=64, width=4), 64).save(deep / "best.keras")
    (deep / "run.json").write_text((run / "run.json").read_text())
    with pytest.raises(ValueError, match="another net, which has layers conv2_block3_.* too; give the options"):
        start_from(build_resnet(18, 14, input_size=64, width=4), deep, LSP14)
    with pytest.raises(ValueError, match="initial must be a run folder with best.keras and run.json, got .*none"):
        start_from(net, tmp_path / "none", LSP14)


def test_a_run_that_cannot_begin_leaves_its_folder_free(shards, tmp_path):
    with pytest.raises(ValueError, match="initial must be a run folder"):
        train_densenet(config(shards, tmp_path / "run", epochs=1, initial=tmp_path / "none"))
    assert not (tmp_path / "run").exists()


@pytest.mark.slow
@pytest.mark.graph
def test_one_batch_is_overfitted(shards):
    trainer = small_trainer(config(shards, None, epochs=150, warmup_epochs=10.0, ema_epochs=0, learning_rate=3e-3), 1)
    pictures, labels = next(dataset(shards, "train", batch_size=8).as_numpy_iterator())
    labels = {name: labels[name] for name in ("joints_xy_px", "visible")}
    losses = [trainer.train_on_batch(pictures, labels, return_dict=True)["joint_loss"] for _ in range(150)]
    # The metric is a running mean; the last loss is its increment.
    last = 150 * losses[-1] - 149 * losses[-2]
    assert losses[0] > 0.2 and last < 0.04


def small_trainer(options, steps):
    net = build_densenet((2, 2), 14, input_size=64, growth_rate=16)
    trainer = PoseTrainer(net, 64, 0.05)
    trainer.compile(build_optimizer(options, steps))
    trainer.build((None, 64, 64, 3))
    return trainer


@pytest.mark.slow
def test_resnet_trains_too(shards, tmp_path):
    run = train_resnet(
        ResNetConfig(
            records=shards,
            run=tmp_path / "run",
            epochs=1,
            batch_size=8,
            depth=18,
            width=4,
            log=(),
            **AS_GIVEN,
        )
    )
    assert json.loads((run / "run.json").read_text())["model"] == "resnet18"
    assert (run / "best.keras").exists()


def command(shards, run, *more):
    options = ["--epochs", 4, "--batch-size", 4, "--blocks", 1, 1, 1, 1, "--growth-rate", 4, "--log", *more]
    options += [word for name, value in AS_GIVEN.items() for word in (f"--{name}", value)]
    return [sys.executable, "-m", "train.densenet", "--records", str(shards), "--run", str(run), *map(str, options)]


def final_state(run):
    import h5py

    values = {}

    def keep(name, item):
        if isinstance(item, h5py.Dataset):
            values[name] = item[()]

    with h5py.File(run / "last.weights.h5") as file:
        file.visititems(keep)
    return values


@pytest.mark.slow
def test_killed_and_resumed_gives_the_very_same_numbers(shards, tmp_path):
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    done = subprocess.run(command(shards, whole), cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    process = subprocess.Popen(command(shards, broken), cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while process.poll() is None and not (broken / "last.weights.h5").exists():
        time.sleep(0.01)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert process.returncode == -signal.SIGKILL
    done = subprocess.run(command(shards, broken, "--resume"), cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "going on after epoch" in done.stdout
    pd.testing.assert_frame_equal(
        pd.read_csv(whole / "history.csv"), pd.read_csv(broken / "history.csv"), check_exact=True
    )
    one, other = final_state(whole), final_state(broken)
    assert one.keys() == other.keys() and len(one) > 100
    for name, value in one.items():
        np.testing.assert_array_equal(value, other[name], err_msg=name)


def test_runs_are_not_overwritten_or_mixed(shards, trained, tmp_path):
    run = trained
    with pytest.raises(ValueError, match="already holds a run; pass --resume to go on with it, or another --run"):
        train_densenet(config(shards, run, epochs=1))
    with pytest.raises(ValueError, match="begun with other options .*batch_size: 8 -> 4"):
        train_densenet(config(shards, run, epochs=1, batch_size=4, resume=True))
    with pytest.raises(ValueError, match="there is no run to resume"):
        train_densenet(config(shards, tmp_path / "none", resume=True))
    before = (run / "history.csv").read_bytes()
    train_densenet(config(shards, run, epochs=1, resume=True))
    assert (run / "history.csv").read_bytes() == before


def test_a_loss_that_is_not_finite_ends_the_run_and_names_the_batch(shards, tmp_path):
    with pytest.raises(NonFiniteLoss, match=r"the loss is nan in epoch 1, batch 1 \(people made_up/s0"):
        train(config(shards, tmp_path / "run"), "broken", build_broken)


@keras.saving.register_keras_serializable("tests")
class NotANumber(keras.layers.Layer):
    def call(self, x):
        return x * float("nan")


def build_broken(num_joints, **options):
    net = build_densenet((1, 1), num_joints, growth_rate=4, **options)
    outputs = {**net.output, "coordinates": NotANumber(dtype="float32")(net.output["coordinates"])}
    return keras.Model(net.input, outputs)


def test_averages_follow_the_weights_and_leave_them_alone(shards):
    trainer = small_trainer(config(shards, None, warmup_epochs=0.0, weight_decay=0.0), 3)
    rng = np.random.default_rng(0)
    labels = {
        "joints_xy_px": rng.uniform(0, 64, (4, 14, 2)).astype(np.float32),
        "visible": np.full((4, 14), 2, np.int32),
    }
    trail = []
    for _ in range(4):
        trainer.train_on_batch(rng.integers(0, 255, (4, 64, 64, 3)).astype(np.uint8), labels)
        trail.append(keras.ops.convert_to_numpy(trainer.trainable_variables[0]))
    # Keras starts the average at the first step's weights, then keeps 2/3 of it at each (one epoch is three steps).
    average = trail[0]
    for weights in trail[1:]:
        average = average * (2 / 3) + weights / 3
    np.testing.assert_allclose(averaged_weights(trainer)[0], average, rtol=1e-4, atol=1e-6)
    np.testing.assert_array_equal(keras.ops.convert_to_numpy(trainer.trainable_variables[0]), trail[-1])


def test_schedule_by_hand(shards):
    optimizer = build_optimizer(config(shards, None, epochs=10, warmup_epochs=2.0, learning_rate=0.1), 5)
    schedule = optimizer._learning_rate
    rates = [float(schedule(step)) for step in (0, 5, 10, 30, 50)]
    np.testing.assert_allclose(rates, [0, 0.05, 0.1, 0.05, 0], atol=1e-6)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"epochs": 0}, "epochs must be 1 or more, got 0"),
        ({"learning_rate": float("nan")}, "learning_rate must be above 0, got nan"),
        ({"ema_epochs": -1.0}, "ema_epochs must be 0 or more, got -1.0"),
        ({"initial_share": 0.0}, "initial_share must be above 0 and at most 1, got 0.0"),
        ({"initial_share": 0.5}, "initial_share needs the weights of another run, got no initial; pass --initial RUN"),
        ({"input_size": 16}, "input_size must be 32 px or more"),
    ],
)
def test_wrong_options_raise(changes, message):
    with pytest.raises(ValueError, match=message):
        TrainConfig(records=Path("x"), **changes)


def test_the_command_exits_with_2_without_a_traceback(tmp_path):
    done = call(main, *command(tmp_path, tmp_path / "run")[3:])
    assert done.returncode == 2
    assert "is no shard set: it has no manifest.json" in done.stderr and "Traceback" not in done.stderr
