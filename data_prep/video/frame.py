"""A decoded frame of a video, converted to RGB only around people, and no larger than needed."""

from __future__ import annotations

import av
import cv2
import numpy as np

from pose.crop import shrink_area

# What OpenCV converts: 8 bits, ITU-R BT.601 (FFmpeg's default for untagged video), black at 16 and white at 235.
_PLAIN_FORMAT, _PLAIN_COLORSPACES, _FULL_RANGE = "yuv420p", (2, 5, 6), 2
# The same conversion for shrunk images, from (Y, U, V, 1).
_TO_RGB = np.array(
    [[1.164, 0, 1.596, -222.912], [1.164, -0.391, -0.813, 135.488], [1.164, 2.018, 0, -276.928]], np.float32
)


class VideoFrame:
    """A decoded frame; call it for the whole image, or `shrunk` for a small part (`pose.crop.Shrinkable`)."""

    def __init__(self, name: str, frame: av.VideoFrame) -> None:
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

    def __call__(self) -> np.ndarray:
        """Returns the whole image, uint8 RGB (H, W, 3)."""
        if self._picture is None:
            whole = slice(0, self.shape[0]), slice(0, self.shape[1])
            self._picture = self._converted(*whole) if self._plain else self._frame.to_ndarray(format="rgb24")
        return self._picture

    def shrunk(self, rows: slice, columns: slice, factor: int) -> np.ndarray:
        """A part of the frame, averaged over factor x factor pixels.

        Luma and chroma are averaged before conversion to RGB: the result is the same except for rounding and for
        colors outside RGB, which conversion clips. The rest of the frame is never converted.

        Args:
            rows: start must be even; whole blocks, or up to the image's edge, whose last row then fills the last block.
            columns: likewise.
            factor: 1 or more.

        Returns:
            uint8 RGB (h, w, 3).
        """
        if not self._plain:
            return shrink_area(self()[rows, columns], factor)
        height, width = rows.stop - rows.start, columns.stop - columns.start
        if factor == 1:
            return self._converted(rows, columns)[:height, :width]
        size = -(-width // factor), -(-height // factor)
        # Pairs of blocks, which cover whole pixels of U and V.
        pairs = (slice(cut.start, cut.stop + (cut.start - cut.stop) % (2 * factor)) for cut in (rows, columns))
        luma, *chroma = self._planes(*pairs)
        small = [_shrink_luma(luma[:height, :width], factor)]
        small += [_shrink_chroma(plane, size, factor) for plane in chroma]
        return cv2.transform(cv2.merge(small), _TO_RGB)

    def _converted(self, rows: slice, columns: slice) -> np.ndarray:
        luma, *chroma = self._planes(rows, columns)
        return cv2.cvtColorTwoPlane(luma, cv2.merge(chroma), cv2.COLOR_YUV2RGB_NV12)

    def _planes(self, rows: slice, columns: slice) -> list[np.ndarray]:
        """A part's Y (h, w), and U and V (h / 2, w / 2), extended to even sizes and clipped to the image."""
        bottom, right = (
            min(cut.stop + cut.stop % 2, end) for cut, end in zip((rows, columns), self.shape, strict=False)
        )
        planes = []
        for by, plane in zip((1, 2, 2), self._frame.planes, strict=True):
            pixels = np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)
            planes.append(pixels[rows.start // by : bottom // by, columns.start // by : right // by])
        return planes


def _shrink_luma(plane: np.ndarray, factor: int) -> np.ndarray:
    """`shrink_area` to within one gray level, several times as fast."""
    plane = _pad(plane, -plane.shape[1] % factor, -plane.shape[0] % factor)
    while factor % 2 == 0:
        plane, factor = shrink_area(plane, 2), factor // 2
    if factor == 1:
        return plane
    # Means around all pixels, of which every factor-th is a block's.
    means = cv2.blur(plane, (factor, factor), anchor=(0, 0))
    size = plane.shape[1] // factor, plane.shape[0] // factor
    return cv2.resize(means, size, interpolation=cv2.INTER_NEAREST)


def _shrink_chroma(plane: np.ndarray, size: tuple[int, int], factor: int) -> np.ndarray:
    """Shrinks U or V, which have half the image's resolution, to the (width, height) of the shrunk image."""
    # An odd number of pixels is rounded up by one more block, which is dropped at the end.
    width, height = (count + count * factor % 2 for count in size)
    plane = plane[: height * factor // 2, : width * factor // 2]
    plane = _pad(plane, width * factor // 2 - plane.shape[1], height * factor // 2 - plane.shape[0])
    # For blocks of 1.5 pixels, bilinear sampling at the centers is nearly the mean, and faster.
    how = cv2.INTER_LINEAR if factor == 3 else cv2.INTER_AREA
    return cv2.resize(plane, (width, height), interpolation=how)[: size[1], : size[0]]


def _pad(plane: np.ndarray, right: int, bottom: int) -> np.ndarray:
    """Repeats the last row and column."""
    return cv2.copyMakeBorder(plane, 0, bottom, 0, right, cv2.BORDER_REPLICATE) if right or bottom else plane
