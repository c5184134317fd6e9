"""Draws the skeletons of the people in front of a camera, or in a video.

    python -m demo.webcam
    python -m demo.webcam --source video.mp4 --no-window --output out.mp4
    python -m demo.webcam --space
    python -m demo.webcam --mesh runs/hmr
    python -m demo.webcam --source rtsp://host/stream --model runs/resnet/export --people 2 --jsonl people.jsonl

Press s for a snapshot; q or Esc, closing the window, or Ctrl-C to stop. The output video holds what the window shows,
without the line of text. Camera frames that arrive while the model is busy are dropped; of a file every frame is shown
and written.

Exit codes:
    0: the stream ended, `--max-frames` was reached, or the user stopped it. The output video is finished.
    2: wrong arguments, no exported model, or an output that cannot be written.
    3: no such camera or file, or it yields no frame.
    4: no display to open a window on.
    130: Ctrl-C before the first frame.
"""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from demo import IMPORTED_S
from demo.bodies.live import BodyTracker
from demo.bodies.model import MeshOptions
from demo.errors import ArgumentError, DemoError
from demo.finding.choose import tracker_for
from demo.lifting.lifter import LiftOptions
from demo.lifting.live import LiftedTracker
from demo.outputs.files import check_outputs
from demo.outputs.jsonl import JsonlSink
from demo.outputs.video_sink import VideoSink, check_ending
from demo.runtimes.options import ModelOptions, check_people
from demo.tracking.one_euro import OneEuro
from demo.tracking.people import SMOOTH_BETA, SMOOTH_CUTOFF_HZ, SmoothedTracker, TrackedFrame
from demo.tracking.pipeline import Pipeline
from demo.tracking.rule import FollowRule
from demo.ui.loop import Drawer, DrawOptions, Loop
from demo.ui.view import caption
from demo.ui.window import Window
from demo.video.capture import Frame, FrameSource, Opener, file_path, open_capture, opens_slowly
from machine.command import run_command
from machine.words import counted

if TYPE_CHECKING:
    from demo.runtimes.pose_model import PoseModel


@dataclass(frozen=True)
class Options(ModelOptions, LiftOptions, MeshOptions):
    """Draws the skeletons of the people in front of a camera, or in a video.

    Attributes:
        source: a camera's number, a video file, or the URL of a stream.
        people: maximum number of people to track; at most four where squares are searched (--finder).
        output: video to write: .mp4, .mov, .mkv or .avi.
        jsonl: file to write, with a line of JSON for each frame: its people, their boxes, joints and scores.
        snapshots: folder for the snapshots of the key s.
        window: show a window; q or Esc closes it.
        mirror: mirror live cameras. Files are never mirrored.
        blur_faces: make the faces of tracked people unrecognizable, and the whole frame while nobody is tracked.
        max_frames: stop after this number of frames.
        smooth_cutoff_hz: one-euro filter of the joints: cutoff at rest. Lower it against jitter.
        smooth_beta: one-euro filter of the joints: Hz for each crop side per second. Raise it against lag.
        follow: when tracks start and end.
    """

    source: str = "0"
    people: int = 1
    output: Path | None = None
    jsonl: Path | None = None
    snapshots: Path = Path(".")
    window: bool = True
    mirror: bool = True
    blur_faces: bool = False
    max_frames: int | None = None
    smooth_cutoff_hz: float = SMOOTH_CUTOFF_HZ
    smooth_beta: float = SMOOTH_BETA
    follow: FollowRule = field(default_factory=FollowRule)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.max_frames is not None and self.max_frames < 1:
            raise ArgumentError(f"--max-frames must be 1 or more, got {self.max_frames}; leave it out for all frames")
        check_people(self.people)
        self.check_lifting()
        OneEuro(self.smooth_cutoff_hz, self.smooth_beta)
        if self.output is not None:
            check_ending(self.output)
        check_outputs({"--output": self.output, "--jsonl": self.jsonl}, {"the source": file_path(self.source)})


