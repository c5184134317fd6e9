"""COCO data sets of other tools: missing entries, other spellings, orders and layouts."""

import json
import struct
from pathlib import Path

import cv2
import numpy as np
import pytest
from commands import call
from made_units import left_out, remarks

from data_prep.coco.person import read_labels
from data_prep.coco.reader import Coco
from data_prep.command import main
from pose import COCO17
from records import BadInput, read_manifest

ALL = tuple(range(17))
NAMES = list(COCO17.joints)
NO_BOX = "people with the box of their keypoints, as the file has none or a wrong one"


def keypoints(order=ALL, v=2) -> list:
    """Keypoint j of COCO's at (40 + 2 j, 20 + 4 j)."""
    return np.ravel([[40 + 2 * j, 20 + 4 * j, v] for j in order]).tolist()


def annotation(number=1, image=1, **changes) -> dict:
    entry = {"id": number, "image_id": image, "category_id": 1, "keypoints": keypoints(), "bbox": [35, 15, 50, 80]}
    return {**entry, "area": 1500, "iscrowd": 0, "num_keypoints": 17, **changes}


def without(entry: dict, *keys: str) -> dict:
    return {key: value for key, value in entry.items() if key not in keys}


def image(number=1, name=None, **changes) -> dict:
    return {"id": number, "file_name": name or f"{number}.jpg", "height": 120, "width": 160, **changes}


def category(number=1, name="person", names=NAMES) -> dict:
    return {"id": number, "name": name, "keypoints": list(names)}


