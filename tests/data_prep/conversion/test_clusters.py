"""Parts made on several machines: the same bytes, whatever dies, and one-line errors."""

import os
import re
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest
from commands import call
from lsp_archive import extended_joints, make_archive
from made_units import Made

from data_prep.command import main
from data_prep.conversion.clusters import SharedParts, beam_arguments
from data_prep.conversion.convert import Conversion, convert
from data_prep.conversion.local_runner import run_local
from data_prep.conversion.record_parts import Parts
from data_prep.conversion.splits import SplitRule
from pose import LSP14
from records import BadInput

ROOT = Path(__file__).parents[3]
OPTIONS = Conversion(size=32, split=SplitRule(val=0.25, test=0.25, seed=1), people_per_shard=5, workers=1)


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


def parts_in(folder):
    return {path.stem for path in folder.glob(".partial/parts/*.json")}


def wait_until(condition):
    end = time.monotonic() + 120
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


@pytest.fixture
def log(tmp_path):
    (tmp_path / "log").mkdir()
    return tmp_path / "log"


@pytest.fixture
def expected(tmp_path, log):
    """The shards that one process makes of `made`."""
    (log / "go").touch()
    convert(made(log), tmp_path / "expected", OPTIONS)
    for path in log.glob("u*"):
        path.unlink()
    return contents(tmp_path / "expected")


def made(log):
    """Nine units, one of which has a broken input, and one waits for a file `go`."""
    return Made(log, 9, does=(("u3", "skip"), ("u5", "wait")))


# What needs Apache Beam or Dask.


@pytest.fixture
def beam():
    return pytest.importorskip("apache_beam", reason="Apache Beam is not installed: pip install apache-beam")


@pytest.fixture
def dask(beam):
    pytest.importorskip("distributed", reason="Dask is not installed: pip install dask distributed")
    return pytest.importorskip("dask")


class Cluster:
    """A scheduler and two worker processes, as on separate hosts, that nothing restarts."""

    def __init__(self, folder):
        self.folder, self.processes = folder, {}
        self.start(
            "scheduler", "--host", "127.0.0.1", "--port", "0", "--scheduler-file", str(folder / "scheduler.json")
        )
        wait_until((folder / "scheduler.json").exists)
        (self.address,) = re.findall(r'"address": "(.+?)"', (folder / "scheduler.json").read_text())
        for name in ("a", "b"):
            self.start("worker", self.address, "--nthreads", "1", "--no-nanny", "--name", name)

    def start(self, kind, *options):
        name = options[-1] if kind == "worker" else kind
        environment = os.environ | {"PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'tests' / 'helpers'}"}
        command = [sys.executable, "-m", "dask", kind, *options, "--no-dashboard"]
        self.processes[name] = subprocess.Popen(
            command, cwd=self.folder, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )

    def close(self):
        for process in self.processes.values():
            process.kill()
            process.wait()


@pytest.fixture
def start_cluster(dask, tmp_path):
    clusters = []

    def start():
        (tmp_path / f"cluster{len(clusters)}").mkdir()
        clusters.append(Cluster(tmp_path / f"cluster{len(clusters)}"))
        return clusters[-1]

    with dask.config.set({"distributed.comm.timeouts.connect": "3s"}):
        yield start
    for cluster in clusters:
        cluster.close()


@pytest.mark.slow
def test_beam_makes_what_local_processes_make(beam, tmp_path, log, expected):
    options = replace(OPTIONS, runner="beam", beam_options=("runner=DirectRunner",))
    convert(made(log), tmp_path / "beam", options)
    assert contents(tmp_path / "beam") == expected


@pytest.mark.slow
@pytest.mark.parametrize("workers", [1, 2, 3])
def test_a_dask_cluster_makes_what_local_processes_make(dask, tmp_path, log, expected, workers):
    convert(made(log), tmp_path / "dask", replace(OPTIONS, runner="dask", workers=workers))
    assert contents(tmp_path / "dask") == expected
    assert len({path.read_text() for path in log.glob("u*")} - {str(os.getpid())}) == workers


@pytest.mark.slow
def test_a_killed_dask_worker_is_replaced_by_the_others(start_cluster, tmp_path, log, expected):
    cluster = start_cluster()
    reader = made(log)
    (log / "go").unlink()

    def kill():
        wait_until(lambda: len(parts_in(tmp_path / "dask")) == 8)  # All but u5, at which one worker is.
        (busy,) = log.glob("u5.*")
        os.kill(int(busy.read_text()), signal.SIGKILL)
        wait_until(lambda: len(list(log.glob("u5.*"))) == 2)
        (log / "go").touch()

    killer = threading.Thread(target=kill)
    killer.start()
    convert(reader, tmp_path / "dask", replace(OPTIONS, runner="dask", scheduler=cluster.address))
    killer.join()
    assert contents(tmp_path / "dask") == expected
    # What the killed worker had finished was not made again.
    assert reader.readings() == dict.fromkeys((f"u{i}" for i in range(9)), 1) | {"u5": 2}


@pytest.mark.slow
def test_after_the_dask_scheduler_was_killed_the_same_command_resumes(start_cluster, tmp_path, log, expected):
    cluster = start_cluster()
    reader = made(log)
    (log / "go").unlink()

    def kill():
        wait_until(lambda: len(parts_in(tmp_path / "dask")) == 8)
        cluster.processes["scheduler"].kill()

    killer = threading.Thread(target=kill)
    killer.start()
    options = replace(OPTIONS, runner="dask", scheduler=cluster.address)
    with pytest.raises(
        OSError, match="the Dask scheduler was lost; start it, and run the same command again to resume"
    ):
        convert(reader, tmp_path / "dask", options)
    killer.join()
    cluster.close()
    (log / "go").touch()
    convert(reader, tmp_path / "dask", replace(options, scheduler=start_cluster().address))
    assert contents(tmp_path / "dask") == expected
    assert reader.readings() == dict.fromkeys((f"u{i}" for i in range(9)), 1) | {"u5": 2}


