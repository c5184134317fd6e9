"""CVAT's annotation files, as the exporter of CVAT writes them: every number worked by hand."""

import re
from xml.sax.saxutils import escape

import pytest

from data_prep.cvat.annotations import read_cvat
from data_prep.reader import LeftOut, Remark
from records import BadInput

SVG = (
    '<line x1="36.8" y1="47.7" x2="86.8" y2="10.7" stroke="black" data-type="edge" data-node-from="4" '
    'stroke-width="0.5" data-node-to="9"></line><line data-type="edge" data-node-from="1" data-node-to="4"></line>'
    '<circle r="1.5" cx="25.1" cy="22.6" data-type="element node" data-element-id="1" data-node-id="1" '
    'data-label-name="left hip"></circle>'
    '<circle r="1.5" cx="36.8" cy="47.7" data-type="element node" data-node-id="4" data-label-name="knee"></circle>'
    '<circle r="1.5" cx="86.8" cy="10.7" data-type="element node" data-node-id="9" data-label-name="Köchel"></circle>'
)
LEG = (
    f"<label><name>leg</name><color>#ff0000</color><type>skeleton</type><attributes></attributes><svg>{escape(SVG)}"
    "</svg></label>"
    + "".join(
        f"<label><name>{name}</name><type>points</type><attributes></attributes><parent>leg</parent></label>"
        for name in ("Köchel", "left hip", "knee")
    )
)


def label(name, kind="any"):
    return f"<label><name>{name}</name><type>{kind}</type><attributes></attributes></label>"


def skeleton(points, *, group="", attributes=""):
    """A skeleton of points (name, x, y, outside, occluded)."""
    parts = [
        f'<points label="{name}" source="manual" outside="{outside}" occluded="{occluded}" points="{x},{y}"></points>'
        for name, x, y, outside, occluded in points
    ]
    return f'<skeleton label="leg" source="manual" z_order="0" {attributes} {group}>{"".join(parts)}</skeleton>'


WHOLE = [("left hip", "10.50", "20.50", 0, 0), ("knee", "11.00", "30.25", 0, 1), ("Köchel", "1.00", "2.00", 1, 0)]
LEG_KEYPOINTS = [10.0, 20.0, 2, 10.5, 29.75, 1, 0, 0, 0]


@pytest.fixture
def write(tmp_path):
    """Writes annotations.xml with labels and parts."""

    def file(labels, *parts, mode="annotation", more="", meta=None):
        meta = meta or f"<task><id>4</id><mode>{mode}</mode><labels>{labels}</labels>{more}</task>"
        path = tmp_path / "annotations.xml"
        text = f'<?xml version="1.0" encoding="utf-8"?>\n<annotations>\n  <version>1.1</version>\n  <meta>{meta}</meta>'
        path.write_text(f"{text}\n{''.join(parts)}</annotations>\n", encoding="utf-8")
        return path

    return file


def image(*shapes, number=0, name="a b/é.jpg", attributes=""):
    return f'<image id="{number}" name="{name}" {attributes} width="60" height="80">{"".join(shapes)}</image>'


def point(name, place, group="", occluded=0):
    group = f'group_id="{group}"' if group else ""
    return (
        f'<points label="{name}" source="manual" occluded="{occluded}" points="{place}" z_order="0" {group}></points>'
    )


def box(group="", name="person", corners=(5, 6, 45, 70), rotation=""):
    sides = " ".join(f'{side}="{value}"' for side, value in zip(("xtl", "ytl", "xbr", "ybr"), corners, strict=True))
    group = f'group_id="{group}"' if group else ""
    return f'<box label="{name}" source="manual" occluded="0" {sides} {rotation} z_order="0" {group}></box>'


def told(items, kind):
    """Counts of remarks, or the reasons of broken inputs."""
    if kind is Remark:
        return {item.text: item.count for item in items if isinstance(item, Remark)}
    return [str(item) for item in items if isinstance(item, kind)]


