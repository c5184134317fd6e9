"""`python -m train.search`: wrong options, a search with both methods, and one that was stopped and goes on."""

import json
import tomllib

import numpy as np
import pandas as pd
import pytest
from commands import AS_GIVEN, call
from people import write_shard_set

from export.__main__ import main as export_main
from models import build_searched, inner_net, movenet_head, read_plan
from models.latency_table import LatencyTable, Narrower, all_parts, read_latency_table
from models.search_space import Choice, Space
from train.search import SearchConfig, main, train_search
from train.searched import SearchedConfig, train_searched
from train.searching import loop

SPACE = Space(kernels=(3, 5), expansions=(1,), widths=(0.25, 0.5), units=(1, 2, 1, 1, 1, 1))
WAY = "litert, 1 thread"


def made_table(**changes):
    """A table whose parts all take 0.1 ms; narrower backs save 0.01."""
    ms = {str(part): -0.01 if isinstance(part, Narrower) else 0.1 for part in all_parts(SPACE, 64)}
    values = {"processor": "made up", "versions": {}, "space": SPACE, "input_size": 64, "num_joints": 14}
    values |= {"head": "heatmaps", "neck": "narrow", "ms": {WAY: ms}, "corrections": {}}
    return LatencyTable(**values | changes)


@pytest.fixture
def files(tmp_path):
    write_shard_set(tmp_path / "shards", train=16, val=8)
    made_table().write(tmp_path / "latency.json")
    return tmp_path


def config(files, run, **options):
    options = {"table": files / "latency.json", "limit_ms": 0.85, "batch_size": 8, "front": 2, **options}
    options = {"epochs": 3, "uniform_epochs": 1, "architecture_every": 1, "warmup_epochs": 0.5, **options}
    return SearchConfig(files / "shards", files / run, **options)


def test_the_options_as_a_file():
    words = ("--records", "data/lspet", "--table", "latency.json", "--limit-ms", "3", "--method", "reinforce")
    options = tomllib.loads(call(main, *words, "--print-config").stdout)
    assert options["model"] == "search" and options["limit_ms"] == 3 and options["method"] == "reinforce"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"limit_ms": 0.0}, "limit_ms must be above 0, got 0.0"),
        ({"front": 0}, "front must be 1 or more, got 0"),
        ({"uniform_epochs": 3}, "uniform_epochs must be 0 or more and fewer than the epochs.* got 3 of 3"),
        ({"method": "guess"}, "method must be gradient, reinforce or random, got guess"),
        ({"patience": 2}, "a search has no patience; leave it out"),
        ({"precision": "mixed_bfloat16"}, "a search computes in float32"),
    ],
)
def test_wrong_options_raise(options, message, tmp_path):
    with pytest.raises(ValueError, match=message):
        config(tmp_path, "run", **options)


@pytest.mark.parametrize(
    ("options", "changes", "message"),
    [
        ({"limit_ms": 0.2}, {}, "no net of the space takes 0.2 ms or less"),
        ({"input_size": 32}, {}, "measured with another input size, 64, than 32"),
        ({"runtime_threads": 2}, {}, "has litert, 1 thread, but not litert, 2 threads"),
        ({}, {"num_joints": 17}, "measured with another number of joints, 17, than 14"),
    ],
)
def test_a_table_that_does_not_fit_raises(files, options, changes, message):
    made_table(**changes).write(files / "latency.json")
    with pytest.raises(ValueError, match=message):
        train_search(config(files, "run", **options))
    assert not (files / "run").exists()


def test_a_damaged_table_raises(tmp_path):
    file = tmp_path / "latency.json"
    made_table().write(file)
    assert read_latency_table(file) == made_table()
    file.write_text(file.read_text().replace("kernels", "kernel"))
    with pytest.raises(ValueError, match="is no table of latencies .*measure one with `python -m export.latency`"):
        read_latency_table(file)


