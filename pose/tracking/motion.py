"""How people move, are missed and come back: the constants that the tracker shares with the browser's."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Motion:
    """How people move, are missed and come back. A length is the longer side of the box around somebody's joints.

    Attributes:
        area_share: a person's area in OKS, as a share of the square of their length. Unlike the area of the box it does
            not shrink when arms and legs are closed.
        min_joints: OKS is used of people who have this many joints in common, or all where there are fewer.
        slowing_s: time constant with which a person who is not seen slows down.
        speed_s: time constant of the mean of speeds.
        growing_s: time constant of a length that grows.
        shrinking_s: time constant of a length that shrinks.
        drift_per_s: how much further off a joint may be with each second unseen, in square roots of the area.
        first_drift_per_s: the same as long as no speed is known.
        joint_s: for how long a joint is expected where it was on the body.
        missed_share: the similarity of a track falls by this share until it is lost, so that who is seen prevails.
        box_ratio: how much larger or smaller the box of someone may be than expected, where boxes alone tell who it is.
        back_lengths: how far from where someone was, or from the way they went on, they may come back, in lengths.
        back_lengths_per_s: the same to be added for each second since.
        back_ratio: how much larger or smaller they may be then.
        short_s: somebody who was seen shortly, for about this long, may be one of the others once more.
        short_cost: as unlikely to come back as from a place this many times as far as the furthest.
    """

    area_share: float = 0.2
    min_joints: int = 3
    slowing_s: float = 1.0
    speed_s: float = 0.15
    growing_s: float = 0.3
    shrinking_s: float = 1.5
    drift_per_s: float = 0.6
    first_drift_per_s: float = 1.2
    joint_s: float = 0.5
    missed_share: float = 0.3
    box_ratio: float = 1.5
    back_lengths: float = 1.0
    back_lengths_per_s: float = 0.3
    back_ratio: float = 1.6
    short_s: float = 0.5
    short_cost: float = 0.5


MOTION = Motion()
