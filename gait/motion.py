"""A person's joints in time, prepared for the analysis of gait: gaps filled, smoothed, with the way up and ahead."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from scipy.ndimage import gaussian_filter1d, percentile_filter

from demo.offline.gaps import fill, runs
from demo.offline.low_pass import low_pass
from pose.space.points import main_axis

#: Gaps of a joint up to this long are interpolated.
MAX_GAP_S = 0.25
#: Joints of gait are low-pass filtered at this frequency (Winter, "Biomechanics and Motor Control of Human Movement").
CUTOFF_HZ = 6.0
#: Fewer frames per second cannot tell events from one another.
MIN_FPS = 15.0
# The direction ahead is that of the pelvis, averaged over about a stride.
_HEADING_S = 0.5
#: A pelvis slower than this, in legs per second, stays where it is.
STANDING = 0.15
SIDES = ("left", "right")
#: Thigh and shank as a share of the height (Drillis and Contini, in Winter's book: 0.245 and 0.246).
LEG_SHARE = 0.491
_MM = {"mm": 1.0}


@dataclass(frozen=True, eq=False)
class Motion:
    """The joints of one person in time.

    Attributes:
        xyz: float64 (F, J, D) in `unit`; D is 3 in space and 2 in an image, where y points down. NaN is not known.
        joints: J names, such as left_heel.
        fps: frames per second.
        unit: "mm" or "px".
        up: float64 (D,), the unit vector against gravity.
        start_s: time of the first frame in the recording.
        mm_per_unit: millimeters in a `unit`; None where that is not known.
    """

    xyz: np.ndarray
    joints: tuple[str, ...]
    fps: float
    unit: str
    up: np.ndarray
    start_s: float = 0.0
    mm_per_unit: float | None = None

    @classmethod
    def of(
        cls, xyz: np.ndarray, joints: Sequence[str], fps: float, *, unit: str = "mm", start_s: float = 0.0
    ) -> Motion:
        """Makes a motion of raw joints; up is the axis from ankles to shoulders, or hips, in the mean.

        Raises:
            ValueError: there are too few frames per second, the shape does not fit, or hips and ankles are not known.
        """
        xyz = np.asarray(xyz, np.float64)
        if xyz.ndim != 3 or xyz.shape[1] != len(joints) or xyz.shape[2] not in (2, 3):
            raise ValueError(f"joints in time have shape (F, {len(joints)}, 2 or 3), got {xyz.shape}")
        if not fps >= MIN_FPS:
            raise ValueError(f"gait needs {MIN_FPS:g} frames per second or more, got {fps:g}")
        motion = cls(xyz, tuple(joints), float(fps), unit, np.zeros(xyz.shape[2]), start_s, _MM.get(unit))
        lacking = [f"{side}_{stem}" for side in SIDES for stem in ("hip", "ankle") if not motion.has(f"{side}_{stem}")]
        if lacking:
            raise ValueError(
                f"gait needs hips and ankles, and {', '.join(lacking)} is not known in any frame; record the whole legs"
            )
        top = "shoulder" if all(motion.has(f"{side}_shoulder") for side in SIDES) else "hip"
        spans = [motion.joint(f"{side}_{top}") - motion.joint(f"{side}_ankle") for side in SIDES]
        return replace(motion, up=main_axis(np.concatenate(spans)))

    def of_height(self, height_m: float) -> Motion:
        """The motion with a scale, from the person's height in m.

        Raises:
            ValueError: the scale is known already, or the height is none of a person.
        """
        if self.mm_per_unit is not None:
            raise ValueError("the recording is in millimeters; leave --height-m out")
        if not 0.5 <= height_m <= 2.5:
            raise ValueError(f"--height-m is a person's height, 0.5 to 2.5, got {height_m:g}")
        return replace(self, mm_per_unit=1000 * height_m * LEG_SHARE / self.leg)

    @property
    def seconds(self) -> float:
        """How long it lasts."""
        return len(self.xyz) / self.fps

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
        return float(np.nanpercentile(self._legs, 90))

    @cached_property
    def _legs(self) -> np.ndarray:
        """The way from the hip over the knee to the ankle of both legs, (2, F)."""
        lengths = []
        for side in SIDES:
            points = [self.joint(f"{side}_{stem}") for stem in ("hip", "knee", "ankle") if self.has(f"{side}_{stem}")]
            lengths.append(sum(np.linalg.norm(b - a, axis=1) for a, b in zip(points, points[1:], strict=False)))
        return np.array(lengths)

    @cached_property
    def enlargement(self) -> np.ndarray:
        """How large the person is in each frame (F,), averaged over about a stride; 1 where the leg is `leg` long.

        In an image whoever comes nearer grows; in space nobody does.
        """
        if self.xyz.shape[2] == 3:
            return np.ones(len(self.xyz))
        longer = smooth(np.fmax(*self._legs)[:, None], 0.0, self.fps)[:, 0]
        # Of the longer leg 80 % are shorter where 90 % of both are, as in `leg`.
        near = percentile_filter(longer, 80, size=max(1, round(2 * _HEADING_S * self.fps)), mode="nearest")
        return smooth(near[:, None], _HEADING_S, self.fps)[:, 0] / self.leg

    def height(self, points: np.ndarray) -> np.ndarray:
        """How high points (..., D) lie, (...)."""
        return points @ self.up

    def level(self, points: np.ndarray) -> np.ndarray:
        """Points or vectors (..., D) without their height."""
        return points - self.height(points)[..., None] * self.up

    @cached_property
    def speed(self) -> np.ndarray:
        """How fast the pelvis moves over ground, averaged over about a stride, (F, D) in `unit` per second."""
        level = self.level(self.pelvis)
        if np.isfinite(level).all(axis=1).sum() < 2:
            return np.full_like(level, np.nan)
        return np.gradient(smooth(level, _HEADING_S, self.fps), axis=0) * self.fps

    @cached_property
    def ahead(self) -> np.ndarray:
        """The unit vector ahead over ground, (F, D): where the pelvis moves, or where the person faces if it does not.

        NaN where neither is known.
        """
        pace = np.linalg.norm(self.speed, axis=1)
        standing = ~(pace > STANDING * self.leg)
        ahead = np.where(standing[:, None], self._facing, self.speed)
        return ahead / np.maximum(np.linalg.norm(ahead, axis=1), 1e-9)[:, None]

    @cached_property
    def _facing(self) -> np.ndarray:
        """Where the feet point, or else the knees bend, averaged over about a stride, (F, D); NaN without either."""

        def all_of(*stems: str) -> list[list[np.ndarray]]:
            sides = [[f"{side}_{stem}" for stem in stems] for side in SIDES]
            return [[self.joint(name) for name in names] for names in sides if all(map(self.has, names))]

        ways = [toe - heel for heel, toe in all_of("heel", "big_toe")]
        ways = ways or [knee - (hip + ankle) / 2 for hip, knee, ankle in all_of("hip", "knee", "ankle")]
        if not ways:
            return np.full_like(self.pelvis, np.nan)
        # The length does not matter, so the sum serves as the mean of those that are known.
        return gaussian_filter1d(
            np.nansum(self.level(np.array(ways)), axis=0), _HEADING_S * self.fps, axis=0, mode="nearest"
        )


def smooth(values: np.ndarray, seconds: float, fps: float) -> np.ndarray:
    """A series (F, K) averaged with a Gaussian of a standard deviation; rows with NaN are interpolated before."""
    known = np.isfinite(values).all(axis=1)
    frames = np.arange(len(values))
    filled = np.stack([np.interp(frames, frames[known], column) for column in values[known].T], axis=1)
    return gaussian_filter1d(filled, seconds * fps, axis=0, mode="nearest") if seconds else filled
