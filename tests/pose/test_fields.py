import cv2
import numpy as np
import pytest

from pose import LSP14
from pose.fields import Affine, Field, warp

FLIP = np.array(LSP14.flip_order)
FIELDS = {
    "xy": Field(("J", 2), geometry="point"),
    "visible": Field(("J",), "int32", "visibility", of="xy"),
    "left": Field(("J",), "bool", "left", of="xy"),
    "length": Field((), geometry="length"),
    "area": Field((), geometry="area"),
    "xyz": Field(("J", 3), geometry="direction"),
    "known": Field(("J",), "bool"),
    "matrix": Field((3, 3), geometry="camera"),
    "to_frame": Field((2, 3), geometry="frame"),
    "depth": Field(("H", "W"), "uint16", "nearest"),
    "picture": Field(("H", "W", 3), "uint8", "picture"),
    "people": Field(("P", "J", 2), geometry="point"),
}


def similarity(angle_deg, scale, shift, mirrored):
    """From px of the result to px of the picture, of one picture."""
    cos, sin = scale * np.cos(np.radians(angle_deg)), scale * np.sin(np.radians(angle_deg))
    mirror = -1 if mirrored else 1
    matrix = np.array([[[cos * mirror, -sin, shift[0]], [sin * mirror, cos, shift[1]]]])
    return Affine(matrix, np.array([scale]), np.array([mirrored]))


def warped(name, value, affine, **options):
    return warp({name: np.asarray(value)[None]}, FIELDS, affine, flip_order=FLIP, **options)[name][0]


TURNED = similarity(90, 2.0, (10, 20), False)
MIRRORED = similarity(0, 1.0, (63, 0), True)


def test_points_move_to_where_the_matrix_takes_them_from():
    # Of the result's (1, 3) the matrix takes the picture's (10 - 2 * 3, 20 + 2 * 1).
    xy = np.tile([4.0, 22.0], (14, 1))
    np.testing.assert_allclose(warped("xy", xy, TURNED), np.tile([1, 3], (14, 1)), atol=1e-12)


def test_several_people_are_moved_alike():
    people = np.arange(2 * 14 * 2, dtype=float).reshape(2, 14, 2)
    expected = [warped("xy", person, MIRRORED) for person in people]
    np.testing.assert_allclose(warped("people", people, MIRRORED), expected, atol=1e-12)


def test_lengths_and_areas_shrink_where_the_picture_does():
    assert warped("length", 10.0, TURNED) == 5
    assert warped("area", 100.0, TURNED) == 25


def test_mirroring_swaps_left_and_right():
    xy = np.stack([np.arange(14.0), np.zeros(14)], axis=1)
    np.testing.assert_allclose(warped("xy", xy, MIRRORED)[:, 0], 63 - FLIP)
    known = np.arange(14) == LSP14.index("left_knee")
    assert np.flatnonzero(warped("known", known, MIRRORED)).tolist() == [LSP14.index("right_knee")]
    assert (warped("known", known, TURNED) == known).all()


@pytest.mark.parametrize(("x", "inside"), [(-0.51, False), (-0.5, True), (31.49, True), (31.5, False)])
def test_labelled_points_outside_become_unlabelled_and_are_left(x, inside):
    values = {
        "xy": np.tile([x, 5.0], (1, 14, 1)),
        "visible": np.full((1, 14), 1, np.int32),
        "left": np.zeros((1, 14), bool),
    }
    values["visible"][0, 3] = 0
    still = Affine.resize(32, 32, 1)
    found = warp(values, FIELDS, still, flip_order=FLIP, size=32)
    assert found["visible"][0, [0, 3]].tolist() == [int(inside), 0] and found["visible"].dtype == np.int32
    assert found["left"][0, [0, 3]].tolist() == [not inside, False]
    np.testing.assert_allclose(found["xy"][0, [0, 3]], [[x, 5] if inside else [0, 0], [0, 0]])
    # What was left before stays so.
    assert warp(values | {"left": np.ones((1, 14), bool)}, FIELDS, still, flip_order=FLIP, size=32)["left"].all()


