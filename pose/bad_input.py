"""The error of one broken input among many."""

from __future__ import annotations

_LONGEST_MESSAGE = 800


class BadInput(ValueError):
    """One broken input: counted, named in the manifest's `skipped`, and passed by.

    Attributes:
        what: the file, frame or person that is broken.
        why: what is wrong with it.
    """

    def __init__(self, what: str, why: str) -> None:
        """Keeps what is broken and why; both may quote a broken file, so only as much as a line of text can hold."""
        self.what, self.why = _printable(what), _printable(why)
        super().__init__(f"{self.what}: {self.why}")

    def __reduce__(self) -> tuple:
        """Comes through to another process whole."""
        return type(self), (self.what, self.why)


def _printable(text: str) -> str:
    """The text without what no terminal can encode, and cut where it is longer than a message should be."""
    text = text.encode("utf-8", "backslashreplace").decode()
    return text if len(text) <= _LONGEST_MESSAGE else f"{text[:_LONGEST_MESSAGE]} ..."
