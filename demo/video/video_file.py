"""Frames of a video file with their times, as players show them, decoded by PyAV."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import av
import cv2
import numpy as np
from av.video.reformatter import VideoReformatter

from demo.errors import SourceError

_DEFAULT_FPS = 30.0
# Timestamps that go back by more than this start a new series; by less, they are noise.
_ANEW_S, _LEAST_STEP_S = 0.25, 1e-4
# A file that ends by more than this before its nominal end was truncated.
_CUT_S = 1.0
# Pixel aspect ratios (width : height) outside this range are ignored as invalid.
_PIXEL_SHAPES = 0.25, 4.0


def file_url(path: str | os.PathLike[str]) -> str:
    """The FFmpeg URL of a file; the plain name `12:30 run.mp4` would be parsed as protocol and address."""
    return f"file:{os.fspath(path)}"


def orient(picture: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    """Rotates and mirrors an image by a display matrix, to the nearest multiple of 90 degrees.

    Args:
        picture: (H, W, 3).
        matrix: (9,) display matrix of a video: x' = m[0] x + m[3] y, y' = m[1] x + m[4] y, up to a translation.

    Returns:
        (H, W, 3), or (W, H, 3) after a rotation by 90 degrees.
    """
    a, b, c, d = (float(matrix[k]) for k in (0, 1, 3, 4))
    turned = abs(b) + abs(c) > abs(a) + abs(d)
    x_sign, y_sign = (c, b) if turned else (a, d)
    if turned:
        picture = cv2.transpose(picture)
    flips = {(True, True): -1, (True, False): 1, (False, True): 0}.get((x_sign < 0, y_sign < 0))
    return picture if flips is None else cv2.flip(picture, flips)


class VideoFile:
    """Reads a video file.

    Frames are rotated and mirrored by the display matrix, and stretched where pixels are not square. Damaged frames are
    skipped and counted.

    Attributes:
        fps: frames per second, of the shortest intervals where these vary; 30 if the file gives none.
        count: number of frames in the file's index, 0 if it has none.

    Args:
        path: of the file.

    Raises:
        SourceError: it is not a video.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        try:
            # An image's name may look like the pattern of an image sequence.
            self._container = av.open(file_url(path), options={"pattern_type": "none"}, metadata_errors="replace")
        except (av.FFmpegError, OSError, ValueError) as error:
            raise self._unreadable(f"it is none, damaged, or of an unknown format ({_reason(error)})") from error
        stream = _video_stream(self._container)
        if stream is None:
            only = ", only sound" if self._container.streams.audio else ""
            self.release()
            raise self._unreadable(f"it holds no video{only}")
        self._stream = stream
        stream.thread_type = "AUTO"
        # The rate of which all times are multiples, unless that is the time base; otherwise the average.
        rates = [float(rate) for rate in (stream.guessed_rate, stream.average_rate) if rate]
        self.fps = next((rate for rate in rates if 1 / 60 <= rate <= 240), _DEFAULT_FPS)
        self.count = _listed_frames(self._container, stream)
        shape = float(stream.sample_aspect_ratio or 1)
        self._pixel_shape = shape if _PIXEL_SHAPES[0] <= shape <= _PIXEL_SHAPES[1] else 1.0
        self._start_s: float | None = None
        self._time_s, self._end_s = 0.0, 0.0
        self._damaged, self._error = 0, ""
        self._ended = False
        self._frames = self._decoded()
        # `frame.reformat` would set one up for each frame, which costs more than the conversion.
        self._reformatter = VideoReformatter()

    def read(self) -> tuple[np.ndarray, float, float] | None:
        """Reads the next frame; None after the last.

        Returns:
            The image, uint8 RGB (H, W, 3); its time in seconds after the first frame, strictly increasing; and its
            duration in seconds, 0 if unknown.

        Raises:
            SourceError: it cannot be converted to RGB.
        """
        for frame in self._frames:
            try:
                picture = self._picture(frame)
            except (av.FFmpegError, ValueError) as error:
                raise self._unreadable(_reason(error)) from error
            time_s = self._time_of(frame)
            self._end_s = time_s + self._duration_of(frame, time_s)
            return picture, time_s, self._end_s - time_s
        return None

    @property
    def notes(self) -> list[str]:
        """Problems found in the file so far, one line each."""
        notes = []
        if self._damaged:
            frames = "1 frame was" if self._damaged == 1 else f"{self._damaged} frames were"
            notes.append(f"{self._path}: {frames} damaged and skipped")
        announced_s = self._announced_s()
        if self._error:
            notes.append(f"{self._path} could not be read beyond {self._end_s:.1f} s: {self._error}")
        elif self._ended and announced_s - self._end_s > _CUT_S:
            notes.append(f"{self._path} ends at {self._end_s:.1f} s of the {announced_s:.1f} s that it announces")
        return notes

    def release(self) -> None:
        """Closes the file."""
        self._container.close()

    def _unreadable(self, why: str) -> SourceError:
        return SourceError(f"{self._path!r} cannot be read as a video: {why}")

    def _decoded(self) -> Iterator[av.VideoFrame]:
        """Decodes frame after frame; damaged packets are skipped and counted."""
        packets = self._container.demux(self._stream)
        while True:
            try:
                packet = next(packets, None)
            except (av.FFmpegError, OSError) as error:
                self._error, packet = _reason(error), None
            try:
                # None flushes the decoder, unless the last packet has done so.
                frames = self._stream.codec_context.decode(packet) if packet is not None or self._error else []
            except EOFError:
                frames = []
            except av.FFmpegError:
                self._damaged, frames = self._damaged + 1, []
            for frame in frames:
                if frame.is_corrupt:
                    self._damaged += 1
                else:
                    yield frame
            if packet is None:
                self._ended = True
                return

    def _picture(self, frame: av.VideoFrame) -> np.ndarray:
        width, height, shape = frame.width, frame.height, self._pixel_shape
        if shape > 1:
            width = round(width * shape)
        elif shape < 1:
            height = round(height / shape)
        picture = self._reformatter.reformat(frame, width, height, format="rgb24").to_ndarray()
        return orient(picture, _display_matrix(frame))

    def _time_of(self, frame: av.VideoFrame) -> float:
        """The frame's time; the expected time where it has none, or where it does not increase."""
        stamp_s = frame.time
        due_s = self._time_s + 1 / self.fps
        if self._start_s is None:
            self._start_s = stamp_s or 0.0
            return self._time_s
        time_s = due_s if stamp_s is None else stamp_s - self._start_s
        if time_s <= self._time_s - _ANEW_S:
            self._start_s, time_s = stamp_s - due_s, due_s
        self._time_s = max(time_s, self._time_s + _LEAST_STEP_S)
        return self._time_s

    def _duration_of(self, frame: av.VideoFrame, time_s: float) -> float:
        """How long the frame is shown, limited to the file's nominal end; 0 if unknown."""
        if not frame.duration or not frame.time_base:
            return 0.0
        duration_s, stream = float(frame.duration * frame.time_base), self._stream
        if stream.duration and stream.time_base:
            duration_s = min(duration_s, float(stream.duration * stream.time_base) - time_s)
        return max(duration_s, 0.0)

    def _announced_s(self) -> float:
        """Nominal end after the first frame, which Matroska stores for each stream; 0 if unknown."""
        try:
            hours, minutes, seconds = self._stream.metadata.get("DURATION", "").split(":")
            return int(hours) * 3600 + int(minutes) * 60 + float(seconds) - (self._start_s or 0.0)
        except ValueError:
            return 0.0


