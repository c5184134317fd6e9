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
    assert terms(labels, outputs)["regression_loss"] == pytest.approx(20 / np.sqrt(7.5 * 22.5), rel=1e-4)


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


def one_person(side, cells):
    """Labels of someone in a square box of `side` cells in the middle of an image of `cells` px, a cell each.

    All joints lie in column 10 and row 20.
    """
    labels = labels_of([], cells)
    labels["box_px"][0, 1] = cells / 2 - side / 2 - 0.5, cells / 2 - side / 2 - 0.5, side, side
    labels["joints_xy_px"][0, 1], labels["visible"][0, 1] = (10, 20), 1
    return labels


def logits_of(cells, *places):
    """Outputs of a net that is sure of nobody, but undecided at places (name, row, column, joint)."""
    shapes = {"regression": 2 * JOINTS, "joint_offsets": 2 * JOINTS, "box_sizes": 2, "box_offsets": 2}
    outputs = {name: np.zeros((1, cells, cells, count), "float32") for name, count in shapes.items()}
    outputs["center_logits"] = np.full((1, cells, cells, 1), LOW, "float32")
    outputs["joint_logits"] = np.full((1, cells, cells, JOINTS), LOW, "float32")
    for name, *place in places:
        outputs[name][(0, *place)] = 0
    return outputs


@pytest.mark.parametrize(
    ("side", "cells", "joint_sigma", "center_sigma"),
    # Shares of 0.03 and 0.04 of the person's size, but at least 0.7 and 1 cells, and at most 2.
    [(1, 40, 0.7, 1.0), (20, 40, 0.7, 1.0), (30, 40, 0.9, 1.2), (80, 80, 2.0, 2.0)],
)
def test_targets_fall_off_with_the_persons_size(side, cells, joint_sigma, center_sigma):
    labels, middle = one_person(side, cells), cells // 2
    outputs = logits_of(cells, ("center_logits", middle, middle + 2, 0), ("joint_logits", 18, 10, 3))
    outputs["center_logits"][0, middle, middle], outputs["joint_logits"][0, 20, 10] = HIGH, HIGH
    found = terms(labels, outputs, cells)
    # Two cells away the target t is exp(-2 / sigma ** 2); the loss is (1 - t) ** 4 * p ** 2 * -log(1 - p) at p = 0.5,
    # divided by the number of centers, or of joints.
    expected = [(1 - np.exp(-2 / sigma**2)) ** 4 * 0.25 * np.log(2) for sigma in (joint_sigma, center_sigma)]
    assert found["joint_loss"] == pytest.approx(expected[0] / JOINTS, rel=1e-4)
    assert found["center_loss"] == pytest.approx(expected[1], rel=1e-4)


def test_errors_at_the_center_and_about_the_joints_by_hand():
    """A box of 30 x 30 cells about the corner (20, 20) of cells; the joints are (20.5, 10.5) in rows and columns."""
    labels, outputs = one_person(30, 40), logits_of(40)
    outputs["regression"][0, 20, 20] = np.tile([0.5 + 3, -9.5], JOINTS)
    outputs["box_sizes"][0, 20, 20] = 30 + 6, -7
    outputs["box_offsets"][0, 20, 20] = 0.25, -0.5
    offsets = outputs["joint_offsets"][0, :, :, 2:4]
    for row in (19, 20, 21):
        for column in (9, 10, 11):
            offsets[row, column] = 20.5 - row, 10.5 - column
    offsets[21, 9, 1] += 0.9
    found = terms(labels, outputs, 40)
    # Rows are 3 cells wrong, columns right; a size below 0 counts as 0.
    assert found["regression_loss"] == pytest.approx(10 * 3 / 30 / 2, rel=1e-4)
    assert found["box_loss"] == pytest.approx((6 / 30 + 0.25 + 30 / 30 + 0.5) / 2, rel=1e-4)
    # The other four joints' offsets are 0 where (0.5 - step) is right, steps of -1, 0 and 1: 2.5 / 3 on the average.
    assert found["offset_loss"] == pytest.approx((0.9 / 18 + 4 * 2.5 / 3) / JOINTS, rel=1e-4)


