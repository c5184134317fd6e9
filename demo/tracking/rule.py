"""When tracks start and end."""

from __future__ import annotations

from dataclasses import asdict, dataclass

_SCORES = ("joint_score", "found_score", "lost_score")


@dataclass(frozen=True)
class FollowRule:
    """When tracks start and end.

    Confidence is the mean score of the better half of the limb joints (`demo.tracking.estimator.confidence`). A score
    that is None is the model's own, or the default of `CompleteRule`; see `for_model`.

    Attributes:
        joint_score: minimum score of a joint to be drawn and to count towards the person's box.
        found_score: minimum confidence to start tracking a person. Confidence is the mean score of the better half of
            the limb joints.
        lost_score: below this confidence a frame is a miss.
        lost_after: number of consecutive misses that ends a track.
        refinements: maximum number of closer estimates before a track starts, each around the joints of the last.
        search_every_s: seconds between searches of the whole frame while someone is tracked. A model trained on people
            alone may follow a table until then.
        better_by: margin of confidence by which someone else replaces a tracked person when no more may be tracked.
        smallest_share: minimum side of a person's square, as a share of the frame's shorter side, so that a few wrong
            joints do not zoom in on a spot. Lower it for people who are further off.
    """

    joint_score: float | None = None
    found_score: float | None = None
    lost_score: float | None = None
    lost_after: int = 5
    refinements: int = 2
    search_every_s: float = 1.0
    better_by: float = 0.1
    smallest_share: float = 0.05

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
        if self.lost_after < 1 or self.refinements < 0:
            raise ValueError(
                "lost_after must be 1 or more and refinements 0 or more, got "
                f"lost_after={self.lost_after}, refinements={self.refinements}"
            )

    def for_model(self, own: dict[str, float]) -> CompleteRule:
        """Fills in the scores that are None.

        Args:
            own: those of `joint_score`, `found_score` and `lost_score` that the model's description gives.

        Raises:
            ValueError: a given score and one filled in contradict each other.
        """
        filled = {name: own.get(name, getattr(CompleteRule, name)) for name in _SCORES if getattr(self, name) is None}
        try:
            return CompleteRule(**asdict(self) | filled)
        except ValueError as error:
            scores = ", ".join(f"{name}={score}" for name, score in filled.items())
            raise ValueError(
                f"{error}; of these the model's own are {scores}: give fitting ones beside yours"
            ) from error


@dataclass(frozen=True)
class CompleteRule(FollowRule):
    """A `FollowRule` all of whose scores are set."""

    joint_score: float = 0.1
    found_score: float = 0.25
    lost_score: float = 0.2
