"""The figures of joints in depth images by hand, the mean pose before the camera, and the report."""

import json

import numpy as np
import pytest
from depth_people import SIZE, SKELETON, depth_batch, write_depth

from evaluate.pose_3d.depth import DEPTH, LABELS, mean_before_camera, summarize
from evaluate.pose_3d.evaluation import SpaceEvaluation, random_rows, worst_rows
from evaluate.pose_3d.report import write_report
from evaluate.pose_3d.tables import as_text, joints, kinds
from records import dataset


def labels_of(count=4):
    inputs, labels = depth_batch(count)
    names = {
        name: np.array([f"made_up/{number}/a/0/0".encode() for number in range(count)], object) for name in ("key",)
    }
    return {**inputs, **labels, **names, "dataset": np.full(count, b"made_up", object)}


def test_figures_by_hand():
    labels = labels_of()
    wrist, nose = SKELETON.index("left_wrist"), SKELETON.index("nose")
    labels["visible"][:, wrist] = 1
    predicted = labels["joints_xyz_mm"].astype(np.float64) + (0, 0, 60)
    predicted[:, wrist] += (0, 79, 0)
    predicted[0, nose] += (0, 0, 50)
    found = summarize(predicted, labels, SKELETON).scalars()
    # The wrist is off by 99.2 mm, which is right still, one nose of four by 110.
    assert found["error_hidden"] == pytest.approx(np.hypot(60, 79), abs=1e-3)
    assert found["error_seen"] == pytest.approx((17 * 60 + (3 * 60 + 110) / 4) / 18, abs=1e-3)
    assert found["map"] == pytest.approx((18 + 0.75) / 19) and found["map_seen"] == pytest.approx(17.75 / 18)
    # About the hips nothing is off but these.
    assert found["mpjpe"] == pytest.approx((79 + 50 / 4) / 19, abs=1e-3)
    labels["xyz_known"][:] = 0
    assert np.isnan(list(summarize(predicted, labels, SKELETON).scalars().values())).all()


def test_the_mean_pose_stands_where_the_image_shows_something(tmp_path):
    write_depth(tmp_path, train=8, val=4, test=0)
    _, labels = next(dataset(tmp_path, "val", batch_size=4, fields=LABELS).as_numpy_iterator())
    found = mean_before_camera(tmp_path, SIZE, labels)
    # All stand upright and wave, 2.5 m away, about the middle of their crops, of which limbs leave much to the wall.
    figures = summarize(found, labels, SKELETON).scalars()
    assert figures["mpjpe"] < 40 and figures["error"] < 400
    assert np.linalg.norm(found[:, 0] - labels["joints_xyz_mm"][:, 0], axis=1).min() < 200


def test_the_worst_are_of_different_groups_and_unknown_ones_are_none():
    errors = np.array([[5.0, np.nan], [9, 9], [8, 8], [np.nan, np.nan], [1, 1]])
    assert worst_rows(errors, ["a", "b", "b", "c", "d"], 3) == [1, 0, 4]
    assert random_rows(5, 3, seed=0) == sorted(random_rows(5, 3, seed=0)) and len(random_rows(2, 5, seed=0)) == 2


def test_the_report_and_tables(tmp_path):
    labels = labels_of()
    predicted = labels["joints_xyz_mm"] + np.random.default_rng(0).normal(0, 30, labels["joints_xyz_mm"].shape)
    one = SpaceEvaluation(
        subject=DEPTH,
        model=tmp_path / "net",
        records=tmp_path / "set",
        split="test",
        skeleton=SKELETON,
        shown=labels["depth_mm"].astype(np.uint16),
        labels=labels,
        predicted_mm=predicted,
        summary=summarize(predicted, labels, SKELETON),
        baseline=summarize(0 * predicted, labels, SKELETON),
        worst=[3],
        chosen=[0, 1],
    )
    files = write_report(one, tmp_path / "report")
    page = files[0].read_text()
    assert page.count("data:image/jpeg") == 3 and "depth from near (blue) to far (red)" in page
    metrics = json.loads(files[1].read_text())
    assert metrics["people"] == 4 and metrics["metrics"]["error"] == pytest.approx(one.summary.scalars()["error"])
    assert kinds(one)["people"].max() == 4 and joints(one)["error_hidden"].isna().all()
    assert "distance: 2.5 to 4.5 m" in as_text(one) and "people" in as_text(one)
    assert write_report(one, tmp_path / "report") == files
