"""The output video, written under a temporary name and renamed when it is whole."""

from __future__ import annotations

import os
import time
from pathlib import Path

import cv2
import numpy as np

from demo.errors import OutputError

#: Codecs that OpenCV's packages carry without an encoder of the system's own, by the file's ending.
CODECS = {".mp4": "mp4v", ".mov": "mp4v", ".mkv": "mp4v", ".avi": "MJPG"}

# A picture is repeated for no longer than half of the pause that it fills, but for a second at least.
_REPEAT_SHARE, _REPEAT_S = 0.5, 1.0


def check_output(path: Path) -> None:
    """Tells early whether a video can be written.

    Raises:
        OutputError: the ending is not one of `CODECS`, the folder does not exist or cannot be written in, or
            a folder has this name.
    """
    if path.suffix.lower() not in CODECS:
        raise OutputError(f"--output must end in one of {', '.join(CODECS)}, got {str(path)!r}")
    if not path.parent.is_dir():
        raise OutputError(f"--output {str(path)!r}: there is no folder {str(path.parent)!r}; make it first")
    if path.is_dir() or not os.access(path.parent, os.W_OK):
        raise OutputError(f"--output {str(path)!r} cannot be written: choose another name or folder")


class VideoSink:
    """Writes pictures to a video file.

    Args:
        path: ends in one of `CODECS`.
        fps: frames per second of the video.
        by_time: False writes each picture once. True, for a live source, repeats or leaves out pictures so
            that the video runs as fast as what it shows, whatever the rate at which pictures came. Where the machine
            is too slow to repeat them in time, pauses are cut short.
    """

    def __init__(self, path: Path, fps: float, *, by_time: bool) -> None:
        """Checks the path; the file is made with the first picture."""
        check_output(path)
        self.path = path
        self.fps = fps
        self.count = 0
        self._by_time = by_time
        self._partial = path.with_name(f"{path.stem}.partial{path.suffix}")
        self._writer: cv2.VideoWriter | None = None
        self._size = (0, 0)
        self._start_s = self._last_s = 0.0

    def __enter__(self) -> VideoSink:
        """Returns itself."""
        return self

    def __exit__(self, *exception: object) -> None:
        """Finishes the video with what was written, however the run ended."""
        self.close()

    def write(self, picture: np.ndarray, time_s: float) -> None:
        """Adds a picture, uint8 RGB (H, W, 3), taken at `time_s`.

        Raises:
            OutputError: the file cannot be opened for writing.
        """
        if self._writer is None:
            self._open(picture.shape[:2])
            self._start_s = self._last_s = time_s
        if picture.shape[:2] != self._size:
            picture = cv2.resize(picture, self._size[::-1])
        wanted = round((time_s - self._start_s) * self.fps) + 1 if self._by_time else self.count + 1
        frame = cv2.cvtColor(picture, cv2.COLOR_RGB2BGR)
        end_s = time.perf_counter() + max(_REPEAT_SHARE * (time_s - self._last_s), _REPEAT_S)
        self._last_s = time_s
        while self.count < wanted:
            self._writer.write(frame)
            self.count += 1
            if time.perf_counter() > end_s and self.count < wanted:
                # Otherwise the next pause would be as long as this writing takes, and each longer than the last.
                self._start_s += (wanted - self.count) / self.fps
                return

    def close(self) -> None:
        """Finishes the file and gives it its name. Nothing is left where nothing was written.

        Raises:
            OutputError: the file could not be finished.
        """
        if self._writer is None:
            return
        self._writer.release()
        self._writer = None
        try:
            os.replace(self._partial, self.path)
        except OSError as error:
            raise OutputError(f"the video could not be finished as {str(self.path)!r}: {error}") from error

    def _open(self, size: tuple[int, int]) -> None:
        self._size = size
        codec = cv2.VideoWriter.fourcc(*CODECS[self.path.suffix.lower()])
        self._writer = cv2.VideoWriter(str(self._partial), codec, self.fps, size[::-1])
        if not self._writer.isOpened():
            self._writer = None
            what = f"{size[1]} x {size[0]} px, {self.fps:.2f} frames/s"
            raise OutputError(f"--output {str(self.path)!r}: OpenCV cannot write this video ({what})")