def _display_matrix(frame: av.VideoFrame) -> np.ndarray:
    """(9,) display matrix of a frame; see `orient`."""
    try:
        matrix: Any = frame.side_data.get("DISPLAYMATRIX")
    except ValueError:
        # PyAV raises for kinds of side data that it does not know. It still gives the angle.
        angle = np.deg2rad(-frame.rotation)
        cos, sin = np.cos(angle), np.sin(angle)
        return np.array([cos, sin, 0, -sin, cos, 0, 0, 0, 1])
    return np.eye(3).ravel() if matrix is None else np.frombuffer(bytes(matrix), np.int32)


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error)


def _video_stream(container: av.container.InputContainer) -> av.VideoStream | None:
    """The video stream: not the cover image of an audio file, and of a codec that FFmpeg knows."""
    streams = [
        stream
        for stream in container.streams.video
        if stream.codec_context is not None and not stream.disposition & av.stream.Disposition.attached_pic
    ]
    best = container.streams.best("video")
    return best if best in streams else streams[0] if streams else None


def _listed_frames(container: av.container.InputContainer, stream: av.VideoStream) -> int:
    """Number of frames in a file's index, without those that its edit list skips."""
    listed = max(stream.frames, 0)
    if listed and container.format.name.startswith("mov"):
        shown = sum(not entry.is_discard for entry in stream.index_entries)
        return min(listed, shown) or listed
    return listed
