"""The error of one broken input among many."""

from __future__ import annotations

_LONGEST_MESSAGE = 800


class BadInput(ValueError):
    """One broken input, which is skipped, counted and named in the manifest's `skipped`.

    Attributes:
        what: the file, frame or person that is broken.
        why: what is wrong with it.
    """

    def __init__(self, what: str, why: str) -> None:
        """Both texts may quote a broken file, so they are cut to a printable line."""
        self.what, self.why = _printable(what), _printable(why)
        super().__init__(f"{self.what}: {self.why}")

    def __reduce__(self) -> tuple:
        """Pickles both attributes, for worker processes."""
        return type(self), (self.what, self.why)


def _printable(text: str) -> str:
    """The text without characters that cannot be encoded, cut to the length of a message."""
    text = text.encode("utf-8", "backslashreplace").decode()
    return text if len(text) <= _LONGEST_MESSAGE else f"{text[:_LONGEST_MESSAGE]} ..."
