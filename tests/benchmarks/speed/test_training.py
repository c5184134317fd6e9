import io
import json
import subprocess
import sys
from pathlib import Path

import keras
import pytest

from benchmarks.speed import training
from benchmarks.speed.training import TrainingSpeed, time_group
from benchmarks.speed.workers.training import batches, build_net, forward_gflops
from benchmarks.speed.workers.training_job import FED, OURS, PEAK, PEER, PIPELINE, PLAIN, Job
from benchmarks.speed.workers.training_profile import Profile, part_and_kind
from models import FusedBatchNormalization, coordinate_head
from models.blocks import pose_net
from train.config import TrainConfig
from train.loop.trainer import PoseTrainer, build_optimizer

ROOT = Path(__file__).parents[3]


def test_gflop_by_hand():
    pictures = keras.Input((8, 8, 3))
    x = keras.layers.Conv2D(5, 3, strides=2, padding="same")(pictures)
    x = keras.layers.BatchNormalization()(x)
    x = keras.layers.DepthwiseConv2D(3, padding="same")(x)
    x = keras.layers.Dense(7)(keras.layers.GlobalAveragePooling2D()(x))
    multiply_adds = 4 * 4 * 3 * 3 * 3 * 5 + 4 * 4 * 3 * 3 * 5 + 5 * 7
    assert forward_gflops(keras.Model(pictures, x)) == pytest.approx(2 * multiply_adds / 1e9)


def test_mobilenet_v2_takes_the_papers_300_million_multiply_adds():
    assert forward_gflops(build_net(Job("mobilenet_v2", OURS))) == pytest.approx(0.6, rel=0.02)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["resnet50", "mobilenet_v2", pytest.param("densenet121", marks=pytest.mark.slow)])
def test_rows_are_of_the_same_gflop_and_differ_in_normalization(name):
    ours, plain, peer = (build_net(Job(name, row, "mixed_bfloat16", input_size=32)) for row in (OURS, PLAIN, PEER))
    assert forward_gflops(ours) == forward_gflops(plain) == pytest.approx(forward_gflops(peer), rel=1e-6)
    assert ours.count_params() == plain.count_params() == peer.count_params()
    kinds = [{type(layer) for layer in net.layers} for net in (ours, plain, peer)]
    assert [FusedBatchNormalization in kind for kind in kinds] == [True, False, False]
    assert {layer.compute_dtype for layer in peer.layers if isinstance(layer, keras.layers.Conv2D)} == {"bfloat16"}
    assert keras.config.dtype_policy().name == "float32"


def test_each_table_has_the_rows_that_can_differ(tmp_path):
    groups = dict(TrainingSpeed(nets=("resnet50",), precisions=("float32",)).groups())
    assert {title: [(backend, job.row) for backend, job in group] for title, group in groups.items()} == {
        "resnet50, tensorflow, float32, XLA off": [("tensorflow", row) for row in (PEAK, PEER, OURS, PLAIN)],
        "resnet50, tensorflow, float32, XLA on": [("tensorflow", row) for row in (PEAK, PEER, OURS, PLAIN)],
        "resnet50, jax, float32, XLA on": [("tensorflow", PEAK), ("jax", PEER), ("jax", OURS)],
    }
    assert [job.xla for _, job in groups["resnet50, jax, float32, XLA on"]] == [True] * 3
    fed = dict(TrainingSpeed(nets=("resnet50",), backends=("jax",), records=tmp_path).groups())
    assert [(backend, job.row) for backend, job in fed["resnet50, jax, float32, XLA on"]][-2:] == [
        ("jax", FED),
        ("tensorflow", PIPELINE),
    ]


