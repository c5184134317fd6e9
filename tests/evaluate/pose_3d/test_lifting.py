"""The figures of lifted poses by hand, the kinds of views, and the report."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
from waving import SKELETON, moving

from evaluate.pose_3d.evaluation import SpaceEvaluation
from evaluate.pose_3d.lifting import LIFTING, clips_of, kinds_of, summarize
from evaluate.pose_3d.report import write_report
from evaluate.pose_3d.tables import as_text, joints, kinds


def labels_of(xyz, **changes):
    count = len(xyz)
    values = {
        "joints_xyz_mm": xyz.astype(np.float32),
        "xyz_known": np.ones(xyz.shape[:2], np.int32),
        "seen": np.ones(xyz.shape[:2], np.int32),
        "time_s": np.arange(count) / 10,
        "distance_mm": np.linspace(1500, 6000, count),
        "dataset": np.full(count, b"test", object),
        "key": np.array([f"test/a/0/0+{k}".encode() for k in range(count)], object),
    }
    return values | changes


def test_figures_by_hand():
    true = moving(4).astype(np.float64)
    predicted = true.copy()
    wrist = SKELETON.index("left_wrist")
    predicted[:, wrist] += (30, 0, 40)
    found = summarize(predicted + 500, labels_of(true), SKELETON).scalars()
    assert found["mpjpe"] == pytest.approx(50 / 19)
    assert found["pck_3d"] == 1 and found["mpjve"] == pytest.approx(0, abs=1e-6)
    assert np.isnan(found["mpjpe_hidden"])
    seen = np.ones((4, 19), int)
    seen[:, wrist] = 0
    assert summarize(predicted, labels_of(true, seen=seen), SKELETON).scalars()["mpjpe_hidden"] == pytest.approx(50)


def test_scale_and_turn_are_forgiven_where_they_should_be():
    true = moving(2).astype(np.float64)
    angle = np.radians(40)
    turn = np.array([[np.cos(angle), 0, np.sin(angle)], [0, 1, 0], [-np.sin(angle), 0, np.cos(angle)]])
    larger = summarize(1.2 * true, labels_of(true), SKELETON).scalars()
    assert larger["mpjpe"] > 50 and larger["n_mpjpe"] < 1e-3 and larger["pa_mpjpe"] < 1e-3
    turned = summarize(true @ turn.T, labels_of(true), SKELETON).scalars()
    assert turned["n_mpjpe"] > 50 and turned["pa_mpjpe"] < 1e-3


def test_velocities_are_of_neighbors_in_one_clip():
    true = moving(6).astype(np.float64)
    predicted = true.copy()
    predicted[1, SKELETON.index("nose")] += (0, 0, 19)
    keys = np.array([b"test/a/0/0+0", b"test/a/0/0+1", b"test/a/0/0+2", b"test/b/0/0+0", b"x+0", b"x+1"], object)
    labels = labels_of(true, key=keys)
    assert [rows.tolist() for rows in clips_of(labels)] == [[0, 1, 2], [4, 5]]
    # 19 mm in a tenth of a second, there and back, in 2 of 3 steps of 19 joints.
    assert summarize(predicted, labels, SKELETON).scalars()["mpjve"] == pytest.approx(190 * 2 / 3 / 19)


def test_kinds_by_hand():
    true = moving(4).astype(np.float64)

    def about(axis, degrees):
        sin, cos = np.sin(np.radians(degrees)), np.cos(np.radians(degrees))
        return np.array(
            [[cos, 0, sin], [0, 1, 0], [-sin, 0, cos]] if axis == "y" else [[cos, -sin, 0], [sin, cos, 0], [0, 0, 1]]
        )

    # The person's left is at +x, y is down: so this one faces the camera, which looks along +z.
    true[1] = true[1] @ about("y", 90).T
    true[2] = true[2] @ about("y", 180).T
    true[3] = true[3] @ about("z", 90).T
    rows = {(what, name): some.tolist() for what, name, some in kinds_of(labels_of(true), SKELETON)}
    assert rows["facing", "front"][0] and rows["facing", "side"][1] and rows["facing", "back"][2]
    assert rows["trunk", "lying or upside down"] == [False, False, False, True]
    assert rows["distance", "below 2.5 m"] == [True, False, False, False]
    assert rows["data set", "test"] == [True] * 4


def evaluation(tmp_path):
    true = moving(8).astype(np.float64)
    labels = labels_of(true)
    predicted = true + np.random.default_rng(0).normal(0, 30, true.shape)
    windows = np.zeros((8, 3, 19, 3), np.float32)
    windows[..., :2], windows[..., 2] = true[:, None, :, :2] / 900, 1
    return SpaceEvaluation(
        subject=LIFTING,
        model=tmp_path / "<net>",
        records=tmp_path / "set",
        split="test",
        skeleton=SKELETON,
        shown=windows,
        labels=labels,
        predicted_mm=predicted,
        summary=summarize(predicted, labels, SKELETON),
        baseline=summarize(np.zeros_like(true), labels, SKELETON),
        worst=[3],
        chosen=[0, 5],
    )


def test_the_report(tmp_path):
    one = evaluation(tmp_path)
    files = write_report(one, tmp_path / "report")
    assert [path.name for path in files] == [
        "report.html",
        "metrics.json",
        "kinds.csv",
        "joints.csv",
        "predictions.csv",
    ]
    page = files[0].read_text()
    assert "<title>Evaluation of &lt;net&gt;" in page and len(re.findall("data:image/jpeg", page)) == 3
    metrics = json.loads(files[1].read_text())
    assert metrics["metrics"]["mpjpe"] == pytest.approx(one.summary.scalars()["mpjpe"])
    assert metrics["metrics"]["mpjpe_hidden"] is None
    # A second report replaces the first; other files stay.
    assert write_report(one, tmp_path / "report") == files
    Path(files[4]).write_text("mine")
    with pytest.raises(ValueError, match="not of an evaluation"):
        write_report(one, tmp_path / "report")


def test_tables(tmp_path):
    one = evaluation(tmp_path)
    assert joints(one)["joint"].tolist() == list(SKELETON.joints) and joints(one)["known"].min() == 8
    assert kinds(one)["windows"].sum() == 4 * 8
    lines = as_text(one).splitlines()
    assert lines[1].split()[:2] == ["MPJPE,", "mm"] and any(line.startswith("facing: front") for line in lines)
