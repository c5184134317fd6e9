"""One file from a server that drops connections, changes the file or sends wrong headers."""

import random
import time
from email.utils import formatdate

import pytest
from fetching import CHANGED, CONTENT, NAME, get, must_be
from studio_server import Answer, StudioServer, etag

from data_prep.download.transfer import Failed


@pytest.fixture
def server():
    with StudioServer({NAME: CONTENT}) as server:
        yield server


def test_a_file_is_downloaded_whole_and_progress_reported(tmp_path, server):
    reports = []
    assert get(tmp_path, server, reports=reports) == CONTENT
    assert reports[0] == (0, 300_000) and reports[-1] == (300_000, 300_000)
    assert server.log == [(NAME, None)]


def test_dropped_connections_are_resumed(tmp_path, server):
    server.script[NAME] = [Answer(send=100_000), Answer(send=50_000), Answer(send=0)]
    assert get(tmp_path, server) == CONTENT
    assert server.ranges_of(NAME) == [None, "bytes=100000-", "bytes=150000-", "bytes=150000-"]


def test_retries_are_unlimited_while_bytes_arrive(tmp_path, server):
    # 20 drops, though 3 tries in a row without a byte would be too many.
    server.script[NAME] = [Answer(send=10_000)] * 20
    assert get(tmp_path, server) == CONTENT
    assert len(server.log) == 21


def test_a_stalled_connection_times_out_without_losing_bytes(tmp_path, server):
    server.script[NAME] = [Answer(send=123_456, stall=True)]
    begin = time.monotonic()
    assert get(tmp_path, server) == CONTENT
    assert time.monotonic() - begin < 5
    assert server.ranges_of(NAME) == [None, "bytes=123456-"]


def test_a_later_run_resumes(tmp_path, server):
    server.script[NAME] = [Answer(send=200_000)] + [Answer(send=0)] * 3
    with pytest.raises(Failed, match=r"tried 3 times"):
        get(tmp_path, server)
    assert not (tmp_path / "dome").exists()
    assert (tmp_path / "partial/film.mp4.part").read_bytes() == CONTENT[:200_000]
    assert get(tmp_path, server) == CONTENT
    assert server.ranges_of(NAME)[-1] == "bytes=200000-"


def test_a_file_that_changes_between_attempts_is_restarted(tmp_path, server):
    server.script[NAME] = [Answer(send=200_000)] + [Answer(send=0)] * 3
    with pytest.raises(Failed):
        get(tmp_path, server)
    server.files[NAME] = CHANGED
    assert get(tmp_path, server) == CHANGED
    assert server.ranges_of(NAME)[-1] == "bytes=200000-"


@pytest.mark.parametrize(
    "wrong",
    [
        {"ETag": '"another"'},
        {"Content-Range": "bytes 200000-299999/400000"},
        {"Content-Range": "bytes 199999-299998/300000"},
        {"Content-Range": None},
    ],
)
def test_a_range_of_another_file_is_not_appended(tmp_path, server, wrong):
    server.script[NAME] = [Answer(send=200_000), Answer(headers=wrong)]
    assert get(tmp_path, server) == CONTENT
    assert server.ranges_of(NAME) == [None, "bytes=200000-", None]


def test_a_file_that_became_shorter_is_restarted(tmp_path, server):
    server.script[NAME] = [Answer(send=200_000), Answer(status=416)]
    assert get(tmp_path, server) == CONTENT
    assert server.ranges_of(NAME) == [None, "bytes=200000-", None]


def test_a_server_may_send_less_than_the_range_but_not_more(tmp_path, server):
    less = {"ETag": etag(CONTENT), "Content-Range": "bytes 200000-249999/300000"}
    more = {"ETag": etag(CONTENT), "Content-Range": "bytes 250000-299999/300000"}
    server.script[NAME] = [
        Answer(send=200_000),
        Answer(status=206, headers=less, body=CONTENT[200_000:250_000]),
        Answer(status=206, headers=more, body=CONTENT[250_000:] + b"more"),
    ]
    assert get(tmp_path, server) == CONTENT
    assert server.ranges_of(NAME) == [None, "bytes=200000-", "bytes=250000-", None]


