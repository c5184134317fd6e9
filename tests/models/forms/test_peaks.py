"""Where decoding finds a peak: exact on sampled Gaussians of any width, the maximum where there is no peak."""

import keras
import numpy as np
import pytest

from models import decode_heatmaps, decode_simcc, encode_heatmaps, encode_simcc, expected_coordinates
from models.forms.parabola import first_argmax, parabola_weights

CELLS, SIZE = 12, 48


def decoded_map(log):
    """Return the joint (x, y) in cells of one map."""
    logits = keras.ops.convert_to_tensor(np.asarray(log, "float32")[None, ..., None])
    return (np.asarray(decode_heatmaps({"heatmap_logits": logits}, CELLS))[0, 0]).tolist()


@pytest.mark.parametrize("place", [(5.3, 6.9), (0.2, 11.4), (-0.5, -0.5), (11.0, 4.5)])
@pytest.mark.parametrize("precision", [[[0.25, 0], [0, 0.25]], [[1.0, 0.5], [0.5, 0.6]], [[0.05, 0], [0, 2.0]]])
def test_a_sampled_gaussian_is_found_exactly(place, precision):
    columns, rows = np.meshgrid(np.arange(CELLS), np.arange(CELLS))
    away = np.stack([columns - place[0], rows - place[1]], axis=-1)
    log = -np.einsum("yxi,ij,yxj->yx", away, precision, away) / 2
    found = decoded_map(log + 3.7)
    greatest_cell = np.array(np.unravel_index(log.argmax(), log.shape)[::-1])
    # A slanted Gaussian may peak more than a cell away from its maximum's cell, beyond the image's edge.
    expected = np.clip(place, greatest_cell - 1, greatest_cell + 1)
    np.testing.assert_allclose(found, expected, atol=1e-4)


def test_a_peak_is_at_most_a_cell_from_the_greatest_cell_either_way():
    columns, rows = np.meshgrid(np.arange(CELLS), np.arange(CELLS))
    log = -0.1 * ((rows - 8.0) ** 2 + (columns - 8.0) ** 2)
    log[5, 5] = 0.3
    assert decoded_map(log) == [6, 6] and decoded_map(log[::-1, ::-1]) == [5, 5]


def test_cells_more_than_two_from_the_greatest_do_not_matter():
    columns, rows = np.meshgrid(np.arange(CELLS), np.arange(CELLS))
    log = -0.1 * ((columns - 5.3) ** 2 + (rows - 6.2) ** 2)
    far = np.maximum(abs(columns - 5), abs(rows - 6)) > 2
    assert decoded_map(np.where(far, -1.0 - columns, log)) == pytest.approx([5.3, 6.2], abs=1e-4)


def test_without_a_peak_the_center_of_the_maximum_is_returned():
    columns = np.arange(CELLS, dtype=float)
    assert decoded_map(np.zeros((CELLS, CELLS))) == [0, 0]
    assert decoded_map(np.broadcast_to(columns, (CELLS, CELLS))) == [11, 0]


def test_a_saddle_and_a_bowl_are_no_peaks():
    columns, rows = np.meshgrid(np.arange(CELLS), np.arange(CELLS))
    assert decoded_map(0.04 * rows**2 - 0.1 * (columns - 5) ** 2) == [5, 11]
    assert decoded_map(0.04 * columns**2 - 0.1 * (rows - 5) ** 2) == [11, 5]
    assert decoded_map(0.1 * (columns - 5.2) ** 2 + 0.1 * (rows - 5.2) ** 2) == [11, 11]


def decoded_bins(logits, size):
    """Return the columns (J,) in px of the logits (J, bins)."""
    logits = keras.ops.convert_to_tensor(np.asarray(logits, "float32")[None])
    return np.asarray(decode_simcc({"simcc_x_logits": logits, "simcc_y_logits": logits}, size))[0, :, 0]


def test_bins_beyond_the_edge_are_found_as_far_as_a_standard_deviation():
    # 256 bins of half a pixel: a standard deviation is sqrt(256 / 16) = 4 bins.
    places = np.array([[-2.0, 63.3, 129.0, -10.0, 150.0]], "float32")
    targets = np.asarray(encode_simcc(places, 128, 256), float)[0]
    # The last two are limited to 4 bins beyond the outermost bins' centers, -0.25 and 127.25.
    np.testing.assert_allclose(decoded_bins(np.log(np.maximum(targets, 1e-30)), 128)[:3], [-2, 63.3, 129], atol=1e-3)
    away = (np.arange(256) + 0.5) / 2 - 0.5 - places[0, 3:, None]
    np.testing.assert_allclose(decoded_bins(-(away**2) / 8, 128), [-2.25, 129.25], atol=1e-3)


