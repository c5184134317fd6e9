"""Runs a tracker on clips with a made-up finder, and measures it."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import cv2
import numpy as np
from scipy.optimize import linear_sum_assignment

from benchmarks.tracks.clips import Clip, ClipFrame
from benchmarks.tracks.finder import FinderNoise, Found, find_people
from evaluate.tracks.metrics import MIN_SIMILARITY, FrameMatch, TrackFigures, track_figures
from evaluate.tracks.similarity import oks_of_people


class AnyTracker(Protocol):
    """What `PeopleTracker` and the baselines have in common."""

    def update(self, xy_px, scores, person_scores, time_s, picture=None) -> np.ndarray:
        """See `PeopleTracker.update`."""


@dataclass(frozen=True)
class Measured:
    """The figures, and the mean time of a frame in ms."""

    figures: TrackFigures
    frame_ms: float


def measure(make: Callable[[], AnyTracker] | None, clips: Sequence[Clip], noise: FinderNoise, seed: int) -> Measured:
    """Measures a tracker; None for numbers that are as good as these people allow: each person has their own."""
    videos, spent_s, frames = [], 0.0, 0
    for place, clip in enumerate(clips):
        tracker, matches = None if make is None else make(), []
        for frame, found in zip(clip.frames, find_people(clip, noise, seed + place), strict=True):
            start_s = time.perf_counter()
            similarity = _similarity(frame, found, clip)
            if tracker is None:
                numbers = _own_numbers(frame, similarity)
            else:
                start_s = time.perf_counter()
                numbers = tracker.update(found.xy_px, found.scores, found.person_scores, frame.time_s, frame.picture)
            spent_s, frames = spent_s + time.perf_counter() - start_s, frames + 1
            matches.append(FrameMatch(frame.numbers, numbers[numbers >= 0], similarity[:, numbers >= 0]))
        videos.append(matches)
    return Measured(track_figures(videos), 1e3 * spent_s / frames)


def shaken(clip: Clip, share: float, seed: int) -> Clip:
    """A clip with images as a restless camera sees it: each frame is moved by up to a share of the image's width."""
    random = np.random.default_rng(seed)
    frames = []
    for frame in clip.frames:
        height, width = frame.picture.shape[:2]
        shift = random.uniform(-share, share, 2) * width
        matrix = np.array([[1, 0, shift[0]], [0, 1, shift[1]]])
        picture = cv2.warpAffine(frame.picture, matrix, (width, height), borderMode=cv2.BORDER_REFLECT)
        frames.append(replace(frame, xy_px=frame.xy_px + shift, picture=picture))
    return replace(clip, frames=frames)


def _similarity(frame: ClipFrame, found: Found, clip: Clip) -> np.ndarray:
    return oks_of_people(frame.xy_px, frame.visible, np.zeros(len(frame.numbers)), found.xy_px, clip.skeleton.sigmas)


def _own_numbers(frame: ClipFrame, similarity: np.ndarray) -> np.ndarray:
    numbers = np.full(similarity.shape[1], -1, np.int64)
    for i, k in zip(*linear_sum_assignment(similarity, maximize=True), strict=True):
        if similarity[i, k] >= MIN_SIMILARITY:
            numbers[k] = frame.numbers[i]
    return numbers
