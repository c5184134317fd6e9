"""`python -m demo.depth`: the table, the drawings, and what cannot be read."""

from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest
from commands import AS_GIVEN, call
from depth_people import MATRIX, depth_person, write_depth

from demo.depth import main
from export.__main__ import main as export_main
from pose.space.drawing import CELL_PX
from train.depth import DepthConfig, train_depth


@pytest.fixture(scope="module")
def export(tmp_path_factory):
    folder = tmp_path_factory.mktemp("depth")
    write_depth(folder / "set")
    short = {"epochs": 1, "batch_size": 4, "log": (), "ema_epochs": 0, "warmup_epochs": 0, "depth": 10, "width": 8}
    run = train_depth(DepthConfig(folder / "set", folder / "run", **short, **AS_GIVEN))
    assert call(export_main, run, "--to", "litert").returncode == 0
    return run / "export"


@pytest.fixture
def images(tmp_path):
    paths = [tmp_path / f"{number}.png" for number in range(2)]
    for number, path in enumerate(paths):
        cv2.imwrite(str(path), depth_person(number).depth_mm)
    return paths


def test_a_table_and_drawings_are_written(export, images, tmp_path):
    options = ("--model", export, "--focal-px", MATRIX[0, 0], "--box", 100, 40, 90, 180)
    done = call(
        main, *images, *options, "--complete", "lift", "--out", tmp_path / "t.csv", "--pictures", tmp_path / "p"
    )
    assert done.returncode == 0 and "t.csv: 2 images in litert" in done.stdout, done.stderr
    table = pd.read_csv(tmp_path / "t.csv")
    assert table["image"].tolist() == [str(path) for path in images]
    assert np.isfinite(table[["left_wrist_x_mm", "left_wrist_z_mm", "nose_score"]]).all(axis=None)
    assert table["neck_z_mm"].between(500, 5500).all()
    drawn = sorted((tmp_path / "p").iterdir())
    assert [path.name for path in drawn] == ["0000_0.png", "0001_1.png"]
    assert cv2.imread(str(drawn[0])).shape[1] == 4 * CELL_PX


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (("--focal-px", "0", "--out", "t.csv"), 2, "--focal-px must be 1 or more, got 0"),
        (("--focal-px", "300", "--out", "t.txt"), 2, "--out must end in .parquet or .csv"),
        (("--focal-px", "300", "--out", "t.csv", "--box", "1", "2", "0", "4"), 2, "the last two above 0"),
        (("--focal-px", "300", "--out", "t.csv", "--complete", "fast"), 2, "lifts no joints to 3D"),
    ],
)
def test_wrong_options(export, images, tmp_path, monkeypatch, words, code, message):
    monkeypatch.chdir(tmp_path)
    done = call(main, *images, "--model", export, *words)
    assert done.returncode == code and message in done.stderr, done.stderr
    assert not (tmp_path / "t.csv").exists()


def test_images_that_hold_no_depth(export, images, tmp_path):
    words = ("--model", export, "--focal-px", 300, "--out", tmp_path / "t.csv")
    cv2.imwrite(str(images[1]), np.zeros((20, 20, 3), np.uint8))
    for path, message in ((images[1], "is no 16-bit gray image"), (tmp_path / "none.png", "does not exist")):
        done = call(main, images[0], path, *words, "--pictures", tmp_path / "p")
        assert done.returncode == 3 and message in done.stderr
        assert not (tmp_path / "t.csv").exists() and not (tmp_path / "p").exists()


def test_no_image_is_a_mistake(tmp_path):
    done = call(main, "--focal-px", 300, "--out", tmp_path / "t.csv")
    assert done.returncode == 2 and "give one depth image or more" in done.stderr


def test_other_models_are_refused(images, tmp_path):
    from weights import shipped

    words = ("--model", shipped(Path("fast")) / "export", "--focal-px", 300, "--out", tmp_path / "t.csv")
    done = call(main, images[0], *words)
    assert done.returncode == 2 and "takes no depth images" in done.stderr
