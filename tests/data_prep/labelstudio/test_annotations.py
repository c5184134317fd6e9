"""Label Studio's exports JSON and JSON-MIN: every number worked by hand."""

import json
import re

import pytest

from data_prep.labelstudio.annotations import read_label_studio
from data_prep.labelstudio.groups import group_regions
from data_prep.reader import Remark
from records import BadInput

SIZE = {"original_width": 200, "original_height": 400, "image_rotation": 0}
ALPHABETICAL = "joints, in alphabetical order; give the labeling configuration with --config"


def keypoint(number, label, x, y, parent=None, **changes):
    """A keypoint at x and y per cent."""
    value = {"x": x, "y": y, "width": 0.5, "keypointlabels": [label]}
    names = {"from_name": "keypoints", "to_name": "image", "type": "keypointlabels", "origin": "manual"}
    return {"id": number, **names, **SIZE, "value": value} | ({"parentID": parent} if parent else {}) | changes


def rectangle(number, x, y, width, height, label="person", rotation=0):
    value = {"x": x, "y": y, "width": width, "height": height, "rotation": rotation, "rectanglelabels": [label]}
    return {"id": number, "from_name": "box", "to_name": "image", "type": "rectanglelabels", **SIZE, "value": value}


def hidden(number, word="hidden"):
    value = {"x": 1, "y": 1, "width": 0.5, "choices": [word]}
    return {"id": number, "from_name": "visibility", "to_name": "image", "type": "choices", **SIZE, "value": value}


def relation(a, b):
    return {"from_id": a, "to_id": b, "type": "relation", "direction": "right"}


def annotation(*result, **changes):
    return {"id": 1, "was_cancelled": False, "ground_truth": False, "result": list(result)} | changes


def task(*annotations, number=1, image="/data/local-files/?d=a%20b/%C3%A9.jpg", **more):
    whole = {"id": number, "data": {"image": image}, "annotations": list(annotations), "drafts": [], "meta": {}}
    return whole | {"predictions": [{"result": [keypoint("p", "nose", 1, 1)]}]} | more


@pytest.fixture
def read(tmp_path):
    """Writes tasks and reads them; returns the content, the counts of remarks and the broken inputs."""

    def content(*tasks, config=None):
        path = tmp_path / "project-1.json"
        path.write_text(json.dumps(list(tasks)))
        found, items = read_label_studio(path, config)
        remarks = {item.text: item.count for item in items if isinstance(item, Remark)}
        return found, remarks, [str(item) for item in items if isinstance(item, BadInput)]

    return content


def people(content):
    """The keypoints of each person by joint, without those not labeled."""
    (names,) = {tuple(entry["keypoints"]) for entry in content["categories"] if "keypoints" in entry}
    return [
        {
            name: tuple(entry["keypoints"][3 * j : 3 * j + 3])
            for j, name in enumerate(names)
            if entry["keypoints"][3 * j + 2]
        }
        for entry in content["annotations"]
        if entry["keypoints"]
    ]


def test_keypoints_with_their_parents(read):
    result = [
        keypoint("k1", "wrist", 10, 20, "r1"),
        rectangle("r1", 5, 10, 20, 30),
        keypoint("k2", "elbow", 12.5, 25, "r1"),
        hidden("k2"),
        keypoint("k3", "wrist", 60, 70, "r2"),
        rectangle("r2", 50, 50, 25, 25),
    ]
    content, remarks, broken = read(task(annotation(*result), number=41))
    assert content["images"] == [{"id": 41, "file_name": "a b/é.jpg", "width": 200, "height": 400}]
    assert content["categories"] == [{"id": 1, "name": "person", "keypoints": ["elbow", "wrist"], "skeleton": []}]
    assert people(content) == [{"wrist": (19.5, 79.5, 2), "elbow": (24.5, 99.5, 1)}, {"wrist": (119.5, 279.5, 2)}]
    assert [entry["bbox"] for entry in content["annotations"]] == [[10, 40, 40, 120], [100, 200, 50, 100]]
    assert remarks == {ALPHABETICAL: 2} and broken == []


