"""COCO's whole images: everybody in them, and where people are not labeled."""

import json
import warnings

import cv2
import numpy as np
import pytest

from data_prep.coco.outline import read_ignored, read_region
from data_prep.coco.reader import Coco
from data_prep.conversion.convert import Conversion, convert
from data_prep.conversion.splits import SplitRule
from data_prep.reader import Unlabeled
from pose import COCO17
from records import Person
from records.pipeline import dataset

EVERYBODY = Conversion(kind="frames", size=80, workers=1, split=SplitRule(val=0, test=0))


def person(number: int, image: int, labeled: int = 17, **changes) -> dict:
    """A person with so many keypoints, at (20 + j, 20 + 2 j)."""
    keypoints = [[20 + j, 20 + 2 * j, 2] if j < labeled else [0, 0, 0] for j in range(17)]
    entry = {"id": number, "image_id": image, "category_id": 1, "keypoints": np.ravel(keypoints).tolist()}
    return {**entry, "iscrowd": 0, "bbox": [10, 10, 40, 60], "area": 900.0} | changes


def write(root, annotations, images=(7, 9), **changes):
    (root / "pictures").mkdir(exist_ok=True)
    entries = []
    for image in images:
        cv2.imwrite(str(root / f"pictures/{image}.png"), np.full((80, 60, 3), 90, np.uint8))
        entries.append({"id": image, "file_name": f"{image}.png", "height": 80, "width": 60, **changes})
    kinds = [{"id": 1, "name": "person", "keypoints": list(COCO17.joints)}]
    content = {"images": entries, "annotations": annotations, "categories": kinds}
    (root / "labels.json").write_text(json.dumps(content))
    return Coco(root, annotations=root / "labels.json", images=root / "pictures")


def masks(root, reader) -> dict:
    """Of each image by id: its people's numbers, and the mask of where people are not labeled."""
    convert(reader, root / "out", EVERYBODY)
    fields = ("person", "unlabeled", "frame")
    (batch,) = dataset(root / "out", "train", batch_size=9, kind="frames", fields=fields).as_numpy_iterator()
    people = [[number for number in row if number >= 0] for row in batch[1]["person"].tolist()]
    return dict(zip(batch[1]["frame"].tolist(), zip(people, batch[1]["unlabeled"], strict=True), strict=True))


def area(mask, x, y, width, height):
    """Where a mask is set beside a part of the image, and not set in it, in pixels of at most one column or row."""
    expected = np.zeros_like(mask)
    # The image of 60 x 80 px is in the middle of the square of 80 px.
    expected[y : y + height, 10 + x : 10 + x + width] = 255
    edge = cv2.dilate(expected, np.ones((3, 3))) ^ cv2.erode(expected, np.ones((3, 3)))
    return np.count_nonzero((mask != expected) & (edge == 0))


def test_crowds_and_people_without_keypoints_are_masked_by_their_outlines(tmp_path):
    inside = np.zeros((80, 60), bool)
    inside[30:50, 20:40] = True
    flat = np.concatenate([[0], inside.T.ravel(), [0]]).astype(int)
    edges = np.flatnonzero(np.diff(flat))
    counts = np.diff(np.concatenate([[0], edges, [80 * 60]])).tolist()
    crowd = person(3, 9, 0, iscrowd=1, segmentation={"size": [80, 60], "counts": counts})
    outline = person(4, 7, 0, segmentation=[[5, 5, 25, 5, 25, 15, 5, 15]], num_keypoints=0)
    found = masks(tmp_path, write(tmp_path, [person(1, 7), person(2, 7), crowd, outline]))
    assert found[7][0] == [1, 2] and found[9][0] == []
    assert area(found[7][1], 5, 5, 20, 10) == 0 and area(found[9][1], 20, 30, 20, 20) == 0


