import json

import numpy as np
import pytest

from data_prep.coco.person import read_labels
from pose import COCO17, LSP14, Skeleton
from pose.coco import coco_annotation, coco_category, coco_image


def test_the_category_names_the_joints_and_counts_limbs_from_1():
    category = coco_category(LSP14, number=3, name="worker")
    assert category["id"] == 3 and category["name"] == category["supercategory"] == "worker"
    assert category["keypoints"][:2] == ["right_ankle", "right_knee"] and len(category["keypoints"]) == 14
    # LSP's first limb goes from the head top, its joint 13, to the neck, 12.
    assert category["skeleton"][0] == [14, 13]
    assert min(map(min, category["skeleton"])) == 1
    assert coco_category(LSP14)["name"] == "person" and coco_category(Skeleton("hive", ("bee",)))["name"] == "hive"


def test_an_image_has_a_size_where_it_is_known():
    assert coco_image(7, "a/b.jpg", (480, 640)) == {"id": 7, "file_name": "a/b.jpg", "width": 640, "height": 480}
    assert coco_image(7, "a/b.jpg") == {"id": 7, "file_name": "a/b.jpg"}


def test_an_annotation_by_hand():
    xy_px = np.array([[1.234, 2.345], [np.nan, np.nan], [7.0, 8.0]])
    made = coco_annotation(5, 9, xy_px, np.array([2, 0, 1]), np.array([0.5, 1.5, 10.0, 20.0]), score=0.123456)
    assert made == {
        "id": 5,
        "image_id": 9,
        "category_id": 1,
        "keypoints": [1.23, 2.35, 2, 0.0, 0.0, 0, 7.0, 8.0, 1],
        "num_keypoints": 2,
        "bbox": [1.0, 2.0, 10.0, 20.0],
        "segmentation": [],
        "area": 200.0,
        "iscrowd": 0,
        "score": 0.1235,
    }
    json.dumps(made, allow_nan=False)


def test_our_reader_of_coco_reads_back_what_was_written():
    rng = np.random.default_rng(0)
    xy_px = rng.uniform(0, 100, (17, 2)).round(2)
    visible = rng.integers(0, 3, 17)
    box_px = np.array([-0.5, -0.5, 100.0, 100.0])
    labels = read_labels(coco_annotation(1, 1, xy_px, visible, box_px), tuple(range(COCO17.num_joints)), (100, 100))
    np.testing.assert_array_equal(labels.visible, visible)
    np.testing.assert_allclose(labels.xy_px, np.where(visible[:, None] > 0, xy_px, 0), atol=1e-5)
    np.testing.assert_array_equal(labels.box_px, box_px)


def test_joints_that_cannot_be_written_raise():
    box_px = np.array([0.0, 0, 1, 1])
    with pytest.raises(ValueError, match=r"must be \(J, 2\) with J visibilities, got \(2, 2\) with \(3,\)"):
        coco_annotation(1, 1, np.zeros((2, 2)), np.ones(3), box_px)
    with pytest.raises(ValueError, match="must be finite"):
        coco_annotation(1, 1, np.full((1, 2), np.nan), np.ones(1), box_px)
