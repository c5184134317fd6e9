"""A folder with the images to label: copies of files, or frames of a video."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path

import cv2

from demo.batch.inputs import Item
from demo.errors import ArgumentError, OutputError

_QUALITY = 95
# Of times that are multiples of a frame's.
_NOISE_S = 1e-6


def check_copies(folder: Path, source: Path) -> None:
    """Checks that a folder of images can be made.

    Raises:
        ArgumentError: it lies in the source.
        OutputError: it is not empty, or cannot be made.
    """
    if folder.resolve().is_relative_to(source.resolve()):
        raise ArgumentError(f"--copies {str(folder)!r} lies in {str(source)!r}, which is read; choose another folder")
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise OutputError(f"--copies {str(folder)!r} must be a new folder or an empty one; choose another name")
    if not folder.parent.is_dir() or not os.access(folder.parent, os.W_OK):
        raise OutputError(f"--copies {str(folder)!r} cannot be made in {str(folder.parent)!r}; choose another folder")


class Copies:
    """A folder of images, as a context manager; it has its final name after `finish` only.

    Args:
        folder: its final name, checked by `check_copies`.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._partial = folder.with_name(f"{folder.name}.{os.getpid()}.partial")
        try:
            self._partial.mkdir()
        except OSError as error:
            raise self._problem(error) from error

    def __enter__(self) -> Copies:
        return self

    def __exit__(self, *exception: object) -> None:
        shutil.rmtree(self._partial, ignore_errors=True)

    def frames(self, items: Iterable[Item], every_s: float, stem: str) -> Iterator[Item]:
        """Yields a video's frames about every `every_s` seconds as images, and writes them as JPEG.

        Args:
            items: the frames, in the order of their times.
            every_s: the least time between two.
            stem: the beginning of their names.
        """
        due_s = 0.0
        for item in items:
            if item.picture is None or item.time_s is None or item.time_s < due_s - _NOISE_S:
                continue
            due_s = max(due_s, item.time_s - every_s / 2) + every_s
            name = f"{stem}_{item.key:06d}.jpg"
            data = cv2.imencode(".jpg", item.picture[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])[1]
            try:
                (self._partial / name).write_bytes(data.tobytes())
            except OSError as error:
                raise self._problem(error) from error
            yield Item(name, None, item.picture)

    def finish(self, names: Iterable[str], source: Path | None) -> None:
        """Leaves the images of these names alone, or copies them from a folder; and renames the folder.

        Raises:
            OutputError: a file cannot be written, or the folder's name is in use by now.
        """
        kept = set(names)
        try:
            for path in [path for path in self._partial.iterdir() if path.name not in kept]:
                path.unlink()
            if source is not None:
                for name in kept:
                    (self._partial / name).parent.mkdir(parents=True, exist_ok=True)
                    shutil.copyfile(source / name, self._partial / name)
            if self._folder.exists():
                self._folder.rmdir()
            self._partial.rename(self._folder)
        except OSError as error:
            raise self._problem(error) from error

    def _problem(self, error: OSError) -> OutputError:
        return OutputError(f"--copies {str(self._folder)!r} cannot be written: {error.strerror or error}")
