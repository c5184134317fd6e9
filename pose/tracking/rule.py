"""When tracks of people start, go on and end."""

from __future__ import annotations

from dataclasses import dataclass, fields


@dataclass(frozen=True)
class TrackRule:
    """When tracks of people start, go on and end. Times are in seconds, so that the frame rate does not matter.

    What they do at 5 to 60 frames per second is measured by `python -m benchmarks.tracks`.

    Attributes:
        joint_score: minimum score of a joint that is compared.
        low_score: minimum score of a person who may continue a track.
        high_score: minimum score of a person who may start one, and who is compared first.
        sure_score: minimum score of a person who starts one at once.
        birth_s: for how long, and twice at least, others must be seen until they get a number.
        beside_iou: from this overlap of boxes on, a person is beside another; nobody starts a track there at once.
        beside_s: for how long somebody new must be seen there until they get a number.
        lost_s: for how long a track is expected where its motion leads while its person is not seen; if frames are
            rarer, in the next one.
        remember_s: for how long after being seen last a person who appears near there gets the old number.
        min_oks: minimum OKS of a person to the track's predicted joints.
        min_low_oks: the same for people below `high_score`.
        min_iou: minimum overlap of the boxes of those whom OKS does not match.
        duplicate_oks: a person who has this OKS to one of higher score is a duplicate, and gets no number.
        flow: whether joints are also expected where optical flow moves them, in frames whose image is given.
        colors: whether the colors at the joints help to tell who comes back, likewise.
    """

    joint_score: float = 0.1
    low_score: float = 0.1
    high_score: float = 0.3
    sure_score: float = 0.8
    birth_s: float = 0.1
    beside_iou: float = 0.3
    beside_s: float = 0.5
    lost_s: float = 1.0
    remember_s: float = 10.0
    min_oks: float = 0.2
    min_low_oks: float = 0.4
    min_iou: float = 0.3
    duplicate_oks: float = 0.8
    flow: bool = False
    colors: bool = True

    def __post_init__(self) -> None:
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        shares = {name: value for name, value in values.items() if name.endswith(("score", "oks", "iou"))}
        if not all(0 <= value <= 1 for value in shares.values()):
            raise ValueError(f"scores and similarities of a track rule must lie in 0..1, got {shares}")
        if not self.low_score <= self.high_score <= self.sure_score:
            raise ValueError(
                "low_score must not exceed high_score, nor this sure_score, got "
                f"{self.low_score}, {self.high_score} and {self.sure_score}"
            )
        if not 0 <= self.birth_s <= self.beside_s:
            raise ValueError(
                "birth_s must be 0 or more and must not exceed beside_s, got "
                f"birth_s={self.birth_s}, beside_s={self.beside_s}"
            )
        if not 0 <= self.lost_s <= self.remember_s:
            raise ValueError(
                "lost_s must be 0 or more and must not exceed remember_s, got "
                f"lost_s={self.lost_s}, remember_s={self.remember_s}"
            )
