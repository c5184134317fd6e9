"""A video of somebody who walks: everybody is followed as `panopose video` does, and contacts are shown as frames."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from demo.batch.find import rule_of
from demo.batch.inputs import read_frames
from demo.errors import ArgumentError, SourceError
from demo.offline.recording import Recording
from demo.offline.smooth import Smoothing
from demo.offline.track import track_video
from demo.runtimes.options import ModelOptions
from demo.ui.view import render
from demo.video.capture import FrameSource
from gait.events import Event
from gait.inputs.read import READERS
from gait.inputs.tracks import Tracks

#: How many contacts are shown.
SHOWN = 4
_HEIGHT_PX = 420
# Left and right, leaps and gaps are repaired; the filter is that of `Motion.filtered`, so that its cutoff holds.
_UNFILTERED = Smoothing(cutoff_hz=1e4)


@dataclass(frozen=True)
class Picture:
    """A frame, cut out around the person, with the skeleton.

    Attributes:
        text: what it shows.
        jpeg: the file's content.
    """

    text: str
    jpeg: bytes


def follow(path: Path, options: ModelOptions) -> Recording:
    """Follows everybody in a video.

    Raises:
        DemoError: there is no such video or model.
    """
    known = f"gait reads {', '.join(READERS)} and videos"
    if not path.is_file():
        raise ArgumentError(f"{str(path)!r} does not exist; {known}")
    try:
        source = FrameSource(str(path))
    except SourceError as error:
        raise ArgumentError(f"{error}; {known}") from error
    model = options.load(options.find_export(None))
    return track_video(source, model, rule_of(model, None), smoothing=_UNFILTERED)


def tracks_of(recording: Recording) -> Tracks:
    """The joints of sufficient score, and those filled in between."""
    people = {}
    for number, track in recording.people.items():
        xy_px = np.where(recording.shown(track)[..., None] > 0, track.xy_px.astype(np.float64), np.nan)
        people[number] = (recording.times_s[track.frames], xy_px)
    return Tracks(recording.skeleton.joints, "px", people)


def contact_pictures(
    path: Path, recording: Recording, person: int, events: Sequence[Event], start_s: float
) -> list[Picture]:
    """Some successive contacts in the middle of the walk.

    Args:
        path: of the video.
        recording: of it.
        person: who walks.
        events: of the person.
        start_s: when their times begin.
    """
    contacts = [one for one in events if one.kind == "contact"]
    first = max(0, (len(contacts) - SHOWN) // 2)
    chosen = contacts[first : first + SHOWN]
    frames = [int(np.abs(recording.times_s - start_s - one.time_s).argmin()) for one in chosen]
    walker = {
        frame: (one, box_px)
        for frame, seen in recording.iter_people()
        for one in seen
        if frame in frames and one.number == person and (box_px := one.box_px) is not None
    }
    side_px = max((max(box_px[2:]) for _, box_px in walker.values()), default=0.0)
    drawn: dict[int, np.ndarray] = {}
    for frame in read_frames(FrameSource(str(path))) if walker else ():
        if frame.index in walker:
            one, box_px = walker[frame.index]
            view = render(frame.picture, [one], recording.skeleton, mirror=False)
            drawn[frame.index] = _cut(view, box_px, side_px)
        if frame.index >= max(walker):
            break
    return [
        Picture(f"{one.side} foot touches the ground, {start_s + one.time_s:.2f} s", _jpeg(drawn[frame]))
        for one, frame in zip(chosen, frames, strict=True)
        if frame in drawn
    ]


def _cut(view: np.ndarray, box_px: np.ndarray, side_px: float) -> np.ndarray:
    """The part of a frame around a box, 1.4 of a length high and 1.1 wide."""
    height, width = 1.4 * side_px, 1.1 * side_px
    x, y = box_px[:2] + box_px[2:] / 2
    top, left = max(0, round(y - height / 2)), max(0, round(x - width / 2))
    return view[top : round(y + height / 2), left : round(x + width / 2)]


def _jpeg(view: np.ndarray) -> bytes:
    scale = _HEIGHT_PX / view.shape[0]
    kind = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    view = cv2.resize(view, None, fx=scale, fy=scale, interpolation=kind)
    picture = cv2.cvtColor(view, cv2.COLOR_RGB2BGR)
    return cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 88])[1].tobytes()