def test_keypoints_related_to_their_rectangles_or_to_one_another(read):
    result = [
        rectangle("r1", 0, 0, 90, 90),
        rectangle("r2", 0, 0, 90, 90),
        *(keypoint(f"k{n}", name, n, n) for n, name in enumerate(("wrist", "elbow", "wrist", "elbow"))),
        relation("r1", "k0"),
        relation("k1", "k0"),
        relation("k2", "r2"),
        relation("k3", "r2"),
        # People may be related too.
        relation("r1", "r2"),
        relation("r1", "gone"),
    ]
    content, _, broken = read(task(annotation(*result)))
    assert people(content) == [
        {"wrist": (-0.5, -0.5, 2), "elbow": (1.5, 3.5, 2)},
        {"wrist": (3.5, 7.5, 2), "elbow": (5.5, 11.5, 2)},
    ]
    assert broken == []


def test_a_parent_is_surer_than_a_relation():
    regions = {
        "r1": rectangle("r1", 0, 0, 9, 9),
        "r2": rectangle("r2", 0, 0, 9, 9),
        "k": keypoint("k", "a", 1, 1, "r1"),
    }
    groups = group_regions(regions, [relation("k", "r2")])
    assert groups["k"] == groups["r1"] and "r2" not in groups


def test_a_parent_that_is_gone_is_none(read):
    content, _, broken = read(task(annotation(keypoint("k", "wrist", 10, 20, "gone"))))
    assert people(content) == [{"wrist": (19.5, 79.5, 2)}] and broken == []


def test_keypoints_without_links_belong_to_the_rectangle_around_them(read):
    result = [
        rectangle("r1", 0, 0, 50, 50),
        rectangle("r2", 40, 40, 50, 50),
        keypoint("a", "wrist", 10, 20),
        keypoint("b", "wrist", 80, 80),
        keypoint("c", "elbow", 45, 45),
    ]
    content, remarks, broken = read(task(annotation(*result)))
    assert people(content) == [{"wrist": (19.5, 79.5, 2)}, {"wrist": (159.5, 319.5, 2)}]
    assert remarks["keypoints in no group, taken for the person whose box holds them"] == 2
    assert len(broken) == 1 and "task 1: the keypoint 'elbow' belongs to no person" in broken[0]


def test_rectangles_alone_and_of_other_things_have_no_keypoints(read):
    result = [
        keypoint("a", "wrist", 1, 1, "r1"),
        rectangle("r1", 0, 0, 5, 5, rotation=10),
        rectangle("r2", 9, 9, 5, 5),
        rectangle("r3", 20, 20, 5, 5, "ball"),
    ]
    content, _, _ = read(task(annotation(*result)))
    names = {entry["id"]: entry["name"] for entry in content["categories"]}
    found = [(names[e["category_id"]], len(e["keypoints"]), e.get("bbox")) for e in content["annotations"]]
    assert found == [("person", 3, None), ("person", 3, [18, 36, 10, 20]), ("ball", 0, [40, 80, 10, 20])]


def test_the_first_completed_annotation_is_read(read):
    def at(x, created, **changes):
        return annotation(keypoint("k", "wrist", x, 0), created_at=f"2026-01-0{created}T00:00:00Z", **changes)

    several = "tasks with several annotations, of which the ground truth, or else the first completed, is read"
    tasks = [
        task(at(1, 3), at(2, 2), at(3, 1, was_cancelled=True), number=1),
        task(at(4, 1), at(5, 2, ground_truth=True), number=2),
        task(at(6, 1, was_cancelled=True), number=3),
        task(number=4),
        task(at(8, 1), number=5),
    ]
    content, remarks, broken = read(*tasks)
    assert [entry["wrist"][0] for entry in people(content)] == [2 * 2 - 0.5, 2 * 5 - 0.5, 2 * 8 - 0.5]
    assert [entry["image_id"] for entry in content["annotations"]] == [1, 2, 5]
    assert remarks == {several: 2, "tasks without a completed annotation": 2, ALPHABETICAL: 1} and broken == []


