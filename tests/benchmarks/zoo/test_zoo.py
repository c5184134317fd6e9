"""The table of published systems: what is counted, what a row says, and one small training from start to end."""

import json

import keras
import numpy as np
import pandas as pd
import pytest
from people import write_shard_set

from benchmarks.zoo.__main__ import Options, main, millions, part_rows, row_of, stage_rows
from benchmarks.zoo.operations import forward_gflops
from benchmarks.zoo.peers import PEERS, measure_peer
from benchmarks.zoo.run import Result, run_once
from benchmarks.zoo.systems import SYSTEMS, System
from models import build_resnet


def figures(pck):
    return {"pck@0.1": pck / 2, "pck@0.2": pck, "auc": pck}


def result(*stages, **formats):
    return Result(30.0, [figures(one) for one in stages], formats)


def written(ms, passed=True):
    return {"latency_ms": {"1": ms, "2": ms / 2}, "passed": passed}


def test_operations_by_hand():
    pictures = keras.Input((8, 8, 3))
    x = keras.layers.Conv2D(5, 3, strides=2, padding="same")(pictures)
    x = keras.layers.DepthwiseConv2D(3, padding="same")(x)
    # A transposed convolution applies its kernel at each position of its input.
    up = keras.layers.Conv2DTranspose(4, 4, strides=2, padding="same")(x)
    y = keras.layers.Dense(7)(keras.layers.GlobalAveragePooling2D()(up))
    multiply_adds = 16 * 27 * 5 + 16 * 9 * 5 + 16 * 16 * 5 * 4 + 4 * 7
    assert forward_gflops(keras.Model(pictures, y)) == pytest.approx(2 * multiply_adds / 1e9)


def test_a_net_inside_counts_as_often_as_it_is_run():
    inside = keras.Sequential([keras.Input((6,)), keras.layers.Dense(6)])
    values = keras.Input((6,))
    once, twice = keras.Model(values, inside(values)), keras.Model(values, inside(inside(values)))
    assert forward_gflops(twice) == pytest.approx(2 * forward_gflops(once)) == pytest.approx(4 * 36 / 1e9)
    assert millions(twice) == 42 / 1e6


def test_a_row_has_the_fastest_format_that_answers_as_keras_does(tmp_path):
    net = build_resnet(10, 14, input_size=32, width=8)
    from models import inference_model

    inference_model(net, 32).save(tmp_path / "best.keras")
    results = [result(0.25, litert=written(5.0), onnx=written(2.0, passed=False)), result(0.75, litert=written(4.0))]
    row = row_of(System("ours", "train.resnet", 3), results, tmp_path)
    assert row["PCK@0.2, %"] == "25.0; 75.0" and row["PCK@0.1, %"] == "12.5; 37.5"
    assert (row["ms, 1 thread"], row["formats that differ"]) == ("4.0 (litert)", "onnx")
    scores = net.get_layer("score_logits").count_params()
    trained = sum(int(np.prod(weight.shape)) for weight in net.trainable_weights) - scores
    assert float(row["trained here"].split(" M, ")[0]) == pytest.approx(trained / 1e6, abs=0.005)
    assert (row["published net"], row["processor minutes"]) == ("", "30")


def test_stages_and_parts_have_rows_of_their_own():
    system = System("ours", "train.resnet", 3)
    rows = stage_rows(system, [result(0.25, 0.5)])
    assert [(row["stage"], row["PCK@0.2, %"]) for row in rows] == [("1", "25.0"), ("2", "50.0")]
    assert stage_rows(system, [result(0.5)]) == []
    rows = part_rows(system, [result(0.5)], {"no losses": result(0.25)})
    assert [(row["changed"], row["PCK@0.2, %"]) for row in rows] == [("", "50.0"), ("no losses", "25.0")]
    assert part_rows(system, [result(0.5)], {}) == []


def test_unknown_systems_raise(tmp_path):
    with pytest.raises(ValueError, match=r"--only must name systems, got alexnet; there are plain, deeppose"):
        Options(tmp_path, tmp_path, only=("hrnet", "alexnet"))


