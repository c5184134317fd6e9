"""How close an exported file comes to the Keras model, and how fast it is."""

from __future__ import annotations

from dataclasses import dataclass

from export.differences import is_point
from pose.tasks import Answer


@dataclass(frozen=True)
class Difference:
    """How far the values of one answer are from Keras's.

    Attributes:
        answer: the answer.
        greatest: the largest difference.
        most: the 99th percentile.
        mean: the mean difference.
        limit: maximum of `most`.
        jpeg: as `most`, from JPEGs, if the file takes them.
        jpeg_limit: maximum of `jpeg`.
    """

    answer: Answer
    greatest: float
    most: float
    mean: float
    limit: float
    jpeg: float = 0.0
    jpeg_limit: float = 0.0

    @property
    def passed(self) -> bool:
        """Whether 99 % of the values are within the limit."""
        return self.most <= self.limit and self.jpeg <= self.jpeg_limit

    @property
    def is_distance(self) -> bool:
        """Whether it is a distance of points."""
        return is_point(self.answer)


@dataclass(frozen=True)
class Measurement:
    """How close one file came in one runtime, and how fast.

    Attributes:
        path: the file in the export's folder, "." for the SavedModel.
        runtime: the runtime's name and version.
        differences: each answer's, by name.
        latency_ms: for each number of threads, the median time of one sample in ms.
        bytes: of all files of the format.
    """

    path: str
    runtime: str
    differences: dict[str, Difference]
    latency_ms: dict[int, float]
    bytes: int

    @property
    def passed(self) -> bool:
        """Whether every answer is within its limit."""
        return all(one.passed for one in self.differences.values())

    def to_json(self) -> dict:
        """An entry of formats.json."""
        entry: dict = {"path": self.path, "runtime": self.runtime}
        for name, one in self.differences.items():
            error, limit = _keys(name)
            parts = {"max": one.greatest, "99 %": one.most, "mean": one.mean} if one.is_distance else {"99 %": one.most}
            entry[error] = {part: round(value, 5) for part, value in parts.items()}
            entry[limit] = one.limit
        entry |= {
            "passed": self.passed,
            "latency_ms": {str(threads): round(value, 3) for threads, value in self.latency_ms.items()},
            "bytes": self.bytes,
        }
        if self.path == ".":
            entry |= {f"jpeg_{_keys(name)[0]}": {"99 %": round(one.jpeg, 5)} for name, one in self.differences.items()}
        return entry


def _keys(name: str) -> tuple[str, str]:
    """The names of an answer's error and limit in formats.json."""
    known = {"joints_xy_px": ("error_px", "limit_px"), "scores": ("score_error", "limit_score")}
    return known.get(name, (f"{name}_error", f"{name}_limit"))
