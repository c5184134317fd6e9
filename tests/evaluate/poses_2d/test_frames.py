"""Batches of frame records and answers become images with people, in px of the originals."""

import numpy as np
import pytest

from evaluate.measures import measure_of
from evaluate.poses_2d.frames import found_of, frames_of
from pose import COCO17

# A record pixel is 2 px of the original, whose first 100 columns lie before it.
TO_FRAME = np.array([[2.0, 0, 100], [0, 2, 10]])


def labels(upright, *, people=3, size=256):
    """Two people of three rows; the second has no joint in the image, the third is padding."""
    values = {
        "joints_xy_px": np.zeros((1, people, 17, 2), np.float32),
        "visible": np.zeros((1, people, 17), np.int32),
        "box_px": np.zeros((1, people, 4), np.float32),
        "area_px": np.zeros((1, people), np.float32),
        "head_size_px": np.zeros((1, people), np.float32),
        "unlabeled": np.zeros((1, size, size), np.uint8),
        "to_frame": TO_FRAME[None],
    }
    values["joints_xy_px"][0, 0], values["visible"][0, 0] = upright + (100, 100), 2
    values["box_px"][0, :2] = [[80, 40, 40, 120], [200, 200, 10, 10]]
    values["area_px"][0, :2], values["head_size_px"][0, 0] = [3000, 50], 5
    values["unlabeled"][0, 20:30, 200:240] = 255
    return values


def test_labels_in_px_of_the_original(upright):
    (frame,) = frames_of(labels(upright), ["a/b//3"])
    assert frame.key == "a/b//3" and frame.num_people == 1
    np.testing.assert_allclose(frame.joints_xy_px[0], 2 * (upright + (100, 100)) + (100, 10))
    assert frame.boxes_px.tolist() == [[260, 90, 80, 240]]
    assert (frame.areas_px.tolist(), frame.head_sizes_px.tolist()) == ([12000], [10])
    # The person without a joint in the image, then the marked part, from edge to edge of its pixels.
    assert frame.ignored.boxes_px.tolist() == [[500, 410, 20, 20], [499, 49, 80, 20]]
    assert frame.ignored.areas_px.tolist() == [200, 1600] and frame.ignored.crowds.tolist() == [False, True]


def test_unknown_areas_are_estimated_from_the_box(upright):
    values = labels(upright)
    values["area_px"][:] = 0
    (frame,) = frames_of(values)
    assert frame.key == "0" and frame.areas_px == pytest.approx([0.53 * 80 * 240])


def answers(upright, scores):
    xy = np.zeros((1, len(scores), 17, 2))
    xy[0, 0], xy[0, 1:] = upright + (100, 100), upright + (30, 200)
    return {"joints_xy_px": xy, "scores": np.full(xy.shape[:3], 0.5), "person_scores": np.array([scores])}


def test_answers_without_a_score_are_nobody(upright):
    (people,) = found_of(answers(upright, [0.9, 0.2, 0]), TO_FRAME[None])
    assert people.person_scores.tolist() == [0.9, 0.2]
    np.testing.assert_allclose(people.xy_px[0], 2 * (upright + (100, 100)) + (100, 10))


@pytest.mark.parametrize("task", ["poses-2d-centers", "poses-2d-fields"])
def test_the_measure_of_training(upright, task):
    measure = measure_of(task)
    values = labels(upright)
    assert set(measure.labels) == set(values) and measure.figures[0].name == "ap"
    assert measure.figures[0].count(values) == 1
    found = measure.compute(answers(upright, [0.9, 0.2, 0]), values, COCO17, 256)
    # A false one of lower score spoils nothing.
    assert found == pytest.approx({"ap": 1, "found": 1})
    wrong = measure.validated(answers(upright, [0.1, 0.2, 0]), values, COCO17, 256)
    assert wrong == pytest.approx({"val_ap": 0.5, "val_found": 1})
    values["visible"][:] = 0
    assert np.isnan(list(measure.compute(answers(upright, [0.9, 0.2, 0]), values, COCO17, 256).values())).all()


def test_labels_of_some_joints_alone(labeled):
    visible = np.full((2, 17), 2)
    visible[1, 5:] = 0
    frame = labeled([(100, 100), (300, 100)], visible=visible, head=7.0)
    part = frame.of_joints(np.arange(17) >= 5)
    assert part.num_people == 1 and part.visible.tolist() == [5 * [0] + 12 * [2]]
    # The second has a face alone.
    assert part.ignored.boxes_px.tolist() == [frame.boxes_px[1].tolist()]
    assert (part.ignored.areas_px.tolist(), part.ignored.crowds.tolist()) == ([4000], [False])
    assert frame.num_people == 2 and part.head_sizes_px.tolist() == [7]