def test_longer_trainings_have_so_many_times_the_epochs(tmp_path, monkeypatch):
    seen = []

    def once(system, options, **_):
        seen.append((system.epochs, options))
        return result(0.5)

    monkeypatch.setattr("benchmarks.zoo.__main__.run_once", once)
    monkeypatch.setattr("benchmarks.zoo.__main__.row_of", lambda *_: {"system": "ours"})
    words = ["--records", str(tmp_path), "--movenet", str(tmp_path), "--only", "resnet", "--out", str(tmp_path / "out")]
    assert main([*words, "--longer", "3"]) == 0 and main(words) == 0
    assert [epochs for epochs, _ in seen] == [3 * SYSTEMS["resnet"].epochs, SYSTEMS["resnet"].epochs]
    with pytest.raises(ValueError, match="--longer must be 1 or more, got 0"):
        Options(tmp_path, tmp_path, longer=0)


def test_the_best_are_trained_with_one_more_seed(tmp_path, monkeypatch):
    pcks, seen = {"train.resnet": 0.3, "train.densenet": 0.2, "train.hrnet": 0.5}, []

    def once(system, options, run, **_):
        seen.append((run.name, options[-1]))
        return result(pcks[system.module])

    monkeypatch.setattr("benchmarks.zoo.__main__.run_once", once)
    monkeypatch.setattr("benchmarks.zoo.__main__.row_of", lambda system, found, run: {"system": str(len(found))})
    words = ["--records", str(tmp_path), "--movenet", str(tmp_path), "--only", "resnet", "densenet", "hrnet"]
    assert main([*words, "--best", "2", "--out", str(tmp_path / "out")]) == 0
    assert seen[3:] == [("hrnet-1", "1"), ("resnet-1", "1")]
    assert pd.read_csv(tmp_path / "out/zoo.csv")["system"].tolist() == [2, 1, 2]
    with pytest.raises(ValueError, match="--best must be 0 or more, got -1"):
        Options(tmp_path, tmp_path, best=-1)


@pytest.mark.parametrize("name", [name for name, system in SYSTEMS.items() if system.published is not None])
def test_every_part_is_an_option_of_its_training(name, capsys):
    from importlib import import_module

    recipe = import_module(SYSTEMS[name].module)
    for words in [SYSTEMS[name].options, *(words for _, words in SYSTEMS[name].parts)]:
        assert recipe.main(["--records", "data/people", *words, "--print-config"]) == 0
    assert capsys.readouterr().out


def test_a_peer_that_is_not_there_is_one_line(tmp_path):
    with pytest.raises(ValueError, match=r"there is no cpm_mobile.tflite in .*; leave --peers out"):
        measure_peer(PEERS[0], tmp_path, tmp_path)


def test_records_that_are_not_there_are_one_line(tmp_path, capsys):
    out = str(tmp_path / "new")
    code = main(["--records", str(tmp_path), "--movenet", str(tmp_path), "--only", "resnet", "--out", out])
    assert code == 2
    assert "train.resnet" in capsys.readouterr().err


def test_minutes_of_a_training_that_is_killed_are_not_known(tmp_path, monkeypatch):
    run, seen = tmp_path / "run", []

    def killed(words, accepted=(0,)):
        run.mkdir(exist_ok=True)
        seen.append(json.loads((tmp_path / "run.json").read_text())["minutes"])
        raise KeyboardInterrupt

    monkeypatch.setattr("benchmarks.zoo.run.run_module", killed)
    for _ in range(2):
        with pytest.raises(KeyboardInterrupt):
            run_once(System("ours", "train.resnet", 3), [], tmp_path, tmp_path, 64, run)
    # What a killed process leaves is what was written before; one that is asked to stop writes its minutes.
    assert np.isnan(seen).all()
    assert json.loads((tmp_path / "run.json").read_text())["minutes"] < 1


@pytest.mark.slow
def test_one_training_from_start_to_end_and_not_again(tmp_path):
    write_shard_set(tmp_path / "records", train=32, val=4, test=4, size=64)
    system = System("ours", "train.resnet", 1, ("--depth", "10", "--width", "8", "--head", "heatmaps"), movenet=False)
    options = {"records": tmp_path / "records", "movenet": tmp_path, "size": 64, "run": tmp_path / "run"}
    first = run_once(system, ["--seed", "3"], **options)
    assert first.minutes > 0 and len(first.stages) == 1 and 0 <= first.stages[0]["pck@0.2"] <= 1
    assert first.best_ms[0] > 0
    assert json.loads((tmp_path / "run" / "run.json").read_text())["config"]["seed"] == 3
    assert run_once(system, ["--seed", "3"], **options) == first
