"""Files that the demos write: checked before the work begins, and there under their names only when they are whole."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from itertools import combinations, count
from pathlib import Path
from typing import BinaryIO

from demo.errors import ArgumentError, OutputError


def check_outputs(outputs: Mapping[str, Path | None], inputs: Mapping[str, str | Path | None]) -> None:
    """Tells early whether files can be written, each of them for itself and none over what is read.

    Args:
        outputs: by the options that name them; None where an option is not given.
        inputs: what is read, by what it is called in messages.

    Raises:
        OutputError: there is no such folder, it cannot be written in, or the name is a folder's or a device's.
        ArgumentError: an output is an input, or two outputs are one file.
    """
    given = {option: path for option, path in outputs.items() if path is not None}
    for option, path in given.items():
        _check_place(option, path)
        for what, read in inputs.items():
            if read is not None and _is_one_file(path, read):
                raise ArgumentError(f"{option} {str(path)!r} is {what} itself; choose another name")
    for (option, path), (other, other_path) in combinations(given.items(), 2):
        # Names that differ in case alone are one file on many a system.
        names = [os.path.realpath(name).casefold() for name in (path, other_path)]
        if names[0] == names[1] or _is_one_file(path, other_path):
            raise ArgumentError(
                f"{option} {str(path)!r} and {other} {str(other_path)!r} are one file; choose two names"
            )


def _check_place(option: str, path: Path) -> None:
    # os.path says False, and does not raise, where a name is too long or holds what no name may.
    folder = os.path.dirname(path) or "."
    if not os.path.isdir(folder):
        raise OutputError(f"{option} {str(path)!r}: there is no folder {folder!r}; make it first")
    if os.path.exists(path) and not os.path.isfile(path) or not os.access(folder, os.W_OK):
        raise OutputError(f"{option} {str(path)!r} cannot be written: choose another name or folder")


def _is_one_file(path: str | Path, other: str | Path) -> bool:
    return os.path.exists(path) and os.path.exists(other) and os.path.samefile(path, other)


class Output:
    """A file that is written beside the place where it will be, and gets its name when it is whole.

    Attributes:
        path: the name that it will have.
        file: where to write its bytes.

    Args:
        option: the option that names it, for messages.
        path: the name that it will have.

    Raises:
        OutputError: it cannot be opened for writing.
    """

    def __init__(self, option: str, path: Path) -> None:
        """Opens the file."""
        self.path = path
        self._option = option
        try:
            self._partial, self.file = _open_beside(path)
        except (OSError, ValueError) as error:
            raise self._problem(error) from error

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Around what writes to the file.

        Raises:
            OutputError: it could not; then nothing is left of the file.
        """
        try:
            yield
        # FFmpeg's errors are of these kinds too.
        except (OSError, ValueError) as error:
            self.discard()
            raise self._problem(error) from error

    def finish(self) -> None:
        """Gives the file its name, once all of it is on the disk; does nothing where it was finished or discarded.

        Raises:
            OutputError: it is not; then nothing is left of it.
        """
        if self.file.closed:
            return
        with self.writing():
            self.file.flush()
            # What lies in the system's memory may still find no room.
            os.fsync(self.file.fileno())
            self.file.close()
            os.replace(self._partial, self.path)

    def discard(self) -> None:
        """Removes what was written, unless it has its name."""
        with suppress(OSError):
            self.file.close()  # Closed all the same where the last bytes find no room.
        self._partial.unlink(missing_ok=True)

    def _problem(self, error: Exception) -> OutputError:
        reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
        return OutputError(f"{self._option} {str(self.path)!r} cannot be written: {reason}")


def _open_beside(path: Path) -> tuple[Path, BinaryIO]:
    """Opens a new file in the same folder, whatever others are there."""
    numbers = count()
    while True:
        partial = path.with_name(f"{path.name}.{os.getpid()}-{next(numbers)}.partial")
        with suppress(FileExistsError):
            return partial, partial.open("xb")
