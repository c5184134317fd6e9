"""A small HTTP file server that misbehaves on demand."""

from __future__ import annotations

import hashlib
import re
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass(frozen=True)
class Answer:
    """How to answer one request; by default like a well-behaved server.

    Attributes:
        status: 200 sends the file, or the requested range; others send only `body`.
        headers: to add, or to leave out where the value is None.
        announce: the Content-Length to send instead of the true one.
        send: bytes of the body before the connection is closed.
        ranges: whether to support `Range`.
        body: instead of the file's content.
        stall: after the bytes, keep the connection open and silent until the server is closed.
    """

    status: int = 200
    headers: dict[str, str | None] = field(default_factory=dict)
    announce: int | None = None
    send: int | None = None
    ranges: bool = True
    body: bytes | None = None
    stall: bool = False


class StudioServer:
    """Serves `files` (path -> bytes) on a free port of this machine, as a context manager.

    Attributes:
        root: its URL.
        files: may be changed at any time; a file's ETag depends on its content.
        script: path -> answers to the first requests; later ones are answered correctly.
        log: (path, Range header) of each GET request.
        heads: the paths of the HEAD requests.
        if_range: the If-Range header of the last one.
    """

    def __init__(self, files: dict[str, bytes]) -> None:
        self.files = dict(files)
        self.script: dict[str, list[Answer]] = {}
        self.log: list[tuple[str, str | None]] = []
        self.heads: list[str] = []
        self.if_range: str | None = None
        self.closing = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"studio": self}))
        self._server.daemon_threads = True
        self.root = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> StudioServer:
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.closing.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def ranges_of(self, path: str) -> list[str | None]:
        """The Range headers of the requests for a file."""
        return [asked for name, asked in self.log if name == path]


def etag(content: bytes) -> str:
    """A file's ETag."""
    return f'"{hashlib.sha256(content).hexdigest()[:16]}"'


class _Handler(BaseHTTPRequestHandler):
    studio: StudioServer

    def do_GET(self) -> None:
        path, asked = self.path.lstrip("/"), self.headers.get("Range")
        self.studio.log.append((path, asked))
        self.studio.if_range = self.headers.get("If-Range")
        script = self.studio.script.get(path)
        answer = script.pop(0) if script else Answer()
        content = self.studio.files.get(path)
        if answer.body is not None:
            content = answer.body
        status = answer.status if content is not None else 404
        headers, body = {}, b""
        if status == 200:
            status, headers, body = _good(content, asked if answer.ranges else None, self.headers.get("If-Range"))
        elif answer.body is not None:
            body = answer.body
        headers = {**headers, "Content-Length": str(len(body) if answer.announce is None else answer.announce)}
        self.send_response(status)
        for name, value in {**headers, **answer.headers}.items():
            if value is not None:
                self.send_header(name, value)
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body[: answer.send])
        if answer.stall:
            self.wfile.flush()
            self.studio.closing.wait()
        self.close_connection = True

    def do_HEAD(self) -> None:
        path = self.path.lstrip("/")
        self.studio.heads.append(path)
        content = self.studio.files.get(path)
        self.send_response(404 if content is None else 200)
        if content is not None:
            self.send_header("ETag", etag(content))
            self.send_header("Content-Length", str(len(content)))
        self.send_header("Connection", "close")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Says nothing."""


def _good(content: bytes, asked: str | None, if_range: str | None) -> tuple[int, dict[str, str], bytes]:
    headers = {"ETag": etag(content)}
    if asked is None or if_range not in (None, etag(content)):
        return 200, headers, content
    start = int(re.fullmatch(r"bytes=(\d+)-", asked)[1])
    if start >= len(content):
        return 416, {**headers, "Content-Range": f"bytes */{len(content)}"}, b""
    headers["Content-Range"] = f"bytes {start}-{len(content) - 1}/{len(content)}"
    return 206, headers, content[start:]
