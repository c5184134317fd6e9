"""Reads a data set with one untrusted file, and decides what counts as a fault of the parser."""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from records import BadInput

#: A message goes into the manifest and onto a terminal; a hostile file must not fill either.
LONGEST_MESSAGE = 2000

#: The untrusted file, and valid contents for it.
Seeds = tuple[Path, list[bytes]]


class Fault(Exception):
    """A parser returned or raised what it must not."""


@dataclass(frozen=True)
class Target:
    """One parser.

    Attributes:
        prepare: writes a whole data set into an empty folder; returns the untrusted file, and valid contents for it.
        read: reads the data set of a folder, and raises `Fault` if the result is not valid.
    """

    prepare: Callable[[Path], Seeds]
    read: Callable[[Path], None]


def attempt(target: Target, folder: Path, path: Path, data: bytes) -> str | None:
    """Reads a data set with one file replaced.

    Args:
        target: the parser.
        folder: as `Target.prepare` left it.
        path: the file to replace.
        data: its new content.

    Returns:
        The parser's error message, None if the file was read.

    Raises:
        Fault: the message does not name the file, or is too long.
        Exception: whatever the parser raises beside `BadInput` and `ValueError`, warnings among it.
    """
    path.write_bytes(data)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            target.read(folder)
        except ValueError as error:
            return refusal(error, folder)
    return None


def refusal(error: ValueError, folder: Path) -> str:
    """The message of a parser's error.

    Raises:
        Fault: the message does not name the file, or is too long.
        ValueError: the error comes from a library, such as a `JSONDecodeError`.
    """
    text = str(error)
    if type(error) not in (BadInput, ValueError):
        raise error
    if str(folder) not in text:
        raise Fault(f"the message does not name the file: {text[:200]!r}") from error
    if len(text) > LONGEST_MESSAGE:
        raise Fault(f"the message has {len(text)} characters: {text[:200]!r}") from error
    return text


def write_json(path: Path, value: object) -> Path:
    """Writes JSON, and returns the path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value))
    return path
