"""When tracks start and end."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass

# What a model knows of itself.
_OWN = ("joint_score", "found_score", "lost_score", "box_scale", "box_shift")


@dataclass(frozen=True)
class FollowRule:
    """When tracks start and end.

    Confidence is the mean score of the better half of the main joints (`demo.tracking.estimator.confidence`). What is
    None is the model's own, or the default of `CompleteRule`; see `for_model`.

    Attributes:
        joint_score: minimum score of a joint to be drawn and to count towards the person's box.
        found_score: minimum confidence to start tracking a person. Confidence is the mean score of the better half of
            the joints of arms and legs, or of all joints in skeletons of another kind; where the joints come from a
            model that sees everybody, times its own score of the person.
        lost_score: below this confidence a frame is a miss.
        lost_after: number of consecutive misses that ends a track.
        refinements: maximum number of closer estimates before a track starts, each around the joints of the last.
        search_every_s: seconds between searches of the whole frame while someone is tracked. A model trained on people
            alone may follow a table until then.
        better_by: margin of confidence by which someone else replaces a tracked person when no more may be tracked.
        smallest_share: minimum side of a person's square, as a share of the frame's shorter side, so that a few wrong
            joints do not zoom in on a spot. Lower it for people who are further off.
        box_scale: the longer side of a person's box, as a multiple of that of the box around the joints. By default as
            in the people that the model was trained on, or 1.
        box_shift: how much lower the center of a person's box is than that of the joints', as a share of the joints'
            longer side. By default as in the people that the model was trained on, or 0.
    """

    joint_score: float | None = None
    found_score: float | None = None
    lost_score: float | None = None
    lost_after: int = 5
    refinements: int = 2
    search_every_s: float = 1.0
    better_by: float = 0.1
    smallest_share: float = 0.05
    box_scale: float | None = None
    box_shift: float | None = None

    def __post_init__(self) -> None:
        joint, found, lost = self.joint_score, self.found_score, self.lost_score
        backwards = None not in (joint, found, lost) and lost > found  # type: ignore[operator]
        if not all(0 <= score <= 1 for score in (joint, found, lost) if score is not None) or backwards:
            raise ValueError(
                "scores must lie in 0..1 and lost_score must not exceed found_score, got joint_score="
                f"{joint}, lost_score={lost}, found_score={found}"
            )
        if not (self.search_every_s > 0 and self.better_by >= 0):
            raise ValueError(
                "search_every_s must be above 0 and better_by 0 or more, got "
                f"search_every_s={self.search_every_s}, better_by={self.better_by}"
            )
        if not 0 < self.smallest_share <= 1:
            raise ValueError(f"smallest_share must be above 0 and at most 1, got {self.smallest_share}")
        if self.box_scale is not None and not 0 < self.box_scale < math.inf:
            raise ValueError(f"box_scale must be above 0, got {self.box_scale}")
        if self.box_shift is not None and not -10 < self.box_shift < 10:
            raise ValueError(f"box_shift must lie between -10 and 10, got {self.box_shift}")
        if self.lost_after < 1 or self.refinements < 0:
            raise ValueError(
                "lost_after must be 1 or more and refinements 0 or more, got "
                f"lost_after={self.lost_after}, refinements={self.refinements}"
            )

    def for_model(self, own: dict[str, float]) -> CompleteRule:
        """Fills in what is None.

        Args:
            own: those of the three scores, `box_scale` and `box_shift` that the model's description gives.

        Raises:
            ValueError: a given score and one filled in contradict each other.
        """
        filled = {name: own.get(name, getattr(CompleteRule, name)) for name in _OWN if getattr(self, name) is None}
        try:
            return CompleteRule(**asdict(self) | filled)
        except ValueError as error:
            scores = ", ".join(f"{name}={score}" for name, score in filled.items() if name.endswith("score"))
            raise ValueError(
                f"{error}; of these the model's own are {scores}: give fitting ones beside yours"
            ) from error


@dataclass(frozen=True)
class CompleteRule(FollowRule):
    """A `FollowRule` without None."""

    joint_score: float = 0.1
    found_score: float = 0.25
    lost_score: float = 0.2
    box_scale: float = 1.0
    box_shift: float = 0.0