def test_without_range_support_the_whole_file_is_requested_again(tmp_path, server):
    server.script[NAME] = [Answer(send=200_000), Answer(ranges=False)]
    assert get(tmp_path, server) == CONTENT


def test_without_a_version_nothing_is_resumed(tmp_path, server):
    server.script[NAME] = [Answer(send=200_000, headers={"ETag": None})]
    assert get(tmp_path, server) == CONTENT
    assert server.ranges_of(NAME) == [None, None]


def test_a_weak_etag_is_ignored_and_a_date_is_used(tmp_path, server):
    date = formatdate(0, usegmt=True)
    headers = {"ETag": "W/" + etag(CONTENT), "Last-Modified": date}
    server.script[NAME] = [Answer(send=200_000, headers=headers)]
    assert get(tmp_path, server) == CONTENT
    assert server.ranges_of(NAME) == [None, "bytes=200000-"] and server.if_range == date


def test_a_length_that_is_too_long_fails(tmp_path, server):
    server.script[NAME] = [Answer(announce=300_001)] * 20
    with pytest.raises(Failed, match="IncompleteRead|shorter|another file"):
        get(tmp_path, server)
    assert not (tmp_path / "dome").exists() and len(server.log) < 8


def test_a_length_that_is_too_short_is_found_by_the_check(tmp_path, server):
    server.script[NAME] = [Answer(announce=299_999)]
    with pytest.raises(Failed, match="gave a damaged file: not what it should be"):
        get(tmp_path, server, check=must_be(CONTENT))
    assert server.log == [(NAME, None)]
    assert not any((tmp_path / "partial").glob("*.part")) and not (tmp_path / "dome").exists()


def test_a_damaged_file_from_several_responses_is_downloaded_again(tmp_path, server):
    server.script[NAME] = [Answer(body=CHANGED, headers={"ETag": etag(CONTENT)}, send=200_000)]
    assert get(tmp_path, server, check=must_be(CONTENT)) == CONTENT
    assert server.ranges_of(NAME) == [None, "bytes=200000-", None]


def test_a_file_without_a_length_is_read_to_its_end(tmp_path, server):
    server.script[NAME] = [Answer(headers={"Content-Length": None})]
    assert get(tmp_path, server, check=must_be(CONTENT)) == CONTENT


def test_a_partial_file_is_resumed_from_its_own_server(tmp_path, server):
    with StudioServer({NAME: CHANGED}) as other:
        server.script[NAME] = [Answer(send=200_000)] + [Answer(send=0)] * 3
        with pytest.raises(Failed):
            get(tmp_path, server)
        assert get(tmp_path, other, server) == CONTENT
        assert not other.log


def test_a_partial_file_of_unknown_origin_is_not_resumed(tmp_path, server):
    (tmp_path / "partial").mkdir()
    (tmp_path / "partial/film.mp4.part").write_bytes(b"something")
    for about in (None, "", "[]", '{"root": "x"}'):
        if about is not None:
            (tmp_path / "partial/film.mp4.json").write_text(about)
        assert get(tmp_path, server) == CONTENT
    assert server.ranges_of(NAME) == [None] * 4


def test_too_little_disk_space_raises_before_a_byte_is_written(tmp_path, server):
    server.script[NAME] = [Answer(announce=10**17)]
    with pytest.raises(OSError, match="needs 100000000000000000 bytes"):
        get(tmp_path, server)


@pytest.mark.parametrize("seed", range(20))
def test_after_any_failure_the_file_is_correct_or_missing(tmp_path, server, seed):
    rng = random.Random(seed)
    server.script[NAME] = script = [
        rng.choice(
            [
                Answer(send=rng.randrange(300_000)),
                Answer(send=rng.randrange(300_000), ranges=False),
                Answer(send=rng.randrange(300_000), headers={"ETag": None}),
                Answer(status=rng.choice([429, 500, 503])),
                Answer(body=CHANGED, send=rng.randrange(300_000)),
                Answer(announce=rng.randrange(400_000)),
            ]
        )
        for _ in range(10)
    ]
    for _ in range(len(script)):
        try:
            assert get(tmp_path, server, check=must_be(CONTENT)) == CONTENT
            break
        except Failed:
            assert not (tmp_path / "dome").exists()
    else:
        pytest.fail("a good server did not give the file")
