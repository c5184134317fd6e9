import numpy as np
import pytest
import tensorflow as tf
from people import make_person

from pose import LSP14, Camera, Crop
from records import BadInput, encode_example, read_picture
from records.example import Example
from records.features import FIELDS, feature_spec, read_features
from records.pipeline import decode_picture, parse_example

#: Fields that these records lack.
NOT_HERE = {"depth_mm", "body_rotations", "body_shape"}


def test_what_is_written_is_read():
    person = make_person(3)
    person.visible[:3] = (0, 1, 2)
    crop = Crop.from_box(person.box_px, 128)
    jpeg, labels = parse_example(encode_example(person, crop, LSP14), 14)
    xy, visible = labels["joints_xy_px"].numpy(), labels["visible"].numpy()
    assert visible.tolist() == [0, 1] + [2] * 12
    expected = crop.points_to_crop(person.joints_xy_px)
    np.testing.assert_allclose(xy[1:], expected[1:], atol=1e-4)
    assert xy[0].tolist() == [0, 0]
    frame = xy @ labels["to_frame"].numpy()[:, :2].T + labels["to_frame"].numpy()[:, 2]
    np.testing.assert_allclose(frame[1:], person.joints_xy_px[1:], atol=1e-3)
    torso = np.linalg.norm(expected[LSP14.torso[0]] - expected[LSP14.torso[1]])
    assert labels["head_px"].numpy() > 0
    # The right hip is joint 2, labelled; the left shoulder is joint 9.
    np.testing.assert_allclose(labels["torso_px"], torso, rtol=1e-5)
    assert labels["key"].numpy() == b"made_up/s003//3/1"
    picture = decode_picture(jpeg, 128).numpy()
    assert np.abs(picture.astype(int) - crop.cut(person.picture)).mean() < 4


def test_unknown_spans_and_areas_are_zero():
    person = make_person(0)
    person.visible[LSP14.torso[0]] = 0
    crop = Crop.from_box(person.box_px, 64)
    _, labels = parse_example(encode_example(person, crop, LSP14), 14)
    assert labels["torso_px"].numpy() == 0 and labels["area_px"].numpy() == 0
    person.area_px = 500.0
    _, labels = parse_example(encode_example(person, crop, LSP14), 14)
    assert labels["area_px"].numpy() == pytest.approx(500 / crop.scale**2, rel=1e-5)


def test_the_heads_size_is_a_length_and_unknown_in_records_without_it():
    person = make_person(0)
    crop = Crop.from_box(person.box_px, 64)
    serialized = encode_example(person, crop, LSP14)
    assert "person/head_size_px" not in Example.FromString(serialized).features.feature
    assert parse_example(serialized, 14)[1]["head_size_px"].numpy() == 0
    assert read_features(serialized, 14)["person/head_size_px"] == 0
    person.head_size_px = 30.0
    serialized = encode_example(person, crop, LSP14)
    for size_px in (
        parse_example(serialized, 14)[1]["head_size_px"].numpy(),
        read_features(serialized, 14)["person/head_size_px"],
    ):
        assert size_px == pytest.approx(30 / crop.scale, rel=1e-6)
    person.head_size_px = np.inf
    with pytest.raises(BadInput, match="person/head_size_px is NaN or infinite"):
        encode_example(person, crop, LSP14)


def test_3d_joints_and_the_crops_camera_are_kept():
    person = make_person(1)
    matrix = np.array([[800.0, 0, 100], [0, 800, 100], [0, 0, 1]])
    person.camera_model = Camera("00_00", (200, 200), matrix, np.zeros(5), np.eye(3), np.zeros(3))
    depth_mm = np.linspace(1000, 2000, 14)
    rays = np.concatenate([person.joints_xy_px, np.ones((14, 1))], axis=1) @ np.linalg.inv(matrix).T
    person.joints_xyz_mm = rays * depth_mm[:, None]
    serialized = encode_example(person, Crop.from_box(person.box_px, 64), LSP14)
    features = tf.io.parse_single_example(serialized, feature_spec(FIELDS.keys() - NOT_HERE, 14))
    projected = features["joints/xyz_mm"].numpy() @ features["camera/matrix"].numpy().T
    np.testing.assert_allclose(projected[:, :2] / projected[:, 2:], features["joints/xy_px"], atol=1e-3)


def test_joints_are_kept_to_the_crops_edges_half_a_pixel_beyond_its_pixels_centers():
    person = make_person(1)
    person.joints_xy_px = np.full((14, 2), 30.0)
    # The crop's pixels are the picture's: 64 of them, the first about (0, 0), the last about (63, 63).
    for joint, x in enumerate((-0.51, -0.5, -0.25, 0, 63, 63.25, 63.49, 63.5, 64)):
        person.joints_xy_px[joint] = (x, 30) if joint % 2 else (30, x)
    crop = Crop(np.array([[1.0, 0, 0], [0, 1, 0]]), 64)
    features = Example.FromString(encode_example(person, crop, LSP14)).features.feature
    assert list(features["joints/visible"].int64_list.value) == [0, *[2] * 6, 0, 0, *[2] * 5]
    xy_px = np.reshape(features["joints/xy_px"].float_list.value, (14, 2))
    assert xy_px[1].tolist() == [-0.5, 30] and xy_px[6].tolist() == [30, np.float32(63.49)]


