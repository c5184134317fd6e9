"""What evaluations of joints in space share: the results, and what is said of a task's."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import numpy as np

from evaluate.predictor import Predictor
from pose import Skeleton
from pose.draw import COLORS
from pose.space.drawing import TRUE

Arrays = Mapping[str, np.ndarray]

_COLORS = {"true": TRUE, **{f"predicted: {side}": color for side, color in COLORS.items()}}


class Summary(Protocol):
    """The errors of N poses of J joints, (N, J) in mm; NaN where a joint is not known."""

    @property
    def errors(self) -> np.ndarray:
        """Those that the headline is the mean of."""

    @property
    def aligned(self) -> np.ndarray:
        """After a similarity."""

    @property
    def seen(self) -> np.ndarray:
        """Whether the net could see the joint, bool (N, J)."""

    def scalars(self) -> dict[str, float]:
        """Each figure by name; NaN for what cannot be measured."""


@dataclass(frozen=True)
class Subject:
    """How the answers of a task are reported.

    Attributes:
        noun: what is measured, one and several.
        figures: name, heading and unit of each figure; the first is the headline, in mm.
        tiles: headings of those that the report begins with.
        within_mm: a joint nearer than this is right.
        shown: what the pictures of the report show, in words.
        meanings: of terms in the tables.
        kinds: (labels, skeleton) -> what is broken down, a name, and the rows bool (N,) of each kind.
        notes: what a reader of the figures needs to know.
        draw: (evaluation, row) -> a picture, uint8 RGB.
        summarize: (answers, labels, skeleton) -> their errors; "joints_xyz_mm" (N, J, 3) is one of the answers.
        group: a record's key -> what only one of the worst is shown of, such as its clip.
        colors: of the pictures, by what they mean.
    """

    noun: tuple[str, str]
    figures: Sequence[tuple[str, str, str]]
    tiles: Sequence[str]
    within_mm: float
    shown: str
    meanings: Mapping[str, str]
    kinds: Callable[[Arrays, Skeleton], list[tuple[str, str, np.ndarray]]]
    notes: Callable[[SpaceEvaluation], list[str]]
    draw: Callable[[SpaceEvaluation, int], np.ndarray]
    summarize: Callable[[Arrays, Arrays, Skeleton], Summary]
    group: Callable[[bytes], bytes]
    colors: Mapping[str, tuple[int, int, int]] = field(default_factory=lambda: _COLORS)


@dataclass(frozen=True, eq=False)
class SpaceEvaluation:
    """The results of an evaluation, and what was evaluated.

    Attributes:
        subject: the task's.
        model: the model's path.
        records: the shard set's path.
        split: the split that was measured.
        skeleton: of the J joints.
        shown: (N, ...), what the net was shown.
        labels: arrays (N, ...) by name.
        predicted_mm: float (N, J, 3).
        summary: the net's figures.
        baseline: those of the mean pose.
        worst: rows with the greatest errors, of different clips or people.
        chosen: random rows.
        exact: whether a lifter was shown the true places.
        best: rows with the smallest errors, of different clips or people.
        answers: the net's, arrays (N, ...) by name.
    """

    subject: Subject
    model: Path
    records: Path
    split: str
    skeleton: Skeleton
    shown: np.ndarray
    labels: dict[str, np.ndarray]
    predicted_mm: np.ndarray
    summary: Summary
    baseline: Summary
    worst: list[int]
    chosen: list[int]
    exact: bool = False
    best: list[int] = field(default_factory=list)
    answers: Arrays = field(default_factory=dict)


def evaluated(
    subject: Subject,
    predictor: Predictor,
    records: Path,
    split: str,
    *,
    shown: np.ndarray,
    labels: dict[str, np.ndarray],
    answers: Arrays,
    mean: Arrays,
    gallery: int,
    seed: int,
    exact: bool = False,
) -> SpaceEvaluation:
    """Measures a net's answers and those of the mean pose alike, and chooses up to `gallery` rows of each kind."""
    summary = subject.summarize(answers, labels, predictor.skeleton)
    groups = [subject.group(key) for key in labels["key"]]
    return SpaceEvaluation(
        subject=subject,
        model=predictor.path,
        records=records,
        split=split,
        skeleton=predictor.skeleton,
        shown=shown,
        labels=labels,
        predicted_mm=answers["joints_xyz_mm"],
        summary=summary,
        baseline=subject.summarize(mean, labels, predictor.skeleton),
        worst=worst_rows(summary.errors, groups, gallery),
        chosen=random_rows(len(groups), gallery, seed),
        exact=exact,
        best=worst_rows(-summary.errors, groups, gallery),
        answers=answers,
    )


def worst_rows(errors: np.ndarray, groups: Sequence, count: int) -> list[int]:
    """The rows of errors (N, J) with the greatest mean, one of each group."""
    found: set = set()
    rows: list[int] = []
    known = np.flatnonzero(~np.isnan(errors).all(axis=1))
    for row in known[np.argsort(-np.nanmean(errors[known], axis=1))].tolist():
        if groups[row] not in found and len(rows) < count:
            found.add(groups[row])
            rows.append(row)
    return rows


def random_rows(count: int, number: int, seed: int) -> list[int]:
    """Up to `number` of `count` rows."""
    return sorted(np.random.default_rng(seed).permutation(count)[:number].tolist())