def test_few_bins_are_fitted_two_to_each_side():
    # Of 16 bins a standard deviation is one. The logits fall off by 0.5 d^2, except for 0 two bins from the maximum.
    logits = -0.5 * (np.arange(16) - 7.0) ** 2
    logits[[5, 9]] = -2, 0
    # Slope sum(d v) / 10 = (0.5 - 0.5 + 2 * 2 + 0) / 10 = 0.4; bend sum((d^2 - 2) v) / 14 = (0.5 + 0.5 - 4) / 14.
    np.testing.assert_allclose(decoded_bins(logits[None], 8), [(7 + 0.4 * 14 / 6 + 0.5) / 2 - 0.5], atol=1e-5)


def test_rising_bins_have_no_peak_and_give_the_last():
    np.testing.assert_allclose(decoded_bins(np.arange(96)[None] * 0.3, SIZE), [95.5 / 2 - 0.5])


def test_targets_of_joints_beside_the_image_are_distributions_too():
    # The first centers are 5.4 cells of standard deviation 2 and 9.5 bins of 2.4 away: little lies inside.
    maps = np.asarray(encode_heatmaps(np.array([[[-20.0, 20.0]]], "float32"), SIZE, CELLS))
    np.testing.assert_allclose(maps.sum(axis=(1, 2)), [[1]], atol=1e-5)
    bins = np.asarray(encode_simcc(np.array([[-5.0]], "float32"), SIZE, 2 * SIZE))
    np.testing.assert_allclose(bins.sum(axis=-1), [[1]], atol=1e-5)


def test_one_bin_alone_and_even_bins():
    logits = np.zeros((1, 2, 2 * SIZE), "float32")
    logits[0, 0, 31] = 5
    outputs = {name: keras.ops.convert_to_tensor(logits) for name in ("simcc_x_logits", "simcc_y_logits")}
    # The center of bin 31 of half a pixel is (31 + 0.5) / 2 - 0.5; of the first, -0.25.
    np.testing.assert_allclose(decode_simcc(outputs, SIZE), [[[15.25, 15.25], [-0.25, -0.25]]], atol=1e-5)


def test_the_mean_of_a_map_by_hand():
    logits = np.full((1, 5, 3, 1), -1e9, "float32")
    logits[0, 0, 0], logits[0, 2, 2] = 7.0, 7.0 + np.log(3)
    # A quarter at (-1, -1), three quarters at (1, 0).
    np.testing.assert_allclose(expected_coordinates(logits), [[[0.5, -0.25]]], atol=1e-6)


def test_the_mean_of_a_map_of_large_logits_is_finite():
    logits = np.full((1, 3, 3, 1), 90.0, "float32")
    logits[0, 1, 2] = 500
    np.testing.assert_allclose(expected_coordinates(logits), [[[1, 0]]], atol=1e-6)


def test_targets_are_distributions_with_the_published_spread():
    joints_xy_px = np.array([[[20.0, 3.0], [-0.5, 47.5], [-500.0, 20.0]]], "float32")
    maps = np.asarray(encode_heatmaps(joints_xy_px, SIZE, CELLS))
    np.testing.assert_allclose(maps.sum(axis=(1, 2)), [[1, 1, 0]], atol=1e-6)
    middle = maps[0, :, :, 0].sum(axis=0)
    # Two cells from the peak, a standard deviation, is exp(-1/2) of it.
    place = (20.5 / 4 - 0.5, np.arange(CELLS))
    np.testing.assert_allclose(middle / middle[5], np.exp(((5 - place[0]) ** 2 - (place[1] - place[0]) ** 2) / 8), 1e-4)
    bins = np.asarray(encode_simcc(joints_xy_px[..., 0], SIZE, 2 * SIZE))
    np.testing.assert_allclose(bins.sum(axis=-1), [[1, 1, 0]], atol=1e-6)
    # sqrt(96 / 16) bins, RTMPose's rule.
    spread = (bins[0, 0] * (np.arange(2 * SIZE) - 40.5) ** 2).sum()
    assert spread == pytest.approx(6, rel=1e-3)


def test_parabola_weights_fit_by_least_squares():
    values = np.random.default_rng(0).normal(size=9)
    weights = np.asarray(parabola_weights(np.array([[4.0]], "float32"), 9, 2))[0, 0]
    mean, slope, bend = weights @ values
    square, linear, constant = np.polyfit(np.arange(-2, 3), values[2:7], 2)
    np.testing.assert_allclose([mean, slope, bend], [constant + 2 * square, linear, square], atol=1e-5)
    assert (weights[:, [0, 1, 7, 8]] == 0).all()


def test_first_argmax_is_the_first_of_equals():
    values = np.array([[1.0, 3.0, 3.0], [-2.0, -5.0, -2.0], [0.0, 0.0, 0.5]], "float32")
    np.testing.assert_array_equal(first_argmax(keras.ops.convert_to_tensor(values)), [1, 0, 2])
