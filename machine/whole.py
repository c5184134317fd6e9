"""Writing a file whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path


@contextmanager
def whole(path: Path) -> Iterator[Path]:
    """Yields a free name beside `path`, with the same suffixes, to be written; at the end it replaces `path`.

    The name is hidden and says which process writes. If the block raises, the file is removed and `path` stays as it
    was. It gets its name only after fsync, so that not even a power cut leaves half a file under it.

    Raises:
        OSError: the file was not written, or cannot be renamed.
    """
    suffixes = "".join(path.suffixes)  # Keras asks for both of last.weights.h5.
    stem = path.name.removesuffix(suffixes)
    names = (f".{stem}.{os.getpid()}-{number}.partial{suffixes}" for number in count())
    temporary = next(place for place in map(path.with_name, names) if not place.exists())
    try:
        yield temporary
        with temporary.open("rb+") as file:
            os.fsync(file.fileno())
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