def test_annotations_of_versions_before_1_are_completions(read):
    old = task(number=1) | {"completions": [annotation(keypoint("k", "wrist", 10, 20))]}
    del old["annotations"]
    content, _, _ = read(old)
    assert people(content) == [{"wrist": (19.5, 79.5, 2)}]


def minimal(number, *regions, created="2026-01-01", **more):
    """An entry of JSON-MIN, which has the values of regions without their ids."""
    values = [region["value"] | {key: SIZE[key] for key in ("original_width", "original_height")} for region in regions]
    points = [value for value in values if "keypointlabels" in value]
    entry = {"image": "/data/upload/1/0a1b2c3d-a.jpg", "id": number, "keypoints": points, "visibility": ["hidden"]}
    boxes = [value for value in values if "rectanglelabels" in value]
    return entry | {"box": boxes, "annotator": 1, "annotation_id": 7, "created_at": created} | more


def test_json_min_has_people_by_their_rectangles(read):
    parts = [rectangle("r1", 0, 0, 50, 50), rectangle("r2", 50, 50, 50, 50)]
    points = [keypoint("a", "wrist", 10, 20), keypoint("b", "wrist", 80, 80)]
    tasks = [
        minimal(1, keypoint("a", "wrist", 90, 20), created="2026-01-02"),
        minimal(1, *parts, *points),
        minimal(2, keypoint("a", "elbow", 1, 1)),
    ]
    content, remarks, broken = read(*tasks)
    assert people(content) == [{"wrist": (19.5, 79.5, 2)}, {"wrist": (159.5, 319.5, 2)}, {"elbow": (1.5, 3.5, 2)}]
    assert content["images"][0] == {"id": 1, "file_name": "data/upload/1/0a1b2c3d-a.jpg", "width": 200, "height": 400}
    assert remarks == {
        "tasks with several annotations, of which the first completed is read": 1,
        "tasks of the export JSON-MIN, which leaves out to whom a keypoint belongs and whether it is hidden": 2,
        "keypoints in no group, taken for the person whose box holds them": 2,
        ALPHABETICAL: 2,
    }
    assert broken == []


CONFIG = """<View>
  <Image name="image" value="$image"/>
  <RectangleLabels name="box" toName="image"><Label value="person"/></RectangleLabels>
  <View><KeyPointLabels name="keypoints" toName="image">
    <Label value="wrist" model_index="0"/><Label value="hand &amp; finger"/><Label value="elbow"/>
  </KeyPointLabels></View>
</View>"""


def test_the_configuration_has_the_order(read, tmp_path):
    config = tmp_path / "config.xml"
    config.write_text(CONFIG)
    one = annotation(keypoint("a", "elbow", 1, 1), keypoint("b", "wrist", 1, 1), keypoint("c", "a new one", 1, 1))
    content, remarks, _ = read(task(one), config=config)
    assert content["categories"][0]["keypoints"] == ["wrist", "hand & finger", "elbow", "a new one"]
    assert remarks == {}


def test_tasks_that_were_imported_with_a_skeleton_have_its_order_and_edges(read):
    meta = {"skeleton": {"joints": ["wrist", "hand", "elbow"], "edges": [[1, 3], [1, 2]]}}
    one = annotation(keypoint("a", "elbow", 1, 1), keypoint("b", "wrist", 1, 1))
    content, remarks, _ = read(task(number=1), task(one, number=2, meta=meta))
    assert content["categories"] == [
        {"id": 1, "name": "person", "keypoints": ["wrist", "hand", "elbow"], "skeleton": [[1, 3], [1, 2]]}
    ]
    assert remarks == {"tasks without a completed annotation": 1}


