"""Predictions -> a labeling tool's file -> corrected as a person would -> records, for each tool."""

import json
import re
from xml.etree import ElementTree

import cv2
import numpy as np
import pytest
import tensorflow as tf

from data_prep.coco.reader import Coco
from data_prep.command import main
from data_prep.cvat.annotations import read_cvat
from data_prep.cvat.reader import Cvat
from data_prep.labelstudio.annotations import read_label_studio
from data_prep.labelstudio.reader import LabelStudio
from demo.label.coco_file import coco_text
from demo.label.cvat_file import cvat_text, labels_text
from demo.label.label_studio_file import config_text, tasks_text
from demo.label.predictions import LabeledImage, Person
from pose import COCO17, Skeleton
from records import read_manifest, shard_paths
from records.tfrecord import read_records

ODD = Skeleton("robot", ("left arm", "Ärmel & Co", 'joint "3"', "x"), ((1, 0), (3, 2)))
ODD_JOINTS = ("left_arm", "ärmel_co", "joint_3", "x")
NAMES = ("deeper/folder/a b.png", "é à.png", "c.png")
SIZE = (240, 320)
# The edits: a joint moved, one hidden, the last added and the first removed.
MOVED, HIDDEN, ADDED, REMOVED = 1, 2, -1, 0
PLACE = (123.25, 45.5)


def person(seed: int, skeleton: Skeleton) -> Person:
    """All joints but the last are labeled."""
    rng = np.random.default_rng(seed)
    xy_px = rng.uniform((20, 20), (300, 220), (skeleton.num_joints, 2))
    labeled = np.arange(skeleton.num_joints) < skeleton.num_joints - 1
    low, high = xy_px[labeled].min(axis=0), xy_px[labeled].max(axis=0)
    return Person(xy_px, labeled, np.hstack([low, high - low]), 0.1 * seed)


def images(skeleton: Skeleton) -> list[LabeledImage]:
    people = [(person(1, skeleton), person(2, skeleton)), (person(3, skeleton),), ()]
    return [LabeledImage(name, SIZE, tuple(own)) for name, own in zip(NAMES, people, strict=True)]


def edit_coco(text: str, skeleton: Skeleton) -> str:
    """Edits the first person as a tool would save it."""
    content = json.loads(text)
    keypoints = np.reshape(content["annotations"][0]["keypoints"], (skeleton.num_joints, 3))
    keypoints[MOVED, :2], keypoints[HIDDEN, 2], keypoints[ADDED], keypoints[REMOVED] = PLACE, 1, (*PLACE, 2), 0
    content["annotations"][0]["keypoints"] = keypoints.ravel().tolist()
    return json.dumps(content)


def edit_cvat(text: str, skeleton: Skeleton) -> str:
    """The same, in coordinates from the corner; numbers of images are those of the task."""
    root = ElementTree.fromstring(text.split("?>", 1)[1])
    for number, image in enumerate(root.iterfind("image")):
        image.set("id", str(number))
    points = root.find("image/skeleton").findall("points")
    points[MOVED].set("points", f"{PLACE[0] + 0.5:.2f},{PLACE[1] + 0.5:.2f}")
    points[HIDDEN].set("occluded", "1")
    points[ADDED].set("points", f"{PLACE[0] + 0.5:.2f},{PLACE[1] + 0.5:.2f}")
    points[ADDED].set("outside", "0")
    points[REMOVED].set("outside", "1")
    return ElementTree.tostring(root, encoding="unicode")


