"""The COCO reader: conventions by hand, and every broken input by name."""

import json
import pickle

import cv2
import numpy as np
import pytest
from made_units import left_out

from data_prep.coco.reader import Coco
from pose import COCO17
from records import BadInput


def person(annotation_id: int = 1, image_id: int = 7, **changes) -> dict:
    """17 keypoints at (10 + j, 20 + 2 j), labeled 2 but the first two, which are 0 and 1."""
    keypoints = [[10 + j, 20 + 2 * j, 2] for j in range(17)]
    keypoints[0], keypoints[1][2] = [0, 0, 0], 1
    entry = {
        "id": annotation_id,
        "image_id": image_id,
        "category_id": 1,
        "iscrowd": 0,
        "num_keypoints": 16,
        "keypoints": np.ravel(keypoints).tolist(),
        "bbox": [5.0, 10.5, 40.0, 60.0],
        "area": 1200.5,
    }
    return {**entry, **changes}


@pytest.fixture
def coco(tmp_path):
    """Writes images 7 and 9 and an annotation file of the given people; returns a reader of them."""
    (tmp_path / "mini2017").mkdir()
    (tmp_path / "annotations").mkdir()
    images = []
    for image_id in (9, 7):
        name = f"{image_id:012d}.png"
        cv2.imwrite(str(tmp_path / "mini2017" / name), np.full((80, 60, 3), image_id, np.uint8))
        images.append({"id": image_id, "file_name": name, "height": 80, "width": 60})
    categories = [{"id": 1, "name": "person", "keypoints": list(COCO17.joints)}]

    def write(annotations: list, **options) -> Coco:
        content = {"images": images, "annotations": annotations, "categories": categories}
        (tmp_path / "annotations/person_keypoints_mini2017.json").write_text(json.dumps(content))
        return Coco(tmp_path, "mini2017", **options)

    write.images, write.categories = images, categories
    return write


def test_keypoints_are_pixel_centers_and_boxes_are_not(coco):
    (got,) = coco([person()]).people()
    np.testing.assert_array_equal(got.joints_xy_px[2], [12, 24])
    assert got.visible.tolist() == [0, 1] + [2] * 15
    np.testing.assert_array_equal(got.box_px, [4.5, 10.0, 40.0, 60.0])
    assert got.area_px == 1200.5
    assert got.key == "coco/7//0/1"
    assert got.load_picture().shape == (80, 60, 3) and got.load_picture()[0, 0, 0] == 7


def test_people_are_ordered_by_image_and_annotation_and_share_the_image(coco):
    reader = coco([person(5, 9), person(3, 7), person(2, 9)])
    people = list(reader.people())
    assert [got.key for got in people] == ["coco/7//0/3", "coco/9//0/2", "coco/9//0/5"]
    assert people[1].load_picture() is people[2].load_picture()
    assert reader.total() == 3


def test_units_keep_the_people_of_an_image_together(coco, monkeypatch):
    monkeypatch.setattr("data_prep.coco.reader.PICTURES_A_UNIT", 1)
    units = pickle.loads(pickle.dumps(coco([person(5, 9), person(3, 7), person(2, 9)]).units()))
    assert [unit.name for unit in units] == ["mini2017/000000000007", "mini2017/000000000009"]
    assert [[got.person for got in unit.people()] for unit in units] == [[3], [2, 5]]


def test_crowds_small_people_and_those_with_few_keypoints_are_left_out(coco):
    few = person()["keypoints"]
    few[3 * 5 :] = [0] * 36  # four labeled keypoints are left
    reasons = {
        "crowd regions (iscrowd)": 1,
        "no keypoint is labeled": 1,
        "fewer than 6 keypoints (--min-keypoints)": 1,
        "box smaller than 32 px (--min-box-px)": 1,
    }
    annotations = [
        person(1, iscrowd=1),
        person(2, num_keypoints=0, keypoints=[0] * 51),
        person(3, keypoints=few, num_keypoints=4),
        person(4, bbox=[10, 20, 31, 30]),
        person(5),
    ]
    assert [got.person for got in coco(annotations).people()] == [5]
    assert left_out(coco(annotations)) == reasons and coco(annotations).total() == 5
    assert [got.person for got in coco(annotations, min_keypoints=4, min_box_px=31).people()] == [3, 4, 5]


