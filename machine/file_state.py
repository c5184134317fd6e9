"""Detects whether a large file has changed, without reading it."""

from __future__ import annotations

import os
import stat
from pathlib import Path


def file_state(path: str | Path) -> str:
    """A file's name, size and modification time, or that it is missing."""
    # Labels may hold names that no file can have.
    name = os.path.basename(path).encode("utf-8", "backslashreplace").decode()
    try:
        found = os.stat(path)
    except (OSError, ValueError):
        return f"{name} missing\n"
    if not stat.S_ISREG(found.st_mode):
        return f"{name} no file\n"
    return f"{name} {found.st_size} {found.st_mtime_ns}\n"
