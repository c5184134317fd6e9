"""One person who is tracked: where the joints were, how they move, and where they are expected next."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pose.crop import box_from_joints
from pose.tracking.motion import MOTION

#: Time constant of the mean of colors.
_COLORS_S = 1.0


@dataclass(frozen=True, eq=False)
class PredictedPerson:
    """A tracked person as expected at some time.

    Attributes:
        number: the lasting number.
        xy_px: float64 (J, 2).
        scores: float64 (J,) as last measured; 0 for joints that have not been seen for half a second.
        length_px: the longer side of the box around the joints, smoothed.
        missed_s: time since the person was last seen; 0 in the frame in which they are.
    """

    number: int
    xy_px: np.ndarray
    scores: np.ndarray
    length_px: float
    missed_s: float


class TrackState:
    """The motion of one person.

    Args:
        xy_px: float (J, 2).
        scores: float (J,).
        trusted: bool (J,), which joints are measured well enough to be used; one at least.
        time_s: when.
        colors: float (J, 3), NaN where not known.
    """

    def __init__(
        self, xy_px: np.ndarray, scores: np.ndarray, trusted: np.ndarray, time_s: float, colors: np.ndarray
    ) -> None:
        self.number = 0
        self.sightings = 1
        # When the track began, and when its number was first given, maybe to an earlier track.
        self.started_s = self.since_s = self.time_s = time_s
        self.xy_px = np.array(xy_px, np.float64)
        self.scores = np.array(scores, np.float64)
        self.speed_px_s = np.zeros(2)
        self.length_px = _length(self.xy_px, trusted)
        self.colors = colors
        self._joint_time_s = np.where(trusted, time_s, -np.inf)

    @property
    def area_px(self) -> float:
        """The person's area for OKS."""
        return MOTION.area_share * self.length_px**2

    def known(self) -> np.ndarray:
        """Bool (J,): the joints that were measured when the person was last seen, or shortly before."""
        return self.time_s - self._joint_time_s <= MOTION.joint_s

    @property
    def ever(self) -> np.ndarray:
        """Bool (J,): the joints that were measured at any time; those that are not seen move with the others."""
        return np.isfinite(self._joint_time_s)

    def predict(self, time_s: float) -> np.ndarray:
        """The joints at a time, float64 (J, 2): the whole body moved at its speed, which decays."""
        reach_s = MOTION.slowing_s * _weight(time_s - self.time_s, MOTION.slowing_s)
        return self.xy_px + self.speed_px_s * reach_s

    def spread(self, time_s: float) -> float:
        """How far off a predicted joint may be, as a constant of OKS beside the joint's own."""
        drift = MOTION.first_drift_per_s if self.sightings == 1 else MOTION.drift_per_s
        return drift / 2 * (time_s - self.time_s)

    def see(
        self, xy_px: np.ndarray, scores: np.ndarray, trusted: np.ndarray, time_s: float, colors: np.ndarray
    ) -> None:
        """Takes the person's joints in another frame.

        Speeds are those from sighting to sighting, also after a time unseen, never those of predictions (the
        observation-centric update of Cao et al., arXiv 2203.14360).
        """
        elapsed_s = time_s - self.time_s
        common = trusted & self.known()
        moved = np.median(xy_px[common] - self.xy_px[common], axis=0) if common.any() else np.zeros(2)
        if common.any():
            self.speed_px_s += _weight(elapsed_s, MOTION.speed_s) * (moved / elapsed_s - self.speed_px_s)
        kept = np.where(self.ever[:, None], self.xy_px + moved, xy_px)
        self.xy_px = np.where(trusted[:, None], xy_px, kept)
        self.scores = np.array(scores, np.float64)
        change = np.nan_to_num(_weight(elapsed_s, _COLORS_S) * (colors - self.colors))
        self.colors = np.where(np.isnan(self.colors), colors, self.colors + change)
        length_px = _length(self.xy_px, trusted)
        constant_s = MOTION.growing_s if length_px > self.length_px else MOTION.shrinking_s
        self.length_px += _weight(elapsed_s, constant_s) * (length_px - self.length_px)
        self._joint_time_s = np.where(trusted, time_s, self._joint_time_s)
        self.time_s = time_s
        self.sightings += 1

    def at(self, time_s: float) -> PredictedPerson:
        """The person as expected at a time."""
        scores = np.where(self.known(), self.scores, 0)
        return PredictedPerson(self.number, self.predict(time_s), scores, self.length_px, time_s - self.time_s)


def area_px(xy_px: np.ndarray, trusted: np.ndarray) -> float:
    """The area for OKS of a person (J, 2) by the joints that are trusted (J,), in square px."""
    return MOTION.area_share * _length(xy_px, trusted) ** 2


def _weight(elapsed_s: float, constant_s: float) -> float:
    return 1 - float(np.exp(-elapsed_s / constant_s))


def _length(xy_px: np.ndarray, trusted: np.ndarray) -> float:
    return float(max(box_from_joints(xy_px, trusted)[2:].max(), 1.0))
