"""COCO's figures over whole images: by hand, and equal to COCOeval's on an official file."""

import contextlib
import io
import json
import os
from pathlib import Path

import numpy as np
import pytest
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from evaluate.poses_2d.annotations import read_annotations
from evaluate.poses_2d.coco_ap import keypoint_ap
from evaluate.poses_2d.frames import Ignored
from evaluate.poses_2d.predictions import fit
from pose import COCO17, LSP14
from pose.results.read import read_results

CENTERS = [(100, 100), (300, 100)]


def test_perfect_people_a_missed_one_and_a_false_one(labeled, found, upright):
    frames = [labeled(CENTERS), labeled([])]
    right = [upright + center for center in CENTERS]
    perfect = keypoint_ap(frames, [found(right), found([])], COCO17)
    assert (perfect.ap, perfect.ap50, perfect.ar) == pytest.approx((1, 1, 1))
    # 4000 square px is medium.
    assert perfect.ap_medium == pytest.approx(1) and np.isnan(perfect.ap_large)
    # Precision 1 up to recall 0.5: 51 of COCO's 101 recalls from 0 to 1.
    missed = keypoint_ap(frames, [found(right[:1]), found([])], COCO17)
    assert (missed.ap, missed.ar, missed.ar50) == pytest.approx((51 / 101, 0.5, 0.5))
    # Someone who is not there, in an image without people, between the two in score: precision 2/3 for the second half.
    false = keypoint_ap(frames, [found(right, [0.9, 0.3]), found([upright + 50], [0.5])], COCO17)
    assert false.ap == pytest.approx((51 + 50 * 2 / 3) / 101) and false.ar == pytest.approx(1)
    nobody = keypoint_ap(frames, [found([]), found([])], COCO17)
    assert (nobody.ap, nobody.ar) == (0, 0)
    assert np.isnan(keypoint_ap([labeled([])], [found([])], COCO17).ap)


def test_each_threshold_by_a_known_similarity(labeled, found, upright):
    # All joints of one sigma's size off: exp(-1 / 8) = 0.882; with twice the distance exp(-1 / 2) = 0.607.
    frames, shift = [labeled([(100, 100)])], np.sqrt(4000) * np.array(COCO17.sigmas)[:, None] * [1, 0]
    near, far = (keypoint_ap(frames, [found([upright + 100 + k * shift])], COCO17) for k in (1, 2))
    # 0.50, 0.55, ..., 0.85 are 8 of 10 thresholds; 0.50, 0.55 and 0.60 are 3.
    assert near.ap == pytest.approx(0.8) and far.ap == pytest.approx(0.3)
    assert (near.ap75, far.ap75) == pytest.approx((1, 0)) and far.ap50 == pytest.approx(1)


def test_found_people_in_a_crowd_are_left_out(labeled, found, upright):
    people = [upright + (100, 100), upright + (600, 300), upright + (620, 300)]
    false = keypoint_ap([labeled(CENTERS[:1])], [found(people, [0.5, 0.9, 0.8])], COCO17)
    assert false.ap == pytest.approx(1 / 3)
    for crowd, right in ((True, 1), (False, 1 / 2)):
        # Someone who is not labeled excuses one person, a crowd any number.
        ignored = Ignored(np.array([[570.0, 230, 100, 140]]), np.array([9000.0]), np.array([crowd]))
        there = keypoint_ap([labeled(CENTERS[:1], ignored=ignored)], [found(people, [0.5, 0.9, 0.8])], COCO17)
        assert there.ap == pytest.approx(right)


def test_joints_without_a_place_are_wrong_and_do_not_enlarge_the_person(labeled, found, upright):
    people = np.array([upright + (100, 100)])
    people[0, 11:] = np.nan
    assert keypoint_ap([labeled(CENTERS[:1])], [found(people)], COCO17).ap == pytest.approx(0.3)  # 11/17 = 0.647


def test_more_than_20_people_of_an_image_count(labeled, found, upright):
    centers = [(100 * k, 100) for k in range(30)]
    frame, people = labeled(centers), found([upright + center for center in centers])
    assert keypoint_ap([frame], [people], COCO17).ar == pytest.approx(1)


def test_numbers_of_images_and_joints_must_fit(labeled, found):
    with pytest.raises(ValueError, match="got 1 images and 0 of found people"):
        keypoint_ap([labeled(CENTERS)], [], COCO17)
    with pytest.raises(ValueError, match="lsp14 has 14 joints, got people of shape"):
        keypoint_ap([labeled(CENTERS)], [found([])], LSP14)


