"""A partly downloaded file, kept so that a later run can resume it."""

from __future__ import annotations

import errno
import json
import os
import shutil
from pathlib import Path
from typing import BinaryIO

from records.manifest import write_json

#: The folder of incomplete files in a sequence's folder.
PARTIAL = ".partial"
#: The folder beside it with notes on the origin of each complete file.
DOWNLOADED = ".downloaded"


class PartialDownload:
    """The bytes of a file downloaded so far, with the origin and size of the whole file.

    `FOLDER/NAME.part` holds the bytes and `FOLDER/NAME.json` their origin.

    Attributes:
        path: the file with the bytes.
        note: the JSON file that names server and version once the file is complete.
        root: the server of the bytes, None before the first byte.
        version: the server's ETag or date of the file, None if it gave none.
        total: size of the whole file in bytes, None if unknown.
        pieced: the bytes come from more than one response.
    """

    def __init__(self, folder: Path, name: str) -> None:
        self.path = folder / f"{name}.part"
        self._about = folder / f"{name}.json"
        self.note = folder.parent / DOWNLOADED / f"{name}.json"
        self.root: str | None = None
        self.version: str | None = None
        self.total: int | None = None
        self.pieced = True
        try:
            about = json.loads(self._about.read_text())
            self.root, self.version, self.total = str(about["root"]), about["version"], about["total"]
        except (OSError, ValueError, KeyError, TypeError):
            # Bytes of unknown origin cannot be resumed; without a version they will not be.
            pass

    @property
    def size(self) -> int:
        """How many bytes have been downloaded."""
        return self.path.stat().st_size if self.path.is_file() else 0

    @property
    def whole(self) -> bool:
        """Whether all bytes have been downloaded."""
        return self.total is not None and self.size == self.total

    @property
    def resume_at(self) -> int:
        """The first byte to request, 0 if only a new download is safe."""
        if self.version is None or self.total is None or self.size > self.total:
            return 0
        return self.size

    def begin(self, root: str, version: str | None, total: int | None) -> None:
        """Discards the bytes and records the origin of a new download.

        Raises:
            OSError: there is not enough free disk space.
        """
        self.discard()
        free = shutil.disk_usage(self.path.parent).free
        if total is not None and total > free:
            raise OSError(errno.ENOSPC, f"{self.path} needs {total} bytes, but {free} are free; make room")
        self.root, self.version, self.total, self.pieced = root, version, total, False
        write_json(self._about, {"root": root, "version": version, "total": total})

    def open(self) -> BinaryIO:
        """Opens the file to append to it."""
        return self.path.open("ab")

    def discard(self) -> None:
        """Removes the bytes."""
        self.path.unlink(missing_ok=True)

    def finish(self, target: Path) -> None:
        """Renames the complete file to `target`."""
        target.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("rb") as file:
            # So that a power cut cannot leave a complete-looking file whose bytes never reached the disk.
            os.fsync(file.fileno())
        self.note.parent.mkdir(exist_ok=True)
        os.replace(self._about, self.note)
        os.replace(self.path, target)


def is_note(path: Path) -> bool:
    """Whether a file is the JSON that a `PartialDownload` writes beside its bytes."""
    try:
        return path.suffix == ".json" and {"root", "version", "total"} == json.loads(path.read_text()).keys()
    except (OSError, ValueError, AttributeError):
        return False
