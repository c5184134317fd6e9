"""Training on several devices, and on several hosts, has the loss curve of one device with the same batches."""

import importlib.util
import json
import os
import re
import socket
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pytest
import tensorflow as tf
from people import make_person

from pose import LSP14, Crop
from records import ShardSetWriter, encode_example
from train.config import TrainConfig
from train.loop.distribution import check_shares, distribution_of
from train.loop.errors import HOST_LOST, HostLost
from train.loop.lost_hosts import host_lost_errors

ROOT = Path(__file__).parents[3]
# Float32 sums in another order: measured 3e-7 after six steps, but 4e-3 to 5e-2 if each replica were weighted, clipped
# or normalized by itself.
RTOL = 1e-5
DEVICES = 4
# Timeout in seconds; only a run that hangs takes so long.
TIMEOUT = 1200
# Timeout in seconds for a host to report that another is lost. TensorFlow waits for a heartbeat; measured: 40 to 51.
SOON = 150
# Of the runs that lose a host.
EPOCHS = 6


@pytest.fixture(scope="module")
def shards(tmp_path_factory):
    """People of whom some have 14 joints labeled and some one, so that the parts of a batch have different numbers."""
    folder = tmp_path_factory.mktemp("shards")
    writer = ShardSetWriter(
        folder, skeleton=LSP14, size=32, source={"dataset": "made_up", "padding": 1.25}, split_rule={}
    )
    for i in range(36):
        person = replace(make_person(i, size=100), visible=np.where(np.arange(14) < (1 if i % 3 else 14), 2, 0))
        writer.add("train" if i < 24 else "val", encode_example(person, Crop.from_box(person.box_px, 32), LSP14))
    writer.finish()
    return folder


@pytest.fixture(scope="module", params=["tensorflow", "jax"])
def backend(request):
    if importlib.util.find_spec(request.param) is None:
        pytest.skip(f"{request.param} is not installed")
    return request.param


@pytest.fixture(scope="module")
def runs(backend, shards, tmp_path_factory):
    """The folder of two runs: on one device and on several."""
    folder = tmp_path_factory.mktemp(backend)
    flags = {"XLA_FLAGS": f"--xla_force_host_platform_device_count={DEVICES}"} if backend == "jax" else {}
    options = [{"run": "one"}, {"run": "devices", "distribute": "devices"}]
    # At such a learning rate the figures stay what they are.
    options += [options[i] | {"run": f"patient-{i}", "epochs": 5, "patience": 2, "learning_rate": 1e-9} for i in (0, 1)]
    wait_for([start(backend, shards, folder, DEVICES, options, flags)])
    return folder


def start(backend, shards, folder, devices, options, environment):
    words = ("tests/train/loop/distributed_run.py", shards, folder, str(devices), *map(json.dumps, options))
    return start_python(backend, words, environment)


