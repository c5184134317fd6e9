"""Seven joints of drawn beetles from the labels to the demos: nothing on the way needs a human skeleton."""

import json
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest
from beetle import JOINTS, scene, write_beetles
from commands import AS_GIVEN, call

from data_prep.command import main as data_prep_main
from demo.batch.__main__ import main as batch_main
from demo.site.build import page_settings
from demo.tracking.one_euro import OneEuro
from demo.tracking.rule import FollowRule
from demo.webcam import main as webcam_main
from evaluate.__main__ import main as evaluate_main
from export.__main__ import main as export_main
from records.__main__ import main as records_main
from train.movenet import MoveNetConfig, train_movenet

pytestmark = pytest.mark.slow


def succeeded(main, *arguments):
    run = call(main, *map(str, arguments))
    assert run.returncode == 0, run.stderr
    return run.stdout


@pytest.fixture(scope="module")
def records(tmp_path_factory):
    root = tmp_path_factory.mktemp("beetles")
    where = write_beetles(root, 96)
    pairs = ("--pairs", "wing alpha:wing beta", "--val-sequences", *map(str, range(1, 13)))
    options = ("--size", "64", "--test", "0.15", "--workers", "1")
    succeeded(data_prep_main, "coco", "--root", root, "--out", root / "records", *where, *pairs, *options)
    assert "all 3 shards are whole" in succeeded(records_main, root / "records")
    return root / "records"


@pytest.fixture(scope="module")
def run(records):
    """A MoveNet that begins with the weights of `fast`, but for the maps: no joint has a name that `fast` knows."""
    config = MoveNetConfig(
        records, records.with_name("run"), initial=Path("fast"), input_size=64, epochs=8, batch_size=12,
        learning_rate=2e-3, warmup_epochs=0.5, ema_epochs=0.3, log=(), **AS_GIVEN,
    )  # fmt: skip
    return train_movenet(config)


def test_it_learns_and_is_measured(run, records):
    printed = succeeded(evaluate_main, run)
    assert "PCK and AUC divide by 0.25 of the box's longer side, as beetle has no torso" in printed
    assert "wing alpha / wing beta" in printed and "arms and legs" not in printed
    content = json.loads(next(run.glob("evaluation-*/metrics.json")).read_text())
    assert content["headline"] == "pck@0.2" and content["pck_divides_by"] == "0.25 of the box's longer side"
    assert content["metrics"]["pck@0.2"] > content["mean_pose"]["metrics"]["pck@0.2"]
    page = next(run.glob("evaluation-*/report.html")).read_text()
    assert "arms and legs" not in page and "wing alpha / wing beta" in page


def test_the_export_runs_in_every_demo(run, tmp_path):
    succeeded(export_main, run, "--to", "litert")
    description = json.loads((run / "export/pose.json").read_text())
    assert description["skeleton"]["joints"] == list(JOINTS)
    # The boxes reach 10 px beyond the joints of bodies of 60 to 100 px.
    assert 1.1 < description["follow"]["box_scale"] < 1.4
    picture, joints = scene(np.random.default_rng(99))
    cv2.imwrite(str(tmp_path / "one.png"), cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))
    low = joints.min(axis=0) - 10
    size = joints.max(axis=0) + 10 - low
    values = {"picture": "one.png", "x_px": low[0], "y_px": low[1], "width_px": size[0], "height_px": size[1]}
    pd.DataFrame([values]).to_csv(tmp_path / "boxes.csv", index=False)
    table = tmp_path / "joints.csv"
    model = ("--model", run / "export", "--runtime", "litert", "--threads", 1)
    succeeded(batch_main, tmp_path / "one.png", "--out", table, "--boxes", tmp_path / "boxes.csv", *model)
    row = pd.read_csv(table).iloc[0]
    found = np.array([[row[f"{joint}_x_px"], row[f"{joint}_y_px"]] for joint in JOINTS])
    assert np.linalg.norm(found - joints, axis=1).mean() < 0.1 * max(size)
    frames = [scene(np.random.default_rng(99))[0]] * 8
    clip = cv2.VideoWriter(str(tmp_path / "clip.avi"), cv2.VideoWriter_fourcc(*"MJPG"), 10, (240, 180))
    for frame in frames:
        clip.write(cv2.cvtColor(frame, cv2.COLOR_RGB2BGR))
    clip.release()
    outputs = ("--no-window", "--output", tmp_path / "drawn.mp4", "--jsonl", tmp_path / "people.jsonl")
    succeeded(webcam_main, "--source", tmp_path / "clip.avi", *outputs, *model)
    lines = [json.loads(line) for line in (tmp_path / "people.jsonl").read_text().splitlines()]
    assert lines[0]["skeleton"] == "beetle" and len(lines) == 8
    settings = page_settings(description, FollowRule(), OneEuro())
    assert settings["main_joints"] == tuple(range(7)) and settings["sides"].count("left") == 2
