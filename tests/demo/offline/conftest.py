"""Recordings without a video."""

from collections.abc import Callable

import numpy as np
import pytest

from demo.offline.recording import PersonTrack, Recording
from pose import LSP14, Skeleton

JOINT_SCORE = 0.2


@pytest.fixture(scope="session")
def make_recording() -> Callable[..., Recording]:
    """Makes a recording: `make_recording({number: (start, xy_px (T, J, 2), scores (T, J))}, frames=..., fps=30)`.

    Scores of None are 0.9, and 0 where the joint is NaN.
    """

    def make(people: dict, frames: int, fps: float = 30.0, skeleton: Skeleton = LSP14) -> Recording:
        tracks = {}
        for number, (start, xy_px, scores) in people.items():
            xy_px = np.asarray(xy_px, np.float32)
            known = np.isfinite(xy_px).all(axis=2)
            scores = np.where(known, 0.9 if scores is None else scores, 0).astype(np.float32)
            tracks[number] = PersonTrack(start, xy_px, scores, np.zeros(scores.shape, bool))
        return Recording(skeleton, np.arange(frames) / fps, (240, 320), JOINT_SCORE, tracks)

    return make
