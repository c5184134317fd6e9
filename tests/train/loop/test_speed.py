"""How training chooses the arithmetic of its steps: what is measured, cached, printed, and kept by the run."""

import json
import re
from functools import partial
from types import SimpleNamespace

import keras
import pytest
from commands import AS_GIVEN
from people import write_shard_set

from models import FORMS, FusedBatchNormalization, build_densenet
from pose.tasks import POSE_2D
from records.inputs import random_batch
from train.densenet import DenseNetConfig, train_densenet
from train.loop import speed
from train.loop.run_folder import arithmetic_of
from train.loop.speed import Arithmetic, choose_arithmetic
from train.loop.trainer import PoseTrainer

BUILD = partial(
    build_densenet,
    (1,),
    14,
    input_size=32,
    growth_rate=4,
    neck=FORMS["coordinates"].neck,
    head=FORMS["coordinates"].head,
)
FLOAT32 = Arithmetic("float32", "fused", xla=False)


@pytest.fixture(autouse=True)
def empty_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


# A stand-in for the trainer.
FAKE = SimpleNamespace(form=FORMS["coordinates"])


@pytest.fixture
def takes(monkeypatch):
    """Sets how many seconds a step takes as a function of the way; returns the ways that were prepared."""
    prepared = []

    def set_up(seconds):
        def step(way, config, trainer, batch):
            prepared.append(way)
            return lambda: seconds(way)

        monkeypatch.setattr(speed, "_step", step)
        monkeypatch.setattr(speed, "_BUDGET_S", 0.01)
        monkeypatch.setattr(speed, "is_sure", lambda timings, best: True)
        return prepared

    return set_up


def config(tmp_path, **changes):
    return DenseNetConfig(records=tmp_path, **changes)


def choose(options, steps=10, name="net"):
    return choose_arithmetic(
        options, lambda **_: None, lambda net: FAKE, name=name, num_joints=14, size=32, batch_size=2, steps=steps
    )


def test_slow_bfloat16_is_not_chosen(takes, tmp_path, capsys):
    prepared = takes(lambda way: 3.0 if way.precision == "mixed_bfloat16" else 0.5)
    way, how = choose(config(tmp_path))
    assert way == FLOAT32
    assert "float32, fused normalization 500 ms" in how and "mixed_bfloat16, fused normalization 3000 ms" in how
    assert "measuring how this machine trains this net fastest" in capsys.readouterr().out
    assert not any(way.xla for way in prepared)  # Five seconds of training do not pay for compiling.


def test_fast_bfloat16_is_taken_and_the_rest_measured_with_it(takes, tmp_path):
    prepared = takes(lambda way: 0.2 if way.precision == "mixed_bfloat16" else 0.5)
    way, _ = choose(config(tmp_path))
    assert way == Arithmetic("mixed_bfloat16", "fused", xla=False)
    assert [one.normalization for one in prepared if one.precision == "mixed_bfloat16"] == ["fused", "plain"]


def test_xla_is_tried_where_the_training_is_long_enough(takes, tmp_path):
    takes(lambda way: 0.3 if way.xla else 0.5)
    assert not choose(config(tmp_path), steps=100)[0].xla
    # A short training's choice does not hold for a long one; a long one's holds for a short one too.
    assert choose(config(tmp_path), steps=10_000)[0].xla
    prepared = takes(lambda way: 1.0)
    count = len(prepared)
    assert choose(config(tmp_path), steps=10)[0].xla and len(prepared) == count


def test_given_options_are_not_measured(takes, tmp_path):
    prepared = takes(lambda way: 1.0)
    way, how = choose(config(tmp_path, precision="mixed_bfloat16", normalization="plain", xla="on"))
    assert way == Arithmetic("mixed_bfloat16", "plain", xla=True) and how == "as given" and prepared == []
    choose(config(tmp_path, precision="float32", xla="off"))
    assert [(way.precision, way.normalization, way.xla) for way in prepared] == [
        ("float32", "fused", False),
        ("float32", "plain", False),
    ]


def test_the_choice_is_cached_until_measure_again(takes, tmp_path):
    prepared = takes(lambda way: 1.0)
    first, _ = choose(config(tmp_path))
    count = len(prepared)
    again, how = choose(config(tmp_path))
    assert again == first and how.startswith("measured before on this machine: float32") and len(prepared) == count
    choose(config(tmp_path, measure_again=True))
    assert len(prepared) == 2 * count
    choose(config(tmp_path), name="another net")
    assert len(prepared) == 3 * count
    choose(config(tmp_path, growth_rate=12))
    assert len(prepared) == 4 * count


def test_an_unsure_choice_is_printed_and_measured_again(takes, tmp_path, monkeypatch):
    prepared = takes(lambda way: 1.0)
    monkeypatch.setattr(speed, "is_sure", lambda timings, best: False)
    assert "unsure, as other programs were at work" in choose(config(tmp_path))[1]
    count = len(prepared)
    choose(config(tmp_path))
    assert len(prepared) == 2 * count


@pytest.mark.parametrize("xla", [False, True])
def test_a_real_step_is_timed(tmp_path, xla):
    way = Arithmetic("float32", "plain", xla)
    trainer = PoseTrainer(way.net(BUILD), 32, 0.05)
    run = speed._step(way, config(tmp_path), trainer, random_batch(POSE_2D, 14, 32, 2))
    run()
    assert 0 < run() < 5


def test_nets_are_built_in_their_arithmetic():
    before = keras.config.dtype_policy()
    net = Arithmetic("mixed_bfloat16", "fused", xla=False).net(BUILD)
    assert keras.config.dtype_policy() == before
    convolutions = [layer for layer in net.layers if isinstance(layer, keras.layers.Conv2D)]
    assert {layer.compute_dtype for layer in convolutions} == {"bfloat16"}
    assert any(isinstance(layer, FusedBatchNormalization) for layer in net.layers)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("speed")
    write_shard_set(folder / "records", train=4, val=2, size=32)
    options = {"epochs": 1, "batch_size": 2, "blocks": (1,), "growth_rate": 4, "log": ()}
    given = AS_GIVEN | {"normalization": "plain"}
    return train_densenet(DenseNetConfig(records=folder / "records", run=folder / "run", **options, **given)), options


def test_a_run_keeps_its_arithmetic(run, takes):
    folder, options = run
    assert json.loads((folder / "run.json").read_text())["measured"] == "as given"
    assert Arithmetic(**arithmetic_of(folder)) == Arithmetic("float32", "plain", xla=False)
    prepared = takes(lambda way: 1.0)
    records = folder.parent / "records"
    # Even if another way were the fastest now.
    train_densenet(DenseNetConfig(records=records, run=folder, resume=True, **options))
    assert prepared == []
    for given, message in (
        ({"precision": "mixed_bfloat16"}, "precision: float32 -> mixed_bfloat16"),
        ({"normalization": "fused"}, "normalization: plain -> fused"),
        ({"xla": "on"}, "xla: False -> True"),
    ):
        with pytest.raises(ValueError, match=re.escape(message)):
            train_densenet(DenseNetConfig(records=records, run=folder, resume=True, **options, **given))


def test_a_run_of_an_earlier_version_is_understood(tmp_path):
    notes = {"config": {"precision": "mixed_bfloat16", "fused_normalization": True}}
    (tmp_path / "run.json").write_text(json.dumps(notes))
    assert arithmetic_of(tmp_path) == {"precision": "mixed_bfloat16", "normalization": "fused", "xla": False}