def test_a_skeleton_is_a_person(write):
    content, items = read_cvat(write(LEG, image(skeleton(WHOLE), '<tag label="good" source="manual"></tag>')))
    assert content["images"] == [{"id": 0, "file_name": "a b/é.jpg", "width": 60, "height": 80}]
    (person,) = content["annotations"]
    assert person == {"id": 1, "image_id": 0, "category_id": 1, "iscrowd": 0, "keypoints": LEG_KEYPOINTS}
    # In the order of the drawing, and edges by its order, not by its numbers.
    assert content["categories"] == [
        {"id": 1, "name": "leg", "keypoints": ["left hip", "knee", "Köchel"], "skeleton": [[2, 3], [1, 2]]}
    ]
    assert told(items, Remark) == {"shapes that are neither points nor boxes, not read: tag": 1}
    assert told(items, (BadInput, LeftOut)) == []


def test_a_box_in_the_group_of_a_skeleton_is_its_box(write):
    shapes = [
        skeleton(WHOLE, group='group_id="3"'),
        skeleton(WHOLE, group='group_id="0"'),
        box(3, corners=(4.5, 5, 20.5, 45)),
        box(name="ball"),
    ]
    content, _ = read_cvat(write(LEG + label("person"), image(*shapes)))
    boxes = [(person["category_id"], person.get("bbox")) for person in content["annotations"]]
    assert boxes == [(1, [4.5, 5, 16, 40]), (1, None), (2, [5, 6, 40, 64])]
    assert [entry["name"] for entry in content["categories"]] == ["leg", "ball"]
    assert "keypoints" not in content["categories"][1]


def test_a_rotated_box_is_unknown(write):
    shapes = [skeleton(WHOLE, group='group_id="3"'), box(3, rotation='rotation="12.50"')]
    content, _ = read_cvat(write(LEG, image(*shapes)))
    assert ["bbox" in person for person in content["annotations"]] == [False]


def test_points_of_a_group_are_a_person(write):
    labels = label("person") + label("wrist") + label("elbow") + label("unused")
    shapes = [
        point("elbow", "10.50,20.50", 1, occluded=1),
        point("wrist", "30.50,40.50", 2),
        point("wrist", "12.50,22.50", 1),
        box(2),
        point("elbow", "31.50,41.50", 2),
    ]
    content, items = read_cvat(write(labels, image(*shapes, number=7)))
    assert content["categories"] == [{"id": 1, "name": "person", "keypoints": ["wrist", "elbow"], "skeleton": []}]
    first, second = content["annotations"]
    assert first["keypoints"] == [12, 22, 2, 10, 20, 1] and "bbox" not in first and first["image_id"] == 7
    assert second["keypoints"] == [30, 40, 2, 31, 41, 2] and second["bbox"] == [5, 6, 40, 64]
    assert items == ()


def test_points_without_a_group_belong_to_the_box_around_them(write):
    left, right = (0, 0, 20, 80), (15, 0, 60, 80)
    shapes = [point("wrist", "5,9"), point("wrist", "50,9"), point("elbow", "17,9"), box(corners=left)]
    content, items = read_cvat(write(label("wrist"), image(*shapes, box(corners=right))))
    # Labels that the task no longer has come last.
    assert content["categories"][0]["keypoints"] == ["wrist", "elbow"]
    assert [person["keypoints"] for person in content["annotations"]] == [
        [4.5, 8.5, 2, 0, 0, 0],
        [49.5, 8.5, 2, 0, 0, 0],
    ]
    assert [person["bbox"] for person in content["annotations"]] == [[0, 0, 20, 80], [15, 0, 45, 80]]
    assert told(items, Remark) == {"keypoints in no group, taken for the person whose box holds them": 2}
    (why,) = told(items, BadInput)
    assert "a b/é.jpg: the keypoint 'elbow' belongs to no person; group the keypoints of each person" in why


def test_the_only_person_of_an_image_needs_no_group_and_the_only_box_holds_all(write):
    labels = label("wrist") + label("elbow")
    shapes = [point("wrist", "5,9"), point("elbow", "59,79")]
    alone = image(*shapes, number=0, name="0.jpg")
    content, _ = read_cvat(write(labels, alone, image(*shapes, box(corners=(4, 8, 6, 10)), number=1, name="1.jpg")))
    assert [person["keypoints"] for person in content["annotations"]] == 2 * [[4.5, 8.5, 2, 58.5, 78.5, 2]]
    assert ["bbox" in person for person in content["annotations"]] == [False, True]


