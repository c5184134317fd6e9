"""A process that copies another's standard error, and replaces the message of a library that aborts.

`train.loop.lost_hosts` starts it by file name. Its arguments are the beginning of that message and the replacement.
"""

import os
import sys


def main(begin: str, instead: str) -> None:
    """Copies standard input to standard error."""
    printed = False
    while text := os.read(0, 1 << 16):
        before, found, _ = text.partition(begin.encode())
        # The library's line begins with a time and a source location.
        _write(before[: before.rfind(b"\n") + 1] if found else text)
        printed = printed or instead[:20].encode() in text
        if found:
            _write(b"" if printed else f"{instead}\n".encode())
            while os.read(0, 1 << 16):
                pass


def _write(text: bytes) -> None:
    while text:
        text = text[os.write(2, text) :]


if __name__ == "__main__":
    main(*sys.argv[1:])
