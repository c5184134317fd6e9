"""The report of bodies: true bodies are drawn where they are, and the page shows the best and the worst."""

import numpy as np
import pytest
from body_people import CAMERA, bodies, in_camera

from evaluate.pose_3d.bodies import FIGURES, straight_ahead, summarize
from evaluate.pose_3d.body_report import bodies_in
from evaluate.pose_3d.evaluation import SpaceEvaluation, worst_rows
from evaluate.pose_3d.report import report_html
from pose import PANOPTIC19, Crop
from pose.crop import box_from_joints
from pose.space.drawing import CELL_PX
from pose.space.lifting import turn_to

SIZE, COUNT = 64, 4
CENTER = PANOPTIC19.index("body_center")


def people():
    """Labels of people before a camera, and answers that are right but for the last person's arm."""
    rng = np.random.default_rng(0)
    turns, values = bodies(COUNT, seed=3)
    roots = rng.uniform((-700, -200, 3600), (700, 200, 4400), (COUNT, 3))
    xyz = in_camera(turns, values, roots).astype(np.float64)
    xy = CAMERA.project_camera(xyz.reshape(-1, 3)).reshape(COUNT, -1, 2)
    crops = [Crop.from_box(box_from_joints(one, np.ones(19)), SIZE) for one in xy]
    labels = {
        "joints_xyz_mm": xyz,
        "xyz_known": np.ones((COUNT, 19), np.int32),
        "joints_xy_px": np.stack([crop.points_to_crop(one) for crop, one in zip(crops, xy, strict=True)]),
        "visible": np.full((COUNT, 19), 2, np.int32),
        "dataset": np.array([b"made_up"] * COUNT),
        "key": np.array([f"s{number}/00/0/0".encode() for number in range(COUNT)]),
    }
    views = turn_to(roots)
    ahead = turns.astype(np.float64)
    ahead[:, 0] = views @ ahead[:, 0]
    ahead[3, 10] = ahead[3, 10] @ np.diag([1, -1, -1])
    found = in_camera(ahead, values, np.zeros((COUNT, 3)))
    px_per_m = 1000 * CAMERA.matrix[0, 0] / np.linalg.norm(roots, axis=1)
    scale = px_per_m / [crop.scale for crop in crops] * 2 / SIZE
    middle = CAMERA.project_camera(roots)
    place = np.stack([crop.points_to_crop(one) for crop, one in zip(crops, middle, strict=True)])
    place = ((place + 0.5) * 2 / SIZE - 1) / scale[:, None]
    answers = {
        "camera": np.column_stack([scale, place]).astype(np.float32),
        "rotations": ahead.astype(np.float32),
        "shape_values": values,
        "joints_xyz_mm": found - found[:, CENTER, None],
        "joints_xy_px": labels["joints_xy_px"],
    }
    return labels, answers


@pytest.fixture(scope="module")
def evaluation(tmp_path_factory):
    labels, answers = people()
    subject = bodies_in(SIZE)
    summary = subject.summarize(answers, labels, PANOPTIC19)
    mean = {**answers, "joints_xyz_mm": np.broadcast_to(answers["joints_xyz_mm"][:1], (COUNT, 19, 3))}
    folder = tmp_path_factory.mktemp("run")
    return SpaceEvaluation(
        subject=subject,
        model=folder,
        records=folder / "records",
        split="val",
        skeleton=PANOPTIC19,
        shown=np.zeros((COUNT, SIZE, SIZE, 3), np.uint8),
        labels=labels,
        predicted_mm=answers["joints_xyz_mm"],
        summary=summary,
        baseline=subject.summarize(mean, labels, PANOPTIC19),
        worst=worst_rows(summary.errors, list(range(COUNT)), 2),
        chosen=[1],
        best=worst_rows(-summary.errors, list(range(COUNT)), 2),
        answers=answers,
    )


def test_the_figures_are_those_of_the_measure(evaluation):
    found = evaluation.summary.scalars()
    np.testing.assert_equal(found, summarize(evaluation.answers, evaluation.labels, PANOPTIC19, SIZE))
    assert found.keys() == {name for name, _, _ in FIGURES} and found["error_2d"] == 0
    # Roots and hips are not quite at the same place, from which people are turned.
    errors = evaluation.summary.errors.mean(axis=1)
    assert errors[:3].max() < 10 and errors[3] > 20
    assert evaluation.worst[0] == 3 and 3 not in evaluation.best


def cells(drawn):
    assert drawn.shape[1] == 4 * CELL_PX
    return [drawn[:CELL_PX, k * CELL_PX : (k + 1) * CELL_PX].astype(int) for k in range(4)]


def test_bodies_are_drawn_where_the_joints_are(evaluation):
    for row in range(3):
        _, over, front, side = cells(evaluation.subject.draw(evaluation, row))
        blue = over[..., 2] > 60
        xy = (evaluation.labels["joints_xy_px"][row] + 0.5) * CELL_PX / SIZE - 0.5
        x, y = xy.round().astype(int).T
        # Joints lie inside the body, seen by a camera that has no perspective.
        assert np.mean([blue[b - 3 : b + 4, a - 3 : a + 4].any() for a, b in zip(x, y, strict=True)]) == 1
        assert np.mean(blue[y, x]) > 0.75
        # From the front and from the side the body is as high as its joints, and more.
        height_mm = np.ptp(straight_ahead(evaluation.labels["joints_xyz_mm"], PANOPTIC19)[row, :, 1])
        for cell in (front, side):
            rows = np.flatnonzero((cell[..., 2] - cell[..., 0] > 40).any(axis=1))
            assert height_mm < (rows[-1] - rows[0]) * 2300 / CELL_PX < 1.5 * height_mm + 150


def test_the_page_shows_the_best_and_the_worst(evaluation):
    page = report_html(evaluation)
    assert page.count("<figure") == 5 and "Best people" in page and "Worst people" in page
    assert "the body over it, and the body from straight ahead and from the side" in page
    assert "predicted" in page and "predicted: left" not in page
    assert "MPJPE about the hips" in page and "s3/00/0/0" in page


def test_people_whose_hips_are_unknown_are_drawn_without_a_true_pose(evaluation):
    known = evaluation.labels["xyz_known"]
    before = cells(evaluation.subject.draw(evaluation, 0))[2]
    known[0, PANOPTIC19.index("left_hip")] = 0
    after = cells(evaluation.subject.draw(evaluation, 0))[2]
    known[:] = 1
    dark = [(cell < 80).all(axis=2).sum() for cell in (before, after)]
    assert dark[0] > 100 and dark[1] < 0.3 * dark[0]
