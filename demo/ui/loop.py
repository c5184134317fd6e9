"""Draws, shows and writes each frame after the model."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np

from demo.errors import OutputError
from demo.lifting.panel import space_panel
from demo.outputs.jsonl import JsonlSink
from demo.outputs.snapshot import save_snapshot
from demo.outputs.video_sink import VideoSink
from demo.tracking.people import TrackedFrame
from demo.tracking.pipeline import Pipeline
from demo.ui.blur import blur_faces
from demo.ui.meters import DelayMeter, RateMeter
from demo.ui.view import caption, render
from demo.ui.window import Key, Window
from demo.video.capture import FrameSource
from pose import Skeleton

_POLL_S = 0.1
# After this time without a frame the window says that the camera is silent.
_SILENCE_S = 1.0
_NOTE_S = 2.0


@dataclass(frozen=True)
class DrawOptions:
    """How frames are drawn.

    Attributes:
        mirror: mirrors them.
        numbers: writes each person's number.
        blur: makes faces unrecognizable.
        space: of the joints in space, which are drawn beside the frame; None if there are none.
    """

    mirror: bool
    numbers: bool
    blur: bool
    space: Skeleton | None = None


class Drawer:
    """Draws frames with their people, and counts them.

    Attributes:
        frames: number of frames drawn.
        frames_with_person: number of frames with one or more people.
        first_person_s: when the first of these was, or would have been, on the screen, by `time.perf_counter`.
        delay: from reading to showing a frame.

    Args:
        skeleton: of the people.
        options: how to draw.
        live: measures the delay, which a file does not have.
    """

    def __init__(self, skeleton: Skeleton, options: DrawOptions, *, live: bool) -> None:
        self._skeleton = skeleton
        self._options = options
        self._live = live
        self._rate = RateMeter()
        self.delay = DelayMeter()
        self.frames = 0
        self.frames_with_person = 0
        self.first_person_s: float | None = None

    def draw(self, tracked: TrackedFrame) -> np.ndarray:
        """Returns the frame with its people, uint8 RGB (H, W, 3)."""
        self.frames += 1
        self.frames_with_person += bool(tracked.people)
        picture, people = tracked.frame.picture, tracked.people
        if self._options.blur:
            picture = blur_faces(picture, people, self._skeleton)
        mirror, space = self._options.mirror, self._options.space
        drawn = render(picture, people, self._skeleton, mirror=mirror, numbers=self._options.numbers)
        if space is None:
            return drawn
        panel = space_panel(people, space, len(drawn), tracked.frame.time_s, mirror=mirror)
        return np.concatenate([drawn, panel], axis=1)

    def shown(self, tracked: TrackedFrame) -> None:
        """Records that a frame is, or would be, on the screen."""
        now_s = time.perf_counter()
        if tracked.people and self.first_person_s is None:
            self.first_person_s = now_s
        if self._live:
            self.delay.add(tracked.frame.time_s, now_s)

    def text(self, tracked: TrackedFrame) -> str:
        """The window's line of text; called once for each frame that it shows."""
        parts = [f"{self._rate.tick(time.perf_counter()):.0f} frames/s"]
        if (delay_ms := self.delay.recent_ms) is not None:
            parts.append(f"{delay_ms:.0f} ms late")
        return "  ".join(parts if tracked.people else [*parts, "looking for a person"])


class Loop:
    """Draws, shows and writes the frames of a source.

    Args:
        source: of the frames.
        drawer: draws them.
        window: shows them.
        video: takes the drawn frames.
        lines: takes the people.
        snapshots: folder for the snapshots of the key s.
    """

    def __init__(
        self,
        source: FrameSource,
        drawer: Drawer,
        *,
        window: Window | None = None,
        video: VideoSink | None = None,
        lines: JsonlSink | None = None,
        snapshots: Path = Path("."),
    ) -> None:
        """Begins with no frame."""
        self._source = source
        self._drawer = drawer
        self._window = window
        self._video = video
        self._lines = lines
        self._snapshots = snapshots
        self._view = np.zeros((*source.size, 3), np.uint8)
        self._note, self._note_until_s = "", 0.0

    def run(self, pipeline: Pipeline, max_frames: int | None, stopped: Callable[[], bool]) -> str:
        """Runs until something ends it; returns the reason."""
        start_s = time.perf_counter()
        while not stopped():
            tracked = pipeline.read(_POLL_S)
            if tracked is None and pipeline.ended:
                return "the stream ended"
            if self._quits(0.0):
                return "stopped from the window"
            if tracked is None:
                self._show_silence()
                continue
            self._take(tracked)
            # A file is shown at its own speed; a camera sets the speed itself.
            if self._window and not self._source.live:
                if self._quits(start_s + tracked.frame.time_s - time.perf_counter()):
                    return "stopped from the window"
            if self._drawer.frames == max_frames:
                return f"--max-frames {max_frames} reached"
        return "stopped by a signal"

    def _take(self, tracked: TrackedFrame) -> None:
        self._view = self._drawer.draw(tracked)
        if self._window:
            text = self._drawer.text(tracked)
            noted = time.perf_counter() < self._note_until_s
            self._window.show(caption(self._view.copy(), self._note if noted else text))
        self._drawer.shown(tracked)
        if self._video:
            self._video.write(self._view, tracked.frame.time_s, tracked.frame.duration_s)
        if self._lines:
            self._lines.write(tracked)

    def _quits(self, seconds: float) -> bool:
        """Handles the window's keys for `seconds`; True if the user quits."""
        if not self._window:
            return False
        keys = self._window.keys(seconds)
        if Key.SNAPSHOT in keys and self._drawer.frames:
            try:
                self._notify(f"kept {save_snapshot(self._view, self._snapshots, datetime.now())}")
            except OutputError as error:
                self._notify(f"error: {error}")
        return Key.QUIT in keys

    def _notify(self, note: str) -> None:
        print(note, flush=True)
        self._note, self._note_until_s = note, time.perf_counter() + _NOTE_S

    def _show_silence(self) -> None:
        silent_s = self._source.silent_s
        if self._window and self._source.live and silent_s > _SILENCE_S:
            text = f"no picture from {self._source.source} for {silent_s:.0f} s; waiting for it"
            self._window.show(caption(self._view.copy(), text))
