"""Runs that are killed, stopped or find the disk full resume to the bytes of an unbroken run."""

import errno
import multiprocessing
import os
import random
import resource
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from lsp_archive import extended_joints, make_archive
from made_units import Made

from data_prep.conversion.convert import Conversion, convert
from data_prep.conversion.splits import SplitRule
from data_prep.lsp.reader import Lsp

ROOT = Path(__file__).parents[3]
OPTIONS = Conversion(size=32, people_per_shard=3, workers=1, split=SplitRule(val=0.25, test=0.25, seed=1))


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


def finished(folder):
    """The finished parts."""
    return {path.stem for path in folder.glob(".partial/parts/*.json")}


@pytest.fixture(scope="module")
def processes():
    """Processes that start quickly, forked from one that has imported everything."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["data_prep.conversion.convert", "made_units"])
    return context


@pytest.fixture
def reader(tmp_path):
    (tmp_path / "log").mkdir()
    return Made(tmp_path / "log", 9, 7, does=(("u1", "skip"), ("u3", "break")))


def run_until(reader, folder, steps):
    """Converts, but is killed before it writes, renames, makes or removes its `steps`-th file or folder."""
    left = steps

    def count(event, arguments):
        nonlocal left
        writes = event == "open" and arguments[2] & (os.O_WRONLY | os.O_RDWR)
        changes = writes or event in ("os.rename", "os.remove", "os.mkdir", "os.rmdir")
        if changes and str(folder) in str(arguments[0]):
            left -= 1
            if not left:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(count)
    convert(reader, folder, OPTIONS)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_a_run_killed_at_any_step_resumes(tmp_path, reader, processes, seed):
    convert(reader, tmp_path / "whole", OPTIONS)
    draw = random.Random(seed)
    kills, code = 0, None
    while code != 0:
        before = reader.readings()
        kept = finished(tmp_path / "out")
        process = processes.Process(target=run_until, args=(reader, tmp_path / "out", draw.randint(5, 40 + 10 * seed)))
        process.start()
        process.join()
        code = process.exitcode
        assert code in (0, -signal.SIGKILL)
        kills += code != 0
        assert kills < 100
        again = {name for name, count in reader.readings().items() if count > before.get(name, 0)}
        assert not again & {f"u{int(number)}" for number in kept}
    assert kills > 3
    assert contents(tmp_path / "out") == contents(tmp_path / "whole")
    assert not (tmp_path / "out/.partial").exists()


def convert_within(limit, reader, folder, options, messages):
    """Converts with a limit on the size of files."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    try:
        convert(reader, folder, options)
    except OSError as error:
        messages.put(error.errno)


# Seven people, of about 1.2 kB each, fill no part above 12 kB, but twenty a shard.
@pytest.mark.slow
@pytest.mark.parametrize(("limit", "parts"), [(3_000, 0), (12_000, 3)])
def test_a_full_disk_raises_and_the_next_run_resumes(tmp_path, reader, processes, limit, parts):
    options = replace(OPTIONS, people_per_shard=20)
    convert(reader, tmp_path / "whole", options)
    messages = processes.SimpleQueue()
    process = processes.Process(target=convert_within, args=(limit, reader, tmp_path / "out", options, messages))
    process.start()
    assert messages.get() == errno.EFBIG
    process.join()
    assert process.exitcode == 0
    assert min(len(finished(tmp_path / "out")), 3) == parts
    assert not list((tmp_path / "out").rglob("*.tmp*"))
    convert(reader, tmp_path / "out", options)
    assert contents(tmp_path / "out") == contents(tmp_path / "whole")


