"""`python -m train.hourglass`: options, the wrong ones, and a run that is measured and exported."""

import json
import tomllib

import pandas as pd
import pytest
from commands import AS_GIVEN, call
from people import write_shard_set

from evaluate.__main__ import main as evaluate_main
from export.__main__ import main as export_main
from train.hourglass import HourglassConfig, main, train_hourglass


def test_the_options_as_a_file():
    printed = call(main, "--records", "data/lspet", "--stacks", "8", "--no-intermediate", "--print-config")
    options = tomllib.loads(printed.stdout)
    assert options["model"] == "hourglass" and options["stacks"] == 8 and options["intermediate"] is False


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"variant": "fast"}, "variant must be one of light, published, got fast"),
        ({"head": "simcc"}, "head must be one of heatmaps, integral, got simcc"),
        ({"width": 0}, "width must be above 0, got 0; 1.0 is MoveNet Lightning's"),
        ({"stacks": 0}, "stacks must be 1 or more, got 0; the paper has 1 to 8"),
        ({"variant": "published", "neck": "narrow"}, "the published net has no neck, got narrow; leave --neck out"),
        ({"variant": "published", "movenet": "package"}, "MoveNet's weights are for the light net, got published"),
    ],
)
def test_wrong_options_raise(options, message, tmp_path):
    with pytest.raises(ValueError, match=message):
        HourglassConfig(records=tmp_path, **options)


@pytest.mark.slow
@pytest.mark.usefixtures("few_units")
def test_a_light_net_is_trained_measured_and_exported(tmp_path):
    write_shard_set(tmp_path / "shards")
    options = {"stacks": 2, "width": 0.25, "intermediate": False, "epochs": 1, "batch_size": 12, "log": ()}
    run = train_hourglass(HourglassConfig(tmp_path / "shards", tmp_path / "run", **options, **AS_GIVEN))
    history = pd.read_csv(run / "history.csv")
    assert {"joint_loss", "val_stage1_pck@0.2", "val_pck@0.2"} <= {*history.columns}
    # The first stack is measured, but its loss is left out.
    assert "stage1_joint_loss" not in history.columns
    last = history.iloc[-1]
    assert last["loss"] == pytest.approx(last["joint_loss"] + last["score_loss"], rel=1e-4)
    assert call(evaluate_main, run).returncode == 0
    assert [*json.loads((run / "evaluation-test/metrics.json").read_text())["stages"]] == ["stage 1", "stage 2"]
    assert call(export_main, run, "--to", "saved-model", "onnx", "litert").returncode == 0