@pytest.mark.parametrize("skeleton", [5, {"joints": ["wrist"]}, {"joints": ["wrist", "elbow"], "edges": [[0, 1]]}])
def test_a_meta_that_is_no_skeleton_is_ignored(read, skeleton):
    content, _, broken = read(task(annotation(keypoint("b", "wrist", 1, 1)), meta={"skeleton": skeleton}))
    assert content["categories"][0]["keypoints"] == ["wrist"] and broken == []


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"image_rotation": 90}, "it was drawn on a turned image or a further page"),
        ({"item_index": 1}, "it was drawn on a turned image or a further page"),
        ({"original_width": None}, "TypeError"),
        ({"original_width": 0}, "it is of another image, of 0 x 400 px"),
        ({"original_height": 300}, "it is of another image, of 200 x 300 px"),
        ({"value": {"x": 1, "keypointlabels": ["wrist"]}}, "KeyError: 'y'"),
        ({"value": {"x": 1, "y": "b", "keypointlabels": ["wrist"]}}, "ValueError: could not convert"),
        ({"value": {"x": 1, "y": float("nan"), "keypointlabels": ["wrist"]}}, "its place is no number"),
        ({"value": {"x": 1, "y": 1, "keypointlabels": []}}, r"it must have one label, got \[\]"),
        ({"value": {"x": 1, "y": 1, "keypointlabels": ["a", "b"]}}, r"it must have one label, got \['a', 'b'\]"),
    ],
)
def test_broken_regions_are_named_and_others_read(read, changes, why):
    result = [rectangle("r", 0, 0, 5, 5), keypoint("k", "wrist", 1, 1), keypoint("bad", "elbow", 1, 1, **changes)]
    content, _, broken = read(task(annotation(*result)))
    assert people(content) == [{"wrist": (1.5, 3.5, 2)}]
    assert len(broken) == 1 and re.search(f"project-1.json task 1: the region bad: .*{why}", broken[0])


@pytest.mark.parametrize(
    ("entry", "why"),
    [
        (task(annotation(), number=1.5), "task 1.5: TypeError: its id is 1.5"),
        (task(annotation(result=5)), "task 1: TypeError"),
        (task(annotation(result=[5])), "task 1: TypeError: a region is no object"),
        (task(annotation(), number=2), "task 2: has the id of another task"),
        (task(annotation(), image="hello"), "task 1: shows no image file"),
        ({"id": 3}, "1 entries have no data"),
    ],
)
def test_broken_tasks_are_named_and_others_read(read, entry, why):
    content, _, broken = read(task(annotation(keypoint("k", "wrist", 1, 1)), number=2), entry)
    assert people(content) == [{"wrist": (1.5, 3.5, 2)}]
    assert len(broken) == 1 and why in broken[0]


def test_other_regions_are_counted(read):
    polygon = {"id": "p", "type": "polygonlabels", **SIZE, "value": {"points": [[1, 1]], "polygonlabels": ["person"]}}
    _, remarks, broken = read(task(annotation(keypoint("k", "wrist", 1, 1), polygon, polygon, {"type": "rating"})))
    assert remarks["regions that are neither keypoints nor rectangles, not read: polygonlabels"] == 2
    assert broken == []


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("{", "is no export of Label Studio (JSONDecodeError"),
        ("5", "it is no list of tasks); export the project as JSON"),
        ("[[1]]", "it is no list of tasks"),
        ("[" * 100000, "is no export of Label Studio (RecursionError"),
        ("[]", "has no keypoints (regions of the type keypointlabels)"),
        ('{"images": [], "annotations": [], "categories": []}', "it is no list of tasks"),
    ],
)
def test_other_files_are_refused(tmp_path, text, why):
    path = tmp_path / "project-1.json"
    path.write_text(text)
    with pytest.raises(ValueError, match=re.escape(why)) as raised:
        read_label_studio(path)
    assert str(path) in str(raised.value)


def test_keypoints_in_videos_are_refused(read):
    video = {"id": "v", "type": "videorectangle", "value": {"framesCount": 9, "sequence": [], "labels": ["person"]}}
    with pytest.raises(ValueError, match="keypoints in videos are not read: label their frames as images"):
        read(task(annotation(video), image="walk.jpg"))


@pytest.mark.parametrize("text", ["<View></View>", CONFIG.replace("elbow", "wrist"), CONFIG.replace('"elbow"', '""')])
def test_a_configuration_must_name_the_joints(read, tmp_path, text):
    config = tmp_path / "config.xml"
    config.write_text(text)
    with pytest.raises(
        ValueError, match=r"config.xml must have <KeyPointLabels> with a <Label value=...> for each joint"
    ):
        read(task(annotation(keypoint("k", "wrist", 1, 1))), config=config)