@pytest.mark.slow
@pytest.mark.parametrize("damage", ["cut", "flipped", "lost"])
def test_a_damaged_part_is_made_again(tmp_path, reader, processes, damage):
    convert(reader, tmp_path / "whole", OPTIONS)
    process = processes.Process(target=run_until, args=(reader, tmp_path / "out", 40))
    process.start()
    process.join()
    path = max((tmp_path / "out").glob(".partial/parts/*.tfrecord"))
    data = bytearray(path.read_bytes())
    data[100] ^= 1
    if damage == "lost":
        path.unlink()
    else:
        path.write_bytes(data[:-1] if damage == "cut" else data)
    if damage == "flipped":
        with pytest.raises(OSError, match=f"{path.name} is damaged: .*; run the same command again to make it anew"):
            convert(reader, tmp_path / "out", OPTIONS)
    convert(reader, tmp_path / "out", OPTIONS)
    assert contents(tmp_path / "out") == contents(tmp_path / "whole")
    assert reader.readings()[f"u{int(path.name[:6])}"] == 3


def test_a_part_of_another_unit_is_not_used(tmp_path, reader, processes, capsys):
    convert(reader, tmp_path / "whole", OPTIONS)
    process = processes.Process(target=run_until, args=(reader, tmp_path / "out", 40))
    process.start()
    process.join()
    for note in (tmp_path / "out").glob(".partial/parts/*.json"):
        note.write_text(note.read_text().replace('"u0"', '"another"'))
    convert(reader, tmp_path / "out", OPTIONS)
    assert "finished parts, the first of them another; the set is started again\n" in capsys.readouterr().err
    assert contents(tmp_path / "out") == contents(tmp_path / "whole")


def is_running(pid):
    try:
        stat = Path("/proc", pid, "stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"


def wait_for(condition):
    end = time.monotonic() + 120
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.005)


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="processes are looked up in /proc")
def test_no_process_outlives_one_that_was_killed(tmp_path, reader):
    code = (
        "from pathlib import Path; from made_units import Made; "
        "from data_prep.conversion.convert import Conversion, convert; "
        f"convert(Made(Path({str(reader.log)!r}), 4, does=(('u0', 'wait'), ('u1', 'wait'))), "
        f"Path({str(tmp_path / 'out')!r}), Conversion(workers=2))"
    )
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT / 'tests' / 'helpers'}"}
    process = subprocess.Popen([sys.executable, "-c", code], env=environment, stderr=subprocess.DEVNULL)
    wait_for(
        lambda: len([path for path in reader.log.iterdir() if path.read_text()]) == 2 or process.poll() is not None
    )
    pids = [path.read_text() for path in reader.log.iterdir()]
    assert len(pids) == 2 and all(map(is_running, pids))
    # Only the parent handles Ctrl-C, which all receive: a worker that died of it would look like a crash.
    for pid in pids:
        os.kill(int(pid), signal.SIGINT)
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(2)
    assert all(map(is_running, pids))
    process.kill()
    process.wait()
    wait_for(lambda: not any(map(is_running, pids)))


@pytest.mark.slow
def test_the_command_is_killed_then_stopped_and_resumes(tmp_path):
    """SIGKILL in mid-run, then Ctrl-C, then the same command again."""
    joints = np.repeat(extended_joints(20), 128, axis=2)
    root = make_archive(tmp_path / "a", joints)
    whole = Conversion(people_per_shard=200)
    convert(Lsp(root), tmp_path / "whole", whole)
    out = tmp_path / "out"
    command = [sys.executable, "-m", "data_prep", "lsp", "--root", root, "--out", out, "--people-per-shard", 200]
    command = [*map(str, command), "--workers", "2"]
    for stop in (signal.SIGKILL, signal.SIGINT):
        parts = len(finished(out)) + 1
        process = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True, start_new_session=True)
        wait_for(lambda parts=parts, process=process: len(finished(out)) >= parts or process.poll() is not None)
        if process.poll() is None:
            os.killpg(process.pid, stop)
        _, errors = process.communicate()
        assert process.returncode == (130 if stop == signal.SIGINT else -stop), errors
        assert "Traceback" not in errors
        assert not (out / "manifest.json").exists() and not list(out.glob("*.tfrecord"))
    assert errors.endswith("stopped; run the same command again to resume\n")
    assert subprocess.run(command, cwd=ROOT, capture_output=True, check=False).returncode == 0
    assert contents(out) == contents(tmp_path / "whole")
