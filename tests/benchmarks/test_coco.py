"""COCO's AP of models: each in its ways, on a data set of COCO's layout."""

import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmarks.coco import in_boxes, main
from benchmarks.many.ours import open_model
from evaluate.poses_2d.frames import Ignored, LabeledFrame


@pytest.fixture
def few(shared_data, tmp_path):
    """The first three images of a real sample with people in them."""
    content = json.loads((shared_data / "coco_mini/annotations/person_keypoints_train2017.json").read_text())
    labeled = [entry["image_id"] for entry in content["annotations"] if entry["num_keypoints"] > 12]
    chosen = list(dict.fromkeys(labeled))[:3]
    content["images"] = [image for image in content["images"] if image["id"] in chosen]
    content["annotations"] = [entry for entry in content["annotations"] if entry["image_id"] in chosen]
    (tmp_path / "annotations").mkdir()
    (tmp_path / "few").mkdir()
    (tmp_path / "annotations/person_keypoints_few.json").write_text(json.dumps(content))
    for image in content["images"]:
        shutil.copy(shared_data / "coco_mini/train2017" / image["file_name"], tmp_path / "few")
    return tmp_path


def test_every_model_has_its_ways(few, capsys):
    words = ["--root", str(few), "--subset", "few", "--model", "fast", "crowd", "--out", str(few / "out/coco.csv")]
    assert main(words) == 0
    found = pd.read_csv(few / "out/coco.csv").set_index("model")
    alone = [f"crowd alone, {way}" for way in ("whole image", "1 level of views", "2 levels of views")]
    assert list(found.index) == ["fast in the labeled boxes", "fast on the people of the finder", *alone]
    # `fast` has no face: its figures are of arms and legs alone.
    assert found["AP"].isna().tolist() == [True, True, False, False, False]
    assert found["AP, arms and legs"].between(30, 100).all() and found["AP"][2:].between(30, 100).all()
    assert "| model | AP | AP50 |" in capsys.readouterr().out


def test_a_person_is_estimated_in_the_box():
    """A box that is elsewhere in the image moves the joints by as much."""
    model = open_model(Path("fast"), 1)
    picture = np.random.default_rng(0).integers(0, 255, (300, 400, 3), np.uint8)
    moved = np.zeros((340, 420, 3), np.uint8)
    moved[40:, 20:] = picture

    def found(picture, box):
        none = np.zeros((1, 14))
        frame = LabeledFrame("", np.zeros((1, 14, 2)), none, np.array([box]), np.ones(1), none[0, :1], Ignored.nobody())
        return in_boxes(model)(picture, frame)

    first, second = found(picture, (150.0, 100, 80, 120)), found(moved, (170.0, 140, 80, 120))
    np.testing.assert_allclose(second.joints_xy_px, first.joints_xy_px + (20, 40), atol=0.01)
    np.testing.assert_allclose(second.person_scores, first.person_scores, atol=1e-4)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "person_keypoints_val2017.json"),
        (["--limit", "0"], "--threads and --limit must be 1 or more"),
        (["--model", "nowhere"], "nowhere"),
        (["--finder", "fast"], "'fast' is a model of one person"),
    ],
)
def test_wrong_options_are_one_line(tmp_path, words, message, capsys):
    if "--model" in words or "--finder" in words:
        content = {"images": [{"id": 1, "file_name": "1.jpg"}], "annotations": []}
        (tmp_path / "annotations").mkdir()
        kinds = [{"id": 1, "name": "person", "keypoints": ["nose", "neck"]}]
        path = tmp_path / "annotations/person_keypoints_val2017.json"
        path.write_text(json.dumps(content | {"categories": kinds}))
    assert main(["--root", str(tmp_path), "--out", str(tmp_path / "coco.csv"), *words]) == 2
    assert message in " ".join(capsys.readouterr().err.split())
    assert not (tmp_path / "coco.csv").exists()
