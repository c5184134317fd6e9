"""Predictions to correct: what is labeled, and the order in which it is worth correcting."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from demo.outputs.table import TableRow
from demo.tracking.estimator import confidence
from pose import SKELETONS, Skeleton


@dataclass(frozen=True, eq=False)
class Person:
    """A predicted person.

    Attributes:
        xy_px: float64 (J, 2) in the image, with (0, 0) the center of the top-left pixel.
        labeled: bool (J,), joints in the image whose score suffices.
        box_px: float64 (4,) x and y of the top-left corner, width and height, of the part in the image.
        score: the model's confidence, see `demo.tracking.estimator.confidence`.
    """

    xy_px: np.ndarray
    labeled: np.ndarray
    box_px: np.ndarray
    score: float

    @classmethod
    def from_row(cls, row: TableRow, size: tuple[int, int], skeleton: Skeleton, joint_score: float) -> Person:
        """Takes a person of an image of (height, width)."""
        xy_px, scores = np.asarray(row.xy_px, float), np.nan_to_num(np.asarray(row.scores, float))
        edge = np.array(size[::-1]) - 0.5
        inside = np.isfinite(xy_px).all(axis=1) & (xy_px >= -0.5).all(axis=1) & (xy_px < edge).all(axis=1)
        low = np.clip(row.box_px[:2], -0.5, edge)
        high = np.clip(row.box_px[:2] + row.box_px[2:], -0.5, edge)
        box_px = np.hstack([low, high - low])
        return cls(np.nan_to_num(xy_px), inside & (scores >= joint_score), box_px, confidence(scores, skeleton))


@dataclass(frozen=True, eq=False)
class LabeledImage:
    """An image with its predicted people.

    Attributes:
        name: inside the folder of images, with "/" on every system.
        size: height and width in px.
        people: of the image.
    """

    name: str
    size: tuple[int, int]
    people: tuple[Person, ...]

    @property
    def score(self) -> float:
        """That of the least certain person; 1 if there is nobody."""
        return min((person.score for person in self.people), default=1.0)


def least_certain(images: list[LabeledImage], keep: int | None, share: float | None) -> list[LabeledImage]:
    """Orders images by their score, lowest first, those without people last; by name where scores are equal.

    Args:
        images: to order.
        keep: how many to keep; None for all.
        share: which share of them to keep, rounded up; None for all.
    """
    ordered = sorted(images, key=lambda image: (not image.people, image.score, image.name))
    count = len(ordered) if keep is None else keep
    return ordered[: count if share is None else int(np.ceil(share * len(ordered)))]


def category_of(skeleton: Skeleton) -> str:
    """The name of what the skeleton is of: a person, or whatever it was made for."""
    return "person" if skeleton.name in SKELETONS else skeleton.name