def test_without_a_size_every_point_stays_labelled():
    values = {"xy": np.full((1, 14, 2), -9.0), "visible": np.ones((1, 14), np.int32)}
    found = warp(values, FIELDS, Affine.resize(32, 64, 1))
    assert (found["visible"] == 1).all()
    np.testing.assert_allclose(found["xy"], -17.5)


@pytest.mark.parametrize("affine", [TURNED, MIRRORED, similarity(33, 0.7, (-5, 8), True)])
def test_cameras_and_directions_project_to_where_the_points_are(affine):
    """Of a camera with other focal lengths along x and y as well."""
    random = np.random.default_rng(0)
    xyz = random.uniform(-300, 300, (14, 3)) + (0, 0, 2000)
    matrix = np.array([[500.0, 0, 30], [0, 540, 34], [0, 0, 1]])
    values = {"xyz": xyz, "matrix": matrix, "xy": (xyz @ matrix.T)[:, :2] / xyz[:, 2:]}
    found = {name: warped(name, value, affine) for name, value in values.items()}
    projected = found["xyz"] @ found["matrix"].T
    np.testing.assert_allclose(projected[:, :2] / projected[:, 2:], found["xy"], atol=1e-9)
    # The body is as large and as far away as before; left and right have changed places where it is mirrored.
    before = xyz[FLIP] if affine.mirrored[0] else xyz
    np.testing.assert_allclose(np.linalg.norm(found["xyz"], axis=1), np.linalg.norm(before, axis=1))
    np.testing.assert_allclose(found["xyz"][:, 2], before[:, 2])


def test_the_way_to_the_frame_begins_at_the_result():
    to_frame = np.array([[3.0, 0, 7], [0, 3, 9]])
    found = warped("to_frame", to_frame, TURNED)
    point = found @ [1, 3, 1]
    np.testing.assert_allclose(point, to_frame @ [4, 22, 1])


