"""The joints of other people in a person's record: which are kept, and that they move with the image."""

from dataclasses import replace

import numpy as np
import pytest
import tensorflow as tf
from people import make_person

from pose import LSP14, Crop
from records import Augmentation, BadInput, ShardSetWriter, dataset, encode_example, training_dataset
from records.features import FIELDS, MOST_OTHERS, feature_spec, read_features

FIELDS_OF_OTHERS = ("others_xy_px", "others_visible")
# A crop of 64 px whose pixels are the image's.
CROP = Crop(np.array([[1.0, 0, 0], [0, 1, 0]]), 64)


def at(person, x, y, visible=2):
    """The same person with all joints in one place."""
    return replace(person, joints_xy_px=np.full((14, 2), (x, y), float), visible=np.full(14, visible))


def parsed(serialized):
    features = read_features(serialized, 14)
    return features["others/xy_px"], features["others/visible"]


def test_others_in_the_crop_are_kept_the_nearest_first():
    person = at(make_person(1), 30, 30)
    near, far = at(person, 40, 30), at(person, 60, 30, visible=1)
    half = replace(near, joints_xy_px=near.joints_xy_px + np.where(np.arange(14) < 7, 0, 100)[:, None] + 4)
    outside, unlabeled = at(person, 80, 30), at(person, 32, 30, visible=0)
    xy, visible = parsed(encode_example(person, CROP, LSP14, others=[far, outside, half, unlabeled, near]))
    assert xy.shape == (MOST_OTHERS, 14, 2)
    assert [row[0].tolist() for row in xy[:4]] == [[40, 30], [44, 34], [60, 30], [0, 0]]
    assert visible[:, 0].tolist() == [2, 2, 1, 0, 0, 0, 0, 0]
    # Joints off the crop are neither labeled nor anywhere.
    assert visible[1].tolist() == [2] * 7 + [0] * 7 and (xy[1, 7:] == 0).all()


def test_only_the_nearest_of_many_are_kept():
    person = at(make_person(1), 32, 32)
    xy, visible = parsed(
        encode_example(person, CROP, LSP14, others=[at(person, 32 + i, 32) for i in range(30, 10, -1)])
    )
    assert xy[:, 0, 0].tolist() == [43, 44, 45, 46, 47, 48, 49, 50] and (visible == 2).all()


def test_without_others_a_record_is_as_before_and_reads_as_nobody():
    person = at(make_person(1), 30, 30)
    alone = encode_example(person, CROP, LSP14)
    assert encode_example(person, CROP, LSP14, others=[at(person, 80, 30)]) == alone and b"others" not in alone
    xy, visible = parsed(alone)
    assert xy.shape == (MOST_OTHERS, 14, 2) and not xy.any() and not visible.any()
    features = tf.io.parse_single_example(alone, feature_spec(FIELDS_OF_OTHERS, 14))
    assert not features["others/visible"].numpy().any()


def test_a_joint_of_another_that_is_not_finite_raises():
    person = at(make_person(1), 30, 30)
    with pytest.raises(BadInput, match="a labelled joint is NaN or infinite"):
        encode_example(person, CROP, LSP14, others=[at(person, np.nan, 30)])


@pytest.fixture
def folder(tmp_path):
    writer = ShardSetWriter(tmp_path, skeleton=LSP14, size=64, source={}, split_rule={})
    person = make_person(1)
    person.joints_xy_px = np.stack([np.arange(14) + 10.0, np.full(14, 20.0)], axis=1)
    other = replace(person, joints_xy_px=person.joints_xy_px + (0, 20))
    for number in range(4):
        writer.add("train", encode_example(replace(person, frame=number), CROP, LSP14, others=[other]))
    writer.finish()
    return tmp_path


def test_others_are_resized_with_the_image(folder):
    fields = ("joints_xy_px", *FIELDS_OF_OTHERS)
    _, labels = next(dataset(folder, "train", batch_size=2, input_size=32, fields=fields).as_numpy_iterator())
    assert labels["others_xy_px"].shape == (2, MOST_OTHERS, 14, 2) and labels["others_visible"].dtype == np.int32
    # 20 px of 64 are 10 of 32.
    np.testing.assert_allclose(labels["others_xy_px"][:, 0], labels["joints_xy_px"] + (0, 10), atol=1e-5)


def test_others_are_mirrored_and_moved_with_the_image(folder):
    plain = Augmentation(flip=1.0, rotation_deg=0, scale=0, shift=0.3, closeup=0)
    batches = training_dataset(
        folder,
        "train",
        batch_size=4,
        epochs=1,
        seed=0,
        augmentation=plain,
        fields=("joints_xy_px", "visible", *FIELDS_OF_OTHERS),
    )
    _, labels = next(batches.as_numpy_iterator())
    own, theirs = labels["visible"] > 0, labels["others_visible"][:, 0] > 0
    both = own & theirs
    assert both.any() and not own.all()
    # The other's joint lies 20 px below the same joint of the person, left and right swapped alike.
    offset = labels["others_xy_px"][:, 0] - labels["joints_xy_px"]
    np.testing.assert_allclose(offset[both], np.broadcast_to((0, 20), offset[both].shape), atol=1e-4)
    assert (labels["others_xy_px"][:, 0][~theirs] == 0).all() and not labels["others_visible"][:, 1:].any()
    # Mirrored: joint 0 is the right ankle, at the left end before, whose place now the left ankle has.
    xy = labels["joints_xy_px"]
    order = list(LSP14.flip_order)
    steps = xy[:, order] - xy[:, order[0] : order[0] + 1]
    seen = own[:, order] & own[:, order[0] : order[0] + 1]
    np.testing.assert_allclose(steps[..., 0][seen], np.broadcast_to(-np.arange(14), seen.shape)[seen], atol=1e-4)


def test_the_fields_say_nobody_by_default():
    assert all(FIELDS[name].default == 0 and not FIELDS[name].required for name in FIELDS_OF_OTHERS)
