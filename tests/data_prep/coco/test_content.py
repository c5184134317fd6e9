"""Content of a keypoints file from what other tools draw point by point."""

import pytest

from data_prep.coco.content import Box, Content, Point

JOINTS = {"hand": ("tip", "palm"), "foot": ("toe",)}


def built(content):
    """Annotations with their category's name."""
    made = content.build(JOINTS, {})
    names = {kind["id"]: kind["name"] for kind in made["categories"]}
    return [(names[entry["category_id"]], entry["keypoints"]) for entry in made["annotations"]]


@pytest.mark.parametrize(
    ("x", "y", "inside"),
    [
        # From (10, 20) to (40, 70) px from the image's corner; places of keypoints are half a pixel less.
        (9.495, 19.495, True),
        (39.505, 69.505, True),
        (9.48, 45, False),
        (39.52, 45, False),
        (25, 19.48, False),
        (25, 69.52, False),
    ],
)
def test_a_box_holds_what_lies_in_it_but_for_rounding(x, y, inside):
    assert Box("person", (10.0, 20.0, 30.0, 50.0)).contains((x, y, 2)) is inside


def test_a_person_of_two_boxes_has_the_label_of_the_first_and_no_box():
    content = Content()
    content.add_points(
        1,
        "1.jpg",
        [Point("tip", (5.0, 5.0, 2), "a")],
        [Box("hand", (0.0, 0.0, 9.0, 9.0), "a"), Box("foot", (0.0, 0.0, 8.0, 8.0), "a")],
    )
    assert built(content) == [("hand", [5.0, 5.0, 2, 0, 0, 0])]
    assert "bbox" not in content.build(JOINTS, {})["annotations"][0]


@pytest.mark.parametrize(("others", "category"), [(["hand"], "hand"), (["hand", "foot"], "person")])
def test_people_without_a_category_are_of_the_only_one(others, category):
    content = Content()
    for other in others:
        content.add_person(1, other, {JOINTS[other][0]: (1.0, 2.0, 2)})
    content.add_person(1, None, {"tip": (3.0, 4.0, 2)})
    made = content.build(JOINTS | {"person": ("tip",)}, {})
    names = {kind["id"]: kind["name"] for kind in made["categories"]}
    assert names[made["annotations"][-1]["category_id"]] == category


def test_keypoints_that_are_not_labeled_are_zero():
    content = Content()
    content.add_person(1, "hand", {"tip": (3.0, 4.0, 0), "palm": (5.0, 6.0, 1)})
    assert built(content) == [("hand", [0, 0, 0, 5.0, 6.0, 1])]
