"""The local runner: in order, with bounded parts in flight, and without leaving processes behind."""

import multiprocessing
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from made_units import Made

from data_prep.conversion.convert import Conversion, TooManySkipped, convert
from data_prep.conversion.local_runner import made_in_window
from data_prep.conversion.record_parts import Parts
from data_prep.conversion.splits import SplitRule
from pose import LSP14
from records import read_manifest

SPLIT = SplitRule(val=0.25, test=0.25, seed=1)


@pytest.fixture
def log(tmp_path):
    (tmp_path / "log").mkdir()
    return tmp_path / "log"


def options(**changes):
    return Conversion(size=32, split=SPLIT, people_per_shard=5, **changes)


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


def test_many_processes_make_what_one_makes(tmp_path, log):
    reader = Made(log, 12, does=(("u3", "skip"), ("u8", "break")))
    for workers in (1, 3):
        convert(reader, tmp_path / str(workers), options(workers=workers))
    assert contents(tmp_path / "1") == contents(tmp_path / "3")
    manifest = read_manifest(tmp_path / "3")
    # The first person of u8 is kept.
    assert sum(manifest.counts.values()) == 11 * 4 + 1
    assert [bad["what"] for bad in manifest.skipped] == ["u3.jpg", "u8.mp4"]
    assert reader.readings() == dict.fromkeys((f"u{i}" for i in range(12)), 2)


def test_too_many_broken_inputs_end_the_processes(tmp_path, log):
    reader = Made(log, 12, does=(("u0", "skip"), ("u11", "wait")))
    with pytest.raises(TooManySkipped, match="more than 0 broken inputs.*\n  u0.jpg: broken$"):
        convert(reader, tmp_path / "out", options(workers=2, max_skipped=0))
    assert multiprocessing.active_children() == []


def test_a_repaired_input_is_read_again_and_no_other(tmp_path, log):
    reader = Made(log, 6, does=(("u2", "skip"),))
    with pytest.raises(TooManySkipped):
        convert(reader, tmp_path / "out", options(workers=1, max_skipped=0))
    assert reader.readings() == {"u0": 1, "u1": 1, "u2": 1}
    (log / "repaired").touch()
    assert convert(reader, tmp_path / "out", options(workers=1, max_skipped=0)).skipped == []
    assert reader.readings() == {"u0": 1, "u1": 1, "u2": 2, "u3": 1, "u4": 1, "u5": 1}


def test_a_process_that_dies_raises(tmp_path, log):
    reader = Made(log, 6, does=(("u4", "die"),))
    with pytest.raises(ChildProcessError, match="a process died at .*u4.* or soon after, out of memory"):
        convert(reader, tmp_path / "out", options(workers=2))
    assert multiprocessing.active_children() == []


def test_a_full_disk_in_a_process_raises(tmp_path, log):
    with pytest.raises(OSError, match="No space left on device"):
        convert(Made(log, 6, does=(("u1", "fail"),)), tmp_path / "out", options(workers=2))


def test_a_slow_part_bounds_the_parts_in_flight(tmp_path, log):
    parts = Parts(tmp_path, LSP14, LSP14, 32, 1.25, SPLIT)
    todo = list(enumerate(Made(log, 20, does=(("u2", "wait"),)).units()))
    with ThreadPoolExecutor(2) as pool:
        finished = made_in_window(pool, parts, todo, workers=2)
        first = [next(finished) for _ in range(7)]
        threading.Timer(0.3, (log / "go").touch).start()
        eighth = next(finished)
        # Units 0 and 1, and of the six from unit 2 on all but unit 2 itself.
        assert sorted(first) == [0, 1, 3, 4, 5, 6, 7] and eighth == 2
        assert sorted([*first, eighth, *finished]) == list(range(20))


def test_options_are_checked():
    with pytest.raises(ValueError, match="runner must be local, dask or beam, got 'spark'"):
        Conversion(runner="spark")
    with pytest.raises(ValueError, match="beam_options are for the beam runner, got 'a=1 b=2' with local"):
        Conversion(beam_options=("a=1", "b=2"))
    with pytest.raises(ValueError, match="beam_options must be pairs such as runner=FlinkRunner, got 'host:8081'"):
        Conversion(runner="beam", beam_options=("runner=FlinkRunner", "host:8081"))
    with pytest.raises(ValueError, match="scheduler is for the dask runner, got 'a:8786' with beam"):
        Conversion(runner="beam", scheduler="a:8786")
    with pytest.raises(ValueError, match="scheduler must be HOST:PORT, got 'a'"):
        Conversion(runner="dask", scheduler="a")
