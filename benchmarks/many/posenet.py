"""The published decoding of PoseNet: people grown from their surest joint, along displacements from joint to joint.

Papandreou et al., "PersonLab", arXiv 1803.08225, section 3.2, with the constants and refinements of its release for
TensorFlow.js. Places are (y, x) in px of the net's image; a cell's place is its row and column times the stride.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.ndimage import maximum_filter

from pose import COCO17
from pose.people import People

STRIDE = 16
#: Minimum score of a joint from which a person grows, as published.
LEAST_SCORE = 0.5
#: Nearer than this to the same joint of a better person, a joint counts for nothing; in px of the net's image.
NEAR_PX = 20.0
# How often a joint moves on by the offset where it is.
_REFINEMENTS = 2
# From parent to child, in the order of the displacements.
_EDGES = [
    (COCO17.index(parent), COCO17.index(child))
    for parent, child in (
        *(("nose", "left_eye"), ("left_eye", "left_ear"), ("nose", "right_eye"), ("right_eye", "right_ear")),
        *(("nose", "left_shoulder"), ("left_shoulder", "left_elbow"), ("left_elbow", "left_wrist")),
        *(("left_shoulder", "left_hip"), ("left_hip", "left_knee"), ("left_knee", "left_ankle")),
        *(("nose", "right_shoulder"), ("right_shoulder", "right_elbow"), ("right_elbow", "right_wrist")),
        *(("right_shoulder", "right_hip"), ("right_hip", "right_knee"), ("right_knee", "right_ankle")),
    )
]


class Maps(NamedTuple):
    """The net's outputs for one image.

    Attributes:
        scores: (h, w, 17), 0 to 1.
        offsets: (h, w, 34), from a cell to the joint near it, y of all joints before x of all.
        forward: (h, w, 32), from a parent to its child, along each edge, y before x.
        backward: (h, w, 32), from a child to its parent.
    """

    scores: np.ndarray
    offsets: np.ndarray
    forward: np.ndarray
    backward: np.ndarray


def decode(maps: Maps, most: int, least_score: float = LEAST_SCORE) -> People:
    """The people of an image, best first as they were found, in px of the net's image.

    Args:
        maps: the net's outputs.
        most: maximum number of people; the release returns 5 if not told otherwise.
        least_score: minimum score of a joint from which a person grows.
    """
    places, scores, person_scores = np.zeros((most, 17, 2)), np.zeros((most, 17)), np.zeros(most)
    count = 0
    for row, column, joint in _roots(maps.scores, least_score):
        if count == most:
            break
        root = np.array([row, column]) * STRIDE + _pair(maps.offsets, row, column, joint)
        if _near(places[:count, joint], root):
            continue
        places[count], scores[count] = _grow(maps, root, joint, maps.scores[row, column, joint])
        own = [not _near(places[:count, other], places[count, other]) for other in range(17)]
        person_scores[count] = scores[count][own].sum() / 17
        count += 1
    return People(places[:count, :, ::-1], scores[:count], person_scores[:count])


def _roots(scores: np.ndarray, least_score: float) -> np.ndarray:
    """Row, column and joint (N, 3) of the maxima among their eight neighbors, best first."""
    peaks = np.argwhere((scores >= least_score) & (scores == maximum_filter(scores, (3, 3, 1), mode="nearest")))
    return peaks[np.argsort(-scores[tuple(peaks.T)], kind="stable")]


def _grow(maps: Maps, root: np.ndarray, joint: int, score: float) -> tuple[np.ndarray, np.ndarray]:
    """One person from one joint: places (17, 2) and scores (17,)."""
    places, scores = np.zeros((17, 2)), np.zeros(17)
    places[joint], scores[joint] = root, score
    known = {joint}
    up = [(child, parent, edge, maps.backward) for edge, (parent, child) in reversed(list(enumerate(_EDGES)))]
    down = [(parent, child, edge, maps.forward) for edge, (parent, child) in enumerate(_EDGES)]
    for source, target, edge, displacements in (*up, *down):
        if source in known and target not in known:
            place = places[source] + _pair(displacements, *_cell(maps, places[source]), edge)
            for _ in range(_REFINEMENTS):
                cell = _cell(maps, place)
                place = np.array(cell) * STRIDE + _pair(maps.offsets, *cell, target)
            places[target], scores[target] = place, maps.scores[(*_cell(maps, place), target)]
            known.add(target)
    return places, scores


def _cell(maps: Maps, place: np.ndarray) -> tuple[int, int]:
    row, column = np.clip(np.round(place / STRIDE), 0, np.array(maps.scores.shape[:2]) - 1).astype(int)
    return int(row), int(column)


def _pair(values: np.ndarray, row: int, column: int, which: int) -> np.ndarray:
    return values[row, column, [which, which + values.shape[2] // 2]]


def _near(places: np.ndarray, place: np.ndarray) -> bool:
    return bool((((places - place) ** 2).sum(axis=-1) <= NEAR_PX**2).any())