def write_picture(path: Path, shape=(120, 160), orientation: int | None = None) -> None:
    """An image that is red in its upper left quarter, as it is stored."""
    picture = np.zeros((*shape, 3), np.uint8)
    picture[: shape[0] // 2, : shape[1] // 2, 2] = 255
    path.parent.mkdir(parents=True, exist_ok=True)
    data = cv2.imencode(path.suffix, picture)[1].tobytes()
    if orientation is not None:
        exif = b"Exif\0\0II*\0" + struct.pack("<IHHHIHHI", 8, 1, 0x0112, 3, 1, orientation, 0, 0)
        data = data[:2] + struct.pack(">BBH", 0xFF, 0xE1, len(exif) + 2) + exif + data[2:]
    path.write_bytes(data)


def write(root: Path, images, annotations, categories=None, *, encoding="utf-8", files=None) -> Path:
    """A data set in COCO's layout; its images are those of `files`, or all that it names."""
    path = root / "annotations/person_keypoints_train2017.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    content = {"images": images, "annotations": annotations, "categories": categories or [category()]}
    path.write_text(json.dumps(content), encoding=encoding)
    for name in [entry["file_name"] for entry in images] if files is None else files:
        write_picture(root / "train2017" / name)
    return root


def people_of(reader: Coco) -> list:
    people = list(reader.people())
    assert not [item for item in people if isinstance(item, BadInput)], people
    return people


def one(root: Path, entry: dict, **options):
    """The one person of a data set with one annotation."""
    (person,) = people_of(Coco(write(root, [image()], [entry]), **options))
    return person


# What is absent or wrong


@pytest.mark.parametrize("box", [None, [0, 0, 0, 0], [35, 15, -50, 80], [35, 15], "box", [np.nan] * 4, [1e9, 0, 5, 5]])
def test_a_missing_or_impossible_box_is_replaced_by_the_keypoints_box(tmp_path, box):
    entry = without(annotation(), "bbox") if box is None else annotation(bbox=box)
    person = one(tmp_path, entry)
    np.testing.assert_array_equal(person.box_px, [40, 20, 32, 64])
    assert remarks(Coco(tmp_path)) == {NO_BOX: 1}


@pytest.mark.parametrize(
    ("box", "kept"),
    [
        ([35, 15, 50, 80], True),
        ([40.5, 20.5, 32, 64], True),
        # Another person's box; shares of the image; two corners in place of a corner and a size.
        ([100, 15, 50, 80], False),
        ([0.2, 0.1, 0.4, 0.7], False),
        ([35, 15, 85, 120], False),
        ([40, 20, 32, 40], True),
        # Keypoints from (40, 20) to (72, 84): of the first box the last eight lie outside, of the second nine.
        ([40, 10, 15, 100], True),
        ([40, 10, 13.7, 100], False),
        # A tenth of the image, 16 x 12 px, may lie beyond each of its sides.
        ([-15.5, 15, 100, 80], True),
        ([-15.6, 15, 100, 80], False),
        ([35, -11.5, 50, 100], True),
        ([35, -11.6, 50, 100], False),
        ([35, 15, 141.5, 80], True),
        ([35, 15, 141.6, 80], False),
        ([35, 15, 50, 117.5], True),
        ([35, 15, 50, 117.6], False),
    ],
)
def test_a_box_around_the_keypoints_and_inside_the_image_is_kept(box, kept):
    labels = read_labels(annotation(bbox=box), ALL, (120, 160))
    expected = np.subtract(box, [0.5, 0.5, 0, 0]) if kept else [40, 20, 32, 64]
    np.testing.assert_array_equal(labels.box_px, expected)
    assert labels.from_joints != kept


@pytest.mark.parametrize("width", [0.5, 1])
def test_a_box_may_be_as_narrow_as_a_pixel(width):
    points = np.ravel([[40, 20 + 4 * j, 2] for j in ALL]).tolist()
    labels = read_labels(annotation(keypoints=points, bbox=[40.25, 15, width, 80]), ALL, (120, 160))
    np.testing.assert_array_equal(labels.box_px, [39.75, 14.5, width, 80])


def test_half_the_keypoints_may_lie_outside_their_box():
    """The box is 100 px wide from x = 50 on; two of four keypoints are 1 px more than a tenth of that to its left."""
    entry = {"keypoints": [38.4, 60, 2, 38.4, 70, 2, 60, 60, 2, 90, 90, 2], "bbox": [50, 50, 100, 100]}
    assert not read_labels(entry, (0, 1, 2, 3), (400, 400)).from_joints
    entry["keypoints"][6] = 38.4
    assert read_labels(entry, (0, 1, 2, 3), (400, 400)).from_joints
    # Just a tenth of its side, 49.5 - 10, is inside.
    entry["keypoints"][6] = 39.5
    assert not read_labels(entry, (0, 1, 2, 3), (400, 400)).from_joints


@pytest.mark.parametrize(("area", "kept"), [(52.5, True), (52.6, False), (0.5, True)])
def test_a_person_covers_no_more_than_their_box_and_a_twentieth(area, kept):
    entry = {"keypoints": [12, 12, 2], "bbox": [10, 10, 5, 10], "area": area}
    assert read_labels(entry, (0,), (60, 60)).area_px == (area if kept else None)


@pytest.mark.parametrize("area", [1e9, 0.5])
def test_without_a_box_any_positive_area_is_kept(area):
    assert read_labels({"keypoints": [12, 12, 2, 20, 20, 2], "area": area}, (0, 1), (60, 60)).area_px == area


@pytest.mark.parametrize("area", ["absent", None, 0, -5, np.nan, np.inf, "much", 1e9])
def test_a_missing_or_impossible_area_is_unknown(tmp_path, area):
    entry = without(annotation(), "area") if area == "absent" else annotation(area=area)
    assert one(tmp_path, entry).area_px is None
    assert one(tmp_path, annotation(area="1500.5")).area_px == 1500.5


@pytest.mark.parametrize("count", ["absent", None, 0, 3, "many"])
def test_num_keypoints_is_ignored(tmp_path, count):
    entry = without(annotation(), "num_keypoints") if count == "absent" else annotation(num_keypoints=count)
    assert one(tmp_path, entry).visible.tolist() == [2] * 17


@pytest.mark.parametrize("crowd", ["absent", None, False, 0, "0"])
def test_people_not_marked_as_crowd_are_read(tmp_path, crowd):
    one(tmp_path, without(annotation(), "iscrowd") if crowd == "absent" else annotation(iscrowd=crowd))
    with pytest.raises(ValueError, match="labels no person's keypoints: 1 crowd regions"):
        one(tmp_path, annotation(iscrowd=1))


@pytest.mark.parametrize(
    "size",
    [
        {},
        {"width": 0, "height": 0},
        {"width": None, "height": None},
        {"width": -1},
        {"width": 0, "height": 120},
        {"width": 160, "height": 0},
        {"width": 160, "height": 10**400},
        {"width": 10**6, "height": 120},
    ],
)
def test_an_image_size_missing_from_the_file_is_read_from_the_image(tmp_path, size):
    entry = {**without(image(), "width", "height"), **size}
    (person,) = people_of(Coco(write(tmp_path, [entry], [annotation()])))
    assert person.load_picture().shape == (120, 160, 3)
    # The box of two corners is detected by the image's own size.
    (person,) = people_of(Coco(write(tmp_path, [entry], [annotation(bbox=[35, 15, 85, 120])])))
    np.testing.assert_array_equal(person.box_px, [40, 20, 32, 64])


def test_an_image_of_another_size_than_its_labels_is_broken(tmp_path):
    (person,) = Coco(write(tmp_path, [image(width=320, height=240)], [annotation()])).people()
    with pytest.raises(BadInput, match="1.jpg: is 160 x 120 px, but its labels are for 320 x 240 px"):
        person.load_picture()


@pytest.mark.parametrize("nothing", [(np.nan, np.nan, 0), (None, None, 0), (None, None, None), (1e9, -5, 0)])
def test_coordinates_of_unlabeled_keypoints_are_ignored(tmp_path, nothing):
    entry = annotation()
    entry["keypoints"][9:12] = nothing
    person = one(tmp_path, entry)
    assert person.visible.tolist() == [2] * 3 + [0] + [2] * 13
    assert person.joints_xy_px[3].tolist() == [0, 0] and person.joints_xy_px[4].tolist() == [48, 36]


@pytest.mark.parametrize("bad", [(np.nan, 5, 2), (None, 5, 1), (1e9, 5, 2), (5, 5, np.nan)])
def test_a_labeled_keypoint_at_nan_infinity_or_far_away_is_broken(tmp_path, bad):
    entry = annotation(7)
    entry["keypoints"][9:12] = bad
    (item,) = Coco(write(tmp_path, [image()], [entry])).people()
    assert "annotation 7: " in str(item) and ("NaN" in item.why or "visibility" in item.why)


def test_nested_keypoints_are_read(tmp_path):
    person = one(tmp_path, annotation(keypoints=np.reshape(keypoints(), (17, 3)).tolist()))
    np.testing.assert_array_equal(person.joints_xy_px[16], [72, 84])


# Keypoints by name


@pytest.mark.parametrize(
    "spelt",
    [
        str.upper,
        lambda name: name.replace("_", " "),
        lambda name: name.replace("_", "-").title(),
        lambda name: name.title().replace("_", ""),
        lambda name: name.replace("left_", "l_").replace("right_", "r_"),
        lambda name: name.replace("left_", "L").replace("right_", "R"),
        lambda name: "_".join(reversed(name.split("_"))),
        lambda name: f" {name.split('_')[-1]}.{name[0]}" if "_" in name else name,
    ],
)
def test_keypoint_names_match_in_other_spellings_and_any_order(tmp_path, spelt):
    order = ALL[::-1]
    categories = [category(names=[spelt(NAMES[j]) for j in order])]
    root = write(tmp_path, [image()], [annotation(keypoints=keypoints(order))], categories)
    (person,) = people_of(Coco(root))
    np.testing.assert_array_equal(person.joints_xy_px, np.reshape(keypoints(), (17, 3))[:, :2])


def test_some_of_cocos_keypoints_are_a_skeleton_of_their_own(tmp_path):
    some = (6, 5, 12, 11)
    categories = [category(names=[NAMES[j] for j in some])]
    root = write(tmp_path, [image()], [annotation(keypoints=keypoints(some))], categories)
    (person,) = people_of(Coco(root))
    assert Coco(root).skeleton.joints == ("right_shoulder", "left_shoulder", "right_hip", "left_hip")
    np.testing.assert_array_equal(person.joints_xy_px, np.reshape(keypoints(some), (4, 3))[:, :2])
    assert remarks(Coco(root)) == {
        "the file draws no limbs; those between known joints are drawn": 4,
        "joints with a left and a right: shoulder, hip": 4,
        "joints without a side: none": 4,
    }
    with pytest.raises(ValueError, match="min_keypoints must be 4 or less, .* got 5"):
        Coco(root, min_keypoints=5).units()


@pytest.mark.parametrize(("named", "least"), [(17, 6), (4, 2), (3, 1), (1, 1), (7, 3)])
def test_a_third_of_the_keypoints_named_must_be_labeled(tmp_path, named, least):
    for labeled, expected in ((least, 1), (least - 1, 0)):
        points = [*keypoints(ALL[:labeled]), *[0] * 3 * (named - labeled)]
        other = annotation(2, keypoints=keypoints(ALL[:named]))
        root = write(tmp_path, [image()], [annotation(keypoints=points), other], [category(names=NAMES[:named])])
        assert len([p for p in Coco(root, min_box_px=1).people() if p.person == 1 and max(p.box_px[2:])]) == expected


def test_unknown_and_duplicate_keypoints_raise_in_one_line(tmp_path):
    for names, why in (
        ([*NAMES[:16], "LShoulder"], "several keypoints mean one joint: 'left_shoulder', 'LShoulder'; rename"),
        ([], "names no keypoints of any category .'person'."),
        ([*NAMES[:16], None], "category 'person': keypoint 17 has no name of letters or digits, but None"),
        ([*NAMES[:16], {"a": 1}], "keypoint 17 has no name of letters or digits, but {'a': 1}"),
        ([*NAMES[:16], "- "], "keypoint 17 has no name of letters or digits, but '- '"),
    ):
        with pytest.raises(ValueError, match=why) as raised:
            Coco(write(tmp_path, [image()], [annotation()], [category(names=names)])).units()
        assert "\n" not in str(raised.value)


# Categories and ids


def test_other_categories_are_left_out_and_counted(tmp_path):
    categories = [category(), category(2, "dog"), {"id": 3, "name": "car"}]
    cars = [without(annotation(10 + i, category_id=3), "keypoints") for i in range(120)]
    annotations = [annotation(), annotation(2, category_id=2), *cars, annotation(3, category_id=9)]
    reader = Coco(write(tmp_path, [image()], annotations, categories))
    assert [person.person for person in people_of(reader)] == [1]
    assert left_out(reader) == {
        "of another category, 'dog' (--category)": 1,
        "of another category, 'car' (--category)": 120,
        "of another category, 9, which is not on the list (--category)": 1,
    }
    assert [person.person for person in people_of(Coco(tmp_path, category="Dog"))] == [2]
    with pytest.raises(
        ValueError, match="has no category 'cat' with keypoints; its categories are 'person', 'dog', 'car'"
    ):
        Coco(tmp_path, category="cat").units()
    with pytest.raises(ValueError, match="labels no person's keypoints: 120 of another category, 'car' .--category."):
        Coco(write(tmp_path, [image()], cars, categories)).units()


def test_the_category_is_the_one_with_keypoints_whatever_its_name(tmp_path):
    for categories in (
        [{"id": 0, "name": "people"}, category(1, "Human")],
        [category(0, "dog", ["nose", "tail"]), category(1, "Human")],
        [category(0, "dog"), category(1, "Person")],
    ):
        (person,) = people_of(Coco(write(tmp_path, [image()], [annotation()], categories)))
        assert person.person == 1
    categories = [category(0, "glove", ["tip", *NAMES[:11]]), category(1, "Player", NAMES[:12])]
    (person,) = people_of(Coco(write(tmp_path, [image()], [annotation(keypoints=keypoints(range(12)))], categories)))
    assert person.person == 1 and len(person.visible) == 12
    with pytest.raises(ValueError, match="several categories, 'dog', 'human'; choose one with --category NAME"):
        Coco(write(tmp_path, [image()], [annotation()], [category(0, "dog"), category(1, "human")])).units()


def test_people_are_numbered_by_their_ids_or_by_position(tmp_path):
    """Ids that int64 holds are kept; with one that it does not, or none at all, everybody is numbered from 1."""
    for ids, numbers in (
        ((100, 7), [7, 100]),
        ((2**62 + 5, 2), [2, 2**62 + 5]),
        ((2**63, 2), [1, 2]),
        ((None, None), [1, 2]),
    ):
        entries = [annotation(own) if own is not None else without(annotation(), "id") for own in ids]
        assert [person.person for person in people_of(Coco(write(tmp_path, [image()], entries)))] == numbers


def test_long_names_of_categories_are_cut_in_the_counts(tmp_path):
    long = "x" * 50
    root = write(tmp_path, [image()], [annotation(), annotation(2, category_id=2)], [category(), category(2, long)])
    assert left_out(Coco(root)) == {f"of another category, '{long[:40]}' (--category)": 1}


def test_an_annotation_without_a_category_is_of_the_only_one(tmp_path):
    one(tmp_path, without(annotation(), "category_id"))
    root = write(
        tmp_path, [image()], [without(annotation(), "category_id"), annotation(2)], [category(), category(2, "dog")]
    )
    (unit, *_) = Coco(root).units()
    assert [item.why for item in unit.people() if isinstance(item, BadInput)] == [
        "malformed (TypeError: None is no id)"
    ]


def test_two_images_with_one_id_raise_in_one_line(tmp_path):
    root = write(tmp_path, [image(5, "a.jpg"), image(5.0, "b.jpg")], [annotation(image=5)])
    with pytest.raises(ValueError, match="has two pictures of the id 5, 'a.jpg' and 'b.jpg'; give each an id"):
        Coco(root).units()
    # The same entry twice says nothing else.
    people_of(Coco(write(tmp_path, [image(), image()], [annotation()])))


def test_duplicate_annotation_ids_are_remarked_and_people_numbered_by_position(tmp_path):
    reader = Coco(write(tmp_path, [image()], [annotation(7), annotation(7), annotation(8)]))
    assert [person.person for person in people_of(reader)] == [1, 2, 3]
    assert remarks(reader) == {"annotations of an id that another has, numbered by their place": 1}


def test_ids_may_be_strings(tmp_path):
    images = [image("img_2", "2.jpg"), image("img_10", "10.jpg"), image("7"), image(8.0)]
    annotations = [annotation(f"a{i}", entry["id"]) for i, entry in enumerate(images)]
    annotations[2]["image_id"], annotations[3]["image_id"] = 7, "8"
    people = people_of(Coco(write(tmp_path, images, annotations)))
    assert [(p.sequence, p.person) for p in people] == [("7", 3), ("8", 4), ("img_10", 2), ("img_2", 1)]
    assert len({unit.name for unit in Coco(tmp_path).units()}) == 1


def test_an_image_listed_twice_is_one_sequence(tmp_path):
    root = write(tmp_path, [image(1, "a.jpg"), image(2, "a.jpg")], [annotation(1, 1), annotation(2, 2)])
    assert [(person.sequence, person.person) for person in people_of(Coco(root))] == [("1", 1), ("1", 2)]


def test_a_byte_order_mark_is_skipped(tmp_path):
    assert len(people_of(Coco(write(tmp_path, [image()], [annotation()], encoding="utf-8-sig")))) == 1


# Names of images


@pytest.mark.parametrize(
    ("named", "file"),
    [
        ("train2017/1.jpg", "1.jpg"),
        ("data/train2017/1.jpg", "1.jpg"),
        ("images\\1.jpg", "1.jpg"),
        ("C\\images\\1.jpg", "1.jpg"),
        ("video\\1.jpg", "video/1.jpg"),
        ("./video/1.jpg", "video/1.jpg"),
        ("my%20photo%231.jpg", "my photo#1.jpg"),
        ("my%20photo.jpg", "my%20photo.jpg"),
        ("50%.jpg", "50%.jpg"),
        ("1.JPG", "1.jpg"),
        ("u\u0308ben.jpg", "\u00fcben.jpg"),
        ("\u00fcben.jpg", "u\u0308ben.jpg"),
    ],
)
def test_images_are_found_despite_variants_of_their_names(tmp_path, named, file):
    root = write(tmp_path, [image(name=named)], [annotation()], files=[file])
    (person,) = people_of(Coco(root))
    assert person.load_picture()[0, 0].tolist()[0] > 200
    assert Path(person.picture.name) == root / "train2017" / file


def test_a_literal_name_comes_before_the_decoded_one(tmp_path):
    root = write(tmp_path, [image(name="a%20b.jpg")], [annotation()], files=["a%20b.jpg", "a b.jpg"])
    assert Path(people_of(Coco(root))[0].picture.name).name == "a%20b.jpg"


@pytest.mark.parametrize(
    "named", ["/etc/1.jpg", "../1.jpg", "a/../../1.jpg", "..\\1.jpg", "%2e%2e/1.jpg", "%2Fetc%2F1.jpg", "C:\\a\\1.jpg"]
)
def test_names_outside_the_folder_are_broken(tmp_path, named):
    root = write(tmp_path, [image(name=named)], [annotation()], files=["2.jpg"])
    write_picture(root / "1.jpg")
    (item,) = Coco(root).people()
    assert isinstance(item, BadInput) and item.why == f"lies outside {root / 'train2017'}"


def test_leading_folders_are_dropped_only_if_names_stay_unique(tmp_path):
    images = [image(1, "a/1.jpg"), image(2, "b/1.jpg")]
    root = write(tmp_path, images, [annotation(1, 1), annotation(2, 2)], files=["1.jpg"])
    assert [item.why for item in Coco(root).people()] == ["labeled, but missing"] * 2


@pytest.mark.parametrize("name", [None, 5, "", ["1.jpg"]])
def test_an_image_without_a_name_is_broken(tmp_path, name):
    root = write(tmp_path, [{**image(), "file_name": name}], [annotation()], files=["1.jpg"])
    (item,) = Coco(root).people()
    assert f"image 1: has no file_name, but {name!r}" in str(item)


# Layouts


def test_layouts_of_cvat_and_roboflow_are_found(tmp_path):
    content = {"images": [image()], "annotations": [annotation()], "categories": [category()]}
    cvat, roboflow = tmp_path / "cvat", tmp_path / "roboflow"
    for path, picture in (
        (cvat / "annotations/person_keypoints_default.json", cvat / "images/default/1.jpg"),
        (roboflow / "valid/_annotations.coco.json", roboflow / "valid/1.jpg"),
    ):
        write_picture(picture)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(content))
    assert len(people_of(Coco(cvat, "default"))) == len(people_of(Coco(roboflow, "valid"))) == 1
    message = (
        "there is no .*annotations/person_keypoints_train2017.json and no .*train2017/_annotations.coco.json; there are"
    )
    with pytest.raises(ValueError, match=f"{message} the subsets valid: choose with --subset"):
        Coco(roboflow)
    with pytest.raises(ValueError, match="the subsets default: choose with --subset"):
        Coco(cvat)


