"""Handing things from thread to thread."""

import threading
import time

import pytest

from demo.video.bounded_queue import Handover


def in_a_thread(work):
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    return thread


def test_the_newest_drops_the_oldest_and_nobody_waits():
    handover = Handover(2, newest=True)
    for item in range(5):
        handover.put(item)
    assert [handover.get(0) for _ in range(3)] == [3, 4, None]


def test_without_room_the_maker_waits_and_nothing_is_lost():
    handover = Handover(2, newest=False)

    def work():
        for item in range(50):
            handover.put(item)
        handover.finish()

    thread = in_a_thread(work)
    time.sleep(0.05)
    assert thread.is_alive()
    taken = []
    while not handover.ended:
        taken.append(handover.get(1.0))
    assert taken == list(range(50))


def test_the_end_comes_after_what_was_made_and_wakes_who_waits():
    handover = Handover(2, newest=False)
    handover.put("last")
    handover.finish()
    assert not handover.ended
    assert handover.get(0) == "last" and handover.ended
    begin_s = time.perf_counter()
    assert handover.get(10.0) is None and time.perf_counter() - begin_s < 1


def test_an_error_comes_after_what_was_made():
    handover = Handover(2, newest=False)
    handover.put("last")
    handover.finish(OSError("broken"))
    assert handover.get(0) == "last" and not handover.ended
    with pytest.raises(OSError, match="broken"):
        handover.get(0)
    assert handover.ended and handover.get(0) is None


@pytest.mark.parametrize("wait", [lambda handover: handover.put("second"), lambda handover: handover.pause(60)])
def test_stopping_frees_a_maker_that_waits(wait):
    handover = Handover(1, newest=False)
    handover.put("first")
    thread = in_a_thread(lambda: wait(handover))
    time.sleep(0.05)
    assert thread.is_alive()
    handover.stop()
    thread.join(1.0)
    assert not thread.is_alive() and handover.stopped
