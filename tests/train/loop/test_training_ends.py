"""How training ends: with the best epoch by a figure that can be measured, or with an error in one line."""

import json
import math
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import keras
import numpy as np
import pandas as pd
import pytest
from commands import AS_GIVEN, call
from people import make_person, write_shard_set

import evaluate.__main__
from evaluate.measures import MEASURES
from models import build_densenet, inner_net, visible_l1
from pose import LSP14, Crop
from records import ShardSetWriter, dataset, encode_example
from train.config import TrainConfig
from train.densenet import DenseNetConfig, main, train_densenet
from train.loop import train
from train.loop.errors import NonFiniteLoss
from train.loop.history import History
from train.loop.verdict import about_validation, verdict

UPPER_BODY = np.array([2 * ("ankle" not in name and "knee" not in name and "hip" not in name) for name in LSP14.joints])


def write_people(folder, visible_of, *, train=8, val=4):
    source = {"dataset": "made_up", "padding": 1.25}
    writer = ShardSetWriter(folder, skeleton=LSP14, size=64, source=source, split_rule={})
    for i in range(train + val):
        split = "train" if i < train else "val"
        person = replace(make_person(i), visible=visible_of(split, i))
        writer.add(split, encode_example(person, Crop.from_box(person.box_px, 64), LSP14))
    writer.finish()
    return folder


@pytest.fixture(scope="module")
def shards(tmp_path_factory):
    folder = tmp_path_factory.mktemp("shards")
    write_shard_set(folder, train=8, val=4, size=64)
    return folder


@pytest.fixture(scope="module")
def upper_bodies(tmp_path_factory):
    return write_people(tmp_path_factory.mktemp("upper"), lambda split, i: UPPER_BODY)


def config(records, run, **changes):
    options = {"epochs": 1, "batch_size": 8, "blocks": (1, 1), "growth_rate": 4, "log": ()} | AS_GIVEN
    return DenseNetConfig(records=records, run=run, **{**options, **changes})


def words(records, run, *more):
    given = [word for name, value in AS_GIVEN.items() for word in (f"--{name}", value)]
    shape = ["--epochs", 1, "--batch-size", 8, "--blocks", 1, 1, "--growth-rate", 4, "--log"]
    return ["--records", records, "--run", run, *shape, *given, *more]


@pytest.fixture(scope="module")
def trained(shards, tmp_path_factory):
    """A run of one epoch, for tests that do not change it, and its command's output."""
    run = tmp_path_factory.mktemp("runs") / "trained"
    done = call(main, *words(shards, run))
    assert done.returncode == 0, done.stderr
    return run, done.stdout


def test_the_best_epoch_is_chosen_by_the_error_where_nobody_has_a_torso(upper_bodies, tmp_path):
    run = tmp_path / "run"
    done = call(main, *words(upper_bodies, run, "--epochs", 2))
    assert done.returncode == 0, done.stderr
    why = "nobody in val has both left shoulder and right hip labelled; the best epoch is chosen by val_error"
    assert f"PCK@0.2 cannot be measured: {why}" in done.stdout.splitlines()
    assert json.loads((run / "run.json").read_text())["best_by"] == "val_error"
    history = pd.read_csv(run / "history.csv")
    assert history["val_pck@0.2"].isna().all() and np.isfinite(history.drop(columns="val_pck@0.2")).all(axis=None)
    best = int(history["val_error"].to_numpy()[::-1].argmin())
    assert f"best epoch {2 - best}: mean error {100 * history['val_error'].min():.1f} % of the" in done.stdout
    assert all((run / name).is_file() for name in ("best.keras", "curves.png", "predictions.png"))
    measured = call(evaluate.__main__.main, run, "--records", upper_bodies, "--split", "val")
    assert measured.returncode == 0, measured.stderr
    assert "PCK@0.2, arms and legs           n/a         n/a %" in measured.stdout


def test_a_resumed_run_goes_on_with_the_figure_that_it_began_with(upper_bodies, tmp_path, monkeypatch):
    """Even if all its people have a torso now."""
    train_densenet(config(upper_bodies, tmp_path / "run"))
    seen = []
    monkeypatch.setattr("train.loop.fitting.verdict", lambda history, *rest: seen.append(history.best_by) or "")
    train_densenet(config(upper_bodies, tmp_path / "run", resume=True))
    notes = json.loads((tmp_path / "run/run.json").read_text())
    (tmp_path / "run/run.json").write_text(json.dumps(notes | {"best_by": "val_pck@0.2"}))
    train_densenet(config(upper_bodies, tmp_path / "run", resume=True))
    assert seen == ["val_error", "val_pck@0.2"]


def test_validation_measures_the_loss_that_training_lowers(shards, trained):
    run, _ = trained
    net = inner_net(keras.models.load_model(run / "best.keras"))
    pictures, labels = next(dataset(shards, "val", batch_size=4).as_numpy_iterator())
    outputs = net(pictures.astype("float32"))
    true = (labels["joints_xy_px"] + 0.5) / 32 - 1
    row = pd.read_csv(run / "history.csv").iloc[-1]
    expected = float(visible_l1(true, outputs["coordinates"], labels["visible"]))
    assert row["val_joint_loss"] == pytest.approx(expected, rel=1e-4)