def perturbed(content, seed):
    """Results made from labels: some missed, some doubled, some in crowds, all with noise."""
    random, entries = np.random.default_rng(seed), []

    def add(image, keypoints, score):
        entry = {"image_id": image, "category_id": 1, "keypoints": keypoints.ravel().tolist(), "score": float(score)}
        entries.append(entry)

    for annotation in content["annotations"]:
        keypoints, image = np.array(annotation["keypoints"], float).reshape(-1, 3), annotation["image_id"]
        if annotation["iscrowd"] or not keypoints[:, 2].any():
            x, y, width, height = annotation["bbox"]
            keypoints[:, 0], keypoints[:, 1] = random.uniform(x, x + width, 17), random.uniform(y, y + height, 17)
            add(image, keypoints, random.random())
        elif random.random() < 0.8:
            scale = np.sqrt(annotation["area"]) * random.choice([0.02, 0.05, 0.1])
            keypoints[:, :2] += random.normal(0, scale, (17, 2))
            add(image, keypoints, random.random())
            if random.random() < 0.3:
                add(image, keypoints + [40, 20, 0], random.random() / 2)
    return entries


def official(annotations, results):
    """COCOeval's own seven first figures: AP, AP50, AP75, of medium and large people, AR, AR50."""
    with contextlib.redirect_stdout(io.StringIO()):
        truth = COCO(str(annotations))
        evaluator = COCOeval(truth, truth.loadRes(str(results)), "keypoints")
        evaluator.evaluate()
        evaluator.accumulate()
        evaluator.summarize()
    return evaluator.stats[:7]


def ours(annotations, results):
    truth = read_annotations(annotations)
    fitted = fit(read_results(results), truth.names, truth.skeleton)
    coco = keypoint_ap(truth.frames, fitted.found, truth.skeleton)
    return [coco.ap, coco.ap50, coco.ap75, coco.ap_medium, coco.ap_large, coco.ar, coco.ar50]


def crowded_content():
    """A file with people of all sizes, people without keypoints, a crowd and an image without people."""
    random, annotations = np.random.default_rng(3), []
    for k in range(60):
        size = random.choice([20, 60, 150])
        keypoints = np.hstack([random.uniform(0, size, (17, 2)) + random.uniform(0, 400, 2), np.full((17, 1), 2)])
        keypoints[random.random(17) < 0.3] = 0
        if k % 9 == 0:
            keypoints[:] = 0
        annotations.append(
            {
                "id": k + 1,
                "image_id": int(random.integers(1, 12)),
                "category_id": 1,
                "keypoints": keypoints.ravel().tolist(),
                "num_keypoints": int((keypoints[:, 2] > 0).sum()),
                "bbox": [*random.uniform(0, 400, 2).tolist(), float(size), float(size)],
                "area": float(0.6 * size**2),
                "iscrowd": int(k % 18 == 0),
            }
        )
    images = [{"id": k, "file_name": f"{k:012d}.jpg", "width": 640, "height": 480} for k in range(1, 14)]
    return {"images": images, "annotations": annotations, "categories": [{"id": 1, "name": "person"}]}


@pytest.mark.parametrize("seed", [0, 1])
def test_an_annotation_file_gives_exactly_cocoevals_figures(tmp_path, seed):
    content = crowded_content()
    content["categories"][0]["keypoints"] = list(COCO17.joints)
    (tmp_path / "labels.json").write_text(json.dumps(content))
    (tmp_path / "results.json").write_text(json.dumps(perturbed(content, seed)))
    expected = official(tmp_path / "labels.json", tmp_path / "results.json")
    assert 0.05 < expected[0] < 0.9
    np.testing.assert_allclose(ours(tmp_path / "labels.json", tmp_path / "results.json"), expected, atol=1e-12)


@pytest.mark.skipif("PANOPOSE_SHARED" not in os.environ, reason="needs real data: PANOPOSE_SHARED")
def test_coco_itself_gives_exactly_cocoevals_figures(tmp_path):
    annotations = Path(os.environ["PANOPOSE_SHARED"]) / "data/coco_mini/annotations/person_keypoints_train2017.json"
    (tmp_path / "results.json").write_text(json.dumps(perturbed(json.loads(annotations.read_text()), 0)))
    expected = official(annotations, tmp_path / "results.json")
    np.testing.assert_allclose(ours(annotations, tmp_path / "results.json"), expected, atol=1e-12)
