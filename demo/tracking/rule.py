"""When tracks start and end."""

from __future__ import annotations

from dataclasses import dataclass, replace

_OWN_SCORES = {"joint_score": 0.1, "found_score": 0.25, "lost_score": 0.2}


@dataclass(frozen=True)
class FollowRule:
    """When a person counts as found and as lost.

    The three scores are the model's own where they are not given, and 0.1, 0.25 and 0.2 where it has none: see
    `for_model`.

    Attributes:
        joint_score: from this score on a joint is trusted: drawn, and counted into the person's box.
        found_score: the confidence (see `confidence`) that a person is taken up with.
        lost_score: below this confidence a frame is a miss.
        lost_after: number of misses in a row after which the person is lost.
        refinements: most closer looks before a person is taken up, each around the joints of the last.
        search_every_s: while someone is followed, how often to look around. A model that has only ever seen
            people may follow a table.
        better_by: how much more confident it must be of another to change over, when nobody more may be followed.
        smallest_share: of the frame's shorter side, the least that a person's square may measure: a few wrong joints
            must not zoom in on a spot. Lower it for people who are further off.
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
        """Checks the ranges."""
        scores = [getattr(self, name) for name in _OWN_SCORES]
        backwards = None not in scores and self.lost_score > self.found_score
        if not all(0 <= score <= 1 for score in scores if score is not None) or backwards:
            raise ValueError(
                "scores must lie in 0..1 and lost_score must not exceed found_score, got joint_score="
                f"{self.joint_score}, lost_score={self.lost_score}, found_score={self.found_score}"
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

    def for_model(self, own: dict[str, float]) -> FollowRule:
        """Fills in the scores that are not given.

        Args:
            own: those of `joint_score`, `found_score` and `lost_score` that the model's description gives.

        Raises:
            ValueError: a score given and one filled in do not fit.
        """
        filled = {name: own.get(name, usual) for name, usual in _OWN_SCORES.items() if getattr(self, name) is None}
        try:
            return replace(self, **filled)
        except ValueError as error:
            scores = ", ".join(f"{name}={score}" for name, score in filled.items())
            raise ValueError(
                f"{error}; of these the model's own are {scores}: give fitting ones beside yours"
            ) from error
