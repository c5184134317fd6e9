"""Draws the skeleton of the person before a camera, or in a video.

    python -m demo.webcam
    python -m demo.webcam --source video.mp4 --no-window --output out.mp4
    python -m demo.webcam --source rtsp://host/stream --model runs/resnet/export

Press q or Esc, close the window, or press Ctrl-C to stop. The output video holds what the window shows.
Frames of a camera that come while the model works are dropped; of a file every frame is shown and written.

Exit codes:
    0: the stream ended, `--max-frames` was reached, or the user stopped it. The output video is finished.
    2: wrong arguments, no exported model, or an output that cannot be written.
    3: no such camera or file, or it gives no picture.
    4: no display to open a window on.
    130: Ctrl-C before the first frame.
"""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import tyro

from demo.artefact import check_export, newest_export
from demo.capture import Frame, FrameSource
from demo.errors import DemoError
from demo.follow import Follower, FollowRule
from demo.one_euro import OneEuro
from demo.sink import VideoSink, check_output
from demo.view import RateMeter, caption, render
from demo.window import Window
from pose import Skeleton

_POLL_S = 0.1


@dataclass(frozen=True)
class Options:
    """Draws the skeleton of the person before a camera, or in a video.

    Attributes:
        source: a camera's number, a video file, or the URL of a stream.
        model: folder of an exported model; by default the newest one under `runs/*/export`.
        output: video to write: .mp4, .mov, .mkv or .avi.
        window: show a window; q or Esc closes it.
        mirror: show live cameras as a mirror does. Files are never mirrored.
        max_frames: stop after so many frames.
        runs: where training runs and their exports lie.
        smooth_cutoff_hz: one-euro filter of the joints: cutoff at rest. Lower it against jitter.
        smooth_beta: one-euro filter of the joints: Hz for each crop side per second. Raise it against lag.
        follow: when a person counts as found and as lost.
    """

    source: str = "0"
    model: Path | None = None
    output: Path | None = None
    window: bool = True
    mirror: bool = True
    max_frames: int | None = None
    runs: Path = Path("runs")
    smooth_cutoff_hz: float = 1.5
    smooth_beta: float = 5.0
    follow: FollowRule = field(default_factory=FollowRule)

    def __post_init__(self) -> None:
        """Checks the values."""
        if self.max_frames is not None and self.max_frames < 1:
            raise ValueError(f"--max-frames must be 1 or more, got {self.max_frames}; leave it out for all frames")
        OneEuro(self.smooth_cutoff_hz, self.smooth_beta)
        if self.output is None:
            return
        check_output(self.output)
        if self.output.exists() and Path(self.source).exists() and self.output.samefile(self.source):
            raise ValueError(f"--output {str(self.output)!r} is the source itself; choose another name")


class Reader:
    """From frames to pictures with a skeleton: follows the person, smooths the joints and draws them."""

    def __init__(self, follower: Follower, skeleton: Skeleton, options: Options, *, mirror: bool) -> None:
        """Begins with no frame read."""
        self._follower = follower
        self._skeleton = skeleton
        self._joint_score = options.follow.joint_score
        self._smooth = OneEuro(options.smooth_cutoff_hz, options.smooth_beta)
        self._mirror = mirror
        self._rate = RateMeter()
        self.frames = 0
        self.frames_with_person = 0

    def __call__(self, frame: Frame) -> np.ndarray:
        """Returns what to show for a frame, uint8 RGB (H, W, 3)."""
        pose = self._follower.update(frame.picture, frame.time_s)
        xy_px = shown = None
        if pose is None:
            self._smooth.reset()
        else:
            if pose.fresh:
                self._smooth.reset()
            shown = pose.scores >= self._joint_score
            side_px = pose.crop.scale * pose.crop.size
            xy_px = self._smooth(np.where(shown[:, None], pose.xy_px, np.nan), frame.time_s, unit=side_px)
        self.frames += 1
        self.frames_with_person += pose is not None
        rate = f"{self._rate.tick(time.perf_counter()):.0f} frames/s"
        text = rate if pose is not None else f"{rate}  looking for a person"
        return render(frame.picture, xy_px, shown, self._skeleton, text=text, mirror=self._mirror)


@contextmanager
def _stop_signals() -> Iterator[list[int]]:
    """Collects the first Ctrl-C or SIGTERM, so that it does not break into a write; a second ends at once."""
    received: list[int] = []

    def note(number: int, _: object) -> None:
        received.append(number)
        signal.signal(number, before[number])

    before = {number: signal.signal(number, note) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield received
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _loop(
    source: FrameSource,
    reader: Reader,
    window: Window | None,
    sink: VideoSink | None,
    max_frames: int | None,
    stopped: list[int],
) -> str:
    """Runs until something ends it; returns what did."""
    start_s = time.perf_counter()
    while not stopped:
        frame = source.read(_POLL_S)
        if frame is None and source.ended:
            return "the stream ended"
        if window and window.wants_quit():
            return "stopped from the window"
        if frame is None:
            continue
        view = reader(frame)
        if sink:
            sink.write(view, frame.time_s)
        if window:
            window.show(view)
            # A file is shown at its own pace; a camera sets the pace itself.
            if not source.live and window.wait(start_s + frame.time_s - time.perf_counter()):
                return "stopped from the window"
        if reader.frames == max_frames:
            return f"--max-frames {max_frames} reached"
    return "stopped by a signal"


def run(options: Options) -> None:
    """Runs the demo.

    Raises:
        DemoError: no model, no source, no display, or an output that cannot be written.
    """
    folder = check_export(options.model) if options.model else newest_export(options.runs)
    with ExitStack() as stack:
        source = stack.enter_context(FrameSource(options.source))
        window = stack.enter_context(Window("PanoPose", source.size)) if options.window else None
        if window:
            window.show(caption(np.zeros((*source.size, 3), np.uint8), "loading the model"))
        # TensorFlow takes seconds to import; whatever else may be wrong has been told by now.
        from demo.runtime import PoseModel

        model = PoseModel(folder)
        follower = Follower(model.predict, model.skeleton, model.size, model.padding, options.follow)
        reader = Reader(follower, model.skeleton, options, mirror=options.mirror and source.live)
        model.warm_up(1)
        # Before the sink, so that a signal does not break into the finishing of the video either.
        stopped = stack.enter_context(_stop_signals())
        sink = None
        if options.output:
            sink = stack.enter_context(VideoSink(options.output, source.fps, by_time=source.live))
        print(
            f"{options.source}: {source.size[1]} x {source.size[0]} px, model {folder}. Ctrl-C stops.",
            flush=True,
        )
        start_s = time.perf_counter()
        reason = _loop(source, reader, window, sink, options.max_frames, stopped)
        seconds = time.perf_counter() - start_s
    _report(reason, reader, source, seconds, options.output)


def _report(reason: str, reader: Reader, source: FrameSource, seconds: float, output: Path | None) -> None:
    announced = f" of {source.count} announced" if reader.frames < source.count else ""
    rate = reader.frames / seconds
    print(f"{reason}: {reader.frames} frames{announced} in {seconds:.1f} s ({rate:.1f} frames/s), ", end="")
    print(f"a person in {reader.frames_with_person}" + (f"; wrote {output}" if output and reader.frames else ""))


def main() -> int:
    """Returns the exit code; see the top of the file."""
    try:
        run(tyro.cli(Options, prog="python -m demo.webcam", description=__doc__))
    except DemoError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
