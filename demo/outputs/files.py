"""Output files: checked before the work begins, and renamed into place when complete."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from itertools import combinations
from pathlib import Path
from typing import BinaryIO

from demo.errors import ArgumentError, OutputError
from machine.whole import whole


def check_outputs(outputs: Mapping[str, Path | None], inputs: Mapping[str, str | Path | None]) -> None:
    """Checks that files can be written, and that no two outputs or inputs are the same file.

    Args:
        outputs: by option; None where an option is not given.
        inputs: by their names in messages.

    Raises:
        OutputError: the folder is missing or not writable, or the name is that of a folder or device.
        ArgumentError: an output is also an input, or two outputs are the same file.
    """
    given = {option: path for option, path in outputs.items() if path is not None}
    for option, path in given.items():
        _check_place(option, path)
        for what, read in inputs.items():
            if read is not None and _is_one_file(path, read):
                raise ArgumentError(f"{option} {str(path)!r} is {what} itself; choose another name")
    for (option, path), (other, other_path) in combinations(given.items(), 2):
        # On case-insensitive file systems names that differ in case alone are one file.
        names = [os.path.realpath(name).casefold() for name in (path, other_path)]
        if names[0] == names[1] or _is_one_file(path, other_path):
            raise ArgumentError(
                f"{option} {str(path)!r} and {other} {str(other_path)!r} are one file; choose two names"
            )


def _check_place(option: str, path: Path) -> None:
    # os.path returns False, instead of raising, for names that are too long or contain invalid characters.
    folder = os.path.dirname(path) or "."
    if not os.path.isdir(folder):
        raise OutputError(f"{option} {str(path)!r}: there is no folder {folder!r}; make it first")
    if os.path.exists(path) and not os.path.isfile(path) or not os.access(folder, os.W_OK):
        raise OutputError(f"{option} {str(path)!r} cannot be written: choose another name or folder")


def _is_one_file(path: str | Path, other: str | Path) -> bool:
    return os.path.exists(path) and os.path.exists(other) and os.path.samefile(path, other)


class Output:
    """A file that is written under a temporary name, and renamed into place when complete.

    Attributes:
        path: its final name.
        file: takes its bytes.

    Args:
        option: the option that names it, for messages.
        path: its final name.

    Raises:
        OutputError: it cannot be opened for writing.
    """

    def __init__(self, option: str, path: Path) -> None:
        self.path = path
        self._option = option
        self._stack = ExitStack()
        with self.writing():
            temporary = self._stack.enter_context(whole(path))
            self.file: BinaryIO = temporary.open("xb")
            self._stack.callback(lambda: self.file.close())

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Encloses what writes to the file.

        Raises:
            OutputError: it failed; the file is removed.
        """
        try:
            yield
        # FFmpeg's errors are subclasses of these too.
        except (OSError, ValueError) as error:
            self.discard()
            reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
            raise OutputError(f"{self._option} {str(self.path)!r} cannot be written: {reason}") from error

    def finish(self) -> None:
        """Renames the file into place, after fsync; does nothing if it was finished or discarded.

        Raises:
            OutputError: it could not be written; the file is removed.
        """
        with self.writing():
            self._stack.close()

    def discard(self) -> None:
        """Removes the file, unless it was finished."""
        with suppress(OSError):  # The file is closed even where its last bytes find no room.
            self._stack.__exit__(_Discarded, _Discarded(), None)


class _Discarded(Exception):
    """Makes `machine.whole.whole` remove its file."""