def test_uncertain_predictions_are_left_out_and_labels_without_a_score_stay(coco):
    annotations = [person(1, score=0.29), person(2, score=0.3), person(3), person(4, score=None), person(5, score="x")]
    reader = coco(annotations, min_score=0.3)
    assert [got.person for got in reader.people()] == [2, 3, 4, 5]
    assert left_out(reader) == {"score below 0.3 (--min-score)": 1}
    assert len(list(coco(annotations).people())) == 5
    for wrong in (-0.1, 1.1, float("nan")):
        with pytest.raises(ValueError, match="min_score must lie between 0 and 1, got"):
            coco(annotations, min_score=wrong)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"keypoints": [1, 2, 2]}, "annotation 1: malformed .*cannot reshape"),
        ({"keypoints": 5}, "annotation 1: malformed"),
        ({"keypoints": [float("nan"), 1, 2] * 17}, "annotation 1: a labeled keypoint is NaN"),
        ({"keypoints": [1, 1, 3] * 17}, r"annotation 1: visibility must be 0, 1 or 2, got \[3.0\]"),
        ({"image_id": 8}, "image 8: not among the images"),
    ],
)
def test_a_broken_annotation_is_named_and_skipped(coco, changes, why):
    good, bad = [], []
    for item in coco([person(**changes), person(2)]).people():
        (bad if isinstance(item, BadInput) else good).append(item)
    assert [got.person for got in good] == [2]
    with pytest.raises(BadInput, match=why):
        raise bad[0]
    assert len(bad) == 1


def test_a_missing_or_outside_image_is_named_once(coco, tmp_path):
    (tmp_path / "mini2017" / "000000000007.png").unlink()
    coco.images[0]["file_name"] = "../a.json"
    items = list(coco([person(1), person(2), person(3, 9)]).people())
    assert [str(item) for item in items] == [
        f"{tmp_path}/mini2017/000000000007.png: labeled, but missing",
        f"../a.json: lies outside {tmp_path}/mini2017",
    ]


def test_wrong_arguments_and_files_raise_at_once(coco, tmp_path):
    with pytest.raises(ValueError, match="min_keypoints must be 1 or more, got 0"):
        coco([person()], min_keypoints=0)
    with pytest.raises(ValueError, match="labels no person's keypoints"):
        coco([]).people()
    reader = coco([person()])
    reader.annotations.write_text(reader.annotations.read_text()[:100])
    with pytest.raises(ValueError, match="is no COCO keypoints file .JSONDecodeError"):
        reader.people()


@pytest.mark.parametrize("least", [0.99, 0, float("nan")])
def test_a_least_box_below_a_pixel_raises(coco, least):
    with pytest.raises(ValueError, match="min_box_px must be 1 or more, got"):
        coco([person(1)], min_box_px=least)


def test_reads_the_official_file(shared_data):
    folder = shared_data / "coco_mini"
    reader = Coco(folder)
    people = list(reader.people())
    assert reader.total() == 172 and len(people) == 64
    assert left_out(reader) == {
        "no keypoint is labeled": 81,
        "crowd regions (iscrowd)": 5,
        "fewer than 6 keypoints (--min-keypoints)": 22,
    }
    for got in people:
        height, width, _ = got.load_picture().shape
        labeled = got.joints_xy_px[got.visible > 0]
        assert (labeled >= 0).all() and (labeled <= [width - 1, height - 1]).all()
        low, high = got.box_px[:2] - 1, got.box_px[:2] + got.box_px[2:] + 1
        assert ((labeled >= low) & (labeled <= high)).mean() > 0.8