def test_ratios_and_utilization_are_taken_within_each_round(monkeypatch, capsys):
    # In operations/s and images/s; the peer takes 10 GFLOP a picture, ours 20.
    rates = {PEAK: [300e9, 600e9, 900e9], PEER: [1.0, 2.0, 4.0], OURS: [2.0, 8.0, 6.0]}

    class Fake(training.Contender):
        def __init__(self, backend, job):
            gflops = {PEAK: 0.0, PEER: 10.0, OURS: 20.0}[job.row]
            self.row, self.answers = job.row, []
            self._coming = iter([{"rate": rate, "gflops": gflops, "peak_mb": 1234.5} for rate in rates[job.row]])

        def _answer(self):
            return next(self._coming)

        def turn(self):
            self.answers.append(self._answer())

        def stop(self):
            pass

    monkeypatch.setattr(training, "Contender", Fake)
    time_group("title", [("tensorflow", Job("resnet50", row)) for row in (PEAK, PEER, OURS)], rounds=3)
    title, _, peer, ours = capsys.readouterr().out.strip().splitlines()
    assert title == "title; peak 600 GFLOP/s"
    assert peer.split() == ["keras.applications", "10.00", "2.0", "1.00", "10%", "1234"]
    # Ratios 2, 4 and 1.5; shares of the peak 3 * 20 * (2 / 300, 8 / 600, 6 / 900).
    assert ours.split() == ["ours", "20.00", "6.0", "2.00", "40%", "1234"]


def test_jax_that_is_not_installed_is_left_out(monkeypatch, capsys):
    titles = []
    monkeypatch.setattr(training.importlib.util, "find_spec", lambda name: None)
    monkeypatch.setattr(training, "time_group", lambda title, group, rounds: titles.append(title))
    training.main(TrainingSpeed(nets=("resnet50",), precisions=("float32",), xla=("off",)))
    assert titles == ["resnet50, tensorflow, float32, XLA off"]
    assert "JAX is not installed, and left out; pip install jax" in capsys.readouterr().out


def test_wrong_values_raise():
    with pytest.raises(ValueError, match="steps must be 1 or more, got 0"):
        TrainingSpeed(steps=0)
    with pytest.raises(ValueError, match="input_size must be 32 px or more .* got 16"):
        TrainingSpeed(input_size=16)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Call/trainer_1/net_1/conv_1/convolution:_MklNativeFusedConv2D", ("forward", "FusedConv2D")),
        (
            "Call/gradient_tape/trainer_1/net_1/conv_1/convolution/Conv2DBackpropInput:_MklConv2DBackpropInput",
            ("backward", "Conv2DBackpropInput"),
        ),
        ("Call/adam_w/Square_55:Square", ("optimiser", "Square")),
        ("Call/IteratorGetNext:IteratorGetNext", ("rest", "IteratorGetNext")),
    ],
)
def test_an_operations_part_and_kind(name, expected):
    assert part_and_kind(name) == expected


def test_a_trace_shows_the_parts_of_a_step():
    job, output = Job("resnet50", OURS, batch_size=2, input_size=32), io.StringIO()
    net = pose_net(
        lambda x, _: [keras.layers.Conv2D(4, 3)(keras.layers.Conv2D(4, 3)(x))],
        14,
        input_size=32,
        smallest=32,
        head=coordinate_head,
        name="small",
    )
    trainer = PoseTrainer(net, 32, 0.05)
    trainer.compile(build_optimizer(TrainConfig(Path()), 1000), jit_compile=False)
    trainer.fit(batches(job), epochs=2, steps_per_epoch=2, verbose=0, shuffle=False, callbacks=[Profile(output)])
    traced = json.loads(output.getvalue())
    kinds = {(part, kind.removesuffix("WithBias")) for part, kind, _ in traced["operations"]}
    assert {("backward", "Conv2DBackpropFilter"), ("backward", "Conv2DBackpropInput")} <= kinds
    assert any(part == "forward" and "Conv2D" in kind for part, kind in kinds)
    assert {part for part, _ in kinds} >= {"forward", "backward", "optimiser"}
    assert 0 < sum(seconds for *_, seconds in traced["operations"])
    assert traced["seconds"] > 0


@pytest.mark.slow
def test_the_command_prints_a_table():
    words = "--nets mobilenet_v2 --backends tensorflow --precisions float32 --xla off --rows ours".split()
    words += "--batch-size 2 --input-size 32 --steps 1 --rounds 1 --profile".split()
    command = [sys.executable, "-m", "benchmarks.speed.training", *words]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    rows = {line.split()[0]: line.split() for line in lines if line.startswith(("keras.applications", "ours"))}
    assert float(rows["keras.applications"][3]) == 1.0
    assert rows["ours"][1] == rows["keras.applications"][1] and float(rows["ours"][3]) > 0
    assert any(line.startswith("mobilenet_v2, float32: ") for line in lines)
    assert any(line.startswith("backward") and "Conv2DBackpropFilter" in line for line in lines)
