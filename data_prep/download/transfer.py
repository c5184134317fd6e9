"""Downloads a file over HTTP from one of several servers, resuming earlier attempts."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import requests
import urllib3

from data_prep.download.http_response import (
    DownloadRefused,
    RemoteFileChanged,
    RetryableError,
    check_answer,
    content_range,
    in_short,
    length,
    version,
)
from data_prep.download.partial_download import PartialDownload
from records import BadInput

_CHUNK_BYTES = 1 << 18
#: A server that asks for a longer wait is given up.
_LONGEST_WAIT_S = 600.0


class Missing(Exception):
    """No server has the file."""


class Failed(Exception):
    """No server gave the whole file."""


class Stopped(Exception):
    """The `stop` event was set."""


@dataclass(frozen=True)
class RetryPolicy:
    """When to retry a request, and when to give a server up.

    Attributes:
        timeout_s: time without a byte before an attempt times out.
        attempts: attempts in a row without a new byte before the server is given up.
        first_pause_s: the pause after the first of them; each further pause is twice as long, up to a minute.
    """

    timeout_s: float = 60.0
    attempts: int = 6
    first_pause_s: float = 1.0

    def pause_s(self, tries: int) -> float:
        """The pause after `tries` attempts in a row without a new byte."""
        return min(self.first_pause_s * 2.0 ** min(max(tries - 1, 0), 16), 60.0)


class Servers:
    """URLs of servers with the same files, in the order in which to try them."""

    def __init__(self, roots: tuple[str, ...]) -> None:
        self._roots = list(dict.fromkeys(root.rstrip("/") for root in roots))
        self._lock = threading.Lock()

    def in_order(self, first: str | None = None) -> list[str]:
        """The roots, `first` before the others if it is one of them."""
        with self._lock:
            return sorted(self._roots, key=lambda root: root != first)

    def put_last(self, root: str) -> None:
        """Moves a server that has failed to the end of the order."""
        with self._lock:
            self._roots.remove(root)
            self._roots.append(root)


@dataclass(frozen=True)
class RemoteFile:
    """A file on the servers and its local path.

    Attributes:
        path: below a server's root.
        target: its local path once it is complete.
        check: raises `BadInput` if the file at a path is damaged.
    """

    path: str
    target: Path
    check: Callable[[Path], None]


def fetch(
    file: RemoteFile,
    part: PartialDownload,
    servers: Servers,
    policy: RetryPolicy,
    stop: threading.Event,
    report: Callable[[int, int | None], None],
) -> None:
    """Downloads a file, and renames it to its target once it is complete and its content has been checked.

    Args:
        file: the file to download.
        part: the bytes so far; resumed if the server still has the same version of the file.
        servers: the servers to try.
        policy: when to retry, and when to give up.
        stop: when set, ends the download after the current chunk.
        report: called after each chunk with the bytes downloaded and the size of the file, None if unknown.

    Raises:
        Missing: no server has the file.
        Failed: no server gave the whole file; the message has each server's error.
        Stopped: `stop` was set.
        OSError: it cannot be written.
    """
    refusals: dict[str, DownloadRefused] = {}
    # A download can be resumed only from the server it came from: another server's copy may differ.
    for root in servers.in_order(part.root):
        try:
            with requests.Session() as session:
                _Source(session, root, file, part, policy, stop, report).fetch()
        except DownloadRefused as refusal:
            refusals[root] = refusal
            if not refusal.missing:
                servers.put_last(root)
        else:
            part.finish(file.target)
            return
    told = "; ".join(f"{root}: {refusal}" for root, refusal in refusals.items())
    raise (Missing if all(refusal.missing for refusal in refusals.values()) else Failed)(told)


@dataclass(frozen=True)
class _Source:
    """One server's copy of one file."""

    session: requests.Session
    root: str
    file: RemoteFile
    part: PartialDownload
    policy: RetryPolicy
    stop: threading.Event
    report: Callable[[int, int | None], None]

    def fetch(self) -> None:
        """Retries until the file is complete, or raises `DownloadRefused`."""
        tries, furthest = 0, self.part.size
        while True:
            try:
                if not self.part.whole:
                    self._attempt()
                self._check()
                return
            except RetryableError as error:
                again = error
            tries = 0 if self.part.size > furthest else tries + 1
            furthest = max(furthest, self.part.size)
            if tries >= self.policy.attempts:
                raise DownloadRefused(f"{again} (tried {tries} times)")
            self._pause(self.policy.pause_s(tries) if again.wait_s is None else again.wait_s)

    def _check(self) -> None:
        """Checks the content; a damaged file from a single response is damaged on the server, so no retry helps."""
        try:
            self.file.check(self.part.path)
        except BadInput as bad:
            self.part.discard()
            error = RetryableError if self.part.pieced else DownloadRefused
            raise error(f"gave a damaged file: {bad.why}") from bad

    def _pause(self, seconds: float) -> None:
        if seconds > _LONGEST_WAIT_S:
            raise DownloadRefused(f"asks to come back in {seconds:.0f} s")
        if self.stop.wait(seconds):
            raise Stopped

    def _raise_if_stopped(self) -> None:
        """Raises once `stop` is set, since another process may then write to the file."""
        if self.stop.is_set():
            raise Stopped

    def _attempt(self) -> None:
        """Makes one request and stores its bytes, or raises `RetryableError` or `DownloadRefused`."""
        start = self.part.resume_at
        # A compressed response could neither be resumed nor have its size compared.
        headers = {"Accept-Encoding": "identity"}
        if start:
            headers |= {"Range": f"bytes={start}-", "If-Range": self.part.version}
        url = f"{self.root}/{self.file.path}"
        try:
            with self.session.get(url, headers=headers, stream=True, timeout=self.policy.timeout_s) as response:
                check_answer(response)
                self._raise_if_stopped()
                self._prepare(response, start)
                self._receive(response)
        except RemoteFileChanged:
            self.part.discard()
            raise
        except (requests.exceptions.SSLError, requests.TooManyRedirects) as error:
            raise DownloadRefused(in_short(error)) from error
        except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
            raise RetryableError(in_short(error)) from error

    def _prepare(self, response: requests.Response, start: int) -> None:
        """Prepares the file for the bytes of the response: resumes it or restarts it."""
        if response.status_code == 200:
            self.part.begin(self.root, version(response), length(response))
            return
        same = version(response) in (None, self.part.version)
        if not start or not same or content_range(response) != (start, self.part.total):
            raise RemoteFileChanged("resumed with another file")
        self.part.pieced = True

    def _receive(self, response: requests.Response) -> None:
        """Appends the bytes of the response to the file."""
        self.report(self.part.size, self.part.total)
        with self.part.open() as file:
            # `read1` returns whatever has arrived, so that nothing is lost when the connection breaks.
            while data := response.raw.read1(_CHUNK_BYTES, decode_content=False):
                self._raise_if_stopped()
                file.write(data)
                self.report(file.tell(), self.part.total)
        size, total = self.part.size, self.part.total
        if total is not None and size != total:
            raise (RemoteFileChanged if size > total else RetryableError)(f"sent {size} bytes of {total}")
