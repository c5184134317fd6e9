"""Labeled images and found people, made by hand."""

import numpy as np
import pytest

from evaluate.poses_2d.frames import Ignored, LabeledFrame
from pose import COCO17
from pose.results.people import ImagePeople

# An upright person of 40 x 120 px about (0, 0), in COCO's order.
UPRIGHT = np.array(
    [
        *[(0, -55), (3, -58), (-3, -58), (7, -56), (-7, -56), (15, -40), (-15, -40), (18, -20), (-18, -20)],
        *[(20, 0), (-20, 0), (10, 5), (-10, 5), (11, 32), (-11, 32), (12, 60), (-12, 60)],
    ],
    float,
)


def _frame(centers, *, key="made/s//0", area=4000.0, head=0.0, visible=None, ignored=None, joints=UPRIGHT):
    xy = np.array([joints + center for center in centers]).reshape(-1, len(joints), 2)
    count = len(xy)
    visible = np.full((count, len(joints)), 2) if visible is None else np.asarray(visible)
    low, high = (xy.min(axis=1), xy.max(axis=1)) if count else (np.zeros((0, 2)), np.zeros((0, 2)))
    return LabeledFrame(
        key,
        xy,
        visible,
        np.hstack([low, high - low]),
        np.full(count, area),
        np.full(count, head),
        Ignored.nobody() if ignored is None else ignored,
    )


def _found(people, scores=None, joint_scores=None):
    """People given as joints (J, 2)."""
    xy = np.array(people, float).reshape(len(people), -1, 2) if len(people) else np.zeros((0, COCO17.num_joints, 2))
    scores = np.linspace(0.9, 0.5, len(xy)) if scores is None else np.asarray(scores, float)
    joint_scores = np.full(xy.shape[:2], 0.5) if joint_scores is None else np.asarray(joint_scores, float)
    return ImagePeople(None, "", xy, joint_scores, scores, np.full(len(xy), -1))


@pytest.fixture(scope="session")
def upright():
    """The joints (17, 2) of a person about (0, 0)."""
    return UPRIGHT


@pytest.fixture(scope="session")
def labeled():
    """(centers, ...) -> an image with an upright person about each center."""
    return _frame


@pytest.fixture(scope="session")
def found():
    """(people, scores, joint_scores) -> the found people of an image."""
    return _found
