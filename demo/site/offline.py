"""What the service worker keeps, so that the page works without its host: every file of the page, by its hash."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

#: Its first line is `FILES` as below; the others are its static file.
SERVICE_WORKER = "sw.js"


def write_service_worker(folder: Path, names: Sequence[str], script: str) -> None:
    """Writes the service worker of a page that is complete but for it.

    Browsers compare it with the one that they have byte for byte, so that a page of which any file differs is a new
    version, with a cache of its own.

    Args:
        folder: of the page.
        names: of all files of the page, relative to it.
        script: what follows the list of files.
    """
    hashes = {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in sorted(names)}
    (folder / SERVICE_WORKER).write_text(f"const FILES = {json.dumps(hashes)};\n{script}", encoding="utf-8")
