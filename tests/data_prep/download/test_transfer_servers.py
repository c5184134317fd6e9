"""Servers that are busy, lack the file or are down, mirrors, and the end of a run."""

import threading
import time
from email.utils import formatdate

import pytest
from fetching import CONTENT, NAME, QUICK, get
from studio_server import Answer, StudioServer

from data_prep.download.transfer import Failed, Missing, RetryPolicy, Servers, Stopped


@pytest.fixture
def server():
    with StudioServer({NAME: CONTENT}) as server:
        yield server


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_a_busy_server_is_retried(tmp_path, server, status):
    server.script[NAME] = [Answer(status=status)] * 2
    assert get(tmp_path, server) == CONTENT


def test_retry_after_is_respected(tmp_path, server):
    server.script[NAME] = [Answer(status=429, headers={"Retry-After": "1"})]
    begin = time.monotonic()
    assert get(tmp_path, server) == CONTENT
    assert 1 <= time.monotonic() - begin < 3
    # A date in the past means at once, and nonsense means nothing.
    for value in (formatdate(0, usegmt=True), "soon", "9" * 5000):
        (tmp_path / "dome/film.mp4").unlink()
        server.script[NAME] = [Answer(status=503, headers={"Retry-After": value})]
        assert get(tmp_path, server) == CONTENT


def test_too_long_a_retry_after_raises(tmp_path, server):
    server.script[NAME] = [Answer(status=503, headers={"Retry-After": "601"})]
    with pytest.raises(Failed, match="asks to come back in 601 s"):
        get(tmp_path, server)
    assert len(server.log) == 1


def test_a_missing_file_is_not_requested_twice(tmp_path, server):
    server.files.clear()
    with pytest.raises(Missing, match=f"{server.root}: has no such file"):
        get(tmp_path, server)
    assert len(server.log) == 1


def test_a_login_page_raises_and_keeps_the_bytes(tmp_path, server):
    page = Answer(body=b"<!DOCTYPE html>", headers={"Content-Type": "text/html; charset=utf-8"})
    server.script[NAME] = [Answer(send=200_000), page]
    with pytest.raises(Failed, match="web page"):
        get(tmp_path, server)
    assert get(tmp_path, server) == CONTENT
    assert server.ranges_of(NAME) == [None, "bytes=200000-", "bytes=200000-"]


def test_the_mirror_is_used_where_the_first_server_lacks_a_file_or_fails(tmp_path, server):
    with StudioServer({}) as empty, StudioServer({NAME: CONTENT}) as broken:
        broken.script[NAME] = [Answer(status=500)] * 10
        assert get(tmp_path / "a", empty, broken, server) == CONTENT
        assert len(empty.log) == 1 and len(broken.log) == QUICK.attempts
        server.files.clear()
        with pytest.raises(Failed, match=f"{empty.root}: has no such file; {broken.root}: answers 500"):
            get(tmp_path / "b", empty, broken)


def test_a_server_that_is_down_raises_with_a_short_message(tmp_path):
    with StudioServer({}) as gone:
        pass
    with pytest.raises(Failed, match=rf"^{gone.root}: \[Errno \d+\] Connection refused \(tried 3 times\)$"):
        get(tmp_path, gone)


def test_a_server_that_failed_is_tried_last_for_the_next_file():
    servers = Servers(("http://a/", "http://b", "http://c"))
    servers.put_last("http://a")
    assert servers.in_order() == ["http://b", "http://c", "http://a"]
    # Bytes can only be resumed from their own server.
    assert servers.in_order("http://a") == ["http://a", "http://b", "http://c"]
    assert servers.in_order("http://gone") == ["http://b", "http://c", "http://a"]


@pytest.mark.parametrize("answer", [Answer(send=100_000, stall=True), Answer(status=503)])
def test_stop_raises_while_receiving_and_while_waiting(tmp_path, server, answer):
    server.script[NAME] = [answer]
    stop = threading.Event()
    reports = []
    patient = RetryPolicy(timeout_s=1, attempts=3, first_pause_s=60)
    threading.Timer(0.2, stop.set).start()
    begin = time.monotonic()
    with pytest.raises(Stopped):
        get(tmp_path, server, policy=patient, stop=stop, reports=reports)
    assert time.monotonic() - begin < 3


def test_pauses_double_up_to_a_minute():
    policy = RetryPolicy(first_pause_s=1)
    assert [policy.pause_s(tries) for tries in (0, 1, 2, 3, 6, 7, 8, 10_000)] == [1, 1, 2, 4, 32, 60, 60, 60]
