"""New folders of files: checked before the work begins, and renamed into place when complete."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Self

from demo.errors import ArgumentError, OutputError


def check_new_folder(option: str, folder: Path, source: Path) -> None:
    """Checks that a folder can be made.

    Args:
        option: the option that names it, for messages.
        folder: its name; an empty folder may be there.
        source: what is read.

    Raises:
        ArgumentError: the folder lies inside the source.
        OutputError: it is not empty, or cannot be made.
    """
    if folder.resolve().is_relative_to(source.resolve()):
        raise ArgumentError(f"{option} {str(folder)!r} lies in {str(source)!r}, which is read; choose another folder")
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise OutputError(f"{option} {str(folder)!r} must be a new folder or an empty one; choose another name")
    if not folder.parent.is_dir() or not os.access(folder.parent, os.W_OK):
        raise OutputError(
            f"{option} {str(folder)!r} cannot be made: make the folder that it lies in, or choose another"
        )


class NewFolder:
    """A folder that is filled under a temporary name, as a context manager.

    Attributes:
        partial: the temporary folder.

    Args:
        option: the option that names it, for messages.
        folder: its final name, checked by `check_new_folder`.

    Raises:
        OutputError: it cannot be made.
    """

    def __init__(self, option: str, folder: Path) -> None:
        self._option = option
        self._folder = folder
        self.partial = folder.with_name(f"{folder.name}.{os.getpid()}.partial")
        try:
            self.partial.mkdir()
        except OSError as error:
            raise self.problem(error) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        shutil.rmtree(self.partial, ignore_errors=True)

    def finish(self) -> None:
        """Renames the folder to its final name.

        Raises:
            OutputError: the name is in use by now.
        """
        try:
            if self._folder.exists():
                self._folder.rmdir()
            self.partial.rename(self._folder)
        except OSError as error:
            raise self.problem(error) from error

    def problem(self, error: OSError) -> OutputError:
        """The error of a file that cannot be written."""
        return OutputError(f"{self._option} {str(self._folder)!r} cannot be written: {error.strerror or error}")