def test_two_people_in_no_group_are_told_apart_by_nobody(write):
    shapes = [point("wrist", "5,9"), point("wrist", "25,9")]
    good = image(point("wrist", "1,1"), number=3, name="good.jpg")
    content, items = read_cvat(write(label("wrist"), image(*shapes), good))
    assert [person["image_id"] for person in content["annotations"]] == [3]
    (why,) = told(items, BadInput)
    assert "a b/é.jpg: a person has two keypoints 'wrist'; group the keypoints of each person" in why


@pytest.mark.parametrize(
    ("shape", "why"),
    [
        (skeleton(WHOLE[:1] * 2), r"the skeleton 'leg' has a point 'left hip' twice"),
        (skeleton([("toe", 1, 2, 0, 0)]), "the skeleton 'leg' has a point 'toe' that its label lacks"),
        (skeleton([("knee", "nan", 2, 0, 0)]), "the skeleton 'leg' must have 2 numbers as its place, got nan,2"),
        (skeleton([("knee", 1, "2,3", 0, 0)]), "must have 2 numbers as its place, got 1,2,3"),
        (skeleton([("knee", 1, "2;3,4", 0, 0)]), "the skeleton 'leg' has 2 points, which have no names"),
        (skeleton([("knee", 1, "", 0, 0)]), "could not convert string to float"),
        (skeleton(WHOLE).replace('label="leg"', 'label="arm"'), "'arm' is no skeleton among the labels of the task"),
    ],
)
def test_broken_shapes_are_named_and_others_read(write, shape, why):
    content, items = read_cvat(write(LEG, image(shape, skeleton(WHOLE))))
    assert [person["keypoints"] for person in content["annotations"]] == [LEG_KEYPOINTS]
    (told_why,) = told(items, BadInput)
    assert "annotations.xml a b/é.jpg: " in told_why and re.search(why, told_why)


def test_tracks_of_a_video(write):
    track = (
        '<track id="0" label="leg" source="manual">'
        + skeleton(WHOLE, attributes='frame="2" keyframe="1"').replace("<points", '<points keyframe="1"')
        + skeleton(WHOLE, attributes='frame="4" keyframe="0"')
        + skeleton([(*row[:3], 1, 0) for row in WHOLE], attributes='frame="5" keyframe="1"')
        + "</track>"
    )
    more = "<original_size><width>640</width><height>480</height></original_size>"
    content, items = read_cvat(write(LEG, track, mode="interpolation", more=more))
    frame = {"width": 640, "height": 480, "video_id": "4"}
    assert content["images"] == [
        {"id": 2, "file_name": "frame_000002.png", **frame},
        {"id": 4, "file_name": "frame_000004.png", **frame},
    ]
    assert [(person["image_id"], person["keypoints"]) for person in content["annotations"]] == [
        (2, LEG_KEYPOINTS),
        (4, LEG_KEYPOINTS),
    ]
    assert told(items, Remark) == {"shapes that CVAT interpolated between key frames": 1}


def test_tracks_of_points_and_boxes_are_grouped(write):
    tracks = [
        f'<track id="{n}" label="{name}" source="manual" group_id="{group}">{shape}</track>'
        for n, (name, group, shape) in enumerate(
            [
                ("wrist", 1, '<points frame="0" keyframe="1" outside="0" occluded="1" points="3.5,4.5"></points>'),
                ("wrist", 2, '<points frame="0" keyframe="1" outside="0" occluded="0" points="5.5,6.5"></points>'),
                ("wrist", 2, '<points frame="1" keyframe="1" outside="1" occluded="0" points="5.5,6.5"></points>'),
                ("person", 2, '<box frame="0" keyframe="1" outside="0" occluded="0" xtl="1" ytl="2" xbr="9" ybr="8"/>'),
            ]
        )
    ]
    content, _ = read_cvat(write(label("wrist"), *tracks, mode="interpolation"))
    assert [image["id"] for image in content["images"]] == [0]
    assert [(person["keypoints"], person.get("bbox")) for person in content["annotations"]] == [
        ([3, 4, 1], None),
        ([5, 6, 2], [1, 2, 8, 6]),
    ]


def test_frames_of_a_video_exported_as_images_have_their_ending(write):
    content, _ = read_cvat(write(LEG, image(skeleton(WHOLE), number=9, name="frame_000009"), mode="interpolation"))
    assert content["images"][0] == {
        "id": 9,
        "file_name": "frame_000009.png",
        "width": 60,
        "height": 80,
        "video_id": "4",
    }