def test_3d_that_is_unknown_is_marked():
    person = make_person(1)
    person.joints_xyz_mm = np.arange(42.0).reshape(14, 3)
    person.joints_xyz_mm[[0, 5]] = np.nan
    person.xyz_known = ~np.isin(np.arange(14), (0, 5))
    features = Example.FromString(encode_example(person, Crop.from_box(person.box_px, 64), LSP14)).features.feature
    assert list(features["joints/xyz_known"].int64_list.value) == [0, *[1] * 4, 0, *[1] * 8]
    xyz_mm = np.reshape(features["joints/xyz_mm"].float_list.value, (14, 3))
    assert xyz_mm[[0, 5]].tolist() == [[0, 0, 0]] * 2 and xyz_mm[6].tolist() == [18, 19, 20]
    person.xyz_known[0] = True
    with pytest.raises(BadInput, match="joints/xyz_mm is NaN or infinite"):
        encode_example(person, Crop.from_box(person.box_px, 64), LSP14)


def test_xyz_known_of_older_records_is_unknown():
    person = make_person(1)
    person.joints_xyz_mm = np.ones((14, 3))
    person.camera_model = Camera("00_00", (200, 200), np.eye(3), np.zeros(5), np.eye(3), np.zeros(3))
    example = Example.FromString(encode_example(person, Crop.from_box(person.box_px, 64), LSP14))
    del example.features.feature["joints/xyz_known"]
    old = example.SerializeToString()
    features = tf.io.parse_single_example(old, feature_spec(FIELDS.keys() - NOT_HERE, 14))
    assert features["joints/xyz_known"].numpy().tolist() == [-1] * 14
    assert (features["joints/xyz_mm"].numpy() == 1).all()


def test_joints_off_the_crop_are_not_labelled():
    person = make_person(2)
    person.joints_xy_px[4] = (-500, 20)
    _, labels = parse_example(encode_example(person, Crop.from_box(person.box_px, 64), LSP14), 14)
    assert labels["visible"].numpy()[4] == 0


@pytest.mark.parametrize(("x", "inside"), [(-0.51, False), (-0.5, True), (-0.1, True), (63.49, True), (63.5, False)])
def test_the_outermost_pixels_are_the_crops_to_their_edges(x, inside):
    person, crop = make_person(2), Crop(np.array([[1.0, 0, 0], [0, 1, 0]]), 64)
    person.joints_xy_px[:] = 30
    person.joints_xy_px[4], person.joints_xy_px[5] = (x, 20), (20, x)
    _, labels = parse_example(encode_example(person, crop, LSP14), 14)
    assert labels["visible"].numpy()[[4, 5]].tolist() == [2 * inside] * 2
    expected = [(x, 20), (20, x)] if inside else np.zeros((2, 2))
    np.testing.assert_allclose(labels["joints_xy_px"].numpy()[[4, 5]] * inside, expected, atol=1e-5)


def test_the_same_person_gives_the_same_bytes():
    crop = Crop.from_box(make_person(5).box_px, 64)
    assert encode_example(make_person(5), crop, LSP14) == encode_example(make_person(5), crop, LSP14)


def test_broken_people_raise():
    person = make_person(0)
    crop = Crop.from_box(person.box_px, 64)
    person.joints_xy_px[3, 1] = np.nan
    with pytest.raises(BadInput, match="made_up/s000//0/1: a labelled joint is NaN or infinite"):
        encode_example(person, crop, LSP14)
    person.visible[3] = 0
    encode_example(person, crop, LSP14)
    person.visible[:] = 0
    with pytest.raises(BadInput, match="no labelled joint inside the crop"):
        encode_example(person, crop, LSP14)
    person.joints_xy_px = person.joints_xy_px[:5]
    with pytest.raises(ValueError, match="lsp14 has 14 joints, got joints of shape"):
        encode_example(person, crop, LSP14)


def test_broken_pictures_raise(tmp_path):
    with pytest.raises(BadInput, match="cannot be read"):
        read_picture(str(tmp_path / "none.jpg"))
    for name, content, why in (
        ("empty.jpg", b"", "not a picture"),
        ("text.png", b"not a picture at all", "not a picture"),
        ("cut.jpg", bytes(tf.io.encode_jpeg(np.zeros((64, 64, 3), np.uint8)).numpy())[:-30], "truncated JPEG"),
    ):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(BadInput, match=why):
            read_picture(str(tmp_path / name))


def test_pictures_are_rgb(tmp_path):
    red = np.zeros((16, 16, 3), np.uint8)
    red[..., 0] = 255
    (tmp_path / "red.png").write_bytes(tf.io.encode_png(red).numpy())
    assert (read_picture(str(tmp_path / "red.png")) == red).all()
