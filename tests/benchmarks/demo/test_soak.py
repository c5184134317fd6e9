"""What the soak counts as growth."""

import ctypes
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from benchmarks.demo.soak import watched

ROOT = Path(__file__).parents[3]


def test_memory_that_grows_is_a_fault_and_freed_memory_is_not():
    kept, faults = [], []
    with watched("leaky", 5.0, faults) as memory:
        for _ in range(40):
            kept.append(np.ones(2**17))
            memory.sample()
    # From the lowest tenth of the second quarter to that of the last are 20 steps of a megabyte.
    (fault,) = faults
    growth_mb = float(fault.split("grew by ")[1].split()[0])
    # Where the system gives large pages, a megabyte may take two.
    assert 19 < growth_mb < 45
    with watched("tidy", 5.0, faults) as memory:
        for _ in range(40):
            np.ones(2**17)
            memory.sample()
    assert len(faults) == 1


def test_threads_and_files_that_stay_are_faults(tmp_path):
    stop, faults = threading.Event(), []
    with watched("untidy", 5.0, faults) as memory:
        thread = threading.Thread(target=stop.wait, name="forgotten")
        thread.start()
        file = (tmp_path / "open").open("w")
        for _ in range(4):
            memory.sample()
    stop.set()
    thread.join()
    file.close()
    assert faults == ["untidy: 1 threads stayed, of ours forgotten", "untidy: 1 files stayed open"]


# In a process of its own, because in a long one memory that was free before is given out again.
FREED = """
import numpy as np

from benchmarks.demo.soak import memory_mb

# Below malloc's threshold for memory of its own, and every hundredth is kept, so that nothing goes back.
before = np.array(memory_mb())
blocks = [np.ones(2**13) for _ in range(800)]
full = np.array(memory_mb())
blocks = blocks[::100]
freed = np.array(memory_mb())
print(*(full - before), *(freed - before))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only glibc tells what it holds free")
def test_memory_that_the_c_library_holds_free_is_not_in_use():
    if not hasattr(ctypes.CDLL(None), "mallinfo2"):
        pytest.skip("needs glibc 2.33")
    done = subprocess.run([sys.executable, "-c", FREED], cwd=ROOT, capture_output=True, text=True, check=True)
    full_in_use, full_resident, in_use, resident = map(float, done.stdout.split())
    assert full_in_use == pytest.approx(52, abs=6) and full_resident > 40
    assert in_use == pytest.approx(0.5, abs=3) and resident > 40
