"""Results files of other tools' formats: values by hand, round trips, and errors."""

import contextlib
import io
import json
import re

import numpy as np
import pytest
from pycocotools.coco import COCO

from pose import COCO17, LSP14, PANOPTIC19, Skeleton
from pose.results.coco import coco_results
from pose.results.openpose import BODY_25, COCO_18, openpose_frame, openpose_skeleton
from pose.results.people import ImagePeople, image_numbers, number_in
from pose.results.posetrack import posetrack_content
from pose.results.read import read_results


def some_people(count, joints, *, number=7, name="a/000000000007.jpg", seed=0):
    """People whose values have no more digits than the files; the last joint of the first has no place."""
    random = np.random.default_rng(seed)
    xy, scores = random.uniform(0, 500, (count, joints, 2)).round(3), random.uniform(0.01, 1, (count, joints)).round(6)
    if count:
        xy[0, -1], scores[0, -1] = np.nan, 0
    return ImagePeople(number, name, xy, scores, random.uniform(0, 1, count).round(6), np.arange(count) + 3)


def assert_same(found, image, *, person_scores=True):
    np.testing.assert_array_equal(found.xy_px, image.xy_px)
    np.testing.assert_array_equal(found.scores, image.scores)
    if person_scores:
        np.testing.assert_array_equal(found.person_scores, image.person_scores)


def write(path, content):
    path.write_text(json.dumps(content, allow_nan=False))
    return path


def test_coco_results_by_hand():
    image = ImagePeople(
        493652,
        "000000493652.jpg",
        np.array([[[1.23456, 2], [np.nan, np.nan]]]),
        np.array([[0.5, 0.3]]),
        np.array([0.87654321]),
        np.array([-1]),
    )
    assert coco_results([image], category=2) == [
        {
            "image_id": 493652,
            "category_id": 2,
            "keypoints": [1.235, 2.0, 0.5, 0.0, 0.0, 0.0],
            "score": 0.876543,
            "file_name": "000000493652.jpg",
        }
    ]


def test_coco_results_are_read_back_by_us_and_by_pycocotools(tmp_path):
    images = [some_people(3, 17), some_people(0, 17, number=8), some_people(2, 17, number=9, name="", seed=1)]
    path = write(tmp_path / "results.json", coco_results(images))
    found = read_results(path)
    assert found.joints is None and found.num_joints == 17
    # An image in which nobody was found is not in the file.
    assert [(image.number, image.name) for image in found.images] == [(7, "a/000000000007.jpg"), (9, "")]
    assert_same(found.images[0], images[0])
    assert_same(found.images[1], images[2])
    with contextlib.redirect_stdout(io.StringIO()):
        truth = COCO()
        truth.dataset = {"images": [{"id": 7}, {"id": 8}, {"id": 9}], "annotations": [], "categories": [{"id": 1}]}
        truth.createIndex()
        theirs = truth.loadRes(str(path))
    entries = theirs.loadAnns(theirs.getAnnIds(imgIds=[7]))
    np.testing.assert_array_equal([entry["score"] for entry in entries], images[0].person_scores)
    keypoints = np.array([entry["keypoints"] for entry in entries]).reshape(3, 17, 3)
    np.testing.assert_array_equal(keypoints[..., :2], np.nan_to_num(images[0].xy_px))


def test_openpose_by_hand():
    shoulders = {"left_shoulder": (30, 40, 0.8), "right_shoulder": (10, 20, 0.6), "nose": (20, 5, 0.9)}
    xy, scores = np.full((1, 17, 2), np.nan), np.full((1, 17), 0.2)
    for name, (x, y, score) in shoulders.items():
        xy[0, COCO17.index(name)], scores[0, COCO17.index(name)] = (x, y), score
    image = ImagePeople(1, "one.png", xy, scores, np.array([0.5]), np.array([-1]))
    frame = openpose_frame(image, COCO17)
    assert frame["version"] == 1.3 and len(frame["people"]) == 1
    person = frame["people"][0]
    assert person["person_id"] == [-1] and person["face_keypoints_2d"] == person["pose_keypoints_3d"] == []
    keypoints = person["pose_keypoints_2d"]
    # OpenPose's order: nose, neck (here between the shoulders), right shoulder; the left one is its joint 5.
    assert keypoints[:9] == [20.0, 5.0, 0.9, 20.0, 30.0, 0.6, 10.0, 20.0, 0.6] and keypoints[15:18] == [30.0, 40.0, 0.8]
    assert len(keypoints) == 75 and not any(keypoints[18:])
    assert openpose_frame(some_people(0, 17), COCO17)["people"] == []


