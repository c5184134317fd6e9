"""Images that are read on demand."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np

from pose.picture import JpegHeader, jpeg_header
from records import BadInput, read_picture

_HEADER_BYTES = 1 << 16


class SharedPicture:
    """An image shared by several people: read by the first call, freed with the last person.

    Attributes:
        name: for messages.
        size: its (height, width) according to the labels, None if unknown.
        picture: uint8 RGB (H, W, 3), None before it is read.
    """

    def __init__(self, name: str, size: tuple[int, int] | None) -> None:
        self.name = name
        self.size = size
        self.picture: np.ndarray | None = None
        self._lock = threading.Lock()

    def __call__(self) -> np.ndarray:
        """Returns the image, uint8 RGB (H, W, 3).

        Raises:
            BadInput: it cannot be read, or its labels are for another size.
        """
        with self._lock:
            if self.picture is None:
                self.load()
        if self.size is not None:
            check_size(self.name, self.picture.shape[:2], self.size)
        return self.picture

    def load(self) -> None:
        """Sets `picture`."""
        raise NotImplementedError


def check_size(name: str, found: tuple[int, int], expected: tuple[int, int]) -> None:
    """Checks that an image has the (height, width) that its labels are for.

    Raises:
        BadInput: it does not; the joints would be in the wrong places.
    """
    if tuple(found) != tuple(expected):
        raise BadInput(name, f"is {found[1]} x {found[0]} px, but its labels are for {expected[1]} x {expected[0]} px")


class PictureFile(SharedPicture):
    """An image file, whose path is `name`; `turn` applies its EXIF orientation."""

    def __init__(self, name: str, size: tuple[int, int] | None, *, turn: bool = True) -> None:
        super().__init__(name, size)
        self._turn = turn

    def load(self) -> None:
        """Reads the file."""
        self.picture = read_picture(self.name, turn=self._turn)


def read_jpeg_header(path: str | Path) -> JpegHeader | None:
    """A JPEG's header, None for other files and unreadable ones."""
    try:
        with open(path, "rb") as file:
            start = file.read(_HEADER_BYTES)
            # A color profile or a preview may stand before the size.
            return jpeg_header(start) or (jpeg_header(start + file.read()) if start.startswith(b"\xff\xd8") else None)
    except OSError:
        return None
