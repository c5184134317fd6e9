"""The output video, in which every picture is shown at its own time."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np

from demo.errors import OutputError
from demo.outputs.files import Output

#: By the file's ending: FFmpeg's name of the container, an encoder that PyAV brings along, and its pixels.
CODECS = {
    ".mp4": ("mp4", "mpeg4", "yuv420p"),
    ".mov": ("mov", "mpeg4", "yuv420p"),
    ".mkv": ("matroska", "mpeg4", "yuv420p"),
    ".avi": ("avi", "mjpeg", "yuvj420p"),
}

# Of 2 to 31; higher is smaller and worse.
_QUANTIZER = "3"
# Times are kept in such parts of a second, of which MPEG-4 allows 65535; AVI has a place for every frame alone.
_TICKS = 60_000


def check_ending(path: Path) -> None:
    """Tells early whether a video's ending is known.

    Raises:
        OutputError: it is not one of `CODECS`.
    """
    if path.suffix.lower() not in CODECS:
        raise OutputError(f"--output must end in one of {', '.join(CODECS)}, got {str(path)!r}")


class VideoSink:
    """Writes pictures to a video file.

    Args:
        path: ends in one of `CODECS`.
        fps: frames per second of the source, the most that an .avi holds.
    """

    def __init__(self, path: Path, fps: float) -> None:
        """Checks the path; the file is made with the first picture."""
        check_ending(path)
        self.path = path
        self._fps = Fraction(fps).limit_denominator(1001)
        self._rate = self._fps if path.suffix.lower() == ".avi" else Fraction(_TICKS)
        self._output: Output | None = None
        self._size = (0, 0)
        self._start_s, self._last, self._duration = 0.0, -1, 1

    def __enter__(self) -> VideoSink:
        """Returns itself."""
        return self

    def __exit__(self, *exception: object) -> None:
        """Finishes the video with what was written, however the run ended."""
        self.close()

    def write(self, picture: np.ndarray, time_s: float, duration_s: float = 0.0) -> None:
        """Adds a picture.

        Args:
            picture: uint8 RGB (H, W, 3); of another size than the first it is resampled.
            time_s: when it is shown, on any clock.
            duration_s: how long it is shown if it is the last.

        Raises:
            OutputError: it cannot be written; then nothing is left of the video.
        """
        if self._output is None:
            self._open(picture.shape[:2])
            self._start_s = time_s
        if picture.shape[:2] != self._size:
            picture = cv2.resize(picture, self._size[::-1])
        due = (time_s - self._start_s) * self._rate
        place = max(round(due), self._last + 1)
        if place - due > 1.5:
            # An .avi has fewer places than there are pictures.
            return
        frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24")
        frame.pts, frame.time_base = place, 1 / self._rate
        self._duration = round(max(duration_s, 1 / self._fps) * self._rate)
        with self._output.writing():
            self._mux(frame)
        self._last = place

    def close(self) -> None:
        """Finishes the file and gives it its name. Nothing is left where nothing was written.

        Raises:
            OutputError: the file could not be finished; then nothing is left of it.
        """
        if self._output is None or self._output.file.closed:
            return
        with self._output.writing():
            self._mux(None)
            self._container.close()
        self._output.finish()

    def _open(self, size: tuple[int, int]) -> None:
        self._size = size
        container, codec, pixels = CODECS[self.path.suffix.lower()]
        self._output = Output("--output", self.path)
        with self._output.writing():
            self._container = av.open(self._output.file, "w", format=container)
            options = {"qmin": _QUANTIZER, "qmax": _QUANTIZER}
            self._stream = self._container.add_stream(codec, rate=self._fps, options=options)
            self._stream.height, self._stream.width = size
            self._stream.pix_fmt = pixels
            self._stream.codec_context.time_base = 1 / self._rate
            self._container.start_encoding()

    def _mux(self, frame: av.VideoFrame | None) -> None:
        """Encodes a frame, or what the encoder holds back."""
        for packet in self._stream.encode(frame):
            packet.duration = self._duration
            self._container.mux(packet)
