"""A simulated faulty camera that plays clips: it drops frames, changes its size and is unplugged."""

from __future__ import annotations

import time
from pathlib import Path

import cv2
import numpy as np

_SIZES = ((480, 640), (360, 640), (720, 960))
_MOST_FRAMES = 150
_READ_AGAIN_S = 0.01


def read_clip(path: Path, most: int = _MOST_FRAMES) -> list[np.ndarray]:
    """The first frames of a clip, uint8 BGR (H, W, 3).

    Raises:
        ValueError: it has none.
    """
    capture = cv2.VideoCapture(str(path))
    pictures = []
    while len(pictures) < most and (frame := capture.read())[0]:
        pictures.append(frame[1])
    capture.release()
    if not pictures:
        raise ValueError(f"{path} gives no picture; choose a video file")
    return pictures


class RestlessCamera:
    """A capture for `FrameSource`, which may open it repeatedly: plays clips in a loop, with faults.

    It drops frames and changes its size at random, and at intervals it is unplugged and cannot be opened.

    Attributes:
        dropped: number of dropped frames.
        resized: number of changes of its size.
        unplugged: number of times it was unplugged.
        handles: number of times it was opened, minus the times it was released.
        away_s: how long an absence lasts.

    Args:
        clips: frames to play, uint8 BGR (H, W, 3) each.
        seed: random seed of the random faults.
        fps: frames per second.
        drop_share: share of frames that are dropped.
        resize_every_s: mean time between two sizes.
        unplug_every_s: time between two absences, begin to begin.
        away_s: how long an absence lasts.
    """

    def __init__(
        self,
        clips: list[np.ndarray],
        seed: int,
        *,
        fps: float = 30.0,
        drop_share: float = 0.02,
        resize_every_s: float = 7.0,
        unplug_every_s: float = 30.0,
        away_s: float = 5.0,
    ) -> None:
        self._clips = clips
        self._rng = np.random.default_rng(seed)
        self._fps = fps
        self._drop_share = drop_share
        self._resize_every_s = resize_every_s
        self._unplug_every_s = unplug_every_s
        self.away_s = away_s
        self._back_s = self._next_s = 0.0
        self._leaves_s = time.perf_counter() + unplug_every_s
        self._place, self._size = 0, _SIZES[0]
        self.dropped = self.resized = self.unplugged = self.handles = 0

    @property
    def away(self) -> bool:
        """Whether it is unplugged."""
        return time.perf_counter() < self._back_s

    def open(self, source: str) -> RestlessCamera:
        """Opens it, whatever the source is called; see `FrameSource`."""
        self.handles += 1
        return self

    def isOpened(self) -> bool:  # noqa: N802
        """As OpenCV's."""
        return not self.away

    def get(self, prop: int) -> float:
        """As OpenCV's: returns the frame rate, and no number of frames."""
        return self._fps if prop == cv2.CAP_PROP_FPS else -1.0

    def release(self) -> None:
        """As OpenCV's."""
        self.handles -= 1

    def read(self) -> tuple[bool, np.ndarray | None]:
        """As OpenCV's: waits for the next frame."""
        if self.away:
            time.sleep(_READ_AGAIN_S)
            return False, None
        self._next_s = max(self._next_s + 1 / self._fps, time.perf_counter())
        time.sleep(max(self._next_s - time.perf_counter(), 0.0))
        self._place += 1
        if time.perf_counter() > self._leaves_s:
            self.unplugged += 1
            self._back_s = self._leaves_s + self.away_s
            self._leaves_s += self._unplug_every_s
            return False, None
        if self._rng.random() < 1 / (self._resize_every_s * self._fps):
            self.resized += 1
            self._size = _SIZES[self._rng.integers(len(_SIZES))]
        if self._rng.random() < self._drop_share:
            self.dropped += 1
            return False, None
        return True, cv2.resize(self._clips[self._place % len(self._clips)], self._size[::-1])
