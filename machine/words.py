"""Text for the commands' messages."""

from __future__ import annotations


def counted(number: int, thing: str, things: str | None = None) -> str:
    """A number and what it counts.

    >>> counted(1, "frame"), counted(2, "frame"), counted(0, "person", "people")
    ('1 frame', '2 frames', '0 people')
    """
    return f"{number} {thing if number == 1 else things or thing + 's'}"
