"""A web server for the page, with the headers that let WebAssembly use threads."""

from __future__ import annotations

import os
import ssl
import sys
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from demo.errors import DemoError


class PageHandler(SimpleHTTPRequestHandler):
    """Serves the files of the page with the headers that let WebAssembly use threads."""

    protocol_version = "HTTP/1.1"
    # Fixed, because the registry of some computers has other types, with which browsers refuse the files.
    extensions_map = {
        ".html": "text/html; charset=utf-8",
        ".css": "text/css",
        ".js": "text/javascript",
        ".mjs": "text/javascript",
        ".json": "application/json",
        ".png": "image/png",
        ".wasm": "application/wasm",
        ".webmanifest": "application/manifest+json",
        "": "application/octet-stream",
    }

    def end_headers(self) -> None:
        """Adds our headers to every response."""
        self.send_header("Cross-Origin-Opener-Policy", "same-origin")
        self.send_header("Cross-Origin-Embedder-Policy", "require-corp")
        # Another model may be served next time: browsers must check whether a file has changed.
        self.send_header("Cache-Control", "no-cache")
        super().end_headers()

    def list_directory(self, path: str | os.PathLike[str]) -> None:
        """Answers with 404."""
        self.send_error(404)

    def log_message(self, *arguments: object) -> None:
        """Logs nothing."""


class PageServer(ThreadingHTTPServer):
    """A server that does not log disconnects, nor browsers that reject the certificate."""

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Logs errors of our own only."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)


def make_server(
    site: Path, *, host: str = "127.0.0.1", port: int = 0, certificate: Path | None = None, key: Path | None = None
) -> tuple[PageServer, str]:
    """Opens the port.

    Args:
        site: a folder that `write_site` wrote.
        host: address to listen on.
        port: to listen on; 0 takes any free one.
        certificate: PEM file with the certificate chain, for https.
        key: PEM file with its private key, where `certificate` does not hold it.

    Returns:
        The server, to run with `serve_forever`, and the page's address.

    Raises:
        DemoError: the port is in use, or the certificate cannot be read.
    """
    try:
        server = PageServer((host, port), partial(PageHandler, directory=str(site)))
    except OSError as error:
        raise DemoError(f"cannot listen on {host}, port {port} ({error.strerror}); try another --port") from error
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        try:
            context.load_cert_chain(certificate, key)
        except OSError as error:
            server.server_close()
            raise DemoError(f"--certificate {str(certificate)!r} cannot be used: {error}") from error
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    scheme = "https" if certificate else "http"
    name = "localhost" if host in ("127.0.0.1", "0.0.0.0") else host
    return server, f"{scheme}://{name}:{server.server_address[1]}/"
