"""Files of Halpe and of COCO-WholeBody: the body and the feet are read, faces and hands are not."""

import json
from typing import get_args, get_type_hints

import cv2
import numpy as np
import pytest

from data_prep.coco.annotations import load_coco, parse_coco
from data_prep.coco.reader import Coco
from data_prep.command import main
from data_prep.conversion.convert import Conversion
from pose import BODY26, COCO17, SKELETONS, convert_joints
from records import BadInput, dataset, read_manifest

FEET = ("big_toe", "small_toe", "heel")


def write(root, keypoints, names=(), **entries):
    """One person in one image of 200 x 300 px."""
    (root / "pictures").mkdir()
    cv2.imwrite(str(root / "pictures/1.jpg"), np.full((200, 300, 3), 90, np.uint8))
    person = {"id": 1, "image_id": 1, "category_id": 1, "bbox": [10, 10, 200, 150], "area": 9000, "iscrowd": 0}
    content = {
        "images": [{"id": 1, "file_name": "1.jpg", "width": 300, "height": 200}],
        "categories": [{"id": 1, "name": "person", "keypoints": list(names), "skeleton": []}],
        "annotations": [person | {"keypoints": np.ravel(keypoints).tolist(), **entries}],
    }
    (root / "labels.json").write_text(json.dumps(content))
    return Coco(root, annotations="labels.json", images="pictures")


def points(count, first=0):
    """(x, y, 2) of points in a row from (20, 30) on, 3 px apart."""
    return [(20 + 2 * k, 30 + k, 2) for k in range(first, first + count)]


def test_records_of_several_sources_have_its_joints(tmp_path):
    (tmp_path / "coco").mkdir()
    write(tmp_path / "coco", points(17), COCO17.joints)
    words = [
        "--annotations",
        "labels.json",
        "--images",
        "pictures",
        "--skeleton",
        "body26",
        "--val",
        "0",
        "--test",
        "0",
    ]
    assert main(["coco", "--root", str(tmp_path / "coco"), "--out", str(tmp_path / "out"), *words]) == 0
    assert read_manifest(tmp_path / "out").skeleton == BODY26
    ((_, labels),) = dataset(tmp_path / "out", "train", batch_size=1).as_numpy_iterator()
    # The middles of shoulders and hips are known; head top and feet are not.
    assert np.flatnonzero(labels["visible"][0] == 0).tolist() == [17, *range(20, 26)]


def test_every_known_skeleton_can_be_asked_for():
    literal, _ = get_args(get_type_hints(Conversion)["skeleton"])
    assert get_args(literal) == tuple(SKELETONS)


@pytest.mark.parametrize("count", [26, 136])
def test_halpes_body_and_feet_are_read(tmp_path, count):
    reader = write(tmp_path, points(count))
    assert reader.skeleton is BODY26
    (person,) = reader.people()
    np.testing.assert_array_equal(person.joints_xy_px, np.array(points(26))[:, :2])
    assert person.visible.tolist() == [2] * 26


def test_wholebodys_feet_are_read_with_cocos_joints(tmp_path):
    feet = np.ravel(points(6, first=17)).tolist()
    reader = write(tmp_path, points(17), COCO17.joints, foot_kpts=feet, face_kpts=[0] * 204)
    names = tuple(f"{side}_{joint}" for side in ("left", "right") for joint in FEET)
    assert reader.skeleton.joints == (*COCO17.joints, *names)
    (person,) = reader.people()
    xy, visible = convert_joints(person.joints_xy_px, person.visible, reader.skeleton, BODY26)
    for k, name in enumerate(names):
        assert xy[BODY26.index(name)].tolist() == [20 + 2 * (17 + k), 30 + 17 + k]
    assert [BODY26.joints[j] for j in np.flatnonzero(visible == 0)] == ["head_top"]


def test_people_of_wholebody_without_feet_have_none_labeled(tmp_path):
    reader = write(tmp_path, points(17), COCO17.joints, foot_kpts=[])
    (person,) = reader.people()
    assert person.visible.tolist() == [2] * 17 + [0] * 6


def test_a_file_without_names_and_of_another_length_raises(tmp_path):
    with pytest.raises(ValueError, match="names no keypoints of any category"):
        list(write(tmp_path, points(30)).people())


@pytest.mark.parametrize("feet", [[1, 2], [[1, 2, 3]]])
def test_damaged_feet_are_a_broken_input(tmp_path, feet):
    (item,) = write(tmp_path, points(17), COCO17.joints, foot_kpts=feet).people()
    assert isinstance(item, BadInput)


def test_a_broken_annotation_stops_no_other(tmp_path):
    reader = write(tmp_path, points(17), COCO17.joints, foot_kpts=[])
    content = json.loads((tmp_path / "labels.json").read_text())
    whole = content["annotations"][0]
    content["annotations"] += [{**whole, "id": 2, "foot_kpts": 7}, {**whole, "id": 3, "keypoints": 5}]
    (tmp_path / "labels.json").write_text(json.dumps(content))
    assert [type(item) for item in reader.people()].count(BadInput) == 2


def test_the_official_sample_of_halpe(shared_data):
    path = shared_data / "formats/halpe/test_halpe.json"
    content = load_coco(path)
    found = parse_coco(content, path)
    # COCO's images in it have labels of all but neck and pelvis.
    labeled = np.array([np.reshape(entry["keypoints"], (26, 3))[:, 2] > 0 for _, _, entry in found.people])
    assert found.skeleton is BODY26 and len(found.people) == 12
    assert [BODY26.joints[j] for j in np.flatnonzero(~labeled.any(axis=0))] == ["neck", "pelvis"]
    feet = [BODY26.index(f"{side}_{joint}") for side in ("left", "right") for joint in ("heel", "big_toe", "ankle")]
    assert labeled[:, feet].sum(axis=0).min() >= 3