def edit_label_studio(text: str, skeleton: Skeleton) -> str:
    """The same, in per cents; predictions become annotations, as Label Studio exports them."""
    tasks = json.loads(text)
    place = {"x": 100 * (PLACE[0] + 0.5) / SIZE[1], "y": 100 * (PLACE[1] + 0.5) / SIZE[0]}
    for number, task in enumerate(tasks, start=1):
        result = [region for prediction in task["predictions"] for region in prediction["result"]]
        if number == 1:
            named = {
                region["value"].get("keypointlabels", [""])[0]: region for region in result if region["id"][:2] == "p0"
            }
            named[skeleton.joints[MOVED]]["value"].update(place)
            hidden = named[skeleton.joints[HIDDEN]]
            own = {key: value for key, value in hidden["value"].items() if key != "keypointlabels"}
            result.append(
                hidden | {"from_name": "visibility", "type": "choices", "value": own | {"choices": ["hidden"]}}
            )
            added = named[skeleton.joints[MOVED]]
            value = {**place, "width": 0.5, "keypointlabels": [skeleton.joints[ADDED]]}
            result.append(added | {"id": "3PXxaYU4Xk", "value": value})
            result.remove(named[skeleton.joints[REMOVED]])
        annotation = {"id": number, "was_cancelled": False, "ground_truth": False, "result": result}
        task |= {"id": number, "annotations": [annotation], "drafts": []}
    return json.dumps(tasks)


TOOLS = {
    "coco": (coco_text, edit_coco, "labels.json", Coco),
    "cvat": (cvat_text, edit_cvat, "annotations.xml", Cvat),
    "labelstudio": (
        lambda images, skeleton: tasks_text(images, skeleton, "/data/local-files/?d=pictures/", "fast"),
        edit_label_studio,
        "project-1.json",
        LabelStudio,
    ),
}


@pytest.fixture
def corrected(tmp_path):
    """Writes corrected labels and their images; returns the arguments of `data_prep`."""

    def write(tool: str, skeleton: Skeleton) -> list[str]:
        text, edit, name, _ = TOOLS[tool]
        root = tmp_path / "export"
        for number, image in enumerate(images(skeleton), start=1):
            path = root / "pictures" / image.name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(cv2.imencode(".png", np.full((*SIZE, 3), 10 * number, np.uint8))[1].tobytes())
        (root / name).write_text(edit(text(images(skeleton), skeleton), skeleton), encoding="utf-8")
        return ["--root", str(root), "--annotations", name, "--images", "pictures"]

    return write


def expected(skeleton: Skeleton) -> list[tuple[np.ndarray, np.ndarray]]:
    """Joints and visibility of the three people after the edits."""
    people = []
    for seed in (1, 2, 3):
        made = person(seed, skeleton)
        xy_px, visible = made.xy_px.copy(), np.where(made.labeled, 2, 0)
        if seed == 1:
            xy_px[[MOVED, ADDED]], visible[[HIDDEN, ADDED, REMOVED]] = PLACE, (1, 2, 0)
        people.append((xy_px, visible))
    return people


@pytest.mark.parametrize(("skeleton", "joints"), [(COCO17, COCO17.joints), (ODD, ODD_JOINTS)], ids=["coco17", "own"])
@pytest.mark.parametrize("tool", TOOLS)
def test_corrected_predictions_become_records(corrected, tmp_path, tool, skeleton, joints):
    out = tmp_path / "records"
    arguments = [*corrected(tool, skeleton), "--out", str(out), "--val", "0", "--test", "0", "--min-box-px", "1"]
    arguments += ["--min-keypoints", "1"]
    assert main([tool, *arguments]) == 0
    manifest = read_manifest(out)
    assert manifest.counts["train"] == 3 and manifest.skipped == []
    assert manifest.skeleton.joints == joints and manifest.skeleton.limbs == skeleton.limbs
    found = {}
    for path in shard_paths(out, "train"):
        for record in read_records(path):
            features = tf.train.Example.FromString(record).features.feature
            joints, visible, to_frame = (
                np.array(features[name].float_list.value or features[name].int64_list.value)
                for name in ("joints/xy_px", "joints/visible", "crop/to_frame")
            )
            matrix = to_frame.reshape(2, 3)
            found[features["source/person"].int64_list.value[0]] = (
                joints.reshape(-1, 2) @ matrix[:, :2].T + matrix[:, 2],
                visible,
            )
    for (xy_px, visible), number in zip(expected(skeleton), sorted(found), strict=True):
        labeled = visible > 0
        np.testing.assert_array_equal(found[number][1], visible)
        np.testing.assert_allclose(found[number][0][labeled], xy_px[labeled], atol=0.01)


