"""Pictures that are read when they are asked for."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np

from pose.picture import JpegHeader, jpeg_header
from records import BadInput, read_picture

_HEADER_BYTES = 1 << 16


class SharedPicture:
    """A picture that several people share: read by the first to call it, freed with the last of them."""

    def __init__(self, name: str, size: tuple[int, int] | None) -> None:
        """Names the picture and states its (height, width), None where the labels do not tell."""
        self.name = name
        self.size = size
        self.picture: np.ndarray | None = None
        self._lock = threading.Lock()

    def __call__(self) -> np.ndarray:
        """Returns the picture, uint8 RGB (H, W, 3).

        Raises:
            BadInput: it cannot be read, or is not of the size that the labels are for.
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
    """Refuses pictures of another (height, width): the joints would lie in the wrong places.

    Raises:
        BadInput: they differ.
    """
    if tuple(found) != tuple(expected):
        raise BadInput(name, f"is {found[1]} x {found[0]} px, but its labels are for {expected[1]} x {expected[0]} px")


class PictureFile(SharedPicture):
    """A picture in a file of its own, which is `name`."""

    def __init__(self, name: str, size: tuple[int, int] | None, *, turn: bool = True) -> None:
        """Names the file; `turn` is whether to turn the picture as its EXIF orientation says."""
        super().__init__(name, size)
        self._turn = turn

    def load(self) -> None:
        """Reads the file."""
        self.picture = read_picture(self.name, turn=self._turn)


def read_jpeg_header(path: str | Path) -> JpegHeader | None:
    """A JPEG's header, None of any other file and of one that cannot be read."""
    try:
        with open(path, "rb") as file:
            start = file.read(_HEADER_BYTES)
            # A color profile or a preview may stand before the size.
            return jpeg_header(start) or (jpeg_header(start + file.read()) if start.startswith(b"\xff\xd8") else None)
    except OSError:
        return None