@pytest.mark.slow
def test_a_unit_that_kills_its_dask_workers_raises(dask, tmp_path, log):
    with (
        dask.config.set({"distributed.scheduler.allowed-failures": 0}),
        pytest.raises(OSError, match="each of the 1 workers that tried u4 died, out of memory"),
    ):
        convert(Made(log, does=(("u4", "die"),)), tmp_path / "dask", replace(OPTIONS, runner="dask", workers=1))


def test_no_dask_scheduler_exits_with_2(start_cluster, tmp_path):
    root = make_archive(tmp_path / "lsp", extended_joints(3))
    command = ("lsp", "--root", root, "--out", tmp_path / "out", "--runner", "dask", "--scheduler", "localhost:1")
    done = call(main, *command)
    assert done.returncode == 2 and done.stderr.count("error:") == 1
    assert "error: no Dask scheduler answers at localhost:1" in done.stderr
    assert done.stderr.endswith("start one with `dask scheduler`\n")


# What needs neither.


@pytest.mark.parametrize("runner", ["beam", "dask"])
def test_a_runner_that_is_not_installed_exits_with_2(tmp_path, monkeypatch, runner):
    monkeypatch.setitem(sys.modules, "apache_beam", None)
    root = make_archive(tmp_path / "lsp", extended_joints(3))
    done = call(main, "lsp", "--root", root, "--out", tmp_path / "out", "--runner", runner)
    packages = {"beam": "apache-beam", "dask": "apache-beam dask distributed"}[runner]
    message = f"error: the {runner} runner needs apache_beam; install it with `pip install {packages}`\n"
    assert (done.returncode, done.stderr) == (2, message)


def here_instead_of_beam(monkeypatch):
    """Makes parts in this process; returns the arguments that Beam would have received."""
    told = {}

    def run_here(shared, todo, arguments):
        told.update(shared=shared, todo=todo, arguments=arguments)
        return run_local(shared.parts, todo, workers=1)

    monkeypatch.setattr("data_prep.conversion.convert.run_beam", run_here)
    return told


def test_beam_options_are_pairs_or_a_command_line():
    pairs = ["runner=FlinkRunner", "flink_master=a:8081", "streaming", "label=two words"]
    assert beam_arguments(pairs) == [
        "--runner=FlinkRunner", "--flink_master=a:8081", "--streaming", "--label=two words"
    ]  # fmt: skip
    assert beam_arguments(["--runner=FlinkRunner --flink_master a:8081"]) == [
        "--runner=FlinkRunner", "--flink_master", "a:8081"
    ]  # fmt: skip
    assert beam_arguments(["--runner=FlinkRunner", "x=1"]) == ["--runner=FlinkRunner", "--x=1"]


@pytest.mark.parametrize(
    "given",
    [
        ("--beam-options", "runner=FlinkRunner", "flink_master=a:8081"),
        ("--beam-options", "--runner=FlinkRunner", "flink_master=a:8081"),
        ("--beam-options", "--runner=FlinkRunner --flink_master=a:8081"),
        ("--beam-options=--runner=FlinkRunner --flink_master=a:8081",),
    ],
)
def test_beam_options_as_typed(tmp_path, monkeypatch, given):
    told = here_instead_of_beam(monkeypatch)
    root = make_archive(tmp_path / "lsp", extended_joints(3))
    done = call(main, "lsp", "--root", root, *given, "--runner", "beam", "--out", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    assert told["arguments"] == ["--runner=FlinkRunner", "--flink_master=a:8081"]


def test_a_machine_that_lacks_the_data_set_raises(tmp_path, log):
    parts = Parts(tmp_path, LSP14, LSP14, 32, 1.25, SplitRule())
    unit = Made(log).units()[0]
    with pytest.raises(FileNotFoundError, match=r"lacks .*gone; all machines must find the data set and the output"):
        SharedParts(parts, tmp_path / "gone").make(0, unit)
    with pytest.raises(FileNotFoundError, match=r"lacks .*nowhere; all machines must find"):
        SharedParts(replace(parts, folder=tmp_path / "nowhere"), tmp_path).make(0, unit)
    assert not list(log.iterdir())


def test_a_part_that_is_there_is_not_made_again_unless_it_is_damaged(tmp_path, log):
    shared = SharedParts(Parts(tmp_path, LSP14, LSP14, 32, 1.25, SplitRule(val=0, test=0)))
    reader = Made(log)
    unit = reader.units()[0]
    assert [shared.make(0, unit), shared.make(0, unit)] == [0, 0]
    assert reader.readings() == {"u0": 1}
    (tmp_path / "000000.train.tfrecord").write_bytes(b"")
    shared.make(0, unit)
    assert reader.readings() == {"u0": 2}


def test_other_processes_may_have_another_working_folder(tmp_path, monkeypatch):
    told = here_instead_of_beam(monkeypatch)
    make_archive(tmp_path / "lsp", extended_joints(3))
    monkeypatch.chdir(tmp_path)
    assert call(main, "lsp", "--root", "lsp", "--out", "out", "--runner", "beam").returncode == 0
    shared, ((_, unit),) = told["shared"], told["todo"]
    monkeypatch.chdir("/")
    assert shared.root == tmp_path / "lsp"
    assert sum(not isinstance(item, BadInput) for item in unit.people()) == 3
