"""People in one image."""

import cv2
import numpy as np
import pytest
from browser_parts import GRAY, painted
from rectangles import OTHER, PERSON, assert_is_at

import panopose


def test_the_image_is_searched(model, image):
    (person,) = model(image)
    assert_is_at(person, PERSON)
    assert person.number == 0 and person.score > 0.5 and person.visible().all()
    np.testing.assert_allclose(person.box_px, PERSON, atol=6)
    assert (person.xy_px.shape, person.scores.shape) == ((14, 2), (14,))


def test_nobody(model):
    assert model(GRAY) == []


def test_given_boxes_are_not_searched_and_keep_their_order(model):
    both = painted(painted(GRAY, PERSON), OTHER)
    boxes = [OTHER, PERSON, (600, 10, 20, 30)]
    people = model(both, boxes=boxes)
    assert [one.number for one in people] == [0, 1, 2]
    assert_is_at(people[0], OTHER)
    assert_is_at(people[1], PERSON)
    np.testing.assert_array_equal([one.box_px for one in people], boxes)
    assert people[2].score == 0 and not people[2].visible().any()
    # A box of nobody is left out on demand, and the numbers remain those of the boxes.
    assert [one.number for one in model(both, boxes=boxes[::-1], min_score=0.5)] == [1, 2]
    assert model(both, boxes=[]) == [] and model(both, boxes=np.zeros((0, 4))) == []


def test_min_score_decides_who_is_a_person(model):
    # The fake model's scores grow with the share of the crop that the rectangle covers.
    rectangle = (300, 90, 15, 300)
    thin = painted(GRAY, rectangle)
    expected = model(thin, boxes=[rectangle])[0].score
    # The default is 0.25.
    assert 0.15 < expected < 0.23 and model(thin) == [] and model(thin, min_score=expected + 0.03) == []
    (person,) = model(thin, min_score=expected - 0.03)
    assert person.score == pytest.approx(expected, abs=0.03)


def test_a_path_is_read_as_rgb_and_turned_by_its_orientation(model, image, tmp_path):
    path = tmp_path / "image.png"
    cv2.imwrite(str(path), image[..., ::-1])
    for given in (path, str(path)):
        np.testing.assert_array_equal(model(given)[0].xy_px, model(image)[0].xy_px)


def test_views_that_are_not_contiguous_are_taken(model, image):
    flipped = image[:, ::-1]
    (person,) = model(flipped)
    x, y, width, height = PERSON
    assert_is_at(person, (640 - x - width, y, width, height))
    bgr = np.ascontiguousarray(image[..., ::-1])
    np.testing.assert_array_equal(model(bgr[..., ::-1])[0].xy_px, model(image)[0].xy_px)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda image: image / 255, r"must be uint8, .*got float64 .*\(255 \* image\)\.round\(\)\.astype\(np\.uint8\)"),
        (lambda image: image.astype(np.float32), r"got float32 .*; convert it with image\.round\(\)"),
        (lambda image: image > 100, r"got bool .*255 \* image\.astype"),
        (lambda image: image.astype(np.uint16), "got uint16 .*scale it to 0 to 255"),
        (lambda image: image[..., 0], r"got \(480, 640\); repeat its gray values with np\.stack"),
        (lambda image: image[..., :1], r"got \(480, 640, 1\); .*np\.repeat"),
        (lambda image: np.dstack([image, image[..., :1]]), r"got \(480, 640, 4\); drop the transparency"),
        (lambda image: image.transpose(2, 0, 1), r"got \(3, 480, 640\); put the channels last"),
        (lambda image: image[None], r"got \(1, 480, 640, 3\); pass one image at a time"),
        (lambda image: image[:0], r"got \(0, 640, 3\); it is empty"),
        (lambda image: image[..., :2], r"got \(480, 640, 2\); read it"),
        (lambda image: "missing.jpg", r"no file 'missing\.jpg' in '.*'; check the path"),
        (lambda image: "https://host/a.jpg", "is an address; download"),
        (lambda image: "clip.MP4", r"is a video; use model\.track"),
        (lambda image: ".", r"is a folder; use model\.images"),
        (lambda image: __file__, "not a picture that OpenCV can decode"),
    ],
)
def test_images_of_another_kind_raise_with_a_remedy(model, image, change, message):
    with pytest.raises(ValueError, match=message):
        model(change(image))


