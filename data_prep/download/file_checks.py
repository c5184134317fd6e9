"""Checks that a downloaded file is complete, without decoding it."""

from __future__ import annotations

import struct
import tarfile
from pathlib import Path
from typing import BinaryIO

from pose.panoptic_cameras import read_cameras
from records import BadInput

_HEAD = struct.Struct(">I4s")
_LONG = struct.Struct(">Q")


def check_calibration(path: Path) -> None:
    """Raises `BadInput` unless the file is the calibration of a sequence."""
    _, broken = read_cameras(path)
    if "" in broken:
        raise broken[""]


def check_tar(path: Path) -> None:
    """Raises `BadInput` unless the file is a tar with at least one file and an end marker."""
    try:
        with tarfile.open(path, "r:") as archive:
            files = sum(member.isreg() for member in archive)
        with path.open("rb") as file:
            file.seek(-tarfile.BLOCKSIZE, 2)
            end = file.read()
    except (tarfile.TarError, OSError) as error:
        raise BadInput(str(path), f"no whole tar ({error})") from error
    if any(end):
        raise BadInput(str(path), "no whole tar (it has no end marker)")
    if not files:
        raise BadInput(str(path), "no whole tar (it holds no file)")


def check_mp4(path: Path) -> None:
    """Raises `BadInput` unless the file has an index (moov) and frames (mdat), and all its boxes end within it.

    An mp4 file is a sequence of boxes, each with its size, header included, and its type (ISO/IEC 14496-12).
    """
    size = path.stat().st_size
    kinds = set()
    with path.open("rb") as file:
        if size and file.read(8)[4:] != b"ftyp":
            file.seek(0)
            raise BadInput(str(path), f"no mp4 video (it begins with {file.read(8)!r})")
        start = 0
        while start < size:
            file.seek(start)
            kind, head, length = _box(file, size - start)
            if length < head or start + length > size:
                wrong = "is too short" if length < head else "ends beyond the file"
                raise BadInput(str(path), f"no whole mp4 video (the part {kind!r} at byte {start} {wrong})")
            kinds.add(kind)
            start += length
    if lacking := [kind.decode() for kind in (b"moov", b"mdat") if kind not in kinds]:
        raise BadInput(str(path), f"no whole mp4 video (it has no {' and no '.join(lacking)})")


def _box(file: BinaryIO, left: int) -> tuple[bytes, int, int]:
    """The type, header size and size of the box that begins here, `left` bytes before the end of the file."""
    length, kind = _HEAD.unpack(file.read(_HEAD.size).ljust(_HEAD.size, b"\0"))
    if length == 1:
        (length,) = _LONG.unpack(file.read(_LONG.size).ljust(_LONG.size, b"\0"))
        return kind, _HEAD.size + _LONG.size, length
    # A size of 0 means up to the end of the file.
    return kind, _HEAD.size, length or max(left, _HEAD.size)
