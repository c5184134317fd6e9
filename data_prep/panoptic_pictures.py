"""The frames of a Panoptic camera: a video read forwards once, or a folder of JPEGs."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np

from data_prep.pictures import PictureFile, SharedPicture, check_size
from pose import Camera
from records import BadInput


class VideoFrame(SharedPicture):
    """A frame of a video."""

    def __init__(self, video: Video, index: int, size: tuple[int, int]) -> None:
        """Notes where the frame is; `index` counts from 0."""
        super().__init__(f"{video.path} frame {index}", size)
        self.video = video
        self.index = index

    def load(self) -> None:
        """Has the video run up to here."""
        self.video.run_to(self)


class Video:
    """A video decoded forwards, each frame at most once, for people who are loaded by several threads.

    Seeking is inexact in many videos, so every frame is passed in turn. While the video runs to the frame
    that is asked for, the frames on its way whose handles are still alive get their pictures too, because a
    slower thread will want them; the others are passed by unconverted. So pictures live as long as the people
    in them, and people that are skipped cost little.
    """

    def __init__(self, path: Path) -> None:
        """Opens a video.

        Raises:
            BadInput: OpenCV cannot.
        """
        self.path = path
        self._handles: weakref.WeakValueDictionary[int, VideoFrame] = weakref.WeakValueDictionary()
        self._lock = threading.Lock()
        self._open()

    def _open(self) -> None:
        self._capture = cv2.VideoCapture(str(self.path))
        self._position = 0
        if not self._capture.isOpened():
            raise BadInput(str(self.path), "not a video that OpenCV can open")

    @property
    def size(self) -> tuple[int, int]:
        """(height, width)."""
        get = self._capture.get
        return int(get(cv2.CAP_PROP_FRAME_HEIGHT)), int(get(cv2.CAP_PROP_FRAME_WIDTH))

    def frame(self, index: int, size: tuple[int, int]) -> VideoFrame:
        """A lazy handle to a frame; make them in ascending order."""
        handle = VideoFrame(self, index, size)
        self._handles[index] = handle
        return handle

    def run_to(self, handle: VideoFrame) -> None:
        """Gives the handle its picture.

        Raises:
            BadInput: the video ends before.
        """
        with self._lock:
            if handle.picture is None and handle.index < self._position:
                self._open()
            while handle.picture is None:
                if not self._capture.grab():
                    raise BadInput(handle.name, f"the video ends after {self._position} frames")
                passed = handle if handle.index == self._position else self._handles.get(self._position)
                self._position += 1
                if passed is not None and passed.picture is None:
                    self._retrieve(passed)

    def _retrieve(self, handle: VideoFrame) -> None:
        decoded, picture = self._capture.retrieve()
        if decoded:
            handle.picture = cv2.cvtColor(picture, cv2.COLOR_BGR2RGB)
        elif handle.index == self._position - 1:
            raise BadInput(handle.name, "cannot be decoded")

    def frames_up_to(self, wanted: int) -> int:
        """How many of the first `wanted` frames there are."""
        probe = cv2.VideoCapture(str(self.path))
        count = min(int(probe.get(cv2.CAP_PROP_FRAME_COUNT)), wanted)
        if count > 0 and probe.set(cv2.CAP_PROP_POS_FRAMES, count - 1) and probe.grab():
            return count
        # The container promises more than it holds: a download cut short. Counting is slow, but right.
        probe = cv2.VideoCapture(str(self.path))
        count = 0
        while count < wanted and probe.grab():
            count += 1
        return count


class CameraFrames:
    """The pictures of one camera, by frame number."""

    def __init__(self, source: Path, camera: Camera) -> None:
        """Opens a folder of JPEGs or a video.

        Raises:
            BadInput: the video cannot be opened, or is not of the size that the camera is calibrated for.
        """
        self.source = source
        self.camera = camera
        self.video = None if source.is_dir() else Video(source)
        if self.video:
            check_size(str(source), self.video.size, camera.size)
        else:
            self.available = {path.name for path in source.iterdir()}
        self.length = 0

    def _file(self, frame: int) -> str:
        return f"{self.camera.name}_{frame:08d}.jpg"

    def missing(self, frames: np.ndarray) -> Iterator[BadInput]:
        """Reports frames with poses but no picture: each lost file, but a short video once."""
        numbers = np.unique(frames).tolist()
        if self.video is None:
            for frame in numbers:
                if self._file(frame) not in self.available:
                    yield BadInput(str(self.source / self._file(frame)), "has poses, but is missing")
        elif numbers:
            self.length = self.video.frames_up_to(numbers[-1] + 1)
            if self.length <= numbers[-1]:
                lost = sum(frame >= self.length for frame in numbers)
                yield BadInput(
                    str(self.source), f"ends after {self.length} frames; {lost} frames with poses lie beyond"
                )

    def handle(self, frame: int) -> SharedPicture | None:
        """A lazy picture, None where `missing` has reported it."""
        if self.video is not None:
            return self.video.frame(frame, self.camera.size) if frame < self.length else None
        name = self._file(frame)
        return PictureFile(str(self.source / name), self.camera.size) if name in self.available else None
