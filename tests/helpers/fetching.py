"""Downloads one file from local servers."""

import threading

from data_prep.download.partial_download import PartialDownload
from data_prep.download.transfer import RemoteFile, RetryPolicy, Servers, fetch
from records import BadInput

NAME = "dome/film.mp4"
#: 300 000 bytes in which every position is different from its neighbors.
CONTENT = b"".join(i.to_bytes(3, "big") for i in range(100_000))
CHANGED = CONTENT[::-1]
QUICK = RetryPolicy(timeout_s=0.3, attempts=3, first_pause_s=0.01)


def no_check(path):
    assert path.is_file()


def must_be(content):
    def check(path):
        if path.read_bytes() != content:
            raise BadInput(str(path), "not what it should be")

    return check


def get(tmp_path, *servers, check=no_check, policy=QUICK, stop=None, reports=None):
    """Downloads NAME and returns its content."""
    file = RemoteFile(NAME, tmp_path / "dome/film.mp4", check)
    (tmp_path / "partial").mkdir(parents=True, exist_ok=True)
    part = PartialDownload(tmp_path / "partial", "film.mp4")
    report = (lambda size, total: None) if reports is None else (lambda *values: reports.append(values))
    roots = Servers(tuple(server if isinstance(server, str) else server.root for server in servers))
    fetch(file, part, roots, policy, stop or threading.Event(), report)
    assert not any((tmp_path / "partial").iterdir())
    return file.target.read_bytes()
