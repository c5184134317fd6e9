"""A video with the joints of a recording drawn onto it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from demo.offline.bodies import BodyTracks
from demo.offline.recording import Recording
from demo.outputs.video_sink import VideoSink
from demo.ui.view import render
from demo.video.capture import Frame


def annotate(
    frames: Iterable[Frame], recording: Recording, out: Path, fps: float, bodies: BodyTracks | None = None
) -> None:
    """Writes the frames with their people completely or not at all; filled joints are hollow.

    Args:
        frames: all frames of the video that was recorded.
        recording: the joints of everybody.
        out: of the video; see `VideoSink`.
        fps: nominal frames per second of the source.
        bodies: of everybody, which are drawn in place of skeletons.

    Raises:
        OutputError: it cannot be written.
    """
    numbers = len(recording.people) > 1
    sink = VideoSink(out, fps)
    try:
        for frame, (index, people) in zip(frames, recording.iter_people(), strict=False):
            if bodies is not None:
                people = tuple(replace(one, body=bodies.at(index, one.number)) for one in people)
            view = render(frame.picture, people, recording.skeleton, mirror=False, numbers=numbers)
            sink.write(view, frame.time_s, frame.duration_s)
        sink.close()
    finally:
        sink.discard()
