"""Downloads several files at the same time."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from tqdm import tqdm

from data_prep.download.partial_download import PARTIAL, PartialDownload
from data_prep.download.server_version import ServerVersions
from data_prep.download.transfer import Failed, Missing, RemoteFile, RetryPolicy, Servers, Stopped, fetch
from records import BadInput

#: Threads that still wait for a server after this are abandoned, which loses no data.
_JOIN_TIMEOUT_S = 0.5
#: The longest delay of Ctrl-C.
_LONGEST_WAIT_S = 0.5


class ParallelDownloader:
    """Downloads several files at the same time, each in a thread.

    Attributes:
        missing: the names of the files that no server has.
    """

    def __init__(self, out: Path, servers: Servers, policy: RetryPolicy, parallel: int) -> None:
        self._out, self._servers, self._policy, self._parallel = out, servers, policy, parallel
        self._versions = ServerVersions(servers, policy.timeout_s)
        self.missing: set[str] = set()

    def name(self, file: RemoteFile) -> str:
        """The file's path below the folder of all sequences."""
        return file.target.relative_to(self._out).as_posix()

    def fetch(self, files: list[RemoteFile]) -> dict[str, str]:
        """Downloads files, and returns the names of those that failed, with the reasons."""
        to_do: queue.SimpleQueue[RemoteFile] = queue.SimpleQueue()
        done: queue.SimpleQueue[tuple[RemoteFile, Exception | None]] = queue.SimpleQueue()
        for file in files:
            to_do.put(file)
        stop = threading.Event()
        with tqdm(total=0, unit="B", unit_scale=True, desc=f"0/{len(files)} files", disable=None) as bar:
            # Daemon threads: Python waits at exit for those of a pool, even if they wait for a silent server.
            threads = [
                threading.Thread(target=self._work, args=(to_do, done, stop, bar), daemon=True)
                for _ in range(min(self._parallel, len(files)))
            ]
            try:
                for thread in threads:
                    thread.start()
                return self._collect(done, len(files), bar)
            finally:
                stop.set()
                until = time.monotonic() + _JOIN_TIMEOUT_S
                for thread in filter(threading.Thread.is_alive, threads):
                    thread.join(max(until - time.monotonic(), 0))

    def _collect(self, done: queue.SimpleQueue, count: int, bar: tqdm) -> dict[str, str]:
        lacking = {}
        for i in range(count):
            file, error = _next(done)
            if isinstance(error, Missing | Failed | BadInput):
                lacking[self.name(file)] = str(error)
                if isinstance(error, Missing):
                    self.missing.add(self.name(file))
            elif error is not None:
                raise error
            bar.set_description(f"{i + 1}/{count} files")
        return lacking

    def _work(self, to_do: queue.SimpleQueue, done: queue.SimpleQueue, stop: threading.Event, bar: tqdm) -> None:
        while not stop.is_set():
            try:
                file = to_do.get_nowait()
            except queue.Empty:
                return
            try:
                self._fetch_one(file, stop, bar)
                done.put((file, None))
            except Stopped:
                return
            except Exception as error:
                done.put((file, error))

    def _fetch_one(self, file: RemoteFile, stop: threading.Event, bar: tqdm) -> None:
        folder = self._out / file.target.relative_to(self._out).parts[0] / PARTIAL
        part = PartialDownload(folder, file.target.name)
        if file.target.exists():
            try:
                file.check(file.target)
            except BadInput as bad:
                raise BadInput(bad.what, f"is here, but {bad.why}; delete it to download it anew") from bad
            if change := self._versions.change(file, part.note):
                raise BadInput(str(file.target), f"{change}; delete it to download it anew")
            return
        fetch(file, part, self._servers, self._policy, stop, _reporter(bar))


def _next(done: queue.SimpleQueue) -> tuple[RemoteFile, Exception | None]:
    """Waits with short timeouts, since Windows handles Ctrl-C only between waits."""
    while True:
        with suppress(queue.Empty):
            return done.get(timeout=_LONGEST_WAIT_S)


def _reporter(bar: tqdm) -> Callable[[int, int | None], None]:
    """Keeps one file's share of the bar up to date, also when its download restarts."""
    last_size = last_total = 0

    def report(size: int, total: int | None) -> None:
        nonlocal last_size, last_total
        with bar.get_lock():
            bar.total += max(total or 0, size) - last_total
            bar.update(size - last_size)
        last_size, last_total = size, max(total or 0, size)

    return report