def test_the_end_names_the_best_epoch_the_files_and_the_next_commands(shards, trained):
    run, printed = trained
    history = pd.read_csv(run / "history.csv")
    assert f"best epoch 1: PCK@0.2 {100 * history['val_pck@0.2'][0]:.1f} % (mean pose " in printed
    last = printed.splitlines()[-3:]
    assert last[0] == f"done: {run} has best.keras, curves.png, predictions.png and history.csv; next:"
    assert last[1:] == [f"  python -m evaluate {run} --records {shards}", f"  python -m export {run}"]


def validator(pck, error, people=(4, 4)):
    best_by = "val_error" if math.isnan(pck) else "val_pck@0.2"
    baseline = {"val_pck@0.2": pck, "val_error": error}
    return SimpleNamespace(baseline=baseline, best_by=best_by, people=people, measure=MEASURES["pose-2d"])


def test_a_net_no_better_than_the_mean_pose_prints_advice(tmp_path):
    history = History(tmp_path)
    history.add(0, {"val_pck@0.2": 0.05})
    text = verdict(history, validator(0.051, 0.1), "data")
    assert text.startswith("best epoch 1: PCK@0.2 5.0 % (mean pose 5.1 %): not better than the mean pose")
    assert "check the labels (python -m records data)" in text
    assert "not better" in verdict(history, validator(0.05, 0.1), "data")
    assert verdict(history, validator(0.049, 0.1), "data") == "best epoch 1: PCK@0.2 5.0 % (mean pose 4.9 %)"
    errors = History(tmp_path, best_by="val_error")
    errors.add(0, {"val_error": 0.2})
    unmeasured = validator(math.nan, 0.21)
    expected = "best epoch 1: mean error 20.0 % of the picture's side (mean pose 21.0 %)"
    assert verdict(errors, unmeasured, "data") == expected
    assert "not better" in verdict(errors, validator(math.nan, 0.19), "data")


def test_the_number_of_people_that_pck_is_measured_on_is_printed():
    (line,) = about_validation(validator(0.051, 0.1, people=(4, 1)))
    assert line.startswith("mean pose on the validation split: PCK@0.2 5.1 %, measured on the 1 of 4 people whose")
    assert about_validation(validator(0.051, 0.1)) == ["mean pose on the validation split: PCK@0.2 5.1 %"]


def test_a_last_update_that_makes_the_net_non_finite_ends_the_run(shards, tmp_path):
    """An epoch of one step, whose loss is still right."""
    run = tmp_path / "run"
    done = call(main, *words(shards, run, "--learning-rate", 1e30, "--warmup-epochs", 0))
    assert done.returncode == 2 and len(done.stderr.splitlines()) == 1
    assert done.stderr.startswith("error: the loss is nan after epoch 1, whose last updates left ")
    assert "lower --learning-rate or --clip-norm" in done.stderr
    assert {path.name for path in run.iterdir()} == {"run.json", "samples.npy"}


def test_weights_that_are_not_finite_end_the_run(shards, tmp_path, monkeypatch):
    monkeypatch.setattr("train.loop.callbacks.averaged_weights", lambda trainer: [np.array([1.0, np.inf])])
    with pytest.raises(NonFiniteLoss, match="nan after epoch 1, whose last updates left weights that are not finite"):
        train_densenet(config(shards, tmp_path / "run"))
    assert not (tmp_path / "run/best.keras").exists()