@pytest.mark.parametrize("skeleton", [COCO17, PANOPTIC19, LSP14, Skeleton("hive", ("bee", "queen"))])
def test_openpose_folders_are_read_back(tmp_path, skeleton):
    images = [some_people(3, skeleton.num_joints, name="a/000000000007"), some_people(0, skeleton.num_joints)]
    (tmp_path / "a").mkdir()
    write(tmp_path / "a/000000000007_keypoints.json", openpose_frame(images[0], skeleton))
    write(tmp_path / "empty_keypoints.json", openpose_frame(images[1], skeleton))
    found = read_results(tmp_path)
    written = openpose_skeleton(skeleton)
    assert (written == BODY_25) == (skeleton in (COCO17, PANOPTIC19))
    assert found.joints == (BODY_25.joints if written == BODY_25 else None)
    one, nobody = found.images
    assert (one.name, one.number, nobody.name, nobody.number) == ("a/000000000007", 7, "empty", None)
    order = [written.index(joint) for joint in skeleton.joints]
    np.testing.assert_array_equal(one.xy_px[:, order], images[0].xy_px)
    np.testing.assert_array_equal(one.scores[:, order], images[0].scores)
    np.testing.assert_array_equal(one.persons, [3, 4, 5])
    np.testing.assert_allclose(one.person_scores, one.scores.mean(axis=1))
    assert nobody.xy_px.shape == (0, written.num_joints, 2)


def test_openposes_coco_model_is_known_by_its_18_joints(tmp_path):
    values = np.arange(1, 55, dtype=float).tolist()
    write(tmp_path / "x_keypoints.json", {"version": 1.3, "people": [{"pose_keypoints_2d": values}]})
    found = read_results(tmp_path)
    assert found.joints == COCO_18.joints and COCO_18.joints[14:] == ("right_eye", "left_eye", "right_ear", "left_ear")
    assert found.images[0].persons.tolist() == [-1]


@pytest.mark.parametrize("skeleton", [COCO17, Skeleton("hive", ("bee", "queen"))])
def test_posetracks_json_is_read_back(tmp_path, skeleton):
    images = [
        some_people(2, skeleton.num_joints, number=0, name="hall/000000.jpg"),
        some_people(0, skeleton.num_joints, number=1, name="hall/000001.jpg"),
        some_people(1, skeleton.num_joints, number=2, name="hall/000002.jpg", seed=2),
    ]
    content = posetrack_content(images, skeleton, "hall")
    assert content["categories"][0]["keypoints"] == list(skeleton.joints)
    assert [entry["track_id"] for entry in content["annotations"]] == [3, 4, 3]
    assert content["annotations"][0]["keypoints"][-4:] == [1, 0.0, 0.0, 0]
    assert {entry["vid_id"] for entry in content["images"]} == {"hall"} and content["images"][0]["nframes"] == 3
    found = read_results(write(tmp_path / "hall.json", content))
    assert found.joints == skeleton.joints
    assert [(image.number, image.name) for image in found.images] == [(i, f"hall/00000{i}.jpg") for i in range(3)]
    for one, image in zip(found.images, images, strict=True):
        assert_same(one, image)
        np.testing.assert_array_equal(one.persons, image.persons)


def test_keypoints_files_without_scores_of_joints_take_their_third_value(tmp_path):
    entry = {"image_id": "5", "keypoints": [1, 2, 0.25, 3, 4, 0.75], "category_id": 1}
    content = {"images": [{"id": 5}], "annotations": [entry, {"image_id": 5, "category_id": 2, "bbox": [0, 0, 1, 1]}]}
    content["categories"] = [{"id": 1, "name": "fly", "keypoints": ["Head", "Tail"]}, {"id": 2, "name": "hive"}]
    found = read_results(write(tmp_path / "labels.json", content))
    assert found.joints == ("head", "tail") and len(found.images) == 1
    assert found.images[0].scores.tolist() == [[0.25, 0.75]] and found.images[0].person_scores.tolist() == [0.5]


