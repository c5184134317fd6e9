"""A process that passes on what another writes to standard error, but for a library's last words as it aborts.

`train.loop.lost_hosts` starts it by its file's name. Its arguments are how these words begin, and what to say instead.
"""

import os
import sys


def main(begin: str, instead: str) -> None:
    """Passes standard input on to standard error."""
    told = False
    while text := os.read(0, 1 << 16):
        before, found, _ = text.partition(begin.encode())
        # The library's own time and place stand before its words.
        _write(before[: before.rfind(b"\n") + 1] if found else text)
        told = told or instead[:20].encode() in text
        if found:
            _write(b"" if told else f"{instead}\n".encode())
            while os.read(0, 1 << 16):
                pass


def _write(text: bytes) -> None:
    while text:
        text = text[os.write(2, text) :]


if __name__ == "__main__":
    main(*sys.argv[1:])
