"""People from centers: outputs that say exactly where everybody is give exactly them, and cost nothing."""

import keras
import numpy as np
import pytest

from models import build_movenet, form_of, inference_model
from models.forms.cells import gaussian_maps
from models.forms.centers import FORM, center_loss
from pose.tasks import MAX_CENTERS

SIZE, CELLS, JOINTS = 128, 32, 5
CELL = SIZE / CELLS
HIGH, LOW = 30.0, -30.0


def labels_of(people, size=SIZE):
    """Labels of one image with people, each a box (x, y, width, height) and joints (J, 2) as shares of it."""
    rng = np.random.default_rng(0)
    box = np.zeros((1, 4, 4), "float32")
    xy = np.zeros((1, 4, JOINTS, 2), "float32")
    visible = np.zeros((1, 4, JOINTS), "int32")
    for number, person in enumerate(people):
        box[0, number] = person
        xy[0, number] = person[:2] + rng.uniform(0.05, 0.95, (JOINTS, 2)) * person[2:]
        visible[0, number] = 2
    return {"joints_xy_px": xy, "visible": visible, "box_px": box, "unlabeled": np.zeros((1, size, size), "uint8")}


def exact_outputs(labels):
    """What a net that knows the labels would answer, computed a cell at a time."""
    shapes = {"center_logits": 1, "joint_logits": JOINTS, "regression": 2 * JOINTS, "joint_offsets": 2 * JOINTS}
    shapes |= {"box_sizes": 2, "box_offsets": 2}
    outputs = {name: np.zeros((1, CELLS, CELLS, count), "float32") for name, count in shapes.items()}
    outputs["center_logits"][:], outputs["joint_logits"][:] = LOW, LOW
    for box, joints, visible in zip(labels["box_px"][0], labels["joints_xy_px"][0], labels["visible"][0], strict=True):
        if not visible.any():
            continue
        x, y = (box[:2] + box[2:] / 2 + 0.5) / CELL
        row, column = int(y), int(x)
        outputs["center_logits"][0, row, column] = HIGH
        outputs["box_sizes"][0, row, column] = box[3] / CELL, box[2] / CELL
        outputs["box_offsets"][0, row, column] = y - row, x - column
        for joint, (joint_x, joint_y) in enumerate((joints + 0.5) / CELL):
            place = slice(2 * joint, 2 * joint + 2)
            outputs["regression"][0, row, column, place] = joint_y - row, joint_x - column
            outputs["joint_logits"][0, int(joint_y), int(joint_x), joint] = HIGH
            for near_row in range(max(int(joint_y) - 1, 0), min(int(joint_y) + 2, CELLS)):
                for near_column in range(max(int(joint_x) - 1, 0), min(int(joint_x) + 2, CELLS)):
                    offset = joint_y - near_row, joint_x - near_column
                    outputs["joint_offsets"][0, near_row, near_column, place] = offset
    return outputs


PEOPLE = [np.array(box, float) for box in ([10, 12, 30, 90], [60.3, 30.7, 20, 40], [90, 70, 36, 50])]


def decoded(outputs):
    return {name: keras.ops.convert_to_numpy(value) for name, value in FORM.decode(outputs, SIZE).items()}


def terms(labels, outputs, size=SIZE):
    found = center_loss(labels, {name: keras.ops.convert_to_tensor(value) for name, value in outputs.items()}, size)
    assert tuple(found) == FORM.terms
    return {name: float(term.value) for name, term in found.items()}


def test_exact_outputs_give_exactly_the_people():
    labels = labels_of(PEOPLE)
    found = decoded(exact_outputs(labels))
    assert found["joints_xy_px"].shape == (1, MAX_CENTERS, JOINTS, 2)
    # The center is 1, and so is each joint where its center says it is, but for the distance to its cell's middle.
    assert (found["person_scores"][0, :3] > 0.8).all() and (found["person_scores"][0, 3:] < 1e-6).all()
    order = np.argsort(found["joints_xy_px"][0, :3, :, 0].mean(axis=1))
    np.testing.assert_allclose(found["joints_xy_px"][0, order], labels["joints_xy_px"][0, :3], atol=1e-4)
    # Of the distance d in cells, the weight is exp(-d ** 2 / (0.02 * area)).
    joint = (labels["joints_xy_px"][0, 0, 0] + 0.5) / CELL
    away = np.sum((joint - np.floor(joint) - 0.5) ** 2)
    expected = np.exp(-away / (0.02 * 30 * 90 / CELL**2))
    np.testing.assert_allclose(found["scores"][0, order[0], 0], expected, rtol=1e-4)


def test_a_joint_is_searched_near_the_place_that_its_center_predicts():
    labels = labels_of(PEOPLE)
    outputs = exact_outputs(labels)
    row, column = int((12 + 45 + 0.5) / CELL), int((10 + 15 + 0.5) / CELL)
    outputs["regression"][0, row, column, :2] += 0.6
    found = decoded(outputs)
    person = np.argmin(found["joints_xy_px"][0, :3, :, 0].mean(axis=1))
    np.testing.assert_allclose(found["joints_xy_px"][0, person, 0], labels["joints_xy_px"][0, 0, 0], atol=1e-4)