def test_options_name_files_elsewhere(tmp_path):
    write(tmp_path / "a", [image()], [annotation()])
    labels, pictures = tmp_path / "labels.json", tmp_path / "pictures"
    (tmp_path / "a/annotations/person_keypoints_train2017.json").rename(labels)
    (tmp_path / "a/train2017").rename(pictures)
    assert len(people_of(Coco(annotations=labels, images=pictures))) == 1
    assert len(people_of(Coco(tmp_path, annotations=Path("labels.json"), images=Path("pictures")))) == 1
    for options, why in (
        ({}, "there is no .*person_keypoints_train2017.json and no .*; name the files with --annotations FILE and"),
        (
            {"annotations": labels},
            "there is no folder of pictures .*train2017 and no .*images/train2017 and no .*images; name the files",
        ),
        ({"annotations": Path("none.json")}, "there is no none.json and no .*none.json; name the files"),
        ({"annotations": labels, "images": labels}, "there is no folder of pictures .*labels.json"),
    ):
        with pytest.raises(ValueError, match=why):
            Coco(tmp_path, **options)


# Sequences


def frames_of_videos(root: Path, **changes) -> Path:
    names = [f"video{v}/frame_{i:04d}.jpg" for v in range(6) for i in range(4)]
    images = [image(i, name, **{key: value(i) for key, value in changes.items()}) for i, name in enumerate(names)]
    return write(root, images, [annotation(i, i) for i in range(len(images))])