def test_people_who_are_left_out_on_purpose_are_masked(tmp_path):
    few, small = person(2, 7, 3), person(3, 9, bbox=[15, 15, 30, 31])
    found = masks(tmp_path, write(tmp_path, [person(1, 7), few, small]))
    assert found[7][0] == [1] and area(found[7][1], 10, 10, 40, 60) == 0
    assert found[9][0] == [] and area(found[9][1], 15, 15, 30, 31) == 0


def test_a_broken_person_is_counted_and_masked(tmp_path):
    broken = person(2, 7, keypoints=[1, 2, 9] * 17)
    reader = write(tmp_path, [person(1, 7), broken])
    found = masks(tmp_path, reader)
    assert found[7][0] == [1] and area(found[7][1], 10, 10, 40, 60) == 0


def test_records_of_people_ignore_what_is_not_labeled(tmp_path):
    """And hold no outlines, whose memory they do not need."""
    reader = write(tmp_path, [person(1, 7), person(2, 9, 0, segmentation=[[1, 1, 9, 1, 9, 9]])])
    assert [len(unit.pictures) for unit in reader.units() if hasattr(unit, "pictures")] == [1]
    options = Conversion(size=32, workers=1, split=SplitRule(val=0, test=0))
    assert convert(reader, tmp_path / "people", options).counts["train"] == 1
    (frames,) = [unit for unit in reader.for_frames().units() if hasattr(unit, "pictures")]
    assert [picture.frame for picture in frames.pictures] == [7, 9]


def test_frames_are_numbered_by_image_where_a_sequence_has_several(tmp_path):
    reader = write(tmp_path, [person(1, 7), person(2, 9), person(3, 9)])
    reader = Coco(tmp_path, annotations=reader.annotations, images=reader.images, group_by="folder")
    found = masks(tmp_path, reader)
    assert {frame: people for frame, (people, _) in found.items()} == {7: [1], 9: [2, 3]}


def test_tracks_number_people_and_regions_to_ignore_are_masked(tmp_path):
    tracks = [person(1, 7, track_id=4), person(2, 7, track_id=0), person(3, 9, track_id=4), person(4, 9, 0, track_id=0)]
    ignored = {"ignore_regions_x": [[4.5, 24.5, 24.5, 4.5]], "ignore_regions_y": [[4.5, 4.5, 9.5, 9.5]]}
    found = masks(tmp_path, write(tmp_path, tracks, **ignored))
    assert {frame: people for frame, (people, _) in found.items()} == {7: [4, 0], 9: [4]}
    assert area(found[7][1], 4, 4, 20, 5) == 0
    # In records of people they are numbered as ever.
    reader = Coco(tmp_path, annotations=tmp_path / "labels.json", images=tmp_path / "pictures")
    assert [item.person for item in reader.people() if isinstance(item, Person)] == [1, 2, 3]


def test_tracks_that_two_people_of_an_image_share_do_not_number(tmp_path):
    reader = write(tmp_path, [person(1, 7, track_id=4), person(2, 7, track_id=4)])
    assert masks(tmp_path, reader)[7][0] == [1, 2]


@pytest.mark.parametrize(("largest", "numbers"), [(2**63 - 1, [4, 2**63 - 1]), (2**63, [1, 2])])
def test_numbers_of_tracks_that_records_cannot_hold_do_not_number(tmp_path, largest, numbers):
    reader = write(tmp_path, [person(1, 7, track_id=4), person(2, 7, track_id=largest)])
    assert masks(tmp_path, reader)[7][0] == numbers


@pytest.mark.parametrize(
    "segmentation",
    [
        None,
        [],
        [[1, 2, 3]],
        [[1, 1, 2, 2]],
        [[1, 1, float("nan"), 2, 3, 3]],
        [["a"] * 6],
        5,
        {"size": [80, 60], "counts": [5, 5]},
        {"size": [80, 60], "counts": [-5, 4805]},
        {"size": [60, 80], "counts": [4800]},
        {"size": [80], "counts": [4800]},
        {"size": [80, 60], "counts": [10**30]},
        {"counts": [4800]},
    ],
)
def test_a_malformed_outline_is_replaced_by_the_box(segmentation):
    region = read_region({"segmentation": segmentation, "bbox": [2, 3, 10, 20]}, (80, 60))
    (corners,) = region.polygons
    assert corners.tolist() == [[1.5, 2.5], [11.5, 2.5], [11.5, 22.5], [1.5, 22.5]]


