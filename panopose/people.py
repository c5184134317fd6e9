"""The people of an image or a video frame."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from demo.tracking.estimator import confidence
from pose import Skeleton


class Joint(NamedTuple):
    """One joint of a person.

    Attributes:
        x: in px of the image; 0 is the center of the leftmost pixels.
        y: in px of the image; 0 is the center of the topmost pixels.
        score: probability, 0 to 1, that the joint is there.
    """

    x: float
    y: float
    score: float


@dataclass(frozen=True, eq=False, repr=False)
class Person:
    """A person in an image or a video frame; `person["left_wrist"]` is one of the joints.

    Attributes:
        xy_px: float (J, 2), the joints in px of the image; (0, 0) is the center of the top-left pixel. Every joint has
            a place, also those outside the image or hidden: see `visible`.
        scores: float (J,), 0 to 1: the probability that the joint is there.
        box_px: float (4,), x and y of the top left corner, width and height: as given, or around the visible joints.
        number: from 0. In an image, the order in which people were found, or that of the boxes given. In a video it
            stays the same while a person is tracked.
        skeleton: names and limbs of the J joints: `skeleton.joints`, `skeleton.limbs`.
        joint_score: minimum score of a visible joint, which suits the model.
    """

    xy_px: np.ndarray
    scores: np.ndarray
    box_px: np.ndarray
    number: int
    skeleton: Skeleton
    joint_score: float = 0.1

    def __getitem__(self, joint: str) -> Joint:
        """Returns a joint by its name.

        >>> person["left_wrist"]  # doctest: +SKIP
        Joint(x=311.2, y=140.9, score=0.87)

        Raises:
            KeyError: the skeleton has no such joint.
        """
        if joint not in self.skeleton.joints:
            raise KeyError(f"no joint {joint!r} in {self.skeleton.name}; it has {', '.join(self.skeleton.joints)}")
        index = self.skeleton.index(joint)
        x, y = self.xy_px[index].tolist()
        return Joint(x, y, float(self.scores[index]))

    @property
    def score(self) -> float:
        """How sure the model is that there is a person, 0 to 1: the mean score of the better half of the joints."""
        return confidence(self.scores, self.skeleton)

    def visible(self, min_score: float | None = None) -> np.ndarray:
        """Which joints are visible, bool (J,).

        Args:
            min_score: minimum score, 0 to 1; None is `joint_score`.
        """
        least = self.joint_score if min_score is None else min_score
        shown: np.ndarray = (self.scores >= least) & np.isfinite(self.xy_px).all(axis=1)
        return shown

    def __repr__(self) -> str:
        box = ", ".join(f"{value:.1f}" for value in self.box_px)
        joints = f"{np.count_nonzero(self.visible())} of {self.skeleton.num_joints} joints visible"
        return f"Person(number={self.number}, score={self.score:.2f}, {joints}, box_px=[{box}])"


@dataclass(frozen=True, eq=False)
class Frame:
    """An image or a video frame with its people. A notebook shows it with their skeletons.

    Attributes:
        image: uint8 RGB (H, W, 3).
        people: in the order of their numbers.
        skeleton: names and limbs of the joints.
        name: of an image, its path or its name in the folder; "" for a video frame.
        number: of a video frame, from 0; of an image, its place among those read.
        time_s: of a video frame, seconds after the first; of a camera's, seconds of a monotonic clock; None for an
            image.
    """

    image: np.ndarray = field(repr=False)
    people: list[Person]
    skeleton: Skeleton = field(repr=False)
    name: str = ""
    number: int = 0
    time_s: float | None = None

    def draw(self) -> np.ndarray:
        """Returns a copy of the image with the people's skeletons, uint8 RGB (H, W, 3)."""
        return draw(self.image, self.people)

    def _repr_png_(self) -> bytes:
        import cv2

        return cv2.imencode(".png", self.draw()[..., ::-1])[1].tobytes()


def draw(image: np.ndarray, people: Sequence[Person]) -> np.ndarray:
    """Draws people onto a copy of an image, uint8 RGB (H, W, 3); see `panopose.Model.draw`."""
    from demo.batch.drawings import draw_people
    from demo.outputs.table import TableRow

    drawn = image.copy()
    rows = [TableRow("", None, one.number, one.box_px, one.xy_px, one.scores) for one in people]
    if people:
        drawn = draw_people(image, rows, people[0].skeleton, people[0].joint_score)
    return drawn