@contextmanager
def _stop_signals() -> Iterator[list[int]]:
    """Collects the first Ctrl-C or SIGTERM, so that it does not interrupt a write; a second one ends at once."""
    received: list[int] = []

    def note(number: int, _: object) -> None:
        received.append(number)
        signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)

    # A signal that the command was started to ignore, as by `&` in a script, stays ignored.
    heeded = [number for number in (signal.SIGINT, signal.SIGTERM) if signal.getsignal(number) is not signal.SIG_IGN]
    before = {number: signal.signal(number, note) for number in heeded}
    try:
        yield received
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def run(options: Options, opener: Opener = open_capture, *, begun_s: float | None = None) -> None:
    """Runs the demo.

    Args:
        options: of the command line.
        opener: opens the source; see `FrameSource`.
        begun_s: when the command started, by `time.perf_counter`; None is now.

    Raises:
        DemoError: no model, no source, no display, or an output that cannot be written.
    """
    begun_s = time.perf_counter() if begun_s is None else begun_s
    path = options.find_export(options.people)
    with ExitStack() as stack:
        loader = stack.enter_context(ThreadPoolExecutor(1))
        # While a camera opens, as both are slow. A file's errors are reported before a runtime is imported.
        loading = loader.submit(options.load, path, options.people) if opens_slowly(options.source) else None
        source = stack.enter_context(FrameSource(options.source, opener))
        loading = loading or loader.submit(options.load, path, options.people)
        window = stack.enter_context(Window("PanoPose", source.size)) if options.window else None
        if window:
            window.show(caption(np.zeros((*source.size, 3), np.uint8), "loading the model"))
        model = loading.result()
        track: Callable[[Frame], TrackedFrame] = _tracker(model, options)
        if (lifter := options.load_lifter(model.skeleton)) is not None:
            track = LiftedTracker(track, lifter)
        space = None if lifter is None else lifter.skeleton
        if (bodies := options.load_mesh()) is not None:
            track = BodyTracker(track, bodies, options.smooth_cutoff_hz, options.smooth_beta)
        # Before the outputs, so that a signal does not interrupt their completion either.
        stopped = stack.enter_context(_stop_signals())
        video = lines = None
        if options.output:
            video = stack.enter_context(VideoSink(options.output, source.fps))
        if options.jsonl:
            lines = stack.enter_context(JsonlSink(options.jsonl, model.skeleton, space))
        draw_options = DrawOptions(options.mirror and source.live, options.people > 1, options.blur_faces, space)
        drawer = Drawer(model.skeleton, draw_options, live=source.live)
        loop = Loop(source, drawer, window=window, video=video, lines=lines, snapshots=options.snapshots)
        threads = "" if model.threads is None else f" on {counted(model.threads, 'thread')}"
        size = f"{source.size[1]} x {source.size[0]} px"
        print(f"{options.source}: {size}, model {path}, {model.runtime}{threads}. Ctrl-C stops.", flush=True)
        start_s = time.perf_counter()
        with Pipeline(source, track) as pipeline:
            reason = loop.run(pipeline, options.max_frames, lambda: bool(stopped))
        seconds = time.perf_counter() - start_s
    _report(reason, drawer, source, seconds, begun_s, [file for file in (options.output, options.jsonl) if file])


def _tracker(model: PoseModel, options: Options) -> SmoothedTracker:
    rule = options.follow.for_model(model.follow)
    tracker = tracker_for(model, rule, options.people)
    return SmoothedTracker(tracker, rule.joint_score, options.smooth_cutoff_hz, options.smooth_beta)


def _report(
    reason: str, drawer: Drawer, source: FrameSource, seconds: float, begun_s: float, written: list[Path]
) -> None:
    announced = f" of {source.count} announced" if drawer.frames < source.count else ""
    parts = [
        f"{reason}: {counted(drawer.frames, 'frame')}{announced} in {seconds:.1f} s "
        f"({drawer.frames / seconds:.1f} frames/s)",
        f"a person in {drawer.frames_with_person}",
    ]
    if drawer.first_person_s is not None:
        parts.append(f"first skeleton {drawer.first_person_s - begun_s:.1f} s after the start")
    if (middle_ms := drawer.delay.quantile_ms(0.5)) is not None:
        parts.append(f"{middle_ms} ms from camera to screen (19 of 20 within {drawer.delay.quantile_ms(0.95)} ms)")
    files = [f"; wrote {path}" for path in written if path.exists() and drawer.frames]
    print(", ".join(parts) + "".join(files))
    for note in source.notes:
        print(note)


def main(arguments: list[str] | None = None) -> int:
    """Returns the exit code; see the top of the file."""
    return run_command(
        Options,
        partial(run, begun_s=IMPORTED_S),
        arguments,
        prog="python -m demo.webcam",
        description=__doc__,
        errors=(DemoError, ValueError),
    )


if __name__ == "__main__":
    sys.exit(main())