def test_pictures_are_sampled_between_pixels_and_depths_are_not():
    depth = np.zeros((4, 4), np.uint16)
    depth[:, 2:] = 1000
    half = Affine.resize(4, 8, 1)
    found = warped("depth", depth, half, size=8)
    assert found.dtype == np.uint16 and set(np.unique(found)) == {0, 1000}
    picture = np.repeat((depth // 10).astype(np.uint8)[..., None], 3, axis=2)
    shades = warped("picture", picture, half, size=8)
    assert shades.shape == (8, 8, 3) and {25, 75} <= set(np.unique(shades))
    expected = cv2.warpAffine(picture, half.matrix[0], (8, 8), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP)
    assert (shades == expected).all()


def test_values_that_are_no_fields_stay():
    values = {"key": np.array([b"a"]), "length": np.array([4.0], np.float32)}
    found = warp(values, FIELDS, TURNED)
    assert found["key"].tolist() == [b"a"] and found["length"].dtype == np.float32


BOXES = {
    "boxes": Field(("P", 4), geometry="box", of="shown"),
    "shown": Field(("P", "J"), "int32", "visibility", of="people"),
    "people": Field(("P", "J", 2), geometry="point"),
    "lost": Field(("P", "J"), "bool", "left", of="people"),
    "areas": Field(("P",), geometry="area"),
    "numbers": Field(("P",), "int64", padding=-1),
}


def moved_box(box, affine, size=None):
    return warp({"boxes": np.array([[box]], float)}, BOXES, affine, size=size)["boxes"][0, 0]


def test_a_box_becomes_the_box_around_its_moved_corners():
    # Of the result's (x, y) the matrix takes the picture's (10 - 2 y, 20 + 2 x): the corners (4, 22) and (8, 32) come
    # from (1, 3) and (6, 1).
    np.testing.assert_allclose(moved_box([4, 22, 4, 10], TURNED), [1, 1, 5, 2], atol=1e-12)
    np.testing.assert_allclose(moved_box([4, 22, 4, 10], MIRRORED), [55, 22, 4, 10], atol=1e-12)
    # A square of side 2 on its corner is as wide and as high as its diagonal.
    turned = moved_box([0, 0, 2, 2], similarity(45, 1.0, (1, 1), False))
    np.testing.assert_allclose(turned, [-(2**0.5), -(2**0.5), 8**0.5, 8**0.5], atol=1e-12)


@pytest.mark.parametrize(
    ("box", "expected"),
    [
        ((-4, 2, 10, 3), (-0.5, 2, 6.5, 3)),
        ((28, 30, 10, 10), (28, 30, 3.5, 1.5)),
        ((-9, -9, 60, 60), (-0.5, -0.5, 32, 32)),
        ((31.5, 4, 5, 5), (0, 0, 0, 0)),
        ((4, -9, 5, 5), (0, 0, 0, 0)),
        ((4, 5, 0, 7), (0, 0, 0, 0)),
    ],
)
def test_a_box_is_cut_off_at_the_edges_of_the_image(box, expected):
    still = Affine.resize(32, 32, 1)
    np.testing.assert_allclose(moved_box(box, still, size=32), expected, atol=1e-12)
    if box[2]:
        np.testing.assert_allclose(moved_box(box, still), box, atol=1e-12)


def several(**changes):
    """Three people at x 5, 50 and 5, and a row of padding; the last person has no box."""
    values = {
        "people": np.zeros((1, 4, 14, 2)),
        "shown": np.zeros((1, 4, 14), np.int32),
        "boxes": np.array([[[4, 4, 8, 8], [48, 4, 8, 8], [0, 0, 0, 0], [0, 0, 0, 0]]], np.float32),
        "lost": np.zeros((1, 4, 14), bool),
        "areas": np.array([[60, 50, 40, 0]], np.float32),
        "numbers": np.array([[7, 8, 9, -1]]),
    }
    values["people"][0, :3, 0] = (5, 5), (50, 5), (5, 6)
    values["shown"][0, :3, 0] = 2, 1, 2
    return values | changes


def test_people_of_whom_nothing_is_left_become_rows_of_nobody():
    found = warp(several(), BOXES, Affine.resize(32, 32, 1), flip_order=FLIP, size=32)
    assert found["numbers"].tolist() == [[7, -1, 9, -1]]
    assert found["areas"].tolist() == [[60, 0, 40, 0]]
    assert found["shown"][0, :, 0].tolist() == [2, 0, 2, 0]
    assert found["boxes"][0].any(axis=1).tolist() == [True, False, False, False]
    assert not found["lost"].any()


def test_who_has_a_box_but_no_joint_in_the_image_stays():
    values = several()
    values["boxes"][0, 1] = (30, 4, 30, 8)
    found = warp(values, BOXES, Affine.resize(32, 32, 1), flip_order=FLIP, size=32)
    assert found["numbers"].tolist() == [[7, 8, 9, -1]] and found["areas"][0, 1] == 50
    np.testing.assert_allclose(found["boxes"][0, 1], (30, 4, 1.5, 8))
    assert found["shown"][0, 1].tolist() == [0] * 14 and found["lost"][0, 1].tolist() == [True] + [False] * 13


def test_shapes_have_a_number_of_people():
    assert BOXES["people"].sized(14, num_rows=3) == (3, 14, 2)
    assert BOXES["areas"].per_person and not FIELDS["xy"].per_person


def test_turns_and_their_inverse():
    views = Affine.turns((0.0, 90.0), 100, 50)
    assert views.mirrored.tolist() == [False, True, False, True]
    points = {"xy": np.tile([[[49.5, 49.5], [89.5, 49.5]]], (4, 1, 1))}
    fields = {"xy": Field(("J", 2), geometry="point")}
    shown = warp(points, fields, views)["xy"]
    # The right-hand point: on the right, mirrored on the left, and, where people are turned clockwise, above.
    np.testing.assert_allclose(shown[:, 0], 24.5)
    np.testing.assert_allclose(shown[:, 1], [[44.5, 24.5], [4.5, 24.5], [24.5, 4.5], [24.5, 4.5]], atol=1e-9)
    back = warp({"xy": shown}, fields, views.inverse)["xy"]
    np.testing.assert_allclose(back, points["xy"])
    np.testing.assert_allclose(views.inverse.scale, 0.5)
