import numpy as np
import pytest
import tensorflow as tf
from people import make_person

from pose import LSP14, Crop
from records import encode_example
from records.features import feature_spec
from records.maps import decoded_maps, encode_depth


def decoded(png, size):
    return decoded_maps({"depth_mm": np.array([png], object)}, size)["depth_mm"][0]


def test_depth_is_cut_like_the_picture_and_never_mixed():
    person = make_person(0)
    person.depth_mm = np.full((200, 200), 4000, np.uint16)
    person.depth_mm[:, 100:] = 65535
    person.depth_mm[:50] = 0
    # Frame pixel = 2 u + 1 for crop pixel u: the right half begins at crop column 49.5, the labelled at row 24.5.
    crop = Crop(np.array([[2.0, 0, 1], [0, 2, 1]]), 120)
    features = tf.io.parse_single_example(encode_example(person, crop, LSP14), feature_spec(["depth_mm"], 14))
    depth_mm = decoded(features["depth/png"].numpy(), 120)
    assert depth_mm.dtype == np.uint16
    assert (depth_mm[:25] == 0).all()
    assert (depth_mm[25:99, :50] == 4000).all() and (depth_mm[25:99, 50:99] == 65535).all()
    assert (depth_mm[100:] == 0).all() and (depth_mm[:, 100:] == 0).all()


def test_depth_is_sampled_from_the_nearest_pixel():
    """Where the crop is finer than the picture and turned in it, a mean of a person and a wall would be neither."""
    depth_mm = np.where(np.indices((40, 40)).sum(axis=0) % 2, 1000, 3000).astype(np.uint16)
    turn = 0.3 * np.array([[np.cos(0.4), -np.sin(0.4)], [np.sin(0.4), np.cos(0.4)]])
    crop = Crop(np.column_stack([turn, [15.2, 12.7]]), 32)
    cut = tf.io.decode_png(encode_depth(depth_mm, crop), dtype=tf.uint16).numpy()[..., 0]
    assert set(np.unique(cut)) == {1000, 3000}
    places = np.stack(np.meshgrid(np.arange(32), np.arange(32)), axis=-1) @ turn.T + [15.2, 12.7]
    clear = (np.abs(places - np.round(places)) < 0.45).all(axis=-1)
    x, y = np.round(places).astype(int)[clear].T
    np.testing.assert_array_equal(cut[clear], depth_mm[y, x])


def test_depth_may_be_read_late_and_be_absent():
    person = make_person(0)
    crop = Crop.from_box(person.box_px, 32)
    assert b"depth/png" not in encode_example(person, crop, LSP14)
    person.depth_mm = lambda: np.full((200, 200), 1234, np.uint16)
    example = tf.train.Example.FromString(encode_example(person, crop, LSP14))
    png = example.features.feature["depth/png"].bytes_list.value[0]
    assert (decoded(png, 32) == 1234).all()


def test_other_types_raise():
    with pytest.raises(ValueError, match=r"must be uint16 \(H, W\), got float64 \(4, 4\)"):
        encode_depth(np.zeros((4, 4)), Crop(np.eye(2, 3), 4))
