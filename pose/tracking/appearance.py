"""What people look like, in a few numbers: the colors at their joints."""

from __future__ import annotations

import cv2
import numpy as np

from pose.tracking.reduced import reduced

#: The side of the square whose mean is a joint's color, in px of the reduced image.
_PATCH_PX = 3
#: Colors are taken so far from a joint towards the middle of the joints, so that they are the person's.
_INWARD = 0.15
#: Lightness counts less than hue: it changes with the place.
_LIGHTNESS_WEIGHT = 0.5


class JointColors:
    """Reads colors off a frame.

    Args:
        picture: uint8 RGB (H, W, 3).
    """

    def __init__(self, picture: np.ndarray) -> None:
        small, self._scale = reduced(picture)
        self._lab = cv2.blur(cv2.cvtColor(small, cv2.COLOR_RGB2LAB), (_PATCH_PX, _PATCH_PX))

    def at(self, xy_px: np.ndarray, trusted: np.ndarray) -> np.ndarray:
        """The colors at a person's joints.

        Args:
            xy_px: float (J, 2) in the frame.
            trusted: bool (J,), one joint at least.

        Returns:
            float64 (J, 3), lightness (weighted less), and the two of hue in CIE Lab; NaN for joints that are not
            trusted or lie outside the image.
        """
        middle = xy_px[trusted].mean(axis=0)
        places = np.where(trusted[:, None], xy_px + _INWARD * (middle - xy_px), -1.0)
        cells = np.floor((places + 0.5) * self._scale)
        height, width = self._lab.shape[:2]
        inside = trusted & (cells >= 0).all(axis=1) & (cells < (width, height)).all(axis=1)
        colors = np.full((len(xy_px), 3), np.nan)
        columns, rows = cells[inside].astype(int).T
        colors[inside] = self._lab[rows, columns] * (_LIGHTNESS_WEIGHT, 1, 1)
        return colors


def color_distance(colors: np.ndarray, other: np.ndarray) -> np.ndarray:
    """How far apart the colors of people are, on average over the joints that both have.

    Args:
        colors: float (P, J, 3).
        other: float (Q, J, 3).

    Returns:
        float64 (P, Q); 0 for pairs with fewer than three common joints, as nothing speaks against them.
    """
    apart = np.linalg.norm(colors[:, None] - other, axis=-1)
    known = np.isfinite(apart)
    count = known.sum(axis=-1)
    mean = np.where(known, apart, 0).sum(axis=-1) / np.maximum(count, 1)
    return np.where(count >= min(3, apart.shape[-1]), mean, 0.0)
