"""Frames from a camera, a stream or a video file, read in a thread."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit
from urllib.request import url2pathname

# FFmpeg logs stream errors to stderr. It reads this once, at its first use.
os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")

import cv2  # noqa: E402
import numpy as np  # noqa: E402

from demo.errors import SourceError  # noqa: E402
from demo.video.bounded_queue import BoundedQueue  # noqa: E402
from demo.video.video_file import VideoFile  # noqa: E402

if "OPENCV_LOG_LEVEL" not in os.environ:
    # A missing camera is reported once, by SourceError, instead of by every backend that was tried.
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)

_TIMEOUT_MS = 10_000
_SILENCE_S = 3.0
_ABSENCE_S = 60.0
_RETRY_S = 1.0
_DEFAULT_FPS = 30.0
_FILE_QUEUE = 4


@dataclass(frozen=True, eq=False)
class Frame:
    """One frame of a source.

    Attributes:
        picture: uint8 RGB (H, W, 3).
        time_s: of a live source, when it was read (`time.perf_counter`); of a file, its time after the first frame.
        index: its number among the frames read, from 0.
        duration_s: how long the file shows it; 0 if unknown.
    """

    picture: np.ndarray
    time_s: float
    index: int
    duration_s: float = 0.0


#: Opens a source, with the interface of `cv2.VideoCapture` for anything but files.
Opener = Callable[[str], cv2.VideoCapture | VideoFile]


def _is_url(source: str) -> bool:
    return "://" in source


def _is_open(capture: cv2.VideoCapture | VideoFile) -> bool:
    return isinstance(capture, VideoFile) or capture.isOpened()


def file_path(source: str) -> str:
    """The path that a source names if it is neither a camera nor a stream; a `file://` address becomes its path."""
    return url2pathname(urlsplit(source).path) if source.startswith("file://") else source


def opens_slowly(source: str) -> bool:
    """Whether the source is a camera or a stream: these take a second or more to open, and can be reopened."""
    source = file_path(source)
    return source.isdecimal() or _is_url(source)


def open_capture(source: str) -> cv2.VideoCapture | VideoFile:
    """Opens a camera's number, a stream's URL or a device with OpenCV, and a file with PyAV.

    Raises:
        SourceError: there is no such file, or it is not a video.
    """
    if source.isdecimal():
        return cv2.VideoCapture(int(source))
    path = file_path(source)
    if _is_url(path):
        # By default OpenCV waits half a minute for a host that does not answer.
        limits = [cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, _TIMEOUT_MS, cv2.CAP_PROP_READ_TIMEOUT_MSEC, _TIMEOUT_MS]
        return cv2.VideoCapture(path, cv2.CAP_FFMPEG, limits)
    if os.path.isfile(path):
        return VideoFile(path)
    if os.path.isdir(path) or not os.path.exists(path):
        what = "is a folder" if os.path.isdir(path) else "does not exist"
        raise SourceError(f"{source!r} {what}; give a camera's number, a video file or a URL")
    return cv2.VideoCapture(path)


def _cannot_open(source: str) -> SourceError:
    if source.isdecimal():
        return SourceError(
            f"camera {source} cannot be opened: none is connected under this number, another program holds "
            "it, or it gives no picture. Try another --source number, or a video file"
        )
    if _is_url(file_path(source)):
        return SourceError(f"no video comes from {source}: check the address, and that the stream is running")
    return SourceError(f"{source!r} cannot be read as a video: it is none, damaged, or of an unknown codec")


class FrameSource:
    """Reads frames in the background, as a context manager.

    A live source (a camera, or an endless stream) keeps its newest frame alone; older ones are dropped. A file yields
    every frame, in order. A camera or live stream that disconnects is reopened, tried once a second for a minute.

    Attributes:
        source: as given: a camera's number, a file or a URL.
        live: whether frames are dropped.
        fps: nominal frames per second, 30 if the source gives none.
        size: (height, width) of the first frame.
        count: nominal number of a file's frames, 0 if unknown.

    Args:
        source: a camera's number, a file or a URL.
        opener: opens the source.

    Raises:
        SourceError: there is no such source, or it yields no frame.
    """

    def __init__(self, source: str, opener: Opener = open_capture) -> None:
        self.source = source
        self._opener = opener
        self._capture = opener(source)
        if isinstance(self._capture, VideoFile):
            self.fps, self.count = self._capture.fps, self._capture.count
            self.live = False
        else:
            fps = self._capture.get(cv2.CAP_PROP_FPS)
            self.fps = float(fps) if 1 <= fps <= 1000 else _DEFAULT_FPS
            self.count = max(int(self._capture.get(cv2.CAP_PROP_FRAME_COUNT)), 0)
            self.live = self.count == 0 or source.isdecimal()
        # Reading one frame here finds a source that yields none before a model is loaded.
        first = self._first_frame()
        if first is None:
            self._capture.release()
            raise _cannot_open(source)
        self.size = first.picture.shape[:2]
        self._frames: BoundedQueue[Frame] = BoundedQueue(1 if self.live else _FILE_QUEUE, keep_newest=self.live)
        self._last_s = time.perf_counter()
        self._frames.put(first)
        self._thread = threading.Thread(target=self._run, name="capture", daemon=True)

    def __enter__(self) -> FrameSource:
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._frames.stop()
        # The thread may hang in a camera's driver; it is a daemon and does not keep the program from exiting.
        self._thread.join(timeout=2.0)

    @property
    def ended(self) -> bool:
        """Whether every frame was taken and the source has ended."""
        return self._frames.ended

    @property
    def silent_s(self) -> float:
        """Seconds since the last frame was read."""
        return time.perf_counter() - self._last_s

    def read(self, timeout_s: float) -> Frame | None:
        """Waits for the next frame; None after the timeout, or when the source has ended."""
        return self._frames.get(timeout_s)

    @property
    def notes(self) -> list[str]:
        """Problems found in a file so far, one line each."""
        return self._capture.notes if isinstance(self._capture, VideoFile) else []

    def _first_frame(self) -> Frame | None:
        if not _is_open(self._capture):
            return None
        frame, begin_s = self._next_frame(0), time.perf_counter()
        while frame is None and self.source.isdecimal() and time.perf_counter() - begin_s < _SILENCE_S:
            # Some cameras yield nothing at first.
            time.sleep(0.02)
            frame = self._next_frame(0)
        return frame

    def _next_frame(self, index: int) -> Frame | None:
        if isinstance(self._capture, VideoFile):
            read = self._capture.read()
            return read and Frame(read[0], read[1], index, read[2])
        good, picture = self._capture.read()
        # Before the conversion, which counts towards the delay.
        read_s = time.perf_counter()
        if not good:
            return None
        return Frame(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB), read_s if self.live else index / self.fps, index)

    def _run(self) -> None:
        error = None
        try:
            self._read_all()
        except (cv2.error, SourceError, MemoryError) as problem:
            error = SourceError(f"{self.source} cannot be read any further: {problem}")
        finally:
            self._capture.release()
            self._frames.finish(error)

    def _read_all(self) -> None:
        index = 1
        while not self._frames.stopped:
            frame = self._next_frame(index)
            if frame is not None:
                self._last_s = time.perf_counter()
                self._frames.put(frame)
                index += 1
            elif self.live and self.silent_s < _SILENCE_S:
                # A camera may miss a frame; a file that yields none is at its end.
                self._frames.pause(0.02)
            elif not (self.live and opens_slowly(self.source) and self._reopened()):
                return

    def _reopened(self) -> bool:
        """Waits for a disconnected camera; False if it does not return within `_ABSENCE_S`."""
        while self.silent_s < _ABSENCE_S:
            self._capture.release()
            self._frames.pause(_RETRY_S)
            if self._frames.stopped:
                break
            self._capture = self._opener(self.source)
            if _is_open(self._capture):
                # If it yields no frame, the next silence leads here again.
                return True
        return False
