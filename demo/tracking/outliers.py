"""Joints that leap away for a frame and back, as a net's do where two places look alike to it."""

from __future__ import annotations

import numpy as np

#: Maximum motion in a thirtieth of a second, as a share of the unit: for someone 1.7 m tall, 7.6 m/s.
REACH = 0.12
#: At higher frame rates the reach stays that of this time: jitter does not shrink with the time between frames.
FRAME_S = 1 / 30
#: Maximum number of consecutive frames for which a joint is held.
MAX_HELD = 2


class OutlierGate:
    """Holds a joint that leaps in its place until a second frame confirms the new place, for two frames at most.

    A leap of one frame is suppressed; real motion faster than that is delayed by up to two frames.
    """

    def __init__(self) -> None:
        self._joints: np.ndarray | None = None

    def __call__(self, joints_px: np.ndarray, time_s: float, unit: float) -> np.ndarray:
        """Filters the joints of the next frame.

        Args:
            joints_px: float (J, 2). NaN means not measured: it is returned as NaN, and the joint's next measurement is
                accepted wherever it is.
            time_s: when the frame was taken; must increase from call to call.
            unit: length in px that `REACH` is a share of: the side of the person's crop.

        Returns:
            float64 (J, 2): the joints, or for those that leap the last returned ones.
        """
        joints_px = np.asarray(joints_px, np.float64)
        if self._joints is None:
            self._joints = self._measured = joints_px
            self._frames_held = np.zeros(len(joints_px), int)
            self._time_s = time_s
        reach = REACH * unit * max(1.0, (time_s - self._time_s) / FRAME_S)
        confirmed = (self._frames_held > 0) & (np.linalg.norm(joints_px - self._measured, axis=1) <= reach)
        leaps = np.linalg.norm(joints_px - self._joints, axis=1) > reach
        held = leaps & ~confirmed & (self._frames_held < MAX_HELD)
        self._frames_held = np.where(held, self._frames_held + 1, 0)
        self._joints = np.where(held[:, None], self._joints, joints_px)
        self._measured, self._time_s = joints_px, time_s
        return self._joints.copy()
