"""PoseNet's decoding, on outputs drawn from people who are known."""

import numpy as np

from benchmarks.many.posenet import NEAR_PX, STRIDE, Maps, decode
from pose import COCO17

CELLS = 25
EDGES = [
    ("nose", "left_eye"),
    ("left_eye", "left_ear"),
    ("nose", "right_eye"),
    ("right_eye", "right_ear"),
    ("nose", "left_shoulder"),
    ("left_shoulder", "left_elbow"),
    ("left_elbow", "left_wrist"),
    ("left_shoulder", "left_hip"),
    ("left_hip", "left_knee"),
    ("left_knee", "left_ankle"),
    ("nose", "right_shoulder"),
    ("right_shoulder", "right_elbow"),
    ("right_elbow", "right_wrist"),
    ("right_shoulder", "right_hip"),
    ("right_hip", "right_knee"),
    ("right_knee", "right_ankle"),
]


def someone(x, y):
    """Joints (17, 2), x before y, spread over a place of their own."""
    return np.array([x, y]) + np.random.default_rng(int(x)).uniform(0, 110, (17, 2))


def draw(people, tops):
    """The net's outputs: each cell knows the nearest joint of its kind exactly, and the way to the next joint."""
    rows, columns = np.mgrid[:CELLS, :CELLS] * STRIDE
    cells = np.stack([rows, columns], axis=-1).astype(float)
    yx = np.stack(people)[..., ::-1]
    scores, offsets = np.zeros((CELLS, CELLS, 17)), np.zeros((CELLS, CELLS, 34))
    for j in range(17):
        distances = np.linalg.norm(cells[:, :, None] - yx[:, j], axis=-1)
        nearest = distances.argmin(axis=-1)
        scores[..., j] = np.array(tops)[nearest] * np.exp(-((distances.min(axis=-1) / STRIDE) ** 2))
        offsets[..., [j, 17 + j]] = yx[nearest, j] - cells
        for place, top in zip(yx[:, j], tops, strict=True):
            scores[(*np.round(place / STRIDE).astype(int), j)] = top
    displacements = []
    for way in (1, -1):
        field = np.zeros((CELLS, CELLS, 32))
        for edge, names in enumerate(EDGES):
            source, target = (COCO17.index(name) for name in names[::way])
            nearest = np.linalg.norm(cells[:, :, None] - yx[:, source], axis=-1).argmin(axis=-1)
            field[..., [edge, 16 + edge]] = yx[nearest, target] - yx[nearest, source]
        displacements.append(field)
    return Maps(scores, offsets, *displacements)


def test_people_are_decoded_exactly_best_first_and_once():
    people = [someone(20, 30), someone(230, 200)]
    found = decode(draw(people, (0.6, 0.9)), most=30)
    np.testing.assert_allclose(found.joints_xy_px, people[::-1], atol=1e-9)
    # All joints count for both.
    np.testing.assert_allclose(found.person_scores, (0.9, 0.6), atol=1e-9)
    np.testing.assert_allclose(found.scores, [[0.9] * 17, [0.6] * 17], atol=1e-9)


def test_a_person_grows_from_a_root_of_sufficient_score_and_no_more_than_asked():
    maps = draw([someone(20, 30), someone(230, 200)], (0.49, 0.9))
    assert len(decode(maps, most=30).scores) == 1
    assert len(decode(maps, most=30, least_score=0.3).scores) == 2
    assert len(decode(maps, most=1, least_score=0.3).scores) == 1


def test_joints_near_those_of_a_better_person_count_for_nothing():
    first = someone(20, 30)
    other = first + (0, 200)
    shared = COCO17.index("left_ankle")
    other[shared] = first[shared] + (NEAR_PX - 1, 0)
    found = decode(draw([first, other], (0.9, 0.6)), most=30)
    np.testing.assert_allclose(found.joints_xy_px[1, shared], other[shared], atol=STRIDE)
    np.testing.assert_allclose(found.person_scores[1], 16 * 0.6 / 17, atol=1e-9)
