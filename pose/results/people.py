"""The people found in an image, whatever found them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

import numpy as np

# Digits behind the point, in px and of scores.
_PX_DIGITS, _SCORE_DIGITS = 3, 6


@dataclass(frozen=True, eq=False)
class ImagePeople:
    """The people found in one image or video frame.

    Attributes:
        number: the image's id, or the frame's number; None if unknown.
        name: of its file inside the folder of images, with "/" on every system; "" if unknown.
        xy_px: float64 (P, J, 2), with (0, 0) at the center of the top-left pixel; NaN where a joint has no place.
        scores: float64 (P, J), of the joints.
        person_scores: float64 (P,).
        persons: int64 (P,), the people's numbers, which last in a video; -1 where unknown.
    """

    number: int | None
    name: str
    xy_px: np.ndarray
    scores: np.ndarray
    person_scores: np.ndarray
    persons: np.ndarray

    def __post_init__(self) -> None:
        people, joints = self.scores.shape if self.scores.ndim == 2 else (-1, -1)
        if self.xy_px.shape != (people, joints, 2) or not len(self.person_scores) == len(self.persons) == people:
            raise ValueError(
                "the people of an image need joints (P, J, 2), scores (P, J), person scores (P,) and numbers (P,); got "
                f"{self.xy_px.shape}, {self.scores.shape}, {self.person_scores.shape} and {self.persons.shape}"
            )


@dataclass(frozen=True, eq=False)
class Results:
    """What a results file holds.

    Attributes:
        path: of the file or folder.
        joints: the names of the J joints; None if the format has none.
        images: those that it names; a format may leave out images in which nobody was found.
    """

    path: Path
    joints: tuple[str, ...] | None
    images: list[ImagePeople]

    @property
    def num_joints(self) -> int | None:
        """J; None if nobody was found."""
        return next((image.xy_px.shape[1] for image in self.images if len(image.xy_px)), None)


@dataclass(eq=False)
class PeopleBuilder:
    """Collects the people of an image, one after the other."""

    number: int | None
    name: str
    people: list[tuple[np.ndarray, float, int]] = field(default_factory=list)

    def add(self, triples: Sequence[float], person_score: float | None, person: int) -> None:
        """Adds a person.

        Args:
            triples: x, y and score of each joint; a joint 0, 0, 0 has no place.
            person_score: None for the mean score of the joints.
            person: the person's number, -1 if unknown.

        Raises:
            ValueError: the values are no finite triples.
        """
        values = np.array(triples, np.float64)
        if values.ndim != 1 or not values.size or values.size % 3 or not np.isfinite(values).all():
            raise ValueError(f"keypoints must be x, y and a score of each joint, got {triples!r:.80}")
        values = values.reshape(-1, 3)
        score = float(values[:, 2].mean()) if person_score is None else float(person_score)
        if not np.isfinite(score):
            raise ValueError(f"a person's score must be finite, got {score}")
        values[(values == 0).all(axis=1), :2] = np.nan
        self.people.append((values, score, int(person)))

    def build(self, num_joints: int) -> ImagePeople:
        """The people of the image, who all have `num_joints` joints."""
        values = np.array([person[0] for person in self.people]).reshape(-1, num_joints, 3)
        scores, numbers = (np.array([person[k] for person in self.people]) for k in (1, 2))
        return ImagePeople(
            self.number,
            self.name,
            values[..., :2],
            values[..., 2],
            scores.astype(np.float64),
            numbers.astype(np.int64),
        )


def built(path: Path, joints: tuple[str, ...] | None, images: Sequence[PeopleBuilder]) -> Results:
    """The results of all images.

    Raises:
        ValueError: people have different numbers of joints, or others than there are names.
    """
    counts = {len(person[0]) for image in images for person in image.people}
    counts |= set() if joints is None else {len(joints)}
    if len(counts) > 1:
        raise ValueError(f"{path} has people of {' and of '.join(map(str, sorted(counts)))} joints; give one kind")
    count = next(iter(counts), 0)
    return Results(path, joints, [image.build(count) for image in images])


def triples_of(xy_px: np.ndarray, scores: np.ndarray) -> list[float]:
    """x, y and score of each joint, rounded; 0, 0, 0 for a joint without a place.

    Args:
        xy_px: (J, 2).
        scores: (J,).
    """
    rows = zip(np.asarray(xy_px, np.float64).tolist(), np.asarray(scores, np.float64).tolist(), strict=True)
    found: list[float] = []
    for (x, y), score in rows:
        known = bool(np.isfinite([x, y]).all())
        third = rounded_score(score)
        found += [round(x, _PX_DIGITS), round(y, _PX_DIGITS), third] if known else [0.0, 0.0, 0.0]
    return found


def rounded_score(score: float) -> float:
    """A score as results files hold it; 0 where it is not finite."""
    return round(float(score), _SCORE_DIGITS) if np.isfinite(score) else 0.0


def number_in(name: str) -> int | None:
    """The number at the end of a file's name before its ending, as in COCO's 000000493652.jpg; None without one."""
    found = re.search(r"(\d{1,18})$", PurePosixPath(name).stem)
    return None if found is None else int(found[1])


def image_numbers(names: Sequence[str]) -> list[int]:
    """Ids of images: the numbers in their names, if all have different ones; otherwise their places, from 1."""
    found = [number_in(name) for name in names]
    numbers = [number for number in found if number is not None]
    return numbers if len(set(numbers)) == len(names) else list(range(1, len(names) + 1))
