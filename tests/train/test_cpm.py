"""`python -m train.cpm`: options, the wrong ones, what records lack, and a run that is measured and exported."""

import json
import tomllib

import pandas as pd
import pytest
from commands import AS_GIVEN, call
from people import write_shard_set

from evaluate.__main__ import main as evaluate_main
from export.__main__ import main as export_main
from train.cpm import CpmConfig, main, train_cpm


def test_the_options_as_a_file():
    printed = call(main, "--records", "data/coco", "--stages", "6", "--same-targets", "--print-config")
    options = tomllib.loads(printed.stdout)
    assert options["model"] == "cpm" and options["head"] == "beliefs"
    assert options["stages"] == 6 and options["same_targets"] is True and options["intermediate"] is True


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"variant": "fast"}, "variant must be one of light, published, got fast"),
        ({"head": "heatmaps"}, "head must be one of beliefs, got heatmaps"),
        ({"width": 0}, "width must be above 0, got 0; 1.0 is MoveNet Lightning's"),
        ({"stages": 0}, "stages must be 1 or more, got 0; the paper has 6"),
        ({"variant": "published", "neck": "narrow"}, "the published net has no neck, got narrow; leave --neck out"),
        ({"variant": "published", "movenet": "package"}, "MoveNet's weights are for the light net, got published"),
    ],
)
def test_wrong_options_raise(options, message, tmp_path):
    with pytest.raises(ValueError, match=message):
        CpmConfig(records=tmp_path, **options)


@pytest.mark.slow
@pytest.mark.usefixtures("few_units")
def test_a_light_net_is_trained_measured_and_exported(tmp_path, capsys):
    write_shard_set(tmp_path / "shards")
    options = {"stages": 2, "width": 0.25, "epochs": 1, "batch_size": 12, "log": ()}
    run = train_cpm(CpmConfig(tmp_path / "shards", tmp_path / "run", **options, **AS_GIVEN))
    assert "was made without --others, so that the first stage learns" in capsys.readouterr().err
    history = pd.read_csv(run / "history.csv")
    assert {"stage1_joint_loss", "val_stage1_pck@0.2", "val_pck@0.2"} <= {*history.columns}
    last = history.iloc[-1]
    total = last["stage1_joint_loss"] + last["joint_loss"] + last["score_loss"]
    assert last["loss"] == pytest.approx(total, rel=1e-4)
    assert call(evaluate_main, run).returncode == 0
    assert [*json.loads((run / "evaluation-test/metrics.json").read_text())["stages"]] == ["stage 1", "stage 2"]
    assert call(export_main, run, "--to", "saved-model", "onnx", "litert").returncode == 0
