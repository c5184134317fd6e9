"""A person's joints in time, prepared for the analysis of gait: gaps filled, smoothed, with the way up and ahead."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from scipy.ndimage import gaussian_filter1d

from demo.offline.gaps import fill, runs
from demo.offline.low_pass import low_pass
from pose.space.points import main_axis

#: Gaps of a joint up to this long are interpolated.
MAX_GAP_S = 0.25
#: Joints of gait are low-pass filtered at this frequency (Winter, "Biomechanics and Motor Control of Human Movement").
CUTOFF_HZ = 6.0
#: Fewer frames per second cannot tell events from one another.
MIN_FPS = 15.0
# The direction ahead is that of the pelvis, averaged over about a stride; slower than this, in legs per second, is
# standing.
_HEADING_S, _STANDING = 0.5, 0.15
SIDES = ("left", "right")


@dataclass(frozen=True, eq=False)
class Motion:
    """The joints of one person in time.

    Attributes:
        xyz: float64 (F, J, D) in `unit`; D is 3 in space and 2 in an image, where y points down. NaN is not known.
        joints: J names, such as left_heel.
        fps: frames per second.
        unit: "mm" or "px".
        up: float64 (D,), the unit vector against gravity.
    """

    xyz: np.ndarray
    joints: tuple[str, ...]
    fps: float
    unit: str
    up: np.ndarray

    @classmethod
    def of(cls, xyz: np.ndarray, joints: Sequence[str], fps: float, *, unit: str = "mm") -> Motion:
        """Makes a motion of raw joints; up is the axis from ankles to shoulders, or hips, in the mean.

        Raises:
            ValueError: there are too few frames per second, the shape does not fit, or hips and ankles are not known.
        """
        xyz = np.asarray(xyz, np.float64)
        if xyz.ndim != 3 or xyz.shape[1] != len(joints) or xyz.shape[2] not in (2, 3):
            raise ValueError(f"joints in time have shape (F, {len(joints)}, 2 or 3), got {xyz.shape}")
        if not fps >= MIN_FPS:
            raise ValueError(f"gait needs {MIN_FPS:g} frames per second or more, got {fps:g}")
        motion = cls(xyz, tuple(joints), float(fps), unit, np.zeros(xyz.shape[2]))
        lacking = [f"{side}_{stem}" for side in SIDES for stem in ("hip", "ankle") if not motion.has(f"{side}_{stem}")]
        if lacking:
            raise ValueError(f"gait needs hips and ankles, and {', '.join(lacking)} is not known in any frame")
        top = "shoulder" if all(motion.has(f"{side}_shoulder") for side in SIDES) else "hip"
        spans = [motion.joint(f"{side}_{top}") - motion.joint(f"{side}_ankle") for side in SIDES]
        return replace(motion, up=main_axis(np.concatenate(spans)))

    def has(self, joint: str) -> bool:
        """Whether a joint is known in any frame."""
        return joint in self.joints and bool(np.isfinite(self.joint(joint)).all(axis=1).any())

    def joint(self, name: str) -> np.ndarray:
        """A joint, (F, D)."""
        return self.xyz[:, self.joints.index(name)]

    def filtered(self) -> Motion:
        """The motion with short gaps interpolated, low-pass filtered between longer ones."""
        times_s, xyz = np.arange(len(self.xyz)) / self.fps, np.full_like(self.xyz, np.nan)
        for joint in range(len(self.joints)):
            values = self.xyz[:, joint].copy()
            measured = np.isfinite(values).all(axis=1)
            for run in runs(measured, times_s, MAX_GAP_S, np.zeros(len(values), np.int64)):
                fill(values, times_s, run)
                part = slice(run[0], run[-1] + 1)
                xyz[part, joint] = low_pass(values[part], times_s[part], "butterworth", CUTOFF_HZ)
        return replace(self, xyz=xyz)

    @cached_property
    def pelvis(self) -> np.ndarray:
        """The middle of the hips, (F, D)."""
        return (self.joint("left_hip") + self.joint("right_hip")) / 2

    @cached_property
    def leg(self) -> float:
        """The length of a leg in `unit`: the 90th percentile of the way from the hip over the knee to the ankle.

        In an image a leg looks shorter than it is whenever it points towards the camera or away.
        """
        lengths = []
        for side in SIDES:
            points = [self.joint(f"{side}_{stem}") for stem in ("hip", "knee", "ankle") if self.has(f"{side}_{stem}")]
            lengths.append(sum(np.linalg.norm(b - a, axis=1) for a, b in zip(points, points[1:], strict=False)))
        return float(np.nanpercentile(np.concatenate(lengths), 90))

    def height(self, points: np.ndarray) -> np.ndarray:
        """How high points (..., D) lie, (...)."""
        return points @ self.up

    def level(self, points: np.ndarray) -> np.ndarray:
        """Points or vectors (..., D) without their height."""
        return points - self.height(points)[..., None] * self.up

    @cached_property
    def speed(self) -> np.ndarray:
        """How fast the pelvis moves over ground, averaged over about a stride, (F, D) in `unit` per second."""
        known = np.isfinite(self.pelvis).all(axis=1)
        if known.sum() < 2:
            return np.full_like(self.pelvis, np.nan)
        frames = np.arange(len(known))
        level = self.level(self.pelvis)
        filled = np.stack([np.interp(frames, frames[known], axis) for axis in level[known].T], axis=1)
        return np.gradient(gaussian_filter1d(filled, _HEADING_S * self.fps, axis=0, mode="nearest"), axis=0) * self.fps

    @cached_property
    def ahead(self) -> np.ndarray:
        """The unit vector ahead over ground, (F, D): where the pelvis moves, or, where it hardly does, the feet point.

        NaN where neither is known.
        """
        pace = np.linalg.norm(self.speed, axis=1)
        standing = ~(pace > _STANDING * self.leg)
        ahead = np.where(standing[:, None], self._feet, self.speed)
        return ahead / np.maximum(np.linalg.norm(ahead, axis=1), 1e-9)[:, None]

    @cached_property
    def _feet(self) -> np.ndarray:
        """Where the feet point, averaged over about a stride, (F, D); NaN without heels and toes."""
        pairs = [(f"{side}_heel", f"{side}_big_toe") for side in SIDES]
        pairs = [pair for pair in pairs if all(map(self.has, pair))]
        if not pairs:
            return np.full_like(self.pelvis, np.nan)
        # The length does not matter, so the sum serves as the mean of those that are known.
        total = np.nansum([self.level(self.joint(toe) - self.joint(heel)) for heel, toe in pairs], axis=0)
        return gaussian_filter1d(total, _HEADING_S * self.fps, axis=0, mode="nearest")
