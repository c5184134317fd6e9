"""The output video, with variable frame rate: every frame keeps its time."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import cast

import av
import cv2
import numpy as np

from demo.errors import OutputError
from demo.outputs.files import Output

#: By the file's ending: FFmpeg's container, an encoder included in PyAV, and its pixel format.
CODECS = {
    ".mp4": ("mp4", "mpeg4", "yuv420p"),
    ".mov": ("mov", "mpeg4", "yuv420p"),
    ".mkv": ("matroska", "mpeg4", "yuv420p"),
    ".avi": ("avi", "mjpeg", "yuvj420p"),
}

# From 2 to 31; higher is smaller and worse.
_QUANTIZER = "3"
# Time base, 1 / this in seconds; MPEG-4 allows at most 65535. AVI has a fixed frame rate instead.
_TICKS = 60_000


def check_ending(path: Path) -> None:
    """Checks a video's ending.

    Raises:
        OutputError: it is not one of `CODECS`.
    """
    if path.suffix.lower() not in CODECS:
        raise OutputError(f"--output must end in one of {', '.join(CODECS)}, got {str(path)!r}")


class VideoSink:
    """Writes frames to a video file, which is made with the first frame.

    Args:
        path: ends in one of `CODECS`.
        fps: nominal frames per second of the source; the maximum in an .avi.

    Raises:
        OutputError: the ending is unknown.
    """

    def __init__(self, path: Path, fps: float) -> None:
        check_ending(path)
        self.path = path
        self._fps = Fraction(fps).limit_denominator(1001)
        self._rate = self._fps if path.suffix.lower() == ".avi" else Fraction(_TICKS)
        self._output: Output | None = None
        self._size = (0, 0)
        self._start_s, self._last, self._duration = 0.0, -1, 1

    def __enter__(self) -> VideoSink:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def write(self, picture: np.ndarray, time_s: float, duration_s: float = 0.0) -> None:
        """Adds a frame.

        Args:
            picture: uint8 RGB (H, W, 3); resampled if its size differs from the first frame's.
            time_s: when it is shown, on any clock.
            duration_s: how long it is shown if it is the last.

        Raises:
            OutputError: it cannot be written; the video is removed.
        """
        if self._output is None:
            self._output, self._start_s = self._open(picture.shape[:2]), time_s
        if picture.shape[:2] != self._size:
            picture = cv2.resize(picture, self._size[::-1])
        due = (time_s - self._start_s) * self._rate
        place = max(round(due), self._last + 1)
        if place - due > 1.5:
            # More frames than the .avi's frame rate holds: this one is dropped.
            return
        frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24")
        frame.pts, frame.time_base = place, 1 / self._rate
        shown_s: float | Fraction = duration_s if duration_s >= 1 / self._fps else 1 / self._fps
        self._duration = round(shown_s * self._rate)
        with self._output.writing():
            self._mux(frame)
        self._last = place

    def close(self) -> None:
        """Finishes the file and renames it into place. Without a frame there is no file.

        Raises:
            OutputError: the file could not be finished; it is removed.
        """
        if self._output is None or self._output.file.closed:
            return
        with self._output.writing():
            self._mux(None)
            self._container.close()
        self._output.finish()

    def discard(self) -> None:
        """Removes the file, unless it was finished."""
        if self._output is not None:
            self._output.discard()

    def _open(self, size: tuple[int, int]) -> Output:
        self._size = size
        container, codec, pixels = CODECS[self.path.suffix.lower()]
        output = Output("--output", self.path)
        with output.writing():
            self._container = av.open(output.file, "w", format=container)
            options = {"qmin": _QUANTIZER, "qmax": _QUANTIZER}
            self._stream = cast(av.VideoStream, self._container.add_stream(codec, rate=self._fps, options=options))
            self._stream.height, self._stream.width = size
            self._stream.pix_fmt = pixels
            self._stream.codec_context.time_base = 1 / self._rate
            self._container.start_encoding()
        return output

    def _mux(self, frame: av.VideoFrame | None) -> None:
        """Encodes a frame; None flushes the encoder."""
        for packet in self._stream.encode(frame):
            packet.duration = self._duration
            self._container.mux(packet)