@pytest.mark.parametrize("split", ["train", "val"])
def test_a_damaged_shard_exits_with_2_and_its_name(split, tmp_path):
    write_shard_set(tmp_path, train=8, val=4, size=64)
    shard = sorted(tmp_path.glob(f"{split}-*"))[-1]
    content = bytearray(shard.read_bytes())
    content[len(content) // 2] ^= 255
    shard.write_bytes(content)
    done = call(main, *words(tmp_path, tmp_path / "run"))
    assert done.returncode == 2 and len(done.stderr.splitlines()) == 1
    expected = f"error: {tmp_path} has a damaged record in its {split} split ({shard.name} fails its checksum at record"
    assert done.stderr.startswith(expected) and f"`python -m records {tmp_path}` checks every shard" in done.stderr
    # As in the evaluation, where the mean pose comes from the damaged split too.
    weights = build_run(tmp_path / "other")
    for measured in {split, "val"}:
        same = call(evaluate.__main__.main, weights, "--records", tmp_path, "--split", measured)
        assert (same.returncode, same.stderr.splitlines()[-1]) == (2, done.stderr.strip())


def build_run(folder):
    from models import inference_model

    folder.mkdir()
    inference_model(build_densenet((1,), 14, input_size=64, growth_rate=4), 64).save(folder / "best.keras")
    (folder / "run.json").write_text(json.dumps({"skeleton": "lsp14", "input_size": 64}))
    return folder


def test_a_set_without_people_to_validate_on_exits_with_2_and_the_remedy(tmp_path):
    write_shard_set(tmp_path, train=8, val=0, size=64)
    done = call(main, *words(tmp_path, tmp_path / "run"))
    assert done.returncode == 2 and len(done.stderr.splitlines()) == 1
    assert f"error: {tmp_path} has nobody in its val split" in done.stderr
    assert (
        "make the records again into another --out with a greater --val, such as --val 0.2, or --val-seq" in done.stderr
    )


def test_a_run_is_resumed_by_any_path_that_leads_to_its_records(shards, trained, monkeypatch):
    run, _ = trained
    monkeypatch.chdir(shards.parent)
    before = (run / "history.csv").read_bytes()
    done = call(main, *words(f"../{shards.parent.name}/{shards.name}", run, "--resume"))
    assert done.returncode == 0, done.stderr
    assert f"all 1 epochs were done before; to train longer, start another run from its weights: --initial {run}" in (
        done.stdout
    )
    assert (run / "history.csv").read_bytes() == before
    # As earlier versions noted it, with a relative path.
    notes = json.loads((run / "run.json").read_text())
    assert notes["config"]["records"] == str(shards)
    monkeypatch.setattr(
        "train.loop.run_folder.read_notes", lambda _: notes | {"config": notes["config"] | {"records": shards.name}}
    )
    assert call(main, *words(shards, run, "--resume")).returncode == 0


def test_the_same_relative_path_in_another_folder_is_other_records(shards, trained, tmp_path, monkeypatch):
    run, _ = trained
    write_shard_set(tmp_path / shards.name, train=8, val=4, size=64)
    monkeypatch.chdir(tmp_path)
    done = call(main, *words(shards.name, run, "--resume"))
    assert done.returncode == 2
    assert f"begun with other options (records: {shards} -> {tmp_path / shards.name})" in done.stderr


def test_more_epochs_exit_with_2_and_say_how_to_train_longer(shards, trained):
    run, _ = trained
    done = call(main, *words(shards, run, "--resume", "--epochs", 3))
    assert done.returncode == 2 and len(done.stderr.splitlines()) == 1
    assert "(epochs: 1 -> 3)" in done.stderr
    assert f"to train longer, start another run from its weights: --initial {run} --epochs N --run" in done.stderr


def test_paths_are_noted_as_absolute_and_names_of_shipped_models_unchanged(tmp_path):
    noted = TrainConfig(records=tmp_path / "a/../b", initial=Path("fast")).as_json()
    assert (noted["records"], noted["initial"]) == (str(tmp_path / "b"), "fast")
    assert TrainConfig(records=tmp_path, initial=Path("slow")).as_json()["initial"] == str(Path.cwd() / "slow")


@pytest.mark.parametrize(
    ("name", "damage"),
    [
        ("last.weights.h5", "cut"),
        ("last.weights.h5", "empty"),
        ("last.weights.h5", "nan"),
        ("run.json", "cut"),
        ("history.csv", "empty"),
    ],
)
def test_a_damaged_file_of_a_run_to_resume_exits_with_2_and_its_name(name, damage, shards, trained, tmp_path):
    run, path = tmp_path / "run", tmp_path / "run" / name
    run.mkdir()
    for file in trained[0].iterdir():
        (run / file.name).write_bytes(file.read_bytes())
    if damage == "nan":
        import h5py

        with h5py.File(path, "r+") as file:
            names = []
            file.visititems(lambda key, item: names.append(key) if hasattr(item, "shape") and item.shape else None)
            file[names[0]][...] = np.nan
    else:
        path.write_bytes(b"" if damage == "empty" else path.read_bytes()[: path.stat().st_size // 2])
    done = call(main, *words(shards, run, "--resume"))
    assert done.returncode == 2 and len(done.stderr.splitlines()) == 1, done.stderr
    assert done.stderr.startswith(f"error: {path} ") and "put it back" in done.stderr


def test_options_reach_what_uses_them(shards, tmp_path, monkeypatch):
    seen = {}

    class Enough(Exception):
        pass

    def note(name):
        def noted(*args, **options):
            seen[name] = args, options
            if name == "training_dataset":
                raise Enough
            return "came"

        return noted

    for name in ("start_from", "training_dataset"):
        monkeypatch.setattr(f"train.loop.fitting.{name}", note(name))
    options = config(shards, tmp_path / "run", initial=tmp_path, initial_share=0.75, seed=5, input_size=32)
    with pytest.raises(Enough):
        train(options, "tiny", lambda joints, **more: build_densenet((1,), joints, growth_rate=4, **more))
    assert seen["start_from"][0][1:] == (tmp_path, LSP14, 0.75)
    passed = seen["training_dataset"][1]
    assert (passed["seed"], passed["batch_size"], passed["input_size"], passed["epochs"]) == (5, 8, 32, 1)
    assert passed["augmentation"] == options.augmentation and passed["first_epoch"] == 0