def test_tracks_of_a_task_of_images_lack_the_names(write):
    track = f'<track id="0" label="leg">{skeleton(WHOLE, attributes="frame=" + chr(34) + "2" + chr(34))}</track>'
    with pytest.raises(ValueError, match=r'whose names it lacks; export the task as "CVAT for images 1.1"'):
        read_cvat(write(LEG, track))


def test_a_project_has_several_tasks_and_subsets(write):
    tasks = "".join(f"<task><id>{n}</id><mode>annotation</mode></task>" for n in (11, 12))
    meta = f"<project><id>1</id><tasks>{tasks}</tasks><labels>{LEG}</labels></project>"
    parts = [
        image(skeleton(WHOLE), name="a.jpg", attributes=f'subset="{subset}" task_id="{task}"')
        for task, subset in ((12, "val"), (11, "train"))
    ]
    content, _ = read_cvat(write("", *parts, meta=meta))
    assert [(entry["id"], entry["file_name"]) for entry in content["images"]] == [(0, "train/a.jpg"), (1, "val/a.jpg")]
    assert sorted(person["image_id"] for person in content["annotations"]) == [0, 1]


@pytest.mark.parametrize("svg", ["", "<circle", SVG.replace("knee", "elbow"), SVG.replace('data-node-to="9"', "")])
def test_a_skeleton_whose_drawing_cannot_be_read_has_its_points_and_no_edges(write, svg):
    content, items = read_cvat(write(LEG.replace(escape(SVG), escape(svg)), image(skeleton(WHOLE))))
    assert content["categories"][0]["keypoints"] == ["Köchel", "left hip", "knee"]
    assert content["categories"][0]["skeleton"] == []
    assert content["annotations"][0]["keypoints"] == [0, 0, 0, *LEG_KEYPOINTS[:6]]
    assert told(items, Remark) == {"skeletons without limbs, as their drawing (svg) cannot be read": 1}


def test_points_beside_skeletons_are_not_read(write):
    content, items = read_cvat(write(LEG + label("ball"), image(skeleton(WHOLE), point("ball", "1,2"))))
    assert len(content["annotations"]) == 1
    assert told(items, Remark) == {"points in no skeleton, not read": 1}


def test_an_image_or_a_track_without_a_number_is_named(write):
    parts = [image(number="x"), '<track id="3" label="leg"><box frame="-1"></box></track>', image(skeleton(WHOLE))]
    content, items = read_cvat(write(LEG, *parts, mode="interpolation"))
    assert len(content["annotations"]) == 1
    assert [why.split("annotations.xml ")[1] for why in told(items, BadInput)] == [
        "image 'a b/é.jpg': its frame must be a number, got 'x'",
        "track '3': its frame must be a number, got '-1'",
    ]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("<annotations><image", "cannot be read as XML of <annotations>: unclosed token"),
        ("{}", "cannot be read as XML of <annotations>: not well-formed"),
        ("<svg></svg>", "cannot be read as XML of <annotations>: its root is <svg>"),
        ("", "no element found"),
        ("<annotations></annotations>", "has no keypoints; it must have skeletons, or points with the joints' labels"),
        ('<?xml version="1.0" encoding="utf-99"?><annotations></annotations>', "unknown encoding"),
    ],
)
def test_other_files_are_refused(tmp_path, text, why):
    path = tmp_path / "annotations.xml"
    path.write_text(text)
    with pytest.raises(ValueError, match=re.escape(why)) as raised:
        read_cvat(path)
    assert str(path) in str(raised.value)


@pytest.mark.parametrize(
    "kind",
    [
        '[<!ENTITY a "0123456789"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]',
        '[<!ENTITY a SYSTEM "secret.txt">]',
        'SYSTEM "secret.dtd"',
    ],
)
def test_entities_are_refused(tmp_path, kind):
    (tmp_path / "secret.txt").write_text("secret")
    path = tmp_path / "annotations.xml"
    path.write_text(f"<!DOCTYPE annotations {kind}><annotations><version>&b;</version></annotations>")
    with pytest.raises(ValueError, match=r"it declares a document type \(DOCTYPE\), which is not read"):
        read_cvat(path)
