"""Boards that cameras are calibrated with: ChArUco and checkerboards."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal, NamedTuple

import cv2
import numpy as np

BoardKind = Literal["charuco", "checkerboard"]
# Garrido-Jurado et al., "Automatic generation and detection of highly reliable fiducial markers", 2014.
_DICTIONARY = cv2.aruco.DICT_4X4_250
_MARKER_SHARE = 0.75


class Sighting(NamedTuple):
    """Where an image shows a board's corners.

    Attributes:
        corners: int64 (K,), numbers of the corners.
        xy_px: float64 (K, 2).
    """

    corners: np.ndarray
    xy_px: np.ndarray


@dataclass(frozen=True)
class Board:
    """A board of black and white squares.

    Of a ChArUco board a part is enough, and its corners cannot be mistaken; a checkerboard must be seen as a whole, and
    cameras that look at it from opposite sides take it the other way round.

    Attributes:
        kind: of the board.
        columns: number of squares in a row.
        rows: number of squares in a column.
        square_mm: side of a square.

    Raises:
        ValueError: it has fewer than three squares in a row or column, or no size.
    """

    kind: BoardKind = "charuco"
    columns: int = 7
    rows: int = 5
    square_mm: float = 40.0

    def __post_init__(self) -> None:
        if self.kind not in ("charuco", "checkerboard"):
            raise ValueError(f"a board is charuco or checkerboard, got {self.kind!r}")
        if min(self.columns, self.rows) < 3 or not 0 < self.square_mm < np.inf:
            raise ValueError(
                "a board has 3 or more columns and rows, and squares above 0 mm, got "
                f"{self.columns}, {self.rows} and {self.square_mm} mm"
            )

    @cached_property
    def points_mm(self) -> np.ndarray:
        """float64 (N, 3): the inner corners, row by row, x to the right, y down and z into the board."""
        y, x = np.mgrid[1 : self.rows, 1 : self.columns].reshape(2, -1)
        return self.square_mm * np.stack([x, y, np.zeros(len(x))], axis=1)

    @cached_property
    def _charuco(self) -> cv2.aruco.CharucoBoard:
        dictionary = cv2.aruco.getPredefinedDictionary(_DICTIONARY)
        return cv2.aruco.CharucoBoard(
            (self.columns, self.rows), self.square_mm, _MARKER_SHARE * self.square_mm, dictionary
        )

    @cached_property
    def _detector(self) -> cv2.aruco.CharucoDetector:
        return cv2.aruco.CharucoDetector(self._charuco)

    def picture(self, square_px: int = 200) -> np.ndarray:
        """The board to print, uint8 gray, with a white margin of half a square."""
        size = (self.columns * square_px, self.rows * square_px)
        if self.kind == "charuco":
            inner = self._charuco.generateImage(size)
        else:
            y, x = np.mgrid[: size[1], : size[0]] // square_px
            inner = np.where((x + y) % 2 == 0, 0, 255).astype(np.uint8)
        return np.pad(inner, square_px // 2, constant_values=255)

    def find(self, picture: np.ndarray) -> Sighting | None:
        """Finds the board in an image, uint8 RGB (H, W, 3); None if it is not there."""
        gray = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
        if self.kind == "charuco":
            xy, corners, _, _ = self._detector.detectBoard(gray)
            if corners is None or len(corners) < 4:
                return None
            return Sighting(np.ravel(corners).astype(np.int64), np.reshape(xy, (-1, 2)).astype(np.float64))
        found, xy = cv2.findChessboardCornersSB(gray, (self.columns - 1, self.rows - 1))
        if not found:
            return None
        return Sighting(np.arange(len(self.points_mm)), np.reshape(xy, (-1, 2)).astype(np.float64))
