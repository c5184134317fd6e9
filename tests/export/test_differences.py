"""What counts as a difference between an exported file's answers and the model's: joints, people, maps."""

import numpy as np
import pytest

from export.differences import differences
from pose.tasks import POSE_2D, POSES_2D_CENTERS, POSES_2D_FIELDS

ROWS, JOINTS = 30, 4


def people(*scores):
    """Answers for one image: people of these scores 40 px apart, then rows of noise whose scores fall from 0.01."""
    noise = 0.01 - np.arange(ROWS - len(scores)) / 1e4
    person_scores = np.concatenate([scores, noise])[None].astype(np.float32)
    xy = 40.0 * np.arange(ROWS)[:, None, None] + np.random.default_rng(0).uniform(0, 10, (ROWS, JOINTS, 2))
    return {
        "joints_xy_px": xy[None].astype(np.float32),
        "scores": np.repeat(person_scores[..., None], JOINTS, axis=2),
        "person_scores": person_scores,
    }


def reordered(answers, order):
    return {name: value[:, order] for name, value in answers.items()}


def changed(answers, name, row, by):
    answers = {key: value.copy() for key, value in answers.items()}
    answers[name][0, row] += by
    return answers


def test_the_order_of_people_does_not_count():
    model = people(0.9, 0.8)
    for order in ([1, 0, *range(2, ROWS)], [*range(2, ROWS), 0, 1]):
        found = differences(reordered(model, order), model, POSES_2D_CENTERS)
        assert {name: len(value) for name, value in found.items()} == {
            "joints_xy_px": 2 * JOINTS,
            "scores": 2 * JOINTS,
            "person_scores": 2,
        }
        assert all((value == 0).all() for value in found.values())


def test_rows_of_noise_do_not_count():
    model = people(0.9, 0.8)
    assert differences(changed(model, "joints_xy_px", 7, 300), model, POSES_2D_CENTERS)["joints_xy_px"].max() == 0


def test_a_moved_person_counts_by_the_distance():
    model = people(0.9, 0.8)
    found = differences(changed(model, "joints_xy_px", 1, np.array([3, 4])), model, POSES_2D_CENTERS)
    np.testing.assert_allclose(np.sort(found["joints_xy_px"]), [0] * JOINTS + [5] * JOINTS, atol=1e-4)
    assert found["scores"].max() == 0


def test_somebody_whom_only_one_of_both_sees_counts():
    model = people(0.9, 0.8)
    # The row of noise has 0.01 - 5 / 10000, and somebody there in the file 0.7 more.
    seen = differences(changed(model, "person_scores", 7, 0.7), model, POSES_2D_CENTERS)["person_scores"]
    np.testing.assert_allclose(np.sort(seen), [0, 0, 0.7], atol=1e-6)
    missed = differences(changed(model, "person_scores", 1, -0.8), model, POSES_2D_CENTERS)["person_scores"]
    np.testing.assert_allclose(np.sort(missed), [0, 0.8], atol=1e-6)


def test_two_finds_of_one_person_are_told_apart_by_their_scores():
    model = people(0.9, 0.3)
    model["joints_xy_px"][0, 1] = model["joints_xy_px"][0, 0] + 0.01
    found = differences(reordered(model, [1, 0, *range(2, ROWS)]), model, POSES_2D_CENTERS)
    assert found["person_scores"].max() == 0 and found["joints_xy_px"].max() == 0


def test_where_nobody_is_the_best_row_counts():
    model = people()
    found = differences(changed(model, "joints_xy_px", 0, np.array([3, 4])), model, POSES_2D_CENTERS)
    np.testing.assert_allclose(found["joints_xy_px"], [5] * JOINTS, atol=1e-4)


def test_each_image_has_its_own_people():
    both = {name: np.concatenate([value, value[:, ::-1]]) for name, value in people(0.9).items()}
    assert len(differences(both, both, POSES_2D_CENTERS)["person_scores"]) == 2
    swapped = {name: value[::-1] for name, value in both.items()}
    assert differences(swapped, both, POSES_2D_CENTERS)["joints_xy_px"].max() == 0


def test_a_map_counts_by_the_cell_where_it_differs_most():
    model = {"joint_maps": np.zeros((2, 8, 8, 3)), "limb_fields": np.zeros((2, 8, 8, 4))}
    model["joint_maps"][1, 3, 4, 2] = 0.9
    empty = {name: np.zeros_like(value) for name, value in model.items()}
    found = differences(empty, model, POSES_2D_FIELDS)
    np.testing.assert_allclose(np.sort(found["joint_maps"]), [0, 0, 0, 0, 0, 0.9])
    assert found["limb_fields"].tolist() == [0] * 8


def test_joints_of_one_person_count_each_by_itself():
    model = {"joints_xy_px": np.zeros((2, 3, 2)), "scores": np.full((2, 3), 0.5)}
    found = differences(changed(model, "joints_xy_px", 1, np.array([3, 4])), model, POSE_2D)
    assert found["joints_xy_px"].tolist() == [0, 5, 0, 0, 0, 0] and found["scores"].tolist() == [0] * 6


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda found: found.pop("scores"), r"must answer finite scores of shape \(1, 30, 4\), it answers none"),
        (lambda found: found.update(scores=found["scores"][:, :9]), r"it answers \(1, 9, 4\), finite: True"),
        (lambda found: found["person_scores"].fill(np.nan), r"person_scores of shape \(1, 30\), .*finite: False"),
    ],
)
def test_answers_that_are_none_raise(change, message):
    found = people(0.9)
    change(found)
    with pytest.raises(RuntimeError, match=message):
        differences(found, people(0.9), POSES_2D_CENTERS)
