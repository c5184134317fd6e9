"""Pictures that are read when they are asked for."""

from __future__ import annotations

import threading

import numpy as np

from records import BadInput, read_picture


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

    def load(self) -> None:
        """Reads the file."""
        self.picture = read_picture(self.name)
