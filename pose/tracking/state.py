"""One person who is tracked: where the joints were, how they move, and where they are expected next."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pose.crop import box_from_joints

#: A person's area in OKS, as a share of the square of their length, the longer side of the box around the joints.
#: Unlike that of the box it does not shrink when arms and legs are closed.
AREA_SHARE = 0.2
#: Time constants: a person who is not seen slows down, speeds are averaged, lengths grow and shrink, colors
#: are averaged.
_SLOWING_S, _SPEED_S, _GROWING_S, _SHRINKING_S, _COLORS_S = 1.0, 0.15, 0.3, 1.5, 1.0
#: How much further off a joint may be with each second since it was seen, in square roots of the area, and as long as
#: no speed is known.
_DRIFT_PER_S, _FIRST_DRIFT_PER_S = 0.6, 1.2
#: For how long a joint is expected where it was on the body.
_JOINT_S = 0.5


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
        return AREA_SHARE * self.length_px**2

    def known(self) -> np.ndarray:
        """Bool (J,): the joints that were measured when the person was last seen, or shortly before."""
        return self.time_s - self._joint_time_s <= _JOINT_S

    @property
    def ever(self) -> np.ndarray:
        """Bool (J,): the joints that were measured at any time; those that are not seen move with the others."""
        return np.isfinite(self._joint_time_s)

    def predict(self, time_s: float) -> np.ndarray:
        """The joints at a time, float64 (J, 2): the whole body moved at its speed, which decays."""
        return self.xy_px + self.speed_px_s * _SLOWING_S * (1 - np.exp(-(time_s - self.time_s) / _SLOWING_S))

    def spread(self, time_s: float) -> float:
        """How far off a predicted joint may be, as a constant of OKS beside the joint's own."""
        drift = _FIRST_DRIFT_PER_S if self.sightings == 1 else _DRIFT_PER_S
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
            self.speed_px_s += _weight(elapsed_s, _SPEED_S) * (moved / elapsed_s - self.speed_px_s)
        kept = np.where(self.ever[:, None], self.xy_px + moved, xy_px)
        self.xy_px = np.where(trusted[:, None], xy_px, kept)
        self.scores = np.array(scores, np.float64)
        change = np.nan_to_num(_weight(elapsed_s, _COLORS_S) * (colors - self.colors))
        self.colors = np.where(np.isnan(self.colors), colors, self.colors + change)
        length_px = _length(self.xy_px, trusted)
        constant_s = _GROWING_S if length_px > self.length_px else _SHRINKING_S
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
    return AREA_SHARE * _length(xy_px, trusted) ** 2


def _weight(elapsed_s: float, constant_s: float) -> float:
    return 1 - float(np.exp(-elapsed_s / constant_s))


def _length(xy_px: np.ndarray, trusted: np.ndarray) -> float:
    return float(max(box_from_joints(xy_px, trusted)[2:].max(), 1.0))
