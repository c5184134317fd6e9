"""A file that is downloaded in part, kept so that a later run can resume it."""

from __future__ import annotations

import errno
import json
import os
import shutil
from pathlib import Path
from typing import BinaryIO

from records.manifest import write_json

#: The folder, in a sequence's folder, of files that are not complete yet.
PARTIAL = ".partial"
#: The folder beside it that notes where each complete file came from.
DOWNLOADED = ".downloaded"


class PartialDownload:
    """The bytes downloaded so far of a file, and what is known of the whole file.

    `FOLDER/NAME.part` holds the bytes and `FOLDER/NAME.json` notes where they came from.

    Attributes:
        path: the bytes.
        note: once the file is complete, the JSON file that names its server and version.
        root: the server that they came from, None before the first byte.
        version: the server's mark of this version of the file, None if it gave none.
        total: size of the whole file in bytes, None if unknown.
        pieced: the bytes come from more than one response.
    """

    def __init__(self, folder: Path, name: str) -> None:
        """Finds what an earlier run left."""
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
            # Bytes of unknown origin cannot be continued; without a version they will not be.
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
        """The first byte to ask for, 0 where only a new download is safe."""
        if self.version is None or self.total is None or self.size > self.total:
            return 0
        return self.size

    def begin(self, root: str, version: str | None, total: int | None) -> None:
        """Empties the file and notes what will be put into it.

        Raises:
            OSError: there is no room for the file.
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
            # After a power cut a name must not stand for bytes that never reached the disk.
            os.fsync(file.fileno())
        self.note.parent.mkdir(exist_ok=True)
        os.replace(self._about, self.note)
        os.replace(self.path, target)


def is_note(path: Path) -> bool:
    """Whether a file is what a `PartialDownload` notes beside its bytes."""
    try:
        return path.suffix == ".json" and {"root", "version", "total"} == json.loads(path.read_text()).keys()
    except (OSError, ValueError, AttributeError):
        return False
