"""What is shown: the skeleton on the frame, mirrored where wanted, and a line of text that is not."""

from __future__ import annotations

from collections import deque

import cv2
import numpy as np

from pose import Skeleton, draw_skeleton, draw_text

_RATE_SPAN_S = 1.0


class RateMeter:
    """Frames per second over the last second."""

    def __init__(self) -> None:
        """Begins without a frame."""
        self._times_s: deque[float] = deque()

    def tick(self, time_s: float) -> float:
        """Counts a frame shown at `time_s` and returns the rate, 0 before the second frame."""
        self._times_s.append(time_s)
        while len(self._times_s) > 2 and time_s - self._times_s[0] > _RATE_SPAN_S:
            self._times_s.popleft()
        span_s = time_s - self._times_s[0]
        return (len(self._times_s) - 1) / span_s if span_s > 0 else 0.0


def render(
    picture: np.ndarray,
    xy_px: np.ndarray | None,
    shown: np.ndarray | None,
    skeleton: Skeleton,
    *,
    text: str,
    mirror: bool,
) -> np.ndarray:
    """Draws one frame.

    The skeleton is drawn before the picture is mirrored, so that left and right keep the person's own
    colours; the text is written after.

    Args:
        picture: uint8 RGB (H, W, 3).
        xy_px: float (J, 2), or None while there is nobody.
        shown: bool (J,), joints to draw; None with `xy_px`.
        skeleton: of the J joints.
        text: one line for the top left corner.
        mirror: shows the person as in a mirror.

    Returns:
        A new uint8 RGB (H, W, 3).
    """
    height, width = picture.shape[:2]
    if xy_px is not None:
        thickness = max(2, round(min(height, width) / 200))
        picture = draw_skeleton(picture, xy_px, shown, skeleton, thickness=thickness)
    return caption(cv2.flip(picture, 1) if mirror else picture.copy(), text)


def caption(picture: np.ndarray, text: str) -> np.ndarray:
    """Writes a line into the picture's top left corner, on a dark plate, and returns the picture."""
    return draw_text(picture, text, scale=max(0.4, min(picture.shape[:2]) / 900))
