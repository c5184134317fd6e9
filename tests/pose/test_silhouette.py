"""Silhouettes: whoever stands where, and however large, they look alike; hardly anybody is nobody."""

import cv2
import numpy as np
import pytest

from pose.silhouette import energy_image, largest_part, normalized


def person(size=(200, 300), middle=150, top=20, height=120):
    """A head, a trunk, and two legs apart."""
    mask = np.zeros(size, np.uint8)
    unit = height / 120
    cv2.circle(mask, (middle, round(top + 10 * unit)), round(10 * unit), 255, -1)
    cv2.ellipse(mask, (middle, round(top + 45 * unit)), (round(14 * unit), round(27 * unit)), 0, 0, 360, 255, -1)
    for side in (-1, 1):
        foot = (round(middle + side * 20 * unit), round(top + 118 * unit))
        cv2.line(mask, (middle, round(top + 65 * unit)), foot, 255, round(8 * unit))
    return mask


def test_place_and_size_do_not_matter():
    one = normalized(person())
    assert one.shape == (64, 44) and one.dtype == np.uint8
    assert one[0].any() and one[-1].any()
    np.testing.assert_array_equal(one, normalized(person(middle=60, top=50)))
    other = normalized(person(size=(400, 500), height=240))
    assert (np.abs(one.astype(int) - other) > 127).mean() < 0.02


def test_the_middle_has_half_of_the_area_on_each_side():
    mask = person()
    mask[60:64, 150:260] = 255  # an arm to one side
    found = normalized(mask).astype(np.int64)
    assert abs(found[:, :22].sum() - found[:, 22:].sum()) < 0.1 * found.sum()


def test_somebody_at_the_images_edge_is_cut_and_not_moved_around():
    found = normalized(person(middle=2))
    assert found[:, :15].sum() == 0 or found[:, :22].sum() > 0
    assert found[:, 22:].any()


def test_hardly_anybody_is_nobody():
    mask = np.zeros((100, 100), np.uint8)
    assert normalized(mask) is None
    mask[50, 50:60] = 255
    assert normalized(mask) is None


def test_the_largest_part_without_holes():
    mask = person()
    whole = mask.copy()
    mask[60:70, 148:153] = 0
    mask[5:9, 5:9] = 255
    np.testing.assert_array_equal(largest_part(mask), whole)
    assert not largest_part(np.zeros((5, 5))).any()


def test_the_energy_image_is_the_mean():
    assert energy_image([np.full((4, 3), 255, np.uint8), np.zeros((4, 3), np.uint8)]).tolist() == [[128] * 3] * 4
    with pytest.raises(ValueError, match="got none"):
        energy_image([])