@pytest.mark.parametrize("tool", TOOLS)
def test_people_come_back_with_their_images(corrected, tool):
    """Two people in the first image, one in the second."""
    arguments = corrected(tool, COCO17)
    reader = TOOLS[tool][-1](arguments[1], annotations=arguments[3], images=arguments[5], min_box_px=1)
    people = sorted(reader.people(), key=lambda found: found.person)
    assert [int(found.load_picture()[0, 0, 0]) for found in people] == [10, 10, 20]
    # One sequence for each image: its people are on one side of a split.
    assert people[0].sequence == people[1].sequence != people[2].sequence


@pytest.mark.parametrize("tool", ["cvat", "labelstudio"])
def test_any_skeleton_comes_back(tmp_path, tool):
    """Names with spaces, accents and marks of XML; edges; people in images."""
    path = tmp_path / "file"
    path.write_text(TOOLS[tool][0](images(ODD), ODD), encoding="utf-8")
    if tool == "labelstudio":
        path.write_text(re.sub('"predictions": \\[{"model_version"', '"annotations": [{"v"', path.read_text()))
    content, items = {"cvat": read_cvat, "labelstudio": read_label_studio}[tool](path)
    assert content["categories"] == [
        {"id": 1, "name": "robot", "keypoints": list(ODD.joints), "skeleton": [[2, 1], [4, 3]]}
    ]
    assert [image["file_name"].removeprefix("pictures/") for image in content["images"]] == list(NAMES)
    numbers = [image["id"] for image in content["images"]]
    assert [entry["image_id"] for entry in content["annotations"]] == [numbers[0], numbers[0], numbers[1]]
    for seed, entry in enumerate(content["annotations"], start=1):
        made = person(seed, ODD)
        keypoints = np.reshape(entry["keypoints"], (4, 3))
        np.testing.assert_array_equal(keypoints[:, 2], [2, 2, 2, 0])
        np.testing.assert_allclose(keypoints[:3, :2], made.xy_px[:3], atol=0.0051)
    broken = [item for item in items if not hasattr(item, "count")]
    assert broken == []


def test_the_configuration_has_the_joints_of_the_tasks(tmp_path):
    (tmp_path / "config.xml").write_text(config_text(ODD), encoding="utf-8")
    text = tasks_text(images(ODD)[:1], ODD, "", "fast").replace('"predictions"', '"annotations"')
    (tmp_path / "tasks.json").write_text(text, encoding="utf-8")
    content, _ = read_label_studio(tmp_path / "tasks.json", tmp_path / "config.xml")
    assert content["categories"][0]["keypoints"] == list(ODD.joints)
    assert content["categories"][0]["skeleton"] == [[2, 1], [4, 3]]


def test_the_label_for_cvat_is_that_of_its_file():
    """What a person pastes has the names, the edges and the drawing that the file has."""
    (label,) = json.loads(labels_text(images(ODD), ODD))
    assert (label["name"], label["type"], label["attributes"]) == ("robot", "skeleton", [])
    assert [part["name"] for part in label["sublabels"]] == list(ODD.joints)
    assert {part["type"] for part in label["sublabels"]} == {"points"}
    root = ElementTree.fromstring(cvat_text(images(ODD), ODD).split("?>", 1)[1])
    assert root.findtext("meta/task/labels/label/svg") == label["svg"]
    drawing = ElementTree.fromstring(f"<svg>{label['svg']}</svg>")
    assert [circle.get("data-label-name") for circle in drawing.iterfind("circle")] == list(ODD.joints)
    assert [(line.get("data-node-from"), line.get("data-node-to")) for line in drawing.iterfind("line")] == [
        ("2", "1"),
        ("4", "3"),
    ]
