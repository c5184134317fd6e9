"""Serves a page that finds the person before a camera in the browser itself; no picture leaves it.

    python -m demo.web
    python -m demo.web --model runs/resnet/export --port 8080
    python -m demo.web --out site        # the same page as a folder, for any static host

The page runs the export's model.onnx with ONNX Runtime Web. That is fetched once, by `npm`, into the user's cache
folder (33 MB, of which 14 MB are kept), and becomes part of the page, which loads nothing from
anywhere else. Ctrl-C stops.

Exit codes:
    0: stopped, or the folder of `--out` was written.
    2: wrong arguments, no exported model, no ONNX Runtime Web, or a port that is taken.
    130: Ctrl-C before the page was served.
"""

from __future__ import annotations

import ssl
import sys
import tempfile
import webbrowser
from dataclasses import dataclass, field
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from demo import webcam
from demo.errors import DemoError
from demo.exports import find_export
from demo.one_euro import OneEuro
from demo.track import FollowRule
from demo.website import write_site
from machine.command import run_command


@dataclass(frozen=True)
class Options:
    """Serves a page that finds the person before a camera in the browser itself.

    Attributes:
        model: folder of an exported model with model.onnx, or `fast`, which comes with PanoPose; by default the newest
            folder `runs/*/export`, or `fast` where there is none.
        runs: where training runs and their exports lie.
        host: address to listen on; 0.0.0.0 lets other computers and phones in, which need https for their cameras.
        port: to listen on; 0 takes any free one.
        certificate: PEM file with the certificate chain for https.
        key: PEM file with the certificate's private key, where the certificate's file does not hold it.
        open: open the page in a browser.
        out: write the page into this folder, and serve nothing.
        onnxruntime_web: the npm package as a .tgz file, for computers without npm.
        smooth_cutoff_hz: one-euro filter of the joints: cutoff at rest. Lower it against jitter.
        smooth_beta: one-euro filter of the joints: Hz for each crop side per second. Raise it against lag.
        follow: when a person counts as found and as lost.
    """

    model: Path | None = None
    runs: Path = Path("runs")
    host: str = "127.0.0.1"
    port: int = 8000
    certificate: Path | None = None
    key: Path | None = None
    open: bool = True
    out: Path | None = None
    onnxruntime_web: Path | None = None
    smooth_cutoff_hz: float = webcam.Options.smooth_cutoff_hz
    smooth_beta: float = webcam.Options.smooth_beta
    follow: FollowRule = field(default_factory=FollowRule)

    def __post_init__(self) -> None:
        """Checks the values."""
        if not 0 <= self.port <= 65535:
            raise ValueError(f"--port must be 0 to 65535, got {self.port}")
        if self.key is not None and self.certificate is None:
            raise ValueError(f"--key {str(self.key)!r} needs --certificate beside it")
        OneEuro(self.smooth_cutoff_hz, self.smooth_beta)


class PageHandler(SimpleHTTPRequestHandler):
    """Serves the files of the page with the headers that let WebAssembly use threads."""

    protocol_version = "HTTP/1.1"
    # By name, because on some computers the registry says otherwise, and browsers then refuse the files.
    extensions_map = {
        ".html": "text/html; charset=utf-8",
        ".css": "text/css",
        ".js": "text/javascript",
        ".mjs": "text/javascript",
        ".json": "application/json",
        ".wasm": "application/wasm",
        "": "application/octet-stream",
    }

    def end_headers(self) -> None:
        """Adds our headers to every answer."""
        self.send_header("Cross-Origin-Opener-Policy", "same-origin")
        self.send_header("Cross-Origin-Embedder-Policy", "require-corp")
        # Another model may be served tomorrow: browsers ask each time whether a file has changed.
        self.send_header("Cache-Control", "no-cache")
        super().end_headers()

    def list_directory(self, path: str) -> None:
        """Lists nothing."""
        self.send_error(404)

    def log_message(self, *arguments: object) -> None:
        """Stays quiet."""


class PageServer(ThreadingHTTPServer):
    """A server that says nothing of browsers which go away, or do not trust the certificate."""

    def handle_error(self, request: object, client_address: object) -> None:
        """Reports only what is an error of ours."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)


def make_server(site: Path, options: Options) -> tuple[PageServer, str]:
    """Opens the port.

    Args:
        site: a folder that `write_site` wrote.
        options: `host`, `port`, `certificate` and `key` are read.

    Returns:
        The server, to run with `serve_forever`, and the page's address.

    Raises:
        DemoError: the port is taken, or the certificate cannot be read.
    """
    try:
        server = PageServer((options.host, options.port), partial(PageHandler, directory=str(site)))
    except OSError as error:
        raise DemoError(
            f"cannot listen on {options.host}, port {options.port} ({error.strerror}); try another --port"
        ) from error
    if options.certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        try:
            context.load_cert_chain(options.certificate, options.key)
        except OSError as error:
            server.server_close()
            raise DemoError(f"--certificate {str(options.certificate)!r} cannot be used: {error}") from error
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    scheme = "https" if options.certificate else "http"
    host = "localhost" if options.host in ("127.0.0.1", "0.0.0.0") else options.host  # noqa: S104
    return server, f"{scheme}://{host}:{server.server_address[1]}/"


def run(options: Options) -> None:
    """Writes the page, and serves it until Ctrl-C.

    Raises:
        DemoError: no model, no ONNX Runtime Web, or a port that is taken.
    """
    export = find_export(options.model, options.runs)
    smooth = OneEuro(options.smooth_cutoff_hz, options.smooth_beta)
    if options.out is not None:
        write_site(options.out, export, options.follow, smooth, options.onnxruntime_web)
        print(f"wrote {options.out}. Hosts that send no COOP and COEP headers run it on one thread.")
        return
    with tempfile.TemporaryDirectory(prefix="panopose-") as folder:
        site = Path(folder) / "site"
        write_site(site, export, options.follow, smooth, options.onnxruntime_web)
        server, address = make_server(site, options)
        with server:
            print(f"{address} shows model {export}. Ctrl-C stops.", flush=True)
            if options.open:
                webbrowser.open(address)
            try:
                server.serve_forever()
            except KeyboardInterrupt:
                print()


def main(arguments: list[str] | None = None) -> int:
    """Returns the exit code; see the top of the file."""
    return run_command(
        Options, run, arguments, prog="python -m demo.web", description=__doc__, errors=(DemoError, ValueError)
    )


if __name__ == "__main__":
    sys.exit(main())
