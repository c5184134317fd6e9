"""Frames from a camera, a stream or a video file, read by a thread of their own."""

from __future__ import annotations

import os
import threading
import time
from collections import deque
from dataclasses import dataclass
from pathlib import Path

# FFmpeg writes on stderr whatever it thinks of a stream, and reads this once, at its first use.
os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")

import cv2  # noqa: E402
import numpy as np  # noqa: E402

from demo.errors import SourceError  # noqa: E402

if "OPENCV_LOG_LEVEL" not in os.environ:
    # A camera that is not there is reported by SourceError, once, and not by every backend that was tried.
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)

_TIMEOUT_MS = 10_000
_SILENCE_S = 3.0
_DEFAULT_FPS = 30.0
_FILE_QUEUE = 4


@dataclass(frozen=True, eq=False)
class Frame:
    """One picture of a source.

    Attributes:
        picture: uint8 RGB (H, W, 3).
        time_s: of a live source, when it was read (`time.perf_counter`); of a file, its place in the video.
        index: its number among the frames read, from 0.
    """

    picture: np.ndarray
    time_s: float
    index: int


def _is_url(source: str) -> bool:
    return "://" in source


def _open(source: str) -> cv2.VideoCapture:
    if source.isdecimal():
        return cv2.VideoCapture(int(source))
    if _is_url(source):
        # Without these OpenCV waits half a minute for a host that does not answer.
        limits = [cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, _TIMEOUT_MS, cv2.CAP_PROP_READ_TIMEOUT_MSEC, _TIMEOUT_MS]
        return cv2.VideoCapture(source, cv2.CAP_FFMPEG, limits)
    if not Path(source).exists() or Path(source).is_dir():
        what = "is a folder" if Path(source).is_dir() else "does not exist"
        raise SourceError(f"{source!r} {what}; --source takes a camera's number, a video file or a URL")
    return cv2.VideoCapture(source)


def _cannot_open(source: str) -> SourceError:
    if source.isdecimal():
        return SourceError(
            f"camera {source} cannot be opened: none is connected under this number, another program holds "
            "it, or it gives no picture. Try another --source number, or a video file"
        )
    if _is_url(source):
        return SourceError(f"no video comes from {source}: check the address, and that the stream is running")
    return SourceError(f"{source!r} cannot be read as a video: it is none, damaged, or of an unknown codec")


class FrameSource:
    """Reads frames in the background, as a context manager.

    A live source (a camera, or a stream without an end) hands over its newest frame and drops those that
    nobody took in time. A file hands over every frame, in order.

    Attributes:
        source: as given: a camera's number, a file or a URL.
        live: whether frames are dropped.
        fps: frames per second that the source announces, 30 where it announces none.
        size: (height, width) of the first frame.
        count: number of frames that a file announces, 0 where unknown.

    Raises:
        SourceError: there is no such source, or it gives no picture.
    """

    def __init__(self, source: str) -> None:
        """Opens the source and reads its first frame."""
        self.source = source
        self._capture = _open(source)
        # Reading one frame here tells a source that gives none from one that ends, before a model is loaded.
        picture = self._next_picture() if self._capture.isOpened() else None
        if picture is None:
            raise _cannot_open(source)
        self.size = picture.shape[:2]
        fps = self._capture.get(cv2.CAP_PROP_FPS)
        self.fps = float(fps) if 1 <= fps <= 1000 else _DEFAULT_FPS
        self.count = max(int(self._capture.get(cv2.CAP_PROP_FRAME_COUNT)), 0)
        self.live = source.isdecimal() or (self.count == 0 and not Path(source).is_file())
        self._frames: deque[Frame] = deque(maxlen=1 if self.live else _FILE_QUEUE)
        self._changed = threading.Condition()
        self._stopping = self._finished = False
        self._frames.append(self._stamp(picture, 0))
        self._thread = threading.Thread(target=self._run, name="capture", daemon=True)

    def __enter__(self) -> FrameSource:
        """Starts the thread."""
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        """Stops the thread and lets go of the camera."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        # A camera may be stuck in its driver; the thread is a daemon and does not hold up the program's end.
        self._thread.join(timeout=2.0)

    @property
    def ended(self) -> bool:
        """Whether every frame has been handed over and no more will come."""
        with self._changed:
            return self._finished and not self._frames

    def read(self, timeout_s: float) -> Frame | None:
        """Waits for the next frame; None where none came in time, or the source ended."""
        with self._changed:
            self._changed.wait_for(lambda: self._frames or self._finished, timeout_s)
            frame = self._frames.popleft() if self._frames else None
            self._changed.notify_all()
            return frame

    def _stamp(self, picture: np.ndarray, index: int) -> Frame:
        return Frame(picture, time.perf_counter() if self.live else index / self.fps, index)

    def _next_picture(self) -> np.ndarray | None:
        good, picture = self._capture.read()
        return cv2.cvtColor(picture, cv2.COLOR_BGR2RGB) if good else None

    def _run(self) -> None:
        try:
            self._read_all()
        finally:
            with self._changed:
                self._finished = True
                self._changed.notify_all()
            self._capture.release()

    def _read_all(self) -> None:
        index, last_s = 1, time.perf_counter()
        while not self._stopping:
            picture = self._next_picture()
            if picture is not None:
                self._put(self._stamp(picture, index))
                index, last_s = index + 1, time.perf_counter()
            elif self.live and time.perf_counter() - last_s < _SILENCE_S:
                # A camera may miss a frame; a file that gives none is at its end.
                time.sleep(0.02)
            else:
                return

    def _put(self, frame: Frame) -> None:
        with self._changed:
            if not self.live:
                self._changed.wait_for(lambda: len(self._frames) < _FILE_QUEUE or self._stopping)
            self._frames.append(frame)
            self._changed.notify_all()
