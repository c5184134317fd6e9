"""Atomic writing of files."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path


@contextmanager
def whole(path: Path) -> Iterator[Path]:
    """Yields a temporary path beside `path`, with the same suffix, to write to; on success it replaces `path`.

    The temporary name is hidden and contains the process id. If the block raises, the file is removed and `path` stays
    as it was. The file is renamed after fsync, so that even a power cut leaves no partial file.

    Raises:
        OSError: the block did not write the file, or it cannot be renamed.
    """
    names = (f".{os.getpid()}-{number}.partial.{path.name}" for number in count())
    temporary = next(place for place in map(path.with_name, names) if not place.exists())
    try:
        yield temporary
        with temporary.open("rb+") as file:
            os.fsync(file.fileno())
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
