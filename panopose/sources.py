"""Frames of videos, cameras and arrays, for `panopose.Model`."""

from __future__ import annotations

import time
import warnings
from collections.abc import Iterable, Iterator

import numpy as np

from demo.batch.inputs import read_frames
from demo.tracking.people import TrackedPerson
from demo.video.capture import Frame as VideoFrame
from demo.video.capture import FrameSource
from panopose.images import as_image
from pose import box_from_joints


def check_min_score(min_score: float | None) -> None:
    """Raises ValueError for a score outside 0 to 1; None is the model's own."""
    if min_score is not None and not 0 <= min_score <= 1:
        raise ValueError(f"min_score must be 0 to 1, got {min_score}; leave it out for the model's own")


def read_source(source: FrameSource) -> Iterator[VideoFrame]:
    """Yields the frames of a video or camera; what was wrong with a file becomes a warning at its end."""
    yield from read_frames(source)
    for note in source.notes:
        warnings.warn(note, stacklevel=2)


def as_frames(images: Iterable[np.ndarray], fps: float | None) -> Iterator[VideoFrame]:
    """Yields images as frames at a rate, or at the times at which they arrive if `fps` is None."""
    for number, image in enumerate(images):
        yield VideoFrame(as_image(image), time.perf_counter() if fps is None else number / fps, number)


def box_of(person: TrackedPerson) -> np.ndarray:
    """Box around the visible joints; around all of them where none is visible."""
    box_px = person.box_px
    return box_from_joints(person.xy_px, np.isfinite(person.xy_px).all(axis=1)) if box_px is None else box_px