@pytest.mark.parametrize(
    ("group_by", "sequences"),
    [
        ("folder", [f"video{v}" for v in range(6)]),
        ("video", [f"v{v}" for v in range(6)]),
        (r"video(\d)", [str(v) for v in range(6)]),
        (r"^[a-z]+\d", [f"video{v}" for v in range(6)]),
    ],
)
def test_a_videos_frames_stay_on_one_side_of_the_split(tmp_path, group_by, sequences):
    root = frames_of_videos(tmp_path / "a", video_id=lambda i: f"v{i // 4}")
    people = people_of(Coco(root, group_by=group_by))
    assert [person.sequence for person in people] == [name for name in sequences for _ in range(4)]
    assert not remarks(Coco(root, group_by=group_by))
    out = tmp_path / "out"
    options = ("--size", 32, "--workers", 1, "--val", 0.3, "--test", 0, "--group-by", group_by)
    done = call(main, "coco", "--root", root, "--out", out, *options)
    assert done.returncode == 0, done.stderr
    counts = read_manifest(out).counts
    assert counts["val"] and counts["train"] and counts["val"] % 4 == 0


def test_images_that_look_like_video_frames_are_remarked(tmp_path):
    (remark,) = remarks(Coco(frames_of_videos(tmp_path / "a")))
    assert remark.startswith("pictures that look like frames of videos") and remark.endswith("give --group-by folder")
    (remark,) = remarks(Coco(frames_of_videos(tmp_path / "b", vid_id=lambda i: i // 4)))
    assert remark.endswith("give --group-by video")
    flat = [image(i, f"v{i // 2}_frame{i}.jpg") for i in range(4)]
    (remark,) = remarks(Coco(write(tmp_path / "c", flat, [annotation(i, i) for i in range(4)])))
    assert remark.endswith("give --group-by REGEX")
    numbered = [image(i, f"{'ab'[i // 2]}/shot{i}.jpg") for i in range(4)]
    (remark,) = remarks(Coco(write(tmp_path / "e", numbered, [annotation(i, i) for i in range(4)])))
    assert remark.endswith("give --group-by folder")
    plain = [image(i, f"train2017/{i:012d}.jpg") for i in range(4)]
    assert not remarks(Coco(write(tmp_path / "d", plain, [annotation(i, i) for i in range(4)])))


def test_nested_folders_are_separate_sequences(tmp_path):
    images = [image(1, "walks/a/1.jpg"), image(2, "walks/b/1.jpg")]
    root = write(tmp_path, images, [annotation(1, 1), annotation(2, 2)])
    # No slash: what stands before one decides which split a sequence belongs to.
    assert [person.sequence for person in Coco(root, group_by="folder").people()] == ["walks:a", "walks:b"]


def test_a_group_by_without_match_raises_with_the_first_name(tmp_path):
    root = frames_of_videos(tmp_path)
    with pytest.raises(ValueError, match="group_by 'clip.' finds nothing in 'video0/frame_0000.jpg'"):
        Coco(root, group_by="clip.").units()
    with pytest.raises(ValueError, match="tells no video_id of 'video0/frame_0000.jpg'; group by folder or"):
        Coco(root, group_by="video").units()
    with pytest.raises(ValueError, match="group_by must be image, folder, video or a regular expression, got '.*'"):
        Coco(root, group_by="(")


# Orientation


def red_corner(person) -> tuple[int, int]:
    """Whether the red quarter is at the bottom, and whether at the right."""
    picture = person.load_picture()
    height, width, _ = picture.shape
    quarters = picture[[height // 4, height // 4, -height // 4, -height // 4], [width // 4, -width // 4] * 2, 0]
    return divmod(int(quarters.argmax()), 2)


@pytest.mark.parametrize("orientation", range(5, 9))
def test_width_and_height_decide_the_orientation_of_labels(tmp_path, orientation):
    for size, corner, said in (
        ((120, 160), (0, 0), True),
        ((160, 120), {5: (0, 0), 6: (0, 1), 7: (1, 1), 8: (1, 0)}[orientation], False),
    ):
        root = write(tmp_path, [image(height=size[0], width=size[1])], [annotation(bbox=[35, 15, 50, 80])], files=[])
        write_picture(root / "train2017/1.jpg", orientation=orientation)
        (person,) = people_of(Coco(root))
        assert person.load_picture().shape[:2] == size and red_corner(person) == corner
        found = list(remarks(Coco(root)))
        assert [f"EXIF orientation {orientation}, read as stored" in text for text in found] == [True] * said


def test_width_and_height_decide_for_a_portrait_too(tmp_path):
    root = write(tmp_path, [image(height=160, width=120)], [annotation(bbox=[35, 15, 50, 80])], files=[])
    write_picture(root / "train2017/1.jpg", (160, 120), 6)
    (person,) = people_of(Coco(root))
    assert person.load_picture().shape[:2] == (160, 120) and red_corner(person) == (0, 0)
    assert any("read as stored" in text for text in remarks(Coco(root)))


@pytest.mark.parametrize(("orientation", "shape"), [(3, (120, 160)), (2, (120, 160)), (6, (120, 120)), (6, None)])
def test_an_ambiguous_orientation_is_remarked_and_an_option_decides(tmp_path, orientation, shape):
    entry = image(height=shape[0], width=shape[1]) if shape else without(image(), "height", "width")
    root = write(tmp_path, [entry], [annotation()], files=[])
    write_picture(root / "train2017/1.jpg", shape or (120, 160), orientation)
    shown = {3: (1, 1), 2: (0, 1), 6: (0, 1)}[orientation]
    (text,) = remarks(Coco(root))
    assert f"EXIF orientation {orientation}, whose labels may be for" in text and "--orientation stored" in text
    for option, corner in (("auto", shown), ("turned", shown), ("stored", (0, 0))):
        (person,) = people_of(Coco(root, orientation=option))
        assert red_corner(person) == corner
        assert bool(remarks(Coco(root, orientation=option))) == (option == "auto")


def test_labels_that_fit_neither_orientation_are_broken(tmp_path):
    root = write(tmp_path, [image(height=100)], [annotation()], files=[])
    write_picture(root / "train2017/1.jpg", orientation=6)
    (item,) = Coco(root).people()
    assert item.why == "is 120 x 160 px as it is shown (EXIF orientation 6), but its labels are for 160 x 100 px"
    with pytest.raises(ValueError, match="orientation must be auto, stored or turned, got 'up'"):
        Coco(root, orientation="up")


# The command


def test_the_command_prints_and_stores_counts_of_people_left_out(tmp_path):
    few = annotation(2, 2, keypoints=[*keypoints(ALL[:3]), *[0] * 42])
    root = write(tmp_path / "a", [image(1), image(2)], [annotation(), few])
    arguments = ("--root", root, "--size", 32, "--workers", 1)
    done = call(main, "coco", *arguments, "--out", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    assert "left out on purpose: 1\n       1  fewer than 6 keypoints (--min-keypoints)\n" in done.stdout
    assert read_manifest(tmp_path / "out").left_out == {"fewer than 6 keypoints (--min-keypoints)": 1}
    write(root, [image(1), image(2)], [few])
    done = call(main, "coco", *arguments, "--out", tmp_path / "none")
    assert done.returncode == 2
    assert "gave no people" in done.stderr and "left out: 1 fewer than 6 keypoints (--min-keypoints)" in done.stderr


def test_a_tiny_set_has_a_validation_sequence(tmp_path):
    root = write(tmp_path / "a", [image(i) for i in range(1, 9)], [annotation(i, i) for i in range(1, 9)])
    done = call(main, "coco", "--root", root, "--out", tmp_path / "out", "--size", 32, "--workers", 1)
    assert done.returncode == 0, done.stderr
    manifest = read_manifest(tmp_path / "out")
    assert manifest.counts == {"train": 7, "val": 1, "test": 0}
    (remark,) = manifest.remarks
    assert remark.startswith("sequence for validation, as its share gave none: '") and "--val-sequences" in remark
    # The same command finds the set finished, and prints the same.
    again = call(main, "coco", "--root", root, "--out", tmp_path / "out", "--size", 32, "--workers", 1)
    assert (again.returncode, again.stdout) == (0, done.stdout)