def test_a_second_center_beside_a_higher_one_is_no_person():
    outputs = exact_outputs(labels_of(PEOPLE[:1]))
    row, column = int(57.5 / CELL), int(25.5 / CELL)
    outputs["center_logits"][0, row + 1, column + 1] = 3.0
    assert (decoded(outputs)["person_scores"][0] > 1e-6).sum() == 1


def test_exact_outputs_cost_nothing_and_wrong_ones_do():
    labels = labels_of(PEOPLE)
    outputs = exact_outputs(labels)
    assert all(abs(value) < 1e-5 for value in terms(labels, outputs).values())
    for name, term in (
        ("center_logits", "center_loss"),
        ("joint_logits", "joint_loss"),
        ("regression", "regression_loss"),
        ("joint_offsets", "offset_loss"),
        ("box_sizes", "box_loss"),
        ("box_offsets", "box_loss"),
    ):
        changed = terms(labels, outputs | {name: outputs[name] + 1})
        assert [found for found, value in changed.items() if value > 1e-3] in ([term], []), name
        changed = terms(labels, outputs | {name: np.where(outputs[name] < -1, 5.0, outputs[name] + 1)})
        assert changed[term] > 1e-3, name


def test_errors_of_regression_count_as_shares_of_the_persons_size():
    labels = labels_of(PEOPLE[:1])
    outputs = exact_outputs(labels)
    row, column = int(57.5 / CELL), int(25.5 / CELL)
    outputs["regression"][0, row, column] += 2.0
    # The box is 30 x 90 px of 4 px cells.
    assert terms(labels, outputs)["regression_loss"] == pytest.approx(2 / np.sqrt(7.5 * 22.5), rel=1e-4)


def test_nothing_is_learned_where_people_are_not_labeled():
    labels, outputs = labels_of(PEOPLE), exact_outputs(labels_of(PEOPLE))
    outputs["center_logits"][0, 2, 28], outputs["joint_logits"][0, 2, 28] = 5.0, 5.0
    before = terms(labels, outputs)
    assert before["center_loss"] > 1 and before["joint_loss"] > 1
    # One pixel of the cell suffices.
    labels["unlabeled"][0, 2 * 4 + 3, 28 * 4] = 255
    after = terms(labels, outputs)
    assert abs(after["center_loss"]) < 1e-5 and abs(after["joint_loss"]) < 1e-5


def test_a_joint_that_is_not_labeled_costs_nothing_in_its_persons_box():
    labels, outputs = labels_of(PEOPLE), exact_outputs(labels_of(PEOPLE))
    labels["visible"][0, 0, 1] = 0
    labels["joints_xy_px"][0, 0, 1] = np.nan
    assert all(abs(value) < 1e-5 for value in terms(labels, outputs).values())
    # The same joint elsewhere is wrong.
    outputs["joint_logits"][0, 0, 0, 1] = 5.0
    assert terms(labels, outputs)["joint_loss"] > 0.1


def test_gradients_are_finite_whatever_unlabeled_joints_hold():
    import tensorflow as tf

    labels = labels_of(PEOPLE)
    labels["visible"][0, 0] = 0
    labels["joints_xy_px"][0, 0], labels["box_px"][0, 3] = np.nan, 0
    outputs = {name: tf.Variable(value) for name, value in exact_outputs(labels_of(PEOPLE)).items()}
    with tf.GradientTape() as tape:
        total = sum(term.value for term in center_loss(labels, outputs, SIZE).values())
    gradients = tape.gradient(total, list(outputs.values()))
    assert all(np.isfinite(gradient.numpy()).all() for gradient in gradients) and np.isfinite(float(total))


def test_maps_are_1_in_the_cell_of_a_point_and_the_maximum_over_people():
    places = np.array([[[[2.7, 3.2]], [[2.1, 5.9]]]], "float32")
    maps = keras.ops.convert_to_numpy(gaussian_maps(places, np.ones((1, 2, 1), bool), np.ones((1, 2, 1)), 8, 8))
    assert maps[0, 2, 3, 0] == 1 and maps[0, 2, 5, 0] == 1
    np.testing.assert_allclose(maps[0, 2, 4, 0], np.exp(-0.5), rtol=1e-6)
    np.testing.assert_allclose(maps[0, 4, 3, 0], np.exp(-2), rtol=1e-6)


def test_the_published_net_and_the_answers_of_its_saved_model(tmp_path):
    net = build_movenet(1.5, 17, input_size=64, neck=FORM.neck, head=FORM.head)
    assert net.count_params() == 4_800_458 and form_of(net) is FORM
    inference_model(net, 64).save(tmp_path / "net.keras")
    answers = keras.models.load_model(tmp_path / "net.keras")(np.zeros((2, 64, 64, 3), np.uint8))
    assert {name: tuple(value.shape) for name, value in answers.items()} == {
        "joints_xy_px": (2, MAX_CENTERS, 17, 2),
        "scores": (2, MAX_CENTERS, 17),
        "person_scores": (2, MAX_CENTERS),
    }
