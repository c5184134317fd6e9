"""A pool of processes that end with their parent, and the error when one of them dies."""

import multiprocessing
import os
import time

import pytest

from machine.workers import shared_counter, worker_pool

COUNTERS = []


def prepare(counter):
    COUNTERS.append(counter)


def count(number):
    (counter,) = COUNTERS
    with counter.get_lock():
        counter.value += number
    return os.getpid()


def test_tasks_run_in_prepared_processes_that_share_a_counter():
    counter = shared_counter()
    with worker_pool(2, "machine.workers", prepare, counter) as pool:
        ids = set(pool.map(count, range(5)))
    assert counter.value == 10
    assert os.getpid() not in ids
    assert multiprocessing.active_children() == []


def test_leaving_the_block_ends_a_running_task():
    begun = time.monotonic()
    with pytest.raises(KeyboardInterrupt), worker_pool(1, "machine.workers", int) as pool:
        pool.submit(time.sleep, 600)
        raise KeyboardInterrupt
    assert time.monotonic() - begun < 300
    assert multiprocessing.active_children() == []


def test_a_process_that_dies_raises():
    with pytest.raises(ChildProcessError, match=r"a process died, out of memory .* or by a crash"):
        with worker_pool(1, "machine.workers", int) as pool:
            pool.submit(os._exit, 1).result()
