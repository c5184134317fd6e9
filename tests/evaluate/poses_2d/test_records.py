"""Frame records as labeled images: those who are not labeled, and figures equal to the annotation file's."""

import contextlib
import io
import json
import os
from pathlib import Path

import numpy as np
import pytest
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from data_prep.__main__ import main as data_prep
from data_prep.coco.outline import read_region
from evaluate.poses_2d.evaluation import evaluate_predictions
from evaluate.poses_2d.records import read_frame_records
from pose import COCO17
from records import Frame, Person, Region, ShardSetWriter, encode_frame


def write(folder, regions, upright):
    picture = np.full((100, 200, 3), 90, np.uint8)
    person = Person(picture, np.array([30.0, 0, 40, 99]), upright / 2 + (50, 50), np.full(17, 2), "made", "s", frame=3)
    writer = ShardSetWriter(folder, skeleton=COCO17, size=100, source={}, split_rule={}, kind="frames")
    writer.add("val", encode_frame(Frame(picture, [person], regions, "made", "s", frame=3), 100, COCO17))
    writer.finish(max_people=1)
    return read_frame_records(folder, "val")


def test_boxes_areas_and_crowds_come_from_the_annotations_if_all_have_them(tmp_path, upright):
    entry = {"bbox": [100.5, 10.5, 40, 20], "area": 300.0, "iscrowd": 1, "segmentation": [[110, 10, 140, 10, 140, 30]]}
    region = read_region(entry, (100, 200))
    assert region.extent == (100, 10, 40, 20, 300, 1)
    records = write(tmp_path / "a", [region], upright)
    (frame,) = records.frames
    assert frame.key == "made/s//3" and frame.ignored.boxes_px.tolist() == [[100, 10, 40, 20]]
    assert frame.ignored.areas_px.tolist() == [300] and frame.ignored.crowds.tolist() == [True]
    np.testing.assert_allclose(frame.joints_xy_px[0], upright / 2 + (50, 50), atol=1e-4)
    assert records.pictures({0})[0].shape == (100, 100, 3) and records.pictures({1}) == {}
    # Without an area there is the mask alone: 20 x 10 of its px, of 2 x 2 px each.
    without = read_region({key: entry[key] for key in ("bbox", "iscrowd")}, None)
    assert without.extent is None
    (frame,) = write(tmp_path / "b", [without], upright).frames
    assert frame.ignored.crowds.tolist() == [True] and frame.ignored.areas_px == pytest.approx([800], rel=0.2)
    np.testing.assert_allclose(frame.ignored.boxes_px, [[100, 10, 40, 20]], atol=2)


def test_a_part_without_a_box_leaves_the_mask(tmp_path, upright):
    known = Region.of_box(np.array([100.0, 10, 40, 20]))
    (frame,) = write(tmp_path / "a", [known], upright).frames
    assert len(frame.ignored.areas_px) == 1
    assert not len(write(tmp_path / "b", [], upright).frames[0].ignored.areas_px)


@pytest.mark.skipif("PANOPOSE_SHARED" not in os.environ, reason="needs real data: PANOPOSE_SHARED")
def test_coco_through_records_gives_cocoevals_figures_on_the_official_file(tmp_path):
    root = Path(os.environ["PANOPOSE_SHARED"]) / "data/coco_mini"
    annotations = root / "annotations/person_keypoints_train2017.json"
    words = ["coco", "--root", root, "--out", tmp_path / "set", "--kind", "frames", "--min-keypoints", "1"]
    words += ["--min-box-px", "1", "--val", "0", "--test", "1", "--workers", "1"]
    assert data_prep([str(word) for word in words]) == 0
    random, results = np.random.default_rng(0), []
    for entry in json.loads(annotations.read_text())["annotations"]:
        keypoints = np.array(entry["keypoints"], float).reshape(-1, 3)
        x, y, width, height = entry["bbox"]
        inside = np.column_stack([random.uniform(x, x + width, 17), random.uniform(y, y + height, 17)])
        keypoints[:, :2] = np.where(keypoints[:, 2:] > 0, keypoints[:, :2], inside)
        keypoints[:, :2] += random.normal(0, random.choice([0.02, 0.1]) * np.sqrt(entry["area"]), (17, 2))
        person = {"image_id": entry["image_id"], "category_id": 1, "score": float(random.random())}
        results.append({**person, "keypoints": keypoints.ravel().tolist()})
    (tmp_path / "results.json").write_text(json.dumps(results))
    with contextlib.redirect_stdout(io.StringIO()):
        truth = COCO(str(annotations))
        evaluator = COCOeval(truth, truth.loadRes(str(tmp_path / "results.json")), "keypoints")
        evaluator.evaluate()
        evaluator.accumulate()
        evaluator.summarize()
    coco = evaluate_predictions(tmp_path / "results.json", tmp_path / "set", "test", gallery=0).summary.coco
    ours = [coco.ap, coco.ap50, coco.ap75, coco.ap_medium, coco.ap_large, coco.ar, coco.ar50]
    assert 0.1 < ours[0] < 0.9
    np.testing.assert_allclose(ours, evaluator.stats[:7], atol=1e-9)