def test_things_that_are_no_image_raise(model):
    pil = pytest.importorskip("PIL.Image")
    with pytest.raises(
        TypeError, match=r'got PIL\.Image\.Image; convert it with np\.asarray\(image\.convert\("RGB"\)\)'
    ):
        model(pil.new("RGB", (8, 8)))
    with pytest.raises(TypeError, match="must be an array, uint8 RGB .*, or a path, got builtins.NoneType"):
        model(None)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"people": 0}, "people must be 1 to 4, got 0"),
        ({"people": 5}, "people must be 1 to 4, got 5"),
        ({"min_score": 35}, "min_score must be 0 to 1, got 35"),
        ({"min_score": float("nan")}, "min_score must be 0 to 1, got nan"),
        ({"boxes": [1, 2, 3, 4]}, r"got \(4,\); of a single box, pass \[box\]"),
        ({"boxes": [[1, 2, 3]]}, r"boxes must be \(N, 4\).*got \(1, 3\)"),
        ({"boxes": [[1, 2], [3]]}, r"boxes must be numbers \(N, 4\)"),
        ({"boxes": [[200, 100, -50, 40]]}, r"got \[200.0, 100.0, -50.0, 40.0\]; of corners"),
        ({"boxes": [[1, 2, 3, np.nan]]}, "a box must be finite"),
    ],
)
def test_wrong_options_raise(model, image, options, message):
    with pytest.raises(ValueError, match=message):
        model(image, **options)


def test_a_drawing_changes_a_copy_near_the_person_alone(model, image):
    before = image.copy()
    drawn = model.draw(image, model(image))
    np.testing.assert_array_equal(image, before)
    changed = np.argwhere((drawn != image).any(axis=-1))
    (top, left), (bottom, right) = changed.min(axis=0), changed.max(axis=0)
    x, y, width, height = PERSON
    edges = [left - x, top - y, right - x - width, bottom - y - height]
    # Joints are some pixels off, and drawn as circles.
    assert np.abs(edges).max() < 12
    empty = model.draw(image, [])
    np.testing.assert_array_equal(empty, image)
    assert empty is not image


def test_a_person(model, image):
    (person,) = model(image)
    wrist = person["left_wrist"]
    assert isinstance(wrist, panopose.Joint)
    index = person.skeleton.joints.index("left_wrist")
    assert (wrist.x, wrist.y) == tuple(person.xy_px[index]) and wrist.score == person.scores[index]
    with pytest.raises(KeyError, match="no joint 'left_hand' in lsp14; it has right_ankle, "):
        person["left_hand"]
    assert repr(person).startswith("Person(number=0, score=") and "14 of 14 joints visible, box_px=[" in repr(person)


def test_visible_joints_have_a_score_and_a_place(model):
    made = panopose.Person(
        xy_px=np.array([[1.0, 2], [3, 4], [np.nan, 0]] + [[0, 0]] * 11),
        scores=np.array([0.1, 0.3, 0.9] + [0.0] * 11),
        box_px=np.array([0, 0, 1, 1.0]),
        number=0,
        skeleton=model.skeleton,
        joint_score=0.2,
    )
    assert made.visible().tolist() == [False, True] + 12 * [False]
    assert made.visible(0.05).tolist() == [True, True] + 12 * [False]


def test_a_real_picture(shared_data):
    """The squatting person fills the image; the head is above the hips."""
    (person,) = panopose.load("fast", runtime="onnx", threads=1)(shared_data / "clips/pose.jpg")
    assert person.visible().all() and person.score > 0.7
    assert person["head_top"].y < person["left_hip"].y