def test_a_videos_images_are_numbered_by_frame_whatever_their_ids(tmp_path):
    # As `demo.video` writes it: ids from 1, frames from 0.
    images = [{"id": frame + 1, "frame_id": frame, "file_name": f"frame_{frame:06d}.jpg"} for frame in (0, 3)]
    entry = {"image_id": 4, "keypoints": [1, 2, 1], "category_id": 1, "track_id": 6}
    content = {"images": images, "annotations": [entry], "categories": [{"id": 1, "keypoints": ["head"]}]}
    (tmp_path / "hall").mkdir()
    for path in (tmp_path / "hall" / "left.json", tmp_path / "hall" / "right.json"):
        write(path, content)
    found = read_results(tmp_path).images
    assert [(one.name, one.number, len(one.persons)) for one in found] == [
        ("hall/left/frame_000000.jpg", 0, 0),
        ("hall/left/frame_000003.jpg", 3, 1),
        ("hall/right/frame_000000.jpg", 0, 0),
        ("hall/right/frame_000003.jpg", 3, 1),
    ]


def test_numbers_in_names():
    assert number_in("train2017/000000493652.jpg") == 493652 and number_in("video_000012.rgb.png") is None
    assert number_in("noon") is None and number_in("12a.jpg") is None
    assert image_numbers(["a1.jpg", "a2.jpg"]) == [1, 2] and image_numbers(["x/0009.jpg", "b7.jpg"]) == [9, 7]
    # Numbers that two images share, or that one lacks, are no ids.
    assert image_numbers(["a/1.jpg", "b/1.jpg"]) == [1, 2] and image_numbers(["hall.jpg", "9.jpg"]) == [1, 2]


GOOD = {"image_id": 1, "category_id": 1, "keypoints": [1, 2, 1], "score": 0.5}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("no json", "cannot be read as JSON"),
        ({"people": []}, "holds no results: COCO's are a list"),
        ([{**GOOD, "image_id": "x"}], "entry 0: "),
        ([GOOD, {**GOOD, "keypoints": [1, 2]}], "entry 1: keypoints must be x, y and a score"),
        ([{key: GOOD[key] for key in ("image_id", "score")}], "entry 0: has no 'keypoints'"),
        ([{**GOOD, "score": float("nan")}], "entry 0: a person's score must be finite"),
        ([GOOD, {**GOOD, "category_id": 2}], r"of the categories \['1', '2'\]"),
        ([GOOD, {**GOOD, "keypoints": [1, 2, 1] * 2}], "people of 1 and of 2 joints"),
        (["x"], "entry 0: "),
        ({"annotations": []}, "images, annotations or categories: has no 'categories'"),
        ({"annotations": [], "images": [], "categories": []}, "must have one category with keypoints, it has 0"),
    ],
)
def test_malformed_files_raise(tmp_path, content, message):
    path = tmp_path / "results.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    with pytest.raises(ValueError, match=re.escape(str(path)) + ".*" + message):
        read_results(path)


def test_missing_files_and_empty_folders_raise(tmp_path):
    with pytest.raises(ValueError, match="none.json does not exist; give a results file"):
        read_results(tmp_path / "none.json")
    with pytest.raises(ValueError, match=r"holds no \*_keypoints.json"):
        read_results(tmp_path)
    (tmp_path / "a_keypoints.json").write_text('{"people": [{"pose_keypoints_2d": [1]}]}')
    with pytest.raises(ValueError, match="a_keypoints.json, people: keypoints must be"):
        read_results(tmp_path)


def test_results_without_ids_raise():
    with pytest.raises(ValueError, match="COCO results need the id of each image; 'x.jpg' has none"):
        coco_results([some_people(1, 17, number=None, name="x.jpg")])
    with pytest.raises(ValueError, match="needs the numbers of frames and people"):
        posetrack_content([some_people(1, 17, number=None)], COCO17, "v")
    with pytest.raises(ValueError, match=r"need joints \(P, J, 2\)"):
        ImagePeople(1, "", np.zeros((1, 2, 2)), np.zeros((1, 3)), np.zeros(1), np.zeros(1, int))
