"""Passing items from thread to thread."""

import threading
import time

import pytest

from demo.video.bounded_queue import BoundedQueue, prefetch


def in_a_thread(work):
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    return thread


def test_keep_newest_drops_the_oldest_and_does_not_block():
    queue = BoundedQueue(2, keep_newest=True)
    for item in range(5):
        queue.put(item)
    assert [queue.get(0) for _ in range(3)] == [3, 4, None]


def test_a_full_queue_blocks_the_producer_and_loses_nothing():
    queue = BoundedQueue(2, keep_newest=False)

    def work():
        for item in range(50):
            queue.put(item)
        queue.finish()

    thread = in_a_thread(work)
    time.sleep(0.05)
    assert thread.is_alive()
    taken = []
    while not queue.ended:
        taken.append(queue.get(1.0))
    assert taken == list(range(50))


def test_the_end_comes_after_the_last_item_and_wakes_the_consumer():
    queue = BoundedQueue(2, keep_newest=False)
    queue.put("last")
    queue.finish()
    assert not queue.ended
    assert queue.get(0) == "last" and queue.ended
    begin_s = time.perf_counter()
    assert queue.get(10.0) is None and time.perf_counter() - begin_s < 1


def test_an_error_is_raised_after_the_last_item():
    queue = BoundedQueue(2, keep_newest=False)
    queue.put("last")
    queue.finish(OSError("broken"))
    assert queue.get(0) == "last" and not queue.ended
    with pytest.raises(OSError, match="broken"):
        queue.get(0)
    assert queue.ended and queue.get(0) is None


@pytest.mark.parametrize("wait", [lambda queue: queue.put("second"), lambda queue: queue.pause(60)])
def test_stopping_wakes_a_waiting_producer(wait):
    queue = BoundedQueue(1, keep_newest=False)
    queue.put("first")
    thread = in_a_thread(lambda: wait(queue))
    time.sleep(0.05)
    assert thread.is_alive()
    queue.stop()
    thread.join(1.0)
    assert not thread.is_alive() and queue.stopped


def test_prefetch_is_ahead_by_its_capacity():
    made = []

    def make():
        for k in range(100):
            made.append(k)
            yield k

    with prefetch(make(), 3) as items:
        assert next(items) == 0
        time.sleep(0.1)
        # One taken, three in the queue, and one that waits for room.
        assert len(made) == 5
        assert list(items) == list(range(1, 100))


def test_an_error_in_prefetch_is_raised_by_the_consumer():
    def make():
        yield 1
        raise OSError("the disk is gone")

    with prefetch(make(), 8) as items:
        assert next(items) == 1
        with pytest.raises(OSError, match="the disk is gone"):
            next(items)


def test_leaving_early_stops_prefetch():
    made = []

    def make():
        for k in range(10**6):
            made.append(k)
            yield k

    with prefetch(make(), 2) as items:
        next(items)
    count = len(made)
    time.sleep(0.05)
    assert len(made) == count < 10
