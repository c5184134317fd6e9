"""`python -m train.tompson`: options, the wrong ones, and a short training in phases."""

import tomllib

import keras
import numpy as np
import pandas as pd
import pytest
from commands import AS_GIVEN, call
from people import write_shard_set

from models import inner_net, named_layers
from train.tompson import TompsonConfig, main, phases_of, train_tompson

SIZE = 64


def test_the_options_as_a_file():
    printed = call(main, "--records", "data/people", "--no-spatial", "--no-shared", "--print-config")
    options = tomllib.loads(printed.stdout)
    assert options["model"] == "tompson" and options["fine"] is True
    assert options["spatial"] is False and options["shared"] is False


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"variant": "fast"}, "variant must be one of light, published, got fast"),
        ({"head": "heatmaps"}, "head must be one of coordinates, got heatmaps"),
        ({"width": 0}, "width must be above 0, got 0"),
        ({"neck": "pyramid"}, "the nets have necks of their own, got pyramid; leave --neck out"),
        ({"fine": False, "shared": False}, "nothing to share; leave --no-shared or --no-fine out"),
        ({"variant": "published", "movenet": "package"}, "MoveNet's weights are for the light net, got published"),
    ],
)
def test_wrong_options_raise(options, message, tmp_path):
    with pytest.raises(ValueError, match=message):
        TompsonConfig(records=tmp_path, **options)


def test_the_phases(tmp_path):
    names = lambda **options: [one.name for one in phases_of(TompsonConfig(tmp_path, **options), len)]  # noqa: E731
    assert names() == names(spatial=False) == ["coarse", "fine", "joint"]
    assert names(fine=False) == ["coarse", "spatial", "joint"]
    assert names(fine=False, spatial=False) == ["coarse"]
    coarse, fine, joint = phases_of(TompsonConfig(tmp_path), len)
    assert fine.frozen and fine.stage_weights == {"stage1": 0.0}
    assert not joint.frozen and joint.stage_weights == {"": 0.1} and coarse.share == 2


@pytest.mark.slow
@pytest.mark.usefixtures("few_units")
def test_a_short_training(tmp_path):
    write_shard_set(tmp_path / "shards", train=8, val=4, size=SIZE)
    options = {"epochs": 4, "batch_size": 8, "width": 0.25, "log": ()} | AS_GIVEN
    run = train_tompson(TompsonConfig(records=tmp_path / "shards", run=tmp_path / "run", **options))
    rows = [len(pd.read_csv(folder / "history.csv")) for folder in (run / "coarse", run / "fine", run)]
    assert rows == [2, 1, 1]
    losses = set(pd.read_csv(run / "history.csv"))
    assert {"stage1_joint_loss", "stage2_joint_loss", "joint_loss"} <= losses
    assert "stage1_joint_loss" not in pd.read_csv(run / "fine/history.csv")
    coarse, fine = (
        {
            name: layer.get_weights()
            for name, layer in named_layers(inner_net(keras.models.load_model(folder / "best.keras")))
        }
        for folder in (run / "coarse", run / "fine")
    )
    for name, weights in coarse.items():
        if not name.startswith("score"):
            for before, after in zip(weights, fine[name], strict=True):
                np.testing.assert_array_equal(before, after)
    # The spatial model began as the joints' displacements, not even.
    assert np.ptp(fine["spatial_priors"][0]) > 1e-3
