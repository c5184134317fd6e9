"""Nets of one latency: the widest within a limit, the blocks of known nets, what is done once, and the table."""

import json
from dataclasses import replace

import keras
import pandas as pd
import pytest

from benchmarks import searched
from benchmarks.searched import Options, efficientnet_lite_plan, mobilenet_v3_plan, run, widest
from benchmarks.zoo.run import Result
from models import build_searched, efficientnet_lite, mobilenet_v2_plan, no_neck
from models.searched import Plan


def test_the_widest_net_within_the_limit_is_found():
    asked = []

    def ms(plan: Plan) -> float:
        asked.append(plan)
        return sum(stage.filters for stage in plan.stages) / 100

    width = widest(mobilenet_v2_plan, ms, 6.0)
    count = [sum(stage.filters for stage in mobilenet_v2_plan(one).stages) for one in (width, width + 0.05)]
    assert count[0] <= 600 < count[1] and len(asked) < 9
    assert widest(mobilenet_v2_plan, ms, 100.0) == 2.0
    with pytest.raises(ValueError, match="no net of mobilenet_v2_plan takes 0.01 ms or less"):
        widest(mobilenet_v2_plan, ms, 0.01)


def backbone_weights(net: keras.Model) -> int:
    """The number of weights of convolutions and their normalization, of the backbone alone."""
    layers = [layer for layer in net.layers if layer.name.startswith("st")]
    return sum(int(weight.value.shape.num_elements()) for layer in layers for weight in layer.trainable_weights)


def test_the_blocks_of_efficientnet_lite_are_those_of_the_published_net():
    x = keras.Input((64, 64, 3))
    published = keras.Model(x, efficientnet_lite(x))
    ours = build_searched(efficientnet_lite_plan(1.0)._replace(last_filters=0), 14, input_size=64, neck=no_neck)
    assert backbone_weights(ours) == backbone_weights(published)


def test_mobilenet_v3_has_its_strides():
    net = build_searched(mobilenet_v3_plan(0.5), 14, input_size=64)
    assert [stage.strides for stage in mobilenet_v3_plan(1.0).stages] == [1, 2, 2, 2, 1, 2]
    assert net.output["heatmap_logits"].shape[1:] == (16, 16, 14)


@pytest.fixture
def made(tmp_path, monkeypatch):
    """Options, and the words of all searches, with trainings and searches that only leave files."""
    words = []

    def searches(command):
        words.append([str(word) for word in command])
        folder = tmp_path / "out" / words[-1][words[-1].index("--run") + 1].rpartition("/")[2]
        folder.mkdir()
        pd.DataFrame({"processor_minutes": [5.0] * 30}).to_csv(folder / "history.csv")
        (folder / "blocks.json").write_text(json.dumps(mobilenet_v2_plan(0.5).as_json()))

    def trains(system, options, records, movenet, size, run):
        run.mkdir(exist_ok=True)
        pd.DataFrame({"val_pck@0.2": [0.2, 0.4, 0.3]}).to_csv(run / "history.csv")
        figures = {"pck@0.1": 0.25, "pck@0.2": 0.5 + int(options[1]) / 100, "auc": 0.375}
        return Result(7.0, [figures], {"onnx": {"latency_ms": {"1": 1.25}, "passed": True}})

    table = type("Table", (), {"input_size": 64})()
    monkeypatch.setattr(searched, "read_latency_table", lambda path: table)
    monkeypatch.setattr(searched, "net_ms", lambda plan, *_: {"onnx, 1 thread": plan.stages[-1].filters / 100})
    monkeypatch.setattr(searched, "run_module", searches)
    monkeypatch.setattr(searched, "run_once", trains)
    options = {"limit_ms": 1.6, "runtime": "onnx", "seeds": (0, 1), "out": tmp_path / "out"}
    names = ("records", "movenet", "table")
    return Options(**{name: tmp_path / name for name in names}, **options, only=("random", "mobilenet_v2")), words


def test_the_table_has_a_row_for_each_net_and_figures_of_all_seeds(made, capsys):
    options, words = made
    run(options)
    table = pd.read_csv(options.out / "searched.csv", dtype=str, keep_default_na=False)
    assert table["net"].tolist() == ["the best of random nets", "MobileNetV2, width 0.5"]
    assert table["test PCK@0.2, %"].tolist() == ["50.0; 51.0"] * 2
    assert table["val. PCK@0.2, %"].tolist() == ["40.0; 40.0"] * 2 and table["ms"].tolist() == ["1.25; 1.25"] * 2
    assert table["processor minutes: search"].tolist() == ["150", ""]
    assert [one[one.index("--method") + 1] for one in words] == ["random"] * 2
    run(options)
    assert [one[one.index("--seed") + 1] for one in words] == ["0", "1"] and "| net | ms |" in capsys.readouterr().out


def test_unknown_rows_raise(made):
    with pytest.raises(ValueError, match="--only must name rows, got vgg; there are gradient, random"):
        replace(made[0], only=("vgg",))
