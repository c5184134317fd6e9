"""What happens to each frame after the model: drawing, showing, writing."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np

from demo.errors import OutputError
from demo.outputs.jsonl import JsonlSink
from demo.outputs.snapshot import save_snapshot
from demo.outputs.video_sink import VideoSink
from demo.tracking.people import Seen
from demo.tracking.pipeline import Pipeline
from demo.ui.blur import blur_faces
from demo.ui.meters import DelayMeter, RateMeter
from demo.ui.view import caption, render
from demo.ui.window import Key, Window
from demo.video.capture import FrameSource
from pose import Skeleton

_POLL_S = 0.1
# A camera that gave nothing for so long is told of in the window.
_SILENCE_S = 1.0
_NOTE_S = 2.0


@dataclass(frozen=True)
class Look:
    """How frames are drawn.

    Attributes:
        mirror: as in a mirror.
        numbers: with each person's number.
        blur: with faces made unrecognisable.
    """

    mirror: bool
    numbers: bool
    blur: bool


class Drawer:
    """Draws frames with their people, and counts them.

    Attributes:
        frames: how many were drawn.
        frames_with_person: how many of them with a person or more.
        first_person_s: when the first of these was on the screen, or would have been, by `time.perf_counter`.
        delay: how old frames are when they are shown.

    Args:
        skeleton: of the people.
        look: how to draw.
        live: whether frames have an age that is worth showing.
    """

    def __init__(self, skeleton: Skeleton, look: Look, *, live: bool) -> None:
        """Begins with no frame."""
        self._skeleton = skeleton
        self._look = look
        self._live = live
        self._rate = RateMeter()
        self.delay = DelayMeter()
        self.frames = 0
        self.frames_with_person = 0
        self.first_person_s: float | None = None

    def draw(self, seen: Seen) -> np.ndarray:
        """Returns the frame with its people, uint8 RGB (H, W, 3)."""
        self.frames += 1
        self.frames_with_person += bool(seen.people)
        picture, people = seen.frame.picture, seen.people
        if self._look.blur:
            picture = blur_faces(picture, people, self._skeleton)
        return render(picture, people, self._skeleton, mirror=self._look.mirror, numbers=self._look.numbers)

    def shown(self, seen: Seen) -> None:
        """Notes that a frame is on the screen, or would be."""
        now_s = time.perf_counter()
        if seen.people and self.first_person_s is None:
            self.first_person_s = now_s
        if self._live:
            self.delay.add(seen.frame.time_s, now_s)

    def text(self, seen: Seen) -> str:
        """What the window says of a frame; called once for each that it shows."""
        parts = [f"{self._rate.tick(time.perf_counter()):.0f} frames/s"]
        if (delay_ms := self.delay.recent_ms) is not None:
            parts.append(f"{delay_ms:.0f} ms late")
        return "  ".join(parts if seen.people else [*parts, "looking for a person"])


class Loop:
    """Takes what the model saw, until something ends it.

    Args:
        source: of the frames.
        drawer: draws them.
        window: shows them.
        video: keeps them.
        lines: keeps the people.
        snapshots: folder for pictures kept by a key.
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
        """Runs until something ends it; returns what did."""
        start_s = time.perf_counter()
        while not stopped():
            seen = pipeline.read(_POLL_S)
            if seen is None and pipeline.ended:
                return "the stream ended"
            if self._quits(0.0):
                return "stopped from the window"
            if seen is None:
                self._tell_silence()
                continue
            self._take(seen)
            # A file is shown at its own pace; a camera sets the pace itself.
            if self._window and not self._source.live:
                if self._quits(start_s + seen.frame.time_s - time.perf_counter()):
                    return "stopped from the window"
            if self._drawer.frames == max_frames:
                return f"--max-frames {max_frames} reached"
        return "stopped by a signal"

    def _take(self, seen: Seen) -> None:
        self._view = self._drawer.draw(seen)
        if self._window:
            text = self._drawer.text(seen)
            noted = time.perf_counter() < self._note_until_s
            self._window.show(caption(self._view.copy(), self._note if noted else text))
        self._drawer.shown(seen)
        if self._video:
            self._video.write(self._view, seen.frame.time_s, seen.frame.duration_s)
        if self._lines:
            self._lines.write(seen)

    def _quits(self, seconds: float) -> bool:
        """Answers the window's keys for so long; True where the user quits."""
        if not self._window:
            return False
        keys = self._window.keys(seconds)
        if Key.SNAPSHOT in keys and self._drawer.frames:
            try:
                self._tell(f"kept {save_snapshot(self._view, self._snapshots, datetime.now())}")
            except OutputError as error:
                self._tell(f"error: {error}")
        return Key.QUIT in keys

    def _tell(self, note: str) -> None:
        print(note, flush=True)
        self._note, self._note_until_s = note, time.perf_counter() + _NOTE_S

    def _tell_silence(self) -> None:
        silent_s = self._source.silent_s
        if self._window and self._source.live and silent_s > _SILENCE_S:
            text = f"no picture from {self._source.source} for {silent_s:.0f} s; waiting for it"
            self._window.show(caption(self._view.copy(), text))
