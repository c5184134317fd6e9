"""Mosaics of four images with all their people."""

from dataclasses import replace

import numpy as np
import pytest
from frames import NO_AUGMENTATION, make_frame, write_frames

from records import training_dataset
from records.mosaic import with_mosaics


def batch(people: list[int], rows: int = 3):
    """Images of 8 x 8 px of one color, whose people have one joint at (number, 2) and another that is not labeled."""
    count = len(people)
    labels = {
        "joints_xy_px": np.zeros((count, rows, 2, 2), np.float32),
        "visible": np.zeros((count, rows, 2), np.int32),
        "box_px": np.zeros((count, rows, 4), np.float32),
        "area_px": np.zeros((count, rows), np.float32),
        "person": np.full((count, rows), -1, np.int64),
        "unlabeled": np.zeros((count, 8, 8), np.uint8),
        "key": np.array([f"image {i}" for i in range(count)], object),
    }
    for i, number in enumerate(people):
        for k in range(number):
            labels["joints_xy_px"][i, k, 0] = k, 2
            labels["visible"][i, k, 0] = 2
            labels["box_px"][i, k] = -0.5, 1.5, 4, 2
            labels["area_px"][i, k] = 8
            labels["person"][i, k] = 10 * i + k
    labels["unlabeled"][:, :2] = 255
    pictures = np.broadcast_to(np.arange(1, count + 1, dtype=np.uint8)[:, None, None, None] * 20, (count, 8, 8, 3))
    return pictures.copy(), labels


def test_a_mosaic_is_of_its_own_image_and_the_next_three_at_half_their_size():
    pictures, before = batch([1, 0, 1, 0, 1])
    mosaics, labels = with_mosaics(pictures, before, np.array([3]))
    quarters = [mosaics[3, row : row + 4, column : column + 4] for row in (0, 4) for column in (0, 4)]
    assert [np.unique(quarter).tolist() for quarter in quarters] == [[80], [100], [20], [40]]
    # In a quarter at half the size, 0 lies at -0.25 and 2 at 0.75.
    assert labels["joints_xy_px"][3, :, 0].tolist() == [[3.75, 0.75], [-0.25, 4.75], [0, 0]]
    assert labels["visible"][3].tolist() == [[2, 0], [2, 0], [0, 0]]
    assert labels["box_px"][3].tolist() == [[3.5, 0.5, 2, 1], [-0.5, 4.5, 2, 1], [0, 0, 0, 0]]
    assert labels["area_px"][3].tolist() == [2, 2, 0]
    assert labels["person"][3].tolist() == [40, 0, -1]
    assert labels["unlabeled"][3, :, 0].tolist() == [255, 0, 0, 0, 255, 0, 0, 0]
    assert labels["key"][3] == "image 3"


def test_images_that_are_not_chosen_stay_as_they_are():
    pictures, before = batch([1, 2, 3, 0], rows=6)
    mosaics, labels = with_mosaics(pictures, before, np.array([1, 2]))
    for others in (0, 3):
        np.testing.assert_array_equal(mosaics[others], pictures[others])
        for name, value in before.items():
            np.testing.assert_array_equal(labels[name][others], value[others])
    # Each is made of the images as they were.
    assert np.unique(mosaics[2]).tolist() == [20, 40, 60, 80]
    assert {name: value.dtype for name, value in labels.items()} == {
        name: value.dtype for name, value in before.items()
    }
    same, unchanged = with_mosaics(pictures, before, np.array([], int))
    assert same is pictures and unchanged is before


def test_an_image_with_too_many_people_for_the_mosaic_is_left_black():
    pictures, before = batch([2, 2, 1, 0])
    mosaics, labels = with_mosaics(pictures, before, np.array([0]))
    assert [int(mosaics[0, y, x, 0]) for y in (0, 7) for x in (0, 7)] == [20, 0, 60, 80]
    assert labels["person"][0].tolist() == [0, 1, 20]
    assert labels["unlabeled"][0, 0].tolist() == [255] * 4 + [0] * 4


def test_a_white_image_of_an_odd_side_stays_white():
    pictures, before = batch([0] * 4)
    mosaics, _ = with_mosaics(
        np.full((4, 7, 7, 3), 255, np.uint8), before | {"unlabeled": np.zeros((4, 7, 7))}, np.r_[0]
    )
    assert (np.delete(np.delete(mosaics[0], 3, 0), 3, 1) == 255).all()


@pytest.fixture(scope="module")
def frames(tmp_path_factory):
    folder = tmp_path_factory.mktemp("mosaics")
    write_frames(folder, [make_frame(i, 1 + i % 2) for i in range(8)], max_people=8)
    return folder


def batches(folder, mosaic: float, **options):
    augmentation = replace(NO_AUGMENTATION, mosaic=mosaic)
    stream = training_dataset(
        folder, "train", batch_size=4, epochs=2, seed=1, augmentation=augmentation, kind="frames", **options
    )
    return list(stream.as_numpy_iterator())


def test_training_gets_mosaics_of_its_batches(frames):
    plain, mosaics, some = (batches(frames, mosaic) for mosaic in (0, 1, 0.5))
    for (pictures, labels), (tiled, all_people) in zip(plain, mosaics, strict=True):
        expected, people = with_mosaics(pictures, labels, np.arange(4))
        np.testing.assert_array_equal(tiled, expected)
        np.testing.assert_array_equal(all_people["joints_xy_px"], people["joints_xy_px"])
        assert ((all_people["visible"] > 0).any(axis=2).sum(axis=1) == (labels["visible"] > 0).any(axis=2).sum()).all()
    whole = [
        (found == picture).all()
        for (pictures, _), (others, _) in zip(plain, some, strict=True)
        for picture, found in zip(pictures, others, strict=True)
    ]
    assert 0 < sum(whole) < len(whole)


def test_the_workers_mosaics_are_one_workers(frames):
    one, shares = batches(frames, 0.5), [batches(frames, 0.5, shard=(index, 2)) for index in range(2)]
    for (pictures, labels), parts in zip(one, zip(*shares, strict=True), strict=True):
        np.testing.assert_array_equal(pictures, np.concatenate([found for found, _ in parts]))
        for name, value in labels.items():
            np.testing.assert_array_equal(value, np.concatenate([found[name] for _, found in parts]))


def test_mosaics_need_no_boxes(frames):
    named = ("joints_xy_px", "visible", "unlabeled")
    for (pictures, labels), (others, everything) in zip(
        batches(frames, 1, fields=named), batches(frames, 1), strict=True
    ):
        np.testing.assert_array_equal(pictures, others)
        for name in named:
            np.testing.assert_array_equal(labels[name], everything[name])


def test_mosaics_need_whole_images_with_visible_people(frames):
    with pytest.raises(ValueError, match="a mosaic is of whole images with visible, got records of frames with joints"):
        batches(frames, 1, fields=("joints_xy_px",))
