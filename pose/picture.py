"""Decodes image files, and raises unless the image is complete."""

from __future__ import annotations

import re
import struct
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np

from pose.bad_input import BadInput

# A JPEG of one color holds about 60.
_MOST_PX_PER_BYTE = 1024
_JPEG, _EXIF, _END_MARKER = b"\xff\xd8", b"Exif\0\0", b"\xff\xd9"
_END, _SCAN, _APP1 = 0xD9, 0xDA, 0xE1
# Start-of-frame markers of all codings, and of those that divide an image over several scans.
_FRAMES, _PROGRESSIVE = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}, (0xC2, 0xC6, 0xCA, 0xCE)
# Within a scan 0xFF is followed by 0 or a restart number; anything else ends the scan.
_AFTER_SCAN = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")
_ORIENTATION = 0x0112
# libjpeg fills missing parts with the middle of the range.
_GREY = 128
_FILLING = bytes(range(1, 255)) * 4


class JpegHeader(NamedTuple):
    """What a JPEG's header says.

    Attributes:
        height: of the stored image in px.
        width: the same.
        orientation: EXIF's, 1 to 8: how to turn the stored image for display; 1 leaves it as it is stored.
        scans: the byte at which the first scan's header begins.
        divided: whether the image's detail or its color is spread over several scans.
    """

    height: int
    width: int
    orientation: int
    scans: int
    divided: bool


def jpeg_header(data: bytes) -> JpegHeader | None:
    """Reads a JPEG's header, None if the bytes do not begin with one. The first part of a file suffices."""
    if data[:2] != _JPEG:
        return None
    height = width = components = 0
    place, orientation, divided = 2, 1, False
    while place + 4 <= len(data) and data[place] == 0xFF:
        marker, length = data[place + 1], int.from_bytes(data[place + 2 : place + 4], "big")
        content = data[place + 4 : place + 2 + length]
        if marker == _SCAN:
            divided |= bool(content) and content[0] < components
            break
        if marker in _FRAMES and len(content) >= 6:
            height, width, components = struct.unpack(">HHB", content[1:6])
            divided = marker in _PROGRESSIVE
        elif marker == _APP1 and content.startswith(_EXIF):
            orientation = _exif_orientation(content[len(_EXIF) :])
        # A marker may be preceded by fill bytes of 0xFF.
        place += 1 if marker == 0xFF else 2 + length
    return JpegHeader(height, width, orientation, place, divided) if height and width else None


def _exif_orientation(exif: bytes) -> int:
    """The orientation in the first directory of a TIFF header, 1 where there is none."""
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(exif[:4])
    try:
        (start,) = struct.unpack_from(f"{order}I", exif, 4)
        (count,) = struct.unpack_from(f"{order}H", exif, start)
        for entry in range(count):
            tag, _, _, value = struct.unpack_from(f"{order}HHIH", exif, start + 2 + 12 * entry)
            if tag == _ORIENTATION:
                return value if 1 <= value <= 8 else 1
    except struct.error:  # Unknown byte order, or truncated.
        pass
    return 1


def decode_picture(data: bytes, *, turn: bool = True) -> np.ndarray:
    """Decodes an image file.

    A JPEG is complete if all of its image can be decoded, whatever follows its end marker: zeros, a motion photo's
        video, another image.

    Args:
        data: the file's bytes, of any format that OpenCV reads.
        turn: turn the image as its EXIF orientation says; otherwise it is returned as it is stored.

    Returns:
        uint8 RGB (H, W, 3).

    Raises:
        ValueError: the file is cut short, damaged or no image.
    """
    header = jpeg_header(data)
    # OpenCV allocates the header's size before it reads a pixel: one wrong bit in a small file can cost gigabytes.
    if header and header.height * header.width > _MOST_PX_PER_BYTE * len(data):
        raise ValueError(f"claims {header.width} x {header.height} px, more than {len(data)} bytes can hold")
    picture = _decode(data, turn)
    if picture is None:
        raise ValueError("truncated JPEG, or a damaged one" if header else "not a picture that OpenCV can decode")
    if header and not data.rstrip(b"\0").endswith(_END_MARKER) and _end_of_scans(data, header) is None:
        raise ValueError("truncated JPEG (its scan has no end)")
    if header and (header.divided or _may_lack_its_end(picture)) and _takes_more(data, header, picture, turn):
        raise ValueError("truncated JPEG, or a damaged one (its scan ends before the picture does)")
    return picture


def read_picture(path: str, *, turn: bool = True) -> np.ndarray:
    """Reads an image file as uint8 RGB (H, W, 3).

    Args:
        path: the file.
        turn: turn the image as its EXIF orientation says; otherwise it is returned as it is stored.

    Raises:
        BadInput: the file is missing, cut short or no image.
    """
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        raise BadInput(str(path), f"cannot be read ({error.strerror})") from error
    try:
        return decode_picture(data, turn=turn)
    except ValueError as error:
        raise BadInput(str(path), str(error)) from error


def _decode(data: bytes, turn: bool) -> np.ndarray | None:
    flags = cv2.IMREAD_COLOR_RGB | (0 if turn else cv2.IMREAD_IGNORE_ORIENTATION)
    try:
        return cv2.imdecode(np.frombuffer(data, np.uint8), flags) if data else None
    except cv2.error:  # Such as a size that does not fit into memory.
        return None


def _end_of_scans(data: bytes, header: JpegHeader) -> int | None:
    """The offset of the marker after the last scan, None if there is none."""
    place = header.scans
    while found := _AFTER_SCAN.search(data, place):
        if data[found.start() + 1] == _END:
            return found.start()
        place = found.end() + int.from_bytes(data[found.end() : found.end() + 2], "big")
    return None


def _may_lack_its_end(picture: np.ndarray) -> bool:
    """Whether a corner is gray, as libjpeg fills what a truncated scan lacks."""
    corners = picture[[0, 0, -1, -1], [0, -1, 0, -1]].astype(int)
    # Converted from CMYK, the fill comes out at half of that.
    return bool(np.isin(corners, (_GREY, _GREY // 2, _GREY // 2 + 1)).all(axis=1).any())


def _takes_more(data: bytes, header: JpegHeader, picture: np.ndarray, turn: bool) -> bool:
    """Whether bytes inserted before the end marker change the image: a complete one ignores them."""
    end = _end_of_scans(data, header)
    longer = None if end is None else _decode(data[:end] + _FILLING + data[end:], turn)
    return longer is None or not np.array_equal(longer, picture)