def start_python(backend, words, environment):
    own = {"KERAS_BACKEND": backend, "CUDA_VISIBLE_DEVICES": "-1", "JAX_PLATFORMS": "cpu"}
    own["PYTHONPATH"] = os.pathsep.join([str(ROOT), str(ROOT / "tests" / "helpers"), os.environ.get("PYTHONPATH", "")])
    return subprocess.Popen(
        [sys.executable, *words],
        cwd=ROOT,
        env=os.environ | own | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def wait_for(processes):
    try:
        outputs = [process.communicate(timeout=TIMEOUT)[0] for process in processes]
    except subprocess.TimeoutExpired:
        for process in processes:
            process.kill()
        outputs = [process.communicate()[0] for process in processes]
    for process, output in zip(processes, outputs, strict=True):
        assert process.returncode == 0, output


def train_on_two_hosts(backend, shards, folder, options):
    """Two processes of this machine, each with a device."""
    options = [options | {"distribute": "hosts"}]
    wait_for([start(backend, shards, folder, 1, options, environment) for environment in two_hosts(backend)])


def two_hosts(backend):
    """The environment that lets two processes of this machine find each other."""
    with socket.socket() as first, socket.socket() as second:
        addresses = []
        for free in (first, second):
            free.bind(("localhost", 0))
            addresses.append(f"localhost:{free.getsockname()[1]}")
    for i in range(2):
        if backend == "tensorflow":
            task = {"type": "worker", "index": i}
            yield {"TF_CONFIG": json.dumps({"cluster": {"worker": addresses}, "task": task})}
        else:
            names = ("JOB_ADDRESSES", "NUM_PROCESSES", "PROCESS_ID")
            values = (addresses[0], "2", str(i))
            yield {f"KERAS_DISTRIBUTION_{name}": value for name, value in zip(names, values, strict=True)}


def assert_same_curve(run, other):
    rows, expected = (pd.read_csv(folder / "history.csv") for folder in (run, other))
    assert rows.columns.tolist() == expected.columns.tolist() and rows["epoch"].tolist() == [1, 2]
    np.testing.assert_allclose(rows, expected, rtol=RTOL)


@pytest.mark.slow
def test_several_devices_learn_what_one_learns(runs):
    assert_same_curve(runs / "devices", runs / "one")


@pytest.mark.slow
def test_several_devices_stop_without_improvement(runs):
    epochs = [pd.read_csv(runs / f"patient-{i}" / "history.csv")["epoch"].tolist() for i in (0, 1)]
    assert epochs == [[1, 2, 3]] * 2


@pytest.mark.slow
def test_several_hosts_learn_what_one_device_learns_also_when_stopped(backend, shards, runs):
    train_on_two_hosts(backend, shards, runs, {"run": "hosts", "stop_after": 1})
    assert pd.read_csv(runs / "hosts" / "history.csv")["epoch"].tolist() == [1]
    train_on_two_hosts(backend, shards, runs, {"run": "hosts", "resume": True})
    assert_same_curve(runs / "hosts", runs / "one")
    assert {path.name for path in (runs / "hosts").iterdir()} == {path.name for path in (runs / "one").iterdir()}


def start_command(backend, shards, run, *options):
    """The command that a user gives on each of two hosts."""
    words = ["-m", "train.densenet", "--blocks", "1", "--growth-rate", "4", "--records", shards, "--run", run]
    words += ["--epochs", str(EPOCHS), "--batch-size", "8", "--learning-rate", "1e-2", "--warmup-epochs", "0"]
    words += ["--precision", "float32", "--normalization", "fused", "--xla", "off", "--log"]
    words += ["--distribute", "hosts", *options]
    return [start_python(backend, words, environment) for environment in two_hosts(backend)]


def epochs_done(run):
    path = run / "history.csv"
    return len(path.read_text().splitlines()) - 1 if path.exists() else 0


def lose_a_host(processes, lost, run, epochs):
    """Kills a host after some epochs; returns what the other printed and its exit code."""
    end = time.monotonic() + TIMEOUT
    try:
        while epochs_done(run) < epochs:
            assert time.monotonic() < end and all(process.poll() is None for process in processes)
            time.sleep(0.01)
        processes[lost].kill()
        output, _ = processes[1 - lost].communicate(timeout=SOON)
    finally:
        for process in processes:
            process.kill()
            process.communicate()
    return output, processes[1 - lost].returncode


@pytest.mark.slow
def test_after_a_host_was_killed_the_other_says_so_and_resume_ends_as_unbroken(backend, shards, tmp_path):
    run, unbroken = tmp_path / "run", tmp_path / "unbroken"
    wait_for(start_command(backend, shards, unbroken))
    resume = ()
    for lost, epochs in ((1, 1), (0, 3)):
        output, code = lose_a_host(start_command(backend, shards, run, *resume), lost, run, epochs)
        assert epochs <= epochs_done(run) < EPOCHS
        last = output.splitlines()[-1]
        assert code == HOST_LOST and last.startswith("error: another host was lost, or the network to it ("), output
        assert last.endswith("The same command with --resume, on every host, goes on after the last whole epoch")
        assert "Traceback" not in output and output.count("\nerror: ") == 1, output
        resume = ("--resume",)
    wait_for(start_command(backend, shards, run, *resume))
    assert (run / "history.csv").read_text() == (unbroken / "history.csv").read_text()
    assert_same_weights(run / "last.weights.h5", unbroken / "last.weights.h5")


def assert_same_weights(path, other):
    with h5py.File(path) as file, h5py.File(other) as expected:
        names = []
        expected.visit(names.append)
        names = [name for name in names if isinstance(expected[name], h5py.Dataset)]
        assert len(names) > 10
        for name in names:
            np.testing.assert_array_equal(file[name], expected[name])


def test_standard_error_is_copied_except_the_message_of_an_abort():
    path = ROOT / "train" / "loop" / "last_words.py"
    for written, read in (
        (b"a\nF11 x.h:80] Aborting now. Because\n@ 0x1\n", b"a\nerror: lost\n"),
        (b"a\nb", b"a\nb"),
        (b"error: lost\nF11 x.h:80] Aborting now. Because\n", b"error: lost\n"),
    ):
        done = subprocess.run([sys.executable, path, "Aborting now", "error: lost"], input=written, capture_output=True)
        assert (done.returncode, done.stdout, done.stderr) == (0, b"", read)


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (
            tf.errors.UnavailableError(
                None, None, "{{function_node __x}} Collective ops is aborted by: recvmsg:Connection reset\nmore"
            ),
            "recvmsg:Connection reset",
        ),
        (
            tf.errors.UnavailableError(
                None, None, "{{a}} Collective ops is aborted by: Error reported from /job:worker/task:1: These:\nb\nc"
            ),
            "These: b",
        ),
        (tf.errors.CancelledError(None, None, ""), "CancelledError"),
    ],
)
def test_tensorflow_errors_about_a_lost_host_become_one_line(error, reason):
    expected = re.escape(f"another host was lost, or the network to it ({reason}); its own output may say why. The")
    with pytest.raises(HostLost, match=f"^{expected} same command with --resume, on every host, goes on"):
        with host_lost_errors():
            raise error


def test_other_errors_are_not_changed():
    with pytest.raises(ValueError, match="^mine$"), host_lost_errors():
        raise ValueError("mine")
    with pytest.raises(tf.errors.InternalError, match="no such kernel"), host_lost_errors():
        raise tf.errors.InternalError(None, None, "no such kernel")
    with pytest.raises(HostLost, match="Connection closed"), host_lost_errors():
        raise tf.errors.InternalError(None, None, "Connection closed")


def test_a_run_may_be_resumed_on_other_devices():
    config = TrainConfig(records=Path("x"))
    assert config.as_json() == replace(config, distribute="devices").as_json()


def test_what_cannot_be_distributed_raises(monkeypatch):
    monkeypatch.delenv("TF_CONFIG", raising=False)
    with pytest.raises(ValueError, match="hosts must be named in the environment variable TF_CONFIG, which is not set"):
        distribution_of("hosts", 8)
    with pytest.raises(ValueError, match="2 devices or more to distribute training, got 1; leave --distribute out"):
        check_shares(1, 8)
    with pytest.raises(
        ValueError, match="must divide the batch size, got 3 devices and 32 people; pass --batch-size 33"
    ):
        check_shares(3, 32)
    with pytest.raises(ValueError, match="distribute must be one of none, devices, hosts, got gpus; choose one of"):
        TrainConfig(records=Path("x"), distribute="gpus")