@pytest.mark.parametrize(("row", "column", "cell"), [(39.5, 39.25, (39, 39)), (45, 20, (39, 20)), (20, -3, (20, 0))])
def test_a_center_in_the_last_cells_or_beyond_is_learned_in_the_nearest_cell(row, column, cell):
    labels, outputs = one_person(30, 40), logits_of(40)
    labels["box_px"][0, 1, :2] = column - 15.5, row - 15.5
    assert terms(labels, outputs, 40)["box_loss"] > 0.1
    outputs["box_sizes"][(0, *cell)], outputs["box_offsets"][(0, *cell)] = 30, (row % 1, column % 1)
    assert terms(labels, outputs, 40)["box_loss"] == pytest.approx(0, abs=1e-6)


def test_offsets_are_learned_in_the_cells_of_the_map_alone():
    """Of a joint in the last corner, four of the nine cells; of the others, which are not labeled, none."""
    labels, outputs = one_person(30, 40), logits_of(40)
    labels["joints_xy_px"][0, 1], labels["visible"][0, 1] = (39, 39), (1, 0, 0, 0, 0)
    outputs["joint_offsets"][0, 38:, 38:, :2] = [[[1.5, 1.5], [1.5, 0.5]], [[0.5, 1.5], [0.5, 0.5]]]
    assert terms(labels, outputs, 40)["offset_loss"] == pytest.approx(0, abs=1e-6)
    outputs["joint_offsets"][0, 39, 39, 0] += 0.8
    assert terms(labels, outputs, 40)["offset_loss"] == pytest.approx(0.8 / 8, rel=1e-4)
    labels["joints_xy_px"][0, 1] = 0, 0
    outputs["joint_offsets"][0, :2, :2, :2] = [[[0.5, 0.5], [0.5, -0.5]], [[-0.5, 0.5], [-0.5, -0.5]]]
    assert terms(labels, outputs, 40)["offset_loss"] == pytest.approx(0, abs=1e-6)
    outputs["joint_offsets"][0, 0, 0, 0] += 0.8
    assert terms(labels, outputs, 40)["offset_loss"] == pytest.approx(0.8 / 8, rel=1e-4)


def test_someone_without_a_box_or_a_joint_is_not_learned_from():
    labels, outputs = one_person(30, 40), logits_of(40)
    assert terms(labels, outputs, 40)["box_loss"] > 0.01
    for width, height, visible in ((0, 30, 1), (30, 0, 1), (30, 30, 0)):
        labels["box_px"][0, 1, 2:], labels["visible"][0, 1] = (width, height), visible
        found = center_loss(labels, outputs, 40)
        assert all(float(term.value) == pytest.approx(0, abs=1e-6) for term in found.values())
        assert not any(np.asarray(term.counted).any() for term in found.values())


def test_a_joint_that_is_not_labeled_is_ignored_up_to_its_boxs_edge():
    """The box covers rows and columns 5 to 34."""
    labels = one_person(30, 40)
    labels["visible"][0, 1, 2] = 0
    for place in ((5, 5), (34, 34), (5, 34)):
        outputs = logits_of(40, ("joint_logits", *place, 2))
        outputs["joint_logits"][0, 20, 10] = HIGH
        assert terms(labels, outputs, 40)["joint_loss"] == pytest.approx(0, abs=1e-6)
    for place in ((4, 20), (35, 20), (20, 4), (20, 35)):
        outputs = logits_of(40, ("joint_logits", *place, 2))
        outputs["joint_logits"][0, 20, 10] = HIGH
        assert terms(labels, outputs, 40)["joint_loss"] == pytest.approx(0.25 * np.log(2) / 4, rel=1e-4)