def test_packed_run_lengths_are_those_of_the_list():
    """Of pycocotools itself, `mask.encode` of a random mask and of one whose first pixel is inside."""
    from pycocotools import mask

    for inside in (np.random.default_rng(0).random((80, 60)) < 0.3, np.indices((80, 60)).sum(axis=0) < 90):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            text = mask.encode(np.asfortranarray(inside.astype(np.uint8)))["counts"].decode()
        region = read_region({"segmentation": {"size": [80, 60], "counts": text}}, (80, 60))
        flat = np.repeat(np.arange(len(region.runs)) % 2, region.runs)
        assert (flat.reshape(60, 80).T == inside).all()


@pytest.mark.parametrize("text", ["", "0", "~~", "é", "P" * 5000, "oooo"])
def test_damaged_run_lengths_are_replaced_by_the_box(text):
    region = read_region({"segmentation": {"size": [80, 60], "counts": text}, "bbox": [2, 3, 10, 20]}, (80, 60))
    assert region.runs is None and len(region.polygons) == 1


def test_a_byte_below_the_smallest_damages_run_lengths():
    """63 outside, then 4 737: "o" carries on, and "/", one below "0", has the same low bits but is no byte of them."""
    packed = {"size": [80, 60], "counts": "o1Qd4"}
    assert read_region({"segmentation": packed}, (80, 60)).runs.tolist() == [63, 4737]
    region = read_region({"segmentation": packed | {"counts": "/1Qd4"}, "bbox": [2, 3, 10, 20]}, (80, 60))
    assert region.runs is None


@pytest.mark.parametrize("box", [None, [1, 2, 3], [0, 0, 0, 5], [0, 0, 5, -5], [0, 0, float("inf"), 5], ["a"] * 4, {}])
def test_without_outline_and_box_there_is_no_region(box):
    assert read_region({"bbox": box}, None) is None


@pytest.mark.parametrize("x", [[], [[1, 2, 3], [1]], [[1, 2]], "abc", None, [[1, 2, float("nan")]]])
def test_malformed_regions_to_ignore_are_none(x):
    assert read_ignored({"ignore_regions_x": x, "ignore_regions_y": [[1, 2, 3]]}) is None


def test_an_image_whose_people_have_no_place_is_a_frame_all_the_same(tmp_path):
    nowhere = person(2, 9, 0)
    del nowhere["bbox"]
    reader = write(tmp_path, [person(1, 7), nowhere]).for_frames()
    items = [item for unit in reader.units() for item in unit.people() if isinstance(item, Unlabeled)]
    assert [(item.frame, item.region) for item in items] == [(9, None)]


def test_coco_pictures(shared_data, tmp_path):
    """Of 172 annotations 5 are crowds and 81 have no keypoints; these are in 20 of 36 pictures, and alone in 8."""
    reader = Coco(shared_data / "coco_mini", min_keypoints=1, min_box_px=1)
    manifest = convert(reader, tmp_path / "out", EVERYBODY)
    assert manifest.counts["train"] == 36 and manifest.max_people == 11
    labels = [b[1] for b in dataset(tmp_path / "out", "train", batch_size=8, kind="frames").as_numpy_iterator()]
    assert sum((one["visible"] > 0).any(-1).sum() for one in labels) == 86
    assert sum(((one["visible"] > 0).sum(-1) >= 8).sum() for one in labels) == 51
    assert sum((one["unlabeled"] > 0).any((1, 2)).sum() for one in labels) == 20
    assert sum((~(one["visible"] > 0).any((1, 2))).sum() for one in labels) == 8
