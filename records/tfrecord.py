"""The TFRecord format: each record between its length and CRC32C checksums of the length and of the bytes."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path

import google_crc32c

_LENGTH, _CHECKSUM = struct.Struct("<Q"), struct.Struct("<I")
_HEADER = _LENGTH.size + _CHECKSUM.size


def frame(record: bytes) -> bytes:
    """A record with its length and checksums, as in a file."""
    length = _LENGTH.pack(len(record))
    return b"".join((length, _masked(length), record, _masked(record)))


def read_records(path: str | Path) -> Iterator[bytes]:
    """Reads a file's records one after the other.

    Raises:
        ValueError: the file is cut short, or a checksum is wrong.
        OSError: it cannot be read.
    """
    with open(path, "rb") as file:
        left = file.seek(0, 2)
        file.seek(0)
        while left:
            header = file.read(_HEADER)
            length = int.from_bytes(header[: _LENGTH.size], "little")
            whole = len(header) == _HEADER and header[_LENGTH.size :] == _masked(header[: _LENGTH.size])
            left -= _HEADER + length + _CHECKSUM.size
            # Checked against the file's size before reading: a corrupt length could ask for all the memory.
            record = file.read(length) if whole and left >= 0 else b""
            if len(record) != length or not whole or file.read(_CHECKSUM.size) != _masked(record):
                raise ValueError(f"{path} is damaged: a record is cut short or fails its checksum")
            yield record


def _masked(data: bytes) -> bytes:
    """TFRecord rotates checksums and adds a constant, because the CRC of data that contain a CRC is weak."""
    checksum = google_crc32c.value(data)
    return _CHECKSUM.pack(((checksum >> 15 | checksum << 17) + 0xA282EAD8) & 0xFFFFFFFF)
