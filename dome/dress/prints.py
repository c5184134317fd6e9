"""Prints on cloth: numbers, badges, stripes down the legs, cuffs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dome.dress import landmarks

# Digits on a grid 3 wide and 5 high, rows from the top, a bit for each square.
_DIGITS = np.array(
    [[7, 5, 5, 5, 7], [2, 6, 2, 2, 7], [7, 1, 7, 4, 7], [7, 1, 7, 1, 7], [5, 5, 7, 1, 1]]
    + [[7, 4, 7, 1, 7], [7, 4, 7, 5, 7], [7, 1, 1, 1, 1], [7, 5, 7, 5, 7], [7, 5, 7, 1, 7]]
)


@dataclass(frozen=True, eq=False)
class Number:
    """A number on chest or back.

    Attributes:
        color: (3,) RGB.
        digits: one or two digits.
        height_mm: of the digits.
        middle_mm: x and y of their center.
        ahead: True for the chest, False for the back.
    """

    color: np.ndarray
    digits: tuple[int, ...]
    height_mm: float
    middle_mm: tuple[float, float]
    ahead: bool

    def mask(self, points_mm: np.ndarray) -> np.ndarray:
        """See `Detail`."""
        square = np.float32(self.height_mm / 5)
        # Read from outside: the chest's left is on the reader's right.
        side = 1 if self.ahead else -1
        width = 4 * len(self.digits) - 1
        column = np.floor(side * (points_mm[:, 0] - self.middle_mm[0]) / square + width / 2).astype(int)
        row = np.floor((self.middle_mm[1] - points_mm[:, 1]) / square + 2.5).astype(int)
        front = (points_mm[:, 2] > 30) if self.ahead else (points_mm[:, 2] < 0)
        inside = np.nonzero((column >= 0) & (column < width) & (row >= 0) & (row < 5) & front)[0]
        column, row = column[inside], row[inside]
        rows = _DIGITS[np.array(self.digits)[column // 4], row]
        covered = np.zeros(len(points_mm), bool)
        covered[inside] = (column % 4 < 3) & ((rows >> (2 - column % 4)) & 1 > 0)
        return covered


@dataclass(frozen=True, eq=False)
class Patch:
    """A rectangle on the front or back, such as a logo or the field of a bib number.

    Attributes:
        color: (3,) RGB.
        middle_mm: x and y of its center.
        size_mm: width and height.
        ahead: True for the chest, False for the back.
    """

    color: np.ndarray
    middle_mm: tuple[float, float]
    size_mm: tuple[float, float]
    ahead: bool = True

    def mask(self, points_mm: np.ndarray) -> np.ndarray:
        """See `Detail`."""
        near = np.abs(points_mm[:, :2] - np.float32(self.middle_mm)) < np.float32(self.size_mm) / 2
        return near[:, 0] & near[:, 1] & ((points_mm[:, 2] > 30) == self.ahead)


@dataclass(frozen=True, eq=False)
class SideStripe:
    """A stripe down the outer side of both legs.

    Attributes:
        color: (3,) RGB.
        width_mm: of the stripe.
        count: how many, side by side.
    """

    color: np.ndarray
    width_mm: float = 25.0
    count: int = 1

    def mask(self, points_mm: np.ndarray) -> np.ndarray:
        """See `Detail`."""
        hip, ankle = landmarks.head_of("LeftUpLeg"), landmarks.head_of("LeftFoot")
        down = (hip[1] - points_mm[:, 1]) * np.float32(1 / (hip[1] - ankle[1]))
        outside = np.abs(points_mm[:, 0]) > hip[0] + down * (ankle[0] - hip[0])
        turns = (points_mm[:, 2] - (hip[2] + down * (ankle[2] - hip[2]))) * np.float32(1 / self.width_mm)
        band = np.abs(turns) < self.count - 0.5
        return outside & band & ((turns + 0.5 + self.count) % 2 < 1 if self.count > 1 else True)


@dataclass(frozen=True, eq=False)
class Cuffs:
    """The ends of sleeves, or of legs.

    Attributes:
        color: (3,) RGB.
        arm: where they begin along the arm; see `landmarks.arm_share`.
        leg: where they begin along the leg.
    """

    color: np.ndarray
    arm: float = 9.0
    leg: float = 9.0

    def mask(self, points_mm: np.ndarray) -> np.ndarray:
        """See `Detail`."""
        ends = np.zeros(len(points_mm), bool)
        if self.arm < 9:
            ends |= landmarks.arm_share(points_mm) > self.arm
        if self.leg < 9:
            ends |= (landmarks.leg_share(points_mm) > self.leg) & (landmarks.within_arms(points_mm) > 0)
        return ends
