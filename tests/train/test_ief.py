"""`python -m train.ief`: options, the wrong ones, and a short training in phases."""

import json
import tomllib

import keras
import numpy as np
import pandas as pd
import pytest
from commands import AS_GIVEN, call
from people import write_shard_set

from models import build_ief, inner_net, named_layers
from pose import LSP14
from train.ief import IefConfig, main, train_ief
from train.start.initial import start_from

SIZE = 64


@pytest.fixture(scope="module")
def shards(tmp_path_factory):
    folder = tmp_path_factory.mktemp("shards")
    write_shard_set(folder, train=8, val=4, size=SIZE)
    return folder


def config(shards, run, **options):
    options = {"epochs": 2, "batch_size": 4, "width": 0.25, "steps": 2, "log": ()} | AS_GIVEN | options
    return IefConfig(records=shards, run=run, **options)


def test_the_options_as_a_file():
    printed = call(main, "--records", "data/people", "--no-bounded", "--steps", "3", "--print-config")
    options = tomllib.loads(printed.stdout)
    assert options["model"] == "ief" and options["steps"] == 3 and options["variant"] == "light"
    assert options["bounded"] is False and options["consolidation"] is True


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"variant": "fast"}, "variant must be one of light, published, got fast"),
        ({"head": "heatmaps"}, "head must be one of coordinates, got heatmaps"),
        ({"width": 0}, "width must be above 0, got 0"),
        ({"steps": 0}, "steps must be 1 or more, got 0"),
        ({"neck": "pyramid"}, "the net has no neck, got pyramid; leave --neck out"),
        ({"variant": "published", "movenet": "package"}, "MoveNet's weights are for the light net, got published"),
    ],
)
def test_wrong_options_raise(options, message, tmp_path):
    with pytest.raises(ValueError, match=message):
        IefConfig(records=tmp_path, **options)


@pytest.mark.slow
@pytest.mark.usefixtures("few_units")
def test_a_phase_for_each_step(shards, tmp_path):
    run = train_ief(config(shards, tmp_path / "run"))
    first, last = (pd.read_csv(folder / "history.csv") for folder in (run / "step1", run))
    assert len(first) == len(last) == 1
    assert "stage1_joint_loss" not in first and "stage1_joint_loss" in last
    assert json.loads((run / "run.json").read_text())["config"]["steps"] == 2
    models = [keras.models.load_model(folder / "best.keras") for folder in (run / "step1", run)]
    assert all(model.output.keys() == {"joints_xy_px", "scores"} for model in models)
    names = [set(dict(named_layers(inner_net(model)))) for model in models]
    assert names[0] <= names[1] and "step/stem_conv" in names[0]
    # A net of more steps starts from it.
    net = build_ief(14, np.zeros((14, 2)), width=0.25, steps=4, input_size=SIZE)
    assert start_from(net, run, LSP14).startswith("14 of 14 joints")
    ours, theirs = dict(named_layers(net)), dict(named_layers(inner_net(models[1])))
    for name in ("step/stem_conv", "step/coordinates_dense"):
        np.testing.assert_array_equal(ours[name].get_weights()[0], theirs[name].get_weights()[0])
    # The same command resumes, and has nothing left to do; without --resume it is refused.
    train_ief(config(shards, run, resume=True))
    with pytest.raises(ValueError, match="already holds a run; pass --resume"):
        train_ief(config(shards, run))


def test_all_steps_at_once(shards, tmp_path):
    run = train_ief(config(shards, tmp_path / "run", consolidation=False, bounded=False, epochs=1))
    assert not (run / "step1").exists() and "stage1_joint_loss" in pd.read_csv(run / "history.csv")
