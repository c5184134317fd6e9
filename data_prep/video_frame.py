"""A decoded frame of a video, made RGB only where somebody stands."""

from __future__ import annotations

import av
import cv2
import numpy as np

# What OpenCV converts: 8 bits, ITU-R BT.601 (as FFmpeg takes untagged video to be), black at 16 and white at 235.
_PLAIN_FORMAT, _PLAIN_COLORSPACES, _FULL_RANGE = "yuv420p", (2, 5, 6), 2
# The side of a crop as a multiple of its box's longer side, about; and the share of the frame's area from which on
# parts cost more, as measured on frames of 1920 x 1080 px.
_CROP, _WHOLE_COSTS = 1.25, 0.5


class VideoFrame:
    """A decoded frame, which is called for the whole picture, or sliced for a part of it.

    Both give the same pixels. Of a few people, or small ones, parts cost less than the whole, of which decoding costs
    five times as much or more.
    """

    def __init__(self, name: str, frame: av.VideoFrame) -> None:
        """Names the frame, for reports."""
        self.name = name
        self._frame = frame
        self._picture: np.ndarray | None = None
        self.shape = (frame.height, frame.width, 3)
        self._plain = (
            frame.format.name == _PLAIN_FORMAT
            and frame.colorspace in _PLAIN_COLORSPACES
            and frame.color_range != _FULL_RANGE
            and frame.height % 2 == frame.width % 2 == 0
        )

    def expect(self, boxes_px: np.ndarray) -> None:
        """Makes the whole picture at once if that will cost less than the parts about some boxes.

        Args:
            boxes_px: float (N, 4), x_min, y_min, width, height.
        """
        parts = (_CROP * boxes_px[:, 2:].max(axis=1)) ** 2
        if parts.sum() > _WHOLE_COSTS * self.shape[0] * self.shape[1]:
            self()

    def __call__(self) -> np.ndarray:
        """Returns the whole picture, uint8 RGB (H, W, 3)."""
        if self._picture is None:
            whole = slice(0, self.shape[0]), slice(0, self.shape[1])
            self._picture = self._converted(*whole) if self._plain else self._frame.to_ndarray(format="rgb24")
        return self._picture

    def __getitem__(self, part: tuple[slice, slice]) -> np.ndarray:
        """Returns the rows and columns of two slices with ends and without steps, uint8 RGB (h, w, 3)."""
        rows, columns = part
        if self._picture is not None or not self._plain:
            return self()[rows, columns]
        # A pixel of colour is shared by two rows and two columns.
        even = [slice(cut.start & ~1, cut.stop + 1 & ~1) for cut in part]
        top, left = rows.start & 1, columns.start & 1
        height, width = rows.stop - rows.start, columns.stop - columns.start
        return self._converted(*even)[top : top + height, left : left + width]

    def _converted(self, rows: slice, columns: slice) -> np.ndarray:
        height, width = rows.stop - rows.start, columns.stop - columns.start
        if not height * width:
            return np.zeros((height, width, 3), np.uint8)
        planes = []
        for by, plane in zip((1, 2, 2), self._frame.planes, strict=True):
            pixels = np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)
            planes.append(pixels[rows.start // by : rows.stop // by, columns.start // by : columns.stop // by])
        return cv2.cvtColorTwoPlane(planes[0], cv2.merge(planes[1:]), cv2.COLOR_YUV2RGB_NV12)
