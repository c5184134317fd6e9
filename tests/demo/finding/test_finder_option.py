"""--finder: people of images and videos found by a model that sees everybody."""

import cv2
import numpy as np
import pandas as pd
import pytest

from demo.batch.__main__ import main
from demo.runtimes.exports import find_finder, joints_of, sees_everybody
from demo.runtimes.options import ModelOptions
from pose import COCO17, LSP14
from weights import run_of

PEOPLE = [(80, 100, 90), (240, 120, 70)]


@pytest.fixture
def squares_by_default():
    """Not here."""


@pytest.fixture
def picture(tmp_path, paint):
    picture = paint((240, 320), PEOPLE[0])
    mask = paint((240, 320), PEOPLE[1])
    picture = np.where(mask == 90, picture, mask)
    path = tmp_path / "pictures" / "two.png"
    path.parent.mkdir()
    cv2.imwrite(str(path), cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))
    return path


def table(tmp_path, picture, *words):
    out = tmp_path / "out.csv"
    assert main([str(picture), "--out", str(out), "--runtime", "saved-model", "--batch", "2", *map(str, words)]) == 0
    return pd.read_csv(out).sort_values("box_x_px")


def check(found):
    assert len(found) == 2
    for (_, row), (x, y, height) in zip(found.iterrows(), PEOPLE, strict=True):
        assert (
            abs(row["box_x_px"] + row["box_width_px"] / 2 - x) < 4
            and abs(row["box_y_px"] + row["box_height_px"] / 2 - y) < 4
        )
        assert abs(row["box_height_px"] - height) < 8


def test_a_model_that_sees_everybody_is_the_model(tmp_path, picture, fake_crowd):
    check(table(tmp_path, picture, "--model", fake_crowd))


def test_it_finds_people_for_a_model_of_one_person(tmp_path, picture, fake_export, fake_crowd):
    check(table(tmp_path, picture, "--model", fake_export, "--finder", fake_crowd))
    assert len(table(tmp_path, picture, "--model", fake_export, "--finder", fake_crowd, "--people", 1)) == 1


@pytest.mark.parametrize(
    ("model", "finder", "message"),
    [
        ("fake_export", "fake_export", "is a model of one person; give one that sees everybody"),
        ("fake_crowd", "fake_crowd", "the model sees everybody itself; leave --finder"),
        ("fake_export", "nowhere", "the model 'nowhere' does not exist"),
    ],
)
def test_wrong_finders_end_in_one_line(request, capsys, tmp_path, picture, model, finder, message):
    named = finder if finder == "nowhere" else request.getfixturevalue(finder)
    words = ["--model", request.getfixturevalue(model), "--finder", named, "--out", tmp_path / "out.csv"]
    assert main([str(picture), "--runtime", "saved-model", "--batch", "2", *map(str, words)]) == 2
    error = capsys.readouterr().err
    assert message in error and error.strip().count("\n") == 0 and not (tmp_path / "out.csv").exists()


def test_what_a_model_sees_is_read_from_its_description(tmp_path, fake_crowd, fake_export):
    assert sees_everybody(fake_crowd) and not sees_everybody(fake_export)
    (tmp_path / "pose.json").write_text("[]")
    assert not sees_everybody(tmp_path / "model.onnx")


def test_crowd_finds_people_for_models_of_peoples_joints_and_squares_are_searched_for_others(fake_crowd):
    crowd = run_of("crowd") / "export"
    assert find_finder("auto", None, LSP14.joints) == find_finder("auto", 2, COCO17.joints) == crowd
    assert find_finder("auto", None, ("head", "tail", "left_hip", "right_hip", "left_knee")) is None
    assert find_finder("auto", 1, LSP14.joints) is find_finder("squares", None, LSP14.joints) is None
    assert find_finder(str(fake_crowd), 1, ("head",)) == fake_crowd


def test_crowd_is_the_model_where_more_than_one_person_is_looked_for(tmp_path, monkeypatch):
    # A folder of that name is another model only where it is asked for.
    monkeypatch.chdir(tmp_path)
    (tmp_path / "crowd").mkdir()
    for people, name in ((1, "fast"), (2, "crowd"), (None, "crowd")):
        assert ModelOptions(runs=tmp_path).find_export(people) == run_of(name) / "export"
    for finder in ("squares", str(run_of("crowd"))):
        assert ModelOptions(runs=tmp_path, finder=finder).find_export(2) == run_of("fast") / "export"
    assert ModelOptions(runs=tmp_path).find_export(30) == run_of("crowd") / "export"
    assert joints_of(run_of("crowd") / "export") == set(COCO17.joints)
    assert joints_of(tmp_path) == set()
