"""A shard that is being written."""

from __future__ import annotations

import hashlib
import os
from contextlib import suppress
from pathlib import Path

from records.manifest import Shard
from records.tfrecord import frame


class OpenShard:
    """A shard under a temporary name.

    Attributes:
        count: the records that it has.
    """

    def __init__(self, path: Path) -> None:
        """Opens a temporary file beside the path that the shard is to have."""
        self._path, self._temporary = path, path.with_name(path.name + ".tmp")
        self._file, self._digest = open(self._temporary, "wb"), hashlib.sha256()
        self.count, self._bytes = 0, 0

    def append(self, record: bytes) -> None:
        """Writes a record.

        Raises:
            OSError: the disk is full, or cannot be written to.
        """
        data = frame(record)
        self._file.write(data)
        self._digest.update(data)
        self.count += 1
        self._bytes += len(data)

    def close(self) -> Shard:
        """Renames the shard to its final name, after fsync.

        Raises:
            OSError: the disk is full, or cannot be written to.
        """
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        os.replace(self._temporary, self._path)
        return Shard(self._path.name, self.count, self._bytes, self._digest.hexdigest())

    def drop(self) -> None:
        """Removes what was written."""
        with suppress(OSError):  # Flushing the buffer may raise once more on a full disk.
            self._file.close()
        self._temporary.unlink(missing_ok=True)