def test_predictions_are_sums_and_the_costs_of_choices_are_the_same():
    table = made_table()
    rng = np.random.default_rng(0)
    for _ in range(20):
        choice = SPACE.random(rng)
        ms = table.predict(SPACE.plan(choice), WAY)
        blocks = sum(place < 2 for row in choice.operations for place in row)
        narrow = sum(choice.widths[stage] == 0 for stage in (0, 1, 2, 5))
        assert ms == pytest.approx(0.2 + 0.1 * blocks - 0.01 * narrow)
        assert table.costs(WAY).of(choice) == pytest.approx(ms)


@pytest.mark.slow
def test_a_search_that_was_stopped_ends_as_one_that_was_not(files, monkeypatch):
    run = train_search(config(files, "whole"))
    history = pd.read_csv(run / "history.csv")
    assert len(history) == 3 and np.isnan(history["predicted_ms"][0]) and (history["predicted_ms"][1:] <= 0.85).all()
    keep, stopped = loop._Search._keep, files / "stopped"

    def stop(self, epoch, figures):
        if epoch == 2:
            raise KeyboardInterrupt
        keep(self, epoch, figures)

    monkeypatch.setattr(loop._Search, "_keep", stop)
    with pytest.raises(KeyboardInterrupt):
        train_search(config(files, "stopped"))
    monkeypatch.undo()
    train_search(config(files, "stopped", resume=True))
    resumed = pd.read_csv(stopped / "history.csv")
    same = [name for name in history if name != "processor_minutes"]
    np.testing.assert_allclose(resumed[same], history[same], rtol=1e-4)
    for name in ("blocks.json", "front.csv"):
        assert (stopped / name).read_text()[:200] == (run / name).read_text()[:200], name
    # The net is a plain one, has the blocks, and is among the files of the front.
    import keras

    net, plan = inner_net(keras.models.load_model(run / "best.keras")), read_plan(run / "blocks.json")
    again = build_searched(plan, 14, input_size=64, head=movenet_head)
    assert [weight.shape for weight in net.weights] == [weight.shape for weight in again.weights]
    assert plan in [read_plan(file) for file in run.glob("blocks_*ms.json")]
    assert (run / "front.png").is_file() and json.loads((run / "run.json").read_text())["model"] == "search"


@pytest.mark.slow
def test_the_best_of_random_nets_within_the_limit_is_taken(files):
    run = train_search(config(files, "run", method="random", epochs=3))
    history, front = pd.read_csv(run / "history.csv"), pd.read_csv(run / "front.csv")
    assert history["expected_ms"].nunique() == 1 and history["architecture_loss"].isna().all()
    # The slowest of many within 0.85 ms: of that latency, or nearly.
    assert len(front) == 4 and front["predicted_ms"].between(0.78, 0.85).all()
    # Of equal ones the last.
    best = front.loc[front["val_pck@0.2"][::-1].idxmax()]
    assert read_plan(run / "blocks.json") == SPACE.plan(Choice(*map(tuple_of, json.loads(best["choice"]))))


@pytest.mark.slow
def test_where_no_random_net_keeps_the_limit_one_that_does_is_taken(files, monkeypatch):
    monkeypatch.setattr(loop, "_DRAWS", 0)
    run = train_search(config(files, "run", method="random", epochs=2))
    found = pd.read_csv(run / "front.csv")["predicted_ms"]
    assert len(found) == 1 and found[0] <= 0.85
    assert read_plan(run / "blocks.json") and (run / "best.keras").is_file()


def tuple_of(values):
    return tuple(tuple_of(value) if isinstance(value, list) else value for value in values)


@pytest.mark.slow
def test_the_net_of_reinforce_is_exported_and_trained_on(files):
    run = train_search(config(files, "run", method="reinforce", epochs=2))
    history = pd.read_csv(run / "history.csv")
    assert history["architecture_loss"][1] > 0 and history["expected_ms"][0] != history["expected_ms"][1]
    assert call(export_main, run, "--to", "litert").returncode == 0
    options = {"blocks": run / "blocks.json", "initial": run, "epochs": 1, "batch_size": 8, "log": (), **AS_GIVEN}
    net = train_searched(SearchedConfig(files / "shards", files / "net", **options))
    assert len(pd.read_csv(net / "history.csv")) == 1
