"""Reads XML files part by part, and nothing that they may refer to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NoReturn
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

_CHUNK = 1 << 16
_MALFORMED = (expat.ExpatError, ValueError, LookupError)


def read_parts(path: Path, root: str) -> Iterator[Element]:
    """Yields the elements right below the root of a file, each with all that is in it; memory holds a few of them.

    Raises:
        ValueError: it is no such file; see `parts_of`.
        OSError: it cannot be read.
    """
    with path.open("rb") as file:
        try:
            yield from parts_of(iter(lambda: file.read(_CHUNK), b""), root)
        except _MALFORMED as error:
            raise ValueError(f"{path} cannot be read as XML of <{root}>: {error!s:.200}") from error


def parts_of(chunks: Iterable[bytes], root: str) -> Iterator[Element]:
    """Yields the elements right below the root.

    A document type is refused: without one there are no entities, which could expand without bound or name files.

    Args:
        chunks: the XML, in pieces.
        root: the name of the root.

    Raises:
        ValueError: the root is another, or there is a document type.
        xml.parsers.expat.ExpatError: it is not well-formed.
    """
    parts = _Parts(root)
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler, parser.EndElementHandler = parts.start, parts.end
    parser.CharacterDataHandler, parser.StartDoctypeDeclHandler = parts.text, _refuse
    for chunk in chunks:
        parser.Parse(chunk, False)
        yield from parts.take()
    parser.Parse(b"", True)
    yield from parts.take()


def _refuse(*_: object) -> NoReturn:
    raise ValueError("it declares a document type (DOCTYPE), which is not read")


class _Parts:
    """Takes expat's events and collects complete elements of the second level."""

    def __init__(self, root: str) -> None:
        self._root = root
        self._depth = 0
        self._builder = TreeBuilder()
        self._complete: list[Element] = []

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        if self._depth == 0 and tag != self._root:
            raise ValueError(f"its root is <{tag[:60]}>")
        if self._depth > 0:
            self._builder.start(tag, attributes)
        self._depth += 1

    def end(self, tag: str) -> None:
        self._depth -= 1
        if self._depth > 0:
            self._builder.end(tag)
        if self._depth == 1:
            self._complete.append(self._builder.close())
            self._builder = TreeBuilder()

    def text(self, text: str) -> None:
        if self._depth > 1:
            self._builder.data(text)

    def take(self) -> list[Element]:
        complete, self._complete = self._complete, []
        return complete