def test_a_persons_score_is_the_centers_times_the_mean_of_the_joints_above_the_minimum():
    outputs = logits_of(32, ("center_logits", 8, 9, 0))
    # A large person, so that distances of a cell do not count: exp(-0.5 / (0.02 * 1e12)).
    outputs["box_sizes"][0, 8, 9] = 1e6, 1e6
    outputs["joint_logits"][:] = np.log(0.1 / 0.9)
    for joint, score in enumerate((0.9, 0.128, 0.126)):
        outputs["joint_logits"][0, 8, 9, joint] = np.log(score / (1 - score))
    found = decoded(outputs)
    assert found["person_scores"][0, 0] == pytest.approx(0.5 * (0.9 + 0.128) / 2, rel=1e-4)
    np.testing.assert_allclose(found["scores"][0, 0], [0.9, 0.128, 0.126, 0.1, 0.1], rtol=1e-4)


@pytest.mark.parametrize(("row", "column"), [(3, 20), (25, 4), (28, 30)])
def test_a_joint_is_searched_for_six_cells_either_way_within_the_map(row, column):
    """At the map's edge, the window of 13 x 13 cells is moved into it."""
    outputs = logits_of(32, ("center_logits", row, column, 0))
    outputs["box_sizes"][0, row, column] = 1e6, 1e6
    top, left = min(max(row - 6, 0), 19), min(max(column - 6, 0), 19)
    inside = [(top, left), (top + 12, left), (top, left + 12), (top + 12, left + 12)]
    for joint, place in enumerate(inside):
        outputs["joint_logits"][(0, *place, joint)] = 0
    outputs["joint_offsets"][:] = 0.5
    found = decoded(outputs)
    np.testing.assert_allclose(found["scores"][0, 0], [0.5] * 4 + [0], atol=1e-5)
    np.testing.assert_allclose(found["joints_xy_px"][0, 0, :4, ::-1], (np.array(inside) + 0.5) * CELL - 0.5, atol=1e-4)
    # A cell beyond them is not found.
    if 0 < top < 19:
        outputs["joint_logits"][0, top - 1, left, 4] = outputs["joint_logits"][0, top + 13, left, 4] = HIGH
    if 0 < left < 19:
        outputs["joint_logits"][0, top, left - 1, 4] = outputs["joint_logits"][0, top, left + 13, 4] = HIGH
    assert decoded(outputs)["scores"][0, 0, 4] < 1e-5


def test_a_map_smaller_than_the_window_is_searched_as_a_whole():
    outputs = logits_of(3, ("center_logits", 1, 1, 0), ("joint_logits", 0, 0, 0), ("joint_logits", 2, 2, 1))
    outputs["box_sizes"][:], outputs["joint_offsets"][:] = 1e6, 0.5
    found = {name: keras.ops.convert_to_numpy(value) for name, value in FORM.decode(outputs, 3).items()}
    assert found["person_scores"].shape == (1, 9)
    np.testing.assert_allclose(found["joints_xy_px"][0, 0, :2], [[0, 0], [2, 2]], atol=1e-5)
    np.testing.assert_allclose(found["scores"][0, 0, :2], 0.5, atol=1e-5)


def test_a_fresh_nets_maps_begin_near_a_tenth_and_each_joint_has_its_channels():
    features = keras.Input((8, 8, 4))
    few, many = (keras.Model(features, FORM.head([features], joints)) for joints in (3, 5))
    biases = [{name: net.get_layer(name).bias.numpy() for name in net.output} for net in (few, many)]
    for name, bias in biases[1].items():
        np.testing.assert_allclose(bias, -2.2 if name in ("center_logits", "joint_logits") else 0, rtol=1e-6)
    grown = {name: (len(biases[1][name]) - len(biases[0][name])) / 2 for name in FORM.outputs}
    assert {name: width for name, width in grown.items() if width} == FORM.joint_layers
    assert FORM.joint_layers == {"joint_logits": 1, "regression": 2, "joint_offsets": 2}


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
