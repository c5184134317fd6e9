"""Joints that leap away for a moment and back, as a net's do where two places look alike to it."""

from __future__ import annotations

import numpy as np

#: Farther than this share of the unit in a thirtieth of a second is a leap: for someone 1.7 m tall, 7.6 m/s.
REACH = 0.12
#: Frames that follow faster have no smaller reach: what nets tremble by does not shrink with the time between.
FRAME_S = 1 / 30
#: Frames for which a joint may be held.
MOST_HELD = 2


class LeapGate:
    """Holds a joint that leaps where it was, until a second frame finds it where it leapt to, or for two frames.

    So a leap of one frame is not seen at all, and what moves faster than that is late by up to two.
    """

    def __init__(self) -> None:
        """Begins without a past."""
        self._joints: np.ndarray | None = None

    def __call__(self, joints_px: np.ndarray, time_s: float, unit: float) -> np.ndarray:
        """Takes the joints of one more frame.

        Args:
            joints_px: float (J, 2). NaN is "not measured": it comes out as NaN, and the joint is believed when it is
                measured again.
            time_s: when it was taken; later than the call before.
            unit: length in px of which leaps are a share: the side of the person's crop.

        Returns:
            float64 (J, 2): the joints, or for those that leap what came out before.
        """
        joints_px = np.asarray(joints_px, np.float64)
        if self._joints is None:
            self._joints = self._measured = joints_px
            self._frames_held = np.zeros(len(joints_px), int)
            self._time_s = time_s
        reach = REACH * unit * max(1.0, (time_s - self._time_s) / FRAME_S)
        confirmed = (self._frames_held > 0) & (np.linalg.norm(joints_px - self._measured, axis=1) <= reach)
        leaps = np.linalg.norm(joints_px - self._joints, axis=1) > reach
        held = leaps & ~confirmed & (self._frames_held < MOST_HELD)
        self._frames_held = np.where(held, self._frames_held + 1, 0)
        self._joints = np.where(held[:, None], self._joints, joints_px)
        self._measured, self._time_s = joints_px, time_s
        return self._joints.copy()
