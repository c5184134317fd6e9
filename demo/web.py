"""Serves a page that tracks the people in front of a camera in the browser itself; no picture leaves it.

    python -m demo.web
    python -m demo.web --model runs/resnet/export --port 8080
    python -m demo.web --out site        # the same page as a folder, for any static host

It shows one person, or, with a model that sees everybody, everybody. Its page gait.html measures the steps of somebody
who walks in a video, as `python -m gait` does. From https or this computer, both work without their host once opened.

The page runs the export's model.onnx with ONNX Runtime Web. That is fetched once, by `npm`, into the user's cache
folder (33 MB, of which 14 MB are kept), and is served with the page, which loads nothing from other hosts.
Ctrl-C stops.

Exit codes:
    0: stopped, or the folder of `--out` was written.
    2: wrong arguments, no exported model, no ONNX Runtime Web, or a port in use.
    130: Ctrl-C before the page was served.
"""

from __future__ import annotations

import sys
import tempfile
import webbrowser
from dataclasses import dataclass, field
from pathlib import Path

from demo.errors import DemoError
from demo.lifting.lifter import LiftOptions
from demo.runtimes.exports import find_export
from demo.site.build import write_site
from demo.site.server import make_server
from demo.tracking.one_euro import OneEuro
from demo.tracking.people import SMOOTH_BETA, SMOOTH_CUTOFF_HZ
from demo.tracking.rule import FollowRule
from machine.command import run_command


@dataclass(frozen=True)
class Options(LiftOptions):
    """Serves a page that tracks the people in front of a camera in the browser itself.

    Attributes:
        model: folder of an exported model with model.onnx, or `fast`, which comes with PanoPose; by default the newest
            folder `runs/*/export`, or `fast` where there is none.
        runs: folder of the training runs and their exports.
        host: address to listen on; 0.0.0.0 lets other computers and phones in, which need https for their cameras.
        port: port to listen on; 0 takes any free one.
        certificate: PEM file with the certificate chain for https.
        key: PEM file with the certificate's private key, if --certificate does not hold it.
        open: open the page in a browser.
        out: write the page into this folder, and serve nothing.
        onnxruntime_web: the npm package as a .tgz file, for computers without npm.
        smooth_cutoff_hz: one-euro filter of the joints: cutoff at rest. Lower it against jitter.
        smooth_beta: one-euro filter of the joints: Hz for each crop side per second. Raise it against lag.
        follow: when tracks start and end.
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
    smooth_cutoff_hz: float = SMOOTH_CUTOFF_HZ
    smooth_beta: float = SMOOTH_BETA
    follow: FollowRule = field(default_factory=FollowRule)

    def __post_init__(self) -> None:
        if not 0 <= self.port <= 65535:
            raise ValueError(f"--port must be 0 to 65535, got {self.port}")
        if self.key is not None and self.certificate is None:
            raise ValueError(f"--key {str(self.key)!r} needs --certificate beside it")
        OneEuro(self.smooth_cutoff_hz, self.smooth_beta)
        self.check_lifting()


def run(options: Options) -> None:
    """Writes the page, and serves it until Ctrl-C.

    Raises:
        DemoError: no model, no ONNX Runtime Web, or a port in use.
    """
    export = find_export(options.model, options.runs)
    smooth = OneEuro(options.smooth_cutoff_hz, options.smooth_beta)
    if options.out is not None:
        write_site(options.out, export, options.follow, smooth, options.onnxruntime_web, options)
        print(f"wrote {options.out}. Hosts that send no COOP and COEP headers run it on one thread.")
        return
    with tempfile.TemporaryDirectory(prefix="panopose-") as folder:
        site = Path(folder) / "site"
        write_site(site, export, options.follow, smooth, options.onnxruntime_web, options)
        server, address = make_server(
            site, host=options.host, port=options.port, certificate=options.certificate, key=options.key
        )
        with server:
            print(f"{address} shows model {export}, {address}gait.html measures who walks. Ctrl-C stops.", flush=True)
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
