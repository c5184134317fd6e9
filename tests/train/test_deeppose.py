"""`python -m train.deeppose`: options, the wrong ones, measured errors, and a short training in stages."""

import tomllib

import keras
import numpy as np
import pandas as pd
import pytest
from commands import AS_GIVEN, call
from people import write_shard_set

from models import inner_net, named_layers
from train.deeppose import DeepPoseConfig, main, normal_of, train_deeppose

SIZE = 64


def test_the_options_as_a_file():
    printed = call(main, "--records", "data/people", "--stages", "2", "--no-simulated", "--print-config")
    options = tomllib.loads(printed.stdout)
    assert options["model"] == "deeppose" and options["stages"] == 2 and options["sigma"] == 2.0
    assert options["simulated"] is False


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"variant": "fast"}, "variant must be one of light, published, got fast"),
        ({"head": "heatmaps"}, "head must be one of coordinates, got heatmaps"),
        ({"width": 0}, "width must be above 0, got 0"),
        ({"sigma": 0}, "sigma must be above 0, got 0; 2 is usual for whole bodies"),
        ({"stages": 0}, "stages must be 1 or more, got 0"),
        ({"view_size": 16}, "view_size must be 32 px or more, got 16"),
        ({"neck": "pyramid"}, "the net has no neck, got pyramid; leave --neck out"),
        ({"variant": "published", "movenet": "package"}, "MoveNet's weights are for the light net, got published"),
    ],
)
def test_wrong_options_raise(options, message, tmp_path):
    with pytest.raises(ValueError, match=message):
        DeepPoseConfig(records=tmp_path, **options)


def test_the_normal_distribution_of_errors():
    errors = np.array([[[1.0, 0], [5, 5], [0, 0]], [[3.0, 2], [7, 7], [0, 0]]])
    known = np.array([[True, True, False], [True, False, False]])
    mean, covariance = normal_of(errors, known)
    np.testing.assert_allclose(mean[0], [2, 1])
    np.testing.assert_allclose(covariance[0], [[1, 1], [1, 1]])
    # Joints with fewer than two errors have those of all together: (1, 0), (5, 5), (3, 2).
    np.testing.assert_allclose(mean[1:], [[3, 7 / 3]] * 2)
    np.testing.assert_allclose(covariance[1], [[8 / 3, 10 / 3], [10 / 3, 38 / 9]])
    assert not any(one.any() for one in normal_of(errors, known & False))


@pytest.mark.slow
@pytest.mark.usefixtures("few_units")
def test_a_phase_for_each_stage(tmp_path):
    write_shard_set(tmp_path / "shards", train=8, val=4, size=SIZE)
    options = {"epochs": 2, "batch_size": 8, "width": 0.25, "stages": 2, "view_size": 32, "log": ()} | AS_GIVEN
    config = DeepPoseConfig(records=tmp_path / "shards", run=tmp_path / "run", **options)
    run = train_deeppose(config)
    history = pd.read_csv(run / "history.csv")
    # The first stage is done, so that only the second one's loss is there.
    assert len(history) == 1 and "joint_loss" in history and "stage1_joint_loss" not in history
    one, two = (
        {
            name: layer.get_weights()
            for name, layer in named_layers(inner_net(keras.models.load_model(folder / "best.keras")))
        }
        for folder in (run / "stage1", run)
    )
    assert all(name.startswith("stage1/") for name in one if one[name])
    for name, weights in one.items():
        for before, after in zip(weights, two[name], strict=True):
            np.testing.assert_array_equal(before, after)
    assert two["stage2/stem_conv"][0].shape == one["stage1/stem_conv"][0].shape
