"""A decoded frame of a video, made RGB only where somebody stands, and no larger than needed."""

from __future__ import annotations

import av
import cv2
import numpy as np

from pose.crop import shrink_area

# What OpenCV converts: 8 bits, ITU-R BT.601 (as FFmpeg takes untagged video to be), black at 16 and white at 235.
_PLAIN_FORMAT, _PLAIN_COLORSPACES, _FULL_RANGE = "yuv420p", (2, 5, 6), 2
# The same conversion of small pictures, from (Y, U, V, 1).
_TO_RGB = np.array(
    [[1.164, 0, 1.596, -222.912], [1.164, -0.391, -0.813, 135.488], [1.164, 2.018, 0, -276.928]], np.float32
)


class VideoFrame:
    """A decoded frame, which is called for the whole picture, or makes a part of it, small (`pose.crop.Shrinkable`)."""

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

    def __call__(self) -> np.ndarray:
        """Returns the whole picture, uint8 RGB (H, W, 3)."""
        if self._picture is None:
            whole = slice(0, self.shape[0]), slice(0, self.shape[1])
            self._picture = self._converted(*whole) if self._plain else self._frame.to_ndarray(format="rgb24")
        return self._picture

    def shrunk(self, rows: slice, columns: slice, factor: int) -> np.ndarray:
        """Makes a part, averaged over factor x factor pixels.

        Brightness and colour are averaged before they become RGB: the same but for rounding, and for colours that are
        no RGB, which conversion cuts off. What would cost more, the rest of the frame or large pictures, is not made.

        Args:
            rows: from an even one on, whole blocks, or as far as the picture reaches; what the last block then lacks
                is the last row again.
            columns: the same.
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
        # Pairs of blocks are whole numbers of pixels of U and V.
        pairs = (slice(cut.start, cut.stop + (cut.start - cut.stop) % (2 * factor)) for cut in (rows, columns))
        luma, *colours = self._planes(*pairs)
        small = [_shrink_luma(luma[:height, :width], factor)]
        small += [_shrink_colour(plane, size, factor) for plane in colours]
        return cv2.transform(cv2.merge(small), _TO_RGB)

    def _converted(self, rows: slice, columns: slice) -> np.ndarray:
        luma, *colours = self._planes(rows, columns)
        return cv2.cvtColorTwoPlane(luma, cv2.merge(colours), cv2.COLOR_YUV2RGB_NV12)

    def _planes(self, rows: slice, columns: slice) -> list[np.ndarray]:
        """A part's Y (h, w), and U and V (h / 2, w / 2), made even and as far as the picture reaches."""
        bottom, right = (
            min(cut.stop + cut.stop % 2, end) for cut, end in zip((rows, columns), self.shape, strict=False)
        )
        planes = []
        for by, plane in zip((1, 2, 2), self._frame.planes, strict=True):
            pixels = np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)
            planes.append(pixels[rows.start // by : bottom // by, columns.start // by : right // by])
        return planes


def _shrink_luma(plane: np.ndarray, factor: int) -> np.ndarray:
    """What `shrink_area` gives within a grey level, several times as fast."""
    plane = _pad(plane, -plane.shape[1] % factor, -plane.shape[0] % factor)
    while factor % 2 == 0:
        plane, factor = shrink_area(plane, 2), factor // 2
    if factor == 1:
        return plane
    # Of the means about all pixels, those of the blocks.
    means = cv2.blur(plane, (factor, factor), anchor=(0, 0))
    size = plane.shape[1] // factor, plane.shape[0] // factor
    return cv2.resize(means, size, interpolation=cv2.INTER_NEAREST)


def _shrink_colour(plane: np.ndarray, size: tuple[int, int], factor: int) -> np.ndarray:
    """Shrinks U or V, of which a pixel stands for 2 x 2 of the picture, to the (width, height) of the small picture."""
    # A block that makes up a pair goes again.
    width, height = (count + count * factor % 2 for count in size)
    plane = plane[: height * factor // 2, : width * factor // 2]
    plane = _pad(plane, width * factor // 2 - plane.shape[1], height * factor // 2 - plane.shape[0])
    # Of blocks of 1.5 pixels bilinear sampling at the centres gives nearly the means, and sooner.
    how = cv2.INTER_LINEAR if factor == 3 else cv2.INTER_AREA
    return cv2.resize(plane, (width, height), interpolation=how)[: size[1], : size[0]]


def _pad(plane: np.ndarray, right: int, bottom: int) -> np.ndarray:
    """Repeats the last row and column."""
    return cv2.copyMakeBorder(plane, 0, bottom, 0, right, cv2.BORDER_REPLICATE) if right or bottom else plane
