import numpy as np
import pytest
from people import make_person

from benchmarks.peers.crops import read_crops, to_records_px
from pose import LSP14, Crop
from records import ShardSetWriter, dataset, encode_example


def shard_set(folder, *, size, padding, first=0):
    writer = ShardSetWriter(folder, skeleton=LSP14, size=size, source={"padding": padding}, split_rule={})
    for number in range(first, first + 3):
        person = make_person(number)
        writer.add("test", encode_example(person, Crop.from_box(person.box_px, size, padding), LSP14))
    writer.finish()
    return folder


@pytest.fixture(scope="module")
def records(tmp_path_factory):
    return shard_set(tmp_path_factory.mktemp("records") / "own", size=96, padding=1.25)


@pytest.fixture(scope="module")
def wide(tmp_path_factory):
    return shard_set(tmp_path_factory.mktemp("records") / "wide", size=192, padding=2.5)


def test_without_a_margin_pictures_are_those_of_evaluation(records):
    (expected, _), *_ = dataset(records, "test", batch_size=3, input_size=64).as_numpy_iterator()
    (found,) = read_crops(records, "test", 64, 1.0)
    np.testing.assert_array_equal(found, expected)


def test_with_a_margin_the_wider_records_show_more_of_the_same(records, wide):
    (narrow,) = read_crops(records, "test", 96, 1.0)
    (found,) = read_crops(records, "test", 192, 2.0, wide)
    # Twice the side at the same px a frame px: the middle of it is the records' own crop, but for the JPEGs.
    difference = np.abs(found[:, 48:144, 48:144].astype(int) - narrow)
    assert difference.mean() < 6
    (black,) = read_crops(records, "test", 192, 2.0)
    assert not black[:, :44].any()
    assert found[:, :44].any()


def test_joints_are_converted_back(records, wide):
    (_, own), *_ = dataset(records, "test", batch_size=3).as_numpy_iterator()
    (_, source), *_ = dataset(wide, "test", batch_size=3).as_numpy_iterator()
    # The wider crop is one with a margin of 2 about the same centre.
    found_px = to_records_px(source["joints_xy_px"], 192, 2.0, 96)
    np.testing.assert_allclose(found_px, own["joints_xy_px"], atol=1e-3)
    # By hand: the edge of 192 px at twice the side lies half a side beyond the edge of the crop.
    np.testing.assert_allclose(to_records_px(np.array([-0.5, 191.5]), 192, 2.0, 96), [-48.5, 143.5])


def test_wider_records_of_other_people_raise(records, tmp_path):
    others = shard_set(tmp_path / "others", size=192, padding=2.5, first=7)
    with pytest.raises(ValueError, match="holds other people than .* make both with the same data and seed"):
        next(read_crops(records, "test", 64, 1.5, others))
