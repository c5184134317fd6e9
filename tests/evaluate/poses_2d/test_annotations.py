"""Annotation files as labeled images."""

import json
import os
from pathlib import Path

import numpy as np
import pytest

from evaluate.poses_2d.annotations import read_annotations
from pose import COCO17

PERSON = {"image_id": 7, "category_id": 1, "keypoints": [1, 2, 2, 0, 0, 0], "bbox": [0.5, 1.5, 10, 20]}


def write(path, annotations, names=("Head", "Tail"), images=({"id": 7, "file_name": "val/x.jpg"},)):
    categories = [{"id": 1, "name": "fly", "keypoints": list(names)}, {"id": 2, "name": "hive"}]
    path.write_text(json.dumps({"images": list(images), "annotations": annotations, "categories": categories}))
    return path


def test_people_and_those_who_are_not_labeled(tmp_path):
    annotations = [
        {**PERSON, "id": 1, "area": 100.0, "bbox_head": [0, 0, 3, 4]},
        {**PERSON, "id": 2},
        {**PERSON, "id": 3, "keypoints": [0] * 6, "area": 50.0},
        {**PERSON, "id": 4, "iscrowd": 1, "area": 70.0},
        {**PERSON, "id": 5, "category_id": 2, "keypoints": []},
    ]
    found = read_annotations(
        write(tmp_path / "a.json", annotations, images=[{"id": 9}, {"id": 7, "file_name": "v/x.jpg"}])
    )
    assert found.skeleton.joints == ("head", "tail")
    frame, empty = found.frames
    assert (frame.key, empty.key, empty.num_people) == ("v/x.jpg", "9", 0)
    assert frame.visible.tolist() == 2 * [[2, 0]] and frame.joints_xy_px[0].tolist() == [[1, 2], [0, 0]]
    # 0.53 of the box where the area is unknown; 0.6 of the diagonal of PoseTrack's box of the head.
    assert frame.areas_px.tolist() == [100, pytest.approx(0.53 * 200)]
    assert frame.head_sizes_px.tolist() == [3, 0] and frame.boxes_px[0].tolist() == [0, 1, 10, 20]
    assert frame.ignored.areas_px.tolist() == [50, 70] and frame.ignored.crowds.tolist() == [False, True]
    assert [(name.number, name.names) for name in found.names] == [(7, ("v/x", "x")), (9, ())]


def test_cocos_joints_in_another_order_are_coco17(tmp_path):
    order = list(reversed(COCO17.joints))
    keypoints = [value for k in range(17) for value in (k, k, 2)]
    found = read_annotations(write(tmp_path / "a.json", [{**PERSON, "keypoints": keypoints}], names=order))
    assert found.skeleton == COCO17
    np.testing.assert_array_equal(found.frames[0].joints_xy_px[0, :, 0], np.arange(17)[::-1])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({}, "has no 'categories'"),
        (
            {"images": [], "annotations": [], "categories": [{"id": 1}]},
            "must have one category with keypoints, it has 0",
        ),
        ({"annotations": [{**PERSON, "image_id": 8}]}, "annotation 0: has no 8"),
        ({"annotations": [{**PERSON, "keypoints": [1, 2, 2]}]}, "annotation 0: 1 keypoints instead of 2"),
        ({"annotations": [{"image_id": 7, "keypoints": [1, None, 2] * 2}]}, "or one that is not finite"),
    ],
)
def test_malformed_files_raise(tmp_path, content, message):
    path = write(tmp_path / "a.json", [])
    whole = {**json.loads(path.read_text()), **content} if content else {}
    path.write_text(json.dumps(whole))
    with pytest.raises(ValueError, match=message):
        read_annotations(path)


@pytest.mark.skipif("PANOPOSE_SHARED" not in os.environ, reason="needs real data: PANOPOSE_SHARED")
@pytest.mark.parametrize(
    ("name", "joints"),
    [
        ("crowdpose/test_crowdpose.json", 14),
        ("ochuman/test_ochuman.json", 17),
        ("posetrack18/annotations/test_posetrack18_val.json", 17),
    ],
)
def test_the_official_files_of_other_sets(name, joints):
    found = read_annotations(Path(os.environ["PANOPOSE_SHARED"]) / "data/formats" / name)
    assert found.skeleton.num_joints == joints and sum(frame.num_people for frame in found.frames) > 3
    assert all((frame.areas_px > 0).all() for frame in found.frames)
